"""Suspects as a table in the form of labels.csv: a person corrects its column `label`, and hands it back to ingest."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pixelproof.evaluation.suspects.copies import Pair

COLUMNS = ["path", "label", "suggested", "score", "reason"]


class Suspicion(NamedTuple):
    """What is suspected of one photo; those with the lowest score come first."""

    photo: int  # its position
    score: float  # 0: surely wrong, 1: surely right
    reason: str
    suggested: str = ""  # another label


def of_labels(
    probabilities: np.ndarray, scores: np.ndarray, suspects: np.ndarray, photos: np.ndarray, classes: Sequence[str]
) -> list[Suspicion]:
    """Return what a model's answers say against labels.

    probabilities, scores  of the photos that it answered; suspects: positions among those; photos: their positions
    among all photos
    """
    likeliest = probabilities.argmax(axis=1)
    return [
        Suspicion(
            int(photos[suspect]),
            float(scores[suspect]),
            f"looks like {classes[likeliest[suspect]]} ({probabilities[suspect].max():.0%})",
            classes[likeliest[suspect]],
        )
        for suspect in suspects.tolist()
    ]


def of_copies(pairs: Sequence[Pair], ids: Sequence[str], labels: Sequence[str]) -> list[Suspicion]:
    """Return what near copies say: each photo is called something else elsewhere."""
    return [
        Suspicion(
            pair.photo, 1 - pair.correlation, f"near copy of {ids[pair.other]}, which is called {labels[pair.other]}"
        )
        for pair in pairs
    ]


def of_pictures(bad: pd.DataFrame, scores: pd.DataFrame) -> list[Suspicion]:
    """Return what is wrong with pictures as such; both tables have a column per kind and a row per photo."""
    return [
        Suspicion(int(photo), float(scores[kind].iloc[photo]), str(kind))
        for kind in bad
        for photo in np.flatnonzero(bad[kind])
    ]


def suspects_table(
    photos: pd.DataFrame, suspicions: Sequence[Suspicion], given: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a row for every photo, the suspects first: those with several reasons, then by the lowest score.

    photos  the columns id and label; given: more columns of labels.csv that the source has, such as part and group

    All photos are in it, since a labels.csv says which photos are wanted.
    """
    table = pd.DataFrame({"path": photos["id"], "label": photos["label"], "suggested": "", "score": 1.0, "reason": ""})
    found = pd.DataFrame(suspicions, columns=list(Suspicion._fields))
    counts = pd.Series(0, index=range(len(photos)))
    if len(found):
        by_photo = found.groupby("photo")
        rows = by_photo.agg(score=("score", "min"), reason=("reason", "; ".join), suggested=("suggested", "max"))
        table.loc[rows.index, rows.columns] = rows
        counts.update(by_photo.size())
    if given is not None:
        table = table.join(given)
    order = np.lexsort((np.arange(len(table)), table["score"], -counts))
    return table.iloc[order].round({"score": 4}).reset_index(drop=True)


def suspects_in(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of those that something is said against."""
    return table[table["reason"] != ""]


def suspects_words(table: pd.DataFrame, path: str) -> str:
    """Return in one sentence what was found, and what to do about it."""
    found = suspects_in(table)
    if found.empty:
        return f"{path}: no photo is suspected of a wrong label, or of being a bad picture."
    labels = int((found["suggested"] != "").sum())
    return (
        f"{path}: {len(found):,} of {len(table):,} photos are suspected, {labels:,} of them of a wrong label (of those "
        "that the CNN was not trained on). Correct the column label, and save the file as labels.csv in the source."
    )
