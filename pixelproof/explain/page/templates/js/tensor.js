// Numbers with a shape: (height, width, channels) for maps, (units) for lists; in C order, as Keras holds them.

export class Tensor {
  constructor(shape, data = new Float32Array(shape.reduce((size, side) => size * side, 1))) {
    this.shape = shape;
    this.data = data;
  }

  get isImage() {
    return this.shape.length === 3;
  }

  get channels() {
    return this.shape[this.shape.length - 1];
  }

  at(row, column, channel) {
    const [, width, channels] = this.shape;
    return this.data[(row * width + column) * channels + channel];
  }
}

const NARROW = 32; // numbers in a row of a list that is laid out as a picture
const SQUARE_FROM = NARROW ** 2; // numbers; a longer list is laid out as a square, or it would be a strip that nobody sees

export const listColumns = (units) => (units > SQUARE_FROM ? Math.ceil(Math.sqrt(units)) : Math.min(units, NARROW));

// What can be looked at as one picture: a channel of an image, or a list laid out in rows.
export function planeOf(tensor, channel) {
  if (!tensor.isImage) {
    const units = tensor.data.length;
    const columns = listColumns(units);
    return { rows: Math.ceil(units / columns), columns, at: (row, column) => tensor.data[row * columns + column] };
  }
  const [rows, columns] = tensor.shape;
  return { rows, columns, at: (row, column) => tensor.at(row, column, channel) };
}

export function mapCount(tensor) {
  return tensor.isImage ? tensor.channels : 1;
}

export function decode(base64, Type) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Type === Uint8Array ? bytes : new Type(bytes.buffer);
}

export function format(number, digits = 5) {
  if (number === undefined || Number.isNaN(number)) return "";
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size >= 1e6 || size < 1e-5) return number.toExponential(3).replace("-", "\u2212").replace("e\u2212", "e-");
  return String(Number(number.toPrecision(digits))).replace("-", "\u2212");
}
