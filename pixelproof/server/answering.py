"""The photos of a request, read and answered in batches with those of others."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pixelproof.data.photos.pixels import Pixels
from pixelproof.evidence.heat import as_png
from pixelproof.evidence.witness import Witness
from pixelproof.inference.classifier import Answer, Classifier, Said
from pixelproof.server.batching import Batcher
from pixelproof.server.limits import Limits, RefusedError
from pixelproof.server.requests import Named

PICTURE_PX = 320  # longer side of a picture of what spoke for an answer
SMALL = 32_768  # bytes: reading such a photo takes less time than handing it to another thread and back


@dataclass(frozen=True)
class Explained:
    """What spoke for an answer, as a picture."""

    method: str  # gradcam, or occlusion where the network has no maps
    png: bytes


class Answering:
    """A model in service."""

    def __init__(self, classifier: Classifier, limits: Limits) -> None:
        preprocessing = classifier.preprocessing
        allowed = min(preprocessing.max_megapixels, limits.megapixels)
        self.classifier = replace(classifier, preprocessing=replace(preprocessing, max_megapixels=allowed))
        self._limits = limits
        self._readers = ThreadPoolExecutor(os.cpu_count() or 1, "read")
        self._explainer = ThreadPoolExecutor(1, "explain")  # so that answers go on meanwhile
        self._witness = Witness(self.classifier)
        self.batcher = Batcher(self._batch)
        self.sizes: list[int] = []  # of the network's batches since the last look
        self.waiting = 0  # photos

    async def answer(self, photos: Sequence[Named]) -> list[Answer]:
        """Return an answer for each photo, in their order. Raises RefusedError (429) when too many are waiting."""
        with self._in_work(len(photos)):
            return list(await asyncio.gather(*(self._answer(name, data) for name, data in photos)))

    async def explain(self, name: str, data: bytes) -> tuple[Answer, Explained | None]:
        """Return the answer for a photo, and what spoke for it; None where the photo cannot be read.

        Raises RefusedError (429) when too many are waiting.
        """
        with self._in_work(1):
            image = await self._read(data)
            said = image if isinstance(image, str) else await self.batcher.ask(image)
            if isinstance(image, str) or isinstance(said, str):
                return Answer(name, error=str(said)), None
            loop = asyncio.get_running_loop()
            explained = await loop.run_in_executor(self._explainer, self._explain, image, said.label)
            return self.classifier.named(name, said), explained

    async def stop(self) -> None:
        await self.batcher.stop()
        for threads in (self._readers, self._explainer):
            threads.shutdown(wait=False, cancel_futures=True)

    def _explain(self, image: Pixels, label: int) -> Explained:
        method, heat = self._witness.map_of(image, label)
        return Explained(method, as_png(image, heat, PICTURE_PX))

    @contextmanager
    def _in_work(self, photos: int) -> Iterator[None]:
        if self.waiting + photos > self._limits.waiting:
            raise RefusedError(429, f"{self.waiting} photos are waiting already; try again soon", {"Retry-After": "1"})
        self.waiting += photos
        try:
            yield
        finally:
            self.waiting -= photos

    async def _answer(self, name: str, data: bytes) -> Answer:
        photo = data if len(data) <= SMALL else await self._read(data)
        answer = photo if isinstance(photo, str) else await self.batcher.ask(photo)
        return Answer(name, error=answer) if isinstance(answer, str) else self.classifier.named(name, answer)

    async def _read(self, data: bytes) -> Pixels | str:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.classifier.image, data)

    def _batch(self, photos: list[bytes | Pixels]) -> list[Said | str]:
        """Return for each photo, large ones are read already, what the network says, or why it cannot read it."""
        images = [self.classifier.image(photo) if isinstance(photo, bytes) else photo for photo in photos]
        good = [image for image in images if not isinstance(image, str)]
        said = iter(self.classifier.say(good))
        self.sizes += [len(good)] if good else []
        return [image if isinstance(image, str) else next(said) for image in images]
