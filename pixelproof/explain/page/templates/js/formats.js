// What the first bytes of a file show it to be, and what to do where no browser reads that.

import { Refusal } from "./refusal.js";

const CONVERT = "save it as JPEG or PNG";
const DRAWN = /^(GIF8[79]a|BM|RIFF[^]{4}WEBP|[^]{4}ftyp(avif|avis))/; // left to the browser
const UNREAD = [
  [/^(II\*\0|MM\0[*+])/, "TIFF"],
  [/^[^]{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)/, "HEIC, as iPhones write it"],
  [/^[^]{4}ftyp/, "a film"],
  [/^(\0\0\0\x0cjP {2}|\xffO\xffQ)/, "JPEG 2000"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "JPEG XL"],
  [/^P[1-7][\s#]/, "PPM"],
  [/^8BP[SB]/, "Photoshop's PSD"],
  [/^%PDF-/, "PDF"],
  [/^\0\0[\x01\x02]\0[\x01-\x40]\0/, "a Windows icon (ICO)"],
  [/^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/, "SVG"],
];
const SHARES = { GIF: 2, BM: 2, PNG: 2, RIFF: 4, AVIF: 4 }; // so many times fewer pixels than in a JPEG

// Returns JPEG, PNG, GIF, BM, RIFF (WebP) or AVIF. Raises Refusal.
export function formatOf(data) {
  if (!data.length) throw new Refusal("zero bytes", "the file is empty");
  const first = String.fromCharCode(...data.subarray(0, 4096));
  if (/^\xff\xd8\xff/.test(first)) return "JPEG";
  if (first.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (DRAWN.test(first)) return /^(GIF|BM|RIFF)/.exec(first)?.[0] ?? "AVIF";
  const [, name] = UNREAD.find(([pattern]) => pattern.test(first)) ?? [];
  if (name) throw new Refusal("format not read", `${name}, which this page does not read: ${CONVERT}`);
  throw new Refusal("not an image", `no known image format; the file begins with ${JSON.stringify(first.slice(0, 8))}`);
}

export function pixelLimit(format, { max_megapixels }) {
  return (max_megapixels * 1e6) / (SHARES[format] ?? 1);
}

// Returns [width, height] that a GIF declares. Raises Refusal where it has no pixels.
export function gifSize(data) {
  const [width, height] = [6, 8].map((at) => data[at] | (data[at + 1] << 8));
  if (!width || !height) throw new Refusal("not an image", `a GIF of ${width} x ${height} pixels`);
  return [width, height];
}

export function checkPixels(width, height, limit) {
  const most = Math.floor(limit).toLocaleString("en");
  if (width * height > limit) throw new Refusal("decompression bomb", `${width} x ${height} pixels; the limit is ${most}`);
}

export function checkSide(height, width, { min_side_px }) {
  if (Math.min(height, width) < min_side_px) throw new Refusal("too small", `${width} x ${height} pixels; ingest.min_side_px is ${min_side_px}`);
}
