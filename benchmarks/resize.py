"""The resize stage compared with its alternatives.

Every contender reads the same files from the disk and ends with all images in one uint8 array, or in this
project's case in its image store. All files are read once beforehand to warm the page cache.
The decode limit is libjpeg-turbo alone, a thread per core: bytes in memory to full-size pixels, which are discarded.
"""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import simplejpeg
from PIL import Image

from pixelproof.data.ingest.manifest import take_inventory
from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import open_source
from pixelproof.files.journal import Journal
from pixelproof.params.ingest import Ingest
from pixelproof.params.resize import Resize

SIZES_PX = (64, 128, 300)
PROJECT = "pixelproof"
ROUNDS = 4  # the best counts


def images_per_second(source: Path) -> list[tuple[str, str, float]]:
    """Return (case, contender, images per second) for every size and contender."""
    ingest = Ingest(source=str(source), min_images_per_class=1, min_side_px=1, max_quarantined_share=1.0)
    with open_source(source) as opened:
        photos = take_inventory(opened, ingest).photos
    paths = [source / id for id in photos["id"]]
    contents = [path.read_bytes() for path in paths]
    with tempfile.TemporaryDirectory() as folder:  # output is deleted outside the measured time
        return _run_rounds(source, photos, paths, contents, Path(folder))


def _run_rounds(
    source: Path, photos: pd.DataFrame, paths: list[Path], contents: list[bytes], scratch: Path
) -> list[tuple[str, str, float]]:
    results = []
    for size in SIZES_PX:
        contenders: dict[str, Callable[[], object]] = {
            PROJECT: lambda size=size: _pixelproof(source, photos, size, Path(tempfile.mkdtemp(dir=scratch))),
            "Keras image_dataset_from_directory": lambda size=size: _keras(source, size),
            "OpenCV, one by one": lambda size=size: _opencv(paths, size),
            "Pillow, one by one": lambda size=size: _pillow(paths, size),
            "libjpeg-turbo alone": lambda: _decode(contents),
        }
        # In turns, so that a busy moment of the machine does not fall on one contender alone.
        rounds = [{contender: _seconds(work) for contender, work in contenders.items()} for _ in range(ROUNDS)]
        for contender in contenders:
            best = min(seconds[contender] for seconds in rounds)
            results.append((f"{size} px", contender, len(paths) / best))
    return results


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _pixelproof(source: Path, photos: pd.DataFrame, size: int, folder: Path) -> None:
    params = Resize(height_px=size, width_px=size, colour="rgb", fit="stretch")
    with open_source(source) as opened:
        resize_photos(opened, photos, sorted(photos["label"].unique()), params, folder / "store", Journal())


def _keras(source: Path, size: int) -> None:
    import keras

    dataset = keras.utils.image_dataset_from_directory(
        source, image_size=(size, size), batch_size=32, shuffle=False, verbose=False
    )
    for _ in dataset:
        pass


def _opencv(paths: list[Path], size: int) -> np.ndarray:
    return np.array([cv2.resize(cv2.imread(str(path)), (size, size)) for path in paths])


def _pillow(paths: list[Path], size: int) -> np.ndarray:
    images = []
    for path in paths:
        with Image.open(path) as image:
            images.append(np.asarray(image.convert("RGB").resize((size, size))))
    return np.array(images)


def _decode(contents: list[bytes]) -> None:
    def work(start: int) -> None:
        for content in contents[start : start + 32]:
            simplejpeg.decode_jpeg(content)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(work, range(0, len(contents), 32)))
