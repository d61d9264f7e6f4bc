"""Which test photos the page shows, and what the CNN answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pixelproof.data.images.store import Images, ImageStore
from pixelproof.evaluation.answers.tables import labels_in, probabilities_in


@dataclass(frozen=True)
class Shown:
    """Test photos with the CNN's answers, in the page's order."""

    ids: list[str]
    images: Images  # (n, height, width, channels) uint8
    labels: np.ndarray  # (n,) class numbers
    probabilities: np.ndarray  # (n, classes) float32

    @property
    def predicted(self) -> np.ndarray:
        predicted: np.ndarray = self.probabilities.argmax(axis=1)
        return predicted


def choose(labels: np.ndarray, probabilities: np.ndarray, count: int) -> np.ndarray:
    """Return positions of `count` photos to show: one of each class, then others in turn, up to a quarter mistaken.

    The right ones are the first of the test part, as they come; of the mistakes the surest, which teach most. A class
    without a right one is shown by a mistake. The right ones come first.
    """
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    is_wrong = predicted != labels
    wrong = _in_turn(np.flatnonzero(is_wrong)[np.argsort(-sure[is_wrong], kind="stable")], labels)
    right = _in_turn(np.flatnonzero(~is_wrong), labels)
    most_wrong = max(1, count // 4)
    each = _one_of_each([*right, *wrong], labels)
    if len(each) > count:  # more classes than there is room for
        each = [*right[: max(0, count - min(most_wrong, len(wrong)))], *wrong[:most_wrong]]
    mistaken = sum(bool(is_wrong[position]) for position in each)
    more_wrong = [position for position in wrong if position not in each][: max(0, most_wrong - mistaken)]
    more_wrong = more_wrong[: max(0, count - len(each))]
    more_right = [position for position in right if position not in each]
    chosen = {*each, *more_wrong, *more_right[: max(0, count - len(each) - len(more_wrong))]}
    ordered = [position for position in [*right, *wrong] if position in chosen]
    return np.array(ordered[:count], dtype=np.int64)


def _one_of_each(positions: list[int], labels: np.ndarray) -> list[int]:
    """Return the first position of each class."""
    firsts: dict[int, int] = {}
    for position in positions:
        firsts.setdefault(int(labels[position]), position)
    return list(firsts.values())


def _in_turn(positions: np.ndarray, labels: np.ndarray) -> list[int]:
    """Reorder positions so that the classes take turns: the first of each class, then the second of each, ..."""
    own = pd.Series(labels[positions])
    turns = pd.DataFrame({"position": positions, "turn": own.groupby(own).cumcount(), "label": own})
    return [int(position) for position in turns.sort_values(["turn", "label"])["position"]]


def choose_shown(answers: pd.DataFrame, classes: Sequence[str], count: int) -> list[str]:
    """Return the ids of `count` photos to show, chosen by the CNN's `answers` to the test part."""
    chosen = choose(labels_in(answers, classes), probabilities_in(answers, classes), count)
    return [str(id) for id in answers["id"].iloc[chosen]]


def read_shown(store: ImageStore, answers: pd.DataFrame, ids: Sequence[str]) -> Shown:
    """Return the photos of these ids with the CNN's `answers`."""
    own = answers.set_index("id").loc[list(ids)]
    return Shown(list(ids), store.named(ids), labels_in(own, store.classes), probabilities_in(own, store.classes))
