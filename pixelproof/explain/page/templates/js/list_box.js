// A long list of numbers as a list: a page of it in a box of bounded height, and a field to go to any of them.

import { element } from "./draw.js";
import { originOf } from "./steps.js";
import { format } from "./tensor.js";

const PAGE = 24; // numbers that are listed at once
export const LONG = 12; // numbers; a shorter list is seen whole in its picture

export class ListBox {
  // go(index): called with the number that the reader asks for, counted from 0.
  constructor(network, number, tensor, go) {
    Object.assign(this, { network, number, tensor, first: null });
    const count = tensor.data.length;
    const ask = () => this.field.checkValidity() && this.field.value && go(Number(this.field.value) - 1);
    this.field = element("input", { type: "number", min: 1, max: count, step: 1, onchange: ask });
    const label = element("label", {}, "number ", this.field, ` of ${count.toLocaleString("en")}`);
    const name = `numbers of ${network.layers[number].name}`;
    this.rows = element("ol");
    this.box = element("div", { class: "numbers", tabindex: 0, role: "region", "aria-label": name }, this.rows);
    this.root = element("div", { class: "list-box" }, label, this.box);
  }

  show(index) {
    this.field.value = index + 1;
    const first = index - (index % PAGE);
    if (first !== this.first) this.fill(first);
    [...this.rows.children].forEach((row, i) => row.classList.toggle("seen", first + i === index));
    const row = this.rows.children[index - first];
    const scroll = () => (this.box.scrollTop = Math.max(0, row.offsetTop - this.box.clientHeight / 2));
    requestAnimationFrame(scroll); // once the box is on the page
  }

  fill(first) {
    this.first = first;
    const count = Math.min(PAGE, this.tensor.data.length - first);
    this.rows.start = first + 1;
    this.rows.replaceChildren(...Array.from({ length: count }, (_, i) => this.row(first + i)));
  }

  row(index) {
    const from = this.network.layers[this.number].kind === "flatten" ? ` ${originOf(this.network, this.number, index)}` : "";
    return element("li", { value: index + 1 }, element("b", {}, format(this.tensor.data[index])), element("small", {}, from));
  }
}
