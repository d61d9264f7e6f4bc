// How far a window slides along one side: the formula (W - F + 2P) / S + 1, and Keras's "same" padding.

export const reach = (size, dilation = 1) => dilation * (size - 1) + 1;

// Returns how many outputs there are along a side, and how many zeros stand before its first pixel.
export function slide(side, { size, stride, dilation = 1, padding = "valid", rings = 0 }) {
  if (padding === "same") {
    const count = Math.ceil(side / stride);
    const zeros = Math.max(0, (count - 1) * stride + reach(size, dilation) - side);
    return { count, before: Math.floor(zeros / 2) };
  }
  return { count: Math.floor((side - reach(size, dilation) + 2 * rings) / stride) + 1, before: rings };
}

export function layerWindow(options, shape) {
  return [0, 1].map((axis) => {
    const along = { size: options.size[axis], stride: options.stride[axis], dilation: options.dilation[axis] };
    return { ...along, side: shape[axis], ...slide(shape[axis], { ...along, padding: options.padding }) };
  });
}

// Says in words why a window cannot slide so; null where it can.
export function refusal(side, size, stride, rings, pools = false) {
  if (size > side + 2 * rings) {
    const padded = rings ? ` (${side} and ${rings} ring${rings > 1 ? "s" : ""} of zeros on both sides)` : "";
    return (
      `Impossible: a window of ${size} pixels does not fit into ${side + 2 * rings}${padded}. ` +
      "Make the window smaller, the picture larger, or add rings of zeros."
    );
  }
  if (rings >= size)
    return (
      `Impossible: with ${rings} rings of zeros a window of ${size} would see nothing but zeros at the border. ` +
      "Make the window larger, or take rings away."
    );
  if (pools && stride > size)
    return (
      `Refused: with stride ${stride} a pooling window of ${size} would skip pixels that no window ever sees. ` +
      "Make the stride smaller, or the window larger."
    );
  return null;
}

export function formula(side, size, stride, rings) {
  const { count } = slide(side, { size, stride, rings });
  const over = (side - size + 2 * rings) % stride;
  const rest = over ? `, rounded down: the last ${over} row${over > 1 ? "s" : ""} and column${over > 1 ? "s" : ""} are not seen` : "";
  return `(${side} \u2212 ${size} + 2\u00b7${rings}) / ${stride} + 1 = ${count}${rest}`;
}
