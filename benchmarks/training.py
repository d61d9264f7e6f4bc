"""Images per second of training the same network: this project beside bare Keras and Keras's loader.

    python -m benchmarks.run [FOLDER] --only training

Every contender trains the network of the preset cats-dogs on the folder's photos at 128 px, and that of params.yaml on
the digits; each in a process of its own, all in turns, the best round counts, and a first epoch is not counted.

views: this project, images and views read from the disk (two views: more would only take more of it)
views: 0: this project, every image altered while training, by worker processes
`model.fit` alone: uint8 images in memory, not altered, Adam; not deterministic, which makes it faster
Keras's loader: `image_dataset_from_directory`, then Keras's layers mapped in tf.data with prefetch: those for the very
transforms of the params (benchmarks.keras_loader), or four, as Keras's guides begin with; not deterministic either
mixed_bfloat16: where the processor has instructions for it. All contenders run without XLA

PyTorch, where it is installed (this project does not): the same network in a plain loop, images in memory, not altered

The share of arithmetic is that of this machine's own rate of multiply-adds in a product of two 2048 x 2048 matrices,
measured in the same rounds. A training step counts as three times the forward pass's multiply-adds (those of `plan`):
the backward pass takes the gradients by the inputs and by the weights, each as many again.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import SEED, VIEWS, Case, contenders, rate
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
ROUNDS = {CATS_DOGS: 6, DIGITS: 24}  # the best counts; an epoch of the digits takes but a second


def prepare(params: Params, photos: Path, folder: Path) -> Case:
    with open_source(photos) as opened:
        taken = take_inventory(opened, params.ingest).photos
        classes = sorted(taken["label"].unique())
        resize_photos(opened, taken, classes, params.resize, folder / "resized", Journal())
    case = Case(params, photos, folder)
    views = params.augment.model_copy(update={"views": 2})
    write_views(case.store, np.arange(len(case.store)), views, folder / "augmented", Journal(), seed=SEED)
    return case


def _product(dtype: str) -> Epoch:
    import tensorflow as tf

    one, other = (tf.cast(tf.random.normal((SIDE, SIDE)), dtype) for _ in range(2))
    multiply = tf.function(lambda: tf.reduce_sum(tf.linalg.matmul(one, other)))
    return lambda epoch: rate(PRODUCTS * SIDE**3, lambda: [multiply().numpy() for _ in range(PRODUCTS)])


def measure(photos: Path) -> list[dict[str, str | float]]:
    """Return a row per case and contender: images per second, ratio of this project's, shares of the arithmetic."""
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


def _rows(name: str, case: Case) -> list[dict[str, str | float]]:
    trainings = {key: partial(build, case, key[0]) for key, build in contenders().items()}
    products = {(dtype, PRODUCT): partial(_product, dtype) for dtype in (FLOAT32, BFLOAT16)}
    rates = best_rates(trainings | products, ROUNDS[name])
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
        for precision, contender in trainings
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
