// Which part of a photo an example shows: inside of it, with different numbers wherever a window looks. As patch.py.

const LEVELS = 16; // 251 and 253 are one number to a reader, and so are 0 and 2
const PLACES = 24; // along a side; of a large photo not every place is tried

// Returns the { top, left } of a square part of the photo's first channel.
export function examplePatch(photo, side, window) {
  const levels = levelsOf(photo);
  const inner = inside(levels, side);
  const counts = windowCounts(levels, inner, window);
  const [rows, columns] = [inner.height, inner.width].map((length) => places(length - side));
  let best = null;
  for (const row of rows)
    for (const column of columns) {
      const score = scoreOf(counts, row, column, side - window + 1);
      if (best === null || better(score, best.score)) best = { score, top: inner.top + row, left: inner.left + column };
    }
  return best;
}

export function distinct(numbers) {
  return new Set(numbers.map(levelOf)).size;
}

const levelOf = (value) => Math.floor((value * LEVELS) / 256);

function levelsOf(photo) {
  const [height, width] = photo.shape;
  return Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_, column) => levelOf(photo.at(row, column, 0))));
}

// The picture without its borders of a single colour; all of it where what is left is too small.
function inside(levels, side) {
  const varies = (line) => line.some((level) => level !== line[0]);
  const rows = levels.flatMap((line, row) => (varies(line) ? [row] : []));
  const columns = levels[0].flatMap((_, column) => (varies(levels.map((line) => line[column])) ? [column] : []));
  const span = (numbers) => (numbers.length ? numbers[numbers.length - 1] - numbers[0] + 1 : 0);
  if (Math.min(span(rows), span(columns)) < side) return { top: 0, left: 0, height: levels.length, width: levels[0].length };
  return { top: rows[0], left: columns[0], height: span(rows), width: span(columns) };
}

function places(last) {
  const step = Math.ceil((Math.max(0, last) + 1) / PLACES);
  return Array.from({ length: Math.floor(Math.max(0, last) / step) + 1 }, (_, i) => i * step);
}

function windowCounts(levels, { top, left, height, width }, window) {
  const seen = (row, column) =>
    new Set(levels.slice(top + row, top + row + window).flatMap((line) => line.slice(left + column, left + column + window))).size;
  const [down, right] = [height, width].map((length) => Math.max(1, length - window + 1));
  return Array.from({ length: down }, (_, row) => Array.from({ length: right }, (_, column) => seen(row, column)));
}

// [levels in the dullest window, levels in all windows together]
function scoreOf(counts, top, left, side) {
  const seen = counts.slice(top, top + side).flatMap((line) => line.slice(left, left + side));
  return [Math.min(...seen), seen.reduce((sum, count) => sum + count, 0)];
}

const better = (score, other) => score[0] > other[0] || (score[0] === other[0] && score[1] > other[1]);
