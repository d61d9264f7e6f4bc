"""The photos of a request, read on all cores and answered in batches with those of others."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pixelproof.inference.classifier import Answer, Classifier
from pixelproof.server.batching import Batcher
from pixelproof.server.limits import Limits, RefusedError
from pixelproof.server.requests import Named


class Answering:
    """A model in service."""

    def __init__(self, classifier: Classifier, limits: Limits) -> None:
        preprocessing = classifier.preprocessing
        allowed = min(preprocessing.max_megapixels, limits.megapixels)
        self._classifier = replace(classifier, preprocessing=replace(preprocessing, max_megapixels=allowed))
        self._limits = limits
        self._readers = ThreadPoolExecutor(os.cpu_count() or 1, "read")
        self.batcher = Batcher(classifier.network)
        self.waiting = 0  # photos

    async def answer(self, photos: Sequence[Named]) -> list[Answer]:
        """Return an answer for each photo, in their order. Raises RefusedError (429) when too many are waiting."""
        if self.waiting + len(photos) > self._limits.waiting:
            raise RefusedError(429, f"{self.waiting} photos are waiting already; try again soon", {"Retry-After": "1"})
        self.waiting += len(photos)
        try:
            return list(await asyncio.gather(*(self._answer(name, data) for name, data in photos)))
        finally:
            self.waiting -= len(photos)

    async def _answer(self, name: str, data: bytes) -> Answer:
        image = await asyncio.get_running_loop().run_in_executor(self._readers, self._classifier.image, data)
        if isinstance(image, str):
            return Answer(name, error=image)
        return self._classifier.named(name, await self.batcher.ask(image))
