"""Keras, started once for all checks; it takes seconds."""

from functools import cache
from types import ModuleType

from pixelproof.network.cnn.saved.keras_setup import start_keras


@cache
def started() -> ModuleType:
    """Return Keras. Raises UserError where its backend is missing or refuses its settings."""
    start_keras("doctor")
    import keras

    return keras  # type: ignore[no-any-return]  # Keras has no types
