"""Damaged files by the thousand: each is accounted for, quietly, soon and always the same."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.fuzz import FOLDERS, LIMIT_BYTES, fuzz, hunt
from tests.support.imports import ROOT
from tests.support.memory import peak_memory
from tests.support.mutations import corpus, mutate
from tests.support.project import Project

COUNT = 2_000
OUTPUTS = ("data/ingested/manifest.parquet", "reports/quarantine.csv", "reports/ingest.json")


def write_damaged(source: Path, count: int) -> Path:
    kinds = corpus(FOLDERS)
    for seed in range(count):
        folder = source / ("even", "odd")[seed % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{seed:05d}.jpg").write_bytes(mutate(kinds, seed))
    return source


def take_all(params: Any) -> None:
    params["ingest"].update(source="damaged", min_images_per_class=1, max_quarantined_share=1.0)


def ingest(project: Project) -> tuple[dict[str, bytes], str, int]:
    """Run the stage in a process of its own; return its outputs, what the terminal showed, and its peak memory."""
    with (project.root / "terminal.txt").open("w+") as terminal:
        peak = peak_memory([sys.executable, "-m", "stages.ingest"], project.root, terminal)
        terminal.seek(0)
        shown = terminal.read()
    return {name: (project.root / name).read_bytes() for name in OUTPUTS}, shown, peak


@pytest.mark.slow
def test_two_thousand_damaged_files_are_accounted_for_quietly_and_twice_the_same(tmp_path: Path) -> None:
    """A crash on one file would stop the ingest of a million; another answer each time would train again."""
    project = Project.create(tmp_path)
    write_damaged(tmp_path / "damaged", COUNT)
    project.edit(take_all)
    first, shown, peak = ingest(project)
    report = json.loads(first["reports/ingest.json"])
    assert report["accepted"] + report["quarantined"] == report["found"] == COUNT
    assert report["accepted"] > 100, "the files are so damaged that nothing is proved"
    assert [line for line in shown.splitlines() if line and "━" not in line] == [
        f"{report['accepted']} photos in 2 classes; {report['quarantined']} in quarantine (reports/quarantine.csv)"
    ]
    assert peak < LIMIT_BYTES
    for name in OUTPUTS:
        (project.root / name).unlink()
    assert ingest(project)[0] == first


@pytest.mark.slow
def test_each_of_them_is_taken_soon_and_can_be_resized_if_it_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file that takes a minute makes a bomb; one that only `resize` refuses would end the pipeline there."""
    monkeypatch.chdir(ROOT)
    assert fuzz(range(COUNT), [sys.executable, "-m", "tests.support.fuzz", "--work"]) == []


def test_a_seed_gives_the_same_file_each_time_and_another_seed_another() -> None:
    """Else what `make fuzz` found could not be looked at again."""
    kinds, again = corpus([]), corpus([])
    files = [mutate(kinds, seed) for seed in range(100)]
    assert files == [mutate(again, seed) for seed in range(100)]
    assert len(set(files)) > 95


def test_every_format_that_is_read_gets_damaged() -> None:
    """Else a format's decoder would never be tried."""
    magics = {b"\xff\xd8\xff", b"\x89PN", b"GIF", b"BM", b"RIF", b"II*", b"P6\n", b"\0\0\0"}
    assert all(any(kind.startswith(magic) for kind in corpus([])) for magic in magics)


WORKER = """
import os, signal, sys
first, count = map(int, sys.argv[1:])
for seed in range(first, first + count):
    print(seed, flush=True)
    if seed == 3: os.kill(os.getpid(), signal.SIGSEGV)
    if seed == 5: print(seed, "another answer", flush=True)
    if seed == 7: os.kill(os.getpid(), signal.SIGPROF)
    if seed == 9: print(seed, "too much memory", flush=True); sys.exit(1)
"""


def test_the_hunt_goes_on_after_a_file_that_ends_the_process() -> None:
    """A crash must be told with its seed, and must not hide what comes after it."""
    found = hunt(range(1, 12), [sys.executable, "-c", WORKER])
    assert [seed for seed, _ in found] == [3, 5, 7, 9]
    assert [what.split(":")[-1].strip() for _, what in found] == [
        "SIGSEGV",
        "another answer",
        "took more than 10 s of processor time",
        "too much memory",
    ]


def test_a_hunt_without_finds_finds_nothing() -> None:
    """Else `make fuzz` would fail always, and nobody would look."""
    assert hunt(range(4, 5), [sys.executable, "-c", WORKER]) == []


@pytest.mark.slow
def test_the_command_ends_with_status_0_when_all_is_well(tmp_path: Path) -> None:
    """`make fuzz` is for scripts too; it writes the file of a seed for whoever looks into it."""
    kept = tmp_path / "damaged"
    command = [sys.executable, "-m", "tests.support.fuzz", "--first", "11", "--count", "1", "--keep", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 damaged files: 0 not taken as they should be\n")
    assert kept.read_bytes() == mutate(corpus(FOLDERS), 11)
