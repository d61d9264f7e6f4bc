// The output layer: sliders for its numbers, and the probabilities and the loss that follow from them.

import { ACTIVATIONS, softmax } from "./activations.js";
import { unitsBefore } from "./dense_sum.js";
import { element } from "./draw.js";
import { percent, writtenLoss } from "./loss.js";
import { format } from "./tensor.js";

const MOST = 12; // sliders; with more classes those with the largest numbers are shown

export class OutputLab {
  constructor(root, network) {
    Object.assign(this, { root, network });
    this.layer = network.layers[network.layers.length - 1];
    this.usable = this.layer.kind === "dense" && ["softmax", "sigmoid"].includes(this.layer.options.activation);
  }

  // Starts at the numbers that the network gives for a photo.
  show(outputs, photo) {
    if (!this.usable) return;
    this.numbers = unitsBefore(this.layer, outputs[this.layer.inputs[0]]);
    this.label = this.network.photos[photo].label;
    const order = this.numbers.map((_, i) => i).sort((a, b) => this.numbers[b] - this.numbers[a]);
    const shown = order.slice(0, MOST).sort((a, b) => a - b);
    this.bars = shown.map((unit) => this.row(unit));
    this.formula = element("p", { class: "formula", "aria-live": "polite" });
    const note = shown.length < order.length ? element("p", {}, `The ${MOST} largest of ${order.length} numbers.`) : null;
    this.root.replaceChildren(...this.bars.map(({ label }) => label), this.formula, ...(note ? [note] : []));
    this.update();
  }

  name(unit) {
    const { classes } = this.network;
    return this.numbers.length === 1 ? `${classes[1]} (against ${classes[0]})` : classes[unit];
  }

  row(unit) {
    const set = (event) => {
      this.numbers[unit] = Number(event.target.value);
      this.update();
    };
    const input = element("input", { type: "range", min: -20, max: 20, step: 0.1, oninput: set });
    input.value = this.numbers[unit];
    const text = element("span", {});
    return { unit, text, label: element("label", { class: "bar" }, text, input) };
  }

  update() {
    const shares = this.numbers.length === 1 ? this.numbers.map(ACTIVATIONS.sigmoid) : softmax(this.numbers);
    for (const { unit, text, label } of this.bars) {
      text.textContent = `${this.name(unit)}: z = ${format(this.numbers[unit])}, probability ${percent(shares[unit])}`;
      label.style.setProperty("--share", `${100 * shares[unit]}%`);
    }
    const truth = this.numbers.length === 1 ? (this.label ? shares[0] : 1 - shares[0]) : shares[this.label];
    const sigmoid = `p = 1 / (1 + e^\u2212z) = ${format(shares[0])}`;
    const share = this.numbers.length === 1 ? sigmoid : "p = e^z / (the sum of e^z over all classes)";
    const { probability, loss } = writtenLoss(truth);
    this.formula.textContent =
      `${share}. The photo shows ${this.network.classes[this.label]}, so the loss (cross-entropy) is \u2212ln ${probability} = ${loss}` +
      (truth < 1e-7 ? " (Keras takes no probability below 0.0000001)" : "");
  }
}
