// The trained network in the browser: it computes every layer for a photo, from the weights, a slice at a time.

import { forward } from "./forward.js";
import { Tensor, decode } from "./tensor.js";

const SLICE_MS = 12; // of computing before the page may answer the reader
const KEPT = 2; // photos whose layers stay in memory

const pause = () => new Promise((resume) => setTimeout(resume));

async function finish(work, wanted) {
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - began > SLICE_MS) {
      await pause();
      if (!wanted()) return null;
      began = performance.now();
    }
  }
}

export class Network {
  constructor({ classes, photos, layers }) {
    this.classes = classes;
    this.photos = photos;
    this.layers = layers.map((layer) => ({ ...layer, weights: decodeWeights(layer.weights) }));
    this.computed = new Map();
    this.asked = null;
  }

  photo(number) {
    return new Tensor(this.layers[0].shape, Float32Array.from(decode(this.photos[number].pixels, Uint8Array)));
  }

  // Resolves to every layer's output for a photo; to null if another photo was asked for meanwhile.
  async outputs(number) {
    this.asked = number;
    if (this.computed.has(number)) return this.computed.get(number);
    const outputs = [];
    for (const layer of this.layers) {
      const output = await this.output(layer, outputs, number);
      if (!output) return null;
      outputs.push(output);
    }
    this.computed.set(number, outputs);
    if (this.computed.size > KEPT) this.computed.delete(this.computed.keys().next().value);
    return outputs;
  }

  async output(layer, outputs, number) {
    if (layer.kind === "input") return this.photo(number);
    if (layer.kind === "box") return boxed(layer, number);
    const inputs = layer.inputs.map((input) => outputs[input]);
    return finish(forward(layer, inputs), () => this.asked === number);
  }

  // The largest difference from Keras's own numbers, as a share of the layer's largest number.
  difference(outputs, number) {
    const shares = this.layers.map((layer, i) => {
      if (layer.kind === "input" || layer.kind === "box") return 0;
      const expected = decode(layer.samples, Float32Array).subarray(number * layer.places.length);
      const largest = decode(layer.largest, Float32Array)[number] || 1;
      return Math.max(...layer.places.map((place, j) => Math.abs(outputs[i].data[place] - expected[j]) / largest));
    });
    return { share: Math.max(...shares), layers: shares.length, samples: this.layers.reduce((sum, layer) => sum + layer.places.length, 0) };
  }
}

function decodeWeights(weights = {}) {
  return Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, decode(data, Float32Array)]));
}

function boxed(layer, number) {
  const { shape, data, scale = 1, Type = Float32Array } = layer.outputs
    ? { shape: layer.shape, data: layer.outputs }
    : { ...layer.preview, Type: Int8Array };
  const size = shape.reduce((product, side) => product * side, 1);
  const all = decode(data, Type).subarray(number * size, (number + 1) * size);
  return new Tensor(shape, Float32Array.from(all, (value) => value * scale));
}
