"""The confusion matrix with a photo in each cell: which photos of a class were taken for which other."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pixelproof.data.images.store import ImageStore
from pixelproof.data.sheets.sheet import SheetLayout, SheetSection, Tile, thumbnail, write_sections

MOST_CLASSES = 12  # that a sheet has room for: those that are confused most
TILE_PX = 84


def write_confusions(answers: pd.DataFrame, classes: Sequence[str], store: ImageStore, path: Path) -> None:
    """Write the matrix as one PNG: a row per true class, a column per answer, the surest photo of each cell.

    answers  the columns id, label, predicted and p_<class> of the test part; the images are in `store`
    """
    shown = most_confused(answers, classes)
    sure = answers[[f"p_{label}" for label in classes]].max(axis=1)
    surest = answers.assign(sure=sure).sort_values("sure", ascending=False, kind="stable")
    grouped = surest.groupby(["label", "predicted"])["id"].agg(["first", "size"]).reset_index()
    ids = grouped["first"].tolist()
    pictures = [thumbnail(image, TILE_PX) for image in store.named(ids)]
    captions = [f"{count:,}" for count in grouped["size"]]
    places = zip(grouped["label"], grouped["predicted"], strict=True)
    cells = dict(zip(places, map(Tile, pictures, captions), strict=True))

    header = SheetSection([Tile(None), *(Tile(None, instead=f"answered {label}") for label in shown)])
    rows = [
        SheetSection(
            [Tile(None, instead=f"is {label}"), *(cells.get((label, predicted), Tile(None)) for predicted in shown)]
        )
        for label in shown
    ]
    left_out = (
        f", the {len(shown)} of {len(classes)} classes that are confused most" if len(shown) < len(classes) else ""
    )
    title = f"What the test photos are, and what the CNN answered{left_out}"
    write_sections([header, *rows], path, SheetLayout(len(shown) + 1, TILE_PX, gap_px=6), title)


def most_confused(answers: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """Return up to MOST_CLASSES classes, in their order: those that most mistakes are made with."""
    wrong = answers[answers["label"] != answers["predicted"]]
    mistakes = pd.concat([wrong["label"], wrong["predicted"]]).value_counts()
    ranked = sorted(classes, key=lambda label: -int(mistakes.get(label, 0)))[:MOST_CLASSES]
    return [label for label in classes if label in ranked]
