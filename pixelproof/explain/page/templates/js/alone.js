// The classifier alone: a photo in, an answer out. `pixelproof` is there for the curious, in the browser's console.

import { Network } from "./network.js";
import { OwnPhoto } from "./own_photo.js";
import { readPhoto } from "./photo.js";

const network = new Network(JSON.parse(document.getElementById("network-data").textContent));

async function take(image, name) {
  const number = network.add(name, image);
  const outputs = await network.outputs(number);
  network.photos[number].own = null; // its pixels are no longer needed
  return outputs && network.photos[number];
}

const own = new OwnPhoto(document.getElementById("own-photo"), network, take);
globalThis.pixelproof = { network, own, readPhoto };
