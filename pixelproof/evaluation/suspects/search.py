"""All that can be suspected of a set of photos, from their images and one training's answers."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.suspects.copies import copies_across_classes, shrunk
from pixelproof.evaluation.suspects.labels import label_scores, suspected_labels
from pixelproof.evaluation.suspects.pictures import bad_pictures, picture_scores
from pixelproof.evaluation.suspects.table import Suspicion, of_copies, of_labels, of_pictures, suspects_table

GIVEN = {"given_part": "part", "given_group": "group"}  # columns of the manifest, as labels.csv calls them


def find_suspects(
    store: ImageStore, photos: pd.DataFrame, probabilities: np.ndarray, ids: Sequence[str]
) -> pd.DataFrame:
    """Return the table of suspects, a row per photo.

    photos  the manifest, in the store's order: id, label, height, width, and what the source gives
    probabilities  float32 (n, classes) for the photos `ids`, which the model was not trained on
    """
    small: list[np.ndarray] = []
    scores = picture_scores(_noting(small, store), photos)
    pairs = copies_across_classes(small, store.labels, store.gather)
    suspicions = [
        *_of_answers(store, probabilities, ids),
        *of_copies(pairs, photos["id"].tolist(), photos["label"].tolist()),
        *of_pictures(bad_pictures(scores), scores),
    ]
    return suspects_table(photos, suspicions, _given(photos))


def _noting(small: list[np.ndarray], store: ImageStore) -> Iterator[np.ndarray]:
    """Yield all images in batches, and add a small copy of each: the store may be larger than the memory."""
    for images, _ in in_batches(store, np.arange(len(store))):
        small.append(shrunk(images))
        yield images


def _of_answers(store: ImageStore, probabilities: np.ndarray, ids: Sequence[str]) -> list[Suspicion]:
    answered = pd.Index(store.index["id"]).get_indexer(list(ids))
    labels = store.labels[answered]
    suspects = suspected_labels(probabilities, labels)
    return of_labels(probabilities, label_scores(probabilities, labels), suspects, answered, store.classes)


def _given(photos: pd.DataFrame) -> pd.DataFrame | None:
    """Return what labels.csv may say beside labels, where the source says it of every photo."""
    columns = {own: theirs for own, theirs in GIVEN.items() if own in photos}
    given = photos[list(columns)].rename(columns=columns)
    if "part" in given and given["part"].isna().any():
        given = given.drop(columns="part")
    return given.fillna("") if len(given.columns) else None
