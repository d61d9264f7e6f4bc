"""What `dvc exp run -S` does to the lines of a params file, which DVC reads with ruamel.yaml and writes anew."""

import difflib
import shutil
from pathlib import Path

import pytest

from pixelproof.params.whole import load_params
from tests.support.imports import ROOT

FILES = [ROOT / "params.yaml", *sorted((ROOT / "presets").glob("*.yaml"))]


def changed_lines(before: Path, after: Path) -> list[str]:
    """Return the lines of `after` that are not in `before`, and those that are gone, with + and -."""
    diff = difflib.ndiff(before.read_text("utf-8").splitlines(), after.read_text("utf-8").splitlines())
    return [line for line in diff if line[0] in "+-"]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A params file of the project, and a copy to change."""
    return request.param, Path(shutil.copy(request.param, tmp_path / "params.yaml"))


def test_two_values_change_two_lines(file: tuple[Path, Path]) -> None:
    """Else each experiment would also rewrap long lines and lists, and `git diff` would hide what was set."""
    from dvc.utils.hydra import apply_overrides

    before, after = file
    apply_overrides(after, ["cnn.learning_rate=0.123", "train.epochs=77"])
    changed = changed_lines(before, after)
    assert [line.split("#")[0].split() for line in changed if line[0] == "+"] == [
        ["+", "learning_rate:", "0.123"],
        ["+", "epochs:", "77"],
    ]
    assert len(changed) == 4
    assert load_params(after).train.epochs == 77


def test_nothing_set_changes_nothing(file: tuple[Path, Path]) -> None:
    """A comment, a quote or an indent that DVC writes otherwise would change with every experiment."""
    from dvc.utils.hydra import apply_overrides

    before, after = file
    apply_overrides(after, [f"seed={load_params(before).seed}"])
    assert changed_lines(before, after) == []


def test_a_list_changes_its_own_lines_alone(file: tuple[Path, Path]) -> None:
    """Lists are written one value a line, since that is how DVC writes them."""
    from dvc.utils.hydra import apply_overrides

    before, after = file
    hidden = load_params(before).mlp.hidden
    apply_overrides(after, ["mlp.hidden=[11]"])
    assert len(changed_lines(before, after)) == len(hidden) + 1


def test_a_split_gets_a_seed_of_its_own_as_docs_compare_md_says(file: tuple[Path, Path]) -> None:
    """A key that may be missing needs DVC's ++; it adds one line, and changes none."""
    from dvc.utils.hydra import apply_overrides

    before, after = file
    apply_overrides(after, ["++split.seed=7"])
    assert changed_lines(before, after) == ["+   seed: 7"]
    assert load_params(after).split.seed == 7
