// What a photo's EXIF data say of how the camera was held, and of its colours (CIPA DC-008).

const ORIENTATION = 0x0112;
const ADOBE_RGB = ["\x01\0\x02\0\x04\0\0\0R03\0", "\0\x01\0\x02\0\0\0\x04R03\0"]; // its entry in either order of bytes

// content: a TIFF structure. Damaged EXIF counts as none: the pixels may still be whole.
export function readExif(content) {
  const letters = Array.from(content, (byte) => String.fromCharCode(byte)).join("");
  return { orientation: readOrientation(content), adobeRgb: ADOBE_RGB.some((entry) => letters.includes(entry)) };
}

function readOrientation(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  try {
    const little = view.getUint16(0) === 0x4949;
    const start = view.getUint32(4, little);
    for (let i = 0, at = start + 2; i < view.getUint16(start, little); i++, at += 12) {
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      const value = view.getUint16(at + 2, little) === 3 ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}
