"""Views that are drawn while the training goes on."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib.externals.loky import ProcessPoolExecutor

from pixelproof.data.augment import fresh
from pixelproof.data.augment.fresh import FreshViews
from pixelproof.data.augment.transforms import alter, compose
from pixelproof.data.images.store import ImageStore, StoreWriter
from pixelproof.errors import UserError
from pixelproof.experiments.shuffle import ShuffledViews, draw_order
from pixelproof.params.augment import Augment

SHAPE = (16, 12, 3)
COUNT = 9
TRAINING = np.array([1, 2, 4, 7, 8])
RANDOM = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8)
PARAMS = Augment.model_validate(
    {
        "views": 0,
        "transforms": {
            "move": {"kind": "Affine", "rotate": [-20, 20], "scale": [0.8, 1.2], "p": 1.0},
            "noise": {"kind": "GaussNoise", "p": 0.7},
        },
    }
)
COMPOSED = compose(PARAMS)
POOL, START = fresh._pool, fresh._started.__wrapped__  # the latter without its cache


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    folder = tmp_path_factory.mktemp("store") / "store"
    index = pd.DataFrame({"id": [f"{n}.png" for n in range(COUNT)], "label": ["b", "a", "a"] * 3})
    StoreWriter(folder, index, SHAPE, ["b", "a"], {}).write(0, RANDOM)
    return ImageStore.open(folder)


@pytest.fixture(scope="module")
def views(store: ImageStore) -> Iterator[FreshViews]:
    """Fresh views drawn by a thread of this process: worker processes take seconds to start."""
    with ThreadPoolExecutor(1) as thread, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fresh, "_pool", lambda: thread)
        yield FreshViews(store, TRAINING, PARAMS)


def expected(positions: list[int], seed: int, view: int) -> np.ndarray:
    chosen = TRAINING[positions]
    return np.stack([alter(COMPOSED, RANDOM[n], seed=seed, id=f"{n}.png", view=view) for n in chosen])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_they_are_those_that_augment_would_write(views: FreshViews, positions: list[int], seed: int, view: int) -> None:
    """Else `views: 0` would train on other pictures than the sheet shows, or on the validation part's."""
    drawn = views.gather(np.array(positions), seed=seed, view=view)
    np.testing.assert_array_equal(drawn, expected(positions, seed, view))


def test_labels_are_those_of_the_training_images(store: ImageStore, views: FreshViews) -> None:
    """Else the models would learn wrong answers."""
    assert views.labels.tolist() == store.labels[TRAINING].tolist()


def test_shuffled_views_are_altered_first(views: FreshViews) -> None:
    """Else the shuffle test would rotate noise, and call the outcome a property of the network."""
    order = draw_order(SHAPE, seed=7)
    drawn = ShuffledViews.of(views, order).gather(np.arange(5), seed=7, view=2)
    pixels = expected([0, 1, 2, 3, 4], 7, 2).reshape(5, -1, 3)
    np.testing.assert_array_equal(drawn.reshape(5, -1, 3), pixels[:, order])


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ProcessPoolExecutor]]:
    """The worker processes that a test starts, ended after it."""
    started: list[ProcessPoolExecutor] = []

    @cache
    def start(count: int) -> ProcessPoolExecutor:
        started.append(START())
        return started[-1]

    monkeypatch.setattr(fresh, "_pool", POOL)
    monkeypatch.setattr(fresh, "_started", lambda: start(fresh.workers()))
    yield started
    for each in started:
        each.shutdown(kill_workers=True)


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(
    store: ImageStore, pools: list[ProcessPoolExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a training would end with other weights on a machine with more cores."""
    for count in (1, 3):
        monkeypatch.setattr(fresh, "workers", lambda count=count: count)
        with ThreadPoolExecutor(4) as threads:
            draw = partial(FreshViews(store, TRAINING, PARAMS).gather, np.arange(5), seed=7)
            drawn = [threads.submit(draw, view=view) for view in range(8)]
        for view, images in enumerate(drawn):
            np.testing.assert_array_equal(images.result(), expected([0, 1, 2, 3, 4], 7, view))
    assert [pool._max_workers for pool in pools] == [1, 3]


@pytest.mark.slow
def test_a_transform_that_cannot_work_is_the_users_mistake(store: ImageStore, pools: list[ProcessPoolExecutor]) -> None:
    """Else a worker's traceback would meet the user."""
    too_large = {"views": 0, "transforms": {"x": {"kind": "Crop", "x_max": 500, "y_max": 500, "p": 1.0}}}
    views = FreshViews(store, TRAINING, Augment.model_validate(too_large))
    with pytest.raises(UserError, match=r"augment\.transforms: failed on an image"):
        views.gather(np.arange(5), seed=7, view=0)


@pytest.mark.slow
def test_workers_outlive_ctrl_c_but_not_a_kill(
    store: ImageStore, pools: list[ProcessPoolExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else Ctrl-C would break the batch that the training still has to finish; a lost worker must end in a message."""
    monkeypatch.setattr(fresh, "workers", lambda: 1)
    views = FreshViews(store, TRAINING, PARAMS)
    views.gather(np.arange(5), seed=7, view=0)
    (worker,) = pools[0]._processes
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(worker, number)
    time.sleep(0.5)
    np.testing.assert_array_equal(views.gather(np.arange(5), seed=7, view=1), expected([0, 1, 2, 3, 4], 7, 1))
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.5)
    with pytest.raises(UserError, match="was killed"):
        views.gather(np.arange(5), seed=7, view=2)
