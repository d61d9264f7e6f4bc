"""Augmented views of the training images, written as image stores before training."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from pixelproof.console import drain_with_progress
from pixelproof.data.augment.transforms import alter_all, compose
from pixelproof.data.images.store import Images, ImageStore, StoreWriter, view_path
from pixelproof.files import write_json
from pixelproof.files.journal import Journal, chunks
from pixelproof.params.augment import Augment

IMAGES_PER_TASK = 64
DESCRIPTION = "augment.json"


def write_views(
    store: ImageStore, training: np.ndarray, params: Augment, folder: Path, journal: Journal, *, seed: int
) -> None:
    """Write each view of the images at the positions `training` as an image store of its own.

    The folder then holds augment.json (the params), view-000, view-001, ...; what `journal` lists is not written again.
    """
    compose(params)  # fails on a mistake in the transforms before anything is written
    index, made_with = store.index.iloc[training], params.model_dump()
    write_json(folder / DESCRIPTION, {"made_with": made_with})
    if params.views == 0:  # they are drawn during training
        return
    ids = index["id"].to_numpy()
    writers = [
        StoreWriter(view_path(folder, view), index, store.shape, store.classes, made_with)
        for view in range(params.views)
    ]
    pieces = [Piece(view, chunk) for view in range(params.views) for chunk in chunks(len(training), IMAGES_PER_TASK)]
    waiting = journal.without_finished(pieces)
    on_all_cores = Parallel(n_jobs=-1, return_as="generator_unordered")
    altered = on_all_cores(
        delayed(_write_piece)(
            piece, store.gather(training[piece.images]), ids[piece.images].tolist(), params, seed, writers[piece.view]
        )
        for piece in waiting
    )
    total = len(training) * params.views
    drain_with_progress(journal.noting(altered), "augment", total, total - sum(len(piece.images) for piece in waiting))


class Piece(NamedTuple):
    """Some images of one view."""

    view: int
    images: range


def _write_piece(
    piece: Piece, images: Images, ids: list[str], params: Augment, seed: int, writer: StoreWriter
) -> tuple[Piece, int]:
    """Augment images and write them into their view's store; return the piece and its number of images."""
    transforms = compose(params)
    writer.write(piece.images.start, alter_all(images, ids, transforms, seed=seed, view=piece.view))
    return piece, len(images)
