// Connects the parts of the page. `pixelproof` is there for the curious, in the browser's console.

import { drawPhoto, element } from "./draw.js";
import { unfoldByAddress } from "./folds.js";
import { Follower } from "./follow.js";
import { LearningLab } from "./learning_lab.js";
import { Network } from "./network.js";
import { OutputLab } from "./output_lab.js";
import { Overview } from "./overview.js";
import { OwnPhoto } from "./own_photo.js";
import { askQuestions } from "./questions.js";
import { slideDemo } from "./slide_demo.js";
import { StepLab } from "./step_lab.js";
import { format } from "./tensor.js";
import { WindowLab } from "./window_lab.js";
import { explainWords } from "./words.js";

unfoldByAddress();
const find = (id) => document.getElementById(id);
const data = JSON.parse(find("network-data").textContent);
const network = new Network(data);
const overview = new Overview(find("layers"), network);
const follower = new Follower(network);
const outputLab = new OutputLab(find("output-lab"), network);
const stepLab = new StepLab(find("step-lab"));
const learningLab = new LearningLab(find("learning-lab"), network, data.learning, (...chosen) => stepLab.show(...chosen));
const windowLabs = [
  new WindowLab(find("window-lab"), { operations: ["upright", "blur", "own"], size: 7, kernel: 3, stride: 1, rings: 0, dilation: 1 }),
  new WindowLab(find("pooling-lab"), { operations: ["max", "average", "l2"], size: 8, kernel: 2, stride: 2 }),
];

function photoChoice(photo, number) {
  const canvas = element("canvas");
  const [label, predicted] = [photo.label, photo.predicted].map((each) => network.classes[each]);
  const right = photo.own || photo.label === photo.predicted;
  const words = right ? label : `${label}, taken for ${predicted}`;
  drawPhoto(canvas, network.photo(number), photo.own ? `your photo ${photo.id}` : `test photo ${photo.id}: ${words}`);
  const input = element("input", { type: "radio", name: "photo", value: number, checked: number === 0, onchange: () => choose(number) });
  const caption = element("span", {}, photo.own ? photo.id : `${right ? "\u2713" : "\u2717"} ${words}`);
  return element("label", { class: right ? "photo right" : "photo wrong" }, input, canvas, caption);
}

// Of a network that also looks at the mirror image: whose maps are shown.
let isMirrored = false;

function passChoice() {
  const pick = (words, value) => {
    const change = () => {
      isMirrored = value;
      choose(Number(find("network-status").dataset.photo));
    };
    return element("label", {}, element("input", { type: "radio", name: "pass", checked: !value, onchange: change }), ` ${words} `);
  };
  const legend = element("legend", {}, "This network answers for the photo and for its mirror image, and takes the mean. Show the maps of");
  return element("fieldset", { id: "passes" }, legend, pick("the photo", false), pick("its mirror image", true));
}

async function choose(number) {
  const status = find("network-status");
  const began = performance.now();
  const outputs = await network.outputs(number, (layer) => (status.textContent = `computing ${layer.name} \u2026`), isMirrored);
  if (!outputs) return null;
  const took = performance.now() - began;
  overview.show(outputs, number);
  outputLab.show(outputs, number);
  follower.show(outputs, number);
  learningLab.show(number);
  windowLabs.forEach((lab) => lab.show(network.photo(number)));
  const speed = `${network.layers.length} layers computed in your browser in ${Math.round(took)} ms`;
  status.textContent = network.photos[number].own || isMirrored ? `${speed}.` : `${speed}; ${accuracy(outputs, number)}`;
  status.dataset.photo = number;
  status.dataset.mirrored = isMirrored;
  return network.photos[number];
}

function accuracy(outputs, number) {
  const { share, samples } = network.difference(outputs, number);
  find("network-status").dataset.difference = share;
  return `the largest difference from Keras's own numbers, at ${samples} places, is ${format(share)} of the layer's largest number.`;
}

// A photo of the reader's becomes one more to choose.
async function take(image, name) {
  const number = network.add(name, image);
  const choice = photoChoice(network.photos[number], number);
  find("photos").append(choice);
  choice.querySelector("input").checked = true;
  return choose(number);
}

find("photos").replaceChildren(...network.photos.map(photoChoice));
if (network.hasTwoPasses) find("photos").closest("fieldset").after(passChoice());
document.querySelectorAll(".slide-demo").forEach(slideDemo);
askQuestions();
explainWords();
const own = new OwnPhoto(find("own-photo"), network, take);
globalThis.pixelproof = { network, overview, choose, own, learningLab, stepLab };
choose(0).then(() => overview.openFirst());
