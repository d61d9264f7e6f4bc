"""Kills between two steps: at each border of a stage, from its last computation to DVC's lock."""

import json
import re
from pathlib import Path

import pytest

from tests.support.borders import border, client_of, finish, killed, points, run_in_place, runs, start
from tests.support.project import Project

pytestmark = pytest.mark.slow

STAGE_FAILED = 255  # DVC's exit status
BEFORE_DVCS_LOCK = border("dvc", "dvc.dvcfile:Lockfile.dump_stages", "kill before")
DELIVERED = "pixelproof.tracking.delivery.live:complete"


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_training_killed_at_every_border_after_its_last_epoch_is_one_training(model: str, project: Project) -> None:
    """Else hours of training would be done again, and MLflow would show the model twice, or a point twice."""
    project.edit(lambda params: params[model].update(learning_rate=0.0017))
    stage, before = f"stages.train_{model}", {run.info.run_id for run in runs(project, model)}
    repro = ["dvc", "repro", "--single-item", f"train@{model}"]
    said = []
    for function in (
        "stages.train:_finish",
        "pixelproof.training.finished:FinishedModel.copy",  # models/<model> has its name
        "pixelproof.training.checkpoint:discard",
    ):
        said.append(killed(start(project, *repro, at=border(stage, function, "kill after")), status=STAGE_FAILED))
    said.append(killed(start(project, *repro, at=BEFORE_DVCS_LOCK)))
    said.append(finish(start(project, *repro)))
    assert re.findall(r"epoch (\d)/2", "".join(said)) == ["1", "2"], said
    assert all("using it instead of training again" in each for each in said[1:4]), said
    assert re.search("using it instead of training again|is cached - skipping run", said[4]), (
        "DVC had put it into its cache"
    )
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


def test_an_evaluation_killed_at_every_border_is_in_both_runs_once(project: Project) -> None:
    """Else a kill would leave an accuracy twice, or a run without what its partner has."""
    project.edit(lambda params: params["mlp"].update(learning_rate=0.0019))
    project.repro("predict_mlp")
    before = points(project, run_in_place(project, "cnn"))
    repro = ["dvc", "repro", "--single-item", "evaluate"]
    for call in (1, 2):  # the CNN's run is complete, then the MLP's
        at = border("stages.evaluate", DELIVERED, "kill after", call=call)
        killed(start(project, *repro, at=at), status=STAGE_FAILED)
    killed(start(project, *repro, at=BEFORE_DVCS_LOCK))
    finish(start(project, *repro))
    each = points(project, run_in_place(project, "mlp"))
    assert each["test/accuracy"] == each["comparison/mcnemar_p"] == [0]
    assert each["valid/loss"] == [1, 2]
    assert all(len(set(steps)) == len(steps) for steps in each.values()), each
    after = points(project, run_in_place(project, "cnn"))
    assert after["test/accuracy"] == [0], "it has answered as before"
    assert all(len(after[key]) <= len(before.get(key, [])) + 1 for key in after), (before, after)


def test_an_explanation_killed_at_every_border_is_in_the_run_once(project: Project) -> None:
    """Else a kill would leave a run without its pictures, or with points that it has already."""
    before = points(project, run_in_place(project, "cnn"))
    repro = ["dvc", "repro", "--single-item", "--force", "explain"]
    killed(start(project, *repro, at=border("stages.explain", DELIVERED, "kill before")), status=STAGE_FAILED)
    killed(start(project, *repro, at=border("stages.explain", DELIVERED, "kill after")), status=STAGE_FAILED)
    killed(start(project, *repro, at=BEFORE_DVCS_LOCK))
    finish(start(project, *repro))
    record = json.loads((project.root / "reports/runs/explain/record.json").read_text("utf-8"))
    client, run = client_of(project), run_in_place(project, "cnn")
    assert run.data.tags["pixelproof.explained"] == str(record["written"])
    assert points(project, run) == before
    pictures = {path.name for path in (project.root / "reports/explain").iterdir()}
    assert {Path(file.path).name for file in client.list_artifacts(run.info.run_id, "explain")} == pictures
