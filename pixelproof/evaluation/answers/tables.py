"""A model's predictions for the test images as a table: a row per image, a column per class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def answer_table(
    model: str, probabilities: np.ndarray, ids: Sequence[str], labels: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Return a row per image: model, id, label, predicted, and p_<class> for each class.

    probabilities  float32 (n, classes); labels: (n,) class numbers
    """
    names = np.array(classes)
    answered = {
        "model": model,
        "id": list(ids),
        "label": names[labels],
        "predicted": names[probabilities.argmax(axis=1)],
    }
    shares = pd.DataFrame(probabilities, columns=[_column(name) for name in classes])
    return pd.concat([pd.DataFrame(answered), shares], axis="columns")


def probabilities_in(answers: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Return the probabilities in a table of predictions, float32 (n, classes)."""
    probabilities: np.ndarray = answers[[_column(name) for name in classes]].to_numpy(np.float32)
    return probabilities


def labels_in(answers: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Return the true class numbers in a table of predictions, int64 (n,)."""
    return pd.Categorical(answers["label"], categories=list(classes)).codes.astype(np.int64)


def classes_in(answers: pd.DataFrame) -> list[str]:
    """Return the names of the classes in a table of predictions, in the order of the model's outputs."""
    return [str(column).removeprefix(_column("")) for column in answers if str(column).startswith(_column(""))]


def _column(name: str) -> str:
    return f"p_{name}"
