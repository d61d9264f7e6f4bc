// The trained network in the browser: it computes every layer for a photo, from the weights, a slice at a time.

import { forward } from "./forward.js";
import { finish } from "./slices.js";
import { Tensor, decode } from "./tensor.js";

const KEPT = 2; // photos whose layers stay in memory

export class Network {
  // mirrored: its answer is the mean of those to a photo and to its mirror image.
  constructor({ classes, layers, preprocessing, photos = [], mirrored = false }) {
    Object.assign(this, { classes, preprocessing, photos, mirrored });
    this.layers = layers.map((layer) => ({ ...layer, weights: decodeWeights(layer.weights) }));
    this.computed = new Map();
    this.asked = null;
  }

  // A layer that this page cannot compute, so that it has answers to its own photos only.
  get box() {
    return this.layers.find(({ kind }) => kind === "box");
  }

  // Takes a photo of the reader's, { data, width, height, channels } of the network's size; returns its number.
  add(id, { data, width, height, channels }) {
    this.photos.push({ id, own: new Tensor([height, width, channels], Float32Array.from(data)), label: null });
    return this.photos.length - 1;
  }

  photo(number) {
    const { own, pixels } = this.photos[number];
    return own ?? new Tensor(this.layers[0].shape, Float32Array.from(decode(pixels, Uint8Array)));
  }

  // Resolves to every layer's output for a photo; to null if another photo was asked for meanwhile.
  async outputs(number, progress = () => {}) {
    this.asked = number;
    if (this.computed.has(number)) return this.computed.get(number);
    const outputs = await this.compute(this.photo(number), number, progress);
    if (!outputs || !(await this.answered(number, outputs, progress))) return null;
    this.computed.set(number, outputs);
    if (this.computed.size > KEPT) this.computed.delete(this.computed.keys().next().value);
    return outputs;
  }

  async compute(photo, number, progress) {
    const outputs = [];
    for (const [i, layer] of this.layers.entries()) {
      progress(layer, i);
      const output = await this.output(layer, outputs, photo, number);
      if (!output) return null;
      outputs.push(output);
    }
    return outputs;
  }

  async output(layer, outputs, photo, number) {
    if (layer.kind === "input") return photo;
    if (layer.kind === "box") return boxed(layer, number);
    const inputs = layer.inputs.map((input) => outputs[input]);
    return finish(forward(layer, inputs), () => this.asked === number);
  }

  // Notes the probabilities of the classes for a photo of the reader's; those of the others are known.
  async answered(number, outputs, progress) {
    const photo = this.photos[number];
    if (photo.probabilities) return true;
    const others = this.mirrored ? await this.compute(mirrorImage(this.photo(number)), number, progress) : outputs;
    if (!others) return false;
    const [one, other] = [outputs, others].map((each) => probabilities(each[each.length - 1].data));
    photo.probabilities = one.map((share, i) => (share + other[i]) / 2);
    photo.predicted = photo.probabilities.indexOf(Math.max(...photo.probabilities));
    return true;
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

// One output is the probability of the second of two classes.
const probabilities = (outputs) => (outputs.length === 1 ? [1 - outputs[0], outputs[0]] : Array.from(outputs));

function mirrorImage({ shape, data }) {
  const [, width, channels] = shape;
  const at = (i) => i + channels * (width - 1 - 2 * (Math.floor(i / channels) % width));
  return new Tensor(shape, data.map((_, i) => data[at(i)]));
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
