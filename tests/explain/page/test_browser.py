"""The page in a real browser: what the reader sees, clicks and reads."""

from typing import Any

import numpy as np
import pytest

from tests.support.explained import Built
from tests.support.photos import CLASSES, encoded, photo

pytestmark = pytest.mark.slow


def map_of(built: Built, name: str) -> str:
    """Return the selector of a layer's first map."""
    assert name in {layer.name for layer in built.layers}
    return f"#layers [data-layer='{name}'] > .maps .map"


def differ(numbers: Any, expected: np.ndarray) -> float:
    """Return the largest difference as a share of the largest expected number."""
    return float(np.abs(np.asarray(numbers) - expected).max() / max(1e-6, np.abs(expected).max()))


def own_input(page: Any, name: str, data: bytes) -> None:
    """Choose a photo of one's own, and wait until all is said of it."""
    page.locator("#own-photo input").first.set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_selector(f"#own-photo[data-answered='{name}']")


@pytest.mark.parametrize("which", ["sigmoid"])
def test_a_photo_of_ones_own_is_answered_and_taken_apart(page: Any, built: dict[str, Built]) -> None:
    """The reader's own photo is the one that interests most; each of its maps opens like those of the test photos."""
    page.context.set_offline(True)
    own_input(page, "mine.png", encoded(photo("bars", 77, width=50, height=40), "PNG"))
    number = len(built["sigmoid"].shown.ids)
    assert page.get_attribute("#network-status", "data-photo") == str(number)
    shown = page.evaluate("pixelproof.network.photos.at(-1).probabilities")
    assert f"{100 * max(shown):.1f} %" in page.inner_text("#own-photo .answers li:first-child")
    assert f"{100 * shown[1]:.1f} %" in page.inner_text("#layers .answers")
    for layer in built["sigmoid"].layers:
        page.click(map_of(built["sigmoid"], layer.name))
        written = page.eval_on_selector(".written", "element => ({...element.dataset})")
        assert float(written["sum"]) == pytest.approx(float(written["output"]), rel=1e-4, abs=1e-5)
    page.locator("#photos label").first.click()
    page.wait_for_selector("#network-status[data-photo='0']")
    page.locator("#photos label").nth(number).click()
    page.wait_for_selector(f"#network-status[data-photo='{number}']")


@pytest.mark.parametrize("which", ["every kind"])
def test_a_page_with_a_box_says_that_it_answers_no_other_photos(page: Any) -> None:
    """It has the box's outputs for the test photos only."""
    assert "cannot compute the layer backbone for other photos" in page.inner_text("#own-photo [role=status]")
    assert page.locator("#own-photo input").count() == 0


def test_the_articles_numbers_and_the_users_classes_are_there(page: Any) -> None:
    """Computed from the article's inputs and the user's photos; their absence means a step is missing."""
    text = page.inner_text("main")
    for wanted in ("429", "657", "219,801", "438,842", "13,500,101", "28 × 28 × 10", *CLASSES):
        assert wanted in text


def test_every_layer_agrees_with_keras_for_every_photo(page: Any, built: dict[str, Built], which: str) -> None:
    """The page computes the network anew from its weights; what it shows must be what the network does."""
    layers = built[which].layers
    for number in range(len(built[which].shown.ids)):
        outputs = page.evaluate(
            "number => pixelproof.network.outputs(number).then(all => all.map(tensor => [...tensor.data]))", number
        )
        for layer, output in zip(layers, outputs, strict=True):
            assert differ(output, layer.outputs[number].ravel()) < 1e-4, layer.name


def test_every_written_out_sum_gives_the_number_in_the_map(page: Any, built: dict[str, Built], which: str) -> None:
    """A sum that does not add up would teach something false. Corners see the padding, the middle does not."""
    for layer in built[which].layers:
        page.click(map_of(built[which], layer.name))
        assert layer.name in page.inner_text(".detail h5")
        largest = max(1e-6, float(np.abs(layer.outputs[0]).max()))
        rows, columns = page.evaluate(
            "[pixelproof.overview.detail.plane.rows, pixelproof.overview.detail.plane.columns]"
        )
        for row, column in {(0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)}:
            page.evaluate("([row, column]) => pixelproof.overview.detail.move(row, column)", [row, column])
            written = page.eval_on_selector(".written", "element => ({...element.dataset})")
            index = (row, column, 0) if layer.outputs.ndim == 4 else (row * columns + column,)
            if layer.outputs.ndim == 2 and index[0] >= layer.shape[0]:
                continue  # behind the end of a list that is laid out in rows
            expected = float(layer.outputs[0][index])
            assert abs(float(written["sum"]) - expected) / largest < 1e-4, (layer.name, row, column, written)
            assert abs(float(written["output"]) - expected) / largest < 1e-4


def test_moving_over_a_map_marks_the_patch_that_it_came_from(page: Any, built: dict[str, Built], which: str) -> None:
    """Pointing is how most readers find out."""
    page.click(map_of(built[which], "conv"))
    frame = page.locator(".detail .frame.output")
    box = frame.bounding_box()
    before = page.inner_text(".written")
    frame.hover(position={"x": box["width"] * 0.3, "y": box["height"] * 0.7})
    assert page.inner_text(".written") != before
    assert page.locator(".detail .views figure .window").count() == 2
    assert float(page.get_attribute(".detail", "data-milliseconds")) >= 0


@pytest.mark.parametrize("which", ["every kind"])
def test_another_input_map_can_be_written_out(page: Any, built: dict[str, Built]) -> None:
    """A filter is as deep as its input; each input map has its own weights."""
    page.click(map_of(built["every kind"], "conv"))
    buttons = page.locator(".partials button")
    assert buttons.count() == 3
    buttons.nth(2).click()
    assert "input map 3" in page.inner_text(".detail .matrices")
    total = sum(float(text.replace("−", "-")) for text in page.locator(".partials b").all_inner_texts())
    written = page.inner_text(".steps li:first-child b").replace("−", "-")
    assert total == pytest.approx(float(written), rel=1e-3, abs=1e-4)


def test_another_photo_changes_the_maps_and_the_answer(page: Any, built: dict[str, Built], which: str) -> None:
    """The reader compares photos of two classes."""
    drawn = f"document.querySelector(`{map_of(built[which], 'scale')} canvas`).toDataURL()"
    before = page.evaluate(drawn)
    page.locator("#photos label").nth(1).click()
    page.wait_for_selector("#network-status[data-photo='1']")
    assert page.evaluate(drawn) != before
    share = 100 * float(built[which].shown.probabilities[1, 1])
    assert f"{share:.1f} %" in page.inner_text(".answers")


def test_it_can_be_used_by_keyboard_alone(page: Any, built: dict[str, Built], which: str) -> None:
    """Photo, map, number, and back, without a mouse."""
    page.focus("#photos input:checked")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#network-status[data-photo='1']")
    page.focus(map_of(built[which], built[which].layers[2].name))
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.detail') !== null")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.frame.output')"):
            break
    before = page.get_attribute(".written", "data-output"), page.inner_text(".written p")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert (page.get_attribute(".written", "data-output"), page.inner_text(".written p")) != before
    page.keyboard.press("Escape")
    assert page.locator(".detail").count() == 0
    assert page.evaluate("document.activeElement.matches('.map')")


def test_every_picture_has_a_text_alternative(page: Any, built: dict[str, Built], which: str) -> None:
    """For readers who do not see it."""
    for layer in built[which].layers:
        page.click(map_of(built[which], layer.name))
        without = page.evaluate(
            """[...document.querySelectorAll("img, canvas, svg")]
            .filter(each => !(each.getAttribute("alt") || each.getAttribute("aria-label"))).length"""
        )
        assert without == 0
    nameless = "all => all.filter(each => !each.textContent && !each.querySelector('[aria-label]')).length"
    assert page.locator("button:not([aria-label])").evaluate_all(nameless) == 0
