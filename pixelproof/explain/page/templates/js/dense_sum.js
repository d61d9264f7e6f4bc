// The sum of one unit of a fully connected layer.

import { finishSteps, originOf } from "./steps.js";
import { format, listColumns } from "./tensor.js";

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

// Returns the places of the largest numbers, the largest first. Sorting all of them would take too long: there
// may be hundreds of thousands.
function largestPlaces(numbers, count) {
  const places = [];
  let least = -1; // of the places so far, once they are enough
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i]);
    if (size <= least) continue;
    const before = places.findIndex((place) => Math.abs(numbers[place]) < size);
    places.splice(before < 0 ? places.length : before, 0, i);
    places.length = Math.min(places.length, count);
    if (places.length === count) least = Math.abs(numbers[places[count - 1]]);
  }
  return places;
}

export function denseSum({ network, layer, inputs: [input], place }) {
  const units = layer.shape[0];
  const unit = place.index;
  const weight = (i) => layer.weights.kernel[i * units + unit];
  const products = new Float64Array(input.data.length);
  let total = 0;
  for (let i = 0; i < products.length; i++) {
    products[i] = input.data[i] * weight(i);
    total += products[i];
  }
  const written = largestPlaces(products, WRITTEN_OUT);
  const rest = written.reduce((sum, i) => sum - products[i], total);
  const steps = written.map((i) => ({
    text: `${format(input.data[i])} (${originOf(network, layer.inputs[0], i)}) \u00d7 weight ${format(weight(i))}`,
    value: products[i],
  }));
  const others = products.length - written.length;
  if (others) steps.push({ text: `the other ${others} products together`, value: rest });
  steps.push({ text: `the sum of all ${products.length} products`, value: total });
  const all = layer.options.activation === "softmax" ? unitsBefore(layer, input) : [];
  const bias = layer.weights.bias?.[unit];
  const before = total + (bias ?? 0);
  if (all.length) all[unit] = before;
  const text = bias === undefined ? null : `${format(total)} + bias ${format(bias)}`;
  const columns = listColumns(input.data.length);
  const windows = written.map((i) => ({ input: 0, channel: null, top: Math.floor(i / columns), left: i % columns, height: 1, width: 1 }));
  return { windows, steps: [...steps, ...finishSteps(layer, { text, value: before }, all)] };
}
