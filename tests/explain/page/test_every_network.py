"""The page of each of seven networks, on a phone, a tablet and a desktop: nothing breaks, and every sum is Keras's."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.support.browser import findings
from tests.support.every_network import NETWORKS, page_of
from tests.support.explained import Built
from tests.support.opened_pages import HEIGHTS, open_page, unfold

pytestmark = pytest.mark.slow

TALLEST_PX = 2000
FOLDED_PX = 3500  # of all layers and groups, none of them opened; the residual network's 21 take the most
# What holds the whole page, a whole step of it, or a group of layers is as long as what the reader opened in it.
LONG = "main, section:not(.detail), details.step, details.step > .inside, #layers, .group, .members, .cases, dl"
TALL = f"""() => [...document.querySelectorAll("body *:not({LONG})")]
  .filter(each => each.getBoundingClientRect().height > {TALLEST_PX})
  .filter(each => !each.parentElement.closest(".sheet, .bounded, .script"))
  .map(each => `${{each.tagName}}.${{each.className}}#${{each.id}}: ${{each.getBoundingClientRect().height}} px`)"""
# Opens a map of every layer; returns where its sum or its size went wrong, and the sums to be compared with Keras's.
OPENED = f"""() => {{
  const {{ network, overview }} = pixelproof;
  const tall = {TALL};
  const all = network.layers.map((layer, number) => {{
    overview.open(number, 0);
    const {{ detail }} = overview;
    const {{ rows, columns }} = detail.plane;
    const places = [[0, 0], [rows >> 1, columns >> 1], [rows - 1, columns - 1]];
    const sums = places.map(([row, column]) => {{
      detail.move(row, column);
      const {{ sum, output }} = detail.written.dataset;
      return [detail.row, detail.column, Number(sum), Number(output)];
    }});
    return {{ sums, columns, isPreview: "preview" in layer, tall: tall() }};
  }});
  overview.close();
  return all;
}}"""

LONGEST_LIST = """() => {
  const lists = pixelproof.network.layers.map(({ shape }) => (shape.length === 1 ? shape[0] : 0));
  pixelproof.overview.open(lists.indexOf(Math.max(...lists)), 0);
}"""

IN_SIGHT = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  const [box, row] = [".numbers", ".numbers li.seen"].map(each => document.querySelector(each).getBoundingClientRect());
  done(row.top >= box.top - 1 && row.bottom <= box.bottom + 1);
})))"""


class Opened(NamedTuple):
    page: Any
    troubles: list[str]
    built: Built


@pytest.fixture(scope="module", params=NETWORKS)
def opened(browser: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The page of a network, once for all that is asked of it."""
    built = page_of(request.param, tmp_path_factory.mktemp("every"))
    page, troubles = open_page(browser, built.path, 1280, unfolded=False)
    yield Opened(page, troubles, built)
    page.close()


@pytest.mark.parametrize("width", HEIGHTS)
def test_it_fits_and_can_be_used_at_every_width(opened: Opened, width: int) -> None:
    """An opened list of 51,435 pixels, a strip of 27, or a page that scrolls both ways is what readers leave."""
    page, troubles, _ = opened
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TALL) == []
    page.evaluate(LONGEST_LIST)
    assert findings(page) == []
    assert [each["tall"] for each in page.evaluate(OPENED) if each["tall"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []


def test_every_sum_that_it_shows_is_kerass(opened: Opened) -> None:
    """A sum that does not add up, or adds up to something else than the network's own number, teaches what is false."""
    page, troubles, built = opened
    for layer, own in zip(built.layers, page.evaluate(OPENED), strict=True):
        if own["isPreview"]:
            continue  # a part of the maps, in 255 steps, and no sum
        expected = layer.outputs[0]
        largest = max(1e-6, float(np.abs(expected).max()))
        for row, column, *written in own["sums"]:
            index = (row, column, 0) if expected.ndim == 3 else (row * own["columns"] + column,)
            assert np.abs(np.array(written) - float(expected[index])).max() / largest < 1e-4, (layer.name, row, column)
    assert troubles == []


def test_a_deep_network_is_short_until_its_groups_are_opened(opened: Opened) -> None:
    """A network of eighteen layers was 28,700 pixels tall: nobody came to its end."""
    page, _, built = opened
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("document.querySelector('#network').open = true")
    page.locator(".group > .facts [aria-expanded=true]").evaluate_all("all => all.forEach(each => each.click())")
    assert page.evaluate("document.querySelector('#layers').offsetHeight") < FOLDED_PX, len(built.layers)


def test_it_is_small_enough_to_be_sent(opened: Opened) -> None:
    """What does not go through a mail's limit is not shown to anybody."""
    _, _, built = opened
    most = 6 if "digits" in built.path.name else 20
    assert built.path.stat().st_size < most * 2**20


def test_it_never_denies_a_convolution(opened: Opened) -> None:
    """Of a backbone it said that the network has none."""
    page, _, built = opened
    unfold(page)
    denied = "Your network has no convolution" in page.inner_text("#depth")
    assert denied == ("no-convolution" in built.path.name)


def test_a_backbone_is_opened_by_its_stages(opened: Opened) -> None:
    """As one box of 2.2 million parameters it told nothing; a stage is where its maps get smaller."""
    _, _, built = opened
    stages = [layer for layer in built.layers if layer.inside]
    expected = [48, 24, 12, 6, 3] if "backbone" in built.path.name else []
    assert [layer.shape[0] for layer in stages] == expected
    assert sum(layer.parameters for layer in stages) == (2_257_984 if stages else 0)
    assert all(layer.inside and layer.inside.convolutions for layer in stages)


def test_both_passes_of_a_network_with_mirror_images_add_up_to_its_answer(opened: Opened) -> None:
    """The bars said 45.2 %, the opened sum 44.5 %: the mean of two passes beside one of them."""
    page, troubles, built = opened
    two = built.context["network"]["mirrored"]
    assert page.locator("#passes").count() == int(two)
    if not two:
        return
    page.evaluate("document.querySelector('#network').open = true")
    sums = []
    for number in range(2):
        page.locator("#passes input").nth(number).check()
        page.wait_for_selector(f"#network-status[data-mirrored='{('false', 'true')[number]}']")
        page.evaluate("pixelproof.overview.open(pixelproof.network.layers.length - 1, 0)")
        sums.append(float(page.get_attribute(".written", "data-sum")))
    assert abs(sums[0] - sums[1]) > 1e-4
    share = float(built.shown.probabilities[0, 1])
    assert np.mean(sums) == pytest.approx(share, abs=1e-4)
    assert f"{100 * share:.1f} %" in page.inner_text("#layers .answers li:last-child")
    predicted = int(built.shown.predicted[0])
    each = [100 * (value if predicted else 1 - value) for value in sums]
    shown = 100 * float(built.shown.probabilities[0, predicted])
    assert f"({each[0]:.2f} % + {each[1]:.2f} %) / 2 = {shown:.2f} %" in page.inner_text("#layers .passes")
    page.locator("#passes input").first.check()
    page.wait_for_selector("#network-status[data-mirrored='false']")
    assert troubles == []


def test_a_long_list_is_listed_and_goes_to_the_number_that_is_asked_for(opened: Opened) -> None:
    """In a picture of 219,040 numbers nobody can point at the one of pixel row 4, column 95."""
    page, _, built = opened
    page.evaluate("document.querySelector('#network').open = true")
    page.evaluate(LONGEST_LIST)
    longest = max((layer for layer in built.layers if len(layer.shape) == 1), key=lambda layer: layer.shape[0])
    asked = longest.shape[0] - 2
    page.fill(".list-box input", str(asked))
    page.keyboard.press("Enter")
    row = page.locator(".numbers li.seen")
    assert row.get_attribute("value") == str(asked)
    assert page.evaluate(IN_SIGHT)
    shown = float(page.get_attribute(".written", "data-output"))
    assert shown == pytest.approx(float(longest.outputs[0, asked - 1]), rel=1e-3, abs=1e-4)
    assert f"unit {asked}:" in page.inner_text(".written")
