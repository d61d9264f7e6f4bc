"""In which precision the layers compute, and which one `auto` is on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from pixelproof.params.recipe import Precision

PROCESSOR = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}  # as Linux names them; oneDNN computes with either


def resolve_precision(precision: Precision | None) -> Precision:
    """Return float32 or mixed_bfloat16; the latter for `auto` if the processor computes and has instructions for it.

    With `auto` a GPU, or another system than Linux, gets float32.
    """
    if precision == "auto":
        return "mixed_bfloat16" if has_bfloat16() and only_processors() else "float32"
    return precision or "float32"


def has_bfloat16(cpuinfo: Path = PROCESSOR) -> bool:
    """Tell whether every processor has instructions for bfloat16. Without them it is many times slower than float32."""
    if not cpuinfo.is_file():
        return False
    flags = [line for line in cpuinfo.read_text("utf-8").splitlines() if line.startswith("flags")]
    return bool(flags) and all(BFLOAT16_FLAGS & {*line.split()} for line in flags)


def only_processors() -> bool:
    return all(device.startswith("cpu") for device in keras.distribution.list_devices())


@contextmanager
def computing_in(precision: Precision | None) -> Iterator[None]:
    """Let the layers that are built meanwhile compute in that precision, and keep Keras's global choice."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(resolve_precision(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
