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
    """Return positions of `count` photos to show: of every class in turn, and up to a quarter that were mistaken.

    The right ones are the first of the test part, as they come; of the mistakes the surest, which teach most.
    """
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    wrong = _in_turn(mistakes[np.argsort(-sure[mistakes], kind="stable")], labels)[: max(1, count // 4)]
    right = _in_turn(np.flatnonzero(predicted == labels), labels)
    chosen = [*right[: max(0, count - len(wrong))], *wrong]
    return np.array(chosen[:count], dtype=np.int64)


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
