"""The labs of the page: sliders, weights, and examples that slide, in a real browser."""

import re
from math import log, log1p
from typing import Any

import numpy as np
import pytest

from pixelproof.explain.page.article import convolved
from pixelproof.explain.page.padding import zeros
from pixelproof.network.cnn.layout.geometry import Window
from pixelproof.network.cnn.layout.layers import compute_layer
from pixelproof.params.cnn import Pool
from tests.support.explained import Built
from tests.support.opened_pages import open_page

pytestmark = pytest.mark.slow


def slide(page: Any, lab: str, name: str, value: int) -> str:
    """Move a slider; return what the formula says."""
    page.locator(f"#{lab} input[name={name}]").fill(str(value))
    return str(page.inner_text(f"#{lab} .formula"))


def test_the_sliders_show_the_size_of_the_output(page: Any) -> None:
    """The formula comes alive: (W - F + 2P) / S + 1."""
    for name, value in (("size", 9), ("kernel", 3), ("stride", 2), ("rings", 1)):
        said = slide(page, "window-lab", name, value)
    assert said.startswith("(9 − 3 + 2·1) / 2 + 1 = 5")
    assert page.locator("#window-lab table").last.locator("td").count() == 25
    assert "rounded down" in slide(page, "window-lab", "size", 8)


def test_what_plan_refuses_is_refused_in_words_and_nothing_else(page: Any) -> None:
    """Else the reader would see an empty table, or be told that a network is impossible which `plan` accepts."""
    slide(page, "window-lab", "size", 3)
    assert "a window of 6 pixels does not fit into 3" in slide(page, "window-lab", "kernel", 6)
    assert page.locator("#window-lab table").count() == 0
    assert "= 2" in slide(page, "window-lab", "rings", 2)
    slide(page, "window-lab", "kernel", 3)
    assert "(3 − 3 + 2·3) / 1 + 1 = 7" in slide(page, "window-lab", "rings", 3)
    assert "nothing but zeros at the border" in page.inner_text("#window-lab .warning")
    assert convolved((3, 3, 1), filters=1, kernel=3, padding=3)[0] == (7, 7, 1)
    assert "= 3" in slide(page, "pooling-lab", "stride", 3)
    assert "pixels that no window ever sees" in page.inner_text("#pooling-lab .warning")
    assert page.locator("#pooling-lab table").last.locator("td").count() == 9
    assert compute_layer(Pool(kind="max_pool", size=2, stride=3), (8, 8, 1)).output_shape == (3, 3, 1)


@pytest.mark.parametrize("which", ["sigmoid"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation"), [(7, 3, 1, 1), (8, 4, 1, 1), (8, 3, 2, 1), (7, 3, 1, 2)]
)
def test_same_padding_is_written_out(page: Any, size: int, kernel: int, stride: int, dilation: int) -> None:
    """The reader sees how many zeros there are, on which side, and why; an even window has one more behind."""
    page.select_option("#window-lab select[aria-label=padding]", "same")
    for name, value in (("size", size), ("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        said = slide(page, "window-lab", name, value)
    own = zeros(size, Window((kernel,) * 2, (stride,) * 2, "same", (dilation,) * 2))
    assert f"{own.before + own.after} zeros are missing: {own.before} before and {own.after} after" in said
    assert f"gives {own.outputs} outputs" in said
    first_row = page.locator("#window-lab table").first.locator("tr").nth(own.before).locator("td")
    classes = first_row.evaluate_all("cells => cells.map(cell => cell.classList.contains('zero'))")
    assert classes == [True] * own.before + [False] * size + [True] * own.after
    assert page.locator("#window-lab table").last.locator("td").count() == own.outputs**2


def test_weights_of_ones_own_are_used(page: Any) -> None:
    """A filter is understood by changing it."""
    page.select_option("#window-lab select >> nth=0", "own")
    weights = page.locator("#window-lab .own-weight input")
    for number in range(9):
        weights.nth(number).fill("2" if number == 4 else "0")
    pixels = page.locator("#window-lab table").first.locator("td").all_inner_texts()
    shown = page.locator("#window-lab table").last.locator("td").all_inner_texts()
    inside = [2 * float(pixels[7 * row + column]) for row in range(1, 6) for column in range(1, 6)]
    assert [float(text) for text in shown] == inside


def test_a_lab_never_opens_on_equal_numbers(page: Any, built: dict[str, Built], which: str) -> None:
    """Nine zeros teach nothing: not in the window that is shown first, for none of the photos."""
    for number in range(len(built[which].shown.ids)):
        page.evaluate("number => pixelproof.choose(number)", number)
        for lab in ("window-lab", "pooling-lab"):
            seen = page.locator(f"#{lab} table").first.locator("td.seen").all_inner_texts()
            assert len(set(seen)) > 1, (number, lab, seen)


@pytest.mark.parametrize("kind", ["max", "average", "l2"])
def test_pooling_is_computed_in_each_way(page: Any, kind: str) -> None:
    """Three poolings, three different numbers from the same pixels."""
    page.select_option("#pooling-lab select", kind)
    seen = page.locator("#pooling-lab table").first.locator("td.seen").all_inner_texts()
    pixels = np.array([float(text) for text in seen])
    expected = {"max": pixels.max(), "average": pixels.mean(), "l2": np.sqrt((pixels**2).sum())}[kind]
    shown = page.locator("#pooling-lab table").nth(1).locator("td").first.inner_text()
    assert float(shown) == pytest.approx(expected, abs=0.06)


def test_the_output_layer_follows_its_sliders(page: Any, which: str) -> None:
    """Softmax shares one between the classes; a sigmoid of z = 0 is one half."""
    sliders = page.locator("#output-lab input")
    assert sliders.count() == (1 if which == "sigmoid" else 2)
    for i in range(sliders.count()):
        sliders.nth(i).fill("0")
    assert "probability 50.0 %" in page.inner_text("#output-lab")
    assert f"= {np.log(2):.5g}" in page.inner_text("#output-lab .formula")


def test_the_loss_is_true_as_printed(page: Any, which: str) -> None:
    """−ln 0.99999 is not 0.000014641: what is printed must give what is printed beside it."""
    for value in (-20, -7.3, 0.4, 4.9, 11.1, 20):
        page.locator("#output-lab input").first.fill(str(value))
        for other in page.locator("#output-lab input").all()[1:]:
            other.fill("0")
        said = page.inner_text("#output-lab .formula")
        probability, loss = re.search(r"−ln (\S+|\(1 − \S+\)) = (\S+)", said).groups()
        lacking = re.fullmatch(r"\(1 − (\S+)\)", probability)
        expected = -log1p(-float(lacking[1])) if lacking else -log(float(probability))
        assert float(loss) == pytest.approx(expected, rel=6e-5, abs=1e-15), said


def test_the_worked_example_is_written_out_where_the_reader_points(page: Any) -> None:
    """The article's 6 x 6 example: 18 + 51 + 121 + 35 + 204 = 429."""
    outputs = page.locator(".slide-demo").first.locator("table").nth(2).locator("td")
    outputs.first.hover()
    assert page.locator(".slide-demo .sum").first.inner_text().endswith("= 429")
    assert page.locator(".slide-demo").first.locator("table").first.locator("td.seen").count() == 9
    outputs.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator(".slide-demo .sum").first.inner_text().endswith("= 792")


def test_the_example_slides_by_itself_until_its_reader_takes_over(page: Any) -> None:
    """Motion shows what sliding is; a reader who stops it is not overruled."""
    demo = page.locator(".slide-demo").first
    demo.scroll_into_view_if_needed()
    first = demo.locator(".sum").inner_text()
    page.wait_for_function("before => document.querySelector('.slide-demo .sum').innerText !== before", arg=first)
    demo.get_by_role("button", name="pause").click()
    stopped = demo.locator(".sum").inner_text()
    page.wait_for_timeout(1500)
    assert demo.locator(".sum").inner_text() == stopped
    demo.get_by_role("button", name="step").click()
    assert demo.locator(".sum").inner_text() != stopped


@pytest.mark.parametrize("which", ["sigmoid"])
def test_nothing_moves_for_readers_who_asked_for_less_motion(browser: Any, built: dict[str, Built], which: str) -> None:
    """Moving things make some people ill; they can still ask for each step."""
    page, troubles = open_page(browser, built[which].path, 1280, reduced_motion="reduce")
    demo = page.locator(".slide-demo").first
    demo.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    assert demo.locator("td.seen").count() == 0
    demo.get_by_role("button", name="step").click()
    assert demo.locator(".sum").inner_text().endswith("= 429")
    page.close()
    assert troubles == []
