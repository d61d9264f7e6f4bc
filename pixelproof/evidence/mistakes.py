"""The surest mistakes on the test part, with what spoke for each wrong answer, on one sheet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pixelproof.data.images.store import ImageStore
from pixelproof.data.sheets.sheet import SheetLayout, SheetSection, Tile, thumbnail, write_sections
from pixelproof.evidence.heat import overlay
from pixelproof.evidence.picture import named
from pixelproof.evidence.witness import NEAREST, Evidence, Witness

SHOWN = 12
LAYOUT = SheetLayout(3 + NEAREST, tile_px=144, gap_px=8)


def write_mistakes(answers: pd.DataFrame, store: ImageStore, witness: Witness, path: Path) -> None:
    """Write the surest mistakes as one PNG, or the least sure answers of a model that made none.

    answers  the columns id, label, predicted and p_<class> of the test part; the images are in `store`
    """
    chosen, title = choose(answers)
    images = store.named(chosen["id"].tolist())
    sections = [
        SheetSection(list(_tiles(witness.evidence(image))), _heading(row))
        for row, image in zip(chosen.to_dict("records"), images, strict=True)
    ]
    write_sections(sections, path, LAYOUT, title)


def choose(answers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return which answers to show, those that teach most first, with a column `sure`, and the sheet's title."""
    shares = answers[[f"p_{label}" for label in dict.fromkeys(answers["predicted"])]]
    answers = answers.assign(sure=shares.max(axis=1))
    wrong = answers[answers["label"] != answers["predicted"]]
    if wrong.empty:
        return answers.sort_values("sure", kind="stable").head(SHOWN), "No mistakes; the least sure answers"
    return wrong.sort_values("sure", ascending=False, kind="stable").head(SHOWN), "The surest mistakes"


def _heading(row: Mapping[Any, Any]) -> str:
    return f"{row['id']}: {row['label']}, answered {row['predicted']} with {row['sure']:.1%}"


def _tiles(evidence: Evidence) -> Iterator[Tile]:
    side = LAYOUT.tile_px
    yield Tile(thumbnail(evidence.image, side), "as the network sees it")
    if evidence.gradcam is None or not evidence.gradcam.any():
        yield Tile(None, instead="no Grad-CAM")
    else:
        yield Tile(overlay(evidence.image, evidence.gradcam, side), "signs of the answer")
    yield Tile(overlay(evidence.image, evidence.occlusion, side), "hiding this lowers it")
    for photo in evidence.nearest or ():
        yield Tile(thumbnail(photo.image, side), f"near: {named(photo)}", photo.id)
