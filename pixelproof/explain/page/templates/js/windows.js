// How far a window slides along one side: the formula (W - F + 2P) / S + 1, and Keras's "same" padding.

export const reach = (size, dilation = 1) => dilation * (size - 1) + 1;

// Returns how many outputs there are along a side, and how many zeros stand before its first pixel and after its last.
export function slide(side, { size, stride, dilation = 1, padding = "valid", rings = 0 }) {
  if (padding === "same") {
    const count = Math.ceil(side / stride);
    const zeros = Math.max(0, (count - 1) * stride + reach(size, dilation) - side);
    return { count, before: Math.floor(zeros / 2), after: Math.ceil(zeros / 2) };
  }
  return { count: Math.floor((side - reach(size, dilation) + 2 * rings) / stride) + 1, before: rings, after: rings };
}

export function layerWindow(options, shape) {
  return [0, 1].map((axis) => {
    const along = { size: options.size[axis], stride: options.stride[axis], dilation: options.dilation[axis] };
    return { ...along, side: shape[axis], ...slide(shape[axis], { ...along, padding: options.padding }) };
  });
}

// Says in words why a window cannot slide so; null where it can. `pixelproof plan` refuses the same, and nothing else.
export function refusal(side, covered, rings) {
  if (covered <= side + 2 * rings) return null;
  const padded = rings ? ` (${side} and ${rings} ring${rings > 1 ? "s" : ""} of zeros on both sides)` : "";
  return (
    `Impossible: a window of ${covered} pixels does not fit into ${side + 2 * rings}${padded}. ` +
    "Make the window smaller, the picture larger, or add rings of zeros."
  );
}

// Says what is lost where a window can slide so, but hardly should; "" where nothing is.
export function warning(covered, stride, before) {
  if (before >= covered)
    return `This can be done, but with ${before} zeros before the first pixel a window of ${covered} sees nothing but zeros at the border.`;
  if (stride > covered)
    return `This can be done, but with stride ${stride} a window of ${covered} passes over pixels that no window ever sees.`;
  return "";
}

// Writes the size of the output out, with the sense of every rounding.
export function formula(side, window) {
  return window.padding === "same" ? sameFormula(side, window) : ringsFormula(side, window);
}

function ringsFormula(side, { size, stride, dilation = 1, rings = 0 }) {
  const { count } = slide(side, { size, stride, dilation, rings });
  const covered = reach(size, dilation);
  const over = (side - covered + 2 * rings) % stride;
  const inner = `(${side} \u2212 ${covered} + 2\u00b7${rings}) / ${stride}`;
  const rest = `, rounded down (\u230a \u230b): the last ${over} row${over > 1 ? "s" : ""} and column${over > 1 ? "s" : ""} are not seen`;
  return `${over ? `\u230a${inner}\u230b` : inner} + 1 = ${count}${over ? rest : ""}${spread(size, dilation)}`;
}

function sameFormula(side, window) {
  const { count, before, after } = slide(side, window);
  const covered = reach(window.size, window.dilation);
  const needed = (count - 1) * window.stride + covered;
  const up = side % window.stride ? ", rounded up (\u2308 \u2309)" : "";
  const missing = needed > side ? `${needed - side} zeros are missing: ${before} before and ${after} after` : "no zeros are missing";
  const size = `W / S = ${side} / ${window.stride}${up} gives ${count} outputs`;
  return (
    `${size}. They need (${count} \u2212 1)\u00b7${window.stride} + ${covered} = ${needed} pixels of the ${side}: ${missing}` +
    spread(window.size, window.dilation)
  );
}

const spread = (size, dilation) =>
  dilation > 1 ? `. With dilation ${dilation} a window of ${size} covers ${dilation}\u00b7(${size} \u2212 1) + 1 = ${reach(size, dilation)} pixels` : "";
