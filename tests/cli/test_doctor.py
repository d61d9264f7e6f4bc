"""`pixelproof doctor` as a person or a script sees it; what it finds: tests/doctor."""

import json
from pathlib import Path

import pytest

from pixelproof.doctor import examination
from pixelproof.doctor.finding import Finding, well, wrong
from tests.support.program import Program


def test_the_program_tells_by_line_or_json_and_status(
    pixelproof: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a script could not tell a good machine from a bad one."""
    (tmp_path / "dvc.yaml").touch()

    def check(finding: Finding) -> None:
        monkeypatch.setattr(examination, "examine", lambda: iter([finding]))

    check(well("Git", "a commit"))
    good = pixelproof(tmp_path, "doctor")
    assert (good.status, good.stdout) == (0, "ok     Git                a commit\nAll is well.\n")
    check(wrong("Git", "no commit", "Make one."))
    bad = pixelproof(tmp_path, "doctor", "--json")
    assert bad.status == 1
    fault = {"name": "Git", "well": False, "found": "no commit", "remedy": "Make one."}
    assert json.loads(bad.stdout) == {"well": False, "findings": [fault]}


def test_outside_a_project_it_says_so(pixelproof: Program, tmp_path: Path) -> None:
    """Else a person would read of twenty faults in a folder that is no project."""
    done = pixelproof(tmp_path, "doctor")
    assert done.status == 1
    assert "Run `pixelproof doctor` in the project's folder" in done.stderr
