"""A full disk and exhausted memory are reported with their remedies."""

import errno
from pathlib import Path

import pytest

from pixelproof.errors import UserError
from pixelproof.training.failures import resource_errors_as_user_errors

PLACE = Path(".work/train-cnn-abc")


class ResourceExhaustedError(Exception):
    """TensorFlow's, by its name."""


def message_for(error: Exception) -> str:
    with pytest.raises(UserError) as mistake, resource_errors_as_user_errors(PLACE):
        raise error
    return str(mistake.value)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        OSError("Can't write data (errno = 28, error message = 'No space left on device')"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ],
    ids=str,
)
def test_a_full_disk_is_reported_with_its_place(error: Exception) -> None:
    """Else a library's traceback would be shown instead of `free some space`."""
    assert message_for(error).startswith(f"{PLACE}: the disk is full")
    assert "`dvc repro`" in message_for(error)


def test_the_file_that_did_not_fit_is_named() -> None:
    """Else the user would free space on the wrong disk."""
    assert message_for(OSError(errno.ENOSPC, "No space left on device", "mlruns/model")).startswith("mlruns/model: ")


def test_a_real_full_device_is_recognised() -> None:
    """Else the numbers above would be made up. /dev/full answers as a full disk does."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(UserError, match="the disk is full"),
        resource_errors_as_user_errors(PLACE),
        full.open("wb", 0) as file,
    ):
        file.write(b"0")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 61.0 GiB for an array"),
        MemoryError(),
        ResourceExhaustedError("OOM when allocating tensor\n\tmore"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 99 bytes"),
    ],
    ids=repr,
)
def test_too_little_memory_is_told_with_what_to_lower(error: Exception) -> None:
    """Else a batch that is too large would end in a long traceback."""
    text = message_for(error)
    assert text.startswith("out of memory (")
    assert "Lower train.batch_size" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "error", [KeyError("x"), UserError("No space left for words"), OSError(errno.EACCES, "denied")]
)
def test_anything_else_is_left_as_it_is(error: Exception) -> None:
    """Else a bug of ours would be reported as a full disk."""
    with pytest.raises(type(error)) as raised, resource_errors_as_user_errors(PLACE):
        raise error
    assert raised.value is error
