"""Each row of the article has a section of the page, whose address docs/article.md gives."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pixelproof.explain.page.experiments import by_depth, shuffled
from pixelproof.explain.page.page import render
from tests.support.explained import Built
from tests.support.opened_pages import open_page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NUMBERS = {
    "A1": ["0 (dark) to 255 (bright)"],
    "A2": ["make shuffle", "96.1 %", "94.9 %"],
    "A3": ["Width 4 → 4", "Width 4 → 3", "Width 4 → 5 or 4"],
    "A4": ["429", "505", "913", "657"],
    "A5": ["0.04", "5 × 5"],
    "A6": ["⌊(W − F + 2P) / S⌋ + 1", "(7 − 3 + 2·0) / 1 + 1 = 5"],
    "A7": ["(⌈W / S⌉ − 1)·S + F − W", "1 before and 1 after", "0 before and 1 after"],
    "A8": ["28 × 28 × 10"],
    "A9": ["every 2 × 2 become one", "max pooling", "average pooling", "L2 pooling"],
    "A10": ["16 × 16", "8 × 8"],
    "A11": ["30 × 30 × 10", "(32 − 3 + 2·0)/1 + 1 = 30"],
    "A12": ["cross-entropy", "0.6931"],
    "A13": ["one epoch", "the weights of epoch 2 were kept"],
    "A14": ["300, 300", "5 x 5", "batch_size=128", "validation_split=0.3", "keras.Input((16, 16, 1)"],
    "A15": ["219,801", "438,842"],
    "A16": ["270,001", "13,500,101", "27,000,201"],
    "A17": ["219,801", "55,111", "17,341", "10,541", "11,051", "make depth"],
}

COLUMNS = ["model", "pixels", "seeds", "accuracy", "deviation", "low", "high"]
SHUFFLE = pd.DataFrame(
    [
        ("CNN", "in place", 3, 0.982, 0.001, 0.971, 0.989),
        ("MLP", "in place", 3, 0.962, 0.005, 0.949, 0.973),
        ("CNN", "shuffled", 3, 0.949, 0.005, 0.934, 0.961),
        ("MLP", "shuffled", 3, 0.961, 0.006, 0.948, 0.972),
    ],
    columns=COLUMNS,
)
DEPTH = pd.DataFrame(
    [(1, 9761, 3, 0.679, 0.045, 0.633, 0.720), (2, 4961, 3, 0.710, 0.021, 0.652, 0.752)],
    columns=["blocks", "parameters", *COLUMNS[2:]],
)
IN_SIGHT = """anchor => {
  const { top } = document.querySelector(anchor).getBoundingClientRect();
  return top >= -1 && top < innerHeight;
}"""


def addresses() -> dict[str, str]:
    """Return the anchor that docs/article.md gives for each row."""
    text = (ROOT / "docs/article.md").read_text("utf-8")
    return dict(re.findall(r"^\| (A\d+) \|.*?`reports/index\.html(#[\w-]+)`", text, re.MULTILINE))


def test_every_row_has_an_address() -> None:
    """A row without one could not be found."""
    assert list(addresses()) == list(NUMBERS)


@pytest.mark.parametrize("row", NUMBERS)
def test_the_address_opens_the_section_with_the_rows_number(browser: Any, built: dict[str, Built], row: str) -> None:
    """Whoever reads docs/article.md beside the page finds the very numbers, without searching what is folded."""
    anchor = addresses()[row]
    page, troubles = open_page(browser, built["sigmoid"].path, 1280, anchor, unfolded=False)
    section = page.locator(f"details{anchor}[open]")
    assert page.locator("details.step[open]").count() == 1
    page.wait_for_function(IN_SIGHT, arg=anchor)  # it scrolls smoothly
    page.wait_for_function("document.querySelector('#window-lab .formula')?.textContent")
    text = re.sub(r"\s+", " ", section.inner_text())
    assert [number for number in NUMBERS[row] if number not in text] == []
    page.close()
    assert troubles == []


def test_no_size_is_printed_without_its_sense(browser: Any, built: dict[str, Built]) -> None:
    """`ceil(28 / 1) = 28` was the table's only word on same padding."""
    page, _ = open_page(browser, built["every kind"].path, 1280, "#formula", unfolded=False)
    table = page.inner_text("#formula table")
    assert "ceil(" not in table
    assert "floor(" not in table
    assert "zeros: " in table
    page.close()


def test_experiments_that_were_run_are_shown(built: dict[str, Built]) -> None:
    """Else the reader would be sent to a command that has been run."""
    shown = render({**built["sigmoid"].context, "shuffle": shuffled(SHUFFLE), "depths": by_depth(DEPTH)})
    for wanted in (
        "98.2\xa0% (97.1 to 98.9\xa0%)",
        "+2.0 points",
        "−1.2 points",
        "9,761",
        "71.0\xa0% (65.2 to 75.2\xa0%)",
    ):
        assert wanted in shown
    assert "It was not" not in shown
