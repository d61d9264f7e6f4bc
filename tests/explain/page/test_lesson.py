"""What makes the page a lesson: words that are explained where they stand, and questions before answers."""

import re
from typing import Any

import pytest

from pixelproof.explain.page.glossary import WORDS
from tests.support.explained import Built
from tests.support.opened_pages import open_page

pytestmark = pytest.mark.slow

KINDS = ("bias", "ReLU", "batch norm", "dropout", "softmax", "max pool", "flatten", "dense", "conv", "separable conv")


@pytest.mark.parametrize("name", KINDS)
def test_the_words_of_the_network_are_in_the_glossary(name: str) -> None:
    """Batch norm, ReLU, dropout and bias stood on the page, and nowhere what they are."""
    assert any(re.search(rf"\b(?:{word.forms or word.name})\b", name, re.IGNORECASE) for word in WORDS)


def test_a_word_is_explained_where_it_is_pointed_at_and_by_keyboard(page: Any) -> None:
    """Nobody scrolls to a glossary in mid-sentence."""
    says = {word.anchor: word.says for word in WORDS}
    term = page.locator("#activation a.term").first
    anchor = term.get_attribute("href").removeprefix("#")
    term.hover()
    assert page.locator("#word-tip").is_visible()
    assert page.inner_text("#word-tip") == says[anchor]
    page.keyboard.press("Escape")
    assert page.locator("#word-tip").is_hidden()
    page.mouse.move(0, 0)
    term.focus()
    assert page.inner_text("#word-tip") == says[anchor]
    assert term.get_attribute("aria-describedby") == "word-tip"
    box = page.locator("#word-tip").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_the_kinds_of_layers_are_explained_where_they_appear(page: Any, which: str) -> None:
    """Both in the table of shapes and beside the maps."""
    for place in ("#formula table", "#layers"):
        words = {link.get_attribute("href") for link in page.locator(f"{place} a.term").all()}
        assert {"#word-batch-norm", "#word-dense", "#word-pooling"} <= words, place
        assert ("#word-dropout" in words) == (which == "every kind")


def test_a_sum_explains_its_bias(page: Any) -> None:
    """There the word appears for the first time for whoever opens a map."""
    page.evaluate("pixelproof.overview.open(pixelproof.network.layers.findIndex(({ name }) => name === 'conv'), 0)")
    assert page.locator(".written .steps a.term[href='#word-bias']").count() == 1


def test_questions_compare_before_they_reveal(browser: Any, built: dict[str, Built]) -> None:
    """Who has guessed remembers; who is told forgets."""
    page, troubles = open_page(browser, built["sigmoid"].path, 390, "#padding", unfolded=False)
    question = page.locator("#padding .question")
    assert not question.locator("details").evaluate("details => details.open")
    question.locator("input").fill("4")
    question.get_by_role("button", name="compare").click()
    assert "Not that" in question.locator(".said").inner_text()
    assert not question.locator("details").evaluate("details => details.open")
    question.locator("input").fill("2")
    page.keyboard.press("Enter")
    assert question.locator(".said").inner_text() == "Right."
    assert "2 before and 2 after" in question.locator("details p").inner_text()
    assert page.locator(".question").count() >= 4
    page.close()
    assert troubles == []
