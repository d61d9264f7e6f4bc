// The loss of one answer, written so that what is printed is true as printed. As loss.py.

const SMALLEST = 1e-7; // probability that a loss is computed for, as in Keras
const NEAR_ONE = 0.99; // from here on a probability is written as 1 minus what it lacks: rounded, it would be 1

// Writes a number of 0 or more without an exponent.
export function plain(value, digits = 5) {
  if (value <= 0) return "0";
  const decimals = Math.min(100, Math.max(0, digits - 1 - Math.floor(Math.log10(value))));
  return String(value.toFixed(decimals)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

export function writtenLoss(probability) {
  if (probability <= NEAR_ONE) {
    const text = plain(Math.max(probability, SMALLEST));
    return { probability: text, loss: plain(-Math.log(Number(text))) };
  }
  const lacking = 1 - probability > SMALLEST / 1000 ? plain(1 - probability) : "0";
  return { probability: lacking === "0" ? "1" : `(1 \u2212 ${lacking})`, loss: plain(-Math.log1p(-Number(lacking))) };
}

// A share in percent that is called neither none nor all where it is neither.
export function percent(share) {
  const text = (100 * share).toFixed(1);
  if (text === "100.0" && share < 1) return "over 99.9 %";
  if (text === "0.0" && share > 0) return "under 0.1 %";
  return `${text} %`;
}
