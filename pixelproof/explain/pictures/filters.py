"""Classic weight matrices that everyone knows by what they do to a photo."""

from dataclasses import dataclass

import numpy as np

from pixelproof.explain.pictures.arithmetic import convolve


@dataclass(frozen=True)
class Filter:
    """Weights (rows, columns) for every channel alike, or (rows, columns, channels) for a colour."""

    name: str
    finds: str
    weights: np.ndarray

    def apply(self, photo: np.ndarray) -> np.ndarray:
        """Return the filtered photo, uint8 (height, width, channels): of its size, cut off below 0 and above 255.

        Weights without channels treat each channel on its own; those with channels give one grey picture.
        """
        rings = [side // 2 for side in self.weights.shape[:2]]
        pixels = photo.astype(float)
        if self.weights.ndim == 3:
            filtered = [convolve(pixels, self.weights, rings=rings)]
        else:
            channels = np.moveaxis(pixels, 2, 0)
            filtered = [convolve(channel, self.weights, rings=rings) for channel in channels]
        return np.stack(filtered, axis=2).round().clip(0, 255).astype(np.uint8)


EDGE = Filter("edge", "where brightness changes, in any direction", np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]))
UPRIGHT = Filter("upright edge", "where it gets brighter from left to right", np.array([[-1, 0, 1]] * 3))
SHARPEN = Filter(
    "sharpen",
    "each pixel, made stronger by its difference from its neighbours",
    np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
)
BLUR = Filter("blur", "the mean of 5 × 5 pixels; it smooths noise away", np.full((5, 5), 1 / 25))


def colour_filter(channel: int) -> Filter:
    """Return the 1 x 1 filter for pixels in which `channel` (0 red, 1 green, 2 blue) exceeds the mean of the others."""
    name = ("red", "green", "blue")[channel]
    weights = np.full((1, 1, 3), -0.5)
    weights[0, 0, channel] = 1
    return Filter(name, f"pixels that are more {name} than anything else", weights)


def classic_filters(channels: int) -> list[Filter]:
    """Return the filters for photos of so many channels; a grey photo has no colours to find."""
    colours = [colour_filter(channel) for channel in range(3)] if channels == 3 else []
    return [EDGE, UPRIGHT, SHARPEN, BLUR, *colours]
