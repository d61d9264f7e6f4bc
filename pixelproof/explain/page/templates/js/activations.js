// Keras's activations, of one number; softmax looks at all of a layer's numbers.

// Complementary error function, fractional error below 1.2e-7 (Numerical Recipes, section 6.2).
function erfc(x) {
  const z = Math.abs(x);
  const t = 1 / (1 + 0.5 * z);
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806,
    0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const tail = t * Math.exp(-z * z + terms.reduceRight((sum, term) => sum * t + term, 0));
  return x >= 0 ? tail : 2 - tail;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => 0.5 * x * erfc(-x / Math.SQRT2),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  sigmoid,
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
};

export function softmax(numbers) {
  const largest = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(numbers, (x) => Math.exp(x - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

// Changes the numbers in place; the last axis, of length `units`, is the one softmax sums over.
export function activate(name, data, units) {
  if (name === "softmax")
    for (let start = 0; start < data.length; start += units) data.set(softmax(data.subarray(start, start + units)), start);
  else if (name && name !== "linear") {
    const apply = ACTIVATIONS[name];
    for (let i = 0; i < data.length; i++) data[i] = apply(data[i]);
  }
}
