"""The nearest training photos: by which features, of which photos, and computed how often."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.images.store import StoreWriter
from pixelproof.evidence import neighbours
from pixelproof.evidence.features import features_of
from pixelproof.evidence.neighbours import TrainingPhotos
from pixelproof.files import write_json
from pixelproof.inference.classifier import Classifier
from tests.support.saved_models import CLASSES, PREPROCESSING, SHAPE, save_cnn, save_mlp

pytestmark = pytest.mark.slow

COUNT = 12
IMAGES = np.random.default_rng(5).integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8)


def write_data(classes: list[str] = CLASSES, fit: str = "pad") -> None:
    """Write images of which the last third is for testing."""
    index = pd.DataFrame({"id": [f"{n}.png" for n in range(COUNT)], "label": [classes[n % 3] for n in range(COUNT)]})
    StoreWriter(Path("data/resized"), index, SHAPE, classes, {"fit": fit}).write(0, IMAGES)
    part = ["train"] * 8 + ["test"] * 4
    index.assign(part=part, group=index["id"]).to_csv("data/splits.csv", index=False)


@pytest.fixture(params=["cnn", "mlp", "mirrored"])
def model(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    monkeypatch.chdir(tmp_path)
    save: dict[str, Any] = {
        "cnn": lambda: save_cnn(tmp_path / "m", head={"kind": "softmax", "hidden": 6, "activation": "elu"}),
        "mirrored": lambda: save_cnn(tmp_path / "m", average_mirrored=True),
        "mlp": lambda: save_mlp(tmp_path / "m"),
    }
    return Classifier.open(save[request.param]())


def test_the_nearest_have_the_smallest_angle_and_are_of_the_training_part(model: Classifier) -> None:
    """Worked out here photo by photo; the photo itself, which is one of them, comes first."""
    write_data()
    training = TrainingPhotos.of(model.model, model.preprocessing)
    assert training is not None
    features, _ = features_of(model.model)
    own, *others = (features(IMAGES[n : n + 1])[0] for n in (3, *range(8)))
    cosines = [np.dot(own, other) / (np.linalg.norm(own) * np.linalg.norm(other)) for other in others]
    found = training.nearest(IMAGES[3], 4)
    assert [photo.id for photo in found] == [f"{n}.png" for n in np.argsort(np.negative(cosines))[:4]]
    assert [photo.distance for photo in found] == pytest.approx(sorted(1 - np.array(cosines))[:4], abs=1e-5)
    assert (found[0].id, found[0].label) == ("3.png", CLASSES[0])
    np.testing.assert_array_equal(found[0].image, IMAGES[3])


def test_features_are_the_last_hidden_layers(model: Classifier) -> None:
    """From them the output layer alone must give the network's own answers."""
    features, _ = features_of(model.model)
    seen = features(IMAGES)
    if hasattr(model.model, "named_steps"):
        network = model.model["mlp"]
        sums = seen @ network.coefs_[-1] + network.intercepts_[-1]
    else:
        from pixelproof.evidence.graph import flips, scores

        network, sides = flips(model.model)
        if len(sides) == 2:  # the mean of two answers is not the answer to the mean of both features
            mirrored = features(IMAGES[:, :, ::-1])
            np.testing.assert_allclose(seen, mirrored, rtol=1e-5)
            return
        sums = np.asarray(scores(seen, network))
    shares = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, model.network(IMAGES), atol=1e-5)


@pytest.mark.parametrize("model", ["mlp"], indirect=True)
def test_a_model_looks_at_its_training_photos_once(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call must be quick; other images, or weights, are another matter."""
    write_data()
    calls: list[Path] = []
    embed = neighbours._embed
    monkeypatch.setattr(neighbours, "_embed", lambda *given: calls.append(given[-1]) or embed(*given))
    for _ in range(2):
        assert TrainingPhotos.of(model.model, model.preprocessing) is not None
    assert len(calls) == 1
    model.model["mlp"].coefs_[0][0, 0] += 1
    TrainingPhotos.of(model.model, model.preprocessing)
    for _ in range(4):
        shard = np.load("data/resized/images-000.npy", mmap_mode="r+")
        shard[0] += 1
        shard.flush()
        TrainingPhotos.of(model.model, model.preprocessing)
    assert len(set(calls)) == len(calls) == 6
    assert len(list(Path(".work/evidence").iterdir())) == neighbours.KEPT


@pytest.mark.parametrize("model", ["mlp"], indirect=True)
def test_photos_of_another_model_are_none(model: Classifier) -> None:
    """Else a sheet would show photos that this model never saw."""
    assert TrainingPhotos.of(model.model, model.preprocessing) is None
    write_data(classes=["ape", "bee", "dog"])
    assert TrainingPhotos.of(model.model, model.preprocessing) is None
    description = Path("data/resized/store.json")
    write_json(description, {**PREPROCESSING, "version": 1, "images": COUNT, "height": 10, "width": 12, "channels": 3,
                             "made_with": {"fit": "crop"}, "accepts": {}})  # fmt: skip
    assert TrainingPhotos.of(model.model, model.preprocessing) is None
