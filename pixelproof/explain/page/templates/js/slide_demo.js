// A worked example that slides by itself, and stops where its reader points: which pixels and weights gave a number.

import { element } from "./draw.js";
import { markWindow, rove } from "./matrix.js";
import { format } from "./tensor.js";

const STEP_MS = 1200;
const numbersOf = (table) => [...table.rows].map((line) => [...line.cells].map((cell) => Number(cell.dataset.value)));

export function slideDemo(root) {
  const [image, weights, output] = root.querySelectorAll("table");
  const pixels = numbersOf(image);
  const filter = numbersOf(weights);
  const written = element("p", { class: "sum", "aria-live": "polite" }, "Move over a number of the output.");
  const cells = [...output.rows].flatMap((line, row) => [...line.cells].map((cell, column) => ({ cell, row, column })));
  let at = -1;
  const show = (number) => {
    at = number;
    const { cell, row, column } = cells[number];
    const products = filter.flatMap((line, i) => line.map((weight, j) => ({ pixel: pixels[row + i][column + j], weight })));
    const sum = products.reduce((total, { pixel, weight }) => total + pixel * weight, 0);
    markWindow(image, { top: row, left: column, height: filter.length, width: filter[0].length });
    cells.forEach((other) => other.cell.classList.toggle("seen", other.cell === cell));
    written.textContent = `${products.map(({ pixel, weight }) => `${format(pixel)}\u00b7${format(weight)}`).join(" + ")} = ${format(sum)}`;
  };
  const player = new Player(() => show((at + 1) % cells.length), written);
  root.append(player.buttons, written);
  cells.forEach(({ cell }, number) => {
    const point = () => {
      player.stop();
      show(number);
    };
    cell.addEventListener("pointerenter", point);
    cell.addEventListener("focus", point);
  });
  rove(cells.map(({ cell }) => cell), output.rows[0].cells.length);
  player.startWhenSeen(root);
}

// Takes a step now and then while it plays. Under reduced motion it waits to be asked.
class Player {
  constructor(step, spoken) {
    Object.assign(this, { step, spoken, timer: null });
    this.toggle = element("button", { type: "button", onclick: () => (this.timer === null ? this.play() : this.stop()) }, "play");
    const once = () => {
      this.stop();
      step();
    };
    this.buttons = element("div", { class: "player" }, this.toggle, element("button", { type: "button", onclick: once }, "step"));
  }

  play() {
    this.spoken.setAttribute("aria-live", "off"); // a screen reader would never come to an end
    this.toggle.textContent = "pause";
    this.step();
    this.timer = setInterval(() => this.step(), STEP_MS);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.toggle.textContent = "play";
    this.spoken.setAttribute("aria-live", "polite");
  }

  // A reader who stopped it, or who points at a number, is not overruled.
  stop() {
    this.seen?.disconnect();
    this.pause();
  }

  startWhenSeen(root) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.seen = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) this.pause();
      else if (this.timer === null) this.play();
    });
    this.seen.observe(root);
  }
}
