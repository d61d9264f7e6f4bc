"""The machine that a run is trained on: what of it decides how sums are rounded, and so the weights."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

PROCESSOR = Path("/proc/cpuinfo")
# Instructions by which oneDNN, Eigen and OpenBLAS choose their code, as Linux names them for x86 and ARM.
INSTRUCTIONS = (
    *("sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl"),
    *("avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"),
    *("asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2"),
)
# Variables by which a user chooses other code, or another number of threads.
VARIABLES = (
    *("CUDA_VISIBLE_DEVICES", "DNNL_MAX_CPU_ISA", "KERAS_BACKEND", "MKL_NUM_THREADS", "NVIDIA_TF32_OVERRIDE"),
    *("OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS"),
    *("XLA_FLAGS",),
)
# The tags that say why the same params and data may give other weights, in words.
MACHINE = {
    "cpus": "cores",
    "processor": "processor",
    "processor.instructions": "processor's instructions",
    "variables": "variables",
}


def describe_machine(environment: Mapping[str, str] = os.environ, cpuinfo: Path = PROCESSOR) -> dict[str, str]:
    """Return tags of the machine, and of what the environment sets for its arithmetic; "" where nothing is known."""
    known = _read(cpuinfo)
    instructions = {*known.get("flags", known.get("Features", "")).split()}
    return {
        "host": platform.node(),
        "platform": platform.platform(),
        "cpus": str(usable_cores()),
        "processor": known.get("model name") or platform.processor() or platform.machine(),
        "processor.instructions": " ".join(name for name in INSTRUCTIONS if name in instructions),
        "variables": " ".join(f"{name}={environment[name]}" for name in VARIABLES if environment.get(name)),
    }


def differences(before: Mapping[str, str], today: Mapping[str, str]) -> list[str]:
    """Say in what the second machine differs from the first, by their tags, as far as both are known."""
    known = (tag for tag in MACHINE if tag in before and tag in today and before[tag] != today[tag])
    return [f"{MACHINE[tag]} {today[tag]} instead of {before[tag]}" for tag in known]


def usable_cores() -> int:
    """Return the number of cores that this process may use, as `taskset` and containers set it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(cpuinfo: Path) -> dict[str, str]:
    """Return what the file says of the first processor."""
    if not cpuinfo.is_file():
        return {}
    first = cpuinfo.read_text("utf-8", "replace").partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
