"""Which stages a change runs again."""

from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof.files import read_json
from tests.support.imports import ROOT
from tests.support.photos import photo
from tests.support.project import STAGES, Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edited_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project.tiny(tmp_path_factory.mktemp("edited"))


@pytest.fixture
def project(edited_project: Project) -> Project:
    """A project, up to date."""
    edited_project.repro()
    return edited_project


def swap_two_layers(params: Any) -> None:
    layers = params["cnn"]["layers"]
    dropout = layers.pop("drop")
    layers.insert(len(layers), "drop", dropout)


AFTER_CNN = {"plan", "train@cnn", "predict_cnn", "evaluate", "explain", "page"}
AFTER_MLP = {"plan", "train@mlp", "predict_mlp", "evaluate", "page"}
AFTER_SPLIT = {"split", "augment"} | AFTER_CNN | AFTER_MLP
EDITS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "fetch": (lambda params: params["fetch"].update(dataset="digits"), {"fetch", "plan"}),
    "ingest": (lambda params: params["ingest"].update(min_images_per_class=11), {"ingest", "plan"}),
    "resize": (lambda params: params["resize"].update(fit="crop"), {*STAGES} - {"fetch", "ingest", "split"}),
    "split": (lambda params: params["split"].update(test_share=0.2), AFTER_SPLIT),
    "augment": (lambda params: params["augment"].update(views=3), AFTER_SPLIT - {"split"}),
    "cnn": (lambda params: params["cnn"]["layers"]["conv1"].update(filters=4), AFTER_CNN),
    "two layers change places": (swap_two_layers, AFTER_CNN),
    "mlp": (lambda params: params["mlp"].update(hidden=[9]), AFTER_MLP),
    "train": (lambda params: params["train"].update(epochs=3), AFTER_CNN | AFTER_MLP),
    "evaluate": (lambda params: params["evaluate"].update(confidence=0.9), {"plan", "evaluate", "page"}),
    "explain": (
        lambda params: params["explain"].update(photos=3),
        {"plan", "predict_cnn", "evaluate", "explain", "page"},
    ),
    "seed": (lambda params: params.update(seed=8), AFTER_SPLIT),
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
    assert set(project.repro()) == {*STAGES} - {"fetch"}


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
