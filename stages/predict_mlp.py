"""Let the MLP answer the test part, once, and the validation part.

    python -m stages.predict_mlp

Reads   models/mlp/, data/resized/, data/splits.csv, reports/plan/mlp.json
Writes  data/predicted/mlp/ (answers.parquet, valid.parquet)
"""

import pandas as pd

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.answers import answer_table
from pixelproof.files import read_json, replacing
from pixelproof.network.mlp import saved
from pixelproof.paths import ANSWERS, MODELS, PLAN, PREDICTED, RESIZED, SKOPS_MODEL, SPLITS, VALID_ANSWERS


def main() -> None:
    store, splits = ImageStore.open(RESIZED), read_splits(SPLITS)
    model = saved.load(MODELS / "mlp" / SKOPS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "mlp.json"))

    def answers(part: str) -> pd.DataFrame:
        own = positions(store.index, splits, part)
        probabilities = saved.predict(model, in_batches(store, own))
        return answer_table("mlp", probabilities, store.ids(own), store.labels[own], store.classes)

    with replacing(PREDICTED / "mlp") as folder:
        folder.mkdir()
        answers("test").to_parquet(folder / ANSWERS, index=False)
        answers("valid").to_parquet(folder / VALID_ANSWERS, index=False)


if __name__ == "__main__":
    console.run(main)
