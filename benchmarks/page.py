"""Time that a browser takes for reports/index.html: to compute every layer, and to respond to the pointer.

    python -m benchmarks.page [reports/index.html]

Needs Chromium. Prints median and longest response times; writes nothing.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

COMPUTE = """async () => {
    let [last, longest, running] = [performance.now(), 0, true];
    const watch = () => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        if (running) setTimeout(watch);
    };
    watch();
    const began = performance.now();
    await pixelproof.network.outputs(1);
    running = false;
    return [performance.now() - began, Math.max(longest, performance.now() - last)];
}"""
ANSWER = """() => pixelproof.network.layers.map((layer, number) => {
    pixelproof.overview.open(number, 0);
    const { detail } = pixelproof.overview;
    const times = Array.from({ length: 50 }, (_, i) => {
        detail.move((i * 7) % detail.plane.rows, (i * 3) % detail.plane.columns);
        return Number(detail.root.dataset.milliseconds);
    }).sort((a, b) => a - b);
    return [layer.name, times[25], times[49]];
})"""


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/index.html").resolve()
    terminal = Console()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{path.as_uri()}#network")
        page.wait_for_selector("#network-status[data-photo='0']")
        whole, longest = page.evaluate(COMPUTE)
        terminal.print(f"{path.stat().st_size / 1e6:.1f} MB; every layer of a photo: {whole:.0f} ms, ", end="")
        terminal.print(f"in which the page was unresponsive for at most {longest:.0f} ms")
        for name, median, most in page.evaluate(ANSWER):
            terminal.print(f"{name}: responds in {median:.1f} ms (median of 50), {most:.1f} ms at most")
        browser.close()


if __name__ == "__main__":
    main()
