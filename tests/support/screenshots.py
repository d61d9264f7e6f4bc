"""Photograph MLflow's pages after four real experiments on the digits, for docs/compare.md.

    python -m tests.support.screenshots [FOLDER]

Writes docs/mlflow-runs.png and docs/mlflow-compare.png. The experiments take some minutes, in a copy of the project in
FOLDER, where another call finds them done; without FOLDER in a temporary one.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.browser import chromium
from tests.support.imports import ROOT
from tests.support.project import Project

EXPERIMENTS = {
    "start": [],
    "wide": ["cnn.layers.conv1.filters=32", "mlp.hidden=[300]"],
    "small-batch": ["train.batch_size=16"],
    "longer": ["train.epochs=8"],
}
ROW = 45  # pixels of a metric on the compare page
CLOSED = "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1"  # MLflow's panel opens itself once, beside the table


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve()
        root = folder / "pixelproof"
        if not (root / "mlflow.db").exists():
            experiment(root)
        with opened(root) as address, chromium() as browser:
            photograph(browser, address)


def experiment(root: Path) -> None:
    """Make the experiments, each from the params of one commit."""
    project = Project.create(root)
    project.edit(shorten)
    call(project, "git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-am", "three epochs")
    for name, edits in EXPERIMENTS.items():
        options = [part for edit in edits for part in ("-S", edit)]
        call(project, "dvc", "exp", "run", "--name", name, *options, "evaluate")
        call(project, "git", "checkout", "--quiet", "params.yaml")


def shorten(params: Any) -> None:
    params["train"]["epochs"] = params["augment"]["views"] = 3


def call(project: Project, *command: str) -> None:
    print(*command, flush=True)
    done = project.run(*command)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


@contextmanager
def opened(root: Path) -> Iterator[str]:
    """Yield the address that `make ui` prints."""
    command, environment = (
        [sys.executable, "-m", "pixelproof.tracking.store.view"],
        {**os.environ, "DVC_ROOT": str(root)},
    )
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)


def photograph(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 1580, "height": 600}, device_scale_factor=1.5)
    page.add_init_script(f"localStorage.setItem('{CLOSED}', 'true')")
    page.goto(address)
    page.wait_for_selector(".ag-row")
    tidy(page)
    page.get_by_role("button", name="Hide banner").click()
    page.wait_for_timeout(1000)
    page.screenshot(path=ROOT / "docs/mlflow-runs.png")
    page.goto(f"{address}&searchFilter=tags.model%20%3D%20%27cnn%27")
    page.reload()
    page.get_by_text("4 matching runs").wait_for()
    tidy(page)
    page.locator(".ag-header-cell input[type=checkbox]").first.check(force=True)
    page.get_by_role("button", name="Compare").first.click()
    page.wait_for_url("**/compare-runs?*")
    page.get_by_role("rowheader", name="train.epochs").wait_for()
    for part in ("Parameters", "Metrics", "Tags"):
        page.get_by_role("switch", name=f"{part} - Show diff only").click()
    page.get_by_role("button", name="Visualizations").click()
    page.set_viewport_size({"width": 1580, "height": 1060})
    scroll_to_metric(page, "test/accuracy")
    page.wait_for_timeout(1000)
    page.screenshot(path=ROOT / "docs/mlflow-compare.png")


def scroll_to_metric(page: Any, name: str) -> None:
    """Bring a metric near the top of its list. Its names lag one turn of the wheel behind the values (MLflow 3.17)."""
    names, values = page.locator("[role=grid]").first, page.locator("[role=grid]").last
    values.hover()
    link = names.locator("a", has_text=re.compile(f"^{name}$"))
    for _ in range(100):
        if link.count() and link.bounding_box()["y"] < names.bounding_box()["y"] + 2 * ROW:
            break
        page.mouse.wheel(0, ROW)
        page.wait_for_timeout(100)
    page.mouse.wheel(0, 1)
    page.wait_for_timeout(500)
    tops = [grid.evaluate("grid => grid.scrollTop") for grid in (names, values)]
    assert abs(tops[0] - tops[1]) <= 1, f"names and values are not in line: {tops}"


def tidy(page: Any) -> None:
    page.add_style_tag(content="[data-assistant-ui] { display: none !important }")
    page.get_by_role("button", name="Toggle sidebar").click()


if __name__ == "__main__":
    main()
