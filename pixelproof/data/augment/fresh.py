"""Augmented views that are drawn during training, in separate processes.

Processes, since albumentations holds the GIL: of 128 pixel images two threads drew no more than one, and every thread
slows the training step. joblib's (loky) do not import the main program again, above all no TensorFlow.
"""

import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, cached_property
from multiprocessing.util import Finalize
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np
from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor

from pixelproof.data.images.store import Images, ImageStore
from pixelproof.errors import UserError
from pixelproof.params.augment import Augment

if TYPE_CHECKING:
    import albumentations

_STARTING = Lock()


@dataclass(frozen=True)
class FreshViews:
    """Any number of views of the images at the positions `training` of a store."""

    store: ImageStore
    training: np.ndarray
    params: Augment

    @cached_property
    def labels(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The class number of each training image."""
        labels: np.ndarray = self.store.labels[self.training]
        return labels

    def gather(self, positions: np.ndarray, *, seed: int, view: int) -> Images:
        """Draw one view of the training images at `positions`, uint8 (n, height, width, channels), in their order.

        The same images that `augment` writes as that view: a pure function of the arguments. It waits for a worker
        process, so call it from several threads. Raises UserError for transforms that cannot work on an image.
        """
        chosen = self.training[positions]
        ids = self.store.index["id"].iloc[chosen].tolist()
        images = self.store.gather(chosen)
        try:
            drawn: Images = _pool().submit(_draw, images, ids, self.params.model_dump_json(), seed, view).result()
        except BrokenProcessPool:
            raise UserError(
                "augment.views: 0: a process that draws views was killed, most often for lack of memory. "
                "Free some memory, or let `augment` write views (augment.views: 1 or more)."
            ) from None
        return drawn


def workers() -> int:
    """Return the number of drawing processes: one per core that this process may use."""
    return int(cpu_count())


def _pool() -> ProcessPoolExecutor:
    """Return the process's only pool; several threads may ask for it at the same time."""
    with _STARTING:
        return _started()


@cache
def _started() -> ProcessPoolExecutor:
    pool = ProcessPoolExecutor(workers(), initializer=_begin, initargs=(os.getpid(),))
    # A process started by multiprocessing waits for its children before loky's own clean-up would end them.
    Finalize(None, pool.shutdown, kwargs={"kill_workers": True}, exitpriority=0)
    return pool


def _begin(parent: int) -> None:
    """Leave Ctrl-C and SIGTERM, which may reach all processes, to the training process; end when it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # a process whose parent was killed gets another parent
        time.sleep(0.2)
    os._exit(1)


def _draw(images: Images, ids: list[str], params: str, seed: int, view: int) -> Images:
    from pixelproof.data.augment.transforms import alter_all  # here: training must not import albumentations

    return np.stack([*alter_all(images, ids, _composed(params), seed=seed, view=view)])


@cache
def _composed(params: str) -> "albumentations.Compose":
    from pixelproof.data.augment.transforms import compose

    return compose(Augment.model_validate_json(params))
