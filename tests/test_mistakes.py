"""A user's mistake, by real `dvc repro`: one clear message, and nothing of what was there has changed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.photos import write_photos
from tests.support.prepared import Prepared
from tests.support.project import BEFORE_TRAINING, Project

pytestmark = pytest.mark.slow

Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose stages before the training have run."""
    project = prepared.ready_to_train(tmp_path_factory.mktemp("project"))
    write_photos(project.root / "few", per_class=3)
    (project.root / "empty/cats").mkdir(parents=True)
    for model in ("cnn", "mlp"):  # stand-ins: what counts is that no stage deletes or changes them
        (project.root / "models" / model).mkdir(parents=True)
        (project.root / "models" / model / "model").write_text("whole")
    return project


def set_in(section: str, **values: object) -> Change:
    return lambda params: params[section].update(values)


MISTAKES: dict[str, tuple[Change, list[str]]] = {
    "unknown key": (set_in("cnn", lerning_rate=0.1), ["cnn.lerning_rate", "unknown key", "learning_rate"]),
    "wrong type": (set_in("train", epochs="ten"), ["train.epochs", "integer", "'ten'"]),
    "impossible value": (set_in("split", test_share=1.5), ["split.test_share", "less than 1", "1.5"]),
    "impossible value in resize": (set_in("resize", width_px=0), ["resize.width_px", "greater than or equal to 1"]),
    "impossible geometry": (
        lambda params: params["cnn"]["layers"]["conv1"].update(kernel=50, padding="valid"),
        ["cnn.layers.conv1", "a window of 50 pixels does not fit into 16"],
    ),
    "unknown transform": (
        lambda params: params["augment"]["transforms"]["move"].update(kind="Afine"),
        ["augment.transforms.move", "'Afine'"],
    ),
    "misspelt argument of a transform": (
        lambda params: params["augment"]["transforms"]["move"].update(rotat=5),
        ["augment.transforms.move", "rotat"],
    ),
    "transform that cannot work on the images": (
        lambda params: params["augment"]["transforms"].update(cut={"kind": "Crop", "x_max": 500, "y_max": 500}),
        ["augment.transforms", "failed on an image of shape (16, 16, 3)"],
    ),
    "missing source": (set_in("ingest", source="nowhere"), ["nowhere"]),
    "class with too few photos": (set_in("ingest", source="few"), ["few/bars: 3 readable images", "is 10"]),
    "folder with no photos": (set_in("ingest", source="empty"), ["'empty' holds no photos"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_message_and_changes_nothing(mistake: str, project: Project, tmp_path: Path) -> None:
    """DVC deletes a stage's outputs before it runs it; a mistake must be found before that."""
    params = project.root / "params.yaml"
    shutil.copy(params, tmp_path)
    change, words = MISTAKES[mistake]
    before = project.outputs()
    try:
        project.edit(change)
        done = project.run("dvc", "repro")
    finally:
        shutil.copy(tmp_path / params.name, params)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert [word for word in words if word not in said] == [], said
    assert "Traceback" not in said
    assert said.count("error: ") == 1
    assert project.outputs() == before


@pytest.mark.parametrize("stage", BEFORE_TRAINING)
def test_a_stage_before_the_training_loads_neither_tensorflow_nor_mlflow(stage: str, project: Project) -> None:
    """They cost about 10 and 4 seconds, which a mistake, and every edit, would have to wait for."""
    script = (
        f"import runpy, sys; runpy.run_module('stages.{stage}', run_name='__main__'); "
        "sys.exit(str([name for name in ('tensorflow', 'keras', 'mlflow') if name in sys.modules]))"
    )
    assert project.run("python", "-c", script).stderr.splitlines()[-1] == "[]"
