"""Altered views of training images, by the albumentations transforms that params.yaml names."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import albumentations
import numpy as np
from joblib import Parallel, delayed

from pixelproof.console import drain_with_progress
from pixelproof.data.photos.modes import Pixels
from pixelproof.data.store import Images, ImageStore, StoreWriter, view_path
from pixelproof.errors import UserError
from pixelproof.files import write_json
from pixelproof.journal import Journal, chunks
from pixelproof.params.data import Augment, Transform

IMAGES_PER_TASK = 64
DESCRIPTION = "augment.json"


def compose(params: Augment) -> albumentations.Compose:
    """Build the transforms. Raises UserError for a name or an argument that albumentations does not know."""
    return albumentations.Compose([_build(name, transform) for name, transform in params.transforms.items()])


def _build(name: str, transform: Transform) -> albumentations.BasicTransform:
    kind = getattr(albumentations, transform.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)):
        raise UserError(
            f"augment.transforms.{name}.kind: {transform.kind!r} is no transform of albumentations "
            f"{albumentations.__version__}. Its documentation lists them."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # albumentations only warns of a misspelt argument, and ignores it
            return kind(**(transform.model_extra or {}))
    except Exception as error:  # pydantic's, a TypeError, or the warning: all say what is wrong
        raise UserError(f"augment.transforms.{name}: {transform.kind} refuses its arguments: {error}") from None


def alter(transforms: albumentations.Compose, image: Pixels, *, seed: int, id: str, view: int) -> Pixels:
    """Return one view of one image: a pure function of (seed, id, view), whatever ran before."""
    digest = hashlib.sha256(f"{seed}:{view}:{id}".encode()).digest()
    transforms.set_random_seed(int.from_bytes(digest[:4], "big"))
    try:
        altered: np.ndarray = transforms(image=image)["image"]
    except Exception as error:  # albumentations raises all kinds where a transform cannot work on an image
        raise UserError(
            f"augment.transforms: they cannot work on an image of shape {image.shape}: {error}. "
            "Remove the transform that cannot, or change its arguments."
        ) from None
    altered = altered.reshape(*altered.shape[:2], -1)
    if altered.shape != image.shape or altered.dtype != np.uint8:
        raise UserError(
            f"augment.transforms: they turn an image of shape {image.shape} uint8 into {altered.shape} "
            f"{altered.dtype}; the network needs the former. Remove the transform that changes it."
        )
    return altered


def alter_all(
    images: Images, ids: Sequence[str], transforms: albumentations.Compose, *, seed: int, view: int
) -> Iterator[Pixels]:
    """Yield one view of each image."""
    for image, id in zip(images, ids, strict=True):
        yield alter(transforms, image, seed=seed, id=id, view=view)


def write_views(
    store: ImageStore, training: np.ndarray, params: Augment, folder: Path, journal: Journal, *, seed: int
) -> None:
    """Write each view of the images at the positions `training` as an image store of its own.

    The folder then holds augment.json (the params), view-000, view-001, ...; what `journal` lists is there already.
    """
    compose(params)  # a mistake in the transforms shows before anything is written
    index, made_with = store.index.iloc[training], params.model_dump()
    write_json(folder / DESCRIPTION, {"made_with": made_with})
    if params.views == 0:  # they will be drawn while training
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
    """Alter images and write them into their view's store; return what was done, and how many."""
    transforms = compose(params)
    writer.write(piece.images.start, alter_all(images, ids, transforms, seed=seed, view=piece.view))
    return piece, len(images)
