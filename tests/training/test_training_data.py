"""What a training is fed: batches of views, stored or drawn, and every image of the validation part."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from pixelproof.data.augment import fresh
from pixelproof.data.augment.fresh import FreshViews
from pixelproof.data.augment.transforms import alter_all, compose
from pixelproof.data.images.store import AT_ONCE, ImageStore, StoreWriter
from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.params.augment import Augment
from pixelproof.params.mlp import Mlp
from pixelproof.params.train import Train
from pixelproof.training.feed import training_batches
from pixelproof.training.training_data import TrainingData
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.waiting import wait_until

SHAPE = (8, 8, 1)
TRAIN = Train.model_validate({"epochs": 1, "batch_size": 6})
PARAMS = Augment.model_validate({"views": 0, "transforms": {"move": {"kind": "Affine", "rotate": [-90, 90], "p": 1.0}}})


def a_store(folder: Path, images: np.ndarray) -> ImageStore:
    """A store of these images, of two classes in turns."""
    labels = ["ab"[n % 2] for n in range(len(images))]
    index = pd.DataFrame({"id": [str(n) for n in range(len(images))], "label": labels})
    StoreWriter(folder, index, SHAPE, ["a", "b"], {}).write(0, images)
    return ImageStore.open(folder)


def some_images(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def test_the_last_smaller_batch_is_validated_on_too(tmp_path: Path) -> None:
    """Else a part of the validation photos would have no say in which epoch is the best."""
    count = AT_ONCE + 3
    store = a_store(tmp_path / "store", some_images(count + 5))
    valid = np.arange(5, count + 5)[::-1]
    batches = list(TrainingData(store, [], valid, {}).valid_batches())
    assert [len(labels) for _, labels in batches] == [AT_ONCE, 3]
    np.testing.assert_array_equal(np.concatenate([images for images, _ in batches]), store.gather(valid))
    mlp = Mlp(hidden=[4], activation="relu", l2=0.0, learning_rate=0.01)
    learner = MlpLearner(mlp, TRAIN, 64, 2, steps_per_epoch=1, seed=7)
    learner.train_batch(*batches[0])
    assert learner.predict(iter(batches)).shape == (count, 2)


def test_drawn_views_are_fed_as_stored_ones_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `views: 0` would be another training than one with a view for each epoch: other order, labels or pixels."""
    images = some_images(20)
    store, training = a_store(tmp_path / "store", images), np.arange(20)
    transforms, ids = compose(PARAMS), store.index["id"].tolist()
    drawn = [np.stack([*alter_all(images, ids, transforms, seed=7, view=view)]) for view in range(2)]
    stored = TrainingData(store, [a_store(tmp_path / f"{n}", view) for n, view in enumerate(drawn)], training, {})
    material = TrainingData(store, [], training, {}, FreshViews(store, training, PARAMS))
    assert stored.label_counts == material.label_counts
    with ThreadPoolExecutor(1) as thread:
        monkeypatch.setattr(fresh, "_pool", lambda: thread)
        for epoch, start in [(0, 0), (1, 0), (1, 2)]:
            one, other = (list(m.training_batches(epoch, TRAIN, seed=7, start=start)) for m in (stored, material))
            assert len(one) == len(other) == 4 - start
            for batch, expected in zip(other, one, strict=True):
                np.testing.assert_array_equal(batch.images, expected.images)
                np.testing.assert_array_equal(batch.labels, expected.labels)


@pytest.mark.parametrize("drawn", [False, True])
def test_a_recipe_without_views_trains_on_the_images_themselves_in_the_same_order(tmp_path: Path, drawn: bool) -> None:
    """Else `mlp.augment: false` would train on views, on photos of other parts, or on other batches than the CNN."""
    images, training = some_images(20), np.array([1, 2, 4, 7, 8, 11, 15, 18])
    store = a_store(tmp_path / "store", images)
    views = [replace(store, index=store.index.iloc[training], shards=[255 - images])]
    fresh_views = FreshViews(store, training, PARAMS) if drawn else None
    data = TrainingData(store, [] if drawn else views, np.arange(1), {}, fresh_views)
    assert data.for_recipe(None) is data.for_recipe(True) is data
    own = data.for_recipe(False)
    np.testing.assert_array_equal(own.labels, data.labels)
    expected = images[training]
    for epoch in range(2):
        batches = own.training_batches(epoch, TRAIN, seed=7)
        wanted = training_batches(lambda chosen: expected[chosen], data.labels, 6, seed=7, epoch=epoch)
        for batch, want in zip(batches, wanted, strict=True):
            np.testing.assert_array_equal(batch.images, want.images)
            np.testing.assert_array_equal(batch.labels, want.labels)


@pytest.fixture
def drawing(prepared: Prepared, tmp_path: Path) -> Project:
    """A small project with `views: 0`, ready to be trained."""
    project = prepared.ready_to_train(tmp_path)
    project.edit(lambda params: (params["augment"].update(views=0), params["train"].update(epochs=10_000)))
    project.repro("augment")
    return project


@pytest.mark.slow
def test_workers_load_no_tensorflow_and_die_with_a_killed_training(drawing: Project) -> None:
    """Else every worker would cost what TensorFlow does, and a kill leave processes that hold memory for ever."""
    log = drawing.root / "log"
    with log.open("w") as file:
        training = psutil.Popen([sys.executable, "-m", "stages.train_cnn"], cwd=drawing.root, stderr=file)
    try:
        wait_until(lambda: "epoch 2" in log.read_text(), training)
        started = training.children(recursive=True)
        workers = [child for child in started if maps_library(child, "cv2")]
        assert len(workers) == fresh.workers(), log.read_text()
        assert not any(maps_library(child, "tensorflow") for child in started)
        assert maps_library(training, "tensorflow")
    finally:
        training.kill()
        training.wait()
    wait_until(lambda: not any(child.is_running() for child in started), seconds=60)


def maps_library(process: psutil.Process, name: str) -> bool:
    return name in Path(f"/proc/{process.pid}/maps").read_text()
