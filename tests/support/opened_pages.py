"""reports/index.html opened in a browser, with all that goes wrong behind the reader's back."""

from pathlib import Path
from typing import Any

from tests.support.browser import PATIENCE
from tests.support.explained import Built

WIDTHS = {"phone": 390, "desktop": 1280}
HEIGHTS = {390: 844, 768: 1024, 1280: 800}


def open_page(
    browser: Any, path: Path, width: int, anchor: str = "", unfolded: bool = True, **options: Any
) -> tuple[Any, list[str]]:
    troubles: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": HEIGHTS[width]}, **options)
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    local = ("file:", "data:")
    page.on("request", lambda request: None if request.url.startswith(local) else troubles.append(request.url))
    page.goto(f"{path.as_uri()}{anchor}")
    page.wait_for_selector("#network-status[data-photo='0']", state="attached")
    if unfolded:
        unfold(page)
    return page, troubles


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(details => (details.open = true))")
    page.evaluate("document.querySelectorAll('.group > .facts [aria-expanded=false]').forEach(each => each.click())")


def folded(browser: Any, built: dict[str, Built], width: str = "desktop", **options: Any) -> Any:
    """Return the page as its reader meets it: with the teaching part folded."""
    return open_page(browser, built["sigmoid"].path, WIDTHS[width], unfolded=False, **options)[0]
