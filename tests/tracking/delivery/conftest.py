from typing import Any

import pytest


@pytest.fixture
def live(mlflow_alone: Any) -> Any:
    """The module under test."""
    from pixelproof.tracking.delivery import live

    return live
