// Writes out how one output of a layer came about: what it saw, the products, the bias, the activation.
//
// A sum is { windows: where it looked, steps: [{ text, value }], partials: one number per input map (convolutions),
// matrices: [{ title, rows }] } and its `value`, the layer's output at that place.

import { convolutionSum, poolingSum } from "./window_sums.js";
import { denseSum } from "./dense_sum.js";
import { finishSteps, originOf } from "./steps.js";
import { perChannel } from "./forward.js";
import { format, listColumns } from "./tensor.js";

const whole = (input, [height, width], channel) => ({ input, channel, top: 0, left: 0, height, width });
const cell = (input, { row, column, channel }) => ({ input, channel, top: row, left: column, height: 1, width: 1 });

// An output that depends on the number at the same place in each input.
function pointwise(write) {
  return ({ layer, inputs, place }) => ({
    windows: inputs.map((_, i) => cell(i, place)),
    steps: finishSteps(layer, write(layer, inputs.map((input) => input.data[place.index]), place)),
  });
}

function batchNorm({ weights, options }, [x], { channel, index }) {
  const c = weights.mean.length > 1 && channel === null ? index : channel ?? 0;
  const [gamma, beta] = [weights.gamma ? weights.gamma[c] : 1, weights.beta ? weights.beta[c] : 0];
  const spread = Math.sqrt(weights.variance[c] + options.epsilon);
  const text =
    `(${format(x)} \u2212 mean ${format(weights.mean[c])}) / \u221a(variance ${format(weights.variance[c])} + ${options.epsilon})` +
    ` \u00b7 gamma ${format(gamma)} + beta ${format(beta)}`;
  return { text, value: ((x - weights.mean[c]) / spread) * gamma + beta };
}

function rescaling({ options }, [x], { channel, index }) {
  const [scale, offset] = [options.scale, options.offset].map((list) => perChannel(list, channel ?? index));
  return { text: `${format(x)} \u00d7 ${format(scale)}${offset ? ` + ${format(offset)}` : ""}`, value: x * scale + offset };
}

// An output that is a number of another map, at the same place.
function taken(find) {
  return ({ network, layer, inputs, place }) => {
    const { input, channel } = find({ inputs, channel: place.channel ?? place.index });
    const tensor = inputs[input];
    const pixel = tensor.isImage ? place.row * tensor.shape[1] + place.column : 0;
    const width = listColumns(tensor.data.length);
    const seen = tensor.isImage ? { ...place, channel } : { row: Math.floor(channel / width), column: channel % width, channel: null };
    const text = `${tensor.isImage ? "map" : "number"} ${channel + 1} of ${network.layers[layer.inputs[input]].name}`;
    return { windows: [cell(input, seen)], steps: [{ text, value: tensor.data[pixel * tensor.channels + channel] }] };
  };
}

function concatenated({ inputs, channel }) {
  let input = 0;
  while (channel >= inputs[input].channels) channel -= inputs[input++].channels;
  return { input, channel };
}

function globalPool({ layer, inputs: [input], place }) {
  const [height, width, channels] = input.shape;
  const numbers = Array.from({ length: height * width }, (_, i) => input.data[i * channels + place.index]);
  const isMax = layer.kind === "global_max_pool";
  const value = isMax ? Math.max(...numbers) : numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const text = `the ${isMax ? "largest" : "mean"} of the ${height}\u00d7${width} numbers of map ${place.index + 1}`;
  return { windows: [whole(0, input.shape, place.index)], focus: place.index, steps: [{ text, value }] };
}

function zeroPad({ layer, inputs: [input], place }) {
  const [[top], [left]] = layer.options.rings;
  const [row, column] = [place.row - top, place.column - left];
  const inside = row >= 0 && column >= 0 && row < input.shape[0] && column < input.shape[1];
  const value = inside ? input.at(row, column, place.channel) : 0;
  const text = inside ? `the number of the map before, at row ${row + 1}, column ${column + 1}` : "one of the zeros around the map";
  return { windows: inside ? [cell(0, { ...place, row, column })] : [], steps: [{ text, value }] };
}

function flatten({ network, number, inputs: [input], place }) {
  const text = `number ${place.index + 1} of the list is ${originOf(network, number, place.index)}`;
  const width = input.shape[1] ?? 0;
  const pixel = Math.floor(place.index / input.channels);
  const seen = { row: Math.floor(pixel / width), column: pixel % width, channel: place.index % input.channels };
  const windows = input.isImage ? [cell(0, seen)] : [cell(0, place)];
  return { windows, focus: input.isImage ? seen.channel : null, steps: [{ text, value: input.data[place.index] }] };
}

const SUMS = {
  input: ({ output, place }) => ({
    windows: [],
    steps: [{ text: "a pixel of the photo, from 0 (dark) to 255 (bright)", value: output.data[place.index] }],
  }),
  rescaling: pointwise(rescaling),
  concatenate: taken(concatenated),
  flip: taken(({ inputs: [input], channel }) => ({ input: 0, channel: input.channels - 1 - channel })),
  conv: convolutionSum,
  separable_conv: convolutionSum,
  depthwise_conv: convolutionSum,
  max_pool: poolingSum,
  average_pool: poolingSum,
  l2_pool: poolingSum,
  global_max_pool: globalPool,
  global_average_pool: globalPool,
  zero_pad: zeroPad,
  batch_norm: pointwise(batchNorm),
  activation: ({ layer, inputs: [input], place }) => ({
    windows: [cell(0, place)],
    steps: finishSteps(layer, { value: input.data[place.index] }, input.data),
  }),
  dropout: pointwise((_, [x]) => ({ text: "dropout leaves out numbers only while it trains; now it passes on", value: x })),
  flatten,
  dense: denseSum,
  add: pointwise((_, numbers) => ({
    text: numbers.map((number) => format(number)).join(" + "),
    value: numbers.reduce((a, b) => a + b, 0),
  })),
  box: ({ layer, output, place }) => ({
    windows: [],
    steps: [{ text: `computed by Keras when the page was made, since ${layer.reason}`, value: output.data[place.index] }],
  }),
};

// place: { row, column } in the plane of map `channel` (null for a list). from: the input map to write out.
export function sumAt(network, outputs, number, place, from) {
  const layer = network.layers[number];
  const output = outputs[number];
  const columns = output.isImage ? output.shape[1] : listColumns(output.data.length);
  const pixel = place.row * columns + place.column;
  const index = output.isImage ? pixel * output.channels + place.channel : pixel;
  if (index >= output.data.length) return null;
  const inputs = layer.inputs.map((input) => outputs[input]);
  const exact = { ...place, channel: output.isImage ? place.channel : null, index };
  const sum = SUMS[layer.kind]({ network, number, layer, inputs, output, place: exact, from });
  return { ...sum, value: output.data[index] };
}
