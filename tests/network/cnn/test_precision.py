"""Which precision `auto` is."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

WITH, WITHOUT = "flags\t\t: fpu avx512f avx512_bf16 sha\n", "flags\t\t: fpu avx2 sha\n"


@pytest.fixture
def precision() -> Any:
    from pixelproof.network.cnn import precision

    return precision


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (f"processor\t: 0\n{WITH}\nprocessor\t: 1\n{WITH}", True),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", True),
        (f"processor\t: 0\n{WITH}\nprocessor\t: 1\n{WITHOUT}", False),
        (WITHOUT, False),
        ("flags\t\t: fpu avx512_bf16_of_another_name\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", False),
        ("", False),
    ],
)
def test_a_processor_without_the_instructions_is_known(
    precision: Any, cpuinfo: str, expected: bool, tmp_path: Path
) -> None:
    """Else a training would take more than ten times as long on it."""
    (tmp_path / "cpuinfo").write_text(cpuinfo, encoding="utf-8")
    assert precision.has_bfloat16(tmp_path / "cpuinfo") is expected


def test_another_system_than_linux_has_none_that_is_known(precision: Any, tmp_path: Path) -> None:
    assert not precision.has_bfloat16(tmp_path / "missing")


@pytest.mark.parametrize(
    ("named", "instructions", "processors", "expected"),
    [
        ("auto", True, True, "mixed_bfloat16"),
        ("auto", False, True, "float32"),
        ("auto", True, False, "float32"),
        ("mixed_bfloat16", False, True, "mixed_bfloat16"),
        ("float32", True, True, "float32"),
        (None, True, True, "float32"),
    ],
)
def test_auto_follows_the_machine_and_what_is_named_stays(
    precision: Any,
    named: str | None,
    instructions: bool,
    processors: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: instructions)
    monkeypatch.setattr(precision, "only_cpus", lambda: processors)
    assert precision.resolve_precision(named) == expected
    before = precision.keras.config.dtype_policy()
    with precision.computing_in(named):
        assert precision.keras.config.dtype_policy().name == expected
    assert precision.keras.config.dtype_policy() == before


def test_gpus_are_seen(precision: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a GPU that is slow with bfloat16 would be given it because of the processor beside it."""
    seen = precision.keras.distribution.list_devices()
    assert seen
    assert precision.only_cpus() == all(device.startswith("cpu:") for device in seen)
    monkeypatch.setattr(precision.keras.distribution, "list_devices", lambda: ["cpu:0", "gpu:0"])
    assert not precision.only_cpus()
