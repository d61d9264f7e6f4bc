"""The article's worked examples, computed: its five ways to weigh pixels, and its 6 x 6 and 4 x 4 pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.explain.pictures.arithmetic import Pooling, convolve, pool, surround

# The only numbers of the article that this project holds: the inputs. Every output is computed.
ARTICLE_IMAGE = np.array(
    [
        [18, 54, 51, 239, 244, 188],
        [55, 121, 75, 78, 95, 88],
        [35, 24, 204, 113, 109, 221],
        [3, 154, 104, 235, 25, 130],
        [15, 253, 225, 159, 78, 233],
        [68, 85, 180, 214, 245, 0],
    ]
)
ARTICLE_WEIGHTS = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
FIRST_VECTOR, SECOND_VECTOR = np.array([[1, 0.3]]), np.array([[0.1, 5]])
SQUARE = np.vstack([FIRST_VECTOR, SECOND_VECTOR])


@dataclass(frozen=True)
class Case:
    """Pictures and weights (rows, columns) of one way to weigh pixels."""

    title: str
    says: str
    image: np.ndarray
    weights: list[np.ndarray]
    outputs: list[np.ndarray]
    names: Sequence[str] = ("output",)  # of the outputs
    padded: Sequence[np.ndarray] = ()  # the picture with its zeros, for each output

    @property
    def width(self) -> str:
        """Return what becomes of the width: `4 → 3`."""
        after = dict.fromkeys(str(output.shape[1]) for output in self.outputs)
        return f"{self.image.shape[1]} → {' or '.join(after)}"


def five_cases(image: np.ndarray) -> list[Case]:
    """Weigh the pixels of a small grey picture (height, width) in the article's five ways."""
    single = np.linspace(1, 0.1, image.shape[1]).round(2)[np.newaxis]
    return [
        Case("one weight for each pixel", "Each column is multiplied by a weight of its own; nothing is seen of its "
             "neighbours.", image, [single], [image * single]),
        Case("two neighbours at a time", "A pair of weights slides over each row. The width shrinks by one, and the "
             "pixels at both ends are in one pair only, the others in two.",
             image, [FIRST_VECTOR], [convolve(image, FIRST_VECTOR)]),
        zeros_at_the_sides(image),
        two_pairs(image),
        Case("a square of weights", "Neighbours in both directions are weighed at once; height and width shrink by "
             "one.", image, [SQUARE], [convolve(image, SQUARE)]),
    ]  # fmt: skip


def zeros_at_the_sides(image: np.ndarray) -> Case:
    """Pad the picture with a column of zeros on both sides, and on the right only."""
    padded = [surround(image, [0, 1]), np.pad(image, [(0, 0), (0, 1)])]
    says = (
        "What the pair took away, zeros give back. With a column of zeros on each side every pixel is in two pairs, "
        "and the output is one wider than the picture; with zeros on the right only it is as wide as the picture again."
    )
    outputs = [convolve(each, FIRST_VECTOR) for each in padded]
    names = ("zeros on each side", "zeros on the right only")
    return Case("zeros at the sides", says, image, [FIRST_VECTOR], outputs, names, padded)


def two_pairs(image: np.ndarray) -> Case:
    """Weigh the picture with two pairs of weights, and combine what both give."""
    first, second = (convolve(image, pair) for pair in (FIRST_VECTOR, SECOND_VECTOR))
    both = " and ".join(f"{weight:g}" for weight in (FIRST_VECTOR + SECOND_VECTOR)[0])
    says = (
        "Each pair sees another aspect of the same picture. Both outputs are kept, one behind the other, and the layer "
        f"after them combines them with weights of its own. Here they are simply added. A single pair, {both}, would "
        "give the same sum: only with an activation in between do two pairs find more than one."
    )
    names = ("first pair", "second pair", "combined: their sum")
    weights = [FIRST_VECTOR, SECOND_VECTOR]
    return Case("two pairs of weights", says, image, weights, [first, second, first + second], names)


@dataclass(frozen=True)
class Pooled:
    kind: Pooling
    image: np.ndarray
    output: np.ndarray


def three_poolings(image: np.ndarray, size: int = 2) -> list[Pooled]:
    """Pool a picture, (height, width) or (height, width, channels), in the three ways."""
    kinds: tuple[Pooling, ...] = ("max", "average", "l2")
    return [Pooled(kind, image, pool(image, size, kind=kind)) for kind in kinds]
