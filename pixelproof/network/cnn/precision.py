"""The precision that layers compute in, and what `auto` means on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from pixelproof.params.recipe import Precision

PROCESSOR = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}  # as Linux names them; oneDNN computes with either


def resolve_precision(precision: Precision | None) -> Precision:
    """Return float32 or mixed_bfloat16: `auto` is the latter on processors that have instructions for it.

    With a GPU, or on systems other than Linux, `auto` is float32.
    """
    if precision == "auto":
        return "mixed_bfloat16" if has_bfloat16() and only_cpus() else "float32"
    return precision or "float32"


def has_bfloat16(cpuinfo: Path = PROCESSOR) -> bool:
    """Return whether all processors have bfloat16 instructions. Without them it is many times slower than float32."""
    if not cpuinfo.is_file():
        return False
    flags = [line for line in cpuinfo.read_text("utf-8").splitlines() if line.startswith("flags")]
    return bool(flags) and all(BFLOAT16_FLAGS & {*line.split()} for line in flags)


def only_cpus() -> bool:
    return all(device.startswith("cpu") for device in keras.distribution.list_devices())


@contextmanager
def computing_in(precision: Precision | None) -> Iterator[None]:
    """Make layers built in the `with` block compute in that precision; Keras's global policy is restored."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(resolve_precision(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
