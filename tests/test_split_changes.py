"""The stage `split` tells what moved against the last commit, by real Git and DVC; no training depends on it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.photos import photo
from tests.support.prepared import Prepared
from tests.support.project import Project

pytestmark = pytest.mark.slow

COMMIT = ("git add .", "git -c user.name=t -c user.email=t@t commit -qm work")


def changes(project: Project) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((project.root / "reports/split-changes.json").read_text("utf-8"))
    return report


def commit(project: Project) -> str:
    for command in COMMIT:
        subprocess.run(command.split(), cwd=project.root, check=True)
    return subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=project.root, text=True).strip()


def test_the_report_counts_against_the_last_commit(prepared: Prepared, tmp_path: Path) -> None:
    """From the first run over new photos and another seed to an emptied cache and a temporary experiment."""
    project = prepared.ready_to_train(tmp_path)
    assert changes(project) == {"compared_with": None, "reason": changes(project)["reason"]}
    assert changes(project)["reason"].startswith("no dvc.lock in commit ")
    head = commit(project)

    photo("dots", 500).save(project.root / "photos/dots/new.png")
    (project.root / "photos/bars/bars000.jpg").unlink()
    project.edit(lambda params: params["split"].update(method="stable"))
    assert "split" in project.repro("split")
    assert changes(project).items() >= {"compared_with": head, "added": 1, "removed": 1}.items()

    temporary = project.run("dvc", "exp", "run", "--temp", "split", "-S", "seed=8", "--name", "other")
    assert temporary.returncode == 0, temporary.stdout + temporary.stderr
    refs = project.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    (other,) = [ref for ref in refs if ref.endswith("/other")]
    told = json.loads(project.run("git", "show", f"{other}:reports/split-changes.json").stdout)
    assert told["compared_with"] == head
    assert told["moved"] > 0

    shutil.rmtree(project.root / ".dvc/cache/files")
    project.edit(lambda params: params.update(seed=9))
    done = project.run("dvc", "repro", "split")
    assert done.returncode == 0, done.stdout + done.stderr
    assert changes(project)["reason"] == f"data/splits.csv of commit {head} is not in DVC's cache"
    assert "not compared with an earlier split" in done.stderr + done.stdout
