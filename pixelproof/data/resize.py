"""Photos of any size resized to images of one size, in an image store."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
from joblib import Parallel, delayed

from pixelproof.console import drain_with_progress
from pixelproof.data.images.store import StoreWriter
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.fit import fit, fitted_size
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.pixels import CHANNELS, Pixels
from pixelproof.data.sources.source import Source
from pixelproof.errors import UserError
from pixelproof.files.journal import Journal, chunks
from pixelproof.params.resize import Resize

READ = ["id", "sha256", "format", "mode", "orientation", "height", "width"]  # the columns needed of a manifest
PHOTOS_PER_TASK = 32  # one photo takes less than a millisecond; handing it to a thread costs a third of that


def resize_photos(
    source: Source,
    photos: pd.DataFrame,
    classes: list[str],
    params: Resize,
    folder: Path,
    journal: Journal,
    accepts: Mapping[str, int] | None = None,
) -> None:
    """Write the photos of a manifest as an image store, on all cores; skip those that `journal` lists.

    The store keeps `accepts`, the limits by which ingest took the photos. Raises UserError if a photo has changed
    since ingest read it.
    """
    shape = (params.height_px, params.width_px, CHANNELS[params.colour])
    store = StoreWriter(folder, photos, shape, classes, params.model_dump(), accepts)

    def place(chunk: range, rows: list[Any]) -> tuple[range, int]:
        store.write(chunk.start, (_fitted(source, photo, params) for photo in rows))
        return chunk, len(chunk)

    waiting = journal.without_finished(chunks(len(photos), PHOTOS_PER_TASK))
    on_all_cores = Parallel(-1, prefer="threads", return_as="generator_unordered")
    with quiet_pillow(), _one_thread_each():
        placed = on_all_cores(delayed(place)(chunk, rows) for chunk, rows in _with_rows(waiting, photos))
        drain_with_progress(journal.noting(placed), "resize", len(photos), len(photos) - sum(map(len, waiting)))


def _with_rows(waiting: list[range], photos: pd.DataFrame) -> Iterator[tuple[range, list[Any]]]:
    """Yield each chunk, they are in order, with its rows: in one pass, since to cut a table costs like a photo."""
    rows = photos[READ].itertuples(index=False)
    at = 0
    for chunk in waiting:
        yield chunk, list(islice(rows, chunk.start - at, chunk.stop - at))
        at = chunk.stop


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Limit OpenCV to one thread: each core is busy with a photo of its own."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _fitted(source: Source, photo: Any, params: Resize) -> Pixels:
    pixels = _read(source, photo, params)
    return fit(pixels, params, (photo.height, photo.width), photo.orientation)


def _read(source: Source, photo: Any, params: Resize) -> Pixels:
    at_least = fitted_size(photo.height, photo.width, params)
    try:
        data = source.read(photo.id)
        if hashlib.sha256(data).hexdigest() != photo.sha256:
            raise OSError("its content has changed")
        return decode(data, photo.format, photo.mode, photo.orientation, params.colour, at_least)
    except (OSError, BadImageError) as error:
        raise UserError(
            f"{source.path / photo.id}: no longer the photo that ingest has seen ({error}). Run `dvc repro` again."
        ) from None
