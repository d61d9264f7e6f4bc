"""Make altered views of the training images, and a sheet that shows some. With `views: 0`, the sheet only.

Before that, prove on the stored images that no two equal ones are in two parts.

    python -m stages.augment

Reads   data/resized/, data/splits.csv
Writes  data/augmented/ (an image store per view, and augment.json, by which a training run knows the transforms),
        reports/augment.png
"""

from pathlib import Path

import numpy as np

from pixelproof import console
from pixelproof.data.augment.transforms import alter_all, compose
from pixelproof.data.augment.views import write_views
from pixelproof.data.images.leaks import check_leaks
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore
from pixelproof.data.sheets.sheet import write_sheet
from pixelproof.files import replacing
from pixelproof.files.journal import continuing, fingerprint
from pixelproof.params.augment import Augment
from pixelproof.params.section import load_section, load_seed
from pixelproof.paths import AUGMENT_SHEET, AUGMENTED, RESIZED, SPLITS

SHEET_ROWS = 10
SHEET_VIEWS = 8


def write_augment_sheet(store: ImageStore, training: np.ndarray, params: Augment, path: Path, *, seed: int) -> None:
    """Show one training image of each class, at most SHEET_ROWS, and beside each its first views."""
    _, first = np.unique(store.labels[training], return_index=True)
    chosen = training[first[:SHEET_ROWS]]
    originals, ids = store.gather(chosen), store.index["id"].iloc[chosen].tolist()
    transforms, views = compose(params), min(params.views or SHEET_VIEWS, SHEET_VIEWS)
    altered = [alter_all(originals, ids, transforms, seed=seed, view=view) for view in range(views)]
    with replacing(path) as beside:
        write_sheet([[original, *row] for original, *row in zip(originals, *altered, strict=True)], beside)


def _work(params: Augment, seed: int) -> str:
    """Name this work by all that its outcome depends on; the images by their files' times, to be quick."""
    images = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(RESIZED.iterdir())]
    return fingerprint(images, SPLITS.read_text("utf-8"), params.model_dump(), seed)


def main() -> None:
    params, seed = load_section(Augment), load_seed()
    store = ImageStore.open(RESIZED)
    splits = read_splits(SPLITS)
    check_leaks(store, splits)  # here both are known for the first time, and nothing is trained yet
    training = positions(store.index, splits, "train")
    with continuing(AUGMENTED, _work(params, seed)) as (folder, journal):
        write_views(store, training, params, folder, journal, seed=seed)
    write_augment_sheet(store, training, params, AUGMENT_SHEET, seed=seed)


if __name__ == "__main__":
    console.run(main)
