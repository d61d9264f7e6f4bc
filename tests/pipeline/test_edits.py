"""Which stages a change runs again, by real `dvc repro`; what loads TensorFlow or MLflow has stand-ins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof.files import read_json
from tests.support.imports import ROOT
from tests.support.photos import photo
from tests.support.prepared import Prepared
from tests.support.project import BEFORE_TRAINING, STAGES, Project
from tests.support.stand_in import replace_stages

pytestmark = pytest.mark.slow

HEAVY = [stage for stage in STAGES if stage not in BEFORE_TRAINING]


@pytest.fixture(scope="module")
def edited_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.tiny(tmp_path_factory.mktemp("edited"))
    replace_stages(project.root, HEAVY)
    assert project.repro() == STAGES, "one command goes from photos to the page"
    return project


@pytest.fixture
def project(edited_project: Project) -> Project:
    """A project, up to date."""
    return edited_project


def swap_two_layers(params: Any) -> None:
    layers = params["cnn"]["layers"]
    dropout = layers.pop("drop")
    layers.insert(len(layers), "drop", dropout)


AFTER_CNN = {"train@cnn", "predict_cnn", "evaluate", "explain", "page"}
# `explain` draws the suspects, which evaluate finds by the CNN's answers: the real one runs only if these change, as
# test_code_edits.py shows, but a stand-in writes others after every change.
AFTER_MLP = {"train@mlp", "predict_mlp", "evaluate", "explain", "page"}
AFTER_AUGMENT = AFTER_CNN | AFTER_MLP
AFTER_SPLIT = {"split", "augment"} | AFTER_AUGMENT
EDITS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "fetch": (lambda params: params["fetch"].update(dataset="digits"), {"fetch", "plan"}),
    "ingest": (lambda params: params["ingest"].update(min_images_per_class=11), {"ingest", "plan"}),
    "resize": (lambda params: params["resize"].update(fit="crop"), {*STAGES} - {"fetch", "ingest", "split"}),
    "split": (lambda params: params["split"].update(test_share=0.2), {"plan"} | AFTER_SPLIT),
    "augment": (lambda params: params["augment"].update(views=3), {"plan"} | AFTER_SPLIT - {"split"}),
    "cnn": (lambda params: params["cnn"]["layers"]["conv1"].update(filters=4), {"plan"} | AFTER_CNN),
    "two layers change places": (swap_two_layers, {"plan"} | AFTER_CNN),
    "mlp": (lambda params: params["mlp"].update(hidden=[9]), {"plan"} | AFTER_MLP),
    "train": (lambda params: params["train"].update(epochs=3), {"plan"} | AFTER_AUGMENT),
    "evaluate": (lambda params: params["evaluate"].update(confidence=0.9), {"plan", "evaluate", "explain", "page"}),
    "explain": (lambda params: params["explain"].update(photos=3), {"plan"} | AFTER_CNN - {"train@cnn"}),
    "baselines": (lambda params: params["baselines"].update(widths=[5]), {"plan"}),
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
    assert set(project.repro()) == {*STAGES} - {"fetch"}


@pytest.fixture
def trained(prepared: Prepared, tmp_path: Path) -> Project:
    """A project whose real stages have run."""
    return prepared.whole(tmp_path)


def test_earlier_params_bring_back_the_earlier_result_without_training(trained: Project) -> None:
    """DVC's cache must know the trainings; a restored model still points at its MLflow run."""
    before = read_json(trained.root / "models/mlp/run.json"), read_json(trained.root / "reports/metrics.json")
    trained.edit(lambda params: params["mlp"].update(hidden=[7]))
    trained.repro("evaluate")
    trained.edit(lambda params: params["mlp"].update(hidden=[8]))
    ran = trained.run("dvc", "repro", "evaluate")
    assert "Stage 'train@mlp' is cached - skipping run" in ran.stdout
    after = read_json(trained.root / "models/mlp/run.json"), read_json(trained.root / "reports/metrics.json")
    assert after == before


def test_training_again_gives_the_same_weights(trained: Project) -> None:
    """Same params, same weights, to the last bit."""
    runs = [trained.root / f"models/{model}/run.json" for model in ("cnn", "mlp")]
    before = [read_json(run) for run in runs]
    assert trained.repro("--force", "--single-item", "train@cnn", "train@mlp") == ["train@cnn", "train@mlp"]
    after = [read_json(run) for run in runs]
    assert [run["weights_sha256"] for run in after] == [run["weights_sha256"] for run in before]
    assert {run["run_id"] for run in after}.isdisjoint(run["run_id"] for run in before)
