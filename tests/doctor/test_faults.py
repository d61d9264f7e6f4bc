"""Faults planted in a project, each found by its check, in one line with the remedy."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML

from pixelproof.data.photos.opening import formats
from pixelproof.doctor import examination, locks
from pixelproof.doctor.finding import Check, Finding
from pixelproof.files import write_json
from tests.support.project import Project

CHECKS = dict(examination.CHECKS)
HEAVY = {"MLflow", "training", "saved models"}  # they load MLflow or TensorFlow
GONE = 2**22  # the number of no process: Linux has none so high


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose photos are ingested, as far as the doctor asks."""
    project = Project.create(tmp_path_factory.mktemp("doctor") / "good")
    source = YAML(typ="safe").load((project.root / "params.yaml").read_text("utf-8"))["ingest"]["source"]
    report = {"source": source, "classes": {str(digit): 500 for digit in range(10)}}
    write_json(project.root / "reports/ingest.json", report)
    return project


@pytest.fixture
def here(good: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it as the working folder, on a machine without settings of its own."""
    for name in ("MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    copy = good.copied_to(tmp_path / "project")
    monkeypatch.chdir(copy.root)
    return copy


def faults(check: str) -> list[Finding]:
    return [finding for finding in examination.looked_at(check, CHECKS[check]) if not finding.well]


def write(path: str, text: str = "") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, "utf-8")


def replace(path: str, old: str, new: str) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text
    write(path, text.replace(old, new))


def block(path: str) -> None:
    """Put a file where a folder belongs."""
    shutil.rmtree(path, ignore_errors=True)
    write(path)


def section(name: str, **values: object) -> None:
    Project(Path()).edit(lambda params: params[name].update(values))


def without_repository() -> None:
    shutil.rmtree(".git")


def without_commit() -> None:
    without_repository()
    subprocess.run(["git", "init", "--quiet"], check=True)


def conflict() -> None:
    write("dvc.lock", "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  plan: {}\n=======\n  fetch: {}\n>>>>>>> other\n")


def rwlock_of_dead_process() -> None:
    write(".dvc/tmp/rwlock", json.dumps({"read": {}, "write": {"/data": {"pid": GONE, "cmd": "dvc repro"}}}))


def hardlink_lock_of_dead_process() -> None:
    write(".dvc/tmp/lock", f"{Path('.dvc/tmp').absolute()}/c875b966e32dc1d4647da2d8cc76f33b.lock")


def broken_driver() -> None:
    write("bin/nvidia-smi", "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n")
    Path("bin/nvidia-smi").chmod(0o755)
    os.environ["PATH"] = f"{Path('bin').absolute()}:{os.environ['PATH']}"


def without_webp() -> None:
    del Image.OPEN["WEBP"]


def bytecode() -> None:
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


# The check, what is broken, a word of what is said, and a word of the remedy.
PLANTED: list[tuple[str, Callable[[], object], str, str]] = [
    ("packages", partial(replace, "requirements.lock", "\nnumpy==", "\nnumpy==0."), "numpy", "make setup"),
    ("start-up", bytecode, "PYTHONDONTWRITEBYTECODE", "unset"),
    ("params", partial(section, "train", batch_size=0), "train.batch_size", "git checkout params.yaml"),
    ("Git", without_repository, "no Git repository", "git init"),
    ("Git", without_commit, "no commit", "git commit"),
    ("DVC", partial(Path.unlink, Path(".dvc/config")), ".dvc/config is missing", "git checkout .dvc"),
    ("dvc.lock", conflict, "merge conflict", "make repro"),
    ("dvc.lock", partial(write, "dvc.lock", "stages: 3"), "cannot be read", "make repro"),
    ("DVC cache", partial(block, ".dvc/cache"), "is no folder", "cache dir"),
    ("folders", partial(block, "models"), "models: ", "ls -ld models"),
    ("locks", partial(write, ".git/index.lock"), "Git refuses", "rm .git/index.lock"),
    ("locks", rwlock_of_dead_process, f"process {GONE}", "rm .dvc/tmp/rwlock"),
    ("locks", hardlink_lock_of_dead_process, "no DVC is running", "rm .dvc/tmp/lock"),
    ("locks", partial(write, ".dvc/tmp/rwlock", "{"), "damaged", "rm .dvc/tmp/rwlock"),
    ("locks", partial(write, ".work/train-cnn.lock", str(GONE)), "was killed", "rm .work/train-cnn.lock"),
    ("half-written work", partial(write, ".work/train-cnn-1a/checkpoint.npz"), "training of the cnn", "make repro"),
    ("half-written work", partial(write, "data/.splits.csv.partial"), "data/.splits.csv.partial", "rm -r"),
    ("locks", partial(write, "data/.resized.lock"), "was killed", "rm data/.resized.lock"),
    ("half-written work", partial(write, "data/predicted/.cnn.partial/trace.npz"), "data/predicted/.cnn", "make repro"),
    ("half-written work", partial(write, "data/.resized.3f.partial/journal"), ".resized.3f.partial", "make repro"),
    ("decoders", without_webp, "WEBP", "make setup"),
    ("disk", partial(section, "resize", width_px=10**8), "photos need", "augment.views"),
    ("memory", partial(section, "train", batch_size=10**8), "training the CNN needs", "train.batch_size"),
    ("GPU", broken_driver, "NVML", "driver"),
]


@pytest.mark.parametrize(("check", "plant", "found", "remedy"), PLANTED, ids=range(1, len(PLANTED) + 1))
def test_a_planted_fault_is_found_with_its_remedy(
    check: str, plant: Callable[[], object], found: str, remedy: str, here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a person would look for it without help. Before it is planted, the same check finds nothing."""
    monkeypatch.setenv("PATH", os.environ["PATH"])  # put back what a fault changes
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    Image.init()  # else plugins would be loaded into the copy, and lost with it; so would HEIF's
    formats()
    monkeypatch.setattr(Image, "OPEN", {**Image.OPEN})
    monkeypatch.setattr(locks, "_dvc_runs", lambda: False)  # other tests may run one beside this
    assert faults(check) == []
    plant()
    (fault,) = faults(check)
    line = examination.line(fault)
    assert line.startswith("WRONG")
    assert "\n" not in line
    assert found in fault.found
    assert remedy in fault.remedy


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "content", "words"),
    [
        ("", b"no database" * 100, "is not an SQLite database"),
        ("", "old", "an older MLflow made the tables"),
        ("http://127.0.0.1:9", None, "no MLflow server answers. Start it"),
        ("folder/of/runs", None, "keeps no new runs in a folder"),
    ],
    ids=["damaged", "older tables", "no server", "a folder"],
)
def test_a_store_that_mlflow_cannot_use_is_found(
    address: str, content: bytes | str | None, words: str, here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a training would be the first to tell."""
    from pixelproof.tracking.store.first_use import make_database
    from tests.tracking.store.test_databases import older

    if address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    else:
        assert faults("MLflow") == []  # there is none yet
        database = here.root / "mlflow.db"
        if isinstance(content, bytes):
            database.write_bytes(content)
        else:
            make_database(f"sqlite:///{database}")
            assert faults("MLflow") == []
            older(database)
    (fault,) = faults("MLflow")
    assert words in fault.found
    assert ("mlflow db upgrade" in fault.found) == (content == "old")


@pytest.mark.parametrize("check", sorted(CHECKS.keys() - HEAVY))
def test_a_project_with_nothing_in_it_is_examined_to_the_end(
    check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the doctor would be the first to fall ill: no check lets an exception through."""
    monkeypatch.chdir(tmp_path)
    found = list(examination.looked_at(check, CHECKS[check]))
    assert found
    assert all("Traceback" not in examination.line(each) for each in found)


def test_a_check_that_fails_is_a_finding() -> None:
    """Else what nobody foresaw would end as a traceback, and hide what the other checks find."""

    def check() -> Iterator[Finding]:
        raise OSError("the disk\nis gone")
        yield

    broken: Check = check
    (fault,) = examination.looked_at("disk", broken)
    assert not fault.well
    assert "OSError: the disk is gone" in examination.line(fault)
