"""Photos of many requests, answered together: a network takes hardly longer for 64 images than for one."""

import asyncio
from contextlib import suppress

import numpy as np

from pixelproof.data.photos.pixels import Pixels
from pixelproof.inference.classifier import AT_ONCE, Network


class Batcher:
    """Asks a network for one batch after the other: while it works on one, the next one gathers.

    So nobody waits for others: alone, a photo is a batch of its own.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._queue: asyncio.Queue[tuple[Pixels, asyncio.Future[np.ndarray]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.sizes: list[int] = []  # of the batches since the last look

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def ask(self, image: Pixels) -> np.ndarray:
        """Return the probabilities of the classes, float32 (classes,), for an image as the network takes it."""
        answer: asyncio.Future[np.ndarray] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((image, answer))
        return await answer

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._answer(batch)

    async def _answer(self, batch: list[tuple[Pixels, "asyncio.Future[np.ndarray]"]]) -> None:
        images = np.stack([image for image, _ in batch])
        try:
            rows = await asyncio.to_thread(self._network, images)
        except Exception as error:  # the server goes on; whoever asked gets to know
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        self.sizes.append(len(batch))
        for (_, answer), row in zip(batch, rows, strict=True):
            if not answer.done():  # whoever asked may have gone
                answer.set_result(row)
