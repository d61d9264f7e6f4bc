"""What the slider over the epochs gets: places in order, measured numbers, and curves to scale."""

import numpy as np
import pandas as pd
import pytest

from pixelproof.explain.page.learning import computed, learning
from pixelproof.explain.tracing.learned import LearnedEpoch

HISTORY = pd.DataFrame(
    {
        "train_loss": [2.0, 1.0, 0.5, 0.4],
        "valid_loss": [1.8, 0.9, 0.7, 0.8],
        "train_accuracy": [0.2, 0.6, 0.8, 0.9],
        "valid_accuracy": [0.3, 0.6, 0.7, 0.6],
    }
)
WEIGHTS = {"kernel": np.ones((2, 2), np.float16)}


def epochs(*numbers: int) -> list[LearnedEpoch]:
    return [LearnedEpoch(number, [{}, WEIGHTS]) for number in numbers]


def test_the_kept_weights_are_a_place_of_the_slider_in_their_order() -> None:
    """Else the slider would end at an epoch that is not the network of the page, or show one epoch twice."""
    stops = learning(epochs(0, 2, 4), HISTORY, 3)["script"]["stops"]
    assert [(stop["epoch"], stop["kept"]) for stop in stops] == [(0, False), (2, False), (3, True), (4, False)]
    again = learning(epochs(0, 2, 4), HISTORY, 2)["script"]["stops"]
    assert [(stop["epoch"], stop["kept"]) for stop in again] == [(0, False), (2, True), (4, False)]


def test_each_place_has_what_was_measured_after_its_epoch() -> None:
    """Else losses would be shown one epoch early or late."""
    stops = learning(epochs(0, 2, 4), HISTORY, 3)["script"]["stops"]
    assert [stop["measured"] for stop in stops] == [
        None,
        [1.0, 0.9, 0.6, 0.6],
        [0.5, 0.7, 0.8, 0.7],
        [0.4, 0.8, 0.9, 0.6],
    ]


def test_the_curves_leave_the_left_border_to_the_time_before_training() -> None:
    """Else the moving line would stand beside the points of its epoch."""
    shown = learning(epochs(0), HISTORY, 3)
    loss, accuracy = shown["plots"]
    places = [float(point.split(",")[0]) for point in loss.train.split()]
    left, right = shown["script"]["left"], shown["script"]["right"]
    assert places == pytest.approx([left + (right - left) * epoch / 4 for epoch in (1, 2, 3, 4)])
    assert (loss.most, accuracy.most) == ("2", "1")


def test_weights_of_layers_that_the_page_does_not_compute_are_left_out() -> None:
    """Else the page of a large network would carry megabytes that nothing uses."""
    (left,) = computed(epochs(1), [{"kind": "conv"}, {"kind": "box"}])
    assert left.layers == [{}, {}]
    (kept,) = computed(epochs(1), [{"kind": "box"}, {"kind": "conv"}])
    assert kept.layers == [{}, WEIGHTS]
