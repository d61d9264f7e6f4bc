"""Saved models as MLflow's `python_function`, in a process that does not know this project."""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.inference.pyfunc import PhotoModel
from pixelproof.tracking.run import carried
from pixelproof.tracking.run.carried import carried_files
from tests.support.environment import environment
from tests.support.photos import encoded, picture, write_photos
from tests.support.saved_models import CLASSES, PREPROCESSING, SHAPE, save_cnn, save_mlp

pytestmark = pytest.mark.slow  # scikit-learn and MLflow take seconds to load

PNG = encoded(picture(), "PNG")


@pytest.fixture(scope="module")
def mlp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_mlp(tmp_path_factory.mktemp("mlp") / "model")


def shares(answers: pd.DataFrame) -> np.ndarray:
    return np.array([[row[label] for label in CLASSES] for row in answers["probabilities"]], np.float32)


def test_every_form_of_a_photo_gets_the_answer_of_its_pixels(mlp: Path, tmp_path: Path) -> None:
    """Else a model would answer differently from where it is asked."""
    model, path = PhotoModel.open(mlp), tmp_path / "photo.png"
    path.write_bytes(PNG)
    text = base64.b64encode(PNG).decode()
    image = Preprocessing(**PREPROCESSING).image(PNG)[np.newaxis]
    expected = model.predict(image)
    assert expected.shape == (1, len(CLASSES))
    flat = image.reshape(1, -1).astype(np.float32)
    np.testing.assert_array_equal(model.predict(flat), expected)
    np.testing.assert_array_equal(model.predict(pd.DataFrame(flat)), expected)
    given: list[Any] = [str(path), path, PNG, [PNG], np.array([text]), pd.Series([text]), pd.DataFrame({"any": [PNG]})]
    given += [pd.DataFrame({"photo": [text], "comment": ["good"]}), [str(path)]]
    for photos in given:
        answers = model.predict(photos)
        np.testing.assert_array_equal(shares(answers), expected)
        assert answers["label"].tolist() == [CLASSES[int(expected.argmax())]]
        assert answers["error"].tolist() == [None]


def test_a_bad_photo_costs_the_others_nothing(mlp: Path) -> None:
    """Else one broken file among a thousand would cost them all."""
    answers = PhotoModel.open(mlp).predict([PNG, b"garbage", PNG, b"", "nothere.jpg"])
    assert [label is None for label in answers["label"]] == [False, True, False, True, True]
    assert [str(error).split(":")[0] for error in answers["error"]] == [
        "None",
        "not an image",
        "None",
        "zero bytes",
        "unreadable",
    ]
    np.testing.assert_array_equal(*shares(answers.iloc[[0, 2]]))


@pytest.mark.parametrize("given", [np.zeros((1, 5, 5, 3)), np.zeros((2, 7)), pd.DataFrame({"a": ["x"], "b": ["y"]})])
def test_what_the_model_does_not_take_is_named(mlp: Path, given: Any) -> None:
    """Else NumPy's words on shapes would be all that a person gets."""
    with pytest.raises(ValueError, match=r"takes images of|a table of photos"):
        PhotoModel.open(mlp).predict(given)


ELSEWHERE = """
import json, sys
import mlflow
models = [mlflow.pyfunc.load_model(folder) for folder in sys.argv[1].split(":")]
answers = models[-1].predict(sys.argv[2:])
code = [sys.modules[type(model._model_impl).__module__].__spec__.origin for model in models]
assert "pixelproof" not in sys.modules
print(json.dumps([code, answers.to_dict("records")]))
"""
NETWORKS: dict[str, dict[str, Any]] = {
    "mirrored, pooled, normalised": {
        "layers": {
            "conv": {"kind": "conv", "filters": 4, "kernel": 3, "padding": "same"},
            "norm": {"kind": "batch_norm", "momentum": 0.9},
            "pool": {"kind": "l2_pool", "size": 2},
            "flatten": {"kind": "flatten"},
        },
        "average_mirrored": True,
    },
    "sigmoid, bfloat16": {
        "preprocessing": {"classes": ["no", "yes"]},
        "head": "sigmoid",
        "precision": "mixed_bfloat16",
    },
}


@pytest.mark.parametrize("network", ["mlp", *NETWORKS])
def test_a_model_answers_photos_without_this_project(network: str, mlp: Path, tmp_path: Path) -> None:
    """Else whoever is given the model could not use it: MLflow loads the code that it carries."""
    folder = mlp if network == "mlp" else save_cnn(tmp_path / "model", **NETWORKS[network])
    photos = [str(path) for path in sorted(write_photos(tmp_path / "photos", 2).rglob("*.jpg"))]
    other = other_version(mlp, tmp_path / "other")
    command = [sys.executable, "-P", "-c", ELSEWHERE, f"{other}:{folder}", *photos]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    code, answers = json.loads(done.stdout.splitlines()[-1])
    assert [Path(path).parents[3] for path in code] == [other / "code", folder / "code"], "each has its own code"
    expected = PhotoModel.open(folder).predict(photos)
    assert [answer["label"] for answer in answers] == expected["label"].tolist()
    for answer, known in zip(answers, expected["probabilities"], strict=True):
        assert answer["probabilities"] == pytest.approx(known, abs=1e-6)


def other_version(model: Path, folder: Path) -> Path:
    """Copy a model as another version of the code would have saved it."""
    shutil.copytree(model, folder)
    shutil.rmtree(folder / "code")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carried, "CARRIED", (*carried.CARRIED, "console.py"))
        entry = carried.add_preprocessing(folder, PREPROCESSING)
    described = (folder / "MLmodel").read_text("utf-8")
    (folder / "MLmodel").write_text(re.sub("photo_model_[0-9a-f]{8}", entry, described), "utf-8")
    return folder


def test_the_carried_code_is_whole_and_small(mlp: Path) -> None:
    """Else a model would stop at an import far from here, or be larger for code than for weights."""
    names = {path.as_posix() for path in carried_files()}
    assert {"__init__.py", "data/__init__.py", "data/photos/decode.py", "inference/pyfunc.py"} <= names
    assert not any(name.startswith(("tracking", "training", "data/ingest")) for name in names)
    assert len(names) < 45
    assert sum(path.stat().st_size for path in (mlp / "code").iterdir() if path.is_file()) < 24_000


def test_shape_is_that_of_the_array() -> None:
    """Else an array that the network takes would be refused."""
    assert Preprocessing(**PREPROCESSING).shape == SHAPE
