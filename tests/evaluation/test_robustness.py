"""What corruptions cost: the arithmetic, and intervals that hold what they promise."""

import numpy as np
import pandas as pd
import pytest

from pixelproof.evaluation.answers.corruptions import LEVELS, answers_to_corrupted
from pixelproof.evaluation.robustness import TITLES, robustness_figure, robustness_table


def answered(right: dict[tuple[str, float], list[bool]]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"kind": kind, "level": level, "id": [f"p{n}" for n in range(len(own))], "right": own})
        for (kind, level), own in right.items()
    ]
    return pd.concat(frames, ignore_index=True)


def alone(count: int) -> "pd.Series[str]":
    return pd.Series([f"g{n}" for n in range(count)], index=[f"p{n}" for n in range(count)])


def test_the_losses_are_counts() -> None:
    """Of ten images the CNN loses one, the MLP four: 0.1 less 0.4."""
    cnn = answered({("none", 0): [True] * 9 + [False], ("shift_px", 2): [True] * 8 + [False] * 2})
    mlp = answered({("none", 0): [True] * 8 + [False] * 2, ("shift_px", 2): [True] * 4 + [False] * 6})
    table = robustness_table({"cnn": cnn, "mlp": mlp}, alone(10), confidence=0.95, seed=1)
    assert table["kind"].tolist() == ["none", "shift_px"]
    shift = table.iloc[1]
    assert (shift["cnn"], shift["mlp"]) == (0.8, 0.4)
    assert shift["lost_more"] == pytest.approx(-0.3)
    assert shift["lost_more_low"] < -0.3 < shift["lost_more_high"]
    assert table.iloc[0]["lost_more"] == 0
    low, high = 0.4901625, 0.9433178  # Wilson's interval of 8 in 10, as statsmodels 0.14 gives it
    assert (shift["cnn_low"], shift["cnn_high"]) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@pytest.mark.slow  # 120 resamplings
def test_the_interval_of_the_difference_covers_the_truth() -> None:
    """Else "the CNN loses less" would be said by chance too often."""
    rng, hit = np.random.default_rng(4), 0
    for seed in range(120):
        before, cnn_loses, mlp_loses = rng.random(300) < 0.9, rng.random(300) < 0.1, rng.random(300) < 0.25
        cnn = answered({("none", 0): before.tolist(), ("noise", 0.1): (before & ~cnn_loses).tolist()})
        mlp = answered({("none", 0): before.tolist(), ("noise", 0.1): (before & ~mlp_loses).tolist()})
        row = robustness_table({"cnn": cnn, "mlp": mlp}, alone(300), confidence=0.95, seed=seed).iloc[1]
        hit += row["lost_more_low"] <= 0.9 * (0.1 - 0.25) <= row["lost_more_high"]
    assert 108 <= hit <= 120  # 95 % of 120 are 114, with a standard deviation of 2.4


def test_every_corruption_is_asked_and_drawn() -> None:
    """Else a kind would be missing from the picture without a word."""
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    labels, ids = np.arange(12) % 2, [f"p{n}" for n in range(12)]

    def network(given: np.ndarray) -> np.ndarray:
        bright = given.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1)

    answers = answers_to_corrupted(network, images, labels, ids, seed=3)
    assert set(answers["kind"]) == {"none", *LEVELS}
    assert LEVELS.keys() == TITLES.keys()
    pd.testing.assert_frame_equal(answers, answers_to_corrupted(network, images, labels, ids, seed=3))
    untouched = answers[answers["kind"] == "none"]
    assert untouched["right"].tolist() == (network(images).argmax(axis=1) == labels).tolist()
    table = robustness_table({"cnn": answers, "mlp": answers}, alone(12), confidence=0.95, seed=1)
    assert len(table) == 1 + sum(map(len, LEVELS.values()))
    assert (table["lost_more"] == 0).all()
    figure = robustness_figure(table)
    assert [axes.get_title() for axes in figure.axes[:-1]] == list(TITLES.values())
