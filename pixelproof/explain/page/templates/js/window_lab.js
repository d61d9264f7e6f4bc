// Sliders for the size of a picture, the window, its stride and the rings of zeros: the output follows at once.

import { element } from "./draw.js";
import { markWindow, rove } from "./matrix.js";
import { format } from "./tensor.js";
import { formula, refusal, slide } from "./windows.js";

const sumOf = (numbers) => numbers.reduce((a, b) => a + b, 0);

const mean = (seen) => sumOf(seen) / seen.length;
const writtenMean = (seen) => `(${seen.join(" + ")}) / ${seen.length}`;

// The columns on the right count, those on the left count against.
const uprightWeights = (seen) => {
  const columns = Math.sqrt(seen.length);
  return seen.map((_, i) => (columns === 1 ? 1 : Math.sign((i % columns) - (columns - 1) / 2)));
};
const writtenProducts = (seen, weights) => seen.map((pixel, i) => `${pixel}\u00b7${format(weights[i])}`).join(" + ");

const OPERATIONS = {
  upright: {
    name: "upright edges: right minus left",
    apply: (seen) => sumOf(uprightWeights(seen).map((weight, i) => weight * seen[i])),
    written: (seen) => writtenProducts(seen, uprightWeights(seen)),
  },
  blur: { name: "blur: the mean", apply: mean, written: writtenMean },
  max: { name: "max pooling", pools: true, apply: (seen) => Math.max(...seen), written: (seen) => `max(${seen.join(", ")})` },
  average: { name: "average pooling", pools: true, apply: mean, written: writtenMean },
  l2: {
    name: "L2 pooling",
    pools: true,
    apply: (seen) => Math.hypot(...seen),
    written: (seen) => `\u221a(${seen.map((pixel) => `${pixel}\u00b2`).join(" + ")})`,
  },
};

const SLIDERS = {
  size: { name: "picture size W", least: 2, most: 12 },
  kernel: { name: "window size F", least: 1, most: 7 },
  stride: { name: "stride S", least: 1, most: 5 },
  rings: { name: "rings of zeros P", least: 0, most: 4 },
};

export class WindowLab {
  constructor(root, { operations, ...start }) {
    this.root = root;
    this.start = start;
    this.operation = operations[0];
    const chooser = element("select", { "aria-label": "what the window does", onchange: () => this.choose(chooser.value) });
    chooser.append(...operations.map((name) => element("option", { value: name }, OPERATIONS[name].name)));
    this.sliders = Object.fromEntries(Object.keys(start).map((name) => [name, this.slider(name)]));
    this.formula = element("p", { class: "formula", "aria-live": "polite" });
    this.tables = element("div", { class: "matrices" });
    this.written = element("p", { class: "sum", "aria-live": "polite" });
    const labels = Object.values(this.sliders).map(({ label }) => label);
    const controls = element("div", { class: "controls" }, element("label", {}, "the window computes", chooser), ...labels);
    root.replaceChildren(controls, this.formula, this.tables, this.written);
  }

  slider(name) {
    const { name: text, least, most } = SLIDERS[name];
    const shown = element("output", {}, String(this.start[name]));
    const input = element("input", { type: "range", min: least, max: most, value: this.start[name], name, oninput: () => this.update() });
    return { input, shown, label: element("label", {}, element("span", {}, `${text}: `, shown), input) };
  }

  value(name) {
    return this.sliders[name] ? Number(this.sliders[name].input.value) : 0;
  }

  choose(operation) {
    this.operation = operation;
    this.update();
  }

  // Takes the part of the photo's first channel that varies most as the picture.
  show(photo) {
    this.photo = photo;
    this.corner = liveliest(photo, SLIDERS.size.most);
    this.update();
  }

  update() {
    for (const { input, shown } of Object.values(this.sliders)) shown.textContent = input.value;
    const [size, kernel, stride, rings] = ["size", "kernel", "stride", "rings"].map((name) => this.value(name));
    const refused = refusal(size, kernel, stride, rings, OPERATIONS[this.operation].pools);
    this.formula.textContent = refused ?? formula(size, kernel, stride, rings);
    this.formula.classList.toggle("refused", refused !== null);
    this.tables.replaceChildren();
    this.written.textContent = "";
    if (refused === null) this.build(size, kernel, stride, rings);
  }

  // Returns the picture's rows with its rings of zeros, which are null.
  pixels(size, rings) {
    const [height, width] = this.photo.shape;
    const { top, left } = this.corner;
    const at = (row, column) => this.photo.at(Math.min(top + row, height - 1), Math.min(left + column, width - 1), 0);
    const inside = (i) => i >= 0 && i < size;
    const places = Array.from({ length: size + 2 * rings }, (_, i) => i - rings);
    return places.map((row) => places.map((column) => (inside(row) && inside(column) ? at(row, column) : null)));
  }

  build(size, kernel, stride, rings) {
    const pixels = this.pixels(size, rings);
    const { count } = slide(size, { size: kernel, stride, rings });
    const input = numberTable("input, zeros around it shaded", pixels, (value) => ({ text: value ?? 0, zero: value === null }));
    const seen = (row, column) =>
      pixels
        .slice(row * stride, row * stride + kernel)
        .flatMap((line) => line.slice(column * stride, column * stride + kernel).map((value) => value ?? 0));
    const { apply, written } = OPERATIONS[this.operation];
    const results = Array.from({ length: count }, (_, row) => Array.from({ length: count }, (_, column) => apply(seen(row, column))));
    const output = numberTable(`output, ${count} \u00d7 ${count}`, results, (value) => ({ text: Number(value.toFixed(1)) }));
    this.tables.replaceChildren(input, element("span", { class: "sign" }, "\u2192"), output);
    const cells = [...output.rows].flatMap((line) => [...line.cells]);
    const show = (i) => {
      const [row, column] = [Math.floor(i / count), i % count];
      markWindow(input, { top: row * stride, left: column * stride, height: kernel, width: kernel });
      cells.forEach((cell, j) => cell.classList.toggle("seen", i === j));
      this.written.textContent = `${written(seen(row, column))} = ${format(results[row][column])}`;
    };
    cells.forEach((cell, i) => {
      cell.addEventListener("pointerenter", () => show(i));
      cell.addEventListener("focus", () => show(i));
    });
    rove(cells, count);
    show(0);
  }
}

// Finds where a square of `side` pixels varies most; of a large photo only some places are tried.
function liveliest(photo, side) {
  const [height, width] = photo.shape;
  const tries = (length) => {
    const last = Math.max(0, length - side);
    const step = Math.ceil((last + 1) / 24);
    return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
  };
  const spread = (top, left) => {
    let [sum, squares] = [0, 0];
    for (let row = top; row < Math.min(height, top + side); row++)
      for (let column = left; column < Math.min(width, left + side); column++) {
        const value = photo.at(row, column, 0);
        sum += value;
        squares += value * value;
      }
    return squares - (sum * sum) / (side * side);
  };
  const places = tries(height).flatMap((top) => tries(width).map((left) => ({ top, left, spread: spread(top, left) })));
  return places.reduce((best, place) => (place.spread > best.spread ? place : best));
}

function numberTable(title, rows, shown) {
  const lines = rows.map((line) =>
    element("tr", {}, ...line.map((value) => {
      const { text, zero } = shown(value);
      return element("td", { class: zero ? "zero" : null }, format(text));
    })),
  );
  return element("table", { class: "matrix plain" }, element("caption", {}, title), ...lines);
}
