"""The whole pipeline, by real `dvc repro`, on small generated photos with the real params, shrunk."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imports import ROOT
from photos import photo
from project import Project
from records import everything
from ruamel.yaml import YAML

from pixelproof.data.store import ImageStore, open_views
from pixelproof.tracking.description import END, NOTE

pytestmark = pytest.mark.slow

ALL = ["fetch", "ingest", "plan", "resize", "split", "augment", "train@cnn", "train@mlp", "evaluate", "explain"]
EVERYTHING = set(ALL)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[str]]:
    """A project whose pipeline has run once, and the stages that ran; among its photos are copies and conflicts."""
    project = Project.tiny(tmp_path_factory.mktemp("project"))
    photos = project.root / "photos"
    for number in range(6):  # the very file again, and the same pixels in another file
        shutil.copy(photos / f"bars/bars{number:03d}.jpg", photos / f"bars/again{number}.jpg")
        photo("dots", number).save(photos / f"dots/lossless{number}.png")
        photo("dots", number).save(photos / f"dots/lossless{number}.bmp")
    for label in ("bars", "dots"):
        photo("bars", 99).save(photos / label / "both.png")
    return project, project.repro()


@pytest.fixture
def project(ran: tuple[Project, list[str]]) -> Project:
    """The project, up to date."""
    ran[0].repro()
    return ran[0]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_all_stages_run_in_order(ran: tuple[Project, list[str]]) -> None:
    """The first `dvc repro` must go from photos to the comparison."""
    assert ran[1] == ALL


def test_a_second_repro_runs_nothing(project: Project) -> None:
    """What is up to date must not be done again."""
    assert project.repro() == []


def test_every_file_is_accounted_for(project: Project) -> None:
    """found = accepted + quarantined + ignored, and the quarantine names both sides of a label conflict."""
    report = read_json(project.root / "reports/ingest.json")
    assert report["found"] == report["accepted"] + report["quarantined"] + report["ignored"] == 68
    quarantine = pd.read_csv(project.root / "reports/quarantine.csv")
    assert list(quarantine.columns[:3]) == ["path", "reason", "detail"]
    assert set(quarantine["path"]) == {"bars/both.png", "dots/both.png"}


def test_no_test_photo_nor_a_copy_of_one_is_trained_or_chosen_on(project: Project) -> None:
    """The leak that makes every number a lie; seen in the photos' own pixels."""
    splits = pd.read_csv(project.root / "data/splits.csv", dtype=str)
    assert list(splits.columns) == ["id", "label", "part", "group"]
    store = ImageStore.open(project.root / "data/resized")
    pixels = {
        id: image.tobytes() for id, image in zip(store.index["id"], store.gather(np.arange(len(store))), strict=True)
    }
    parts = {part: {pixels[id] for id in own["id"]} for part, own in splits.groupby("part")}
    assert set(parts) == {"train", "valid", "test"}
    assert parts["test"] & (parts["train"] | parts["valid"]) == set()
    assert parts["train"] & parts["valid"] == set()
    assert len(set(pixels.values())) < len(pixels), "there must be copies, or this test proves nothing"


def test_views_exist_for_training_images_only(project: Project) -> None:
    """An altered test photo in the training would be a leak too."""
    splits = pd.read_csv(project.root / "data/splits.csv", dtype=str)
    training = set(splits.loc[splits["part"] == "train", "id"])
    views = open_views(project.root / "data/augmented")
    assert len(views) == 2
    assert all(set(view.index["id"]) == training for view in views)


def test_the_report_holds_what_others_rely_on(project: Project) -> None:
    """Names that other programs read."""
    metrics = read_json(project.root / "reports/metrics.json")
    for model in ("cnn", "mlp"):
        assert metrics[model].keys() >= {"accuracy", "accuracy_low", "accuracy_high", "log_loss", "parameters"}
        run = read_json(project.root / f"models/{model}/run.json")
        assert run.keys() >= {"run_id", "weights_sha256"}
        assert run["parameters"] == metrics[model]["parameters"]
    assert metrics["comparison"].keys() >= {"accuracy_difference", "mcnemar_p"}


CURVES = {
    *("train/loss", "train/accuracy", "valid/loss", "valid/accuracy"),
    *("train/images_per_second", "system/cpu_percent", "system/memory_bytes"),
}
NUMBERS = {
    *("model/parameters", "model/trainable", "model/multiply_adds", "model/size_bytes"),
    *("data/train_images", "data/valid_images", "data/test_images"),
    *("best/epoch", "best/valid_loss", "best/valid_accuracy", "train/seconds"),
    *("test/accuracy", "test/accuracy_low", "test/accuracy_high", "test/macro_f1", "test/log_loss"),
    *("comparison/accuracy_difference", "comparison/mcnemar_p"),
}
TAGS = {
    *("model", "weights_sha256", "ended", "partner_run_id", "pixelproof.run_id", "host", "platform", "command"),
    *("git.commit", "git.branch", "git.dirty", "dvc.stage", "dvc.lock_sha256", "params_sha256"),
    *("version.mlflow", "version.python"),
}
PICTURES = {"explain/filters.png", "explain/activations.png", "explain/kernels.png"}


def store(project: Project) -> str:
    return f"sqlite:///{project.root / 'mlflow.db'}"


def own_runs(project: Project) -> dict[str, dict[str, Any]]:
    """Return all that MLflow has of each model's run; there are no others."""
    by_id = everything(store(project))
    records = {model: read_json(project.root / f"models/{model}/run.json") for model in ("cnn", "mlp")}
    assert by_id.keys() == {record["run_id"] for record in records.values()}
    return {model: by_id[record["run_id"]] for model, record in records.items()}


def test_mlflow_has_all_that_is_promised_and_nothing_twice(ran: tuple[Project, list[str]]) -> None:
    """`mlflow ui` is where experiments are compared: docs/tracking.md says what a run holds."""
    from pixelproof.tracking import runs_table

    project = ran[0]
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
        assert run["artifacts"].keys() >= {"changes.diff", "confusion.png"}
    cnn, mlp = own_runs(project)["cnn"], own_runs(project)["mlp"]
    assert cnn["tags"]["partner_run_id"] == mlp["tags"]["pixelproof.run_id"]
    assert cnn["params"]["cnn.layers.conv1.filters"] == "16"
    assert cnn["artifacts"].keys() >= PICTURES
    assert mlp["artifacts"].keys() == {"changes.diff", "confusion.png"}


def test_the_data_sets_of_a_run_are_those_of_dvc(ran: tuple[Project, list[str]]) -> None:
    """Else nobody could tell on which photos a model was trained, and on which it was judged."""
    from mlflow.tracking import MlflowClient

    project = ran[0]
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


def test_another_store_is_filled_with_the_very_same_runs(ran: tuple[Project, list[str]], tmp_path: Path) -> None:
    """Else what MLflow shows would not all be in DVC's files; a second time must change nothing."""
    project = ran[0]
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


def test_dvc_shows_metrics_and_plots(project: Project) -> None:
    """`dvc metrics show` and `dvc plots show` are how experiments are compared without MLflow."""
    shown = json.loads(project.run("dvc", "metrics", "show", "--json").stdout)
    assert {"reports/metrics.json", "reports/plan/summary.json"} <= set(shown[""]["data"])
    plots = project.run("dvc", "plots", "show", "--out", "plots", "--json")
    assert plots.returncode == 0, plots.stderr
    assert set(json.loads(plots.stdout)["data"]) >= {
        "accuracy",
        "loss",
        "roc",
        "precision-recall",
        "reports/augment.png",
        "reports/quarantine.png",
        "reports/ingest/contact/bars.png",
        "reports/ingest/contact/dots.png",
        "reports/ingest/sizes.csv",
        "reports/explain/filters.png",
    }
    assert not json.loads(plots.stdout).get("errors")


@pytest.mark.parametrize("counts", ["reports/ingest/classes.csv", "reports/split.csv"])
def test_bars_show_every_photo_in_the_colour_of_its_part(counts: str, project: Project) -> None:
    """`dvc plots show` must find the project's own template; DVC's would draw train, valid and test in one colour."""
    shown = json.loads(project.run("dvc", "plots", "show", "--out", "plots", "--json").stdout)
    content = shown["data"][counts][0]["content"]
    spec = json.loads(content) if isinstance(content, str) else content
    assert spec["encoding"]["color"]["field"] == "part"
    values = spec["data"]["values"]
    assert {value["part"] for value in values} <= set(spec["encoding"]["color"]["scale"]["domain"])
    assert {value["label"] for value in values} == {"bars", "dots"}
    photos = read_json(project.root / "reports/ingest.json")["accepted"]
    assert sum(int(value["photos"]) for value in values) == photos


def test_the_page_shows_the_network_that_was_trained(project: Project) -> None:
    """`reports/index.html` is the one thing that a reader of a run opens."""
    page = (project.root / "reports/index.html").read_text("utf-8")
    metrics = read_json(project.root / "reports/metrics.json")
    assert "bars, dots" in page
    assert f"{metrics['cnn']['parameters']:,}" in page
    data = json.loads(re.search(r'id="network-data">(.*?)</script>', page, re.DOTALL).group(1))
    assert [layer["name"] for layer in data["layers"]][:3] == ["input", "scale", "conv1"]
    assert len(data["photos"]) == 4


def swap_two_layers(params: Any) -> None:
    layers = params["cnn"]["layers"]
    dropout = layers.pop("drop")
    layers.insert(len(layers), "drop", dropout)


AFTER_CNN = {"plan", "train@cnn", "evaluate", "explain"}
AFTER_SPLIT = {"split", "augment", "train@cnn", "train@mlp", "evaluate", "explain"}
EDITS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "fetch": (lambda params: params["fetch"].update(dataset="digits"), {"fetch", "plan"}),
    "ingest": (lambda params: params["ingest"].update(min_images_per_class=11), {"ingest", "plan"}),
    "resize": (lambda params: params["resize"].update(fit="crop"), EVERYTHING - {"fetch", "ingest", "split"}),
    "split": (lambda params: params["split"].update(test_share=0.2), {"plan"} | AFTER_SPLIT),
    "augment": (lambda params: params["augment"].update(views=3), {"plan"} | AFTER_SPLIT - {"split"}),
    "cnn": (lambda params: params["cnn"]["layers"]["conv1"].update(filters=4), AFTER_CNN),
    "two layers change places": (swap_two_layers, AFTER_CNN),
    "mlp": (lambda params: params["mlp"].update(hidden=[9]), {"plan", "train@mlp", "evaluate", "explain"}),
    "train": (lambda params: params["train"].update(epochs=3), AFTER_CNN | {"train@mlp"}),
    "evaluate": (lambda params: params["evaluate"].update(confidence=0.9), {"plan", "evaluate", "explain"}),
    "explain": (lambda params: params["explain"].update(photos=3), {"plan", "explain"}),
    "seed": (lambda params: params.update(seed=8), {"plan"} | AFTER_SPLIT),
}


@pytest.mark.parametrize("edited", EDITS)
def test_an_edit_runs_exactly_the_stages_that_it_concerns(edited: str, project: Project) -> None:
    """Too few would keep an old result; too many would cost hours."""
    change, stages = EDITS[edited]
    project.edit(change)
    assert set(project.repro()) == stages


def test_every_section_of_the_params_is_edited_above() -> None:
    """A new section needs its row."""
    assert set(YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))) <= set(EDITS)


def test_a_new_photo_runs_ingest_and_what_follows(project: Project) -> None:
    """A photo added to the folder must be seen."""
    photo("dots", 500).save(project.root / "photos/dots/new.png")
    assert set(project.repro()) == EVERYTHING - {"fetch"}


def test_earlier_params_bring_back_the_earlier_result_without_training(project: Project) -> None:
    """DVC's cache must know the trainings; a restored model still points at its MLflow run."""
    before = read_json(project.root / "models/mlp/run.json"), read_json(project.root / "reports/metrics.json")
    project.edit(lambda params: params["mlp"].update(hidden=[7]))
    project.repro()
    project.edit(lambda params: params["mlp"].update(hidden=[9]))
    ran = project.run("dvc", "repro")
    assert "Stage 'train@mlp' is cached - skipping run" in ran.stdout
    after = read_json(project.root / "models/mlp/run.json"), read_json(project.root / "reports/metrics.json")
    assert after == before


def test_training_again_gives_the_same_weights(project: Project) -> None:
    """Same params, same weights, to the last bit."""
    runs = [project.root / f"models/{model}/run.json" for model in ("cnn", "mlp")]
    before = [read_json(run) for run in runs]
    assert project.repro("--force", "--single-item", "train@cnn", "train@mlp") == ["train@cnn", "train@mlp"]
    after = [read_json(run) for run in runs]
    assert [run["weights_sha256"] for run in after] == [run["weights_sha256"] for run in before]
    assert {run["run_id"] for run in after}.isdisjoint(run["run_id"] for run in before)
