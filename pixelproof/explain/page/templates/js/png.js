// PNG files to levels, by this page itself: browsers drop half of 16 bits, and lay transparent pixels over white less
// exactly than the pipeline does (PNG, third edition).

import { readExif } from "./exif.js";
import { Refusal, damaged } from "./refusal.js";

const NEEDED = ["tRNS"]; // an ancillary chunk that still changes the pixels
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }; // by colour type
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const PASSES = [[0, 0, 8, 8], [0, 4, 8, 8], [4, 0, 8, 4], [0, 2, 4, 4], [2, 0, 4, 2], [0, 1, 2, 2], [1, 0, 2, 1]]; // Adam7

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

export const wordAt = (data, at) => ((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]) >>> 0;

// Returns the chunks by kind, each with the content of the first of them; IDAT with all of its parts. What is beside the
// pixels and damaged is left out.
function readChunks(data) {
  const found = { IDAT: [] };
  for (let at = 8; at + 12 <= data.length; ) {
    const end = at + 12 + wordAt(data, at);
    const kind = String.fromCharCode(...data.subarray(at + 4, at + 8));
    const needed = kind[0] < "a" || NEEDED.includes(kind);
    const sound = end <= data.length && crc32(data.subarray(at + 4, end - 4)) === wordAt(data, end - 4);
    if (needed && !sound) throw damaged(end > data.length ? "truncated PNG file" : `a damaged PNG chunk (${kind})`);
    const content = data.subarray(at + 8, end - 4);
    if (kind === "IEND") return found;
    if (kind === "IDAT") found.IDAT.push(content);
    else if (sound && (needed || kind === "eXIf" || !found.IDAT.length)) found[kind] ??= content;
    at = end;
  }
  throw damaged("truncated PNG file");
}

export function readHeader(data) {
  const [width, height] = [wordAt(data, 16), wordAt(data, 20)];
  const [depth, type, compression, filter, interlaced] = data.subarray(24, 29);
  const valid = wordAt(data, 8) === 13 && DEPTHS[type]?.includes(depth) && width && height && !compression && !filter && interlaced < 2;
  if (!valid) throw new Refusal("not an image", "a PNG file without a valid header");
  return { width, height, depth, type, channels: CHANNELS[type], interlaced };
}

// All of a zlib stream, up to `size` bytes; junk behind its end does not count.
async function inflate(parts, size) {
  const output = new Uint8Array(size);
  const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let filled = 0;
  try {
    for (let step = await reader.read(); !step.done && filled < size; step = await reader.read()) {
      output.set(step.value.subarray(0, size - filled), filled);
      filled += step.value.length;
    }
  } catch (error) {
    if (filled < size) throw damaged(`unreadable PNG data (${error.message})`);
  }
  if (filled < size) throw damaged("the PNG data end too early");
  return output;
}

export async function deflate(bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer());
}

const rowBytes = (header, width) => Math.ceil((width * header.channels * header.depth) / 8);

function passesOf(header) {
  const passes = header.interlaced ? PASSES : [[0, 0, 1, 1]];
  return passes
    .map(([top, left, down, across]) => {
      const [wide, high] = [Math.ceil((header.width - left) / across), Math.ceil((header.height - top) / down)];
      return { top, left, down, across, wide, high };
    })
    .filter(({ wide, high }) => wide > 0 && high > 0);
}

const paeth = (a, b, c) => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};
const PREDICTORS = [() => 0, (a) => a, (a, b) => b, (a, b) => (a + b) >> 1, paeth];

function unfilter(kind, row, before, step) {
  const predict = PREDICTORS[kind];
  if (!predict) throw damaged(`an unknown PNG filter (${kind})`);
  if (kind) for (let i = 0; i < row.length; i++) row[i] += predict(row[i - step] ?? 0, before[i], before[i - step] ?? 0);
}

function* levelsOf(header, data) {
  const { width, height, depth, channels } = header;
  const levels = depth === 16 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  const step = Math.max(1, (channels * depth) >> 3);
  let at = 0;
  for (const pass of passesOf(header)) {
    const bytes = rowBytes(header, pass.wide);
    let before = new Uint8Array(bytes);
    for (let y = 0; y < pass.high; y++, at += bytes + 1) {
      const row = data.subarray(at + 1, at + 1 + bytes);
      unfilter(data[at], row, before, step);
      before = row;
      place(row, levels, header, pass, y);
      if (y % 16 === 15) yield;
    }
  }
  return levels;
}

function place(row, levels, { width, depth, channels }, pass, y) {
  const start = (pass.top + y * pass.down) * width + pass.left;
  const mask = (1 << depth) - 1;
  for (let x = 0, i = 0; x < pass.wide; x++)
    for (let c = 0; c < channels; c++, i++) {
      const bit = i * depth;
      const level = depth === 16 ? (row[2 * i] << 8) | row[2 * i + 1] : (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
      levels[(start + x * pass.across) * channels + c] = level;
    }
}

// Returns { width, height, depth, type, channels, levels, chunks, orientation }. `run` finishes long work.
export async function readPng(data, header, run) {
  const chunks = readChunks(data);
  if (header.type === 3 && !chunks.PLTE) throw damaged("a PNG file without its palette");
  if (!chunks.IDAT.length) throw damaged("a PNG file without pixels");
  const size = passesOf(header).reduce((sum, { wide, high }) => sum + high * (rowBytes(header, wide) + 1), 0);
  const levels = await run(levelsOf(header, await inflate(chunks.IDAT, size)));
  const orientation = chunks.eXIf ? readExif(chunks.eXIf).orientation : 1;
  return { ...header, levels, chunks, orientation };
}
