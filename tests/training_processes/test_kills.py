"""Trainings that are killed or stopped: nothing that was learned is lost, and nothing is doubled."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

from pixelproof.files import remove
from tests.support.project import Project
from tests.support.train_kills import (
    MODELS,
    Undisturbed,
    finish,
    kill_after,
    newest,
    result,
    runs,
    spawn,
    start,
    survive,
    wait_for_checkpoint,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("model", MODELS)
def test_a_training_killed_at_random_moments_ends_as_the_undisturbed_one(
    model: str, project: Project, undisturbed: Callable[[str], Undisturbed]
) -> None:
    """Else a lost session would cost the training, or give a model that no training gives.

    `python -m tests.support.train_kills 20` does it 20 times.
    """
    told = survive(project, model, undisturbed(model), kills=2, seed=2)
    assert "killed" in told[0], told  # the second may come too late, where the machine has become quicker
    assert "continues at" in told[-1], told


def test_the_mlp_trains_for_its_own_number_of_epochs(
    project: Project, edited: Callable[[Callable[[Any], object]], None]
) -> None:
    """Else a baseline that needs more of them would be held back by the CNN's, or waste time."""
    edited(lambda params: params["mlp"].update(epochs=2))
    assert "epoch 2/2" in finish(start(project, "mlp"))
    assert result(project, "mlp")["best"][1] == 2


def test_a_killed_repro_is_continued_by_the_next_one(
    project: Project, undisturbed: Callable[[str], Undisturbed]
) -> None:
    """Else DVC would stand in the way: it deletes a stage's outputs before it runs it, and leaves a lock."""
    expected, known = undisturbed("mlp").result, set(runs(project))
    for kept in (project.root / ".work").glob("train-mlp-*"):  # else what a test before has trained is taken over
        remove(kept)
    command = ["dvc", "repro", "--force", "--single-item", "train@mlp"]
    killed = spawn(project, command)
    wait_for_checkpoint(project, "mlp", killed, count=5)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    said = finish(spawn(project, command))
    assert re.search(r"train mlp: continues at epoch \d+, batch \d+", said)
    assert newest(project, known).info.status == "FINISHED"
    assert result(project, "mlp") == expected


@pytest.mark.parametrize(
    ("number", "status", "model"),
    [(signal.SIGINT, 130, "mlp"), (signal.SIGTERM, 143, "cnn")],
)
def test_a_signal_ends_a_training_in_good_order(
    number: int, status: int, model: str, project: Project, undisturbed: Callable[[str], Undisturbed]
) -> None:
    """Else Ctrl-C or a machine that is shut down would cost the work, or leave a run that seems to go on."""
    expected, known = undisturbed(model).result, set(runs(project))
    stopped = kill_after(project, model, 0, number, count=25)
    said = stopped.communicate()[0]
    assert stopped.returncode == status, said
    place = re.search(
        rf"^train {model}, (epoch \d+, batch \d+): stopped by SIG\w+; nothing is lost, `dvc repro`", said, re.M
    )
    assert place, said
    assert "Traceback" not in said
    assert newest(project, known).info.status == "KILLED"
    assert f"train {model}: continues at {place[1]}" in finish(start(project, model))
    assert newest(project, known).info.status == "FINISHED"
    assert result(project, model) == expected
