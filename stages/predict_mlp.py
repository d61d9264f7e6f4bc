"""Let the MLP answer the test part, once, and the validation part.

    python -m stages.predict_mlp

Reads   models/mlp/, data/resized/, data/splits.csv, reports/plan/mlp.json
Writes  data/predicted/mlp/ (answers.parquet, valid.parquet, robustness.parquet)
"""

from functools import partial

from pixelproof import console
from pixelproof.data.images.parts import read_splits
from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation.answers.parts import part_answers, robustness_answers
from pixelproof.files import read_json, replacing
from pixelproof.network.mlp import saved
from pixelproof.paths import (
    ANSWERS,
    MODELS,
    PLAN,
    PREDICTED,
    RESIZED,
    ROBUSTNESS_ANSWERS,
    SKOPS_MODEL,
    SPLITS,
    VALID_ANSWERS,
)


def main() -> None:
    store, splits = ImageStore.open(RESIZED), read_splits(SPLITS)
    model = saved.load(MODELS / "mlp" / SKOPS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "mlp.json"))
    predict = partial(saved.predict, model)
    with replacing(PREDICTED / "mlp") as folder:
        folder.mkdir()
        part_answers("mlp", predict, store, splits, "test").to_parquet(folder / ANSWERS, index=False)
        part_answers("mlp", predict, store, splits, "valid").to_parquet(folder / VALID_ANSWERS, index=False)
        robustness_answers(predict, store, splits).to_parquet(folder / ROBUSTNESS_ANSWERS, index=False)


if __name__ == "__main__":
    console.run(main)
