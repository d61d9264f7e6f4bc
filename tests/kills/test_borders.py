"""Kills between two steps: at each border of a stage, from its last computation to DVC's lock."""

import json
import re

import pytest

from tests.support.borders import KILLED, border, client_of, finish, killed, points, runs, start
from tests.support.project import Project

pytestmark = pytest.mark.slow

STAGE_FAILED = 255  # DVC's exit status
BEFORE_DVCS_LOCK = border("dvc", "dvc.dvcfile:Lockfile.dump_stages", "kill before")
DELIVERED = "pixelproof.tracking.delivery.live:complete"


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_training_killed_at_every_border_after_its_last_epoch_is_one_training(model: str, project: Project) -> None:
    """Else hours of training would be done again, and MLflow would show the model twice, or a point twice."""
    project.edit(lambda params: params[model].update(learning_rate=0.0037))
    stage, before = f"stages.train_{model}", {run.info.run_id for run in runs(project, model)}
    repro = ["dvc", "repro", "--single-item", f"train@{model}"]
    said = []
    for function in (
        "stages.train:_finish",
        "pixelproof.training.finished:FinishedModel.copy",  # models/<model> has its name
        "pixelproof.training.checkpoint:discard",
    ):
        said.append(killed(start(project, *repro, at=border(stage, function, "kill after")), status=STAGE_FAILED))
    said.append(killed(start(project, *repro, at=BEFORE_DVCS_LOCK), status=KILLED))
    said.append(finish(start(project, *repro)))
    assert re.findall(r"epoch (\d)/2", "".join(said)) == ["1", "2"], said
    assert all("is trained already" in each for each in said[1:4]), said
    assert re.search("is trained already|is cached - skipping run", said[4]), "DVC had put it into its cache"
    (run,) = [run for run in runs(project, model) if run.info.run_id not in before]
    assert run.info.status == "FINISHED"
    each = points(project, run)
    assert each["valid/loss"] == [1, 2]
    assert all(len(set(steps)) == len(steps) for steps in each.values()), each
    record = json.loads((project.root / f"models/{model}/run.json").read_text("utf-8"))
    assert (record["run_id"], record["weights_sha256"]) == (run.info.run_id, run.data.tags["weights_sha256"])
    models = client_of(project).search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id='{run.info.run_id}'"
    )
    assert [model.model_id for model in models] == [record["model_id"]]
    assert "didn't change" in finish(start(project, *repro)), "DVC has it now"


@pytest.mark.parametrize(("stage", "models"), [("evaluate", ["cnn", "mlp"]), ("explain", ["cnn"])])
def test_what_a_later_stage_adds_to_a_run_is_there_once(stage: str, models: list[str], project: Project) -> None:
    """Else a kill would leave an accuracy twice, or a run without what its partner has."""
    repro = ["dvc", "repro", "--single-item", stage]
    for call in range(1, len(models) + 1):
        at = border(f"stages.{stage}", DELIVERED, "kill after", call=call)
        killed(start(project, *repro, at=at), status=STAGE_FAILED)
    killed(start(project, *repro, at=BEFORE_DVCS_LOCK), status=KILLED)
    finish(start(project, *repro))
    for model in models:
        run_id = json.loads((project.root / f"models/{model}/run.json").read_text("utf-8"))["run_id"]
        run = client_of(project).get_run(run_id)
        assert {"evaluate": "pixelproof.evaluated", "explain": "pixelproof.explained"}[stage] in run.data.tags
        each = points(project, run)
        assert each["valid/loss"] == [1, 2]
        assert all(len(set(steps)) == len(steps) for steps in each.values()), each
        if stage == "evaluate":
            assert each["test/accuracy"] == each["comparison/mcnemar_p"] == [0]
