"""The evidence for one answer as a picture that needs no other explanation."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pixelproof.data.sheets.lettering import Font
from pixelproof.data.sheets.sheet import FAINT_INK, INK, SheetLayout, SheetSection, Tile, thumbnail, write_sections
from pixelproof.evidence.heat import overlay
from pixelproof.evidence.neighbours import Neighbour
from pixelproof.evidence.witness import NEAREST, Evidence

TILE_PX = 240
BARS = 6  # classes whose probabilities are shown
BAR, BAR_OF_ANSWER = "#b0b0b0", "#ff8200"
SAME = 1e-6  # a distance below this is rounding


def write_picture(evidence: Evidence, classes: Sequence[str], photo: str, path: Path) -> None:
    """Write the evidence for the answer to a photo as one PNG."""
    answer = classes[evidence.label]
    title = f"{answer}: {_percent(evidence.probabilities[evidence.label])} sure"
    sections = [
        SheetSection(list(_maps(evidence, classes)), f"What spoke for {answer} in {photo}"),
        SheetSection(list(_nearest(evidence)), "The training photos that the network sees most like it"),
    ]
    write_sections(sections, path, SheetLayout(NEAREST, TILE_PX, gap_px=12), title)


def _maps(evidence: Evidence, classes: Sequence[str]) -> Iterator[Tile]:
    answer, (height, width, _) = classes[evidence.label], evidence.image.shape
    yield Tile(thumbnail(evidence.image, TILE_PX), f"{width} x {height} pixels", "all that the network sees of it")
    yield _gradcam(evidence, answer)
    fall = float(evidence.occlusion.max())
    yield Tile(
        overlay(evidence.image, evidence.occlusion, TILE_PX),
        "Where hiding a part lowers the probability",
        f"orange: by up to {_points(fall)}; blue: it rises",
    )
    yield Tile(_bars(evidence, classes), "Probabilities")


def _gradcam(evidence: Evidence, answer: str) -> Tile:
    name = f"Where it saw signs of {answer}"
    if evidence.gradcam is None:
        return Tile(None, instead="no Grad-CAM: this network has no maps of places, or does not run on TensorFlow")
    if not evidence.gradcam.any():
        return Tile(None, name, instead=f"Grad-CAM is empty: no place speaks for {answer} on its own.")
    picture = overlay(evidence.image, evidence.gradcam, TILE_PX)
    rows, columns = evidence.gradcam.shape
    return Tile(picture, name, f"Grad-CAM, {columns} x {rows} places; orange: many")


def _nearest(evidence: Evidence) -> Iterator[Tile]:
    if evidence.nearest is None:
        yield Tile(None, instead="no training photos here")
        return
    for photo in evidence.nearest:
        yield Tile(thumbnail(photo.image, TILE_PX), named(photo), photo.id)


def named(photo: Neighbour) -> str:
    """Return a training photo's class, and how far it is."""
    return f"{photo.label}, {'the same photo' if photo.distance < SAME else f'distance {photo.distance:.3f}'}"


def _bars(evidence: Evidence, classes: Sequence[str]) -> Image.Image:
    """Draw the probabilities of the likeliest classes, one below the other."""
    face = Image.new("RGB", (TILE_PX, TILE_PX), "white")
    pen, font, step = ImageDraw.Draw(face), Font(13), TILE_PX // BARS
    for row, number in enumerate(np.argsort(-evidence.probabilities, kind="stable")[:BARS]):
        top, share = row * step, float(evidence.probabilities[number])
        name = font.shortened(classes[number], TILE_PX - 60)
        pen.text((0, top), name, font=font.drawing(name), fill=INK)
        said = _percent(share)
        pen.text((TILE_PX - font.width(said), top), said, font=font.drawing(said), fill=FAINT_INK)
        colour = BAR_OF_ANSWER if number == evidence.label else BAR
        pen.rectangle((0, top + 19, max(1, round(share * (TILE_PX - 1))), top + 29), fill=colour)
    return face


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(fall: float) -> str:
    return f"{100 * max(0.0, fall):.1f} points"
