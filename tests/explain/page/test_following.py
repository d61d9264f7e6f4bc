"""Every section follows the photo that is chosen, and shows of it what the pipeline's own code makes of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pixelproof.explain.page.walk import worked_example
from pixelproof.explain.pictures.cases import five_cases, three_poolings
from pixelproof.explain.pictures.sheets import all_sheets, colours, enlarge
from tests.support.explained import Built

pytestmark = pytest.mark.slow

CHOSEN = 3
FOLLOWING = (
    *("network", "pixels", "flattening", "cases", "convolution", "filters", "strides", "padding", "depth"),
    *("pooling", "output"),
)
SHOWN = """ids => ids.map(id => {
  const step = document.getElementById(id);
  const drawn = [...step.querySelectorAll("canvas")].map(canvas => canvas.toDataURL());
  const pictures = [...step.querySelectorAll("img")].map(img => img.src);
  return [step.textContent, ...drawn, ...pictures].join("\\n");
})"""
PIXELS = """async img => {
  await img.decode();
  const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(img, 0, 0);
  return [canvas.height, canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
}"""
NUMBERS = "all => all.map(table => [...table.rows].map(line => [...line.cells].map(cell => cell.textContent)))"


@pytest.fixture
def following(page: Any) -> Any:
    """The page after another photo than the first was chosen."""
    page.locator("#photos label").nth(CHOSEN).click()
    page.wait_for_selector(f"#network-status[data-photo='{CHOSEN}']")
    return page


def table_numbers(page: Any, selector: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = page.locator(selector).evaluate_all(NUMBERS)
    return found


def as_numbers(texts: list[list[str]]) -> np.ndarray:
    return np.array([[float(text.replace(",", "").replace("\N{MINUS SIGN}", "-")) for text in line] for line in texts])


def close(texts: list[list[str]], expected: np.ndarray) -> bool:
    """Whether a table has these numbers, as far as its two decimals go."""
    shown = as_numbers(texts)
    return shown.shape == expected.shape and float(np.abs(shown - expected).max()) <= 0.0051


def test_another_photo_changes_every_section_that_shows_one(page: Any) -> None:
    """Three of twelve followed: the reader's cat was explained by the pixels of a dog."""
    before = page.evaluate(SHOWN, FOLLOWING)
    page.locator("#photos label").nth(CHOSEN).click()
    page.wait_for_selector(f"#network-status[data-photo='{CHOSEN}']")
    after = page.evaluate(SHOWN, FOLLOWING)
    assert [step for step, one, other in zip(FOLLOWING, before, after, strict=True) if one == other] == []


def test_the_pictures_are_those_that_the_pipeline_draws_of_that_photo(
    following: Any, built: dict[str, Built], which: str
) -> None:
    """The same arithmetic is written twice, in Python and in the page."""
    own = built[which]
    photo = enlarge(own.shown.images[CHOSEN])
    layers = [replace(layer, outputs=layer.outputs[CHOSEN:]) for layer in own.layers]
    expected = [each for sheet in all_sheets(photo, layers, seed=7) for each in sheet.pictures if each.recipe]
    shown = {img.get_attribute("alt"): img for img in following.locator("img[data-recipe]").all()}
    compared = 0
    for picture in expected:
        if picture.recipe == {"op": "shuffled"}:
            continue
        height, width, rgba = shown[f"{picture.title}, {picture.size} pixels"].evaluate(PIXELS)
        drawn = np.array(rgba).reshape(height, width, 4)[..., :3]
        wanted = np.broadcast_to(colours(picture.pixels).reshape(height, width, -1), drawn.shape)
        assert np.abs(drawn - wanted).max() <= 2, picture.title
        compared += 1
    assert compared >= 20


def test_the_examples_numbers_add_up(following: Any) -> None:
    """Each table is compared with the five cases, the sliding window and the poolings of the pixels beside it."""
    items = following.locator("#cases .cases > li").count()
    pixels = as_numbers(table_numbers(following, "#cases .cases > li:first-child table")[0])
    for number, case in zip(range(items), five_cases(pixels), strict=True):
        tables = table_numbers(following, f"#cases .cases > li:nth-child({number + 1}) table")
        for texts, padded in zip(tables, case.padded or [pixels], strict=False):
            assert close(texts, padded)
        for texts, output in zip(tables[-len(case.outputs) :], case.outputs, strict=True):
            assert close(texts, output), case.title
    image, _, output = table_numbers(following, ".slide-demo >> nth=1 >> table")
    assert close(output, worked_example(as_numbers(image)).outputs[0])
    seen, *pooled = table_numbers(following, "#pooling .inside > .matrices table")
    for texts, expected in zip(pooled, three_poolings(as_numbers(seen)), strict=True):
        assert close(texts, expected.output), expected.kind


def test_the_sliding_example_works_on_the_new_photo(following: Any) -> None:
    """It is built anew: what the reader points at must be the sum of what is shown."""
    demo = following.locator(".slide-demo").nth(1)
    demo.locator("table").nth(2).locator("td").first.hover()
    total = demo.locator("table").nth(2).locator("td").first.inner_text().replace(",", "")
    assert demo.locator(".sum").inner_text().endswith(f"= {total}")
    assert following.locator(".slide-demo").count() == 2


def test_the_class_named_is_the_chosen_photos(following: Any, built: dict[str, Built], which: str) -> None:
    """The pixels of a dot were called bars."""
    label = built[which].context["classes"][built[which].shown.labels[CHOSEN]]
    named = following.locator("[data-follows=label]").all_inner_texts()
    assert named == [label, label]
