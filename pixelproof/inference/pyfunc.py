"""A saved model as MLflow's `python_function`: photos in any form, or arrays of pixels."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.inference.classifier import AT_ONCE, Classifier
from pixelproof.inference.given import given_photos

COLUMN = "photo"  # of a table that has others, too


class PhotoModel:
    """What `mlflow.pyfunc.load_model` returns, and `mlflow models serve` asks."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    @classmethod
    def open(cls, folder: Path) -> "PhotoModel":
        return cls(Classifier.open(folder))

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Answer photos, or images that are pixels already.

        model_input  Photos: a path, bytes, base64 text, or a list, array, Series or DataFrame of these (a DataFrame
                     has one column, or one that is called "photo"). The answer is a DataFrame with a row per photo:
                     `label`, `probabilities` (of each class, by name) and `error`, where a photo cannot be read.
                     Or pixels 0-255 as a numeric array, (n, height, width, channels) or each image flattened. The
                     answer is the probabilities, float32 (n, classes).

        Raises ValueError for an array of another shape, and for a table without photos.
        """
        items = _items(model_input)
        if isinstance(items, np.ndarray) and items.dtype.kind in "uif":
            images = self._images(items)
            batches = [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)] or [images]
            return np.concatenate([self._classifier.network(batch) for batch in batches])
        answers = [asdict(answer) for answer in self._classifier.answer(given_photos(items))]
        return pd.DataFrame(answers, columns=["label", "probabilities", "error"], dtype=object)

    def get_raw_model(self) -> Any:
        """Return the Keras model or the scikit-learn pipeline, as MLflow's models do."""
        return self._classifier.model

    def _images(self, pixels: np.ndarray) -> np.ndarray:
        shape = self._classifier.preprocessing.shape
        if pixels.shape[1:] not in (shape, (int(np.prod(shape)),)):
            raise ValueError(f"the model takes images of {shape} pixels, 0-255, not an array of {pixels.shape}")
        return pixels.reshape(-1, *shape)


def _items(given: Any) -> Any:
    if isinstance(given, pd.DataFrame):
        if all(pd.api.types.is_numeric_dtype(kind) for kind in given.dtypes):
            return given.to_numpy()
        if len(given.columns) > 1 and COLUMN not in given.columns:
            raise ValueError(f"a table of photos has one column, or one called {COLUMN!r}, not {list(given.columns)}")
        return list(given[COLUMN] if COLUMN in given.columns else given.iloc[:, 0])
    if isinstance(given, pd.Series):
        return list(given)
    if isinstance(given, str | bytes | bytearray | Path):
        return [given]
    if isinstance(given, np.ndarray):
        return given if given.dtype.kind in "uif" else given.ravel().tolist()
    listed = list(given)
    return listed if not listed or isinstance(listed[0], str | bytes | bytearray | Path) else np.asarray(listed)
