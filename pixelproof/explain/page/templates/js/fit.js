// Pixels of any size to those of the network, as the stage `resize` does it with OpenCV: whole numbers, 11 bits for
// each weight. An image: { data, width, height, channels }, uint8, rows from top to bottom.

const ONE = 2048;
const SCALES = [8, 4, 2]; // fractions that a JPEG is decoded at

const even = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)); // as Python and C round

// [height, width] of the whole photo once it fits as `fit` says, at least one pixel each.
export function fittedSize(height, width, { height_px, width_px, fit }) {
  if (fit === "stretch") return [height_px, width_px];
  const scales = [height_px / height, width_px / width];
  const scale = fit === "pad" ? Math.min(...scales) : Math.max(...scales);
  return [height, width].map((side) => Math.max(1, even(side * scale)));
}

// `size` is the photo's [height, width], as a person sees it, where `image` was decoded at a fraction.
export function* fitted(image, params, size, orientation) {
  const [height, width] = fittedSize(...size, params);
  const scaled = yield* scaleFraction(image, height, width, size, orientation);
  const excess = [height - params.height_px, width - params.width_px]; // below zero: bars
  return placed(scaled, ...excess.map((pixels) => Math.trunc(pixels / 2)), params);
}

// The part of an image from (top, left) on, with black where it has nothing.
function placed(image, top, left, { height_px: height, width_px: width }) {
  const { channels } = image;
  const data = new Uint8Array(height * width * channels);
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const from = Math.max(0, -left);
    const to = Math.min(width, image.width - left);
    const start = ((y + top) * image.width + from + left) * channels;
    data.set(image.data.subarray(start, start + (to - from) * channels), (y * width + from) * channels);
  }
  return { data, width, height, channels };
}

// Of 643 columns at 1/8 the last of 81 shows three: taken for a whole one it would shift the picture. It lies where the
// file's last column is, which `orientation` may have turned to the beginning.
function* scaleFraction(image, height, width, size, orientation) {
  if (image.height === size[0] && image.width === size[1]) return yield* scale(image, height, width, size);
  const fraction = SCALES.find((each) => Math.ceil(size[0] / each) === image.height && Math.ceil(size[1] / each) === image.width);
  const extent = size.map((side) => side / fraction);
  const turned = { 2: 2, 3: 3, 4: 4, 6: 2, 7: 3, 8: 4 }[orientation] ?? 1; // back to where the first row and column were
  return upright(yield* scale(upright(image, turned), height, width, extent), turned);
}

function* scale(image, height, width, extent) {
  for (;;) {
    const [tall, wide] = [image.height > 2 * height, image.width > 2 * width];
    if (!tall && !wide) return yield* interpolate(image, height, width, extent);
    image = yield* interpolate(image, tall ? image.height >> 1 : image.height, wide ? image.width >> 1 : image.width, extent);
    extent = [image.height, image.width];
  }
}

function* interpolate(image, height, width, extent) {
  const same = image.height === extent[0] && image.width === extent[1];
  const ratios = same ? [height / image.height, width / image.width] : [height / extent[0], width / extent[1]];
  const rounded = [image.height * ratios[0], image.width * ratios[1]].map(even);
  if (rounded[0] === image.height && rounded[1] === image.width) // then OpenCV copies, whatever the ratio exactly is
    return placed(image, 0, 0, { height_px: height, width_px: width });
  const steps = same ? [image.height / height, image.width / width] : ratios.map((ratio) => 1 / ratio);
  if (same && steps[0] === 2 && steps[1] === 2) return halved(image, height, width);
  const [rows, columns] = [weights(height, image.height, steps[0], false), weights(width, image.width, steps[1], true)];
  const output = { data: new Uint8Array(height * width * image.channels), width, height, channels: image.channels };
  for (let y = 0; y < height; y++) {
    blend(image, output, y, rows[y], columns);
    if (y % 64 === 63) yield;
  }
  return output;
}

function halved({ data, width: stride, channels }, height, width) {
  const output = { data: new Uint8Array(height * width * channels), width, height, channels };
  const row = stride * channels;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0, at = 2 * y * row + 2 * x * channels; c < channels; c++, at++)
        output.data[i++] = (data[at] + data[at + channels] + data[at + row] + data[at + row + channels] + 2) >> 2;
  return output;
}

// For each place the two neighbours that it lies between, and the weight of each in 2048ths. Beyond the first and the last
// pixel OpenCV gives a column all weight at once, and a row by way of its two equal neighbours, which rounds otherwise.
function weights(count, side, step, isColumn) {
  return Array.from({ length: count }, (_, place) => {
    let share = Math.fround((place + 0.5) * step - 0.5);
    let first = Math.floor(share);
    share = Math.fround(share - first);
    if (isColumn && (first < 0 || first >= side - 1)) [first, share] = [Math.max(0, Math.min(first, side - 1)), 0];
    const inside = (at) => Math.max(0, Math.min(side - 1, at));
    return [inside(first), inside(first + 1), even(Math.fround(Math.fround(1 - share) * ONE)), even(Math.fround(share * ONE))];
  });
}

function blend({ data, width, channels }, output, y, [above, below, upper, lower], columns) {
  const [top, bottom] = [above * width * channels, below * width * channels];
  let i = y * output.width * channels;
  for (const [left, right, own, next] of columns)
    for (let c = 0; c < channels; c++) {
      const first = data[top + left * channels + c] * own + data[top + right * channels + c] * next;
      const second = data[bottom + left * channels + c] * own + data[bottom + right * channels + c] * next;
      output.data[i++] = (((upper * (first >> 4)) >> 16) + ((lower * (second >> 4)) >> 16) + 2) >> 2;
    }
}

// Undoes the camera's turn: an EXIF orientation of 1 to 8 (CIPA DC-008, tag 0x0112).
export function upright(image, orientation) {
  if (orientation === 1) return image;
  const { data, channels } = image;
  const turned = orientation >= 5;
  const [height, width] = turned ? [image.width, image.height] : [image.height, image.width];
  const [across, down] = [[2, 3, 6, 7].includes(orientation), [3, 4, 7, 8].includes(orientation)];
  const output = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [row, column] = [down ? height - 1 - y : y, across ? width - 1 - x : x];
      const at = (turned ? column * image.width + row : row * image.width + column) * channels;
      for (let c = 0; c < channels; c++) output[i++] = data[at + c];
    }
  return { data: output, width, height, channels };
}

// Grey or RGB, as the network takes it: grey by OpenCV's weights.
export function inColour(image, colour) {
  const channels = colour === "rgb" ? 3 : 1;
  if (image.channels === channels) return image;
  const { data, width, height } = image;
  const output = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++)
    if (channels === 3) output.fill(data[i], 3 * i, 3 * i + 3);
    else output[i] = (9798 * data[3 * i] + 19235 * data[3 * i + 1] + 3735 * data[3 * i + 2] + 16384) >> 15;
  return { data: output, width, height, channels };
}
