"""Augmented views of training images, by the albumentations transforms in params.yaml."""

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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `advice` passes them on, once
        return _compose(params)


def advice(params: Augment, image: Pixels) -> list[str]:
    """Return what albumentations advises where it builds the transforms and applies them to an image, each thing once.

    Raises UserError as `compose` and `alter` do.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        _alter(_compose(params), image, seed=0)
    return list(dict.fromkeys(f"augment.transforms: albumentations advises: {each.message}" for each in warned))


def _compose(params: Augment) -> albumentations.Compose:
    return albumentations.Compose([_build(name, transform) for name, transform in params.transforms.items()])


def _build(name: str, transform: Transform) -> albumentations.BasicTransform:
    kind = getattr(albumentations, transform.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)):
        raise UserError(
            f"augment.transforms.{name}.kind: {transform.kind!r} is not a transform of albumentations "
            f"{albumentations.__version__}. Its documentation lists all of them."
        )
    try:
        return kind(**(transform.model_extra or {}), **_strictness(kind))
    except Exception as error:  # pydantic's, or a TypeError: all say what is wrong
        raise UserError(f"augment.transforms.{name}: {transform.kind} refuses its arguments: {error}") from None


def _strictness(kind: type) -> dict[str, bool]:
    """Return the argument without which albumentations only warns of a misspelt one, and ignores it.

    A class that checks its arguments by Python alone does not take it, and needs it as little.
    """
    definer = next(each for each in kind.__mro__ if "__init__" in vars(each))
    return {"strict": True} if "InitSchema" in vars(definer) else {}


def alter(transforms: albumentations.Compose, image: Pixels, *, seed: int, id: str, view: int) -> Pixels:
    """Return one view of one image: a pure function of (seed, id, view), whatever ran before."""
    digest = hashlib.sha256(f"{seed}:{view}:{id}".encode()).digest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of every image alike; `advice` passes them on, once
        return _alter(transforms, image, seed=int.from_bytes(digest[:4], "big"))


def _alter(transforms: albumentations.Compose, image: Pixels, *, seed: int) -> Pixels:
    transforms.set_random_seed(seed)
    try:
        altered: np.ndarray = transforms(image=image)["image"]
    except Exception as error:  # albumentations raises all kinds if a transform cannot work on an image
        raise UserError(
            f"augment.transforms: failed on an image of shape {image.shape}: {error}. "
            "Remove the transform that fails, or change its arguments."
        ) from None
    altered = altered.reshape(*altered.shape[:2], -1)
    if altered.shape != image.shape or altered.dtype != np.uint8:
        raise UserError(
            f"augment.transforms: an image of shape {image.shape} uint8 became {altered.shape} "
            f"{altered.dtype}, which the network cannot take. Remove the transform that changes it."
        )
    return altered


def alter_all(
    images: Images, ids: Sequence[str], transforms: albumentations.Compose, *, seed: int, view: int
) -> Iterator[Pixels]:
    """Yield one view of each image."""
    for image, id in zip(images, ids, strict=True):
        yield alter(transforms, image, seed=seed, id=id, view=view)
