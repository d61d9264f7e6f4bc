"""What the pipeline leaves in the project's own files, on small generated photos with the real params, shrunk."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.images.store import ImageStore, open_views
from pixelproof.files import read_json
from tests.support.prepared import shown, stages_run
from tests.support.project import STAGES, Project
from tests.support.terminal import foreign_lines

pytestmark = pytest.mark.slow

ORDER = ["ingest", "split", "augment", "train@cnn", "predict_cnn", "evaluate", "page"]  # each needs the one before


def test_all_stages_have_run_in_order(project: Project) -> None:
    """`dvc repro` must go from photos to the page; `fetch`, which nothing here depends on, may come at any time."""
    ran = stages_run(project)
    assert sorted(ran) == sorted(STAGES)
    assert [stage for stage in ran if stage in ORDER] == ORDER


def test_the_terminal_shows_nothing_that_is_not_ours_or_dvcs(project: Project) -> None:
    """Else lines of TensorFlow's, among them red ones about GPUs, would hide what a person has to read."""
    noise = "I0000 00:00:1795811376.559197   18570 port.cc:153] oneDNN custom operations are on."
    assert foreign_lines(f"{shown(project)}\n{noise}") == [noise]
    assert {path.name for path in (project.root / ".work/native").iterdir()} == {"train_cnn.log", "predict_cnn.log"}


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
        *(f"reports/explain/{name}.png" for name in ("filters", "learning", "mistakes", "confusions", "suspects")),
        "reports/plots/robustness.png",
        "reports/plots/reliability.png",
    }
    assert not json.loads(plots.stdout).get("errors")


def test_dvc_compares_pictures_of_two_experiments(project: Project) -> None:
    """`dvc plots diff` shows mistakes, suspects and curves side by side: so experiments are compared by eye."""
    for command in (
        ["git", "add", "-A"],
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "done"],
    ):
        assert project.run(*command).returncode == 0
    plots = project.run("dvc", "plots", "diff", "HEAD", "--out", "diff", "--json")
    assert plots.returncode == 0, plots.stderr
    shown = json.loads(plots.stdout)
    assert not shown.get("errors")
    assert {revision for entry in shown["data"]["reports/explain/mistakes.png"] for revision in entry["revisions"]} >= {
        "HEAD"
    }


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


def test_the_model_card_is_of_the_network_that_was_trained(project: Project) -> None:
    """It is what a reviewer gets to read: of another run it would be a false statement."""
    card = (project.root / "reports/model-card.md").read_text("utf-8")
    run = read_json(project.root / "models/cnn/run.json")
    accuracy = read_json(project.root / "reports/metrics.json")["cnn"]["accuracy"]
    for fact in (run["run_id"], run["weights_sha256"], f"| accuracy | {accuracy:.4f} ("):
        assert fact in card


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_the_saved_model_answers_the_photos_as_it_was_evaluated(project: Project, model: str) -> None:
    """Else its accuracy would be that of another model than the one that is used."""
    known = pd.read_parquet(project.root / "reports/predictions.parquet").query("model == @model")
    photos = [f"photos/{id}" for id in known["id"]]
    done = project.run("pixelproof", "predict", "--csv", "--model", model, *photos)
    assert done.returncode == 0, done.stderr
    answers = pd.read_csv(io.StringIO(done.stdout))
    assert answers["photo"].tolist() == photos
    assert answers["label"].tolist() == known["predicted"].tolist()
    columns = [column for column in known if column.startswith("p_")]
    np.testing.assert_allclose(answers[columns], known[columns], atol=1e-6)


def test_what_git_keeps_of_runs_names_no_folder_of_the_machine(project: Project) -> None:
    """A record is committed and pushed, and where somebody's home folder lies is nobody's business."""
    records = [*project.root.glob("reports/records/*.json"), *project.root.glob("runs/*/*.json")]
    assert len(records) >= 7
    assert [path for path in records if str(project.root) in path.read_text("utf-8")] == []
