"""`pixelproof folds` where there is nothing to run."""

import json
from pathlib import Path

import pytest

from tests.support.params import changed
from tests.support.program import Program

FOLDS = (("split.folds", 3), ("split.fold", 1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ((), "params.yaml: split.folds is not set, so there are no folds. Add `folds: 5` and `fold: 1` to split."),
        ((("split.method", "given"),), "params.yaml: split.method is 'given', which keeps the source's parts"),
        (FOLDS, "data/resized: nothing to train on yet. Run `make repro` first."),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, pixelproof: Program, changes: tuple[tuple[str, object], ...], says: str
) -> None:
    """Else a person would see DVC's traceback, or wait for folds of nothing."""
    (tmp_path / "params.yaml").write_text(json.dumps(changed(*changes)), "utf-8")  # JSON is YAML
    done = pixelproof(tmp_path, "folds")
    assert done.status != 0
    assert done.stderr.startswith(f"error: {says}")
