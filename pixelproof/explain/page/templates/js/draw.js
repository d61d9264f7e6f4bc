// Pictures on canvases, each with its text alternative.

import { planeOf } from "./tensor.js";

// Blue for negative, white for zero, orange for positive numbers: told apart by all common kinds of colour blindness.
const NEGATIVE = [33, 102, 172];
const ZERO = [247, 247, 247];
const POSITIVE = [179, 88, 6];

const mix = (share, to) => ZERO.map((zero, i) => zero + (to[i] - zero) * share);

export function colourOf(value, largest) {
  if (!Number.isFinite(value)) return [128, 128, 128];
  const share = Math.min(1, Math.abs(value) / (largest || 1));
  return mix(Math.sqrt(share), value < 0 ? NEGATIVE : POSITIVE);
}

// Black or white, whichever stands out more from a colour (WCAG 2, relative luminance).
export function inkOf(colour) {
  const linear = colour.map((level) => (level > 10.3 ? ((level / 255 + 0.055) / 1.055) ** 2.4 : level / 3294.6));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000" : "#fff";
}

function paint(canvas, rows, columns, colour) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(columns, rows);
  let i = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [red, green, blue] = colour(row, column);
      picture.data[i++] = red;
      picture.data[i++] = green;
      picture.data[i++] = blue;
      picture.data[i++] = 255;
    }
  context.putImageData(picture, 0, 0);
}

export function largestOf(plane) {
  let largest = 0;
  for (let row = 0; row < plane.rows; row++)
    for (let column = 0; column < plane.columns; column++) largest = Math.max(largest, Math.abs(plane.at(row, column) || 0));
  return largest;
}

// `most`: the most pixels that a side needs; of a larger map every second, third, ... pixel is shown.
export function drawMap(canvas, tensor, channel, description, most = Infinity) {
  const plane = planeOf(tensor, channel);
  const largest = largestOf(plane);
  const step = Math.ceil(Math.max(plane.rows, plane.columns) / most) || 1;
  const [rows, columns] = [plane.rows, plane.columns].map((side) => Math.ceil(side / step));
  paint(canvas, rows, columns, (row, column) => colourOf(plane.at(row * step, column * step), largest));
  describe(canvas, description);
}

export function drawPhoto(canvas, photo, description) {
  const [rows, columns, channels] = photo.shape;
  paint(canvas, rows, columns, (row, column) => [0, 1, 2].map((c) => photo.at(row, column, channels === 3 ? c : 0)));
  describe(canvas, description);
}

// One channel of a photo, in its own colour.
export function drawChannel(canvas, photo, channel, description) {
  const [rows, columns, channels] = photo.shape;
  const lit = channels === 3 ? [0, 1, 2].map((c) => Number(c === channel)) : [1, 1, 1];
  paint(canvas, rows, columns, (row, column) => lit.map((share) => share * photo.at(row, column, channel)));
  describe(canvas, description);
}

// A map of a layer, as what it is: pixels of the photo, or signed numbers.
export function drawLayer(canvas, layer, tensor, channel, description, most) {
  if (layer.kind === "input") drawChannel(canvas, tensor, channel, description);
  else drawMap(canvas, tensor, channel, description, most);
}

function describe(canvas, description) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", description);
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
