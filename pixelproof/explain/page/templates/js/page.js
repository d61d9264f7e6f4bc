// Connects the parts of the page. `pixelproof` is there for the curious, in the browser's console.

import { drawPhoto, element } from "./draw.js";
import { Network } from "./network.js";
import { OutputLab } from "./output_lab.js";
import { Overview } from "./overview.js";
import { slideDemo } from "./slide_demo.js";
import { format } from "./tensor.js";
import { WindowLab } from "./window_lab.js";

const find = (id) => document.getElementById(id);
const network = new Network(JSON.parse(find("network-data").textContent));
const overview = new Overview(find("layers"), network);
const outputLab = new OutputLab(find("output-lab"), network);
const windowLabs = [
  new WindowLab(find("window-lab"), { operations: ["upright", "blur"], size: 7, kernel: 3, stride: 1, rings: 0 }),
  new WindowLab(find("pooling-lab"), { operations: ["max", "average", "l2"], size: 8, kernel: 2, stride: 2 }),
];

function photoChoice(photo, number) {
  const canvas = element("canvas");
  const [label, predicted] = [network.classes[photo.label], network.classes[photo.predicted]];
  const right = photo.label === photo.predicted;
  const words = right ? label : `${label}, taken for ${predicted}`;
  drawPhoto(canvas, network.photo(number), `test photo ${photo.id}: ${words}`);
  const input = element("input", { type: "radio", name: "photo", value: number, checked: number === 0, onchange: () => choose(number) });
  const caption = element("span", {}, `${right ? "\u2713" : "\u2717"} ${words}`);
  return element("label", { class: right ? "photo right" : "photo wrong" }, input, canvas, caption);
}

async function choose(number) {
  const status = find("network-status");
  status.textContent = "computing every layer \u2026";
  const began = performance.now();
  const outputs = await network.outputs(number);
  if (!outputs) return;
  const took = performance.now() - began;
  overview.show(outputs, number);
  outputLab.show(outputs, number);
  windowLabs.forEach((lab) => lab.show(network.photo(number)));
  const { share, layers, samples } = network.difference(outputs, number);
  status.textContent =
    `${layers} layers computed in your browser in ${Math.round(took)} ms; the largest difference from Keras's own numbers, ` +
    `at ${samples} places, is ${format(share)} of the layer's largest number.`;
  Object.assign(status.dataset, { photo: number, difference: share });
}

find("photos").replaceChildren(...network.photos.map(photoChoice));
document.querySelectorAll(".slide-demo").forEach(slideDemo);
globalThis.pixelproof = { network, overview, choose };
choose(0).then(() => overview.openFirst());
