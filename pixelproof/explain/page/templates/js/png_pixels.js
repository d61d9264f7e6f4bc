// The levels of a PNG file to pixels of 8 bits, grey or RGB; what is transparent shows white.

import { wordAt } from "./png.js";
import { Refusal } from "./refusal.js";

const DARKEST = 16; // below 1/16 of white a photo of 16 bits may be one of fewer
const GAMMA_TOLERANCE = 0.05; // as libpng has it: what is nearer to 1/2.2 is meant for sRGB
const SRGB = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06]; // chromaticities: white, red, green, blue
const shortAt = (bytes, at) => (bytes[at] << 8) | bytes[at + 1];

// Returns { data, width, height, channels } of what `readPng` has read. Raises Refusal.
export function pngPixels(photo) {
  const { width, height, depth } = photo;
  const { colours, alpha, channels } = photo.type === 3 ? looked(photo) : parted(photo);
  const data = depth === 16 ? scaled16(colours, alpha, channels) : scaled8(colours, alpha, photo, channels);
  return { data, width, height, channels };
}

function looked({ levels, chunks: { PLTE, tRNS } }) {
  const colours = new Uint8Array(3 * levels.length);
  const alpha = tRNS && new Uint8Array(levels.length);
  levels.forEach((index, i) => {
    for (let c = 0; c < 3; c++) colours[3 * i + c] = PLTE[3 * index + c] ?? 0;
    if (alpha) alpha[i] = tRNS[index] ?? 255;
  });
  return { colours, alpha, channels: 3 };
}

// Colours and alpha apart; one colour may be named as the transparent one.
function parted({ levels, type, channels: all, depth, chunks: { tRNS } }) {
  const channels = type & 2 ? 3 : 1;
  const full = depth === 16 ? 65535 : 255;
  if (all === channels && !tRNS) return { colours: levels, alpha: null, channels };
  const count = levels.length / all;
  const alpha = new levels.constructor(count);
  if (all === channels) {
    const clear = Array.from({ length: channels }, (_, c) => shortAt(tRNS, 2 * c));
    for (let i = 0; i < count; i++) alpha[i] = clear.every((level, c) => levels[i * channels + c] === level) ? 0 : full;
    return { colours: levels, alpha, channels };
  }
  const colours = new levels.constructor(count * channels);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) colours[i * channels + c] = levels[i * all + c];
    alpha[i] = levels[i * all + channels];
  }
  return { colours, alpha, channels };
}

// Over white as Pillow composes it, in whole numbers.
function scaled8(colours, alpha, { depth, type }, channels) {
  const factor = type === 3 ? 1 : 255 / (2 ** depth - 1);
  const data = new Uint8Array(colours.length);
  for (let i = 0; i < data.length; i++) data[i] = alpha ? overWhite(colours[i] * factor, alpha[Math.floor(i / channels)]) : colours[i] * factor;
  return data;
}

export function overWhite(level, share) {
  const sum = (level * share + 255 * (255 - share) + 128) * 128;
  return (((sum >> 8) + sum) >> 8) >> 7;
}

const halfEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

function scaled16(colours, alpha, channels) {
  const share = (i) => (alpha ? alpha[Math.floor(i / channels)] / 65535 : 1);
  const white = whiteOf(colours, share);
  const data = new Uint8Array(colours.length);
  for (let i = 0; i < data.length; i++) {
    const pixel = share(i) ? Math.min(255, halfEven(colours[i] * (255 / white))) : 0;
    data[i] = alpha ? halfEven(Math.fround(pixel * share(i) + 255 * (1 - share(i)))) : pixel;
  }
  return data;
}

// Which level is white: the last of 16 bits, or of fewer where the file proves them.
function whiteOf(levels, share) {
  let [brightest, of256, of257] = [0, true, true];
  for (let i = 0; i < levels.length; i++) {
    const seen = share(i) ? levels[i] : 0;
    brightest = Math.max(brightest, seen);
    of256 &&= seen % 256 === 0;
    of257 &&= seen % 257 === 0;
  }
  const used = brightest.toString(2).length;
  if (used >= 8 && used < 16 && brightest === 2 ** used - 1) return brightest;
  if (brightest * DARKEST >= 65535 || of256 || of257) return 65535;
  throw new Refusal("range of levels unknown", `levels up to ${brightest} of 65,535: a dark photo, or one of fewer bits; save it with 8 bits`);
}

// Which chunks say that colours differ from those of sRGB; null where none does. The first kind counts.
export function colourChunks({ sRGB, cICP, iCCP, gAMA, cHRM }) {
  if (cICP) return { cICP };
  if (iCCP) return { iCCP };
  if (sRGB || gAMA?.length !== 4) return null;
  const gamma = wordAt(gAMA, 0) / 1e5;
  if (gamma <= 0.1 || gamma >= 10) return null;
  const primaries = cHRM?.length === 32 ? SRGB.map((_, i) => wordAt(cHRM, 4 * i) / 1e5) : SRGB;
  const usual = Math.abs(gamma * 2.2 - 1) < GAMMA_TOLERANCE && primaries.every((value, i) => Math.abs(value - SRGB[i]) <= 0.005 + 1e-5 * SRGB[i]);
  return usual ? null : cHRM?.length === 32 ? { gAMA, cHRM } : { gAMA };
}
