"""What MLflow has of a pipeline that has run."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pixelproof.data.images.store import ImageStore
from pixelproof.files import read_json
from pixelproof.tracking.run.description import END, NOTE
from tests.support.imports import ROOT
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.runs import everything

pytestmark = pytest.mark.slow

CURVES = {
    *("train/loss", "train/accuracy", "valid/loss", "valid/accuracy"),
    *("train/images_per_second", "system/cpu_percent", "system/memory_bytes"),
}
NUMBERS = {
    *("model/parameters", "model/trainable", "model/multiply_adds", "model/size_bytes"),
    *("data/train_images", "data/valid_images", "data/test_images"),
    *("best/epoch", "best/valid_loss", "best/valid_accuracy", "train/seconds"),
    *("test/accuracy", "test/accuracy_low", "test/accuracy_high", "test/macro_f1", "test/log_loss"),
    *("test/balanced_accuracy", "test/roc_auc", "test/average_precision", "test/brier", "test/calibration_error"),
    *("comparison/accuracy_difference", "comparison/mcnemar_p"),
}
TAGS = {
    *("model", "weights_sha256", "ended", "partner_run_id", "pixelproof.run_id", "host", "platform", "command"),
    *("git.commit", "git.branch", "git.dirty", "dvc.stage", "dvc.lock_sha256", "params_sha256"),
    *("version.mlflow", "version.python"),
}
EVALUATED = {"changes.diff", "confusion.png", "reliability.png", "robustness.png", "predictions.parquet"}
PICTURES = {"explain/filters.png", "explain/activations.png", "explain/kernels.png"}


def store(project: Project) -> str:
    return f"sqlite:///{project.root / 'mlflow.db'}"


def own_runs(project: Project) -> dict[str, dict[str, Any]]:
    """Return all that MLflow has of each model's run; there are no others."""
    by_id = everything(store(project))
    records = {model: read_json(project.root / f"models/{model}/run.json") for model in ("cnn", "mlp")}
    assert by_id.keys() == {record["run_id"] for record in records.values()}
    return {model: by_id[record["run_id"]] for model, record in records.items()}


def test_mlflow_has_all_that_is_promised_and_nothing_twice(project: Project) -> None:
    """`mlflow ui` is where experiments are compared: docs/tracking.md says what a run holds."""
    from pixelproof.tracking.store import runs_table

    metrics = read_json(project.root / "reports/metrics.json")
    partner = {"cnn": "mlp", "mlp": "cnn"}
    for model, run in own_runs(project).items():
        record = read_json(project.root / f"models/{model}/run.json")
        assert run["name"][0] == "pixelproof"
        assert re.match(rf"{model} · .*train.epochs=\d+", run["name"][1])  # the project's params are shrunk ones
        assert f"\n{END} `{partner[model]} · " in run["tags"][NOTE]
        assert run["tags"].keys() >= {*runs_table.TAGS}
        assert run["curves"].keys() >= {*runs_table.METRICS, *runs_table.COSTS}
        assert run["params"].keys() >= {key for key in runs_table.PARAMS if not key.startswith(partner[model])}
        assert run["ended"][0] == "FINISHED"
        assert {"seed", "train.epochs", "resize.fit", "split.test_share", "augment.views"} <= run["params"].keys()
        assert run["params"].items() >= {("fetch.dataset", "none"), ("ingest.source", "photos")}
        assert run["params"].items() >= {("data.classes", "bars, dots"), ("data.class_count", "2")}
        assert run["params"].keys() & {f"{model}.head", f"{model}.hidden"}
        assert not any(key.startswith({"cnn": "mlp.", "mlp": "cnn."}[model]) for key in run["params"])
        assert run["curves"].keys() == CURVES | NUMBERS
        for key, points in run["curves"].items():
            assert [step for step, *_ in points] == ([*range(1, record["epochs"] + 1)] if key in CURVES else [0]), key
        assert run["tags"].keys() >= TAGS
        assert run["tags"]["weights_sha256"] == record["weights_sha256"]
        for key, value in (("test/accuracy", "accuracy"), ("model/parameters", "parameters")):
            assert run["curves"][key][0][2] == metrics[model][value]
        assert [(name, status) for name, status, *_ in run["models"]] == [(model, "READY")]
        assert run["artifacts"].keys() >= EVALUATED
    cnn, mlp = own_runs(project)["cnn"], own_runs(project)["mlp"]
    assert cnn["tags"]["partner_run_id"] == mlp["tags"]["pixelproof.run_id"]
    assert cnn["params"]["cnn.layers.conv1.filters"] == "16"
    assert cnn["artifacts"].keys() >= PICTURES
    assert mlp["artifacts"].keys() == EVALUATED


def test_the_data_sets_of_a_run_are_those_of_dvc(project: Project) -> None:
    """Else nobody could tell on which photos a model was trained, and on which it was judged."""
    from mlflow.tracking import MlflowClient

    lock = YAML(typ="safe").load((project.root / "dvc.lock").read_text("utf-8"))
    md5 = {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage.get("outs", [])}
    splits = pd.read_csv(project.root / "data/splits.csv", dtype=str)
    run_id = read_json(project.root / "models/cnn/run.json")["run_id"]
    found = {}
    for given in MlflowClient(store(project)).get_run(run_id).inputs.dataset_inputs:
        found[given.tags[0].value] = given.dataset
    assert found.keys() == {"training", "validation", "testing"}
    for context, part, path in (
        ("training", "train", "data/augmented"),
        ("validation", "valid", "data/resized"),
        ("testing", "test", "data/resized"),
    ):
        data, own = found[context], splits[splits["part"] == part]
        assert data.digest == md5[path]
        assert data.name == f"{part}-{md5['data/splits.csv'][:8]}"
        assert json.loads(data.profile)["num_rows"] == len(own)
        assert json.loads(data.profile)["images_per_class"] == own["label"].value_counts().to_dict()
        assert "[-1, 16, 16, 3]" in json.loads(data.schema)["mlflow_tensorspec"]["features"]


def test_another_store_is_filled_with_the_very_same_runs(project: Project, tmp_path: Path) -> None:
    """Else what MLflow shows would not all be in DVC's files; a second time must change nothing."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    synced = project.run("pixelproof", "sync", "--to", other)
    assert "2 runs: 2 made" in synced.stdout, synced.stdout + synced.stderr
    first = everything(other)
    assert first == everything(store(project))
    again = project.run("pixelproof", "sync", "--to", other)
    assert "nothing was changed" in again.stdout, again.stdout + again.stderr
    assert everything(other) == first


def test_the_models_in_mlflow_predict_what_the_report_says(project: Project) -> None:
    """A model that is loaded elsewhere must be the one that was measured, with the scaling of pixels inside."""
    import mlflow

    store = ImageStore.open(project.root / "data/resized")
    answers = pd.read_parquet(project.root / "reports/predictions.parquet")
    mlflow.set_tracking_uri(f"sqlite:///{project.root / 'mlflow.db'}")
    for model, load in (("cnn", mlflow.keras.load_model), ("mlp", mlflow.sklearn.load_model)):
        own = answers[answers["model"] == model]
        images = store.gather(pd.Index(store.index["id"]).get_indexer(own["id"]))
        loaded = load(f"models:/{read_json(project.root / f'models/{model}/run.json')['model_id']}")
        if model == "cnn":
            probabilities = loaded.predict(images, verbose=0)
        else:
            probabilities = loaded.predict_proba(images.reshape(len(images), -1).astype(np.float32))
        reported = own[[f"p_{label}" for label in store.classes]].to_numpy()
        np.testing.assert_allclose(probabilities, reported, atol=1e-6)


def test_models_are_found_by_the_data_that_they_were_tested_on(project: Project) -> None:
    """The very code of docs/tracking.md."""
    page = (ROOT / "docs/tracking.md").read_text("utf-8")
    code = re.search(r"```python\n(.+?)```", page, re.DOTALL)
    assert code is not None
    found: dict[str, Any] = {}
    exec(code[1].replace("sqlite:///mlflow.db", store(project)).replace("> 0.9", ">= 0.0"), found)
    assert {model.name for model in found["models"]} == {"cnn", "mlp"}
    assert found["tested_on"].startswith("test-")


def test_an_export_of_a_run_completes_that_run(prepared: Prepared, tmp_path: Path) -> None:
    """Else a model that is named by its run, as in MLflow, could not be exported, or its proof went elsewhere."""
    project = prepared.whole(tmp_path)
    run_id = read_json(project.root / "models/mlp/run.json")["run_id"]
    done = project.run("pixelproof", "export", "--model", run_id[:8], "--to", "onnx", "--out", "exports/older")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.root / "exports/older/onnx/proof.json").is_file()
    by_id = everything(store(project))
    (exported,) = [key for key, run in by_id.items() if any(name.startswith("export/") for name in run["curves"])]
    assert exported == run_id
