from pathlib import Path

import numpy as np
import pandas as pd

from pixelproof.data.images.store import ImageStore, StoreWriter
from pixelproof.explain.tracing.photos import choose, choose_shown, read_shown

LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2])


def sure(predicted: list[int], shares: list[float]) -> np.ndarray:
    """Probabilities of three classes: `share` for the predicted one, the rest for the next."""
    table = np.zeros((len(predicted), 3))
    for row, (label, share) in enumerate(zip(predicted, shares, strict=True)):
        table[row, label], table[row, (label + 1) % 3] = share, 1 - share
    return table


def test_every_class_takes_its_turn() -> None:
    """Else the page might show one class only."""
    right = sure(LABELS.tolist(), [0.9] * 8)
    assert LABELS[choose(LABELS, right, 6)].tolist() == [0, 1, 2, 0, 1, 2]


def test_a_quarter_are_the_surest_mistakes() -> None:
    """They show most about the network; the rest must leave room for what it can do."""
    answers = sure([1, 0, 2, 1, 1, 0, 2, 2], [0.6, 0.9, 0.95, 0.9, 0.9, 0.7, 0.8, 0.8])
    chosen = choose(LABELS, answers, 4)
    assert chosen.tolist() == [1, 3, 6, 2]
    assert choose(LABELS, answers, 8).tolist() == [1, 3, 6, 4, 7, 2, 5]


def test_without_mistakes_all_are_right_ones_and_without_right_ones_mistakes() -> None:
    """A perfect network has a page too, and so has a useless one."""
    assert len(choose(LABELS, sure(LABELS.tolist(), [0.9] * 8), 5)) == 5
    assert LABELS[choose(LABELS, sure(((LABELS + 1) % 3).tolist(), [0.9] * 8), 4)].tolist() == [0, 1, 2]


def test_a_class_that_is_never_recognised_is_shown_too() -> None:
    """A weak model showed nine daisies and no tulip."""
    always_first = sure([0] * 8, [0.9, 0.9, 0.9, 0.8, 0.7, 0.9, 0.6, 0.5])
    assert choose(LABELS, always_first, 5).tolist() == [0, 1, 2, 5, 6]
    assert choose(LABELS, always_first, 2).tolist() == [0, 5]


def test_the_photos_belong_to_the_answers(tmp_path: Path) -> None:
    """A photo beside another one's answer would be worse than none."""
    index = pd.DataFrame({"id": ["a", "b", "c"], "label": ["x", "y", "x"]})
    writer = StoreWriter(tmp_path / "store", index, (1, 1, 1), ["x", "y"], {})
    writer.write(0, (np.full((1, 1, 1), 10 * position, np.uint8) for position in range(3)))
    rows = [("b", "y", 0.2, 0.8), ("c", "x", 0.9, 0.1)]
    answers = pd.DataFrame(rows, columns=["id", "label", "p_x", "p_y"])
    ids = choose_shown(answers, ["x", "y"], 5)
    assert ids == ["c", "b"]
    shown = read_shown(ImageStore.open(tmp_path / "store"), answers, ids)
    assert shown.ids == ids
    assert shown.images.ravel().tolist() == [20, 10]
    assert shown.labels.tolist() == shown.predicted.tolist() == [0, 1]
