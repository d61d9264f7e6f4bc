import json
from pathlib import Path

import pytest

from pixelproof.evaluation.table import WITH_INTERVALS
from tests.support.program import Program, said

MODEL = {
    "accuracy": 0.9,
    "accuracy_low": 0.8,
    "accuracy_high": 0.95,
    **{f"{name}{end}": 0.3 for name in WITH_INTERVALS for end in ("", "_low", "_high")},
    "temperature": 1.1,
    "set_size": 1.5,
    "parameters": 1234,
    "multiply_adds": 5678,
    "best_epoch": 3,
    "train_seconds": 12.3,
}
METRICS = {
    "cnn": MODEL,
    "mlp": MODEL | {"accuracy": 0.7},
    "commonest_class": {"accuracy": 0.5},
    "comparison": {
        "images": 50,
        "accuracy_difference": 0.2,
        "accuracy_difference_low": 0.1,
        "accuracy_difference_high": 0.3,
        "mcnemar_p": 0.002,
        "only_cnn_right": 11,
        "only_mlp_right": 1,
        "confidence": 0.95,
    },
}


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """A folder in which an evaluation has run."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/metrics.json").write_text(json.dumps(METRICS), "utf-8")
    return tmp_path


def test_results_prints_the_last_comparison(pixelproof: Program, evaluated: Path) -> None:
    """Else the table of `dvc repro` could not be seen again."""
    done = pixelproof(evaluated, "results")
    assert (done.status, done.stderr) == (0, "")
    assert "test accuracy" in done.stdout
    assert "0.9000" in done.stdout
    assert "more than chance explains" in " ".join(done.stdout.split())


def test_results_prints_markdown_for_the_readme(pixelproof: Program, evaluated: Path) -> None:
    """Else the README's table would have to be written by hand; nothing may be wrapped or coloured."""
    lines = pixelproof(evaluated, "results", "--markdown").stdout.splitlines()
    assert lines[0] == "|  | CNN (Keras) | MLP (scikit-learn) |"
    assert lines[2] == "| test accuracy | 0.9000 | 0.7000 |"
    assert lines[-2] == ""
    assert lines[-1].startswith("On the same 50 test images")
    assert lines[-1].endswith("more than chance explains.")


def test_results_can_be_read_from_another_file(pixelproof: Program, evaluated: Path) -> None:
    """Else the results of another experiment could not be shown."""
    (evaluated / "reports/metrics.json").rename(evaluated / "other.json")
    assert "0.9000" in pixelproof(evaluated, "results", "--metrics", "other.json").stdout


def test_without_results_the_way_to_them_is_named(pixelproof: Program, tmp_path: Path) -> None:
    """Else the first thing a user may try would end in a traceback."""
    assert said(pixelproof(tmp_path, "results")) == (
        "error: reports/metrics.json: there are no results yet. Run `make repro` first.\n"
    )


def test_a_broken_report_ends_with_one_message(pixelproof: Program, evaluated: Path) -> None:
    """Else a merge conflict in the report, or one of another version, would give a traceback."""
    (evaluated / "reports/metrics.json").write_text("<<<<<<< HEAD\n", "utf-8")
    assert "reports/metrics.json" in said(pixelproof(evaluated, "results"))
