// How the camera was held for a WebP file (RFC 9649): some browsers turn the picture, others do not, so none may.

import { readExif } from "./exif.js";

const letters = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
const HEADER = 12; // RIFF, size, WEBP

// Returns { orientation, bytes }: the EXIF orientation, and the file without it.
export function withoutTurn(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = HEADER, size = 0; at + 8 <= bytes.length; at += 8 + size + (size & 1)) {
    size = view.getUint32(at + 4, true);
    if (letters(bytes, at) !== "EXIF") continue;
    const upright = bytes.slice();
    upright[at] = 0x78; // an unknown chunk, which decoders pass over
    return { orientation: orientationIn(bytes.subarray(at + 8, at + 8 + size)), bytes: upright };
  }
  return { orientation: 1, bytes };
}

function orientationIn(content) {
  const prefixed = letters(content, 0) === "Exif";
  return readExif(prefixed ? content.subarray(6) : content).orientation;
}
