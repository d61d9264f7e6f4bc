"""The server's page in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pixelproof.server.answering import PICTURE_PX
from tests.support.browser import PATIENCE, chromium
from tests.support.photos import encoded, picture
from tests.support.saved_models import CLASSES
from tests.support.servers.photos import by_colour, classifier, serving

pytestmark = pytest.mark.slow

WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A page of that width, in light or dark."""
    width, scheme = request.param
    opened = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


def choose(page: Any, *photos: tuple[str, bytes]) -> None:
    page.set_input_files("#files", [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in photos])


def answered(browser: Any, address: str) -> Any:
    """Return a page that has answered a good photo."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    choose(page, GOOD)
    page.wait_for_selector("figure img")
    return page


GOOD, BAD = ("good.png", encoded(picture(), "PNG")), ("<b>bad</b>.png", b"garbage")


def test_a_person_who_chooses_photos_sees_their_answers(with_maps: str, page: Any) -> None:
    """That is all the page is for, on a phone, too. Nothing of it is hard to see or to hear, as far as axe can tell."""
    from axe_playwright_python.sync_playwright import Axe

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(with_maps)
    choose(page, GOOD, BAD)
    page.wait_for_selector("figure img")
    bad, good = page.locator("article").all_inner_texts()
    assert page.locator("article h2").last.inner_text() in CLASSES
    assert good.count("%") == 3
    assert "(Grad-CAM)" in good
    assert "Not answered" in bad
    assert "not an image" in bad
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert all(url.startswith((with_maps, "blob:", "data:")) for url in asked), "a photo must not leave for elsewhere"
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_a_dropped_photo_gets_its_answer_and_grad_cam(with_maps: str, browser: Any) -> None:
    """As the page says."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(with_maps)
    page.evaluate(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
          const drop = document.getElementById("drop");
          drop.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
        }""",
        list(GOOD[1]),
    )
    shown = page.locator("figure img")
    shown.wait_for()
    assert "dropped.png" in page.locator("article").inner_text()
    assert "(Grad-CAM)" in page.locator("figcaption").inner_text()
    wide = shown.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert wide == PICTURE_PX
    page.close()


def test_a_network_without_maps_shows_what_hiding_does(address: str, browser: Any) -> None:
    """The MLP has no Grad-CAM, and its page no gap."""
    page = answered(browser, address)
    assert "less likely when it is hidden" in page.locator("figcaption").inner_text()
    page.close()


def test_every_control_and_picture_has_a_name(address: str, browser: Any) -> None:
    """For those who hear the page."""
    page = answered(browser, address)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_label("choose files").count() == page.get_by_label("take a photo").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("meter:not([aria-label])").count() == 0
    page.close()


def test_a_note_stands_below_the_answer(browser: Any) -> None:
    """Else a person at the page would take "unlike your photos" for a sure answer."""

    def noting(images: np.ndarray) -> tuple[np.ndarray, list[str]]:
        return by_colour(images), ["unlike your photos"] * len(images)

    with serving(served=replace(classifier(), noting=noting)) as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        choose(page, GOOD)
        page.wait_for_selector("figure img")
        assert page.locator("article .note").all_inner_texts() == ["unlike your photos"]
        page.close()
