// One step of gradient descent on one photo: by the last layer's weights, and by one filter of the first convolution.

import { ACTIVATIONS, softmax } from "./activations.js";
import { biasGradient, gradientBefore, kernelGradient } from "./backward.js";
import { unitsBefore } from "./dense_sum.js";
import { finish } from "./slices.js";
import { withLayers } from "./snapshots.js";

const RATES = [0.1, 0.01, 0.001, 1e-4, 1e-5];

// ln(1 + e^x), also where e^x would overflow.
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// The loss -ln p, p of the true class, and its gradient by each number before the last layer's activation: p - y.
// By these numbers, not by p: that of a sure mistake rounds to nothing.
export function lossOf(numbers, label) {
  if (numbers.length === 1) {
    const share = ACTIVATIONS.sigmoid(numbers[0]);
    return { loss: softplus(label ? -numbers[0] : numbers[0]), shares: [share], gradient: Float64Array.of(share - label) };
  }
  const shares = softmax(numbers);
  const largest = Math.max(...numbers);
  const total = numbers.reduce((sum, z) => sum + Math.exp(z - largest), 0);
  const gradient = Float64Array.from(shares, (share, unit) => share - (unit === label ? 1 : 0));
  return { loss: Math.log(total) + largest - numbers[label], shares, gradient };
}

// Why a network has no such step; null where it has.
export function whyNot(network) {
  const last = network.layers[network.layers.length - 1];
  if (network.box) return `The page cannot compute the layer ${network.box.name}, so that no gradient gets past it.`;
  const usable = last.kind === "dense" && ["softmax", "sigmoid"].includes(last.options.activation);
  return usable ? null : "The last layer is no dense layer with softmax or sigmoid, whose step this shows.";
}

// The step of the last layer: all of its weights move; `loss` before and `lower` after it.
export function stepOfLast(network, outputs, label) {
  const layer = network.layers[network.layers.length - 1];
  const input = outputs[layer.inputs[0]].data;
  const units = layer.shape[0];
  const before = lossOf(unitsBefore(layer, outputs[layer.inputs[0]]), label);
  const kernel = Float64Array.from(layer.weights.kernel, (_, i) => input[Math.floor(i / units)] * before.gradient[i % units]);
  const square = input.reduce((sum, value) => sum + value * value, layer.weights.bias ? 1 : 0);
  const numbers = unitsBefore(layer, outputs[layer.inputs[0]]);
  // Each number z falls by the rate times its gradient times the sum of the squared inputs.
  const after = (rate) => lossOf(Array.from(numbers, (z, unit) => z - rate * before.gradient[unit] * square), label).loss;
  return { layer, input, units, ...before, kernel, ...descended(RATES, before.loss, after) };
}

// The first of the rates that lowers the loss; the last one where none does.
function descended(rates, loss, after) {
  for (const rate of rates) {
    const lower = after(rate);
    if (lower < loss) return { rate, lower };
  }
  const rate = rates[rates.length - 1];
  return { rate, lower: after(rate) };
}

// The step of the filter of the first convolution with the largest gradient; only this filter moves.
export async function stepOfFilter(network, outputs, photo, label, wanted = () => true) {
  const target = network.layers.findIndex(({ kind }) => kind === "conv");
  if (target < 0) return null;
  const layer = network.layers[target];
  const { loss, gradient: last } = stepOfLast(network, outputs, label);
  const delta = await finish(gradientBefore(network.layers, outputs, last, target), wanted);
  const input = outputs[layer.inputs[0]];
  const kernel = delta && (await finish(kernelGradient(layer, input, delta), wanted));
  if (!kernel) return null;
  const filters = layer.shape[2];
  const filter = strongest(kernel, filters);
  const bias = layer.weights.bias ? biasGradient(delta, filters) : null;
  const found = { layer, input, delta, filter, filters, kernel, bias, loss };
  for (const rate of RATES) {
    const lower = await lossAfter(network, target, found, rate, photo, label);
    if (lower === null) return null;
    if (lower < loss || rate === RATES[RATES.length - 1]) return { ...found, rate, lower };
  }
}

function strongest(kernel, filters) {
  const sizes = new Float64Array(filters);
  kernel.forEach((value, i) => (sizes[i % filters] += value * value));
  return sizes.indexOf(Math.max(...sizes));
}

// The loss of the photo once that filter has taken its step, through the whole network.
async function lossAfter(network, target, { layer, filter, filters, kernel, bias }, rate, photo, label) {
  const moved = (weights, gradient) => weights.map((weight, i) => (i % filters === filter ? weight - rate * gradient[i] : weight));
  const weights = { ...layer.weights, kernel: moved(layer.weights.kernel, kernel) };
  if (bias) weights.bias = moved(layer.weights.bias, bias);
  const stepped = withLayers(network, network.layers.map((each, i) => (i === target ? { ...each, weights } : each)));
  stepped.asked = photo;
  const outputs = await stepped.compute(stepped.photo(photo), photo, () => {});
  if (!outputs) return null;
  const last = stepped.layers[stepped.layers.length - 1];
  return lossOf(unitsBefore(last, outputs[last.inputs[0]]), label).loss;
}
