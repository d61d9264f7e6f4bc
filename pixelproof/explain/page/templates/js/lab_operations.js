// What the window of a lab computes from the numbers that it sees, and how that is written out.

import { format } from "./tensor.js";

const sumOf = (numbers) => numbers.reduce((a, b) => a + b, 0);
const mean = (seen) => sumOf(seen) / seen.length;

// The columns on the right count, those on the left count against.
const upright = (size) =>
  Array.from({ length: size * size }, (_, i) => (size === 1 ? 1 : Math.sign((i % size) - (size - 1) / 2)));

const weighed = (name, weights) => ({
  name,
  weights,
  apply: (seen, by) => sumOf(seen.map((pixel, i) => pixel * by[i])),
  written: (seen, by) => seen.map((pixel, i) => `${pixel}\u00b7${bracketed(by[i])}`).join(" + "),
});

const bracketed = (weight) => (weight < 0 ? `(${format(weight)})` : format(weight));

// weights(size): what the window's pixels are multiplied by, row by row; poolings have none.
export const OPERATIONS = {
  upright: weighed("upright edges: right minus left", upright),
  blur: weighed("blur: the mean", (size) => Array(size * size).fill(1 / (size * size))),
  own: { ...weighed("weights of your own", upright), editable: true },
  max: { name: "max pooling", apply: (seen) => Math.max(...seen), written: (seen) => `max(${seen.join(", ")})` },
  average: { name: "average pooling", apply: mean, written: (seen) => `(${seen.join(" + ")}) / ${seen.length}` },
  l2: {
    name: "L2 pooling",
    apply: (seen) => Math.hypot(...seen),
    written: (seen) => `\u221a(${seen.map((pixel) => `${pixel}\u00b2`).join(" + ")})`,
  },
};
