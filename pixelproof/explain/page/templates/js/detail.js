// An opened map: which maps and which filter made it, and the sum behind each of its numbers.

import { drawLayer, drawMap, element } from "./draw.js";
import { LONG, ListBox } from "./list_box.js";
import { matrixTable, rove } from "./matrix.js";
import { sumAt } from "./sums.js";
import { Tensor, format, mapCount, planeOf } from "./tensor.js";
import { filterOf } from "./window_sums.js";
import { worded } from "./words.js";

const MATRICES = { class: "matrices", tabindex: 0, role: "group", "aria-label": "the numbers, weights and products" }; // it may scroll

export class Detail {
  // turn(step): opens the map before or after; close(): puts the focus back.
  constructor(network, outputs, number, channel, { turn, close }) {
    Object.assign(this, { network, outputs, number, channel });
    this.layer = network.layers[number];
    this.plane = planeOf(outputs[number], channel);
    this.from = null;
    this.root = element("section", { class: "detail", "aria-label": this.title() });
    this.build(turn, close);
    this.move(...this.brightest());
  }

  title() {
    const count = mapCount(this.outputs[this.number]);
    return count > 1 ? `${this.layer.name}, map ${this.channel + 1} of ${count}` : this.layer.name;
  }

  build(turn, close) {
    const count = mapCount(this.outputs[this.number]);
    const turns = [["\u2190", -1, "previous map"], ["\u2192", 1, "next map"]].map(([sign, step, name]) =>
      element("button", { type: "button", "aria-label": name, onclick: () => turn(step) }, sign),
    );
    const heading = element("h5", { tabindex: -1 }, this.title());
    const closing = element("button", { type: "button", "aria-label": "close this map", onclick: close }, "\u00d7");
    this.inputs = this.layer.inputs.map((input) => this.inputView(input));
    this.output = this.outputView();
    this.written = element("div", { class: "written", "aria-live": "polite" });
    this.partials = element("div", { class: "partials", role: "group", "aria-label": "partial sums by input map" });
    const tensor = this.outputs[this.number];
    const isLong = !tensor.isImage && tensor.data.length > LONG;
    const go = (index) => this.move(Math.floor(index / this.plane.columns), index % this.plane.columns);
    this.list = isLong ? new ListBox(this.network, this.number, tensor, go) : null;
    if (this.list) this.output.figure.append(this.list.root);
    this.root.append(
      element("header", {}, heading, ...(count > 1 ? turns : []), closing),
      element("div", { class: "views" }, ...this.inputs.map(({ figure }) => figure), this.output.figure, this.written),
      this.partials,
    );
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && close());
    this.heading = heading;
  }

  view(caption, canvas, attributes = {}) {
    const frame = element("div", { class: "frame", ...attributes }, canvas);
    const text = element("figcaption", {}, caption);
    return { canvas, frame, text, figure: element("figure", {}, text, frame) };
  }

  inputView(input) {
    return { ...this.view("", element("canvas")), input, shown: undefined };
  }

  outputView() {
    const canvas = element("canvas");
    drawLayer(canvas, this.layer, this.outputs[this.number], this.channel, `${this.title()} as a picture`);
    const name = `${this.title()}: arrow keys move over its numbers`;
    const attributes = { tabindex: 0, role: "application", "aria-label": name, class: "frame output" };
    const view = this.view("this map: point, or use arrow keys", canvas, attributes);
    view.frame.addEventListener("pointermove", (event) => this.point(event));
    view.frame.addEventListener("pointerdown", (event) => this.point(event));
    view.frame.addEventListener("keydown", (event) => this.step(event));
    return view;
  }

  // Starts at the number that is farthest from zero, of a large map not in its margin, where padding has its say.
  brightest() {
    const { rows, columns, at } = this.plane;
    const margin = Math.min(rows, columns) >= 12 ? 3 : 0;
    let best = { size: -1, place: [0, 0] };
    for (let row = margin; row < rows - margin; row++)
      for (let column = margin; column < columns - margin; column++)
        if (Math.abs(at(row, column)) > best.size) best = { size: Math.abs(at(row, column)), place: [row, column] };
    return best.place;
  }

  point(event) {
    const box = this.output.canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.plane.rows);
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.plane.columns);
    if (row !== this.row || column !== this.column) this.move(row, column);
  }

  step(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    this.move(this.row + step[0], this.column + step[1]);
  }

  move(row, column) {
    if (row < 0 || column < 0 || row >= this.plane.rows || column >= this.plane.columns) return;
    const began = performance.now();
    const sum = sumAt(this.network, this.outputs, this.number, { row, column, channel: this.channel }, this.from);
    if (!sum) return;
    Object.assign(this, { row, column });
    if (this.from === null && sum.partials) this.from = sum.focus;
    this.showWindows(sum);
    this.showSum(sum);
    this.showPartials(sum);
    this.list?.show(this.index);
    this.root.dataset.milliseconds = (performance.now() - began).toFixed(2);
  }

  showWindows(sum) {
    outline(this.output.frame, this.plane, [{ top: this.row, left: this.column, height: 1, width: 1 }]);
    this.inputs.forEach((view, i) => {
      const own = sum.windows.filter((window) => window.input === i);
      const tensor = this.outputs[view.input];
      const channel = tensor.isImage ? (own[0]?.channel ?? sum.focus ?? this.channel ?? 0) : null;
      if (view.shown !== channel) this.showInput(view, tensor, channel);
      outline(view.frame, planeOf(tensor, channel), own);
    });
  }

  showInput(view, tensor, channel) {
    const layer = this.network.layers[view.input];
    const name = layer.name;
    const title = channel === null || mapCount(tensor) === 1 ? name : `${name}, map ${channel + 1} of ${mapCount(tensor)}`;
    drawLayer(view.canvas, layer, tensor, channel, `${title}, the input, as a picture`);
    view.text.textContent = `from ${title}`;
    view.shown = channel;
  }

  showSum(sum) {
    const sign = (i) => (i ? element("span", { class: "sign" }, i === 1 ? "\u00d7" : "=") : "");
    const tables = (sum.matrices ?? []).flatMap((matrix, i) => [sign(i), matrixTable(matrix)]);
    const steps = sum.steps.map(({ text, value }) => element("li", {}, ...worded(`${text} = `), element("b", {}, format(value))));
    const last = sum.steps[sum.steps.length - 1].value;
    const isImage = this.outputs[this.number].isImage;
    const where = isImage ? `row ${this.row + 1}, column ${this.column + 1}` : this.unitName();
    this.written.dataset.sum = last;
    this.written.dataset.output = sum.value;
    this.written.replaceChildren(
      element("p", {}, `${where}: `, element("b", { class: "result" }, format(sum.value))),
      tables.length ? element("div", MATRICES, ...tables) : "",
      element("ol", { class: "steps" }, ...steps),
    );
  }

  unitName() {
    const { classes, layers } = this.network;
    const isLast = this.number === layers.length - 1;
    if (!isLast) return `unit ${this.index + 1}`;
    return `class ${this.outputs[this.number].data.length === 1 ? `${classes[1]} (against ${classes[0]})` : classes[this.index]}`;
  }

  // Of a number of a list, from 0: rows and columns are only how its picture is laid out.
  get index() {
    return this.row * this.plane.columns + this.column;
  }

  showPartials({ partials }) {
    if (!partials || partials.length < 2) return;
    if (!this.partials.children.length) this.buildPartials(partials.length);
    const largest = Math.max(...partials.map(Math.abs), 1e-12);
    partials.forEach((partial, c) => {
      const button = this.partials.children[c];
      button.lastChild.textContent = format(partial);
      button.setAttribute("aria-pressed", String(c === this.from));
      button.style.setProperty("--share", `${(100 * Math.abs(partial)) / largest}%`);
      button.classList.toggle("negative", partial < 0);
    });
  }

  // A button for each input map: its picture, the filter's weights for it, and their partial sum.
  buildPartials(count) {
    const choose = (c) => {
      this.from = c;
      this.move(this.row, this.column);
    };
    const input = this.outputs[this.layer.inputs[0]];
    const buttons = Array.from({ length: count }, (_, c) => {
      const map = element("canvas");
      drawMap(map, input, c, `input map ${c + 1}`, 48);
      const name = element("span", { class: "name" }, `map ${c + 1}`);
      const made = [map, element("span", {}, "\u2217"), this.weightsPicture(input, c), name, element("b")];
      return element("button", { type: "button", onclick: () => choose(c) }, ...made);
    });
    this.partials.append(...buttons);
    rove(buttons);
  }

  weightsPicture(input, c) {
    const [rows, columns] = this.layer.options.size;
    const weight = filterOf(this.layer, input.channels, this.channel);
    const weights = Array.from({ length: rows * columns }, (_, i) => weight(Math.floor(i / columns), i % columns, c));
    const canvas = element("canvas");
    drawMap(canvas, new Tensor([rows, columns, 1], weights), 0, `the filter's ${rows} by ${columns} weights for it`);
    return canvas;
  }
}

// Draws frames around parts of a map.
function outline(frame, plane, windows) {
  frame.querySelectorAll(".window").forEach((old) => old.remove());
  for (const { top, left, height, width } of windows) {
    const box = element("span", { class: "window" });
    const share = (pixels, side) => `${(100 * pixels) / side}%`;
    Object.assign(box.style, { top: share(top, plane.rows), height: share(height, plane.rows) });
    Object.assign(box.style, { left: share(left, plane.columns), width: share(width, plane.columns) });
    frame.append(box);
  }
}
