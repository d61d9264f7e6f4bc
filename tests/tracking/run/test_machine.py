"""What a run says of the machine that it was trained on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pixelproof.tracking.run.machine import describe_machine, usable_cores
from tests.support.imports import ROOT

INTEL = """\
processor\t: 0
model name\t: Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz
flags\t\t: fpu sse4_2 avx2 fma avx512f

processor\t: 1
model name\t: of another kind
flags\t\t: fpu avx512_bf16
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd sve2\nCPU part\t: 0xd0c\n"


def described(folder: Path, cpuinfo: str, **variables: str) -> dict[str, str]:
    (folder / "cpuinfo").write_text(cpuinfo)
    return describe_machine(variables, folder / "cpuinfo")


def test_the_processor_is_named_with_the_instructions_that_arithmetic_chooses_by(tmp_path: Path) -> None:
    """Else nobody could tell why another machine gives other weights."""
    intel = described(tmp_path, INTEL)
    assert intel["processor"] == "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz"
    assert intel["processor.instructions"] == "sse4_2 fma avx2 avx512f"
    assert described(tmp_path, ARM)["processor.instructions"] == "asimd sve2"


def test_a_system_without_that_file_says_what_python_knows(tmp_path: Path) -> None:
    """Else no run could begin on macOS."""
    machine = describe_machine({}, tmp_path / "none")
    assert machine["processor"]
    assert machine["processor.instructions"] == ""


def test_variables_that_choose_other_arithmetic_are_kept_and_no_others(tmp_path: Path) -> None:
    """Else a difference would have no reason, or a password would be in MLflow."""
    found = described(tmp_path, INTEL, TF_ENABLE_ONEDNN_OPTS="0", OMP_NUM_THREADS="", AWS_SECRET_ACCESS_KEY="secret")
    assert found["variables"] == "TF_ENABLE_ONEDNN_OPTS=0"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system assigns no cores to processes")
def test_the_cores_are_those_that_the_process_may_use() -> None:
    """Else a training under `taskset`, or in a container of one core, would be recorded as one on all of them."""
    program = "import os; from pixelproof.tracking.run.machine import describe_machine as told\n"
    program += "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); print(told()['cpus'])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert describe_machine()["cpus"] == str(usable_cores())
