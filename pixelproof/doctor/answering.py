"""The saved models, asked again about a few test photos: do they still answer as the stages `predict_*` noted?"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pixelproof.data.images.store import ImageStore
from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.keras_started import started
from pixelproof.evaluation.answers.parts import Predict
from pixelproof.evaluation.answers.tables import probabilities_in
from pixelproof.paths import ANSWERS, KERAS_MODEL, MODELS, PREDICTED, RESIZED, SKOPS_MODEL

PHOTOS = 8
TOLERANCE = 1e-4  # of a probability; another processor rounds differently
FILES = {"cnn": KERAS_MODEL, "mlp": SKOPS_MODEL}
NAME = "saved models"
REMEDY = "Bring models and answers together again: `make repro`, or `.venv/bin/python -m dvc checkout`."


def answers() -> Iterator[Finding]:
    for model, file in FILES.items():
        saved, recorded = MODELS / model / file, PREDICTED / model / ANSWERS
        missing = [str(path) for path in (saved, recorded, RESIZED) if not path.exists()]
        if missing:
            yield well(NAME, f"{model}: not asked, since {missing[0]} is not there yet")
        else:
            yield _compared(model, saved, pd.read_parquet(recorded))


def _compared(model: str, saved: Path, recorded: pd.DataFrame) -> Finding:
    store = ImageStore.open(RESIZED)
    chosen = recorded.iloc[np.unique(np.linspace(0, len(recorded) - 1, PHOTOS).round().astype(int))]
    if not chosen["id"].isin(store.index["id"]).all():
        return wrong(NAME, f"{model}: its answers are about photos that {RESIZED} does not have", REMEDY)
    predict = predictor(model, saved)
    return judged(model, predict([(store.named(list(chosen["id"])), None)]), probabilities_in(chosen, store.classes))


def predictor(model: str, saved: Path) -> Predict:
    """Return what a saved model answers with."""
    if model == "mlp":
        from pixelproof.network.mlp import saved as mlp

        return partial(mlp.predict, mlp.load(saved))
    started()
    from pixelproof.network.cnn.saved import saved as cnn

    return partial(cnn.predict, cnn.load(saved))


def judged(model: str, answered: np.ndarray, recorded: np.ndarray) -> Finding:
    """Compare probabilities, (n, classes)."""
    distance = float(np.abs(answered - recorded).max())
    if distance <= TOLERANCE:
        return well(NAME, f"{model}: answers {len(answered)} test photos as recorded")
    return wrong(NAME, f"{model}: a probability is {distance:.2g} away from what {PREDICTED / model} holds", REMEDY)
