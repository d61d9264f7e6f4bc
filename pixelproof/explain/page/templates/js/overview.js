// The network from photo to class: a row of activation maps for each layer.

import { answerList } from "./answers.js";
import { Detail } from "./detail.js";
import { drawLayer, element } from "./draw.js";
import { rove } from "./matrix.js";
import { mapCount } from "./tensor.js";
import { worded } from "./words.js";

const SHOWN = 12; // maps of a layer before "all" is asked for
const SHOWN_INSIDE = 4; // of a layer within a group
const THUMBNAIL_PX = 96;

function kindOf({ kind, options }) {
  const activation = options.activation === "linear" ? undefined : options.activation;
  return [kind.replaceAll("_", " "), activation].filter(Boolean).join(", ");
}

export class Overview {
  constructor(root, network) {
    Object.assign(this, { root, network, detail: null, all: new Set(), explained: new Set() });
    this.rows = network.layers.map((layer, number) => this.layerRow(layer, number));
    this.groups = []; // the rows of groups, each of which shows the maps of its last layer
    root.replaceChildren(...network.groups.map((member) => this.memberItem(member)));
  }

  memberItem(member) {
    return typeof member === "number" ? this.rows[member].item : this.groupRow(member).item;
  }

  layerRow(layer, number) {
    const kind = layer.kind === "box" ? `${layer.class}, shown as a box: ${layer.reason}` : kindOf(layer);
    const facts = [layer.shape.join("\u00d7")];
    if (layer.parameters) facts.push(`${layer.parameters.toLocaleString("en")} parameters`);
    const from = layer.inputs.map((input) => this.network.layers[input].name).join(" and ");
    if (layer.inputs.some((input) => input !== number - 1)) facts.push(`from ${from}`);
    return this.row(number, layer.name, kind, facts.join(", "));
  }

  row(number, name, kind, facts) {
    const maps = element("div", { class: "maps", role: "group", "aria-label": `maps of ${name}` });
    const heading = element("h4", {}, name, " ", element("small", {}, ...worded(kind, this.explained)));
    const text = element("div", { class: "facts" }, heading, element("p", {}, facts));
    return { number, maps, text, item: element("li", { class: "layer", "data-layer": name }, text, maps), isStale: false };
  }

  // Layers that belong together: a row with the maps of the last of them, which opens.
  groupRow({ name, says, members }) {
    const numbers = numbersIn(members);
    const parameters = numbers.reduce((sum, number) => sum + this.network.layers[number].parameters, 0);
    const last = numbers[numbers.length - 1];
    const facts = [this.network.layers[last].shape.join("\u00d7")];
    if (parameters) facts.push(`${parameters.toLocaleString("en")} parameters`);
    const row = this.row(last, name, says, facts.join(", "));
    row.list = element("ol", { class: "members", hidden: true }, ...members.map((member) => this.memberItem(member)));
    row.toggle = element("button", { type: "button", class: "more", "aria-expanded": "false", onclick: () => this.unfold(row, row.list.hidden) });
    row.toggle.textContent = `its ${numbers.length} layers`;
    row.text.append(row.toggle);
    row.item.classList.add("group");
    delete row.item.dataset.layer;
    row.item.dataset.group = name;
    row.item.append(row.list);
    this.groups.push(row);
    return row;
  }

  unfold(row, open) {
    if (!open && row.list.contains(this.detail?.root)) this.close();
    row.list.hidden = !open;
    row.toggle.setAttribute("aria-expanded", String(open));
    this.refresh();
  }

  // Opens the groups that a layer is folded in.
  reveal(number) {
    this.groups.filter(({ list }) => list.contains(this.rows[number].item)).forEach((row) => this.unfold(row, true));
  }

  // Shows what the layers make of a photo; an opened map stays open, at the new photo's numbers.
  show(outputs, photo) {
    Object.assign(this, { outputs, photo });
    [...this.rows, ...this.groups].forEach((row) => (row.isStale = true));
    this.refresh();
    if (this.detail) this.open(this.detail.number, this.detail.channel, false, this.detailRow);
  }

  // Draws the rows that can be seen; the others when they are unfolded.
  refresh() {
    const stale = [...this.rows, ...this.groups].filter(({ item, isStale }) => isStale && !item.closest("[hidden]"));
    stale.forEach((row) => this.fill(row));
  }

  fill(row) {
    row.isStale = false;
    const { maps, number } = row;
    const count = mapCount(this.outputs[number]);
    const shown = this.all.has(row) ? count : Math.min(count, shownAtFirst(row));
    const buttons = Array.from({ length: shown }, (_, channel) => this.mapButton(row, channel, count));
    const more = count > shown ? [element("button", { type: "button", class: "more", onclick: () => this.showAll(row) }, `all ${count} maps`)] : [];
    maps.replaceChildren(...buttons, ...more, ...this.answers(row));
    rove([...buttons, ...more]);
  }

  showAll(row) {
    this.all.add(row);
    this.fill(row);
    row.maps.children[shownAtFirst(row)].focus();
  }

  mapButton(row, channel, count) {
    const { number } = row;
    const layer = this.network.layers[number];
    const canvas = element("canvas");
    const name = count > 1 ? `${layer.name}, map ${channel + 1} of ${count}` : layer.name;
    drawLayer(canvas, layer, this.outputs[number], channel, name, THUMBNAIL_PX);
    const isSquare = canvas.height > 8; // at the width of a list it would fill the screen
    const list = this.outputs[number].isImage ? "" : isSquare ? " list square" : " list";
    const columns = `--columns: ${canvas.width}`;
    const open = () => this.open(number, channel, true, row);
    const attributes = { type: "button", class: `map${list}`, style: columns, "aria-expanded": "false", onclick: open };
    return element("button", attributes, canvas);
  }

  // The classes with their probabilities, beside the last layer.
  answers({ number }) {
    if (number !== this.network.layers.length - 1) return [];
    const photo = this.network.photos[this.photo];
    return [answerList(this.network.classes, photo.probabilities, photo.label), ...passesSaid(this.network, photo)];
  }

  // Shows at once what the page is about: the first convolution at work.
  openFirst() {
    const first = this.network.layers.findIndex(({ kind }) => kind.includes("conv"));
    if (first >= 0) this.open(first, 0);
  }

  // row: where to open it; else the layer's own, which is unfolded.
  open(number, channel, focus = false, row = null) {
    this.close();
    if (!row) this.reveal(number);
    this.detailRow = row ?? this.rows[number];
    const { maps } = this.detailRow;
    const count = mapCount(this.outputs[number]);
    const turn = (step) => this.open(number, (channel + step + count) % count, true, this.detailRow);
    const close = () => {
      this.close();
      maps.children[Math.min(channel, maps.querySelectorAll(".map").length - 1)].focus();
    };
    this.detail = new Detail(this.network, this.outputs, number, channel, { turn, close });
    maps.after(this.detail.root);
    maps.children[channel]?.setAttribute("aria-expanded", "true");
    for (const input of this.network.layers[number].inputs) this.rowsOf(input).forEach((feeding) => feeding.item.classList.add("feeds"));
    if (focus) this.detail.heading.focus();
  }

  // The rows that show a layer's maps: its own, and those of the groups that it is the last of.
  rowsOf(number) {
    return [this.rows[number], ...this.groups.filter((row) => row.number === number)];
  }

  close() {
    if (!this.detail) return;
    this.detailRow.maps.children[this.detail.channel]?.setAttribute("aria-expanded", "false");
    this.detail.root.remove();
    this.detail = null;
    [...this.rows, ...this.groups].forEach(({ item }) => item.classList.remove("feeds"));
  }
}

// How the answer of a network that also looks at the mirror image comes about.
function passesSaid(network, { passes, probabilities, predicted }) {
  if (!network.mirrored) return [];
  const more = "This network answers for the photo and for its mirror image, and takes the mean";
  if (!network.hasTwoPasses) return [element("p", { class: "passes" }, `${more}; this page computes the photo itself only.`)];
  const [one, other, mean] = [passes[0], passes[1], probabilities].map((shares) => `${(100 * shares[predicted]).toFixed(2)} %`);
  const sum = element("b", {}, `(${one} + ${other}) / 2 = ${mean}`);
  return [element("p", { class: "passes" }, `${more}: for ${network.classes[predicted]} `, sum)];
}

const shownAtFirst = ({ item }) => (item.parentElement.matches(".members") ? SHOWN_INSIDE : SHOWN);
const numbersIn = (members) => members.flatMap((member) => (typeof member === "number" ? [member] : numbersIn(member.members)));
