"""MLflow's way into a saved model, which lies beside a copy of the code that it was trained with.

This file is copied as well, under a name that has the version of that code: `mlflow.pyfunc.load_model` imports it.
"""

import sys
from pathlib import Path
from typing import Any

ARCHIVE = "pixelproof.zip"  # beside the copy of this file


def _load_pyfunc(path: str) -> Any:
    """Return the model in a folder, by the copied code."""
    archive = str(Path(__file__).with_name(ARCHIVE))
    sys.path.insert(0, archive)
    try:
        from pixelproof.inference.pyfunc import PhotoModel
    finally:
        sys.path.remove(archive)  # no later import of the process comes from it
    return PhotoModel.open(Path(path))
