// The classes with their probabilities, as bars.

import { element } from "./draw.js";
import { percent } from "./loss.js";

// order: class numbers, in the order to list them; label: the class that is the right one, null where nobody knows.
export function answerList(classes, probabilities, label = null, order = [...classes.keys()]) {
  const bars = order.map((i) => {
    const attributes = { style: `--share: ${100 * probabilities[i]}%`, class: i === label ? "label" : null };
    return element("li", attributes, `${classes[i]} `, element("b", {}, percent(probabilities[i])));
  });
  return element("ul", { class: "answers", "aria-label": "probability of each class" }, ...bars);
}
