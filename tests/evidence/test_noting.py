"""What a model says of how sure it is, beside its answers: in a shell, over HTTP, and only where it is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from typer.testing import CliRunner

from pixelproof.cli import app
from pixelproof.evaluation.temperature import scale
from pixelproof.evaluation.uncertainty import UNLIKE, Uncertainty
from pixelproof.evidence.features import directions, features_of
from pixelproof.evidence.noting import open_noting, seeing
from pixelproof.files import write_json
from pixelproof.inference import models
from pixelproof.inference.classifier import Classifier, Photo
from pixelproof.server.limits import Limits
from tests.support.photos import encoded, picture, write_photos
from tests.support.saved_models import CLASSES, save_cnn, save_mlp
from tests.support.servers.photos import serving

pytestmark = pytest.mark.slow  # TensorFlow takes seconds to load

WEIGHTS = "5" * 64
SURE = Uncertainty(0.9, 1.0, 1e-6, None, WEIGHTS)  # every class is possible
KINDS = pytest.mark.parametrize("model", ["cnn", "mlp"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both models in their places, and photos."""
    root = tmp_path_factory.mktemp("project")
    for model, save in (("cnn", save_cnn), ("mlp", save_mlp)):
        (root / f"models/{model}").mkdir(parents=True)
        save(root / f"models/{model}/mlflow")
        write_json(root / f"models/{model}/run.json", {"weights_sha256": WEIGHTS})
    write_photos(root / "photos", 3)
    return root


@pytest.fixture
def project(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, without thresholds."""
    monkeypatch.chdir(trained)
    monkeypatch.setattr(models, "start_keras", lambda program: None)  # Keras has started for other tests
    (trained / "reports/uncertainty.json").unlink(missing_ok=True)
    (trained / "data/predicted/cnn/features.npz").unlink(missing_ok=True)
    return trained


def evaluated(root: Path, **changes: Any) -> Uncertainty:
    """Write what `evaluate` would have found, the same for both models."""
    known = Uncertainty(**{**SURE.as_json(), **changes})  # type: ignore[arg-type]  # fields of several types
    write_json(root / "reports/uncertainty.json", {"cnn": known.as_json(), "mlp": known.as_json()})
    return known


def featured(root: Path, weights: str = WEIGHTS) -> np.ndarray:
    """Write features of training photos that are all at one place; return the photos' own, float16."""
    classifier = Classifier.open(root / "models/cnn/mlflow")
    photos = sorted((root / "photos").rglob("*.jpg"))
    images = np.stack([classifier.preprocessing.image(path.read_bytes()) for path in photos])
    own = directions(features_of(classifier.model)[0], [(images, None)])
    (root / "data/predicted/cnn").mkdir(parents=True, exist_ok=True)
    np.savez(root / "data/predicted/cnn/features.npz", train=np.repeat(own[:1], 5, axis=0), weights_sha256=weights)
    return own


def predict(*arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["predict", "--json", *arguments, "photos"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def raw(root: Path, model: str) -> np.ndarray:
    """Return what the network itself says of the photos."""
    classifier = Classifier.open(root / f"models/{model}/mlflow")
    answers = classifier.answer(Photo(str(path), path.read_bytes) for path in sorted((root / "photos").rglob("*.jpg")))
    return np.array([list((answer.probabilities or {}).values()) for answer in answers], np.float32)


def shares(answers: list[dict[str, Any]]) -> np.ndarray:
    return np.array([[answer["probabilities"][label] for label in CLASSES] for answer in answers])


@KINDS
def test_an_answer_with_several_possible_classes_is_unsure(project: Path, model: str) -> None:
    """Else a photo between two classes would be answered as if there were no doubt."""
    evaluated(project)
    answers = predict("--model", model)
    for answer in answers:
        first, second, third = sorted(CLASSES, key=lambda label: -answer["probabilities"][label])
        assert answer["note"] == f"unsure: {first}, {second} or {third}"
    text = CliRunner().invoke(app, ["predict", "--model", model, "photos/bars/bars000.jpg"]).stdout
    assert text.endswith(f"  {answers[0]['note']}\n")
    csv = CliRunner().invoke(app, ["predict", "--model", model, "--csv", "photos"]).stdout.splitlines()
    assert csv[0].startswith("photo,label,error,note,p_")
    assert answers[0]["note"] in csv[1]


@KINDS
def test_the_temperature_is_the_one_that_evaluate_has_used(project: Path, model: str) -> None:
    """Else `predict` would contradict reports/predictions.parquet."""
    evaluated(project, temperature=2.5)
    np.testing.assert_allclose(shares(predict("--model", model)), scale(raw(project, model), 2.5), atol=1e-6)
    classifier = open_noting(model, "test")
    images = np.random.default_rng(0).integers(256, size=(3, *classifier.preprocessing.shape), dtype=np.uint8)
    said = np.stack([each.probabilities for each in classifier.say(list(images))])
    np.testing.assert_allclose(classifier.network(images), said, atol=1e-6)  # what occlusion asks


def test_a_photo_far_from_all_training_photos_is_unlike_them(project: Path) -> None:
    """Else a wolf would be 0.99 dog without a word. The threshold is between the photos' own distances."""
    own = featured(project).astype(np.float32)
    away = np.sqrt(np.maximum(2 - 2 * own @ own[0] / np.linalg.norm(own[0]) / np.linalg.norm(own, axis=1), 0))
    border = float(np.sort(away)[2:4].mean())
    evaluated(project, least_probability=0.0, largest_distance=border)
    answers = predict()
    assert [answer["note"] == UNLIKE for answer in answers] == (away > border).tolist()
    np.testing.assert_allclose(shares(answers), raw(project, "cnn"), atol=1e-6)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_one_pass_gives_the_features_and_the_answers_of_two(tmp_path: Path, mirrored: bool, head: str) -> None:
    """Else a note would be about other features than those that the threshold is of."""
    preprocessing = {"classes": ["no", "yes"]} if head == "sigmoid" else {}
    classifier = Classifier.open(
        save_cnn(tmp_path / "mlflow", average_mirrored=mirrored, head=head, preprocessing=preprocessing)
    )
    images = np.random.default_rng(0).integers(256, size=(5, *classifier.preprocessing.shape), dtype=np.uint8)
    features, probabilities = seeing(classifier.model)(images)
    np.testing.assert_allclose(features, features_of(classifier.model)[0](images), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probabilities, classifier.network(images), atol=1e-6)


def test_nothing_is_said_by_thresholds_of_other_weights(project: Path) -> None:
    """Trained again, and not evaluated: the old thresholds and the old temperature would be wrong without a sign."""
    evaluated(project, temperature=2.5, weights_sha256="6" * 64)
    answers = predict()
    assert {answer["note"] for answer in answers} == {""}
    np.testing.assert_allclose(shares(answers), raw(project, "cnn"), atol=1e-6)


def test_nothing_is_called_unlike_by_features_of_other_weights(project: Path) -> None:
    """Features of two trainings have nothing in common: every photo would be far away."""
    featured(project, "6" * 64)
    evaluated(project, least_probability=0.0, largest_distance=0.0)
    assert UNLIKE not in {answer["note"] for answer in predict()}


def test_a_model_from_elsewhere_says_nothing_of_it(project: Path, tmp_path: Path) -> None:
    """This project's thresholds are not another model's."""
    evaluated(project)
    assert {answer["note"] for answer in predict("--model", str(save_mlp(tmp_path / "mlflow")))} == {""}


def test_the_server_says_it_too(project: Path) -> None:
    """Else a person at the page would not be told what one in a shell is."""
    evaluated(project)
    photo = encoded(picture(), "PNG")
    with serving(Limits(), served=open_noting("mlp", "test")) as address:
        (answer,) = requests.post(f"{address}/predict", data=photo, timeout=60).json()["answers"]
        shown = requests.post(f"{address}/explain", data=photo, timeout=60).json()
    assert answer["note"].startswith("unsure: ")
    assert shown["note"] == answer["note"]
