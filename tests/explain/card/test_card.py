"""The model card says what the reports say, whatever the classes are called."""

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from pixelproof.explain.card.card import Confusion, cell, confusions, measured, model_card, prose
from tests.support.browser import chromium
from tests.support.reports import plant, surely

A4_PX = 703  # between margins of 12 mm, at 96 px an inch
SCALED = {f"calibration_error_scaled{end}": 0.1 for end in ("", "_low", "_high")}
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
    "confidence": 0.95,
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


def test_names_are_shown_as_they_are() -> None:
    """`<b>` would make half of the card bold, and `*` or `_a_` something else."""
    assert [prose(name) for name in ("<b>", "*", "_a_", "new_york", "[x]", "`")] == [
        *("\\<b\\>", "\\*", "\\_a\\_", "new_york", "\\[x\\]", "\\`")
    ]


def test_a_class_without_test_photos_has_no_figures() -> None:
    """`nan` is no figure."""
    unmeasured = REPORTS["per_class"].assign(precision=np.nan)
    assert "| cat | 80 | - | 0.950 | 0.920 |" in card(per_class=unmeasured)


def test_every_metric_is_there_once_with_its_interval() -> None:
    """The short table and the long one share some."""
    labels = [0, 1] * 20
    metrics = plant(labels, surely(labels, 2), surely(labels, 2), ("a", "b"), more=SCALED).metrics
    rows = measured(metrics)
    assert rows[0] == ("accuracy", *["1.0000 (0.9124 to 1.0000)"] * 2)
    assert len({name for name, *_ in rows}) == len(rows)
    assert ("always the commonest class", "0.5000", "0.5000") in rows
    unmeasured = plant(labels, surely(labels, 2), surely(labels, 2), ("a", "b"), more={**SCALED, "roc_auc": None})
    assert ("ROC AUC", "cannot be measured", "cannot be measured") in measured(unmeasured.metrics)


@pytest.mark.slow
def test_it_prints_to_a_pdf_whose_tables_fit_the_paper() -> None:
    """The card is handed around on paper: nothing may be cut off at the right."""
    params = {"augment.transforms.move.translate_percent": "[-0.08, 0.08], " * 12}
    text = card(record=REPORTS["record"] | {"params": params})
    with chromium() as browser:
        page = browser.new_page(viewport={"width": A4_PX, "height": 1000})
        page.set_content(MarkdownIt("commonmark").enable("table").render(text))
        tables = page.locator("table").all()
        assert len(tables) == 5
        assert max(table.bounding_box()["width"] for table in tables) <= A4_PX
        assert page.pdf(format="A4").startswith(b"%PDF")


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
