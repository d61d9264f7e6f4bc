"""Text on picture sheets: fonts, missing characters, line breaks.

Drawn by Pillow, not matplotlib, whose import takes longer than drawing a sheet. The font is the one that matplotlib
ships: every installation has it, and it covers Latin, Greek, Cyrillic, Arabic and more; Pillow's own is Latin only.
"""

import unicodedata
from bisect import bisect_left
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

MISSING = "□"  # in place of a character that the font lacks (Chinese, Japanese, Korean, ...) or that has no shape
CUT = "…"
RIGHT_TO_LEFT = {"R", "AL"}  # Unicode's bidirectional classes of Hebrew and Arabic letters


class Font:
    """The font in one size and weight."""

    def __init__(self, size_px: int, *, bold: bool = False) -> None:
        path = str(_font_path("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))
        self._plain = ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)
        # Raqm orders and joins letters; where it is not installed, Pillow falls back to the basic engine.
        self._shaped = ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.RAQM)
        self._no_glyph = bytes(self._plain.getmask("\uffff"))
        self.line_px = round(size_px * 1.3)

    def drawing(self, text: str) -> ImageFont.FreeTypeFont:
        """Return the font that draws `text`: the same pixels on every machine, except for right-to-left scripts."""
        return self._shaped if any(unicodedata.bidirectional(char) in RIGHT_TO_LEFT for char in text) else self._plain

    def width(self, text: str) -> float:
        return self.drawing(text).getlength(text)

    def drawable(self, text: str) -> str:
        """Return `text` with MISSING for each character that cannot be drawn."""
        return "".join(char if self._covers(char) else MISSING for char in unicodedata.normalize("NFC", text))

    def _covers(self, char: str) -> bool:
        return char.isprintable() and (char.isascii() or bytes(self._plain.getmask(char)) != self._no_glyph)

    def shortened(self, text: str, width_px: float) -> str:
        """Return `text` drawable and at most `width_px` wide; the middle is cut, since names differ at their ends."""
        text = self.drawable(text)
        if self.width(text) <= width_px:
            return text
        too_long = bisect_left(range(len(text)), True, key=lambda kept: self.width(_cut(text, kept)) > width_px)
        return _cut(text, max(0, too_long - 1))

    def wrapped(self, text: str, width_px: float, lines: int) -> list[str]:
        """Break `text` between words into at most `lines` lines; the last one is shortened if necessary."""
        words = self.drawable(text).split()
        broken: list[str] = []
        while words and len(broken) < lines - 1:
            count = self._fitting(words, width_px)
            broken.append(self.shortened(" ".join(words[:count]), width_px))
            words = words[count:]
        return [*broken, self.shortened(" ".join(words), width_px)] if words else broken

    def _fitting(self, words: list[str], width_px: float) -> int:
        """Return how many words fit into a line, at least one."""
        return max(
            1, bisect_left(range(1, len(words) + 1), True, key=lambda n: self.width(" ".join(words[:n])) > width_px)
        )


def _cut(text: str, kept: int) -> str:
    """Return `text` with only `kept` characters, half at its beginning and half at its end."""
    tail = kept // 2
    return text[: kept - tail] + CUT + text[len(text) - tail :]


@cache
def _font_path(name: str) -> Path:
    package = find_spec("matplotlib")  # found, not imported
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "mpl-data/fonts/ttf" / name
