"""How much memory the stages before the training take on real photos."""

import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.memory import peak_memory
from tests.support.project import Project

pytestmark = pytest.mark.slow

STAGES = ("ingest", "plan", "resize", "split", "augment")
LIMIT_BYTES = 2**30


def test_no_stage_before_the_training_takes_a_gibibyte(cats_dogs: Path, tmp_path: Path) -> None:
    """2,002 real photos, and eight views of each, must fit into a small machine, and more photos must not need more."""
    project = Project.create(tmp_path)
    preset = (ROOT / "presets/cats-dogs.yaml").read_text("utf-8")
    (tmp_path / "params.yaml").write_text(preset, encoding="utf-8")
    project.edit(lambda params: params["ingest"].update(source=str(cats_dogs)))
    project.edit(lambda params: params["augment"].update(views=8))
    peaks = {stage: peak_memory([sys.executable, "-m", f"stages.{stage}"], project.root) for stage in STAGES}
    assert {stage: peak for stage, peak in peaks.items() if peak > LIMIT_BYTES} == {}


def test_strange_files_take_no_gibibyte_and_leave_the_terminal_clean(odd_files: Path, tmp_path: Path) -> None:
    """Some claim to hold billions of pixels; a library that complains of them would hide what the stage has to say."""
    project = Project.create(tmp_path)
    everything = {"source": str(odd_files), "min_images_per_class": 1, "max_quarantined_share": 1.0}
    project.edit(lambda params: params["ingest"].update(everything))
    with (tmp_path / "terminal.txt").open("w+") as terminal:
        peak = peak_memory([sys.executable, "-m", "stages.ingest"], project.root, terminal)
        terminal.seek(0)
        told = [line for line in terminal.read().splitlines() if line and "━" not in line]
    assert peak < LIMIT_BYTES
    assert len(told) == 1
    assert "in quarantine (reports/quarantine.csv)" in told[0]
