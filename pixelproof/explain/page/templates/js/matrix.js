// Tables of numbers, and groups of buttons or cells that are one stop of the Tab key, with arrow keys inside.

import { colourOf, element, inkOf } from "./draw.js";
import { format } from "./tensor.js";

// rows: numbers, or null where there is none. mark: a number to point out. colours: false for plain cells.
export function matrixTable({ title, rows, mark = null, colours = true }) {
  const largest = Math.max(...rows.flat().map((number) => Math.abs(number ?? 0)), 1e-12);
  const cells = (line) =>
    line.map((number) => {
      const marked = number !== null && number === mark ? "mark" : null;
      const shown = element("td", { class: marked }, number === null ? "\u00b7" : format(number, 4));
      if (colours && number !== null) {
        const colour = colourOf(number, largest).map(Math.round);
        shown.style.backgroundColor = `rgb(${colour.join(" ")})`;
        shown.style.color = inkOf(colour);
      }
      return shown;
    });
  return element("table", { class: "matrix" }, element("caption", {}, title), ...rows.map((line) => element("tr", {}, ...cells(line))));
}

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

// Lets arrow keys move the focus among `items`, laid out in rows of `columns`.
export function rove(items, columns = Infinity) {
  items.forEach((item, i) => {
    item.tabIndex = i ? -1 : 0;
    item.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS)) return;
      const [down, right] = STEPS[event.key];
      const next = items[i + right + down * (Number.isFinite(columns) ? columns : 1)];
      event.preventDefault();
      next?.focus();
    });
    item.addEventListener("focus", () => items.forEach((other) => (other.tabIndex = other === item ? 0 : -1)));
  });
}

// Marks the part of a table that a window covers.
export function markWindow(table, { top, left, height, width }) {
  [...table.rows].forEach((line, row) =>
    [...line.cells].forEach((cell, column) => {
      const inside = row >= top && row < top + height && column >= left && column < left + width;
      cell.classList.toggle("seen", inside);
    }),
  );
}
