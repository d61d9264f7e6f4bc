"""The page as its reader meets it in a real browser: the summary, what is folded, print, and names of classes."""

from pathlib import Path
from typing import Any

import pytest

from pixelproof.explain.page.evidence import evidence
from pixelproof.explain.page.page import render
from pixelproof.explain.page.summary import summary
from tests.support.browser import findings
from tests.support.explained import Built, named, picture_file
from tests.support.opened_pages import HEIGHTS, WIDTHS, folded, open_page, unfold
from tests.support.reports import plant, surely

pytestmark = pytest.mark.slow

SCREENS = {"phone": 2, "desktop": 1}  # that the summary may take
FOLDED_PX = {"phone": 9_000, "desktop": 6_000}  # of the page of the digits: 7,500 and 5,100


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_errors_requests_or_sideways_scrolling(
    browser: Any, built: dict[str, Built], width: str, scheme: str
) -> None:
    """A page that asks a server for something is neither private nor there in ten years; phones scroll one way."""
    looked_at = (width == "phone") == (scheme == "dark")  # axe takes long: every width and every scheme once
    for name, each in built.items():
        page, troubles = open_page(browser, each.path, WIDTHS[width], unfolded=False, color_scheme=scheme)
        if looked_at and name == "sigmoid":
            assert findings(page) == []
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if looked_at:
            assert findings(page) == []
        folder = each.path.parent
        page.screenshot(path=folder / f"{each.path.stem}-{width}-{scheme}.png", full_page=True)
        page.close()
        assert troubles == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_is_read_on_the_first_screen_and_the_page_is_short(
    browser: Any, built: dict[str, Built], width: str
) -> None:
    """A newcomer was met by 15,000 pixels; a manager has a minute. On a phone the summary takes two screens."""
    page = folded(browser, built, width)
    bottom = page.locator("#summary").bounding_box()
    assert bottom["y"] + bottom["height"] <= SCREENS[width] * HEIGHTS[WIDTHS[width]]
    assert page.evaluate("document.documentElement.scrollHeight") < FOLDED_PX[width]
    assert page.locator("#own-photo input").first.is_visible()
    assert page.locator("details[open]").count() == 0
    words = page.inner_text("main").split()
    assert {"None", "nan", "inf"}.isdisjoint(words)
    page.close()


def test_a_link_into_what_is_folded_opens_it(browser: Any, built: dict[str, Built]) -> None:
    """Else a link, or an address that was sent to a friend, would lead nowhere."""
    page = folded(browser, built, anchor="#pooling")
    assert page.locator("details[open]").evaluate_all("all => all.map(each => each.id)") == ["pooling"]
    for _ in range(2):  # the second time the address stays the same
        page.click("a[href='#network']")
        page.wait_for_selector("#network[open] .map")
        page.click("#network > summary")
        page.wait_for_selector("#network:not([open])")
    page.close()


def test_steps_are_opened_by_keyboard(browser: Any, built: dict[str, Built]) -> None:
    """For readers without a mouse."""
    page = folded(browser, built)
    page.focus("#pixels > summary")
    page.keyboard.press("Enter")
    assert page.locator("#pixels table").first.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details').id") == "pixels"
    page.close()


def test_on_paper_there_are_the_summary_and_the_evidence_on_white(browser: Any, built: dict[str, Built]) -> None:
    """Buttons cannot be pressed there, and a dark page would take a cartridge of ink."""
    page = folded(browser, built, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 688, "height": 1000})  # A4 between its margins
    shown = {anchor: page.locator(anchor).first.is_visible() for anchor in ("#summary", "#robustness", "nav", "#own")}
    assert shown == {"#summary": True, "#robustness": True, "nav": False, "#own": False}
    assert not page.locator("#teaching").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def test_on_paper_there_are_the_steps_that_are_open_with_their_shading(browser: Any, built: dict[str, Built]) -> None:
    """A teacher prints what the class shall look at; shading that a printer leaves out takes the picture with it."""
    page = folded(browser, built)
    page.evaluate("for (const id of ['pixels', 'network']) document.getElementById(id).open = true")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})
    shown = {anchor: page.locator(anchor).first.is_visible() for anchor in ("#pixels table", "#network .map", "#cases")}
    assert shown == {"#pixels table": True, "#network .map": True, "#cases": False}
    assert page.locator("#photos .photo:visible").count() == 1
    assert page.locator("#network button.more:visible").count() == 0
    adjust = "getComputedStyle(document.querySelector('#pixels td[class]')).printColorAdjust"
    assert page.evaluate(adjust) == "exact"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_with_forced_colours_the_chosen_photo_and_the_shading_are_told(browser: Any, built: dict[str, Built]) -> None:
    """Windows' contrast themes replace every border and background: all photos looked alike."""
    page = folded(browser, built, forced_colors="active")
    page.evaluate("for (const id of ['pixels', 'network']) document.getElementById(id).open = true")
    border = "all => all.map(each => getComputedStyle(each).borderTopColor)"
    chosen, *others = page.locator("#photos .photo canvas").evaluate_all(border)
    assert chosen not in others
    shades = "all => new Set(all.map(each => getComputedStyle(each).backgroundColor)).size"
    assert page.locator("#pixels .matrix td[class]").evaluate_all(shades) > 5
    page.close()


def test_what_classes_are_called_stays_text(browser: Any, built: dict[str, Built], tmp_path: Path) -> None:
    """A folder may be called `<img onerror=...>`: in the page of others that would be their browser's to run."""
    odd = ("<img src=x onerror=alert(1)>", "a\"b'&|{{ c }}")
    context = built["sigmoid"].context
    shown = built["sigmoid"].shown
    reports = plant(shown.labels.tolist(), shown.probabilities, surely([0] * 6, 2), odd, ids=shown.ids)
    proof = evidence(reports, named(shown), picture_file(tmp_path / "sheet.png"))
    (tmp_path / "odd.html").write_text(
        render({**context, "classes": odd, "summary": summary(reports), "evidence": proof}), "utf-8"
    )
    page, troubles = open_page(browser, tmp_path / "odd.html", WIDTHS["phone"])
    assert troubles == []
    text = page.inner_text("main")
    assert all(name in text for name in odd)
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
