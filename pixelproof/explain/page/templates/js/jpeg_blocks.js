// Blocks of 8 x 8 coefficients to samples, in whole numbers as libjpeg computes them, at 1, 1/2, 1/4 or 1/8 of the size:
// Loeffler, Ligtenberg and Moschytz 1989, with constants of 13 bits. The last bit counts: a network sees it.

const fix = (number) => Math.round(number * 8192);
const rounded = (value, bits) => (value + (1 << (bits - 1))) >> bits;
const level = (value) => Math.max(0, Math.min(255, value + 128));

const A = [0.541196100, -1.847759065, 0.765366865].map(fix);
const ODD = [0.298631336, 2.053119869, 3.072711026, 1.501321110].map(fix);
const MIXED = [-0.899976223, -2.562915447, -1.961570560, -0.390180644, 1.175875602].map(fix);
const HALF_ODD = [
  [-0.211164243, 1.451774981, -2.172734803, 1.061594337],
  [-0.509795579, -0.601344887, 0.899976223, 2.562915447],
].map((row) => row.map(fix));
const QUARTER_ODD = [-0.720959822, 0.850430095, -1.272758580, 3.624509785].map(fix);

// One pass over eight numbers, each `step` after the other: to as many as the fraction of the size leaves.
const eight = (s, at, step, out, to, stride, bits) => {
  const z1 = (s[at + 2 * step] + s[at + 6 * step]) * A[0];
  const low = z1 + s[at + 6 * step] * A[1];
  const high = z1 + s[at + 2 * step] * A[2];
  const sum = (s[at] + s[at + 4 * step]) * 8192;
  const difference = (s[at] - s[at + 4 * step]) * 8192;
  const [p7, p5, p3, p1] = [s[at + 7 * step], s[at + 5 * step], s[at + 3 * step], s[at + step]];
  const z5 = (p7 + p3 + p5 + p1) * MIXED[4];
  const [m1, m2] = [(p7 + p1) * MIXED[0], (p5 + p3) * MIXED[1]];
  const [m3, m4] = [(p7 + p3) * MIXED[2] + z5, (p5 + p1) * MIXED[3] + z5];
  const odd = [p1 * ODD[3] + m1 + m4, p3 * ODD[2] + m2 + m3, p5 * ODD[1] + m2 + m4, p7 * ODD[0] + m1 + m3];
  const even = [sum + high, difference + low, difference - low, sum - high];
  for (let i = 0; i < 4; i++) {
    out[to + i * stride] = rounded(even[i] + odd[i], bits);
    out[to + (7 - i) * stride] = rounded(even[i] - odd[i], bits);
  }
};

const four = (s, at, step, out, to, stride, bits) => {
  const even = s[at] * 16384;
  const turn = s[at + 2 * step] * -A[1] - s[at + 6 * step] * A[2];
  const [inner, outer] = HALF_ODD.map((c) => s[at + 7 * step] * c[0] + s[at + 5 * step] * c[1] + s[at + 3 * step] * c[2] + s[at + step] * c[3]);
  out[to] = rounded(even + turn + outer, bits + 1);
  out[to + 3 * stride] = rounded(even + turn - outer, bits + 1);
  out[to + stride] = rounded(even - turn + inner, bits + 1);
  out[to + 2 * stride] = rounded(even - turn - inner, bits + 1);
};

const two = (s, at, step, out, to, stride, bits) => {
  const even = s[at] * 32768;
  const c = QUARTER_ODD;
  const odd = s[at + 7 * step] * c[0] + s[at + 5 * step] * c[1] + s[at + 3 * step] * c[2] + s[at + step] * c[3];
  out[to] = rounded(even + odd, bits + 2);
  out[to + stride] = rounded(even - odd, bits + 2);
};

const PASSES = { 8: eight, 4: four, 2: two };

// Returns a component's samples: { data, width, height, stride }, `side` samples for each side of a block.
export function* samplesOf(part, side, { width, height, maxH, maxV }) {
  const stride = part.blocksWide * side;
  const plane = {
    data: new Uint8Array(stride * part.blocksHigh * side),
    width: Math.ceil((width * part.h * side) / (maxH * 8)),
    height: Math.ceil((height * part.v * side) / (maxV * 8)),
    stride,
  };
  const transform = side === 1 ? meanOf : transformer(PASSES[side], side);
  for (let row = 0; row < part.blocksHigh; row++, yield)
    for (let column = 0; column < part.blocksWide; column++)
      transform(part, 64 * (row * part.blocksWide + column), plane, (row * stride + column) * side);
  return plane;
}

function meanOf({ coefficients, quantisation }, block, { data }, start) {
  data[start] = level(rounded(coefficients[block] * quantisation[0], 3));
}

function transformer(pass, side) {
  const between = new Int32Array(64);
  const values = new Int32Array(64);
  const line = new Int32Array(8);
  return ({ coefficients, natural }, block, { data, stride }, start) => {
    for (let i = 0; i < 64; i++) values[i] = coefficients[block + i] * natural[i];
    for (let column = 0; column < 8; column++) pass(values, column, 8, between, column, 8, 11);
    for (let row = 0; row < side; row++) {
      pass(between, 8 * row, 1, line, 0, 1, 18);
      for (let i = 0; i < side; i++) data[start + row * stride + i] = level(line[i]);
    }
  };
}
