// Sliders for the size of a picture, the window, its stride and the zeros around: the output follows at once.

import { element } from "./draw.js";
import { distinct, examplePatch } from "./example_patch.js";
import { OPERATIONS } from "./lab_operations.js";
import { rove } from "./matrix.js";
import { format } from "./tensor.js";
import { formula, reach, refusal, slide, warning } from "./windows.js";

const SLIDERS = {
  size: { name: "picture size W", least: 2, most: 12 },
  kernel: { name: "window size F", least: 1, most: 7 },
  stride: { name: "stride S", least: 1, most: 5 },
  rings: { name: "rings of zeros P", least: 0, most: 4 },
  dilation: { name: "dilation D", least: 1, most: 3 },
};
const PADDINGS = { rings: "P rings (valid: none)", same: "same: as many as needed" };

export class WindowLab {
  constructor(root, { operations, ...start }) {
    Object.assign(this, { root, start, operation: operations[0], edited: null });
    this.sliders = Object.fromEntries(Object.keys(start).map((name) => [name, this.slider(name)]));
    this.formula = element("p", { class: "formula", "aria-live": "polite" });
    this.warning = element("p", { class: "warning" });
    this.tables = element("div", { class: "matrices" });
    this.written = element("p", { class: "sum", "aria-live": "polite" });
    const chooser = this.chooser("what the window does", operations, (name) => OPERATIONS[name].name, (name) => (this.operation = name));
    this.padding = "rings" in start ? this.chooser("padding", Object.keys(PADDINGS), (name) => PADDINGS[name]) : null;
    const labels = Object.values(this.sliders).map(({ label }) => label);
    const choosers = [element("label", {}, "the window computes", chooser)];
    if (this.padding) choosers.push(element("label", {}, "zeros around", this.padding));
    root.replaceChildren(element("div", { class: "controls" }, ...choosers, ...labels), this.formula, this.warning, this.tables, this.written);
  }

  chooser(name, values, titleOf, chosen = () => {}) {
    const change = (event) => {
      chosen(event.target.value);
      this.update();
    };
    const options = values.map((value) => element("option", { value }, titleOf(value)));
    return element("select", { "aria-label": name, onchange: change }, ...options);
  }

  slider(name) {
    const { name: text, least, most } = SLIDERS[name];
    const shown = element("output", {}, String(this.start[name]));
    const input = element("input", { type: "range", min: least, max: most, value: this.start[name], name, oninput: () => this.update() });
    return { input, shown, label: element("label", {}, element("span", {}, `${text}: `, shown), input) };
  }

  value(name, other) {
    return this.sliders[name] ? Number(this.sliders[name].input.value) : other;
  }

  // Takes a part of the photo's first channel as the picture.
  show(photo) {
    this.photo = photo;
    const least = Math.min(...photo.shape.slice(0, 2));
    this.sliders.size.input.max = Math.min(SLIDERS.size.most, Math.max(least, SLIDERS.size.least));
    const side = Math.min(this.start.size, least);
    this.corner = examplePatch(photo, side, Math.min(this.start.kernel, side));
    this.update();
  }

  update() {
    for (const { input, shown } of Object.values(this.sliders)) shown.textContent = input.value;
    const same = this.padding?.value === "same";
    if (this.sliders.rings) this.sliders.rings.input.disabled = same;
    const window = { size: this.value("kernel"), stride: this.value("stride"), dilation: this.value("dilation", 1) };
    const whole = { ...window, padding: same ? "same" : "valid", rings: same ? 0 : this.value("rings", 0) };
    const side = this.value("size");
    const covered = reach(whole.size, whole.dilation);
    const refused = same ? null : refusal(side, covered, whole.rings);
    this.formula.textContent = refused ?? formula(side, whole);
    this.formula.classList.toggle("refused", refused !== null);
    this.warning.textContent = refused ? "" : warning(covered, whole.stride, slide(side, whole).before);
    this.tables.replaceChildren();
    this.written.textContent = "";
    if (refused === null) this.build(side, whole);
  }

  // Returns the picture's rows with the zeros around it, which are null. It grows from the example's corner, inside the photo.
  pixels(size, { before, after }) {
    const [height, width] = this.photo.shape;
    const [top, left] = [Math.min(this.corner.top, height - size), Math.min(this.corner.left, width - size)].map((at) => Math.max(0, at));
    const at = (row, column) => this.photo.at(Math.min(top + row, height - 1), Math.min(left + column, width - 1), 0);
    const inside = (i) => i >= 0 && i < size;
    const places = Array.from({ length: before + size + after }, (_, i) => i - before);
    return places.map((row) => places.map((column) => (inside(row) && inside(column) ? at(row, column) : null)));
  }

  weights(size) {
    const { weights, editable } = OPERATIONS[this.operation];
    if (!editable) return weights?.(size) ?? null;
    if (this.edited?.length !== size * size) this.edited = weights(size);
    return this.edited;
  }

  build(side, window) {
    const { count, before, after } = slide(side, window);
    const pixels = this.pixels(side, { before, after });
    const weights = this.weights(window.size);
    const taps = Array.from({ length: window.size }, (_, i) => i * window.dilation);
    const at = (row, column) => taps.flatMap((down) => taps.map((right) => ({ row: row * window.stride + down, column: column * window.stride + right })));
    const seen = (row, column) => at(row, column).map((place) => pixels[place.row][place.column] ?? 0);
    const { apply, written, editable } = OPERATIONS[this.operation];
    const input = numberTable("input, in the photo's shades; zeros around it", pixels, (value) => ({ text: format(value ?? 0), shade: value === null ? "zero" : `g${Math.floor(value / 16)}` }));
    const middle = weights ? weightsTable(weights, window.size, editable ? (i, value) => this.edit(i, value) : null) : null;
    const results = () => Array.from({ length: count }, (_, row) => Array.from({ length: count }, (_, column) => apply(seen(row, column), weights)));
    const output = numberTable(`output, ${count} \u00d7 ${count}`, results(), (value) => ({ text: decimals(value) }));
    const sign = (text) => element("span", { class: "sign" }, text);
    this.tables.replaceChildren(...(middle ? [input, sign("\u2217"), middle, sign("="), output] : [input, sign("\u2192"), output]));
    const cells = [...output.rows].flatMap((line) => [...line.cells]);
    const show = (i) => {
      const [row, column] = [Math.floor(i / count), i % count];
      input.querySelectorAll("td.seen").forEach((cell) => cell.classList.remove("seen"));
      for (const place of at(row, column)) input.rows[place.row].cells[place.column].classList.add("seen");
      cells.forEach((cell, j) => cell.classList.toggle("seen", i === j));
      this.written.textContent = `${written(seen(row, column), weights)} = ${decimals(apply(seen(row, column), weights))}`;
      this.shown = i;
    };
    this.again = () => {
      results().flat().forEach((value, i) => (cells[i].textContent = decimals(value)));
      show(this.shown);
    };
    cells.forEach((cell, i) => {
      cell.addEventListener("pointerenter", () => show(i));
      cell.addEventListener("focus", () => show(i));
    });
    rove(cells, count);
    show(firstToShow(cells.map((_, i) => seen(Math.floor(i / count), i % count))));
  }

  // A weight of one's own: the output follows, and the focus stays where it is.
  edit(i, value) {
    this.edited[i] = value;
    this.again();
  }
}

const decimals = (value) => format(Number(value.toFixed(2)), 7);

// The first window whose numbers differ, of a dull picture the one in which most do.
function firstToShow(windows) {
  const counts = windows.map(distinct);
  const first = counts.findIndex((count) => count > 1);
  return first >= 0 ? first : Math.max(0, windows.findIndex((seen) => seen.some((pixel) => pixel !== 0)));
}

function weightsTable(weights, size, edit) {
  const cell = (i) => {
    const name = `weight in row ${Math.floor(i / size) + 1}, column ${(i % size) + 1}`;
    const input = element("input", { type: "number", step: "any", value: weights[i], "aria-label": name });
    input.addEventListener("input", () => edit(i, Number(input.value) || 0));
    return element("td", { class: "own-weight" }, input);
  };
  const line = (row) => Array.from({ length: size }, (_, column) => row * size + column);
  const rows = Array.from({ length: size }, (_, row) => line(row));
  const cells = (i) => (edit ? cell(i) : element("td", {}, format(weights[i], 3)));
  const title = `weights${edit ? ": change them" : ""}, ${size} \u00d7 ${size}`;
  return element("table", { class: "matrix plain" }, element("caption", {}, title), ...rows.map((row) => element("tr", {}, ...row.map(cells))));
}

function numberTable(title, rows, shown) {
  const lines = rows.map((line) =>
    element("tr", {}, ...line.map((value) => {
      const { text, shade } = shown(value);
      return element("td", { class: shade ?? null }, text);
    })),
  );
  return element("table", { class: "matrix plain" }, element("caption", {}, title), ...lines);
}
