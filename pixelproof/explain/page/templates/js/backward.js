// Back-propagation: what the loss's gradient by a layer's output is by its inputs. The reverse of forward.js, kind by kind.

import { ACTIVATIONS } from "./activations.js";
import { eachPixel, forward, perChannel } from "./forward.js";

const like = (tensor) => new Float64Array(tensor.data.length);
const bell = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

// The derivative of each activation, by the number before it.
const SLOPES = {
  linear: () => 1,
  relu: (z) => (z > 0 ? 1 : 0),
  elu: (z) => (z > 0 ? 1 : Math.exp(z)),
  gelu: (z) => (z ? ACTIVATIONS.gelu(z) / z : 0.5) + z * bell(z),
  leaky_relu: (z) => (z > 0 ? 1 : 0.2),
  sigmoid: (z) => ACTIVATIONS.sigmoid(z) * (1 - ACTIVATIONS.sigmoid(z)),
  silu: (z) => ACTIVATIONS.sigmoid(z) * (1 + z * (1 - ACTIVATIONS.sigmoid(z))),
  tanh: (z) => 1 - Math.tanh(z) ** 2,
};

function throughSoftmax(output, gradient, units) {
  const before = new Float64Array(gradient.length);
  for (let start = 0; start < gradient.length; start += units) {
    let mean = 0;
    for (let i = start; i < start + units; i++) mean += gradient[i] * output.data[i];
    for (let i = start; i < start + units; i++) before[i] = output.data[i] * (gradient[i] - mean);
  }
  return before;
}

// The gradient by the numbers that a layer's activation was applied to.
export function* throughActivation(layer, inputs, output, gradient) {
  const name = layer.options.activation ?? "linear";
  if (name === "linear") return gradient;
  if (name === "softmax") return throughSoftmax(output, gradient, output.channels);
  const before = yield* forward({ ...layer, options: { ...layer.options, activation: "linear" } }, inputs);
  return gradient.map((value, i) => value * SLOPES[name](before.data[i]));
}

function* conv(layer, [input], output, gradient, kernel = layer.weights.kernel) {
  const back = like(input);
  const [channels, filters] = [input.channels, output.channels];
  yield* eachPixel(layer, input, (pixel, look) =>
    look((seen, place) => {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let f = 0; f < filters; f++) sum += gradient[pixel * filters + f] * kernel[(place * channels + c) * filters + f];
        back[seen * channels + c] += sum;
      }
    }),
  );
  return [back];
}

function* depthwise(layer, input, kernel, filters, gradient) {
  const back = like(input);
  const multiplier = filters / input.channels;
  yield* eachPixel(layer, input, (pixel, look) =>
    look((seen, place) => {
      for (let f = 0; f < filters; f++)
        back[seen * input.channels + Math.floor(f / multiplier)] += gradient[pixel * filters + f] * kernel[place * filters + f];
    }),
  );
  return [back];
}

function* separable(layer, [input], output, gradient) {
  const { depthwise: first, pointwise } = layer.weights;
  const filters = output.channels;
  const between = pointwise.length / filters;
  const inner = new Float64Array((gradient.length / filters) * between);
  for (let i = 0; i < inner.length; i++) {
    const [pixel, c] = [Math.floor(i / between), i % between];
    for (let f = 0; f < filters; f++) inner[i] += gradient[pixel * filters + f] * pointwise[c * filters + f];
  }
  return yield* depthwise(layer, input, first, between, inner);
}

// What a pooled output passes to each of the numbers that it was made of.
function passed(kind, seen, output, gradient, add) {
  if (kind.endsWith("max_pool")) {
    const most = seen.reduce((best, each) => (each.value > best.value ? each : best));
    add(most.at, gradient);
  } else for (const { at, value } of seen) add(at, kind === "l2_pool" ? (output ? (gradient * value) / output : 0) : gradient / seen.length);
}

function* pool(layer, [input], output, gradient) {
  const back = like(input);
  const channels = input.channels;
  yield* eachPixel(layer, input, (pixel, look) => {
    for (let c = 0; c < channels; c++) {
      const seen = [];
      look((place) => seen.push({ at: place * channels + c, value: input.data[place * channels + c] }));
      passed(layer.kind, seen, output.data[pixel * channels + c], gradient[pixel * channels + c], (at, share) => (back[at] += share));
    }
  });
  return [back];
}

function* globalPool(layer, [input], output, gradient) {
  const back = like(input);
  const channels = input.channels;
  for (let c = 0; c < channels; c++) {
    const seen = [];
    for (let at = c; at < input.data.length; at += channels) seen.push({ at, value: input.data[at] });
    passed(layer.kind, seen, output.data[c], gradient[c], (at, share) => (back[at] += share));
    yield;
  }
  return [back];
}

function* zeroPad(layer, [input], output, gradient) {
  const [[top], [left]] = layer.options.rings;
  const [, width, channels] = input.shape;
  return [
    like(input).map((_, i) => {
      const [pixel, c] = [Math.floor(i / channels), i % channels];
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return gradient[((row + top) * output.shape[1] + column + left) * channels + c];
    }),
  ];
}

function* batchNorm(layer, [input], output, gradient) {
  const { gamma, variance } = layer.weights;
  const factor = (c) => (gamma ? gamma[c] : 1) / Math.sqrt(variance[c] + layer.options.epsilon);
  return [gradient.map((value, i) => value * factor(i % input.channels))];
}

function* dense(layer, [input], output, gradient) {
  const { kernel } = layer.weights;
  const units = gradient.length;
  return [like(input).map((_, i) => gradient.reduce((sum, value, unit) => sum + value * kernel[i * units + unit], 0))];
}

function* concatenate(layer, inputs, output, gradient) {
  let start = 0;
  return inputs.map((input) => {
    const begin = start;
    start += input.channels;
    return like(input).map((_, i) => gradient[Math.floor(i / input.channels) * output.channels + begin + (i % input.channels)]);
  });
}

function* flip(layer, [input], output, gradient) {
  const last = input.channels - 1;
  return [gradient.map((_, i) => gradient[i - (i % (last + 1)) + last - (i % (last + 1))])];
}

function* same(layer, inputs, output, gradient) {
  return inputs.map(() => gradient);
}

const BACKWARD = {
  conv,
  *depthwise_conv(layer, [input], output, gradient) {
    return yield* depthwise(layer, input, layer.weights.depthwise, output.channels, gradient);
  },
  separable_conv: separable,
  max_pool: pool,
  average_pool: pool,
  l2_pool: pool,
  global_max_pool: globalPool,
  global_average_pool: globalPool,
  zero_pad: zeroPad,
  batch_norm: batchNorm,
  activation: same,
  add: same,
  dropout: same,
  flatten: same,
  concatenate,
  flip,
  dense,
  *rescaling(layer, [input], output, gradient) {
    return [gradient.map((value, i) => value * perChannel(layer.options.scale, i % input.channels))];
  },
};

// The gradient of the loss by the numbers before the activation of layer `target`; `last`: that by those of the last layer.
// Null where nothing of the target reaches the last layer.
export function* gradientBefore(layers, outputs, last, target) {
  const gradients = new Map();
  for (let i = layers.length - 1; i >= target; i--) {
    const layer = layers[i];
    if (i < layers.length - 1 && !gradients.has(i)) continue;
    const inputs = layer.inputs.map((input) => outputs[input]);
    const before = i === layers.length - 1 ? last : yield* throughActivation(layer, inputs, outputs[i], gradients.get(i));
    if (i === target) return before;
    const passedOn = yield* BACKWARD[layer.kind](layer, inputs, outputs[i], before);
    layer.inputs.forEach((input, place) => gradients.set(input, summed(gradients.get(input), passedOn[place])));
    yield;
  }
  return null;
}

const summed = (one, other) => (one ? one.map((value, i) => value + other[i]) : other);

// The gradient by a convolution's kernel: each weight met each pixel of the input once for each output.
export function* kernelGradient(layer, input, gradient) {
  const back = new Float64Array(layer.weights.kernel.length);
  const [channels, filters] = [input.channels, layer.shape[2]];
  yield* eachPixel(layer, input, (pixel, look) =>
    look((seen, place) => {
      for (let c = 0; c < channels; c++)
        for (let f = 0; f < filters; f++)
          back[(place * channels + c) * filters + f] += input.data[seen * channels + c] * gradient[pixel * filters + f];
    }),
  );
  return back;
}

export function biasGradient(gradient, filters) {
  const back = new Float64Array(filters);
  gradient.forEach((value, i) => (back[i % filters] += value));
  return back;
}
