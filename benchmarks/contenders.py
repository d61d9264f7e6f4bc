"""The contenders of benchmarks.training, on the same network: this project, bare Keras, Keras's loader, PyTorch."""

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
from pixelproof.data.augment.fresh import FreshViews
from pixelproof.data.images.store import ImageStore, open_views
from pixelproof.network.cnn.layout.nodes import lay_out
from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from pixelproof.params.recipe import Precision
from pixelproof.params.whole import Params

VIEWS, FRESH = "this project, views", "this project, views: 0"
FIT = "model.fit alone, in memory"
LOADER, LOADER_GUIDE = "Keras's loader, the same alterations", "Keras's loader, four alterations"
TORCH = "PyTorch loop, in memory"
SEED = 7


@dataclass(frozen=True)
class Workload:
    """A network, and the folder of its training data: resized/, augmented/."""

    params: Params
    photos: Path  # a folder per class
    folder: Path

    @property
    def store(self) -> ImageStore:
        return ImageStore.open(self.folder / "resized")

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one image's forward pass."""
        store = self.store
        return plan_cnn(self.params.cnn, store.shape, len(store.classes)).multiply_adds


def _learner(case: Workload, cnn: Cnn) -> Any:
    from pixelproof.network.cnn.cnn import CnnLearner

    store, train = case.store, case.params.train
    steps = ceil(len(store) / train.batch_size)
    return CnnLearner(cnn, train, store.shape, len(store.classes), steps_per_epoch=steps, seed=SEED)


def _fit(case: Workload, precision: Precision) -> Epoch:
    store, model = case.store, _plain_model(case, precision)
    images, labels = store.gather(np.arange(len(store))), store.labels
    batch = case.params.train.batch_size
    return lambda epoch: rate(len(store), lambda: model.fit(images, labels, batch_size=batch, verbose=0))


def _plain_model(case: Workload, precision: Precision) -> Any:
    """Return the network, compiled as most people do, except that XLA, which is slower here, is off."""
    from pixelproof.network.cnn.cnn import build

    store = case.store
    model = build(_in(precision, case.params.cnn), store.shape, len(store.classes))
    loss = "binary_crossentropy" if model.output_shape[1] == 1 else "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    return model


def _in(precision: Precision, cnn: Cnn) -> Cnn:
    return cnn.model_copy(update={"precision": precision})


def _project(case: Workload, precision: Precision, *, fresh: bool = False) -> Epoch:
    from pixelproof.training.training_data import TrainingData

    store, learner = case.store, _learner(case, _in(precision, case.params.cnn))
    everything = np.arange(len(store))
    drawn = FreshViews(store, everything, case.params.augment) if fresh else None
    data = TrainingData(store, [] if fresh else open_views(case.folder / "augmented"), everything, {}, drawn)

    def train(epoch: int) -> None:
        for batch in data.training_batches(epoch, case.params.train, seed=SEED):
            learner.train_batch(batch.images, batch.labels)

    return lambda epoch: rate(len(store), lambda: train(epoch))


def _loader(case: Workload, precision: Precision, *, guide: bool = False) -> Epoch:
    from benchmarks.keras_loader import altered_photos, counterparts, guide_layers

    alterations = guide_layers() if guide else counterparts(case.params.augment)
    feed, photos = altered_photos(case.photos, case.store.shape, case.params.train.batch_size, alterations)
    model = _plain_model(case, precision)
    return lambda epoch: rate(photos, lambda: model.fit(feed, verbose=0))


def _torch(case: Workload, precision: Precision) -> Epoch:
    from benchmarks.torch_loop import epoch_of

    store = case.store
    nodes = lay_out(case.params.cnn, store.shape, len(store.classes))
    train = epoch_of(nodes, store.gather(np.arange(len(store))), store.labels, case.params.train.batch_size)
    return lambda epoch: rate(len(store), train)


def rate(items: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return items / (time.perf_counter() - began)


Build = Callable[[Workload, Precision], Epoch]
IN_FLOAT32: dict[str, Build] = {
    VIEWS: _project,
    FRESH: partial(_project, fresh=True),
    FIT: _fit,
    LOADER: _loader,
    LOADER_GUIDE: partial(_loader, guide=True),
    **({TORCH: _torch} if find_spec("torch") else {}),
}


def contenders() -> dict[tuple[Precision, str], Build]:
    """Return all contenders that can run on this machine, by precision and name."""
    # Here, since it loads TensorFlow, and a process that then loads PyTorch crashes (two copies of LLVM).
    from pixelproof.network.cnn.precision import has_bfloat16

    in_bfloat16 = (VIEWS, FIT, LOADER) if has_bfloat16() else ()
    return {
        **{("float32", name): build for name, build in IN_FLOAT32.items()},
        **{("mixed_bfloat16", name): IN_FLOAT32[name] for name in in_bfloat16},
    }
