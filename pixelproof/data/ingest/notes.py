"""What is unusual about a photo that was accepted, in a few words each; the manifest's column `note`."""

from functools import cache
from pathlib import PurePosixPath

from PIL import Image

from pixelproof.data.ingest.facts import Facts
from pixelproof.data.photos.modes import BACKGROUND

MODES = {
    "1": "black and white",
    "L": "greyscale",
    "LA": "greyscale",
    "P": "palette",
    "PA": "palette",
    "CMYK": "CMYK",
    "YCbCr": "YCbCr",
    "LAB": "Lab colours",
    "HSV": "HSV",
}


def notes(path: str, facts: Facts) -> list[str]:
    """Return a note for each thing that a person who looks for trouble would want to know."""
    found = [_suffix_note(path, facts.format), MODES.get(facts.mode, ""), *facts.remarks]
    if facts.frames > 1:
        found.append(f"first of {facts.frames} frames")
    if facts.transparent:
        found.append(f"transparent, over RGB {BACKGROUND}")
    if facts.orientation > 1:
        found.append(f"turned upright (EXIF {facts.orientation})")
    if not path.isascii() or " " in path:
        found.append("spaces or letters beyond ASCII in its path")
    return [note for note in found if note]


def _suffix_note(path: str, format: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    if not suffix:
        return f"no suffix: {format}"
    named = "JPEG" if suffix in (".jpg", ".jpeg") else _formats().get(suffix)
    as_named = named == format or (named == "JPEG" and format == "MPO")  # cameras name MPO files .jpg
    return "" if as_named else f"wrong suffix: {format}"


@cache
def _formats() -> dict[str, str]:
    return Image.registered_extensions()
