// A JPEG's entropy-coded scans, Huffman-coded, baseline or progressive, to coefficients (ITU-T T.81, annexes F and G).

import { damaged } from "./refusal.js";

export const ZIGZAG = Uint8Array.of(
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
);

// For each 16 bits that may come next: the length of the code that they begin with, times 256, and its symbol.
export function huffmanTable(counts, symbols) {
  const table = new Uint16Array(65536);
  let [at, k] = [0, 0];
  for (let length = 1; length <= 16; length++)
    for (let i = 0; i < counts[length - 1]; i++, k++) {
      const next = at + (65536 >> length);
      table.fill((length << 8) | symbols[k], at, next);
      at = next;
    }
  return table;
}

class Bits {
  constructor(data, at) {
    Object.assign(this, { data, at, bits: 0, count: 0, invented: 0 });
  }

  // At a marker the data end: zeros come instead, and whoever uses them up finds the file damaged.
  fill() {
    while (this.count <= 16) {
      let byte = this.data[this.at];
      if (byte === 0xff) {
        let next = this.at + 1;
        while (this.data[next] === 0xff) next++;
        if (this.data[next] === 0) this.at = next + 1;
        else byte = undefined;
      } else if (byte !== undefined) this.at++;
      if (byte === undefined) this.invented += 8;
      this.bits = ((this.bits << 8) | (byte ?? 0)) & 0x3ffffff;
      this.count += 8;
    }
  }

  take(length) {
    if (length === 0) return 0;
    if (this.count < length) this.fill();
    this.count -= length;
    if (this.count < this.invented) throw damaged("the JPEG data end too early");
    return (this.bits >> this.count) & ((1 << length) - 1);
  }

  symbol(table) {
    if (this.count < 16) this.fill();
    const found = table[(this.bits >> (this.count - 16)) & 0xffff];
    if (!found) throw damaged("bad Huffman code");
    this.count -= found >> 8;
    if (this.count < this.invented) throw damaged("the JPEG data end too early");
    return found & 255;
  }

  // A number of so many bits, of which the first tells the sign.
  signed(length) {
    const value = this.take(length);
    return length && value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  restart(expected) {
    Object.assign(this, { bits: 0, count: 0, invented: 0 });
    while (this.at < this.data.length && !(this.data[this.at] === 0xff && this.data[this.at + 1] > 0 && this.data[this.at + 1] < 0xff)) this.at++;
    if (this.data[this.at + 1] !== 0xd0 + expected) throw damaged("a restart marker is missing");
    this.at += 2;
  }
}

function wholeBlock(bits, part, block, offset) {
  part.last += bits.signed(bits.symbol(part.dc));
  block[offset] = part.last;
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(part.ac);
    const size = symbol & 15;
    k += symbol >> 4;
    if (size) block[offset + ZIGZAG[k & 63]] = bits.signed(size);
    else if (symbol !== 0xf0) return;
  }
}

function firstDc(bits, part, block, offset, { low }) {
  part.last += bits.signed(bits.symbol(part.dc));
  block[offset] = part.last << low;
}

function nextDc(bits, part, block, offset, { low }) {
  if (bits.take(1)) block[offset] |= 1 << low;
}

function firstAc(bits, part, block, offset, { from, to, low }) {
  if (part.skip > 0) {
    part.skip--;
    return;
  }
  for (let k = from; k <= to; k++) {
    const symbol = bits.symbol(part.ac);
    const [run, size] = [symbol >> 4, symbol & 15];
    if (size === 0 && run < 15) {
      part.skip = (1 << run) - 1 + bits.take(run);
      return;
    }
    k += run;
    if (size) block[offset + ZIGZAG[k & 63]] = bits.signed(size) << low;
  }
}

// One more bit for each coefficient that is not zero, and new ones between them.
function nextAc(bits, part, block, offset, { from, to, low }) {
  let k = from;
  const skipZeros = (zeros) => {
    for (; k <= to; k++) {
      const place = offset + ZIGZAG[k];
      if (block[place]) refine(bits, block, place, low);
      else if (zeros-- === 0) return;
    }
  };
  if (part.skip === 0)
    while (k <= to) {
      const symbol = bits.symbol(part.ac);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run < 15) {
        part.skip = (1 << run) + bits.take(run);
        break;
      }
      const value = size ? (bits.take(1) ? 1 << low : -(1 << low)) : 0;
      skipZeros(run);
      if (value && k <= to) block[offset + ZIGZAG[k]] = value;
      k++;
    }
  if (part.skip > 0) {
    skipZeros(64);
    part.skip--;
  }
}

function refine(bits, block, place, low) {
  if (!bits.take(1)) return;
  if (!(Math.abs(block[place]) & (1 << low))) block[place] += block[place] > 0 ? 1 << low : -(1 << low);
}

function blockReader({ progressive }, { from, high }) {
  if (!progressive) return wholeBlock;
  if (from === 0) return high ? nextDc : firstDc;
  return high ? nextAc : firstAc;
}

// Reads one scan into the coefficients of its parts; returns where it ends. Pauses after every row.
export function* readScan(data, start, frame, scan, restartInterval) {
  const bits = new Bits(data, start);
  const read = blockReader(frame, scan);
  const { parts } = scan;
  const single = parts.length === 1;
  const [wide, high] = single ? [parts[0].ownWide, parts[0].ownHigh] : [frame.unitsWide, frame.unitsHigh];
  const at = (part, row, column) => read(bits, part, part.coefficients, 64 * (row * part.blocksWide + column), scan);
  const reset = () => parts.forEach((part) => Object.assign(part, { last: 0, skip: 0 }));
  reset();
  for (let row = 0, unit = 0; row < high; row++, yield)
    for (let column = 0; column < wide; column++, unit++) {
      if (restartInterval && unit && unit % restartInterval === 0) {
        bits.restart((unit / restartInterval - 1) & 7);
        reset();
      }
      if (single) at(parts[0], row, column);
      else
        for (const part of parts)
          for (let v = 0; v < part.v; v++) for (let h = 0; h < part.h; h++) at(part, row * part.v + v, column * part.h + h);
    }
  return bits.at;
}
