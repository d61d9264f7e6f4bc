"""A project with a few images in its parts, and classifiers of small networks, for exports."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.data.images.store import StoreWriter
from pixelproof.inference.classifier import Classifier
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.params.cnn import Cnn
from tests.support.saved_models import PREPROCESSING, SHAPE

COUNTS = {"train": 8, "valid": 2, "test": 14}
CLASSES: list[str] = PREPROCESSING["classes"]


def write_parts(root: Path) -> np.ndarray:
    """Write data/resized and data/splits.csv for the models of `saved_models`; return the images of the test part."""
    parts = [part for part, count in COUNTS.items() for _ in range(count)]
    ids = [f"{number}.png" for number in range(len(parts))]
    labels = [CLASSES[number % len(CLASSES)] for number in range(len(parts))]
    made_with = {key: PREPROCESSING[key] for key in ("height_px", "width_px", "colour", "fit")}
    images = random_images(len(parts), SHAPE)
    writer = StoreWriter(root / "data/resized", pd.DataFrame({"id": ids, "label": labels}), SHAPE, CLASSES, made_with)
    writer.write(0, images)
    table = pd.DataFrame({"id": ids, "label": labels, "part": parts, "group": ids})
    table.to_csv(root / "data/splits.csv", index=False)
    return images[-COUNTS["test"] :]


def random_images(count: int, shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def untrained(layers: dict[str, Any], *, shape: tuple[int, int, int] = SHAPE, **params: Any) -> Classifier:
    """Return a classifier of a CNN of these layers, of two classes with a sigmoid head, else three."""
    import keras

    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved import saved
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging

    keras.utils.set_random_seed(7)
    classes = CLASSES[:2] if params.get("head") == "sigmoid" else CLASSES
    usual: dict[str, Any] = {"layers": layers, "head": "softmax", "learning_rate": 0.01}
    model = build(Cnn.model_validate(usual | params), shape, len(classes))
    model = with_flip_averaging(model) if params.get("average_mirrored") else model
    colour = "grey" if shape[2] == 1 else "rgb"
    content = PREPROCESSING | {"classes": classes, "height_px": shape[0], "width_px": shape[1], "colour": colour}
    return Classifier(Preprocessing(**content), lambda images: saved.predict(model, [(images, None)]), model)
