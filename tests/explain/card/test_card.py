"""The model card says what the reports say, whatever the classes are called."""

import copy
from typing import Any

import pandas as pd
import pytest

from pixelproof.explain.card.card import Confusion, cell, confusions, model_card

REPORTS: dict[str, Any] = {
    "record": {
        "name": "cnn · as committed",
        "params": {"seed": "7", "cnn.head": "softmax"},
        "tags": {"git.commit": "abc123", "git.dirty": "true", "platform": "Linux", "version.python": "3.11.7"},
    },
    "run": {
        "run_id": "f" * 32,
        "weights_sha256": "0" * 64,
        "parameters": 29402,
        "epochs": 9,
        "best_epoch": 7,
        "train_seconds": 12.4,
    },
    "plan": {"layers": [{}, {}], "multiply_adds": 1924992},
    "ingested": {
        "source": "photos",
        "found": 1010,
        "accepted": 1000,
        "quarantined": 10,
        "quarantine_reasons": {"not an image": 10},
        "photos_in_groups_of_copies": 4,
        "classes": {"cat": 500, "a|b": 500},
    },
    "split": {
        "photos": {"train": 800, "valid": 100, "test": 100},
        "classes": {"cat": {"train": 400, "valid": 50, "test": 80}, "a|b": {"train": 400, "valid": 50, "test": 20}},
    },
    "metric_rows": [("accuracy", "0.9 (0.8 to 0.95)", "0.8 (0.7 to 0.9)")],
    "verdict": "These photos cannot tell.",
    "per_class": pd.DataFrame(
        [("cat", 0.9, 0.95, 0.92, 80, "cnn"), ("a|b", 0.8, 0.7, 0.75, 20, "cnn"), ("cat", 0, 0, 0, 80, "mlp")],
        columns=["label", "precision", "recall", "f1", "images", "model"],
    ),
    "answers": pd.DataFrame({"label": ["cat"] * 3 + ["a|b"] * 2, "predicted": ["cat", "a|b", "a|b", "cat", "a|b"]}),
}


def card(**changed: Any) -> str:
    return model_card(**copy.deepcopy(REPORTS) | changed)


def test_the_card_has_what_a_reviewer_asks_for() -> None:
    """Else the card would not stand on its own."""
    text = card()
    for words in (
        *("29,402 parameters", "f" * 32, "0" * 64, "`abc123`, with uncommitted changes", "python 3.11.7"),
        "Of 1,010 files 1,000 were accepted and 10 put in quarantine (not an image: 10).",
        *(
            "| cat | 400 | 50 | 80 |",
            "| all | 800 | 100 | 100 |",
            "| accuracy | 0.9 (0.8 to 0.95) | 0.8 (0.7 to 0.9) |",
        ),
        *("These photos cannot tell.", "It finds a|b least often: 70 % of 20 photos.", "cat taken for a|b (2)"),
        *("(under 30) to know much of: a|b.", "pixelproof reproduce ffff", "| `cnn.head` | softmax |"),
    ):
        assert words in text, words


def test_names_do_not_break_a_table() -> None:
    """A class folder may be called anything."""
    lines = card().splitlines()
    assert "| a\\|b | 20 | 0.800 | 0.700 | 0.750 |" in lines
    assert cell("a\\b|c\nd") == "a\\\\b\\|c d"


def test_every_table_is_one() -> None:
    """A blank line in a table ends it."""
    lines = card().splitlines()
    for number, line in enumerate(lines):
        if set(line) <= {"|", "-", ":"} and line:
            assert lines[number - 1].startswith("|")
            assert lines[number + 1].startswith("|")
            assert lines[number + 1].replace("\\|", "").count("|") == line.count("|")


def test_a_model_without_mistakes_says_that_this_proves_little() -> None:
    """Else a small test part would promise a perfect model."""
    right = pd.DataFrame({"label": ["cat", "a|b"], "predicted": ["cat", "a|b"]})
    assert "It made no mistake on the test photos" in card(answers=right)


@pytest.mark.parametrize("count", [0, 8])
def test_confusions_are_counted(count: int) -> None:
    """The most frequent one comes first."""
    answers = pd.DataFrame({"label": ["a"] * count + ["b"], "predicted": ["b"] * count + ["c"]})
    assert confusions(answers) == [*([Confusion("a", "b", count)] if count else []), Confusion("b", "c", 1)]
