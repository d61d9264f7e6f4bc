// Makes the pictures of the steps for any photo, by the recipes that come with them (recipes.py).

import { Tensor } from "./tensor.js";

const SMALLEST_PX = 8; // the examples need so many pixels on each side

// The photo, each pixel repeated where it is too small for the examples.
export function enlarged(photo) {
  const [height, width, channels] = photo.shape;
  const times = Math.ceil(SMALLEST_PX / Math.min(height, width));
  if (times === 1) return photo;
  const large = new Tensor([height * times, width * times, channels]);
  large.data.forEach((_, i) => {
    const [row, column] = [Math.floor(i / channels / (width * times)), Math.floor(i / channels) % (width * times)];
    large.data[i] = photo.at(Math.floor(row / times), Math.floor(column / times), i % channels);
  });
  return large;
}

// A photo's brightness, one channel: the mean of its channels.
export function brightness({ shape: [height, width, channels], data }, round = (value) => value) {
  const mean = (pixel) => data.subarray(pixel * channels, (pixel + 1) * channels).reduce((a, b) => a + b, 0) / channels;
  return new Tensor([height, width, 1], Float32Array.from({ length: height * width }, (_, pixel) => round(mean(pixel))));
}

function plane(rows, columns, at) {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
  return new Tensor([rows, columns, 1], data);
}

// zeros: above, below, left and right. channel: of the weights, too, where they have some.
function convolve(image, weights, stride, [top, bottom, left, right], channel = 0) {
  const [height, width] = image.shape;
  const [rows, columns] = [weights.length, weights[0].length];
  const inside = (y, x) => y >= 0 && x >= 0 && y < height && x < width;
  const weight = (i, j) => (Array.isArray(weights[i][j]) ? weights[i][j][channel] : weights[i][j]);
  const [down, across] = [height + top + bottom - rows, width + left + right - columns].map((rest) => Math.floor(rest / stride) + 1);
  return plane(down, across, (row, column) => {
    let sum = 0;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const [y, x] = [row * stride - top + i, column * stride - left + j];
        if (inside(y, x)) sum += image.at(y, x, channel) * weight(i, j);
      }
    return sum;
  });
}

const added = (one, other) => new Tensor(one.shape, one.data.map((value, i) => value + other.data[i]));

// What is made of brightness: numbers of one channel, below zero, too.
export function numbersOf(image, { op, weights, stride, zeros, of }) {
  if (op === "sum") return of.map((each) => numbersOf(image, each)).reduce(added);
  if (op === "multiply") return plane(...image.shape.slice(0, 2), (row, column) => image.at(row, column, 0) * weights[0][column]);
  return convolve(image, weights, stride, zeros);
}

const POOLINGS = {
  max: (seen) => Math.max(...seen),
  average: (seen) => seen.reduce((a, b) => a + b, 0) / seen.length,
  l2: (seen) => Math.hypot(...seen),
};

export function pooled(image, kind, times = 1) {
  const [height, width, channels] = image.shape;
  const output = new Tensor([Math.floor(height / 2), Math.floor(width / 2), channels]);
  const columns = output.shape[1];
  output.data.forEach((_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [row, column] = [2 * Math.floor(pixel / columns), 2 * (pixel % columns)];
    output.data[i] = POOLINGS[kind]([0, 1].flatMap((y) => [0, 1].map((x) => image.at(row + y, column + x, c))));
  });
  return times > 1 ? pooled(output, kind, times - 1) : output;
}

const bytes = ({ shape, data }, value) => new Tensor(shape, data.map((each) => Math.max(0, Math.min(255, Math.round(value(each))))));

function asPhoto(image) {
  const scale = Math.min(1, 255 / image.data.reduce((a, b) => Math.max(a, b), 1));
  return bytes(image, (value) => value * scale);
}

// As `Filter.apply`: of the photo's size, cut off below 0 and above 255.
function filtered(photo, weights) {
  const channels = [...Array(photo.channels).keys()];
  const [down, right] = [weights.length >> 1, weights[0].length >> 1];
  const each = channels.map((c) => convolve(photo, weights, 1, [down, down, right, right], c));
  if (Array.isArray(weights[0][0])) return bytes(each.reduce(added), (value) => value);
  const [height, width] = photo.shape;
  const joined = new Tensor([height, width, photo.channels]);
  joined.data.forEach((_, i) => (joined.data[i] = each[i % photo.channels].data[Math.floor(i / photo.channels)]));
  return bytes(joined, (value) => value);
}

// The same pixels in another order, which is the same for every photo (a linear congruential generator).
function shuffled(photo) {
  const { channels } = photo;
  const order = [...Array(photo.data.length / channels).keys()];
  let state = 1;
  for (let i = order.length - 1; i > 0; i--) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return new Tensor(photo.shape, photo.data.map((_, i) => photo.data[order[Math.floor(i / channels)] * channels + (i % channels)]));
}

export const PHOTOS = {
  photo: (photo) => photo,
  shuffled,
  filter: (photo, { weights }) => filtered(photo, weights),
  pool: (photo, { kind, times }) => asPhoto(pooled(photo, kind, times)),
};
