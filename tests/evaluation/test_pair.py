"""Two runs' predictions, compared photo by photo."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from pixelproof.errors import UserError
from pixelproof.evaluation.answers.tables import answer_table, classes_in
from pixelproof.evaluation.pair import Pair, compare_tables
from tests.support.answered import simulated, weaker

CLASSES = ["cat", "dog", "p_owl"]  # a class may begin like a column
OWN = simulated(120, 5)
IDS = [f"{number}.png" for number in range(120)]


def table(probabilities: np.ndarray) -> pd.DataFrame:
    return answer_table("cnn", probabilities, IDS, OWN.labels, CLASSES).assign(group=IDS)


FIRST, SECOND = table(OWN.probabilities), table(weaker(OWN, 1).probabilities)


def compared(first: pd.DataFrame, second: pd.DataFrame) -> Pair:
    return compare_tables(first, second, ("run a", "run b"), confidence=0.95, seed=1)


def test_the_order_of_the_photos_does_not_matter() -> None:
    """Else each answer would be judged by another photo's label: stores of two runs need not have one order."""
    assert compared(FIRST, SECOND.sample(frac=1, random_state=0)).as_json() == compared(FIRST, SECOND).as_json()


def test_the_second_run_is_subtracted_from_the_first() -> None:
    """Else the worse run would be called the better one."""
    found, swapped = compared(FIRST, SECOND).as_json(), compared(SECOND, FIRST).as_json()
    for name in ("accuracy", "log_loss", "roc_auc"):
        difference = found["comparison"][f"{name}_difference"]
        assert difference == pytest.approx(found["first"][name] - found["second"][name], abs=1e-6)
        assert difference == pytest.approx(-swapped["comparison"][f"{name}_difference"])
    assert json.loads(json.dumps(found)) == found


def test_the_table_and_the_sentence_name_both_runs() -> None:
    """Else nobody could tell which column is which."""
    found, terminal = compared(FIRST, SECOND), Console(width=160)
    with terminal.capture() as shown:
        terminal.print(found.as_rich())
    assert "run a" in shown.get()
    assert f"{found.comparison['accuracy_difference']:+.4f}" in shown.get()
    assert found.verdict.startswith("On the same 120 test images only the run a was right on ")


def test_classes_are_read_back_as_they_were() -> None:
    """Else two runs of the same classes would look different, or a class be lost."""
    assert classes_in(FIRST) == CLASSES


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (SECOND.iloc[10:], "120 and 110 photos, 110 of them in both"),
        (SECOND.assign(id="other/" + SECOND["id"]), "120 and 120 photos, 0 of them in both"),
        (SECOND.rename(columns={"p_dog": "p_wolf"}), "their classes differ.*wolf"),
        (SECOND.assign(label=["p_owl", *SECOND["label"].tolist()[1:]]), "1 photos of the test part have other labels"),
    ],
)
def test_runs_on_other_photos_are_refused(other: pd.DataFrame, words: str) -> None:
    """Else a lucky test part would pass for a better model."""
    with pytest.raises(UserError, match=f"run a and run b: .*{words}.*split.seed"):
        compared(FIRST, other)
