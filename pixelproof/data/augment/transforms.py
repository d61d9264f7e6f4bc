"""Altered views of training images, by the albumentations transforms that params.yaml names."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence

import albumentations
import numpy as np

from pixelproof.errors import UserError
from pixelproof.params.augment import Augment, Transform

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]  # (height, width, channels)
Images = np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]  # (n, height, width, channels)


def compose(params: Augment) -> albumentations.Compose:
    """Build the transforms. Raises UserError for a name or an argument that albumentations does not know."""
    return albumentations.Compose([_build(name, transform) for name, transform in params.transforms.items()])


def _build(name: str, transform: Transform) -> albumentations.BasicTransform:
    kind = getattr(albumentations, transform.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)):
        raise UserError(
            f"augment.transforms.{name}.kind: {transform.kind!r} is not a transform of albumentations "
            f"{albumentations.__version__}. Its documentation lists all of them."
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
