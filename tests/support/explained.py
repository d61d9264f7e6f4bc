"""A small trained network with every kind of layer, and the page made of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pixelproof.explain.page.article import mlp
from pixelproof.explain.page.contents import contents
from pixelproof.explain.page.evidence import evidence
from pixelproof.explain.page.page import render
from pixelproof.explain.page.seeking import seeking
from pixelproof.explain.tracing.excited import excited
from pixelproof.explain.tracing.learned import learned
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import Trace, TracedLayer
from tests.support.photos import CLASSES, photo
from tests.support.reports import plant, surely

SHAPE = (24, 20, 3)
COLOURS = {1: "grey", 3: "rgb"}
PREPROCESSING = {"fit": "pad", "min_side_px": 8, "max_megapixels": 250}


class Built(NamedTuple):
    """A page, and what Keras says of the same network and photos."""

    path: Path
    layers: Sequence[TracedLayer]
    shown: Shown
    context: dict[str, Any]


def some_photos(shape: tuple[int, int, int] = SHAPE, count: int = 6, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return photos of the classes in turn, and their class numbers."""
    labels = np.arange(count) % classes
    kinds = [CLASSES[label % 2] for label in labels]
    drawn = [photo(kind, number, width=shape[1], height=shape[0]) for number, kind in enumerate(kinds)]
    images = np.stack([np.asarray(each) for each in drawn])
    return images if shape[2] == 3 else images.mean(axis=3, keepdims=True).round().astype(np.uint8), labels


@cache
def every_kind() -> Any:
    """Return a model with every layer that the page computes, and two that it shows as boxes; trained a little."""
    import keras
    from keras import layers as of

    from pixelproof.network.cnn.pooling import l2_pooling

    keras.utils.set_random_seed(3)
    image = keras.Input(SHAPE, name="input")
    x = of.Rescaling([1 / 255, 1 / 200, 1 / 255], [0.0, -0.1, 0.2], name="scale")(image)
    x = keras.ops.flip(x, axis=-1)
    x = of.ZeroPadding2D(((2, 1), (0, 2)), name="zeros")(x)
    x = of.Conv2D(5, (3, 2), (2, 1), "same", name="conv", activation="gelu")(x)
    x = of.BatchNormalization(name="norm")(x)
    x = of.Activation("silu", name="silu")(x)
    x = of.MaxPooling2D(3, 2, "same", name="largest")(x)
    y = of.Conv2D(5, 3, padding="same", dilation_rate=2, use_bias=False, name="dilated", activation="tanh")(x)
    x = of.Add(name="shortcut")([x, y])
    x = of.Concatenate(name="joined")([x, y])
    x = of.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, name="separable", activation="leaky_relu")(x)
    x = of.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise", activation="elu")(x)
    x = of.AveragePooling2D(2, 1, "same", name="average")(x)
    inside = keras.Input(x.shape[1:])
    backbone = keras.Model(inside, of.Conv2D(4, 1, activation="relu")(inside), name="backbone")
    x = of.Dropout(0.2, name="drop")(backbone(x))
    x = l2_pooling(x.shape[1:], (2, 2), (2, 2), "valid", "norms")(x)
    lists = [
        of.Dense(4, name="hidden")(of.Flatten(name="flatten")(x)),
        of.GlobalMaxPooling2D(name="global_largest")(x),
        of.GlobalAveragePooling2D(name="global_mean")(x),
    ]
    x = of.Concatenate(name="all")([of.Add(name="together")(lists), lists[0]])
    x = of.Activation("softmax", name="shares")(x)
    model = keras.Model(image, of.Dense(2, activation="softmax", name="output")(x), name="cnn")
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    images, labels = some_photos(count=16)
    for _ in range(5):
        model.train_on_batch(images.astype(np.float32), labels)
    return model


def build_page(
    model: Any,
    plan: dict[str, Any],
    path: Path,
    shape: tuple[int, int, int] = SHAPE,
    snapshots: Mapping[int, Sequence[np.ndarray]] | None = None,
    *,
    classes: Sequence[str] = CLASSES,
    mirrored: bool = False,
) -> Built:
    """Write the page of a model on six photos; one with a single output tells two classes apart.

    mirrored  its answer is the mean of those to a photo and to its mirror image
    """
    images, labels = some_photos(shape, classes=len(classes))
    layers = trace(model, images)
    answers = layers[-1].outputs
    if mirrored:
        answers = (answers + np.asarray(model(images[:, :, ::-1].astype(np.float32)))) / 2
    probabilities = np.hstack([1 - answers, answers]) if answers.shape[1] == 1 else answers
    shown = Shown([f"{classes[label]}/{i}.png" for i, label in enumerate(labels)], images, labels, probabilities)
    mlp_answers = surely((labels + (np.arange(len(labels)) == 0)) % len(classes), len(classes))
    reports = plant(labels.tolist(), probabilities, mlp_answers, classes, ids=shown.ids, valid_loss=(0.8, 0.6))
    reports.metrics["cnn"]["parameters"] = model.count_params()
    plans = {"cnn": plan, "mlp": mlp([3], shape, len(classes)).as_json()}
    traced = Trace(shown.ids, layers, mirrored=mirrored)
    proof = evidence(reports, named(shown), picture_file(path.with_suffix(".png")))
    preprocessing = {**PREPROCESSING, "height_px": shape[0], "width_px": shape[1], "colour": COLOURS[shape[2]]}
    sought = seeking(excited(model, [(images, labels)], len(classes)), plan, lambda at: images[at], classes)
    context = contents(
        shown,
        traced,
        classes,
        plans,
        reports,
        proof,
        preprocessing=preprocessing,
        seeking=sought,
        learned=learned(model, snapshots or {}),
        seed=7,
    )
    path.write_text(render(context), "utf-8")
    return Built(path, layers, shown, context)


def named(shown: Shown) -> Callable[[Sequence[str]], np.ndarray]:
    """Return what gives the images of ids, as an image store does."""
    return lambda ids: shown.images[[shown.ids.index(id) for id in ids]]


def picture_file(path: Path) -> Path:
    """Write a sheet as large as the one of the surest mistakes."""
    Image.new("RGB", (1072, 2618), "white").save(path)
    return path
