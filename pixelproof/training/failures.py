"""Exhausted resources (disk, memory) as messages with a remedy instead of a traceback."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelproof.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = ("No space left", "disk is full")  # of HDF5 and of SQLite, which hide the errno
MEMORY_WORDS = ("ResourceExhausted", "RESOURCE_EXHAUSTED", "OutOfMemory")  # of TensorFlow, JAX and PyTorch


@contextmanager
def resource_errors_as_user_errors(place: Path) -> Iterator[None]:
    """Turn a full disk and exhausted memory into UserError; `place` is named if the error names no file."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_full(error):
            raise UserError(_disk(getattr(error, "filename", None) or place)) from None
        if is_out_of_memory(error):
            raise UserError(_memory(error)) from None
        raise


def is_full(error: Exception) -> bool:
    """Return whether the error means that a disk or a quota is full."""
    return getattr(error, "errno", None) in FULL or any(words in str(error) for words in FULL_WORDS)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether the error means that memory has run out, the machine's or the accelerator's."""
    text = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(words in text for words in MEMORY_WORDS)


def _disk(place: object) -> str:
    return (
        f"{place}: the disk is full, or your quota is exceeded. Everything up to the last checkpoint is kept: free "
        "some space and continue with `dvc repro`. If DVC then cannot read its rwlock, remove .dvc/tmp/rwlock."
    )


def _memory(error: Exception) -> str:
    first = str(error).strip().split("\n")[0] or type(error).__name__
    return (
        f"out of memory ({first[:200]}). Lower train.batch_size, the size of the images (resize.height_px, width_px) "
        "or of the network in params.yaml, and run `dvc repro`."
    )
