"""Check params.yaml as a whole and compute both networks, before any photo is resized or TensorFlow loaded.

    python -m stages.plan

Reads   params.yaml, reports/ingest.json (the number of classes)
Writes  reports/plan/cnn.json, mlp.json (each a dependency of its own training stage), augment.json (the transforms in
        their order), summary.json (the totals), checked.txt (the same words always: stages that depend on it run
        after this one, and are not made stale by it)
"""

import logging
from pathlib import Path

import numpy as np

from pixelproof import console
from pixelproof.data.augment.transforms import advice
from pixelproof.files import replacing, write_json
from pixelproof.network.plan.advice import training_photos, warnings
from pixelproof.network.plan.plan import Plan, class_count, image_shape, plan_models, summary
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import INGEST_REPORT, PLAN

CHECKED = "params.yaml was checked as a whole.\n"


def plan(params: Params, classes: int, folder: Path) -> dict[str, Plan]:
    """Write the plans into `folder`, whole or not at all, and return them.

    Raises UserError for a network that cannot be built.
    """
    blank = np.zeros(image_shape(params.resize), np.uint8)  # some transforms fail only when they meet an image
    for advised in advice(params.augment, blank):
        logging.warning("%s", advised)
    plans = plan_models(params, classes)
    with replacing(folder) as beside:
        for model, planned in plans.items():
            write_json(beside / f"{model}.json", planned.as_json())
        write_json(beside / "summary.json", summary(plans))
        transforms = params.augment.transforms.items()
        write_json(beside / "augment.json", [{name: transform.model_dump()} for name, transform in transforms])
        (beside / "checked.txt").write_text(CHECKED)
    return plans


def main() -> None:
    params = load_params()
    plans = plan(params, class_count(params.ingest, INGEST_REPORT), PLAN)
    photos = training_photos(params, INGEST_REPORT)
    for model, planned in plans.items():
        for concern in warnings(planned, photos):
            logging.warning("%s: %s", model, concern)


if __name__ == "__main__":
    console.run(main)
