"""The page's pictures, in sheets of a few each; the same sheets are PNG files for DVC and MLflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pixelproof.explain.pictures.arithmetic import convolve, pool
from pixelproof.explain.pictures.cases import Case, five_cases, three_poolings
from pixelproof.explain.pictures.filters import EDGE, classic_filters
from pixelproof.explain.pictures.recipes import (
    PHOTO,
    SHUFFLED,
    Recipe,
    case_recipe,
    convolved,
    filtered,
    map_of,
    pooled,
)
from pixelproof.explain.tracing.groups import rows
from pixelproof.explain.tracing.traced import TracedLayer

# Blue below zero, white at zero, orange above: told apart by all common kinds of colour blindness. As in js/draw.js.
NEGATIVE, ZERO, POSITIVE = np.array([33, 102, 172]), np.array([247, 247, 247]), np.array([179, 88, 6])
ROOM_PX = 8  # the examples need so many pixels on each side
MAPS, LEAST_MAPS, MAPS_IN_ALL = 8, 2, 40  # activation maps that a sheet shows: of each layer, and together


@dataclass(frozen=True)
class Picture:
    """A photo, uint8 (height, width, 1 or 3), or a signed map, float (height, width), with zero in the middle."""

    title: str
    pixels: np.ndarray
    recipe: Recipe | None = None  # how it is made of the photo, where it is

    @property
    def size(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"{height} × {width}"


@dataclass(frozen=True)
class Sheet:
    name: str  # of its file, without .png
    title: str
    pictures: Sequence[Picture]


def grey(photo: np.ndarray) -> np.ndarray:
    """Return a photo's brightness, float (height, width): the mean of its channels."""
    brightness: np.ndarray = photo.mean(axis=2)
    return brightness


def enlarge(photo: np.ndarray) -> np.ndarray:
    """Return a photo with room for the examples: where it is smaller than ROOM_PX, each pixel is repeated."""
    times = -(-ROOM_PX // min(photo.shape[:2]))
    return photo.repeat(times, axis=0).repeat(times, axis=1)


def all_sheets(photo: np.ndarray, layers: Sequence[TracedLayer], *, seed: int) -> list[Sheet]:
    """Draw every sheet for one photo, uint8 (height, width, channels); it must be the first that was traced."""
    sheets = [
        order_sheet(photo, seed=seed),
        cases_sheet(photo),
        filters_sheet(photo),
        strides_sheet(photo),
        padding_sheet(photo),
        poolings_sheet(photo),
        kernels_sheet(layers),
        activations_sheet(layers),
    ]
    return [sheet for sheet in sheets if sheet.pictures]


def order_sheet(photo: np.ndarray, *, seed: int) -> Sheet:
    pixels = photo.reshape(-1, photo.shape[2])
    shuffled = np.random.default_rng(seed).permutation(pixels).reshape(photo.shape)
    pictures = [Picture("the photo", photo, PHOTO), Picture("the same pixels in another order", shuffled, SHUFFLED)]
    return Sheet("pixels", "A picture is its pixels in their order", pictures)


def cases_sheet(photo: np.ndarray) -> Sheet:
    def shown(number: int, case: Case) -> list[Picture]:
        titles = [case.title] if len(case.names) == 1 else case.names
        return [
            Picture(f"{number}. {name}", output, case_recipe(case, place))
            for place, (name, output) in enumerate(zip(titles, case.outputs, strict=True))
        ]

    numbered = [shown(number, case) for number, case in enumerate(five_cases(grey(photo)), 1)]
    return Sheet("cases", "Five ways to weigh pixels", [Picture("the photo", photo, PHOTO), *chain(*numbered)])


def filters_sheet(photo: np.ndarray) -> Sheet:
    found = [Picture(each.name, each.apply(photo), filtered(each.weights)) for each in classic_filters(photo.shape[2])]
    return Sheet("filters", "Weights that find something", [Picture("the photo", photo, PHOTO), *found])


def strides_sheet(photo: np.ndarray) -> Sheet:
    strides = [stride for stride in (1, 2, 3) if min(photo.shape[:2]) >= 3]
    edges = [convolve(grey(photo), EDGE.weights, stride=stride) for stride in strides]
    pictures = [
        Picture(f"stride {stride}", found, convolved(EDGE.weights, stride=stride))
        for stride, found in zip(strides, edges, strict=True)
    ]
    return Sheet("strides", "The same 3 × 3 edge filter at three strides", pictures)


def padding_sheet(photo: np.ndarray) -> Sheet:
    names = ("no zeros", "1 ring of zeros", "2 rings of zeros")
    pictures = [
        Picture(name, convolve(grey(photo), EDGE.weights, rings=rings), convolved(EDGE.weights, rings=rings))
        for rings, name in enumerate(names)
    ]
    return Sheet("padding", "The same 3 × 3 edge filter with zeros around the photo", pictures)


def poolings_sheet(photo: np.ndarray) -> Sheet:
    names = {"max": "max pooling", "average": "average pooling", "l2": "L2 pooling, its largest as white"}
    shrunk = [Picture(names[each.kind], _as_photo(each.output), pooled(each.kind)) for each in three_poolings(photo)]
    again = Picture("max pooling, twice", _as_photo(pool(pool(photo, 2), 2)), pooled("max", times=2))
    pictures = [Picture("the photo", photo, PHOTO), *shrunk, again]
    return Sheet("poolings", "The photo before and after pooling 2 × 2", pictures)


def _as_photo(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as bytes; L2 pooling gives more than 255, so all are scaled to its largest."""
    scale = min(1.0, 255 / max(1.0, float(pixels.max())))
    return (pixels * scale).round().astype(np.uint8)


def kernels_sheet(layers: Sequence[TracedLayer]) -> Sheet:
    """Show the filters of the first convolution; for photos in colour, each filter's weights for each channel."""
    first = next((layer for layer in layers if layer.kind and layer.kind.name == "conv"), None)
    if first is None or first.kind is None:
        return Sheet("kernels", "", [])
    kernel = first.kind.weights["kernel"]
    channels = ["red", "green", "blue"] if kernel.shape[2] == 3 else [""] * kernel.shape[2]
    pictures = [
        Picture(f"filter {number + 1} {channel}".strip(), kernel[:, :, depth, number])
        for number in range(min(kernel.shape[3], MAPS if len(channels) > 1 else 2 * MAPS))
        for depth, channel in enumerate(channels[:3])
    ]
    return Sheet("kernels", f"The filters that {first.name} has learned", pictures)


def learning_sheet(before: np.ndarray, after: np.ndarray) -> Sheet:
    """Show the first filters before and after the training, each as the mean over its channels.

    before, after  (height, width, channels, filters)
    """
    pictures = [
        Picture(f"filter {number + 1} {when}", kernel[..., number].mean(axis=2))
        for number in range(min(MAPS, before.shape[3]))
        for when, kernel in (("before", before), ("after", after))
    ]
    return Sheet("learning", "The first filters before and after the training", pictures)


def activations_sheet(layers: Sequence[TracedLayer]) -> Sheet:
    """Show maps of every layer or group that changes what is seen; the fewer of each, the more there are."""
    maps = [row for row in rows(layers) if len(row.layer.shape) == 3 and _changes(row.layer)]
    most = max(LEAST_MAPS, min(MAPS, MAPS_IN_ALL // max(1, len(maps))))
    pictures = [
        Picture(f"{row.name}, map {channel + 1}", row.layer.outputs[0, :, :, channel], map_of(row.layer.name, channel))
        for row in maps
        for channel in range(min(most, row.layer.shape[2]))
    ]
    return Sheet("activations", "What each layer makes of the photo", pictures)


def _changes(layer: TracedLayer) -> bool:
    return layer.kind is None or layer.kind.name not in SAME_AGAIN


SAME_AGAIN = {"input", "rescaling", "dropout", "zero_pad", "batch_norm"}  # their maps look like those before them


def colours(pixels: np.ndarray) -> np.ndarray:
    """Return a picture as bytes, (height, width) or (height, width, 3); a signed map by the share of its largest.

    Its colour follows the share's square root, so that small numbers can still be seen.
    """
    if pixels.dtype == np.uint8:
        return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    share = np.sqrt(np.abs(pixels) / max(float(np.abs(pixels).max()), 1e-9))[..., np.newaxis]
    towards = np.where(pixels[..., np.newaxis] < 0, NEGATIVE, POSITIVE)
    mixed: np.ndarray = (ZERO + (towards - ZERO) * share).round().astype(np.uint8)
    return mixed
