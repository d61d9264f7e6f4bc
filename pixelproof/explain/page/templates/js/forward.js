// What each kind of layer computes. Each is a generator that pauses after every row, so that a page stays responsive.

import { activate } from "./activations.js";
import { Tensor } from "./tensor.js";
import { layerWindow } from "./windows.js";

// Calls visit(pixel in the input, pixel in the window) for each pixel of a window that lies inside the image.
function visitWindow([rows, columns], row, column, visit) {
  for (let i = 0; i < rows.size; i++) {
    const y = row * rows.stride - rows.before + i * rows.dilation;
    if (y < 0 || y >= rows.side) continue;
    for (let j = 0; j < columns.size; j++) {
      const x = column * columns.stride - columns.before + j * columns.dilation;
      if (x >= 0 && x < columns.side) visit(y * columns.side + x, i * columns.size + j);
    }
  }
}

export function* eachPixel(layer, input, compute) {
  const window = layerWindow(layer.options, input.shape);
  for (let row = 0; row < window[0].count; row++) {
    for (let column = 0; column < window[1].count; column++)
      compute(row * window[1].count + column, (visit) => visitWindow(window, row, column, visit));
    yield;
  }
}

function* convolve(layer, input, kernel, bias, shape) {
  const output = new Tensor(shape);
  const channels = input.channels;
  const filters = output.channels;
  const sums = new Float64Array(filters);
  yield* eachPixel(layer, input, (pixel, look) => {
    if (bias) sums.set(bias);
    else sums.fill(0);
    look((seen, place) => {
      for (let c = 0; c < channels; c++) {
        const value = input.data[seen * channels + c];
        if (value === 0) continue;
        const start = (place * channels + c) * filters;
        for (let f = 0; f < filters; f++) sums[f] += value * kernel[start + f];
      }
    });
    output.data.set(sums, pixel * filters);
  });
  return output;
}

function* convolveDepthwise(layer, input, kernel, multiplier) {
  const [rows, columns] = layerWindow(layer.options, input.shape);
  const filters = input.channels * multiplier;
  const output = new Tensor([rows.count, columns.count, filters]);
  yield* eachPixel(layer, input, (pixel, look) =>
    look((seen, place) => {
      for (let f = 0; f < filters; f++)
        output.data[pixel * filters + f] += input.data[seen * input.channels + Math.floor(f / multiplier)] * kernel[place * filters + f];
    }),
  );
  return output;
}

const POOLINGS = {
  max_pool: { start: -Infinity, add: (sum, value) => Math.max(sum, value), end: (sum) => sum },
  average_pool: { start: 0, add: (sum, value) => sum + value, end: (sum, count) => sum / count },
  l2_pool: { start: 0, add: (sum, value) => sum + value * value, end: (sum) => Math.sqrt(sum) },
};

function* pool(layer, [input]) {
  const { start, add, end } = POOLINGS[layer.kind];
  const output = new Tensor(layer.shape);
  const channels = input.channels;
  yield* eachPixel(layer, input, (pixel, look) => {
    for (let c = 0; c < channels; c++) {
      let sum = start;
      let count = 0;
      look((seen) => {
        sum = add(sum, input.data[seen * channels + c]);
        count += 1;
      });
      output.data[pixel * channels + c] = end(sum, count);
    }
  });
  return output;
}

function* globalPool(layer, [input]) {
  const { start, add, end } = POOLINGS[layer.kind.replace("global_", "")];
  const channels = input.channels;
  const pixels = input.data.length / channels;
  const sums = new Float64Array(channels).fill(start);
  for (let i = 0; i < input.data.length; i++) sums[i % channels] = add(sums[i % channels], input.data[i]);
  return new Tensor(layer.shape, Float32Array.from(sums, (sum) => end(sum, pixels)));
}

function* zeroPad(layer, [input]) {
  const output = new Tensor(layer.shape);
  const [[top], [left]] = layer.options.rings;
  const [height, width, channels] = input.shape;
  for (let y = 0; y < height; y++) {
    const row = input.data.subarray(y * width * channels, (y + 1) * width * channels);
    output.data.set(row, ((y + top) * output.shape[1] + left) * channels);
  }
  return output;
}

function* batchNorm(layer, [input]) {
  const { gamma, beta, mean, variance } = layer.weights;
  const channels = input.channels;
  const factors = Float64Array.from(mean, (_, c) => (gamma ? gamma[c] : 1) / Math.sqrt(variance[c] + layer.options.epsilon));
  const data = input.data.map((value, i) => (value - mean[i % channels]) * factors[i % channels] + (beta ? beta[i % channels] : 0));
  return new Tensor(layer.shape, data);
}

function* dense(layer, [input]) {
  const { kernel, bias } = layer.weights;
  const units = layer.shape[0];
  const sums = bias ? Float64Array.from(bias) : new Float64Array(units);
  for (let i = 0; i < input.data.length; i++) {
    for (let unit = 0; unit < units; unit++) sums[unit] += input.data[i] * kernel[i * units + unit];
    if (i % 4096 === 0) yield;
  }
  return new Tensor(layer.shape, Float32Array.from(sums));
}

function* same(layer, [input]) {
  return new Tensor(layer.shape, input.data);
}

function* concatenate(layer, inputs) {
  const output = new Tensor(layer.shape);
  let start = 0;
  for (const input of inputs) {
    const channels = input.channels;
    input.data.forEach((value, i) => {
      output.data[Math.floor(i / channels) * output.channels + start + (i % channels)] = value;
    });
    start += channels;
    yield;
  }
  return output;
}

function* flip(layer, [input]) {
  const last = input.channels - 1;
  return new Tensor(layer.shape, input.data.map((_, i, data) => data[i - (i % (last + 1)) + last - (i % (last + 1))]));
}

// A layer's option that is one number for all channels, or one for each.
export const perChannel = (list, channel) => list[channel % list.length];

export const FORWARD = {
  *rescaling(layer, [input]) {
    const { scale, offset } = layer.options;
    const channels = input.channels;
    const rescaled = (value, c) => value * perChannel(scale, c) + perChannel(offset, c);
    return new Tensor(layer.shape, input.data.map((value, i) => rescaled(value, i % channels)));
  },
  *conv(layer, [input]) {
    return yield* convolve(layer, input, layer.weights.kernel, layer.weights.bias, layer.shape);
  },
  *depthwise_conv(layer, [input]) {
    const { depthwise, bias } = layer.weights;
    const output = yield* convolveDepthwise(layer, input, depthwise, layer.shape[2] / input.channels);
    if (bias) output.data.forEach((value, i, data) => (data[i] = value + bias[i % bias.length]));
    return output;
  },
  *separable_conv(layer, [input]) {
    const { depthwise, pointwise, bias } = layer.weights;
    const multiplier = pointwise.length / layer.shape[2] / input.channels;
    const between = yield* convolveDepthwise(layer, input, depthwise, multiplier);
    const point = { options: { size: [1, 1], stride: [1, 1], dilation: [1, 1], padding: "valid" } };
    return yield* convolve(point, between, pointwise, bias, layer.shape);
  },
  max_pool: pool,
  average_pool: pool,
  l2_pool: pool,
  global_max_pool: globalPool,
  global_average_pool: globalPool,
  zero_pad: zeroPad,
  batch_norm: batchNorm,
  activation: function* (layer, [input]) {
    return new Tensor(layer.shape, input.data.slice());
  },
  concatenate,
  flip,
  dropout: same,
  flatten: same,
  dense,
  *add(layer, inputs) {
    return new Tensor(layer.shape, inputs[0].data.map((_, i) => inputs.reduce((sum, input) => sum + input.data[i], 0)));
  },
};

export function* forward(layer, inputs) {
  const output = yield* FORWARD[layer.kind](layer, inputs);
  const round = layer.options.rounding ? roundTo16 : () => {};
  round(output.data);
  activate(layer.options.activation, output.data, output.channels);
  round(output.data);
  return output;
}

// To the nearest bfloat16, the upper half of a float32: what layers in mixed precision pass on.
function roundTo16(data) {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
}
