"""Photos of many requests, answered together: a network takes hardly longer for 64 images than for one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from pixelproof.inference.classifier import AT_ONCE

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Batcher(Generic[Asked, Answered]):
    """Has one batch after the other answered, in a thread: while it works on one, the next one gathers.

    So nobody waits for others: alone, a photo is a batch of its own.
    """

    def __init__(self, answer: Callable[[list[Asked]], list[Answered]]) -> None:
        self._answer_all = answer
        self._queue: asyncio.Queue[tuple[Asked, asyncio.Future[Answered]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def ask(self, asked: Asked) -> Answered:
        """Return the answer, once the batch is answered that this one is in."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((asked, answer))
        return await answer

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._answer(batch)

    async def _answer(self, batch: list[tuple[Asked, "asyncio.Future[Answered]"]]) -> None:
        try:
            answers = await asyncio.to_thread(self._answer_all, [asked for asked, _ in batch])
        except Exception as error:  # the server goes on; whoever asked gets to know
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # whoever asked may have gone
                future.set_result(answer)
