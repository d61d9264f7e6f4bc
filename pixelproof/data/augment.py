"""Altered views of training images, by the albumentations transforms that params.yaml names."""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import albumentations
import numpy as np
from joblib import Parallel, delayed

from pixelproof.data.decode import Pixels
from pixelproof.data.store import Images, ImageStore, StoreWriter, view_path
from pixelproof.errors import UserError
from pixelproof.params.data import Augment, Transform

CHUNK = 64  # images that a worker alters between two reports


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


def write_views(store: ImageStore, training: np.ndarray, params: Augment, folder: Path, *, seed: int) -> Iterator[int]:
    """Write each view of the images at the positions `training` as an image store of its own.

    Yields the number of images done since the last time. The folder then holds view-000, view-001, ...
    """
    compose(params)  # a mistake in the transforms shows before anything is written
    index, made_with = store.index.iloc[training], params.model_dump()
    ids = index["id"].to_numpy()
    views = [
        StoreWriter(view_path(folder, view), index, store.shape, store.classes, made_with)
        for view in range(params.views)
    ]
    on_all_cores = Parallel(n_jobs=-1, return_as="generator_unordered")
    yield from on_all_cores(
        delayed(_alter_all)(
            store.gather(training[start:end]), ids[start:end].tolist(), params, seed, view, writer, start
        )
        for view, writer in enumerate(views)
        for start, end in ((start, start + CHUNK) for start in range(0, len(training), CHUNK))
    )


def _alter_all(
    images: Images, ids: list[str], params: Augment, seed: int, view: int, writer: StoreWriter, start: int
) -> int:
    """Alter images and write them into a view's store from position `start` on; return how many."""
    transforms = compose(params)
    for position, (image, id) in enumerate(zip(images, ids, strict=True), start):
        writer[position] = alter(transforms, image, seed=seed, id=id, view=view)
    return len(images)
