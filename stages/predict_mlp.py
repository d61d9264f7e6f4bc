"""Let the MLP answer the test part, once.

    python -m stages.predict_mlp

Reads   models/mlp/, data/resized/, data/splits.csv, reports/plan/mlp.json
Writes  data/predicted/mlp/ (answers.parquet)
"""

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.answers import answer_table
from pixelproof.files import read_json, replacing
from pixelproof.network.mlp import saved
from pixelproof.paths import ANSWERS, MODELS, PLAN, PREDICTED, RESIZED, SKOPS_MODEL, SPLITS


def main() -> None:
    store = ImageStore.open(RESIZED)
    test = positions(store.index, read_splits(SPLITS), "test")
    model = saved.load(MODELS / "mlp" / SKOPS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "mlp.json"))
    probabilities = saved.predict(model, in_batches(store, test))
    answers = answer_table("mlp", probabilities, store.ids(test), store.labels[test], store.classes)
    with replacing(PREDICTED / "mlp") as folder:
        folder.mkdir()
        answers.to_parquet(folder / ANSWERS, index=False)


if __name__ == "__main__":
    console.run(main)
