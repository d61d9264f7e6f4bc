"""Let the CNN answer the test part, once, and trace what each of its layers makes of some of those photos.

    python -m stages.predict_cnn

Reads   models/cnn/, data/resized/, data/splits.csv, reports/plan/cnn.json
Writes  data/predicted/cnn/ (answers.parquet, trace.npz)
"""

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.answers import answer_table
from pixelproof.explain.tracing.photos import choose_shown
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import Trace, write_trace
from pixelproof.files import read_json, replacing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.params.explain import Explain
from pixelproof.params.section import load_section
from pixelproof.paths import ANSWERS, KERAS_MODEL, MODELS, PLAN, PREDICTED, RESIZED, SPLITS, TRACE


def main() -> None:
    params = load_section(Explain)
    start_keras("predict_cnn")
    from pixelproof.network.cnn.saved import saved
    from pixelproof.network.cnn.saved.mirroring import without_flip_averaging

    store = ImageStore.open(RESIZED)
    test = positions(store.index, read_splits(SPLITS), "test")
    model = saved.load(MODELS / "cnn" / KERAS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "cnn.json"))
    probabilities = saved.predict(model, in_batches(store, test))
    answers = answer_table("cnn", probabilities, store.ids(test), store.labels[test], store.classes)
    ids = choose_shown(answers, store.classes, params.photos)
    network = without_flip_averaging(model)
    layers = trace(network, store.named(ids))
    with replacing(PREDICTED / "cnn") as folder:
        folder.mkdir()
        answers.to_parquet(folder / ANSWERS, index=False)
        write_trace(Trace(ids, layers, mirrored=network is not model), folder / TRACE)


if __name__ == "__main__":
    console.run(main)
