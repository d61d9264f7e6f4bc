// The coefficients of a JPEG to pixels, as libjpeg-turbo makes them: chroma spread with a triangle filter, then RGB.

import { samplesOf } from "./jpeg_blocks.js";
import { ZIGZAG } from "./jpeg_scans.js";

const clamp = (value) => Math.max(0, Math.min(255, value));

// How many samples of a component a side of its blocks becomes at `side` of the whole: chroma shrinks less instead of
// being spread.
function sideOf({ h, v }, { maxH, maxV }, side) {
  let own = side;
  while (own < 8 && (maxH * side) % (h * own * 2) === 0 && (maxV * side) % (v * own * 2) === 0) own *= 2;
  return own;
}

// Spreads a plane to (height, width): by two with a triangle filter, by other numbers by repetition.
function spread(plane, across, down, width, height, fancy) {
  const smooth = fancy && plane.width > 2;
  if (across === 1 && down === 1) return plane;
  if (across === 2 && down === 1 && smooth) return spreadAcross(plane, width);
  if (across === 1 && down === 2 && fancy) return spreadDown(plane);
  if (across === 2 && down === 2 && smooth) return spreadBoth(plane);
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[i++] = plane.data[Math.floor(y / down) * plane.stride + Math.floor(x / across)];
  return { data, stride: width };
}

function spreadAcross({ data, width, height, stride }) {
  const wide = new Uint8Array(2 * width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0, at = y * stride; x < width; x++, at++) {
      wide[i++] = x ? (3 * data[at] + data[at - 1] + 1) >> 2 : data[at];
      wide[i++] = x < width - 1 ? (3 * data[at] + data[at + 1] + 2) >> 2 : data[at];
    }
  return { data: wide, stride: 2 * width };
}

function spreadDown({ data, width, height, stride }) {
  const tall = new Uint8Array(2 * width * height);
  for (let y = 0, i = 0; y < 2 * height; y++) {
    const [own, other] = neighbours(y, height, stride);
    for (let x = 0; x < width; x++) tall[i++] = (3 * data[own + x] + data[other + x] + 1 + (y & 1)) >> 2;
  }
  return { data: tall, stride: width };
}

function spreadBoth({ data, width, height, stride }) {
  const large = new Uint8Array(4 * width * height);
  for (let y = 0, i = 0; y < 2 * height; y++) {
    const [own, other] = neighbours(y, height, stride);
    const sum = (x) => 3 * data[own + x] + data[other + x];
    for (let x = 0; x < width; x++) {
      const here = sum(x);
      large[i++] = x ? (3 * here + sum(x - 1) + 8) >> 4 : (4 * here + 8) >> 4;
      large[i++] = x < width - 1 ? (3 * here + sum(x + 1) + 7) >> 4 : (4 * here + 7) >> 4;
    }
  }
  return { data: large, stride: 2 * width };
}

// Where the row that an output row lies in begins, and the one next to it.
function neighbours(y, height, stride) {
  const row = y >> 1;
  const other = Math.max(0, Math.min(height - 1, row + (y & 1 ? 1 : -1)));
  return [row * stride, other * stride];
}

const x128 = (factor, half = 0) => Int32Array.from({ length: 256 }, (_, i) => Math.round(factor * 65536) * (i - 128) + half);
const RED = x128(1.402, 32768).map((value) => value >> 16);
const BLUE = x128(1.772, 32768).map((value) => value >> 16);
const [GREEN_CB, GREEN_CR] = [x128(-0.34414, 32768), x128(-0.71414)];

function toRgb(pixels, count, channels) {
  for (let i = 0; i < count * channels; i += channels) {
    const [y, cb, cr] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    pixels[i] = clamp(y + RED[cr]);
    pixels[i + 1] = clamp(y + ((GREEN_CB[cb] + GREEN_CR[cr]) >> 16));
    pixels[i + 2] = clamp(y + BLUE[cb]);
  }
}

// Printing inks, which Adobe's programs store inverted, to RGB.
function fromInks(pixels, count, inverted) {
  const data = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) {
    const [c, m, y, k] = pixels.subarray(4 * i, 4 * i + 4).map((ink) => (inverted ? 255 - ink : ink));
    [c, m, y].forEach((ink, channel) => {
      const product = ink * (255 - k) + 128;
      data[3 * i + channel] = clamp(255 - k - (((product >> 8) + product) >> 8));
    });
  }
  return data;
}

function isYcc({ transform, frame }) {
  if (transform !== null) return transform > 0;
  return frame.parts.length === 3 && frame.parts.map(({ id }) => String.fromCharCode(id)).join("") !== "RGB";
}

// The chroma subsampling by its usual name, as what scaling may lose depends on it.
export function subsampling({ parts, maxH, maxV }) {
  const [first, ...others] = parts;
  if (parts.length === 1) return "Gray";
  if (parts.length !== 3 || others.some(({ h, v }) => h !== 1 || v !== 1) || first.h !== maxH || first.v !== maxV) return "other";
  return { "1x1": "444", "2x1": "422", "2x2": "420", "1x2": "440", "4x1": "411" }[`${maxH}x${maxV}`] ?? "other";
}

// Returns { data, width, height, channels } of a photo that `readJpeg` has read, at 1/`scale` of its size; only its
// brightness with `grey`. Pauses after every row of blocks.
export function* jpegPixels(photo, scale = 1, grey = false) {
  const { frame } = photo;
  const side = 8 / scale;
  const [width, height] = [frame.width, frame.height].map((pixels) => Math.ceil(pixels / scale));
  const parts = grey || frame.parts.length === 2 ? frame.parts.slice(0, 1) : frame.parts;
  const data = new Uint8Array(width * height * parts.length);
  for (const [c, part] of parts.entries()) {
    part.natural = new Int32Array(64);
    part.quantisation.forEach((step, k) => (part.natural[ZIGZAG[k]] = step));
    const own = sideOf(part, frame, side);
    const plane = yield* samplesOf(part, own, frame);
    const [across, down] = [(frame.maxH * side) / (part.h * own), (frame.maxV * side) / (part.v * own)];
    const { data: samples, stride } = spread(plane, across, down, width, height, side > 1);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data[(y * width + x) * parts.length + c] = samples[y * stride + x];
    yield;
  }
  if (parts.length >= 3 && isYcc(photo)) toRgb(data, width * height, parts.length);
  if (parts.length < 4) return { data, width, height, channels: parts.length };
  const inverted = photo.transform !== null;
  return { data: fromInks(isYcc(photo) ? inverse(data) : data, width * height, inverted), width, height, channels: 3 };
}

// YCCK holds the complements of the inks; libjpeg turns three of the four back.
function inverse(data) {
  return data.map((value, i) => (i % 4 === 3 ? value : 255 - value));
}
