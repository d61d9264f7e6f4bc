"""A trained network that answers photo files."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.pixels import Pixels
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.paths import PREPROCESSING

KERAS, SKOPS = Path("data/model.keras"), Path("model.skops")  # in the folder of a model
AT_ONCE = 64  # photos: in memory there are the images of two batches, never the files

Network = Callable[[np.ndarray], np.ndarray]  # uint8 images (n, height, width, channels) to (n, classes) float32
Noting = Callable[[np.ndarray], tuple[np.ndarray, list[str]]]  # the same, and a note for each image


@dataclass(frozen=True)
class Photo:
    """A photo to answer: its name, and what reads its bytes. That may raise OSError."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Said:
    """What a network says of an image: probabilities, float32 (classes,), and how sure it is, in words."""

    probabilities: np.ndarray
    note: str

    @property
    def label(self) -> int:
        """The number of the likeliest class."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True)
class Answer:
    """What a model says of a photo; or, in `error`, why it cannot say anything."""

    photo: str
    label: str | None = None
    probabilities: dict[str, float] | None = None  # of every class, by name
    error: str | None = None
    note: str = ""  # how sure the answer is, in words; empty: sure, or nothing is known


@dataclass(frozen=True)
class Classifier:
    """A network with the preprocessing that it was trained with."""

    preprocessing: Preprocessing
    network: Network
    model: Any = None  # what Keras or scikit-learn has loaded
    noting: Noting | None = None  # None: nothing is known of how sure answers are

    @classmethod
    def open(cls, folder: Path) -> "Classifier":
        """Open a model that a training has saved in MLflow's format."""
        preprocessing = Preprocessing.load(folder)
        return cls(preprocessing, *(_keras(folder / KERAS) if is_keras(folder) else _sklearn(folder / SKOPS)))

    def answer(self, photos: Iterable[Photo]) -> Iterator[Answer]:
        """Yield an answer for each photo, in their order; the next ones are read meanwhile, on all cores."""
        photos = iter(photos)
        batches = iter(lambda: list(islice(photos, AT_ONCE)), [])
        with quiet_pillow(self.preprocessing.max_megapixels), ThreadPoolExecutor() as pool:
            before: list[tuple[Photo, Future[Pixels | str]]] = []
            for batch in chain(batches, [[]]):
                begun = [(photo, pool.submit(self._image, photo)) for photo in batch]
                yield from self._answers(before)
                before = begun

    def _image(self, photo: Photo) -> Pixels | str:
        """Return the photo as the network takes it, or why there is none."""
        try:
            return self.image(photo.read())
        except OSError as error:
            return f"unreadable: {error.strerror or error}"

    def image(self, data: bytes) -> Pixels | str:
        """Return the bytes of a photo as the network takes it, or why they cannot be read."""
        try:
            return self.preprocessing.image(data)
        except BadImageError as bad:
            return f"{bad.reason}: {bad.detail}"

    def _answers(self, read: list[tuple[Photo, "Future[Pixels | str]"]]) -> Iterator[Answer]:
        results = [(photo.name, future.result()) for photo, future in read]
        images = [result for _, result in results if not isinstance(result, str)]
        said = iter(self.say(images))
        for name, result in results:
            yield Answer(name, error=result) if isinstance(result, str) else self.named(name, next(said))

    def say(self, images: list[Pixels]) -> list[Said]:
        """Return what the network says of images: a list as long as theirs."""
        if not images:
            return []
        given = np.stack(images)
        probabilities, notes = self.noting(given) if self.noting else (self.network(given), [""] * len(images))
        return [Said(row, note) for row, note in zip(probabilities, notes, strict=True)]

    def named(self, name: str, said: Said) -> Answer:
        """Return the answer of that name that stands for what the network has said."""
        classes = self.preprocessing.classes
        by_class = dict(zip(classes, map(float, said.probabilities), strict=True))
        return Answer(name, classes[said.label], by_class, note=said.note)


def is_keras(folder: Path) -> bool:
    """Tell whether Keras runs the model in a folder."""
    return (folder / KERAS).exists()


def is_model(folder: Path) -> bool:
    """Tell whether a folder holds a model that `Classifier.open` can open."""
    return (folder / PREPROCESSING).is_file() and any((folder / path).is_file() for path in (KERAS, SKOPS))


def _keras(path: Path) -> tuple[Network, Any]:
    from pixelproof.network.cnn.saved import saved

    model = saved.load(path)
    return lambda images: saved.predict(model, [(images, None)]), model


def _sklearn(path: Path) -> tuple[Network, Any]:
    from pixelproof.network.mlp import saved

    model = saved.load(path)
    return lambda images: saved.predict(model, [(images, None)]), model
