"""Who trains the same network in benchmarks.training: this project, bare Keras, Keras's loader, PyTorch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turns import Epoch
from pixelproof.data.fresh import FreshViews
from pixelproof.data.store import ImageStore, open_views
from pixelproof.network.layout import lay_out
from pixelproof.network.plan import plan_cnn
from pixelproof.network.precision import has_bfloat16
from pixelproof.params import Params
from pixelproof.params.network import Cnn
from pixelproof.params.recipe import Precision

VIEWS, FRESH = "this project, views", "this project, views: 0"
MIXED = "this project, views, mixed_bfloat16"
FIT, LOADER = "model.fit alone, in memory", "Keras image_dataset_from_directory"
TORCH = "PyTorch loop, in memory"
SEED = 7


@dataclass(frozen=True)
class Case:
    """A network and a folder with what it is trained on: resized/, augmented/."""

    params: Params
    photos: Path  # a folder per class
    folder: Path

    @property
    def store(self) -> ImageStore:
        return ImageStore.open(self.folder / "resized")

    @property
    def multiply_adds(self) -> int:
        """Those of one image's forward pass."""
        store = self.store
        return plan_cnn(self.params.cnn, store.shape, len(store.classes)).multiply_adds


def _learner(case: Case, cnn: Cnn) -> Any:
    from pixelproof.network.cnn import CnnLearner

    store, train = case.store, case.params.train
    steps = ceil(len(store) / train.batch_size)
    return CnnLearner(cnn, train, store.shape, len(store.classes), steps_per_epoch=steps, seed=SEED)


def _fit(case: Case) -> Epoch:
    from pixelproof.network.cnn import build

    store = case.store
    model = _compiled(build(case.params.cnn, store.shape, len(store.classes)))
    images, labels = store.gather(np.arange(len(store))), store.labels
    batch = case.params.train.batch_size
    return lambda epoch: rate(len(store), lambda: model.fit(images, labels, batch_size=batch, verbose=0))


def _compiled(model: Any) -> Any:
    """Compile a network as most people do, without XLA, which is slower here."""
    loss = "binary_crossentropy" if model.output_shape[1] == 1 else "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    return model


def _project(case: Case, *, fresh: bool = False, precision: Precision = "float32") -> Epoch:
    from stages.train import Material

    cnn = case.params.cnn.model_copy(update={"precision": precision})
    store, learner = case.store, _learner(case, cnn)
    everything = np.arange(len(store))
    drawn = FreshViews(store, everything, case.params.augment) if fresh else None
    material = Material(store, [] if fresh else open_views(case.folder / "augmented"), everything, {}, drawn)

    def train(epoch: int) -> None:
        for batch in material.training_batches(epoch, case.params.train, seed=SEED):
            learner.train_batch(batch.images, batch.labels)

    return lambda epoch: rate(len(store), lambda: train(epoch))


def _loader(case: Case) -> Epoch:
    import keras
    import tensorflow as tf

    from pixelproof.network.cnn import build

    height, width, channels = case.store.shape
    classes = len(case.store.classes)
    photos = keras.utils.image_dataset_from_directory(
        case.photos,
        image_size=(height, width),
        color_mode="rgb" if channels == 3 else "grayscale",
        batch_size=case.params.train.batch_size,
        verbose=False,
    )
    layers = keras.layers
    steps = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomContrast(0.1),
    ]

    def altered(images: Any, labels: Any) -> tuple[Any, Any]:
        for step in steps:
            images = step(images, training=True)
        return images, labels

    feed = photos.map(altered, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    model = _compiled(build(case.params.cnn, case.store.shape, classes))
    return lambda epoch: rate(len(photos.file_paths), lambda: model.fit(feed, verbose=0))


def _torch(case: Case) -> Epoch:
    from benchmarks.torch_loop import epoch_of

    store = case.store
    nodes = lay_out(case.params.cnn, store.shape, len(store.classes))
    train = epoch_of(nodes, store.gather(np.arange(len(store))), store.labels, case.params.train.batch_size)
    return lambda epoch: rate(len(store), train)


def rate(items: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return items / (time.perf_counter() - began)


CONTENDERS: dict[str, Callable[[Case], Epoch]] = {
    VIEWS: _project,
    FRESH: partial(_project, fresh=True),
    **({MIXED: partial(_project, precision="mixed_bfloat16")} if has_bfloat16() else {}),
    FIT: _fit,
    LOADER: _loader,
    **({TORCH: _torch} if find_spec("torch") else {}),
}
