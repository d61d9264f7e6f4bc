// "It learns": a slider over the epochs; the page computes the chosen photo with the weights of each.

import { answerList } from "./answers.js";
import { drawMap, drawPhoto, element } from "./draw.js";
import { atStop } from "./snapshots.js";
import { Tensor, format } from "./tensor.js";

const MOST = 16; // filters or maps in a row
const STEP_MS = 1200;

export class LearningLab {
  // changed: called with the network of the chosen epoch, its outputs, and the photo's number.
  constructor(root, network, { stops, epochs, left, right }, changed) {
    Object.assign(this, { root, network, stops, epochs, left, right, changed, photo: 0, networks: new Map(), timer: null });
    const boxed = network.layers.findIndex(({ kind }) => kind === "box"); // of a box only the kept weights' maps are known
    const known = boxed < 0 ? network.layers : network.layers.slice(0, boxed);
    this.convolutions = known.flatMap((layer, i) => (layer.kind === "conv" ? [i] : []));
    this.still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
    this.folds = ["learning", "one-step"].map((id) => document.getElementById(id));
    this.folds.forEach((fold) => fold.addEventListener("toggle", () => this.update()));
    this.build();
  }

  build() {
    this.slider = element("input", { type: "range", min: 0, max: this.stops.length - 1, step: 1, "aria-label": "epoch" });
    this.slider.value = 0;
    this.slider.addEventListener("input", () => this.update());
    this.button = element("button", { type: "button", onclick: () => this.play() }, this.still ? "Next epoch" : "Play");
    this.title = element("p", { class: "formula" });
    this.measured = element("p", { class: "measured" });
    this.pictures = element("div", {});
    this.answers = element("div", {});
    this.root.replaceChildren(this.title, this.slider, this.button, this.measured, this.pictures, this.answers);
  }

  // With reduced motion each press is one step, and nothing moves by itself.
  play() {
    if (this.timer) return this.pause();
    if (Number(this.slider.value) === this.stops.length - 1) this.slider.value = -1;
    this.forward();
    if (this.still) return;
    this.button.textContent = "Pause";
    this.timer = setInterval(() => this.forward(), STEP_MS);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "Play";
  }

  forward() {
    this.slider.value = Number(this.slider.value) + 1;
    if (this.timer && Number(this.slider.value) === this.stops.length - 1) this.pause();
    this.update();
  }

  show(photo) {
    this.photo = photo;
    return this.update();
  }

  at(place) {
    if (!this.networks.has(place)) this.networks.set(place, atStop(this.network, this.stops[place]));
    const network = this.networks.get(place);
    network.photos = this.network.photos.map(({ id, own, pixels, label }, i) => network.photos[i] ?? { id, own, pixels, label });
    return network;
  }

  // Computes only while its reader can see the slider, or the step that is taken from its epoch.
  async update() {
    if (!this.folds.some((fold) => fold.open)) return;
    const place = Number(this.slider.value);
    const stop = this.stops[place];
    const network = this.at(place);
    this.say(stop);
    this.networks.forEach((other) => other === network || other.computed.clear());
    const outputs = await network.outputs(this.photo);
    if (!outputs || place !== Number(this.slider.value)) return;
    this.pictures.replaceChildren(...this.rows(network, outputs));
    this.answers.replaceChildren(...this.probabilities(network));
    this.root.dataset.epoch = stop.epoch;
    this.changed?.(network, outputs, this.photo);
  }

  say({ epoch, kept, measured }) {
    const when = epoch === 0 ? "Before the first step" : `After epoch ${epoch} of ${this.epochs}`;
    this.title.textContent = kept ? `${when}: the weights that were kept` : when;
    this.slider.setAttribute("aria-valuetext", this.title.textContent);
    const names = ["training loss", "validation loss", "training accuracy", "validation accuracy"];
    const words = measured ? names.map((name, i) => element("span", {}, `${name} ${format(measured[i], 4)}`)) : ["nothing was measured yet"];
    this.measured.replaceChildren(...words);
    const x = this.left + ((this.right - this.left) * epoch) / Math.max(1, this.epochs);
    for (const line of document.querySelectorAll(".learning-curves .now")) ["x1", "x2"].forEach((end) => line.setAttribute(end, x));
  }

  rows(network, outputs) {
    if (!this.convolutions.length) return [element("p", {}, "This network has no convolution whose filters the page could show.")];
    const [first] = this.convolutions;
    const last = this.convolutions[this.convolutions.length - 1];
    const rows = [
      ...row(`filters of ${network.layers[first].name}`, this.filters(network, first)),
      ...row(`maps of ${network.layers[first].name}, as the filters leave them`, maps(network, outputs, first)),
    ];
    return first === last ? rows : [...rows, ...row(`maps of ${network.layers[last].name}, as the filters leave them`, maps(network, outputs, last))];
  }

  filters(network, number) {
    const layer = network.layers[number];
    const channels = outputChannels(network.layers[layer.inputs[0]]);
    const count = layer.shape[2];
    return Array.from({ length: Math.min(MOST, count) }, (_, f) => drawFilter(layer, channels, count, f));
  }

  probabilities(network) {
    const { probabilities, label } = network.photos[this.photo];
    return this.network.box || !probabilities ? [] : [element("h4", {}, "the answer"), answerList(network.classes, probabilities, label)];
  }
}

const outputChannels = (layer) => layer.shape[layer.shape.length - 1];

function row(title, canvases) {
  return [element("h4", {}, title), element("div", { class: "learning-row" }, ...canvases)];
}

function maps(network, outputs, number) {
  const output = outputs[number];
  const count = Math.min(MOST, output.channels);
  return Array.from({ length: count }, (_, map) => {
    const canvas = element("canvas");
    drawMap(canvas, output, map, `map ${map + 1} of ${network.layers[number].name}`, 64);
    return canvas;
  });
}

// A filter of a photo in colour in its colours, grey for zero; of anything else the sum over its channels.
function drawFilter(layer, channels, count, filter) {
  const [rows, columns] = layer.options.size;
  const at = (place, c) => layer.weights.kernel[(place * channels + c) * count + filter];
  const canvas = element("canvas");
  const places = rows * columns;
  if (channels === 3) {
    const values = Float32Array.from({ length: places * 3 }, (_, i) => at(Math.floor(i / 3), i % 3));
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    drawPhoto(canvas, new Tensor([rows, columns, 3], values.map((value) => 127.5 * (1 + value / largest))), `filter ${filter + 1} of ${layer.name}`);
  } else {
    const sums = Float32Array.from({ length: places }, (_, place) => Array.from({ length: channels }, (_, c) => at(place, c)).reduce((a, b) => a + b, 0));
    drawMap(canvas, new Tensor([rows, columns, 1], sums), 0, `filter ${filter + 1} of ${layer.name}`);
  }
  return canvas;
}
