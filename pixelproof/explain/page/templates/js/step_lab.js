// "One step of learning, by hand": the chain of back-propagation written out, for the last layer and for one filter.

import { drawMap, element } from "./draw.js";
import { matrixTable } from "./matrix.js";
import { stepOfFilter, stepOfLast, whyNot } from "./one_step.js";
import { Tensor, format } from "./tensor.js";

export class StepLab {
  constructor(root) {
    this.root = root;
    this.fold = root.closest("details");
    this.fold.addEventListener("toggle", () => this.update());
  }

  show(network, outputs, photo) {
    Object.assign(this, { network, outputs, photo });
    return this.update();
  }

  // Computes only what its reader can see.
  async update() {
    const { network, outputs, photo } = this;
    if (!this.fold.open || !network || this.shown === outputs) return;
    const reason = whyNot(network);
    if (reason) return this.root.replaceChildren(element("p", {}, reason));
    const { label, predicted } = network.photos[photo];
    const truth = label ?? predicted;
    this.last = stepOfLast(network, outputs, truth);
    this.filter = await stepOfFilter(network, outputs, photo, truth);
    if (outputs !== this.outputs) return;
    const mirrored = network.mirrored ? [element("p", {}, "The loss here is that of the photo itself, as in training; the answer above is the mean with its mirror image's.")] : [];
    const guess = label === null ? [element("p", {}, "Nobody has told the page what your photo shows: the network's answer is taken for the truth.")] : [];
    this.root.replaceChildren(...mirrored, ...guess, ...lastLayer(this.last, network.classes, truth), ...firstFilter(this.filter));
    this.shown = outputs;
    this.root.dataset.photo = photo;
  }
}

const chain = (...lines) => element("ol", { class: "chain" }, ...lines.map((line) => element("li", {}, line)));

// Two numbers with as many digits as tell them apart; null where none do.
function apart(...numbers) {
  for (let digits = 6; digits <= 12; digits++) {
    const written = numbers.map((number) => format(number, digits));
    if (written[0] !== written[1]) return written;
  }
  return null;
}

const tiny = (loss) => (loss < 1e-12 ? "under 1e-12" : format(loss, 6));

function outcome(loss, lower, rate) {
  const all = `with all weights of this layer changed so, at the rate ${format(rate)}, the loss`;
  const written = loss < 1e-12 ? null : apart(lower, loss);
  if (!written) return `${all} is as good as unchanged, ${tiny(loss)}: the photo is recognised already, so there is hardly anything to correct`;
  return `${all} is ${written[0]}, ${lower < loss ? "lower than" : "not lower than"} ${written[1]}`;
}

// How far a probability is from what it should be; of one that is nearly 1, what it lacks.
function difference(share, wanted, gradient) {
  if (wanted === 1 && Math.abs(gradient) < 1e-4) return `(1 \u2212 ${format(-gradient)}) \u2212 1 = ${format(gradient)}`;
  return `${format(share)} \u2212 ${wanted} = ${format(gradient)}`;
}

function changed(weight, rate, gradient) {
  const [before, after] = apart(weight, weight - rate * gradient) ?? [format(weight), format(weight)];
  return `${before} \u2212 ${format(rate)} \u00d7 ${format(gradient)} = ${after}`;
}

// The chain for the last layer's weight with the largest gradient.
function lastLayer({ layer, input, units, shares, gradient, loss, kernel, rate, lower }, classes, truth) {
  const at = kernel.reduce((best, value, i) => (Math.abs(value) > Math.abs(kernel[best]) ? i : best), 0);
  const [place, unit] = [Math.floor(at / units), at % units];
  const wanted = units === 1 ? truth : Number(unit === truth);
  const weight = layer.weights.kernel[at];
  const name = units === 1 ? classes[1] : classes[unit];
  return [
    element("h4", {}, `The last layer, ${layer.name}: weight from input ${place + 1} to ${name}`),
    chain(
      `the loss: \u2212ln p(${classes[truth]}) = ${tiny(loss)}`,
      `how the loss changes with the number z of ${name}: p \u2212 y (y is 1 for the true class, 0 for others) = ${difference(shares[unit], wanted, gradient[unit])}`,
      `how z changes with the weight: by the input that it multiplies, x = ${format(input[place])}`,
      `so the gradient, how the loss changes with the weight: ${format(gradient[unit])} \u00d7 ${format(input[place])} = ${format(kernel[at])}`,
      `new weight: ${changed(weight, rate, kernel[at])}`,
      outcome(loss, lower, rate),
    ),
  ];
}

function firstFilter(step) {
  if (!step) return [element("p", {}, "This network has no convolution that its answer depends on, so that there is no filter to change.")];
  const { layer, filter, filters, kernel, delta, input, loss, rate, lower } = step;
  const [rows, columns] = layer.options.size;
  const grid = (number) => Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => number((i * columns + j) * input.channels * filters + filter)));
  const gradients = grid((at) => kernel[at]);
  const at = filter;
  const canvas = element("canvas");
  drawMap(canvas, new Tensor(layer.shape, delta), filter, `gradient by map ${filter + 1} of ${layer.name}`);
  const outputs = delta.length / filters;
  const channel = input.channels > 1 ? ", for the first channel" : "";
  return [
    element("h4", {}, `The first convolution, ${layer.name}: filter ${filter + 1}, which has the largest gradient`),
    chain(
      `p \u2212 y goes back through all layers; what arrives at the ${outputs} outputs of the filter, before its activation, is the picture below: how the loss changes with each`,
      `each weight is used for ${outputs} outputs; its gradient is the sum of ${outputs} products, the output's gradient \u00d7 the number under the weight (0 outside the photo)`,
      `the weight at the top left: ${changed(layer.weights.kernel[at], rate, kernel[at])}`,
      outcome(loss, lower, rate),
    ),
    element("figure", { class: "gradients" }, canvas, element("figcaption", {}, "how the loss changes with each output (orange: more of it makes the loss larger)")),
    element(
      "div",
      { class: "step-weights", tabindex: 0, role: "group", "aria-label": "the filter before and after the step" },
      matrixTable({ title: `weights before${channel}`, rows: grid((i) => layer.weights.kernel[i]) }),
      matrixTable({ title: "gradient", rows: gradients }),
      matrixTable({ title: "weights after", rows: grid((i) => layer.weights.kernel[i] - rate * kernel[i]) }),
    ),
  ];
}
