// The trained network in the browser: it computes every layer for a photo, from the weights, a slice at a time.

import { forward } from "./forward.js";
import { finish } from "./slices.js";
import { Tensor, decode } from "./tensor.js";

const KEPT = 4; // photos, and mirror images of photos, whose layers stay in memory

export class Network {
  // mirrored: its answer is the mean of those to a photo and to its mirror image.
  constructor({ classes, layers, preprocessing, photos = [], mirrored = false, groups = [] }) {
    Object.assign(this, { classes, preprocessing, photos, mirrored, groups });
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

  // Whether this page can show both passes of a network that also looks at the mirror image.
  get hasTwoPasses() {
    return this.mirrored && !this.box;
  }

  // Resolves to every layer's output for a photo, or its mirror image; to null if another photo was asked for meanwhile.
  async outputs(number, progress = () => {}, isMirrored = false) {
    this.asked = number;
    const outputs = await this.pass(number, isMirrored, progress);
    return outputs && (await this.answered(number, progress)) ? outputs : null;
  }

  async pass(number, isMirrored, progress) {
    const key = `${number} ${isMirrored}`;
    if (this.computed.has(key)) return this.computed.get(key);
    const photo = this.photo(number);
    const outputs = await this.compute(isMirrored ? mirrorImage(photo) : photo, number, progress);
    if (!outputs) return null;
    this.computed.set(key, outputs);
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

  // Notes the probabilities by each pass, and their mean where it is not known: for a photo of the reader's.
  async answered(number, progress) {
    const photo = this.photos[number];
    if (photo.passes || (photo.probabilities && !this.hasTwoPasses)) return true;
    const passes = [];
    for (const isMirrored of this.hasTwoPasses ? [false, true] : [false]) {
      const outputs = await this.pass(number, isMirrored, progress);
      if (!outputs) return false;
      passes.push(probabilities(outputs[outputs.length - 1].data));
    }
    photo.passes = passes;
    photo.probabilities ??= passes[0].map((_, i) => passes.reduce((sum, pass) => sum + pass[i], 0) / passes.length);
    photo.predicted ??= photo.probabilities.indexOf(Math.max(...photo.probabilities));
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
