"""The article's worked examples, computed: its five ways to weigh pixels, and its 6 x 6 and 4 x 4 pictures."""

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


def five_cases(image: np.ndarray) -> list[Case]:
    """Weigh the pixels of a small grey picture (height, width) in the article's five ways."""
    single = np.linspace(1, 0.1, image.shape[1]).round(2)[np.newaxis]
    padded = surround(image, [0, 1])
    return [
        Case("one weight for each pixel", "each column is multiplied by a weight of its own; nothing is seen of its "
             "neighbours", image, [single], [image * single]),
        Case("two neighbours at a time", "a pair of weights slides over each row; the width shrinks by one",
             image, [FIRST_VECTOR], [convolve(image, FIRST_VECTOR)]),
        Case("zeros at the sides", "with a column of zeros on each side, pixels at the edge count as often as the rest",
             padded, [FIRST_VECTOR], [convolve(padded, FIRST_VECTOR)]),
        Case("two pairs of weights", "each pair sees another aspect of the same picture; both outputs are kept",
             image, [FIRST_VECTOR, SECOND_VECTOR], [convolve(image, pair) for pair in (FIRST_VECTOR, SECOND_VECTOR)]),
        Case("a square of weights", "neighbours in both directions are weighed at once; height and width shrink by one",
             image, [SQUARE], [convolve(image, SQUARE)]),
    ]  # fmt: skip


@dataclass(frozen=True)
class Pooled:
    kind: Pooling
    image: np.ndarray
    output: np.ndarray


def three_poolings(image: np.ndarray, size: int = 2) -> list[Pooled]:
    """Pool a picture, (height, width) or (height, width, channels), in the three ways."""
    kinds: tuple[Pooling, ...] = ("max", "average", "l2")
    return [Pooled(kind, image, pool(image, size, kind=kind)) for kind in kinds]
