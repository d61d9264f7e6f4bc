// A JPEG file: its segments, and the coefficients of all its scans (ITU-T T.81, annex B).

import { readExif } from "./exif.js";
import { checkPixels } from "./formats.js";
import { huffmanTable, readScan } from "./jpeg_scans.js";
import { Refusal, damaged } from "./refusal.js";

const CONVERT = "save it as JPEG of the usual kind, or as PNG";
const UNREAD = { 0xc3: "lossless JPEG", 0xc7: "lossless JPEG", 0xcb: "lossless JPEG", 0xcf: "lossless JPEG", 0xf7: "JPEG-LS" };
const MAX_SCANS = 500; // each goes over all pixels again; encoders write about ten
const text = (bytes) => String.fromCharCode(...bytes);

class Reader {
  constructor(data, maxPixels) {
    Object.assign(this, { data, maxPixels, quantisation: [], dc: [], ac: [], restartInterval: 0, frame: null, scans: 0 });
    Object.assign(this, { profile: [], orientation: 1, adobeRgb: false, transform: null, junk: false });
  }

  // Skips whatever lies between two segments, as libjpeg does; before the picture it counts as junk.
  nextMarker(at) {
    this.junk ||= !this.scans && this.data[at] !== 0xff;
    while (at < this.data.length && !(this.data[at] === 0xff && this.data[at + 1] !== 0 && this.data[at + 1] !== 0xff)) at++;
    if (at + 1 >= this.data.length) throw damaged("premature end of JPEG file");
    return at;
  }

  *read() {
    for (let at = 2; ; ) {
      at = this.nextMarker(at);
      const marker = this.data[at + 1];
      at += 2;
      if (marker === 0xd9) break;
      if (marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;
      const end = at + ((this.data[at] << 8) | this.data[at + 1]);
      if (!(end <= this.data.length && end >= at + 2)) throw damaged("premature end of JPEG file");
      const content = this.data.subarray(at + 2, end);
      at = marker === 0xda ? yield* this.scan(content, end) : (this.segment(marker, content), end);
    }
    if (!this.scans) throw damaged("a JPEG without a picture");
    return this;
  }

  segment(marker, content) {
    if (marker === 0xdb) this.readQuantisation(content);
    else if (marker === 0xc4) this.readHuffman(content);
    else if (marker === 0xdd) this.restartInterval = (content[0] << 8) | content[1];
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) this.readFrame(marker, content);
    else if (marker === 0xf7) throw new Refusal("format not read", `JPEG-LS: ${CONVERT}`);
    else if (marker === 0xe1 && text(content.subarray(0, 6)) === "Exif\0\0") this.readExif(content.subarray(6));
    else if (marker === 0xe2 && text(content.subarray(0, 12)) === "ICC_PROFILE\0") this.profile[content[12]] = content.subarray(14);
    else if (marker === 0xee && text(content.subarray(0, 5)) === "Adobe") this.transform = content[11];
  }

  readExif(content) {
    const { orientation, adobeRgb } = readExif(content);
    Object.assign(this, { orientation, adobeRgb });
  }

  readQuantisation(content) {
    for (let at = 0; at < content.length; ) {
      const [wide, number] = [content[at] >> 4, content[at] & 15];
      const values = Array.from({ length: 64 }, (_, i) => (wide ? (content[at + 1 + 2 * i] << 8) | content[at + 2 + 2 * i] : content[at + 1 + i]));
      this.quantisation[number] = values;
      at += wide ? 129 : 65;
    }
  }

  readHuffman(content) {
    for (let at = 0; at + 17 <= content.length; ) {
      const counts = content.subarray(at + 1, at + 17);
      const size = counts.reduce((sum, count) => sum + count, 0);
      const tables = content[at] >> 4 ? this.ac : this.dc;
      tables[content[at] & 15] = huffmanTable(counts, content.subarray(at + 17, at + 17 + size));
      at += 17 + size;
    }
  }

  readFrame(marker, content) {
    const kind = UNREAD[marker] ?? (content[0] !== 8 ? `JPEG of ${content[0]} bits` : marker > 0xc2 ? "JPEG with arithmetic coding" : null);
    if (kind) throw new Refusal("format not read", `${kind}: ${CONVERT}`);
    if (this.frame) throw damaged("a second frame in one JPEG");
    const [height, width] = [(content[1] << 8) | content[2], (content[3] << 8) | content[4]];
    checkPixels(width, height, this.maxPixels);
    const parts = Array.from({ length: content[5] }, (_, i) => {
      const [id, sampling, table] = content.subarray(6 + 3 * i, 9 + 3 * i);
      return { id, h: sampling >> 4, v: sampling & 15, table };
    });
    if (!width || !height || !parts.length || parts.some(({ h, v }) => !h || !v || h > 4 || v > 4)) throw damaged("a JPEG frame of no size");
    this.frame = layOut({ width, height, parts, progressive: marker === 0xc2 });
  }

  *scan(content, start) {
    if (!this.frame) throw damaged("a JPEG scan before its frame");
    if (++this.scans > MAX_SCANS) throw new Refusal("decompression bomb", `more than ${MAX_SCANS} scans`);
    const count = content[0];
    const parts = Array.from({ length: count }, (_, i) => this.ofScan(content[1 + 2 * i], content[2 + 2 * i]));
    const [from, to, bits] = content.subarray(1 + 2 * count);
    const scan = { parts, from, to: Math.min(to, 63), high: bits >> 4, low: bits & 15 };
    return yield* readScan(this.data, start, this.frame, scan, this.restartInterval);
  }

  // The quantisation that counts for a component is the one at its first scan.
  ofScan(id, tables) {
    const part = this.frame.parts.find((each) => each.id === id);
    if (!part) throw damaged("a JPEG scan of an unknown component");
    const empty = new Uint16Array(65536);
    part.quantisation ??= this.quantisation[part.table];
    if (!part.quantisation) throw damaged("a JPEG without quantisation table");
    return Object.assign(part, { dc: this.dc[tables >> 4] ?? empty, ac: this.ac[tables & 15] ?? empty });
  }

  get icc() {
    const pieces = this.profile.filter(Boolean);
    return pieces.length ? new Uint8Array(pieces.flatMap((piece) => [...piece])) : null;
  }
}

function layOut(frame) {
  const [maxH, maxV] = ["h", "v"].map((axis) => Math.max(...frame.parts.map((part) => part[axis])));
  const unitsWide = Math.ceil(frame.width / (8 * maxH));
  const unitsHigh = Math.ceil(frame.height / (8 * maxV));
  for (const part of frame.parts) {
    Object.assign(part, { blocksWide: unitsWide * part.h, blocksHigh: unitsHigh * part.v });
    part.ownWide = Math.ceil(Math.ceil((frame.width * part.h) / maxH) / 8);
    part.ownHigh = Math.ceil(Math.ceil((frame.height * part.v) / maxV) / 8);
    part.coefficients = new Int16Array(64 * part.blocksWide * part.blocksHigh);
  }
  return Object.assign(frame, { maxH, maxV, unitsWide, unitsHigh });
}

// Returns { frame, orientation, icc, adobeRgb, transform, junk }; pauses after every row of blocks.
export const readJpeg = (data, maxPixels) => new Reader(data, maxPixels).read();
