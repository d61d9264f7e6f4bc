// The network with the weights of another epoch.

import { decode } from "./tensor.js";

// A float16, by its bits.
function halfOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function decodeArray({ half, data }) {
  return half ? Float32Array.from(decode(data, Uint16Array), halfOf) : decode(data, Float32Array);
}

// Returns a network like `network` with other layers; it computes a photo for itself, probabilities included.
export function withLayers(network, layers) {
  const photos = network.photos.map(({ id, own, pixels, label }) => ({ id, own, pixels, label }));
  return Object.assign(Object.create(Object.getPrototypeOf(network)), network, { layers, photos, computed: new Map(), asked: null });
}

export function atStop(network, { layers }) {
  if (!layers) return withLayers(network, network.layers);
  const learned = network.layers.map((layer, i) => {
    const weights = Object.fromEntries(Object.entries(layers[i]).map(([name, array]) => [name, decodeArray(array)]));
    return { ...layer, weights: { ...layer.weights, ...weights } };
  });
  return withLayers(network, learned);
}
