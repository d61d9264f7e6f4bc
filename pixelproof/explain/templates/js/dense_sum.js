// The sum of one unit of a fully connected layer.

import { finishSteps, originOf } from "./steps.js";
import { format } from "./tensor.js";

const WRITTEN_OUT = 6; // products, the largest first

export function unitsBefore(layer, input) {
  const { kernel, bias } = layer.weights;
  const units = layer.shape[0];
  const sums = bias ? Float64Array.from(bias) : new Float64Array(units);
  input.data.forEach((value, i) => {
    if (value !== 0) for (let unit = 0; unit < units; unit++) sums[unit] += value * kernel[i * units + unit];
  });
  return Array.from(sums);
}

export function denseSum({ network, layer, inputs: [input], place }) {
  const units = layer.shape[0];
  const unit = place.index;
  const products = Array.from(input.data, (value, i) => value * layer.weights.kernel[i * units + unit]);
  const order = products.map((_, i) => i).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const written = order.slice(0, WRITTEN_OUT);
  const rest = order.slice(WRITTEN_OUT);
  const total = products.reduce((a, b) => a + b, 0);
  const steps = written.map((i) => ({
    text: `${format(input.data[i])} (${originOf(network, layer.inputs[0], i)}) \u00d7 weight ${format(layer.weights.kernel[i * units + unit])}`,
    value: products[i],
  }));
  if (rest.length) steps.push({ text: `the other ${rest.length} products together`, value: rest.reduce((sum, i) => sum + products[i], 0) });
  steps.push({ text: `the sum of all ${products.length} products`, value: total });
  const all = layer.options.activation === "softmax" ? unitsBefore(layer, input) : [];
  const bias = layer.weights.bias?.[unit];
  const before = all.length ? all[unit] : total + (bias ?? 0);
  const text = bias === undefined ? null : `${format(total)} + bias ${format(bias)}`;
  const columns = Math.min(input.data.length, 32);
  const windows = written.map((i) => ({ input: 0, channel: null, top: Math.floor(i / columns), left: i % columns, height: 1, width: 1 }));
  return { windows, steps: [...steps, ...finishSteps(layer, { text, value: before }, all)] };
}
