// A worked example of the article: move over a number of the output to see which pixels and weights gave it.

import { element } from "./draw.js";
import { markWindow, rove } from "./matrix.js";
import { format } from "./tensor.js";

const numbersOf = (table) => [...table.rows].map((line) => [...line.cells].map((cell) => Number(cell.dataset.value)));

export function slideDemo(root) {
  const [image, weights, output] = root.querySelectorAll("table");
  const pixels = numbersOf(image);
  const filter = numbersOf(weights);
  const written = element("p", { class: "sum", "aria-live": "polite" }, "Move over a number of the output.");
  root.append(written);
  const cells = [...output.rows].flatMap((line, row) => [...line.cells].map((cell, column) => ({ cell, row, column })));
  const show = ({ cell, row, column }) => {
    const products = filter.flatMap((line, i) => line.map((weight, j) => ({ pixel: pixels[row + i][column + j], weight })));
    const sum = products.reduce((total, { pixel, weight }) => total + pixel * weight, 0);
    markWindow(image, { top: row, left: column, height: filter.length, width: filter[0].length });
    cells.forEach((other) => other.cell.classList.toggle("seen", other.cell === cell));
    written.textContent = `${products.map(({ pixel, weight }) => `${format(pixel)}\u00b7${format(weight)}`).join(" + ")} = ${format(sum)}`;
  };
  for (const place of cells) {
    place.cell.addEventListener("pointerenter", () => show(place));
    place.cell.addEventListener("focus", () => show(place));
  }
  rove(cells.map(({ cell }) => cell), output.rows[0].cells.length);
}
