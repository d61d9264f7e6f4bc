"""The README, and the tables of docs/, show what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from benchmarks import presets
from benchmarks.run import BEGIN, BEGIN_TRAINING, END, END_TRAINING
from pixelproof.cli import app
from pixelproof.files import read_json
from tests.support.imports import ROOT

README, SPEED, PRESETS = (
    (ROOT / page).read_text("utf-8") for page in ("README.md", "docs/speed.md", "docs/presets.md")
)
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
COMMANDS = set(get_command(app).commands)
BIN = Path(sys.executable).parent


def test_it_opens_with_one_sentence_on_what_the_project_is() -> None:
    """The first thing a stranger reads."""
    assert README.splitlines()[2].startswith("Pixelproof turns a folder of labelled photos into")


def test_every_make_target_that_it_names_exists() -> None:
    """`make test` is also what CI calls."""
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert named >= {"repro", "test", "ui", "bench", "lint", "clean"}
    assert named - set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)) == set()


def test_every_command_of_ours_is_shown_and_exists() -> None:
    """A command that no page shows might as well not exist."""
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert set(re.findall(r"\.venv/bin/python -m pixelproof ([\w-]+)", f"{README}{pages}")) == COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("command", re.findall(r"\.venv/bin/python -m dvc (\w+(?: \w+)?)", SHELL))
def test_every_dvc_command_that_it_names_exists(command: str) -> None:
    """DVC renames commands between versions."""
    assert subprocess.run([BIN / "dvc", *command.split(), "--help"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README))
def test_every_page_that_it_links_to_exists(path: str) -> None:
    """A broken link."""
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_page_that_the_docs_link_to_exists(page: Path) -> None:
    """A reader of docs/ would follow a link to nowhere."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [path for path in linked if not (page.parent / path).is_file()] == []


def test_a_newcomer_reads_it_in_three_minutes() -> None:
    """It has been 273 lines long; what a newcomer does not need is in docs/."""
    assert len(README.splitlines()) <= 130


def test_the_tables_of_speeds_are_those_of_the_last_bench() -> None:
    """Numbers in docs/speed.md come from `make bench`, which writes benchmarks/results.md."""
    shown = [SPEED.split(begin)[1].split(end)[0] for begin, end in ((BEGIN, END), (BEGIN_TRAINING, END_TRAINING))]
    written = (ROOT / "benchmarks/results.md").read_text("utf-8")
    assert "\n\n".join(table.strip() for table in shown).strip() == written.strip()


def test_the_table_of_presets_is_that_of_the_recorded_runs() -> None:
    """Numbers in docs/presets.md come from `python -m benchmarks.presets`, which keeps what it measured in a file."""
    shown = PRESETS.split(presets.BEGIN)[1].split(presets.END)[0]
    assert shown.strip() == presets.markdown(read_json(presets.RESULTS)).strip()


def test_its_results_are_those_of_the_last_run() -> None:
    """Numbers in the README come from `pixelproof results --markdown` on the committed reports/metrics.json."""
    shown = re.search(r"<!-- results.*?-->\n(.*?)\n<!-- end of results -->", README, re.DOTALL)
    assert shown is not None
    command = [BIN / "pixelproof", "results", "--markdown"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.group(1).strip() == printed.strip()
