// The sums of layers with a sliding window: convolutions of every sort, and poolings.

import { finishSteps } from "./steps.js";
import { format } from "./tensor.js";
import { layerWindow, reach } from "./windows.js";

// Lists a window's pixels row by row: their place in the input, or null where there is a zero of the padding.
function pixelsOf([rows, columns], { row, column }) {
  return Array.from({ length: rows.size }, (_, i) =>
    Array.from({ length: columns.size }, (_, j) => {
      const y = row * rows.stride - rows.before + i * rows.dilation;
      const x = column * columns.stride - columns.before + j * columns.dilation;
      return y < 0 || x < 0 || y >= rows.side || x >= columns.side ? null : { y, x };
    }),
  );
}

function lookedAt([rows, columns], { row, column }, channel) {
  return {
    input: 0,
    channel,
    top: row * rows.stride - rows.before,
    left: column * columns.stride - columns.before,
    height: reach(rows.size, rows.dilation),
    width: reach(columns.size, columns.dilation),
  };
}

// Returns weight(i, j, c): how an input map's pixel counts for a filter.
export function filterOf(layer, channels, filter) {
  const columns = layer.options.size[1];
  const { kernel, depthwise, pointwise } = layer.weights;
  const filters = layer.shape[2];
  if (layer.kind === "conv") return (i, j, c) => kernel[((i * columns + j) * channels + c) * filters + filter];
  const multiplier = pointwise ? pointwise.length / filters / channels : filters / channels;
  const own = (i, j, c, m) => depthwise[((i * columns + j) * channels + c) * multiplier + m];
  if (!pointwise) return (i, j, c) => (c === Math.floor(filter / multiplier) ? own(i, j, c, filter % multiplier) : 0);
  return (i, j, c) => {
    let weight = 0;
    for (let m = 0; m < multiplier; m++) weight += own(i, j, c, m) * pointwise[(c * multiplier + m) * filters + filter];
    return weight;
  };
}

export function convolutionSum({ layer, inputs: [input], place, from }) {
  const window = layerWindow(layer.options, input.shape);
  const pixels = pixelsOf(window, place);
  const weight = filterOf(layer, input.channels, place.channel);
  const value = (pixel, c) => (pixel ? input.at(pixel.y, pixel.x, c) : 0);
  const partials = Array.from({ length: input.channels }, (_, c) =>
    pixels.reduce((sum, line, i) => line.reduce((rest, pixel, j) => rest + value(pixel, c) * weight(i, j, c), sum), 0),
  );
  const largest = partials.reduce((best, partial, c) => (Math.abs(partial) > Math.abs(partials[best]) ? c : best), 0);
  const focus = from ?? largest;
  const matrix = (title, number) => ({ title, rows: pixels.map((line, i) => line.map((pixel, j) => number(pixel, i, j))) });
  return {
    windows: [lookedAt(window, place, null)],
    focus,
    partials,
    matrices: [
      matrix(`pixels of input map ${focus + 1}`, (pixel) => value(pixel, focus)),
      matrix("weights of the filter", (_, i, j) => weight(i, j, focus)),
      matrix("products", (pixel, i, j) => value(pixel, focus) * weight(i, j, focus)),
    ],
    steps: convolutionSteps(layer, partials, layer.weights.bias?.[place.channel]),
  };
}

function convolutionSteps(layer, partials, bias) {
  const sum = partials.reduce((a, b) => a + b, 0);
  const text = partials.length > 1 ? `the sum of the partial sums of all ${partials.length} input maps` : "the sum of the products";
  const steps = [{ text, value: sum }];
  if (bias === undefined) return [...steps, ...finishSteps(layer, { value: sum }).filter(() => layer.options.activation !== "linear")];
  const biased = { text: `${format(sum)} + bias ${format(bias)}`, value: sum + bias };
  return [...steps, ...finishSteps(layer, biased)];
}

const POOLINGS = {
  max_pool: { text: "the largest of them", value: (numbers) => Math.max(...numbers) },
  average_pool: {
    text: "their mean",
    value: (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length,
  },
  l2_pool: {
    text: "the root of the sum of their squares",
    value: (numbers) => Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0)),
  },
};

export function poolingSum({ layer, inputs: [input], place }) {
  const window = layerWindow(layer.options, input.shape);
  const seen = pixelsOf(window, place).map((line) => line.map((pixel) => pixel && input.at(pixel.y, pixel.x, place.channel)));
  const numbers = seen.flat().filter((number) => number !== null);
  const { text, value } = POOLINGS[layer.kind];
  const result = value(numbers);
  return {
    windows: [lookedAt(window, place, place.channel)],
    focus: place.channel,
    matrices: [{ title: `pixels of input map ${place.channel + 1}`, rows: seen, mark: layer.kind === "max_pool" ? result : null }],
    steps: [{ text, value: result }],
  };
}
