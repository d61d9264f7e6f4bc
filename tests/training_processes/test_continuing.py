"""What a stopped training goes on with, and what makes it begin anew."""

import json
import os
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.train_kills import (
    MODELS,
    Undisturbed,
    checkpoints,
    client_of,
    finish,
    kill_after,
    newest,
    result,
    runs,
    start,
    wait_for_checkpoint,
)

pytestmark = pytest.mark.slow


def test_other_params_begin_anew(project: Project, undisturbed: Callable[[str], Undisturbed], edited: Any) -> None:
    """Else a model would be trained half with these params and half with those."""
    expected, known = undisturbed("mlp").result, set(runs(project))
    kill_after(project, "mlp", 0, count=25).communicate()
    (old,) = checkpoints(project, "mlp")
    edited(lambda params: params["mlp"].update(l2=0.001))
    process = start(project, "mlp")
    new = wait_for_checkpoint(project, "mlp", process)
    assert old.parent != new.parent
    assert not old.parent.exists()
    assert "continues" not in finish(process)
    assert result(project, "mlp")["weights"] != expected["weights"]
    assert len(set(runs(project)) - known) == 2


def test_a_run_names_the_precision_that_auto_was(project: Project, undisturbed: Callable[[str], Undisturbed]) -> None:
    """Else two machines' runs would differ and nobody could see why."""
    from pixelproof.network.cnn.precision import has_bfloat16

    undisturbed("cnn")
    record = json.loads((project.root / "models/cnn/record.json").read_text("utf-8"))
    taken = "mixed_bfloat16" if has_bfloat16() else "float32"
    assert record["params"]["cnn.precision"] == taken
    with zipfile.ZipFile(project.root / "models/cnn/mlflow/data/model.keras") as saved:
        assert f'"name": "{taken}"' in saved.read("config.json").decode()


def one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system assigns no cores to processes")
@pytest.mark.parametrize("model", MODELS)
def test_one_core_trains_the_same_weights(
    project: Project, undisturbed: Callable[[str], Undisturbed], model: str
) -> None:
    """Else a colleague's laptop, or a container with fewer cores, could not reproduce a run."""
    expected = undisturbed(model).result["weights"]
    finish(start(project, model, one_core))
    assert result(project, model)["weights"] == expected


def test_a_training_that_moved_to_another_processor_says_so(
    project: Project, undisturbed: Callable[[str], Undisturbed]
) -> None:
    """Its weights may be no longer those that the params stand for, and nobody could see why."""
    known = set(runs(project))
    kill_after(project, "mlp", 0, count=25).communicate()
    record = project.root / "runs" / newest(project, known).info.run_id / "record.json"
    written = json.loads(record.read_text("utf-8"))
    written["tags"]["processor"] = "Another One"
    record.write_text(json.dumps(written), "utf-8")
    said = finish(start(project, "mlp"))
    assert "continues on another machine (processor " in said
    assert "instead of Another One" in said
    assert result(project, "mlp")["weights"] == undisturbed("mlp").result["weights"]


def test_other_photos_begin_anew(project: Project, undisturbed: Callable[[str], Undisturbed]) -> None:
    """Else a training would go on with photos that it has not begun with."""
    expected = undisturbed("mlp").result
    kill_after(project, "mlp", 0, count=25).communicate()
    os.utime(next(iter((project.root / "data/augmented").rglob("*.npy"))))
    assert "continues" not in finish(start(project, "mlp"))
    assert result(project, "mlp") == expected


def test_a_run_that_mlflow_no_longer_has_is_replaced_with_its_whole_history(
    project: Project, undisturbed: Callable[[str], Undisturbed]
) -> None:
    """Else whoever tidies up MLflow could not continue, or would get half a curve."""
    expected, known = undisturbed("mlp").result, set(runs(project))
    kill_after(project, "mlp", 0, count=45).communicate()
    client_of(project).delete_run(newest(project, known).info.run_id)
    assert "continues at" in finish(start(project, "mlp"))
    assert result(project, "mlp") == expected
