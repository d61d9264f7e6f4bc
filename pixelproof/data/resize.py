"""Photos of any size to images of one size, written into an image store."""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pixelproof.console import progress
from pixelproof.data.decode import CHANNELS, BadImageError, Pixels, decode, quiet_pillow
from pixelproof.data.sources import Source
from pixelproof.data.store import StoreWriter
from pixelproof.errors import UserError
from pixelproof.params.data import Resize

PHOTOS_PER_TASK = 32  # one photo takes less than a millisecond; handing it to a thread costs a third of that


def resize_photos(source: Source, photos: pd.DataFrame, classes: list[str], params: Resize, folder: Path) -> None:
    """Write the photos of a manifest as an image store, on all cores. Raises UserError if one has changed."""
    shape = (params.height_px, params.width_px, CHANNELS[params.colour])
    store = StoreWriter(folder, photos, shape, classes, params.model_dump())

    def place(position: int, photo: Any) -> None:
        store[position] = fit(_read(source, photo, params), params)

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the cores are busy with a photo each
    try:
        with quiet_pillow():
            on_all_cores = Parallel(-1, prefer="threads", return_as="generator_unordered", batch_size=PHOTOS_PER_TASK)
            done = on_all_cores(delayed(place)(position, photo) for position, photo in enumerate(photos.itertuples()))
            for _ in progress(done, "resize", len(photos)):
                pass
    finally:
        cv2.setNumThreads(threads)


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


def fit(pixels: Pixels, params: Resize) -> Pixels:
    """Resize one photo to exactly (height_px, width_px): whole with bars, its middle, or out of shape."""
    height, width = fitted_size(*pixels.shape[:2], params)
    scaled = _scale(pixels, height, width)
    if params.fit == "crop":
        top, left = (height - params.height_px) // 2, (width - params.width_px) // 2
        return scaled[top : top + params.height_px, left : left + params.width_px]
    if params.fit == "pad":
        canvas: Pixels = np.zeros((params.height_px, params.width_px, pixels.shape[2]), np.uint8)
        top, left = (params.height_px - height) // 2, (params.width_px - width) // 2
        canvas[top : top + height, left : left + width] = scaled
        return canvas
    return scaled


def _scale(pixels: Pixels, height: int, width: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    # Two neighbours are enough down to half the size; below that every pixel must count, or patterns alias.
    shrink = max(pixels.shape[0] / height, pixels.shape[1] / width)
    method = cv2.INTER_AREA if shrink > 2 else cv2.INTER_LINEAR
    scaled: np.ndarray = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=method)
    return scaled.reshape((height, width, pixels.shape[2]))
