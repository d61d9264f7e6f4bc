"""Every `sh` block of the README and of docs/, run as a reader runs it: from the project's folder, with a bare PATH."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.prepared import Prepared
from tests.support.reader import LIMIT, Reader
from tests.support.stand_in import replace_stages

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Commands that are not run, by their beginnings, and the reason. Whatever else a page shows is run.
NOT_RUN = {
    "make repro": "minutes long; tests/pipeline runs the same stages on small photos",
    "make test": "runs this very test",
    ".venv/bin/python -m pixelproof serve": "serves until it is stopped: tests/server",
    ".venv/bin/python -m mlflow models serve": "serves until it is stopped: tests/inference/test_mlflow_serving.py",
    "curl": "asks those servers: tests/server, tests/inference/test_mlflow_serving.py",
    "make ui": "serves until it is stopped: tests/tracking/store/test_ui.py",
    ".venv/bin/python -m pixelproof folds": "needs split.folds, and trains for each: tests/test_folds.py",
    ".venv/bin/python -m pixelproof sweep": "twenty training runs: tests/test_sweep.py",
    ".venv/bin/python -m dvc exp apply sweep-example-7": "needs the trials of that sweep: tests/test_sweep.py",
    ".venv/bin/python -m dvc import-url": "needs a bucket: tests/test_object_store.py",
    ".venv/bin/python -m dvc update": "needs a bucket: tests/test_object_store.py",
    ".venv/bin/python -m dvc remote modify team": "needs S3: tests/test_team.py",
    ".venv/bin/python -m pixelproof compare": "needs runs of several seeds: tests/tracking/history/test_seeds.py",
    "docker compose": "needs Docker, PostgreSQL and S3: tests/test_team.py starts what the file describes",
    "  pg_restore": "needs Docker, PostgreSQL and S3",
}
# Commands that train run in a project whose stages after `augment` only write hashes.
TRAINS = re.compile(r"dvc exp run|dvc queue start")
HEAVY = ["train@cnn", "train@mlp", "predict_cnn", "predict_mlp", "evaluate", "explain", "page"]
# Commands that change nothing run on the page that shows them first.
READS = re.compile(r"(pixelproof (plan|preset|find-lr)|dvc exp show)(?= +#|$)")


def blocks(page: Path) -> list[list[str]]:
    """Return the lines of each block of a page."""
    found = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [block.splitlines() for block in found]


def run_blocks(page: Path) -> list[list[str]]:
    """Return what is run of each block of a page."""
    earlier = [line for before in PAGES[: PAGES.index(page)] for block in blocks(before) for line in block]
    seen = {found[0] for line in earlier if (found := READS.search(line))}

    def is_run(line: str) -> bool:
        read = READS.search(line)
        return not line.startswith(tuple(NOT_RUN)) and not (read and read[0] in seen)

    return [[line for line in block if is_run(line)] for block in blocks(page)]


def pages(*, training: bool) -> list[Path]:
    """Return the pages that show commands which train, or others."""
    return [
        page for page in PAGES if any(is_training(line) == training for block in run_blocks(page) for line in block)
    ]


def is_training(line: str) -> bool:
    return bool(TRAINS.search(line))


@pytest.fixture(scope="module")
def reader(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A person whose pipeline has run; each page gets a copy."""
    return Reader.of(prepared.whole(tmp_path_factory.mktemp("reader") / "project"))


@pytest.fixture(scope="module")
def trainer(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A person whose trainings take no time."""
    copy = reader.copied_to(tmp_path_factory.mktemp("trainer") / "all")
    replace_stages(copy.project.root, HEAVY)
    copy.run(".venv/bin/python -m dvc repro --quiet", "git add --all && git commit --quiet --message 'Stand-ins'")
    yield copy
    copy.run(".venv/bin/python -m dvc queue stop --kill")


@pytest.mark.parametrize("page", pages(training=False), ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path, reader: Reader, tmp_path: Path) -> None:
    """Else a reader who types what the page shows, block by block, would get an error."""
    own = reader.copied_to(tmp_path / "all")
    model = "cnn" if page.name == "registry.md" else "mlp"  # which `reproduce` trains in a second
    for block in run_blocks(page):
        own.run(*(own.filled_in(line, model) for line in block if not is_training(line)))


@pytest.mark.parametrize("page", pages(training=True), ids=lambda page: page.name)
def test_experiments_that_a_page_starts_come_to_their_end(page: Path, trainer: Reader) -> None:
    """Else DVC would take an experiment and never run it, as where its worker does not find the program `dvc`."""
    lines = [line for block in run_blocks(page) for line in block if is_training(line)]
    before = trainer.experiments()
    trainer.run(*lines)
    expected = sum("dvc exp run" in line for line in lines)
    until = time.monotonic() + LIMIT
    while len(trainer.experiments() - before) < expected and time.monotonic() < until:
        time.sleep(1)
    assert len(trainer.experiments() - before) == expected, trainer.run(".venv/bin/python -m dvc queue status")


def test_the_python_of_the_page_on_use_runs(reader: Reader, tmp_path: Path) -> None:
    """Else whoever copies it would get an error, or another answer than the shell gives."""
    own, page = reader.copied_to(tmp_path / "all"), (ROOT / "docs/use.md").read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(found) == 2
    for block in found:
        (own.project.root / "block.py").write_text(block, "utf-8")
        own.run(".venv/bin/python block.py")


def test_every_reason_is_needed() -> None:
    """Else a command would stay on the list that no page shows any longer."""
    lines = [line for page in PAGES for block in blocks(page) for line in block]
    assert [start for start in NOT_RUN if not any(line.startswith(start) for line in lines)] == []
