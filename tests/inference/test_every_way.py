"""Two hundred real photos of all sizes, modes, orientations and formats: every way to ask a model says the same."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from typer.testing import CliRunner

from pixelproof.cli import app
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import open_source
from pixelproof.files import read_json
from pixelproof.files.journal import Journal
from pixelproof.inference import models
from pixelproof.inference.classifier import KERAS, SKOPS, Classifier, is_keras
from pixelproof.inference.pyfunc import PhotoModel
from pixelproof.params.resize import Resize
from pixelproof.server.limits import Limits
from tests.support.odd_table import odd_inventory
from tests.support.saved_models import save_cnn, save_mlp
from tests.support.servers.photos import serving

pytestmark = pytest.mark.slow  # TensorFlow takes seconds to load

COUNT = 200
NEAR = 1e-6
CONV = {"kind": "conv", "filters": 4, "kernel": 3, "padding": "same", "activation": "relu"}
NORM = {"kind": "batch_norm", "momentum": 0.9}
FLATTEN = {"kind": "flatten"}
RESIDUAL = {"kind": "residual", "layers": {"conv": CONV, "norm": NORM}, "activation": "relu"}
GIVEN: dict[str, dict[str, Any]] = {
    "residual, batch_norm": {
        "layers": {"conv": CONV, "block": RESIDUAL, "flatten": FLATTEN},
        "preprocessing": {"fit": "crop", "height_px": 40, "width_px": 32, "min_side_px": 8},
    },
    "l2_pool, average_mirrored": {
        "layers": {"conv": CONV, "pool": {"kind": "l2_pool", "size": 2}, "flatten": FLATTEN},
        "average_mirrored": True,
        "preprocessing": {"fit": "stretch", "height_px": 28, "width_px": 28, "min_side_px": 8},
    },
    "mixed precision, sigmoid": {
        "layers": {"conv": CONV, "flatten": FLATTEN},
        "head": "sigmoid",
        "precision": "mixed_bfloat16",
        "preprocessing": {"classes": ["no", "yes"], "min_side_px": 8},
    },
    "grey": {"preprocessing": {"colour": "grey", "fit": "pad", "height_px": 24, "width_px": 32, "min_side_px": 8}},
    "mlp": {"preprocessing": {"colour": "grey", "fit": "crop", "height_px": 16, "width_px": 16, "min_side_px": 8}},
}
Shares = dict[str, dict[str, float]]  # the probability of each class, by photo


@pytest.fixture(scope="module", params=GIVEN)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, given = tmp_path_factory.mktemp("model") / "mlflow", GIVEN[request.param]
    return save_mlp(folder, **given["preprocessing"]) if request.param == "mlp" else save_cnn(folder, **given)


@pytest.fixture(scope="module")
def expected(model: Path, mixed_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Shares:
    """The pipeline's answers: of `ingest`, `resize`, and what `predict_cnn` and `predict_mlp` call for `evaluate`."""
    made = read_json(model / "preprocessing.json")
    inventory = odd_inventory(mixed_photos)
    params = Resize(**{key: made[key] for key in ("height_px", "width_px", "colour", "fit")})
    folder = tmp_path_factory.mktemp("store") / "resized"
    with open_source(mixed_photos) as source:
        resize_photos(source, inventory.photos, inventory.classes, params, folder, Journal())
    store = ImageStore.open(folder)
    everything = np.arange(len(store))
    shares = predicted(model, in_batches(store, everything))
    rows = (dict(zip(made["classes"], map(float, row), strict=True)) for row in shares)
    return dict(zip((str(mixed_photos / id) for id in store.ids(everything)), rows, strict=True))


def predicted(model: Path, batches: Iterable[Any]) -> np.ndarray:
    if is_keras(model):
        from pixelproof.network.cnn.saved import saved

        return saved.predict(saved.load(model / KERAS), batches)
    from pixelproof.network.mlp import saved as saved_mlp

    return saved_mlp.predict(saved_mlp.load(model / SKOPS), batches)


def check(answers: Iterable[Mapping[str, Any]], expected: Shares) -> None:
    """Compare answers to the photos of `expected`, in its order."""
    for answer, (photo, shares) in zip(answers, expected.items(), strict=True):
        assert answer["error"] is None, photo
        assert answer["label"] == max(shares, key=shares.__getitem__), photo
        assert answer["probabilities"] == pytest.approx(shares, abs=NEAR), photo


def test_the_command_line(model: Path, expected: Shares, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what a person is told in a shell would not be what `evaluate` has measured."""
    monkeypatch.setattr(models, "start_keras", lambda program: None)  # Keras has started for other tests
    done = CliRunner().invoke(app, ["predict", "--json", "--model", str(model), "-"], input="\n".join(expected))
    assert done.exit_code == 0, done.output
    assert len(expected) >= COUNT
    check(map(json.loads, done.stdout.splitlines()), expected)


def test_mlflows_python_function(model: Path, expected: Shares) -> None:
    """Else a notebook would say something else, from paths or from bytes."""
    answers = PhotoModel.open(model).predict(list(expected))
    check(answers.to_dict("records"), expected)


def test_the_server(model: Path, expected: Shares) -> None:
    """Else a program that asks over HTTP would get something else; here many at a time, in common batches."""
    with (
        serving(Limits(waiting=len(expected)), served=Classifier.open(model)) as address,
        ThreadPoolExecutor(8) as pool,
    ):

        def ask(photo: str) -> dict[str, Any]:
            sent = requests.post(f"{address}/predict", data=Path(photo).read_bytes(), timeout=120)
            (answer,) = sent.json()["answers"]
            return dict(answer)

        check(pool.map(ask, expected), expected)
