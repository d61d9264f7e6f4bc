// The last steps of a sum, and where the numbers of a list come from.

import { ACTIVATIONS, softmax } from "./activations.js";
import { format } from "./tensor.js";

// Adds the activation to a step. `all` are the numbers of the whole layer before it, for softmax.
export function finishSteps(layer, step, all = []) {
  const name = layer.options.activation;
  const steps = step.text ? [step] : [];
  if (name === "softmax") return [...steps, softmaxStep(step.value, all)];
  if (!name || (name === "linear" && steps.length)) return steps;
  return [...steps, { text: `${name}(${format(step.value)})`, value: ACTIVATIONS[name](step.value) }];
}

function softmaxStep(value, all) {
  const index = all.indexOf(value);
  const text = `softmax: e^${format(value)}, divided by the sum of e^z over all ${all.length} numbers z of the layer`;
  return { text, value: softmax(all)[Math.max(0, index)] };
}

// Says in words which number of which map a number of a list is, through layers that change no number.
export function originOf(network, number, index) {
  let layer = network.layers[number];
  while (layer.kind === "dropout" && layer.inputs.length) layer = network.layers[layer.inputs[0]];
  if (layer.kind !== "flatten") return `number ${index + 1} of ${layer.name}`;
  const before = network.layers[layer.inputs[0]];
  if (before.shape.length !== 3) return originOf(network, layer.inputs[0], index);
  const [, width, channels] = before.shape;
  const pixel = Math.floor(index / channels);
  return `row ${Math.floor(pixel / width) + 1}, column ${(pixel % width) + 1} of ${before.name}, map ${(index % channels) + 1}`;
}
