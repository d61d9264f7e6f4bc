// The network from photo to class: a row of activation maps for each layer.

import { answerList } from "./answers.js";
import { Detail } from "./detail.js";
import { drawLayer, element } from "./draw.js";
import { rove } from "./matrix.js";
import { mapCount } from "./tensor.js";
import { worded } from "./words.js";

const SHOWN = 12; // maps of a layer before "all" is asked for
const THUMBNAIL_PX = 96;

function kindOf({ kind, options }) {
  const activation = options.activation === "linear" ? undefined : options.activation;
  return [kind.replaceAll("_", " "), activation].filter(Boolean).join(", ");
}

export class Overview {
  constructor(root, network) {
    Object.assign(this, { root, network, detail: null, all: new Set() });
    this.rows = network.layers.map((layer, number) => this.buildRow(layer, number));
    root.replaceChildren(...this.rows.map(({ item }) => item));
  }

  buildRow(layer, number) {
    const maps = element("div", { class: "maps", role: "group", "aria-label": `maps of ${layer.name}` });
    const kind = layer.kind === "box" ? `${layer.class}, shown as a box: ${layer.reason}` : kindOf(layer);
    const facts = [layer.shape.join("\u00d7")];
    if (layer.parameters) facts.push(`${layer.parameters.toLocaleString("en")} parameters`);
    const from = layer.inputs.map((input) => this.network.layers[input].name).join(" and ");
    if (layer.inputs.some((input) => input !== number - 1)) facts.push(`from ${from}`);
    const heading = element("h4", {}, layer.name, " ", element("small", {}, ...worded(kind)));
    const item = element("li", { class: "layer" }, element("div", { class: "facts" }, heading, element("p", {}, facts.join(", "))), maps);
    return { item, maps };
  }

  // Shows what the layers make of a photo; an opened map stays open, at the new photo's numbers.
  show(outputs, photo) {
    Object.assign(this, { outputs, photo });
    this.rows.forEach((row, number) => this.fill(row, number));
    if (this.detail) this.open(this.detail.number, this.detail.channel);
  }

  fill({ maps }, number) {
    const tensor = this.outputs[number];
    const count = mapCount(tensor);
    const shown = this.all.has(number) ? count : Math.min(count, SHOWN);
    const buttons = Array.from({ length: shown }, (_, channel) => this.mapButton(number, channel, count));
    const showAll = { type: "button", class: "more", onclick: () => this.showAll(number) };
    const more = count > shown ? element("button", showAll, `all ${count} maps`) : null;
    maps.replaceChildren(...buttons, ...(more ? [more] : []), ...this.answers(number));
    rove([...buttons, ...(more ? [more] : [])]);
  }

  showAll(number) {
    this.all.add(number);
    this.fill(this.rows[number], number);
    this.rows[number].maps.children[SHOWN].focus();
  }

  mapButton(number, channel, count) {
    const layer = this.network.layers[number];
    const canvas = element("canvas");
    const name = count > 1 ? `${layer.name}, map ${channel + 1} of ${count}` : layer.name;
    drawLayer(canvas, layer, this.outputs[number], channel, name, THUMBNAIL_PX);
    const list = this.outputs[number].isImage ? "" : " list";
    const columns = `--columns: ${canvas.width}`;
    const open = () => this.open(number, channel, true);
    const attributes = { type: "button", class: `map${list}`, style: columns, "aria-expanded": "false", onclick: open };
    return element("button", attributes, canvas);
  }

  // The classes with their probabilities, beside the last layer.
  answers(number) {
    if (number !== this.network.layers.length - 1) return [];
    const { probabilities, label } = this.network.photos[this.photo];
    return [answerList(this.network.classes, probabilities, label)];
  }

  // Shows at once what the page is about: the first convolution at work.
  openFirst() {
    const first = this.network.layers.findIndex(({ kind }) => kind.includes("conv"));
    if (first >= 0) this.open(first, 0);
  }

  open(number, channel, focus = false) {
    this.close();
    const count = mapCount(this.outputs[number]);
    const turn = (step) => this.open(number, (channel + step + count) % count, true);
    const close = () => {
      this.close();
      this.rows[number].maps.children[Math.min(channel, SHOWN - 1)].focus();
    };
    this.detail = new Detail(this.network, this.outputs, number, channel, { turn, close });
    this.rows[number].item.append(this.detail.root);
    this.rows[number].maps.children[channel]?.setAttribute("aria-expanded", "true");
    for (const input of this.network.layers[number].inputs) this.rows[input].item.classList.add("feeds");
    if (focus) this.detail.heading.focus();
  }

  close() {
    if (!this.detail) return;
    this.rows[this.detail.number].maps.children[this.detail.channel]?.setAttribute("aria-expanded", "false");
    this.detail.root.remove();
    this.detail = null;
    this.rows.forEach(({ item }) => item.classList.remove("feeds"));
  }
}
