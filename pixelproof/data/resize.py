"""Photos of any size resized to images of one size, in an image store."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pixelproof.console import drain_with_progress
from pixelproof.data.images.store import StoreWriter
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.jpeg import SCALES
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.pixels import CHANNELS, FLIPPED_ACROSS, FLIPPED_DOWN, Pixels
from pixelproof.data.sources.source import Source
from pixelproof.errors import UserError
from pixelproof.files.journal import Journal, chunks
from pixelproof.params.resize import Resize

READ = ["id", "sha256", "format", "mode", "orientation", "height", "width"]  # the columns needed of a manifest
Extent = tuple[float, float]  # (height, width) in pixels
PHOTOS_PER_TASK = 32  # one photo takes less than a millisecond; handing it to a thread costs a third of that


def resize_photos(
    source: Source, photos: pd.DataFrame, classes: list[str], params: Resize, folder: Path, journal: Journal
) -> None:
    """Write the photos of a manifest as an image store, on all cores; skip those that `journal` lists.

    Raises UserError if a photo has changed since ingest read it.
    """
    shape = (params.height_px, params.width_px, CHANNELS[params.colour])
    store = StoreWriter(folder, photos, shape, classes, params.model_dump())

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


def fitted_size(height: int, width: int, params: Resize) -> tuple[int, int]:
    """Return (height, width) of the whole photo once it fits as `params.fit` says, at least one pixel each."""
    if params.fit == "stretch":
        return params.height_px, params.width_px
    scales = params.height_px / height, params.width_px / width
    scale = min(scales) if params.fit == "pad" else max(scales)
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit(pixels: Pixels, params: Resize, size: tuple[int, int] | None = None, orientation: int = 1) -> Pixels:
    """Resize one photo to exactly (height_px, width_px): whole with bars, its middle, or out of shape.

    Pixels that were decoded at a fraction come with the photo's `size` (height, width) and `orientation`.
    """
    height, width = fitted_size(*(size or pixels.shape[:2]), params)
    scaled = _scale_fraction(pixels, height, width, size or pixels.shape[:2], orientation)
    if params.fit == "crop":
        top, left = (height - params.height_px) // 2, (width - params.width_px) // 2
        return scaled[top : top + params.height_px, left : left + params.width_px]
    if params.fit == "pad":
        canvas: Pixels = np.zeros((params.height_px, params.width_px, pixels.shape[2]), np.uint8)
        top, left = (params.height_px - height) // 2, (params.width_px - width) // 2
        canvas[top : top + height, left : left + width] = scaled
        return canvas
    return scaled


def _scale_fraction(pixels: Pixels, height: int, width: int, size: tuple[int, int], orientation: int) -> Pixels:
    """Resize pixels that are a whole photo of `size`, or what it became at 1/2, 1/4 or 1/8, rounded up.

    Of 643 columns at 1/8 the last of 81 shows three: taken for a whole one it would shift and squeeze the picture.
    It lies where the file's last column is, which `orientation` may have turned to the beginning.
    """
    if pixels.shape[:2] == size:
        return _scale(pixels, height, width, size)
    extent = _extent(pixels.shape[:2], size)
    if orientation == 1:
        return _scale(pixels, height, width, extent)
    down = slice(None, None, -1 if orientation in FLIPPED_DOWN else None)
    across = slice(None, None, -1 if orientation in FLIPPED_ACROSS else None)
    return _scale(pixels[down, across], height, width, extent)[down, across]


def _extent(scaled: tuple[int, int], size: tuple[int, int]) -> Extent:
    """Return how much of each side of a photo at a fraction is picture: 80.375 of 81 columns for 643 at 1/8."""
    for scale in SCALES:
        if -(-size[0] // scale) == scaled[0] and -(-size[1] // scale) == scaled[1]:
            return size[0] / scale, size[1] / scale
    raise ValueError(f"{scaled} pixels are no fraction of a photo of {size}")


def _scale(pixels: Pixels, height: int, width: int, extent: Extent) -> Pixels:
    """Resize by bilinear interpolation, which takes two neighbours into account; so it never shrinks by more than two.

    A side that must shrink by more is halved before, the mean of each two pixels: patterns would alias otherwise.
    """
    while (tall := pixels.shape[0] > 2 * height) | (wide := pixels.shape[1] > 2 * width):
        pixels = _interpolate(pixels, pixels.shape[0] // (1 + tall), pixels.shape[1] // (1 + wide), extent)
        extent = pixels.shape[:2]
    return _interpolate(pixels, height, width, extent)


def _interpolate(pixels: Pixels, height: int, width: int, extent: Extent) -> Pixels:
    if pixels.shape[:2] == (height, width) == extent:
        return pixels
    pixels = np.ascontiguousarray(pixels)
    scaled: np.ndarray
    if pixels.shape[:2] == extent:
        scaled = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    else:  # the ratio counts, not how many pixels come out: there may be one more, of what lies beyond the picture
        down, across = height / extent[0], width / extent[1]
        scaled = cv2.resize(pixels, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return scaled.reshape((height, width, pixels.shape[2]))
