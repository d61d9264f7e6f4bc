// Every section of the page follows the photo that is chosen: its pictures, and the numbers of its examples.

import { drawMap, drawPhoto, element } from "./draw.js";
import { examplePatch } from "./example_patch.js";
import { PHOTOS, brightness, enlarged, numbersOf, pooled } from "./recipes.js";
import { slideDemo } from "./slide_demo.js";
import { Tensor } from "./tensor.js";

const LONGEST_PX = 4000; // of the photo as one line

export class Follower {
  constructor(network) {
    Object.assign(this, { network, shown: 0 }); // the page comes with the first photo
    const demo = document.querySelectorAll(".slide-demo")[1];
    this.demo = { place: demo, pristine: demo.outerHTML };
  }

  show(outputs, number) {
    if (number === this.shown) return;
    this.shown = number;
    const { label, id } = this.network.photos[number];
    const photo = enlarged(this.network.photo(number));
    const grey = brightness(photo, Math.round);
    document.querySelectorAll("[data-follows=label]").forEach((each) => (each.textContent = this.network.classes[label] ?? id));
    document.querySelectorAll("img[data-recipe]").forEach((img) => this.picture(img, JSON.parse(img.dataset.recipe), photo, outputs));
    pixelTables(photo);
    document.querySelector("#flattening .strip").src = strip(photo);
    const small = patchOf(grey, 4, 2);
    document.querySelectorAll("#cases [data-recipes]").forEach((item) => caseTables(item, small));
    this.slide(patchOf(grey, 6, 3));
    const [seen, ...results] = document.querySelectorAll("#pooling .inside > .matrices table");
    fill(seen, small, true);
    ["max", "average", "l2"].forEach((kind, i) => fill(results[i], pooled(small, kind)));
  }

  picture(img, recipe, photo, outputs) {
    const canvas = element("canvas");
    const name = img.alt;
    if (recipe.op === "map") {
      const layer = this.network.layers.findIndex((each) => each.name === recipe.layer);
      drawMap(canvas, outputs[layer], recipe.channel, name);
    } else if (recipe.op in PHOTOS) drawPhoto(canvas, PHOTOS[recipe.op](photo, recipe), name);
    else drawMap(canvas, numbersOf(brightness(photo), recipe), 0, name);
    img.src = canvas.toDataURL();
  }

  // The example that slides begins anew.
  slide(patch) {
    const made = new DOMParser().parseFromString(this.demo.pristine, "text/html").body.firstElementChild;
    const [image, weights, output] = made.querySelectorAll("table");
    const filter = [...weights.rows].map((line) => [...line.cells].map((cell) => Number(cell.dataset.value)));
    fill(image, patch);
    fill(output, numbersOf(patch, { op: "convolve", weights: filter, stride: 1, zeros: [0, 0, 0, 0] }));
    const fresh = document.importNode(made, true);
    this.demo.place.replaceWith(fresh);
    this.demo.place = fresh;
    slideDemo(fresh);
  }
}

function patchOf(photo, side, window, at = examplePatch(photo, side, window)) {
  const { channels } = photo;
  const patch = new Tensor([side, side, channels]);
  patch.data.forEach((_, i) => {
    const pixel = Math.floor(i / channels);
    patch.data[i] = photo.at(at.top + Math.floor(pixel / side), at.left + (pixel % side), i % channels);
  });
  return patch;
}

function pixelTables(photo) {
  const tables = document.querySelectorAll("#pixels .inside > .matrices table");
  const [rows, columns] = [tables[0].rows.length, tables[0].rows[0].cells.length];
  const isWhole = rows === photo.shape[0] && columns === photo.shape[1];
  const part = isWhole ? photo : patchOf(photo, rows, 3, examplePatch(brightness(photo), rows, 3));
  tables.forEach((table, channel) => fill(table, part, true, channel));
}

// Puts numbers into a table, in its picture's cells: those of zeros around it stay.
function fill(table, numbers, areShaded = false, channel = 0) {
  [...table.rows].forEach((line, row) =>
    [...line.cells]
      .filter((cell) => !cell.classList.contains("zero"))
      .forEach((cell, column) => {
        const value = numbers.at(row, column, channel);
        cell.textContent = written(value);
        if ("value" in cell.dataset) cell.dataset.value = value;
        if (areShaded) cell.className = `g${Math.min(15, value >> 4)}`;
      }),
  );
}

const written = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 }).replace("-", "\u2212").replace(/^\u22120$/, "0");

function caseTables(item, patch) {
  const recipes = JSON.parse(item.dataset.recipes);
  const tables = [...item.querySelectorAll("table")];
  const isPadded = recipes.some(({ shown }) => shown.some(Boolean));
  tables.slice(0, isPadded ? recipes.length : 1).forEach((table) => fill(table, patch, true));
  tables.slice(-recipes.length).forEach((table, i) => fill(table, numbersOf(patch, recipes[i])));
}

// The photo as one line, every few pixels of a long one together.
function strip(photo) {
  const { channels } = photo;
  const pixels = photo.data.length / channels;
  const times = Math.ceil(pixels / LONGEST_PX);
  const line = new Tensor([1, Math.ceil(pixels / times), channels]);
  line.data.forEach((_, i) => {
    const start = Math.floor(i / channels) * times;
    const seen = Array.from({ length: Math.min(times, pixels - start) }, (_, j) => photo.data[(start + j) * channels + (i % channels)]);
    line.data[i] = Math.round(seen.reduce((a, b) => a + b, 0) / seen.length);
  });
  const canvas = element("canvas");
  drawPhoto(canvas, line, "");
  return canvas.toDataURL();
}
