// The classes with their probabilities, as bars.

import { element } from "./draw.js";

// order: class numbers, in the order to list them; label: the class that is the right one, null where nobody knows.
export function answerList(classes, probabilities, label = null, order = [...classes.keys()]) {
  const bars = order.map((i) => {
    const share = 100 * probabilities[i];
    const attributes = { style: `--share: ${share}%`, class: i === label ? "label" : null };
    return element("li", attributes, `${classes[i]} `, element("b", {}, `${share.toFixed(1)} %`));
  });
  return element("ul", { class: "answers", "aria-label": "probability of each class" }, ...bars);
}
