// Words that are explained where they are pointed at, or reached with the Tab key: links to the glossary, with a tip.

import { element } from "./draw.js";

const PLACES = ".inside p, .inside li, .inside figcaption, .inside .facts small, .inside .name";
const LEFT_ALONE = "a, button, label, summary, code, pre, dl, h3, h4, h5, table.matrix, [aria-live], [role=status], .term";
const MARGIN = 8;

const entries = () => [...document.querySelectorAll("#words dt")].map((dt) => ({ id: dt.id, says: dt.nextElementSibling.textContent, forms: dt.dataset.forms }));
let known = null;

function pattern() {
  known ??= entries();
  return known.length ? new RegExp(`\\b(?:${known.map(({ forms }, i) => `(?<w${i}>${forms})`).join("|")})\\b`, "gi") : null;
}

function term(match) {
  const number = Object.keys(match.groups).find((name) => match.groups[name] !== undefined).slice(1);
  const { id } = known[number];
  return { id, link: element("a", { class: "term", href: `#${id}` }, match[0]) };
}

// Returns a text as nodes, with each known word as a term; `used` holds the words that have been explained already.
export function worded(text, used = new Set()) {
  const nodes = [];
  let from = 0;
  for (const match of pattern() ? text.matchAll(pattern()) : []) {
    const { id, link } = term(match);
    if (used.has(id)) continue;
    used.add(id);
    nodes.push(text.slice(from, match.index), link);
    from = match.index + match[0].length;
  }
  return [...nodes, text.slice(from)];
}

// Explains the first use of each word in each step.
export function explainWords() {
  for (const step of document.querySelectorAll(".step:not(#words)")) {
    const used = new Set();
    for (const place of step.querySelectorAll(PLACES)) wordText(place, used);
  }
  listen(element("div", { id: "word-tip", role: "tooltip", hidden: true }));
}

function wordText(place, used) {
  if (place.closest(LEFT_ALONE)) return;
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(LEFT_ALONE)) texts.push(walker.currentNode);
  for (const text of texts) {
    const nodes = worded(text.data, used);
    if (nodes.length > 1) text.replaceWith(...nodes);
  }
}

function listen(tip) {
  document.body.append(tip);
  let shown = null;
  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  };
  const show = (event) => {
    const link = event.target.closest?.("a.term");
    if (link === shown || tip.contains(event.target)) return;
    hide();
    if (!link) return;
    shown = link;
    tip.textContent = known.find(({ id }) => `#${id}` === link.getAttribute("href")).says;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    place(tip, link.getBoundingClientRect());
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  const follow = () => shown && place(tip, shown.getBoundingClientRect()); // the Tab key scrolls to the word that it reaches
  addEventListener("scroll", follow, { passive: true, capture: true });
}

// Below the word, or above it where there is no room; never beyond the screen.
function place(tip, word) {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(word.left, document.documentElement.clientWidth - width - MARGIN);
  const below = word.bottom + 4;
  const top = below + height > innerHeight ? word.top - height - 4 : below;
  Object.assign(tip.style, { left: `${Math.max(MARGIN, left)}px`, top: `${top}px` });
}
