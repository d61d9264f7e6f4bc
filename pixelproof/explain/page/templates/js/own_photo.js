// A photo of the reader's: dropped, pasted, chosen or taken; then read as the pipeline does, and answered. It stays here.

import { answerList } from "./answers.js";
import { drawPhoto, element } from "./draw.js";
import { readPhoto } from "./photo.js";
import { Refusal } from "./refusal.js";
import { Tensor } from "./tensor.js";

const SHOWN = 5; // classes that are listed, the likeliest first

export class OwnPhoto {
  // take(image, name): resolves to the photo with `predicted` and `probabilities`; to null if it is no longer wanted.
  constructor(root, network, take) {
    Object.assign(this, { root, network, take });
    this.status = element("p", { role: "status", class: "own-status" });
    this.result = element("div", { class: "own-result" });
    const { box } = network;
    if (box) this.status.textContent = `Not on this page: it cannot compute the layer ${box.name} for other photos (${box.reason}).`;
    else this.listen();
    root.append(...(box ? [] : [this.buttons()]), this.status, this.result);
  }

  buttons() {
    const choice = (words, attributes) => {
      const onchange = () => this.readFirst(input.files, input);
      const input = element("input", { type: "file", accept: "image/*", "aria-label": words, ...attributes, onchange });
      return element("label", { class: "choose" }, words, input);
    };
    const hint = element("span", {}, "or drop one here, or paste it.");
    return element("div", { class: "choices" }, choice("Choose a photo", {}), choice("Take a photo", { capture: "environment" }), hint);
  }

  listen() {
    const over = (event) => {
      event.preventDefault();
      this.root.classList.toggle("over", event.type === "dragover");
    };
    for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, over);
    document.addEventListener("drop", (event) => this.readFirst(event.dataTransfer.files));
    document.addEventListener("paste", (event) => this.readFirst(event.clipboardData.files));
  }

  // An input that is emptied tells of the same file again.
  async readFirst([file], input = null) {
    if (!file) return;
    if (input) input.value = "";
    await this.read(new Uint8Array(await file.arrayBuffer()), file.name || "pasted photo");
  }

  async read(bytes, name) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    delete this.root.dataset.answered;
    this.result.replaceChildren();
    this.say(`reading ${name} \u2026`);
    try {
      const image = await readPhoto(bytes, this.network.preprocessing);
      if (turn !== this.turn) return;
      this.say(`computing the answer for ${name} \u2026`);
      const photo = await this.take(image, name);
      if (photo && turn === this.turn) this.show(photo, image, name);
    } catch (error) {
      if (turn === this.turn) this.refuse(error, name);
    }
    if (turn === this.turn) this.root.dataset.answered = name;
  }

  say(words, refused = false) {
    this.status.textContent = words;
    this.status.classList.toggle("refused", refused);
  }

  refuse(error, name) {
    this.say(`${name} cannot be used. ${error.message}`, true);
    if (!(error instanceof Refusal)) throw error;
  }

  show({ predicted, probabilities }, image, name) {
    const { classes } = this.network;
    this.say(`${name}: ${classes[predicted]}, with ${(100 * probabilities[predicted]).toFixed(1)} %`);
    const canvas = element("canvas");
    const { height, width, channels } = image;
    drawPhoto(canvas, new Tensor([height, width, channels], image.data), `${name} as the network sees it, ${width} by ${height} pixels`);
    const order = [...classes.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, SHOWN);
    const seen = element("figure", {}, canvas, element("figcaption", {}, "as the network sees it"));
    this.result.replaceChildren(seen, answerList(classes, probabilities, null, order));
  }
}
