"""The real `mlflow ui` in a real browser: what a person sees who runs `make ui` after some experiments."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import PATIENCE, chromium
from tests.support.environment import environment
from tests.support.runs import COMMIT, log_four, logging_to

pytestmark = pytest.mark.slow

CLOSED = "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1"  # MLflow's panel opens itself once, beside the table
HEADERS = [
    "Run Name",
    "Created",
    "Duration",
    "model",
    "test/accuracy",
    "best/valid_accuracy",
    "cnn.layers.conv1.filters",
    "mlp.hidden",
    "train/seconds",
    "model/parameters",
    "model/multiply_adds",
    "git.commit",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def root(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with four runs."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dvc.yaml", "params.yaml"):
        (folder / name).touch()
    with logging_to(folder) as runs:
        log_four(runs)
    return folder


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    """What `python -m pixelproof.tracking.store.view` prints, run in a folder below the project's; Ctrl-C ends it."""
    below = root / "docs"
    below.mkdir()
    command = [sys.executable, "-m", "pixelproof.tracking.store.view"]
    with subprocess.Popen(command, cwd=below, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        too_long = threading.Timer(PATIENCE / 1000, process.terminate)  # else the next line would wait for ever
        too_long.start()
        printed = process.stdout.readline().strip()
        too_long.cancel()
        yield printed
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.terminate()  # else this block would wait for it for ever
    assert process.returncode == 0
    assert not any(below.iterdir())


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page wide enough for all columns, in a browser that has never been here; nothing may leave the machine."""
    context = browser.new_context(viewport={"width": 2400, "height": 1000})
    context.add_init_script(f"localStorage.setItem('{CLOSED}', 'true')")
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    elsewhere: list[str] = []
    server = address.partition("/#")[0]
    opened.on(
        "request",
        lambda request: None if request.url.startswith((server, "data:", "blob:")) else elsewhere.append(request.url),
    )
    opened.goto(address)
    opened.wait_for_selector(".ag-row")
    yield opened
    context.close()
    assert elsewhere == []


def table(page: Any) -> tuple[list[str], list[dict[str, str]]]:
    """Return the headers from left to right, and the rows by header, from top to bottom."""
    columns = page.eval_on_selector_all(
        ".ag-header-cell[col-id]",
        "all => all.map(e => [e.getBoundingClientRect().x, e.getAttribute('col-id'), e.innerText])",
    )
    named = {column: text.strip() for _, column, text in sorted(columns) if text.strip()}
    cells = page.eval_on_selector_all(
        ".ag-row [col-id]",
        "all => all.map(e => [+e.closest('.ag-row').getAttribute('row-index'), e.getAttribute('col-id'), e.innerText])",
    )
    rows: dict[int, dict[str, str]] = {}
    for row, column, text in cells:
        if column in named:
            rows.setdefault(row, {})[named[column]] = text.strip()
    return list(named.values()), [rows[row] for row in sorted(rows)]


def test_the_table_shows_what_a_person_needs_without_configuration(page: Any) -> None:
    """MLflow's own choice, name and age and source, answers none of the questions that an experiment was made for."""
    page.wait_for_selector("[col-id='params.`mlp.hidden`']")
    headers, rows = table(page)
    assert headers == HEADERS
    shown = [
        (row["Run Name"].splitlines()[-1], row["model"], row["test/accuracy"], row["model/parameters"]) for row in rows
    ]
    assert shown == [
        ("mlp · wide · hidden=[200]", "mlp", "0.962", "159010"),
        ("cnn · wide · conv1.filters=32", "cnn", "0.982", "58034"),
        ("mlp · as committed (3f2a1b9)", "mlp", "0.951", "79510"),
        ("cnn · as committed (3f2a1b9)", "cnn", "0.975", "29402"),
    ]
    assert [row["cnn.layers.conv1.filters"] for row in rows] == ["-", "32", "-", "16"]
    assert {row["git.commit"] for row in rows} == {COMMIT}
    assert [row["train/seconds"] for row in rows] == ["8.5", "20.5", "4.5", "12.5"]


def test_the_compare_page_shows_params_that_differ_and_metrics(page: Any) -> None:
    """Select all, Compare: the way to it must be there, and the switch must leave what differs."""
    page.locator(".ag-header-cell input[type=checkbox]").first.check(force=True)
    page.get_by_role("button", name="Compare").first.click()
    page.wait_for_url("**/compare-runs?*")
    page.get_by_role("rowheader", name="train.epochs").wait_for()
    assert param(page, "cnn.layers.conv1.filters") == ["32", "16"]
    assert param(page, "seed") == ["7"] * 4
    page.get_by_role("switch", name="Parameters - Show diff only").click()
    page.get_by_role("rowheader", name="train.epochs").wait_for(state="detached")
    assert param(page, "seed") == []
    assert param(page, "cnn.layers.conv1.filters") == ["32", "16"]
    assert metric(page, "test/accuracy") == ["0.962", "0.982", "0.951", "0.975"]
    assert metric(page, "model/parameters") == ["159010", "58034", "79510", "29402"]


def param(page: Any, name: str) -> list[str]:
    """Return what stands beside a param's name, without the cells of runs that do not have it."""
    row = page.locator("tr", has=page.get_by_role("rowheader", name=name, exact=True))
    return [text.strip() for text in row.locator("td").all_inner_texts() if text.strip()]


def metric(page: Any, name: str) -> list[str]:
    """Return the cells in line with a metric's name; they are in a grid of their own."""
    link = page.locator("[role=grid] a", has_text=re.compile(f"^{name}$"))
    top = link.locator("xpath=..").evaluate("cell => cell.style.top")
    cells = page.locator(f"[role=grid] div[style*='top: {top};']").all_inner_texts()
    return [text.strip() for text in cells if text.strip() != name]


def test_a_runs_page_tells_what_it_is_and_how_it_compares(page: Any) -> None:
    """The description is Markdown, with tables, and names the partner's run."""
    page.get_by_role("link", name="cnn · wide · conv1.filters=32").click()
    page.get_by_text("DVC experiment").wait_for()
    page.get_by_text("Show more").click()
    rows = page.locator("tr").all_inner_texts()
    assert "cnn.layers.conv1.filters\t16\t32" in rows
    assert "test accuracy\t0.9813\t0.9587" in rows
    page.get_by_text("Compared with the run mlp · wide · hidden=[200]").wait_for()


def test_a_servers_address_is_printed_without_the_password(
    address: str, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a team's server nothing has to be started; the line may end up in a chat."""
    with logging_to(root):
        from pixelproof.tracking.store import view

        monkeypatch.chdir(root)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0].replace("://", "://ada:hidden@"))
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        view.main()
    assert capsys.readouterr().out == f"{address}\n"
