// What the browser's own decoders make of a file: formats that this page leaves to them, and colour profiles.

import { crc32, deflate } from "./png.js";
import { overWhite } from "./png_pixels.js";
import { damaged } from "./refusal.js";

const SAME = 2; // levels: a profile that changes no colour by more is one of the many of sRGB
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

// Returns { data, width, height, channels: 3 } of a file, upright, in sRGB, over white. Raises Refusal.
export async function drawn(blob) {
  const bitmap = await decodedBitmap(blob);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data: shown } = context.getImageData(0, 0, width, height);
  const rgba = isOpaque(shown) ? shown : (unmultiplied(bitmap) ?? shown);
  bitmap.close();
  return { data: laidOverWhite(rgba), width, height, channels: 3 };
}

async function decodedBitmap(blob) {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch (error) {
    throw damaged(`this browser cannot decode it (${error.message})`);
  }
}

function isOpaque(rgba) {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] < 255) return false;
  return true;
}

// Pixels as they are in the file: a canvas holds colours multiplied by their alpha, which rounds them. null without WebGL.
function unmultiplied(bitmap) {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl");
  if (!gl || Math.max(bitmap.width, bitmap.height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const rgba = new Uint8Array(4 * bitmap.width * bitmap.height);
  gl.readPixels(0, 0, bitmap.width, bitmap.height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return rgba;
}

function laidOverWhite(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, j = 0; j < rgba.length; j += 4) for (let c = 0; c < 3; c++) rgb[i++] = overWhite(rgba[j + c], rgba[j + 3]);
  return rgb;
}

function chunk(kind, content) {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set([...kind].map((letter) => letter.charCodeAt(0)), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

const words = (...numbers) => Uint8Array.from(numbers.flatMap((number) => [24, 16, 8, 0].map((bits) => (number >>> bits) & 255)));

// Chunks that say what a photo's colours mean, as a PNG file has them.
export const profileChunk = async (icc) => ({ iCCP: Uint8Array.of(0x70, 0, 0, ...(await deflate(icc))) });
export const ADOBE_RGB = { gAMA: words(45471), cHRM: words(31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000) };

// Brings pixels whose colours are as `chunks` say to sRGB: written as a PNG file, which the browser then converts.
export async function converted(image, chunks) {
  const probe = await throughPng(grid(image.channels), chunks);
  if (!probe || differs(grid(image.channels), probe) <= SAME) return image;
  const rgb = await throughPng(image, chunks);
  if (image.channels === 3) return rgb;
  return { ...image, data: image.data.map((_, i) => rgb.data[3 * i + 1]) };
}

// null where the browser finds nothing to convert, or no sense in the profile.
async function throughPng({ data, width, height, channels }, chunks) {
  const row = width * channels;
  const rows = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = Uint8Array.of(...words(width, height), 8, channels === 3 ? 2 : 0, 0, 0, 0);
  const colours = Object.entries(chunks).map(([kind, content]) => chunk(kind, content));
  const file = [PNG, chunk("IHDR", header), ...colours, chunk("IDAT", await deflate(rows)), chunk("IEND", new Uint8Array())];
  return drawn(new Blob(file, { type: "image/png" }));
}

// Levels over all colours, 18 in each direction, or all of grey.
function grid(channels) {
  if (channels === 1) return { data: Uint8Array.from({ length: 256 }, (_, i) => i), width: 256, height: 1, channels };
  const data = new Uint8Array(3 * 18 ** 3);
  for (let i = 0; i < 18 ** 3; i++) data.set([i % 18, Math.floor(i / 18) % 18, Math.floor(i / 324)].map((step) => 15 * step), 3 * i);
  return { data, width: 18 ** 2, height: 18, channels };
}

function differs(before, { data }) {
  const each = 3 / before.channels;
  return data.reduce((most, level, i) => Math.max(most, Math.abs(level - before.data[Math.floor(i / each)])), 0);
}
