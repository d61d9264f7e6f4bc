"""The filters that docs/compare.md shows are taken by MLflow, and mean what stands beside them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.imports import ROOT
from tests.support.runs import log_four, logging_to

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

PAGE = (ROOT / "docs/compare.md").read_text("utf-8")
FILTERS = dict(re.findall(r"^\| (.+?) \| ``(.+)`` \|$", PAGE, re.MULTILINE))
CNN, MLP = "cnn · as committed (3f2a1b9)", "mlp · as committed (3f2a1b9)"
WIDE_CNN, WIDE_MLP = "cnn · wide · conv1.filters=32", "mlp · wide · hidden=[200]"
EXPECTED = {
    "of one model": {CNN, WIDE_CNN},
    "with more than 96% accuracy on the test part": {CNN, WIDE_CNN, WIDE_MLP},
    "of one experiment": {WIDE_CNN, WIDE_MLP},
    "whose name contains a word": {WIDE_CNN},
    "with one value of a parameter": {WIDE_CNN},
    "that are small and good": {CNN, WIDE_CNN},
    "whose code was committed": {CNN, MLP},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """MLflow, with four runs."""
    with logging_to(tmp_path_factory.mktemp("project")) as runs:
        log_four(runs)
        import mlflow

        yield mlflow


def test_every_filter_of_the_page_is_tested() -> None:
    """Else one could be added, or misspelt, unseen."""
    assert set(FILTERS) == set(EXPECTED)


@pytest.mark.parametrize("meaning", EXPECTED)
def test_a_filter_finds_what_the_page_says(store: Any, meaning: str) -> None:
    """Backticks and quotes are easily got wrong, and MLflow's messages do not help."""
    found = store.search_runs(experiment_names=["pixelproof"], filter_string=FILTERS[meaning])
    assert set(found["tags.mlflow.runName"]) == EXPECTED[meaning]


def test_the_python_of_the_page_runs(store: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Examples are copied."""
    code = re.search(r"```python\n(.+?)```", PAGE, re.DOTALL)
    assert code is not None
    exec(code[1].replace("sqlite:///mlflow.db", store.get_tracking_uri()), {})
    printed = capsys.readouterr().out
    assert WIDE_CNN in printed
    assert MLP not in printed


def test_the_columns_of_the_page_are_those_of_the_table() -> None:
    """Else the page would explain other columns than a person sees."""
    from pixelproof.tracking.store import runs_table

    explained = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.+?) \| [^`|]", PAGE, re.MULTILINE))))
    assert explained >= {*runs_table.TAGS, *runs_table.METRICS, *runs_table.COSTS} - {"model"}
    assert f"at most {runs_table.SHOWN_PARAMS}, among the newest {runs_table.COMPARED_RUNS} runs" in PAGE
