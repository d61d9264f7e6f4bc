"""What single checks conclude from what they see."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pixelproof.doctor import accelerator, answering, decoders, learning, locks, room, settings, versions
from pixelproof.doctor.finding import well
from pixelproof.network.plan.plan import plan_models
from pixelproof.params.whole import load_params
from tests.support.imports import ROOT
from tests.support.prepared import Prepared

PARAMS = load_params(ROOT / "params.yaml")


def test_another_python_is_found() -> None:
    """Else packages that it cannot install would be the first to tell."""
    assert [each.well for each in versions.python("3.10.2")] == [False]
    assert [each.well for each in versions.python("3.12.0")] == [True]


def test_only_what_a_lock_asks_for_on_this_machine_counts() -> None:
    """Else packages for Windows would be missing."""
    hashed = "a-b==1.0 \\\n    --hash=sha256:00\n    # via x\n"
    text = f'{hashed}c==2 ; sys_platform == "win32" \\\nD.e==3 ; python_version > "3"\n'
    assert versions.locked_versions(text) == {"a-b": "1.0", "d-e": "3"}


def test_what_the_project_needs_is_told_from_what_its_extras_need() -> None:
    """Else an installation without the tests' packages would be a fault, or one without Keras none."""
    needed = versions.needed_packages()
    assert {"keras", "numpy", "sqlalchemy"} <= needed
    assert not {"pytest", "playwright", "tf2onnx"} & needed


def test_switches_are_told_and_passwords_are_not() -> None:
    """Else a proxy's password would stand in a bug report."""
    set_here = {"UV_OFFLINE": "1", "https_proxy": "http://me:secret@proxy"}
    (finding,) = settings.offline(set_here)
    assert finding == well("offline switches", "UV_OFFLINE=1, HTTPS_PROXY")


@pytest.mark.parametrize("kind", decoders.FORMATS)
def test_every_format_keeps_the_picture(kind: str) -> None:
    """Else a sound installation would look broken."""
    assert decoders.failure(kind) == ""


def test_other_pixels_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a decoder that reads rubbish would pass for a sound one."""
    read = decoders.read_photo

    def inverted(data: bytes) -> object:
        photo = read(data)
        photo.pixels[:] = 255 - photo.pixels
        return photo

    monkeypatch.setattr(decoders, "read_photo", inverted)
    assert "read with other pixels" in decoders.failure("PNG")


def test_a_gpu_that_keras_does_not_see_is_found() -> None:
    """Else a person would train on the CPU beside an idle GPU."""
    assert "pixelproof[jax]" in accelerator.seen_or_not(["H100"], ["cpu:0"], "jax").remedy
    assert accelerator.seen_or_not(["H100"], ["gpu:0"], "tensorflow").well


def test_a_training_that_learns_nothing_is_found() -> None:
    """Else a rate of nothing, or a loss that is no number, would pass."""
    before, after = [np.zeros(3)], [np.ones(3)]
    assert learning.judged([2.0, 1.0], before, after).well
    assert "not finite" in learning.judged([2.0, float("nan")], before, after).found
    assert "changed no weight" in learning.judged([2.0, 1.0], before, before).found


def test_answers_that_differ_are_found() -> None:
    """Else a model would be served beside the report on another one."""
    recorded = np.array([[0.2, 0.8]])
    assert answering.judged("cnn", recorded + 5e-5, recorded).well
    assert not answering.judged("cnn", recorded + 2e-4, recorded).well


def test_disk_and_memory_follow_the_formulas() -> None:
    """Else a person would learn of a full disk after an hour."""
    assert room.image_bytes(PARAMS, room.Photos(5000, 3500)) == 28 * 28 * (5000 + 10 * 3500)
    plan = plan_models(PARAMS, 10)["cnn"]
    small, large = (room.training_bytes(plan, size, averaged=True) for size in (64, 128))
    assert large - small == 2 * 64 * plan.activation_bytes


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    """Else the machine's memory would be promised to a container that may not have it."""
    for name, content in (("memory.max", "5000"), ("memory.current", "3000"), ("memory.stat", "inactive_file 700\n")):
        (tmp_path / name).write_text(content)
    assert room.free_memory(tmp_path) == 2700


def test_a_lock_that_a_process_holds_is_no_fault(tmp_path: Path) -> None:
    """Else a person would be told to remove the lock of a training that runs."""
    lock = tmp_path / "train-cnn.lock"
    script = (
        "import sys; from pathlib import Path; from pixelproof.files.exclusive import exclusively\n"
        "with exclusively(Path(sys.argv[1]), 'x'): print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(lock)]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == "in\n"
        assert locks.is_held(lock)
    assert not locks.is_held(lock)


@pytest.mark.slow
def test_a_good_machine_is_told_so_and_other_answers_are_found(prepared: Prepared, tmp_path: Path) -> None:
    """The real program on a project whose pipeline has run; then with the answers of another model."""
    import pandas as pd

    project = prepared.whole(tmp_path / "project")
    done = project.run(str(Path(sys.executable).with_name("pixelproof")), "doctor")
    assert done.stdout.splitlines()[-1] == "All is well.", done.stdout
    assert done.returncode == 0
    foreign = [
        line for line in done.stderr.splitlines() if line != "generated new fontManager"
    ]  # matplotlib's first use
    assert foreign == []
    assert done.stdout.count("as recorded") == 2
    recorded = project.root / "data/predicted/mlp/answers.parquet"
    answers = pd.read_parquet(recorded)
    shares = [name for name in answers if str(name).startswith("p_")]
    answers[shares] = answers[shares].to_numpy()[:, ::-1]
    recorded.unlink()  # a link into DVC's cache, perhaps
    answers.to_parquet(recorded, index=False)
    done = project.run(str(Path(sys.executable).with_name("pixelproof")), "doctor", "--json")
    assert done.returncode == 1
    faults = [each for each in json.loads(done.stdout)["findings"] if not each["well"]]
    assert [(each["name"], each["found"][:4]) for each in faults] == [("saved models", "mlp:")]
