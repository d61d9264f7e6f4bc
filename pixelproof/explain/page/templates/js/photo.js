// From a photo's file to the image that the network takes, by the steps of `ingest` and `resize`; nothing is sent.

import { ADOBE_RGB, converted, drawn, profileChunk } from "./drawn.js";
import { fitted, fittedSize, inColour, upright } from "./fit.js";
import { checkPixels, checkSide, formatOf, gifSize, pixelLimit } from "./formats.js";
import { readJpeg } from "./jpeg_file.js";
import { jpegPixels, subsampling } from "./jpeg_pixels.js";
import { readHeader, readPng } from "./png.js";
import { colourChunks, pngPixels } from "./png_pixels.js";
import { Refusal } from "./refusal.js";
import { finish } from "./slices.js";
import { withoutTurn } from "./webp.js";

const SCALES = [8, 4, 2];
// How much larger (down, across) than asked for a fraction must be, by chroma subsampling; others are decoded whole.
const MARGINS = { Gray: [1, 1], 444: [1, 1], 420: [1, 1], 422: [1, 16], 440: [16, 1], 411: [1, 32] };

// Returns { data, width, height, channels }: uint8, as the network takes it. Raises Refusal.
export async function readPhoto(bytes, preprocessing) {
  try {
    const { image, size, orientation } = await decoded(bytes, preprocessing);
    return inColour(await finish(fitted(image, preprocessing, size, orientation)), preprocessing.colour);
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal("too large", "this browser has no memory for so many pixels");
    throw error;
  }
}

async function decoded(bytes, preprocessing) {
  const format = formatOf(bytes);
  const limit = pixelLimit(format, preprocessing);
  if (format === "JPEG") return decodedJpeg(bytes, limit, preprocessing);
  const { image, orientation } = format === "PNG" ? await decodedPng(bytes, limit) : await decodedByBrowser(bytes, format, limit);
  checkSide(image.height, image.width, preprocessing);
  const coloured = inColour(upright(image, orientation), preprocessing.colour);
  return { image: coloured, size: [coloured.height, coloured.width], orientation: 1 };
}

async function decodedPng(bytes, limit) {
  const header = readHeader(bytes);
  checkPixels(header.width, header.height, limit);
  const photo = await readPng(bytes, header, finish);
  const image = pngPixels(photo);
  const chunks = colourChunks(photo.chunks);
  return { image: chunks ? await converted(image, chunks) : image, orientation: photo.orientation };
}

async function decodedByBrowser(bytes, format, limit) {
  if (format === "GIF") checkPixels(...gifSize(bytes), limit);
  const { orientation, bytes: file } = format === "RIFF" ? withoutTurn(bytes) : { orientation: 1, bytes };
  const image = await drawn(new Blob([file]));
  checkPixels(image.width, image.height, limit);
  return { image, orientation };
}

async function decodedJpeg(bytes, limit, preprocessing) {
  const photo = await finish(readJpeg(bytes, limit));
  const { frame, orientation } = photo;
  const turned = orientation >= 5;
  const size = turned ? [frame.width, frame.height] : [frame.height, frame.width];
  checkSide(...size, preprocessing);
  const grey = frame.parts.length === 1;
  const chunks = photo.icc ? await profileChunk(photo.icc) : photo.adobeRgb && !grey ? ADOBE_RGB : null;
  const wanted = fittedSize(...size, preprocessing);
  const lie = turned ? [wanted[1], wanted[0]] : wanted;
  if (frame.parts.length === 4 && chunks) return { image: inColour(await drawn(new Blob([bytes])), preprocessing.colour), size, orientation: 1 };
  const onlyGrey = !chunks && !photo.junk && preprocessing.colour === "grey" && frame.parts.length < 4;
  const scale = photo.junk ? 1 : fraction(frame, onlyGrey ? "Gray" : subsampling(frame), lie); // ingest's first decoder gives up on junk
  const pixels = await finish(jpegPixels(photo, scale, onlyGrey));
  const shown = chunks ? await converted(pixels, chunks) : pixels;
  return { image: upright(inColour(shown, preprocessing.colour), orientation), size, orientation };
}

// 8, 4 or 2, to decode at 1/8, 1/4 or 1/2 of the size without loss at the size [height, width], or else 1.
function fraction({ height, width }, chroma, [tall, wide]) {
  const [down, across] = MARGINS[chroma] ?? [Infinity, Infinity];
  return SCALES.find((scale) => Math.floor(height / scale) >= down * tall && Math.floor(width / scale) >= across * wide) ?? 1;
}
