"""The images of a run as MLflow's data sets, known by DVC's hashes."""

import json
from collections.abc import Mapping

import numpy as np
from mlflow.data.schema import TensorDatasetSchema
from mlflow.types import Schema, TensorSpec

from pixelproof.tracking.run.record import DataSet

CONTEXTS = {"train": "training", "valid": "validation", "test": "testing"}


def image_input(
    part: str, counts: Mapping[str, int], shape: tuple[int, int, int], path: str, images: str, splits: str
) -> DataSet:
    """Describe a part of the images (height, width, channels), with its images of each class.

    `images` is DVC's hash of the images at `path`, `splits` that of data/splits.csv. MLflow takes data sets of one
    name and digest for the same one, so the name tells the split.
    """
    number = sum(counts.values())
    schema = TensorDatasetSchema(
        Schema([TensorSpec(np.dtype(np.uint8), (-1, *shape), "images")]),
        Schema([TensorSpec(np.dtype(np.int64), (-1,), "labels")]),
    )
    profile = {"num_rows": number, "num_elements": number * int(np.prod(shape)), "images_per_class": dict(counts)}
    return DataSet(
        name=f"{part}-{splits[:8]}",
        digest=images,
        source_type="local",
        source=json.dumps({"uri": path, "md5": images, "part": part, "splits_md5": splits}),
        schema_text=json.dumps(schema.to_dict()),
        profile=json.dumps(profile),
        context=CONTEXTS[part],
    )
