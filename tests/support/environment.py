"""The environment that programs see which a test starts."""

import os
import sys
from pathlib import Path

OWN = ("AWS_", "DVC_", "MLFLOW_", "PG")  # settings of the machine's own, which must decide nothing


def environment() -> dict[str, str]:
    """Return the tests' environment without settings of the machine's own; the tests' own programs come first."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OWN)}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}
