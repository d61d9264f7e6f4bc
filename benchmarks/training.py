"""Training speed in images per second, on the same network: this project, bare Keras, Keras's loader.

    python -m benchmarks.run [FOLDER] --only training

Every contender trains the network of the preset cats-dogs on the folder's photos at 128 px, and that of params.yaml on
the digits. Each has its own process, they take turns, the best round counts, and the first epoch does not.

views: this project, images and views read from disk (two views: more would only take more space)
views: 0: this project, every image augmented during training, by worker processes
`model.fit` alone: uint8 images in memory, not augmented, Adam; not deterministic, which is faster
Keras's loader: `image_dataset_from_directory`, then Keras's layers mapped in tf.data with prefetch: those for the very
transforms of the params (benchmarks.keras_loader), or four, as in Keras's guides; not deterministic either
mixed_bfloat16: where the processor has instructions for it. All contenders run without XLA

PyTorch, if it is installed (it is not a dependency): the same network in a plain loop, images in memory, not augmented

The share of arithmetic is relative to this machine's own rate of multiply-adds in a product of two 2048 x 2048
matrices, measured in the same rounds. A training step counts as three times the forward pass's multiply-adds (those of
`plan`): in the backward pass the gradients by the inputs and by the weights take as many each.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import SEED, VIEWS, Workload, contenders, rate
from benchmarks.turns import Epoch, best_rates
from pixelproof.data.augment.views import write_views
from pixelproof.data.fetch.datasets import write_digits
from pixelproof.data.ingest.manifest import take_inventory
from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import open_source
from pixelproof.files.journal import Journal
from pixelproof.params.whole import Params, load_params

ROOT = Path(__file__).parents[1]
CATS_DOGS, DIGITS = "cats and dogs, 128 px", "digits, 28 px"
FLOAT32, BFLOAT16 = "float32", "bfloat16"
PASSES = 3  # forward; gradients by the inputs; gradients by the weights
PRODUCT, SIDE, PRODUCTS = "product of two matrices", 2048, 10
ROUNDS = {CATS_DOGS: 6, DIGITS: 24}  # the best counts; an epoch of the digits takes only a second


def prepare(params: Params, photos: Path, folder: Path) -> Workload:
    with open_source(photos) as opened:
        taken = take_inventory(opened, params.ingest).photos
        classes = sorted(taken["label"].unique())
        resize_photos(opened, taken, classes, params.resize, folder / "resized", Journal())
    case = Workload(params, photos, folder)
    views = params.augment.model_copy(update={"views": 2})
    write_views(case.store, np.arange(len(case.store)), views, folder / "augmented", Journal(), seed=SEED)
    return case


def _product(dtype: str) -> Epoch:
    import tensorflow as tf

    one, other = (tf.cast(tf.random.normal((SIDE, SIDE)), dtype) for _ in range(2))
    multiply = tf.function(lambda: tf.reduce_sum(tf.linalg.matmul(one, other)))
    return lambda epoch: rate(PRODUCTS * SIDE**3, lambda: [multiply().numpy() for _ in range(PRODUCTS)])


def measure(photos: Path) -> list[dict[str, str | float]]:
    """Return a row per case and contender: images per second, this project's ratio, shares of the arithmetic."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        write_digits(scratch / "digits")
        cases = {
            CATS_DOGS: prepare(_at(128, load_params(ROOT / "presets/cats-dogs.yaml")), photos, scratch / "cats_dogs"),
            DIGITS: prepare(load_params(ROOT / "params.yaml"), scratch / "digits", scratch / "small"),
        }
        return [row for name, case in cases.items() for row in _rows(name, case)]


def _at(side: int, params: Params) -> Params:
    resize = params.resize.model_copy(update={"height_px": side, "width_px": side})
    return params.model_copy(update={"resize": resize})


def _rows(name: str, case: Workload) -> list[dict[str, str | float]]:
    builds = {key: partial(build, case, key[0]) for key, build in contenders().items()}
    products = {(dtype, PRODUCT): partial(_product, dtype) for dtype in (FLOAT32, BFLOAT16)}
    rates = best_rates(builds | products, ROUNDS[name])
    arithmetic = PASSES * case.multiply_adds
    return [
        {
            "benchmark": "training",
            "case": name,
            "precision": precision,
            "contender": contender,
            "images_per_second": round(rates[precision, contender], 1),
            "ratio": round(rates[precision, VIEWS] / rates[precision, contender], 2),
            "billion_multiply_adds_per_second": round(arithmetic * rates[precision, contender] / 1e9, 2),
            **{
                f"share_of_{dtype}": round(arithmetic * rates[precision, contender] / rates[dtype, PRODUCT], 4)
                for dtype in (FLOAT32, BFLOAT16)
            },
        }
        for precision, contender in builds
    ]


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the table of `measure`'s rows."""
    rounds = " and ".join(str(number) for number in ROUNDS.values())
    lines = [
        "| training on | in | contender | images/s | this project's is × "
        "| of float32 products | of bfloat16 products |",
        "|---|---|---|---:|---:|---:|---:|",
        *(
            f"| {row['case']} | {row['precision']} | {row['contender']} | {row['images_per_second']:,.0f} "
            f"| {row['ratio']:.2f} | {row['share_of_float32']:.1%} | {row['share_of_bfloat16']:.1%} |"
            for row in results
        ),
    ]
    return f"{chr(10).join(lines)}\n\nMeasured on {results[0]['machine']}; best of {rounds} rounds.\n"
