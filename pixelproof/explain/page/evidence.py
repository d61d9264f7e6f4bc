"""The evidence on the page: classes, confusions, mistakes, suspects, and what worse photos do to both models."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from pixelproof.explain.page.charts import reliability_chart, robustness_charts
from pixelproof.explain.page.reports import Reports
from pixelproof.explain.page.words import between, listed, percent, points

CLASSES = 30  # rows of the table: those found least often
CONFUSIONS, PHOTOS = 6, 4  # most frequent ones, and photos of each
SUSPECTS = 12
SHEET_PX = 1100  # width of the sheet of mistakes
SHIFT, FAR = "shift_px", 2  # the article's point is about shifts of so many pixels or more

WORSE = {  # {:g} stands for the level
    "rotation_degrees": "turned by {:g}°",
    "scale": "shrunk to {:g} of their size",
    "brightness": "darkened to {:g} of their brightness",
    "blur_px": "blurred by {:g} px",
    "noise": "noisy by {:g} of the range",
    "jpeg_quality": "JPEGs of quality {:g}",
}

Photos = Callable[[Sequence[str]], np.ndarray]  # the images of ids, uint8 (n, height, width, channels)


class ClassRow(NamedTuple):
    label: str
    trained: int
    tested: int
    recall: str
    recall_interval: str
    low: float  # of the recall, in %
    high: float
    precision: str
    precision_interval: str


class Example(NamedTuple):
    """A photo with its id and what is to be said of it."""

    id: str
    image: np.ndarray
    says: str = ""


@dataclass(frozen=True)
class Confusion:
    label: str
    taken_for: str
    count: int
    of: int  # test photos of the class
    examples: Sequence[Example]


class Shift(NamedTuple):
    """What one distance of shift costs both models."""

    level: str
    cnn: str
    mlp: str
    saved: str  # points of accuracy that the CNN loses less
    interval: str


def evidence(reports: Reports, photos: Photos, mistakes: Path) -> dict[str, Any]:
    """Return what templates/evidence.html shows; mistakes: the PNG file of the surest ones."""
    return {
        "classes": class_rows(reports),
        "confusions": confusions(reports, photos),
        "mistakes": sheet(mistakes),
        "suspects": suspects(reports.suspected, photos),
        "suspected": len(reports.suspected),
        "robustness": robustness_charts(reports.robustness),
        "shifts": shifts(reports.robustness),
        "shifts_say": shifts_say(reports.robustness),
        "worse": where_the_mlp_holds_out(reports.robustness),
        "reliability": reliability_chart({model: reports.shares(model) for model in ("cnn", "mlp")}),
    }


def class_rows(reports: Reports) -> list[ClassRow]:
    """Return the classes that are found least often, the worst first."""
    worst = reports.per_class.sort_values("recall", kind="stable").head(CLASSES)
    return [
        ClassRow(
            label=row["label"],
            trained=reports.training_photos(row["label"]),
            tested=int(row["images"]),
            recall=percent(row["recall"]),
            recall_interval=between(row["recall_low"], row["recall_high"]),
            low=100 * float(np.nan_to_num(row["recall_low"])),
            high=100 * float(np.nan_to_num(row["recall_high"])),
            precision=percent(row["precision"]),
            precision_interval=between(row["precision_low"], row["precision_high"]),
        )
        for row in worst.to_dict("records")
    ]


def confusions(reports: Reports, photos: Photos) -> list[Confusion]:
    """Return which class is most often taken for which other, with the surest of these photos."""
    wrong, totals = reports.mistakes, reports.answers["cnn"]["label"].value_counts()
    counts = wrong.groupby(["label", "predicted"]).size().sort_values(ascending=False, kind="stable").head(CONFUSIONS)
    found = []
    for label, taken_for, count in counts.reset_index().itertuples(index=False, name=None):
        own = wrong[(wrong["label"] == label) & (wrong["predicted"] == taken_for)]
        sure = own[f"p_{taken_for}"].sort_values(ascending=False, kind="stable").head(PHOTOS)
        ids = own.loc[sure.index, "id"].tolist()
        examples = [Example(*each) for each in zip(ids, photos(ids), map(percent, sure), strict=True)]
        found.append(Confusion(str(label), str(taken_for), int(count), int(totals[label]), examples))
    return found


def suspects(suspected: pd.DataFrame, photos: Photos) -> list[Example]:
    """Return the first suspected photos, each with what speaks against it."""
    shown = suspected.head(SUSPECTS)
    if shown.empty:
        return []
    says = [f"labelled {label}: {reason}" for label, reason in zip(shown["label"], shown["reason"], strict=True)]
    ids = shown["path"].tolist()
    return [Example(*each) for each in zip(ids, photos(ids), says, strict=True)]


def sheet(path: Path) -> dict[str, Any]:
    """Return a sheet of pictures for the page: at most SHEET_PX wide, as WebP, a tenth of its PNG file."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((SHEET_PX, 100 * SHEET_PX))
    buffer = BytesIO()
    picture.save(buffer, format="WEBP", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"data": f"data:image/webp;base64,{data}", "width": picture.width, "height": picture.height}


def shifts(table: pd.DataFrame) -> list[Shift]:
    """Return what shifts cost; `table` is the content of reports/plots/robustness.csv."""
    return [
        Shift(
            f"{row['level']:g} px",
            percent(row["cnn"]),
            percent(row["mlp"]),
            f"{-100 * row['lost_more']:+.1f}".replace("-", "−"),
            f"{-100 * row['lost_more_high']:+.1f} to {-100 * row['lost_more_low']:+.1f}".replace("-", "−"),
        )
        for row in table[table["kind"] == SHIFT].to_dict("records")
    ]


def shifts_say(table: pd.DataFrame) -> str:
    """Say whether the CNN loses less than the MLP where photos are shifted by FAR pixels or more, as is its point."""
    far = table[(table["kind"] == SHIFT) & (table["level"] >= FAR)]
    if far.empty:
        return ""
    less, more = far[far["lost_more_high"] < 0], far[far["lost_more_low"] > 0]
    untold = far.drop([*less.index, *more.index])
    if len(less) == len(far):
        worst = far.iloc[-1]
        return (
            f"At every shift of {FAR} pixels or more the CNN loses less accuracy than the MLP: at "
            f"{worst['level']:g} pixels {points(worst['lost_more'])} points less."
        )
    said = [
        f"{words} at {listed([f'{level:g}' for level in rows['level']], len(rows))} pixels"
        for words, rows in (("loses less", less), ("loses more", more))
        if len(rows)
    ]
    parts = [f"Shifted, the CNN {' and '.join(said)} than the MLP."] if said else []
    if len(untold):
        levels = listed([f"{level:g}" for level in untold["level"]], len(untold))
        parts.append(f"At {levels} pixels these photos cannot tell which of the two loses less.")
    return " ".join(parts)


def where_the_mlp_holds_out(table: pd.DataFrame) -> str:
    """Say where the CNN loses more than the MLP, more than chance explains."""
    more = table[(table["lost_more_low"] > 0) & table["kind"].isin(list(WORSE))]
    places = [
        f"{WORSE[row['kind']].format(row['level'])} ({points(row['lost_more'])} points)"
        for row in more.to_dict("records")
    ]
    if not places:
        return "Nowhere else does it lose more than the MLP by more than chance explains."
    return f"It loses more than the MLP where photos are {listed(places, len(places))}."
