"""The server's page in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import PATIENCE, chromium
from tests.support.photos import encoded, picture

pytestmark = pytest.mark.slow

WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("width", WIDTHS)
def test_a_person_who_chooses_photos_sees_their_answers(address: str, browser: Any, width: int) -> None:
    """That is all the page is for, on a phone, too."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    photos = [("good.png", encoded(picture(), "PNG")), ("<b>bad</b>.png", b"garbage")]
    page.set_input_files("#files", [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in photos])
    page.wait_for_selector("article:nth-of-type(2)")
    bad, good = page.locator("article").all_inner_texts()
    assert good.split("\n")[0] in ("ape", "bee", "cat")
    assert good.count("%") == 3
    assert bad.startswith("Not answered\n\nnot an image") or bad.startswith("Not answered\nnot an image")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(url.startswith((address, "blob:", "data:")) for url in asked), "a photo must not leave for elsewhere"
    page.close()


def test_a_photo_is_dropped(address: str, browser: Any) -> None:
    """As the page says."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.evaluate(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
          const drop = document.getElementById("drop");
          drop.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
        }""",
        list(encoded(picture(), "PNG")),
    )
    page.wait_for_selector("article")
    assert "dropped.png" in page.locator("article").inner_text()
    page.close()


def test_every_control_and_picture_has_a_name(address: str, browser: Any) -> None:
    """For those who hear the page."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.set_input_files("#files", [{"name": "a.png", "mimeType": "image/png", "buffer": encoded(picture(), "PNG")}])
    page.wait_for_selector("article")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_label("choose files").count() == page.get_by_label("take a photo").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("meter:not([aria-label])").count() == 0
    page.close()
