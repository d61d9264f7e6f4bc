"""Trainings repeated with several seeds: mean, spread, interval, pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.experiments.summary import Trial, accuracy_figure, depth_figure, interval, lead, summarize, table


def trial(model: str, pixels: str, seed: int, right: int, images: int = 100) -> Trial:
    return Trial(model, pixels, seed, np.arange(images) < right)


TRIALS = [
    *(trial("CNN", "in place", 1, 90), trial("CNN", "in place", 2, 94), trial("MLP", "in place", 1, 80)),
    *(trial("MLP", "in place", 2, 80), trial("CNN", "shuffled", 1, 70), trial("CNN", "shuffled", 2, 70)),
]


def test_the_summary_has_mean_and_deviation_over_the_seeds() -> None:
    """Else one lucky seed would pass for the result."""
    summary = summarize(TRIALS).set_index(["model", "pixels"])
    assert summary.loc[("CNN", "in place"), "seeds"] == 2
    assert summary.loc[("CNN", "in place"), "accuracy"] == pytest.approx(0.92)
    assert summary.loc[("CNN", "in place"), "deviation"] == pytest.approx(np.std([0.90, 0.94], ddof=1))
    assert list(summary.index) == [("CNN", "in place"), ("MLP", "in place"), ("CNN", "shuffled")]


def test_the_table_has_a_row_per_trial() -> None:
    """Else a reader could not see the seeds behind a mean."""
    assert list(table(TRIALS)["accuracy"]) == [0.90, 0.94, 0.80, 0.80, 0.70, 0.70]


def test_one_seed_has_no_deviation() -> None:
    """Else a spread of zero would look like certainty."""
    assert np.isnan(summarize([trial("CNN", "in place", 1, 90)])["deviation"][0])


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_an_interval_holds_the_mean(right: list[bool]) -> None:
    """Else it would be the interval of something else."""
    values = np.array(right, float)
    low, high = interval(values)
    assert 0 <= low <= values.mean() <= high <= 1


def test_the_interval_covers_the_true_accuracy_about_as_often_as_it_says() -> None:
    """Else its 95 % would be a word; 200 draws leave a standard error of 1.5 %."""
    rng = np.random.default_rng(3)
    held = [low <= 0.8 <= high for low, high in (interval((rng.random(150) < 0.8).astype(float)) for _ in range(200))]
    assert 0.90 <= np.mean(held) <= 0.99


def test_the_lead_compares_the_same_images() -> None:
    """Two models that are right on the same images but ten differ by exactly those ten."""
    difference, low, high = lead(TRIALS[:4], "CNN", "MLP", "in place")
    assert difference == pytest.approx(0.12)
    assert 0.05 < low < difference < high < 0.20


def test_the_pictures_say_what_the_tables_say() -> None:
    """Else a person who looks and one who reads would learn different things."""
    summary = summarize(TRIALS)
    assert {text.get_text() for text in accuracy_figure(summary, "title").axes[0].texts} >= {"0.920", "0.800", "0.700"}
    deeper = summarize([trial("1", "in place", 1, 60), trial("2", "in place", 1, 70)]).rename(
        columns={"model": "blocks"}
    )
    axes = depth_figure(deeper.assign(parameters=[219_801, 55_111]), "title").axes
    assert [text.get_text() for text in axes[1].texts] == ["219,801", "55,111"]
    assert list(axes[0].lines[0].get_ydata()) == [0.6, 0.7]
