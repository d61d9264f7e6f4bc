"""What folds say together, from answers that lie in their places."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pixelproof.evaluation.answers.tables import answer_table
from pixelproof.evaluation.folds import corrected_t_test
from pixelproof.files import write_json
from pixelproof.folds.kept import Kept
from pixelproof.folds.report import report, verdict, write_report
from tests.support.answered import simulated, weaker

CLASSES, IMAGES = ["a", "NA", "c"], 200


def kept(folder: Path) -> Kept:
    """Three folds of 200 photos each, of which the CNN knows more."""
    for fold in (1, 2, 3):
        own = simulated(IMAGES, fold)
        ids = [f"{fold}-{number}.png" for number in range(IMAGES)]
        tables = [
            answer_table(model, answers.probabilities, ids, own.labels, CLASSES).assign(group=ids)
            for model, answers in (("cnn", own), ("mlp", weaker(own, fold)))
        ]
        (folder / str(fold)).mkdir(parents=True)
        pd.concat(tables).to_parquet(folder / f"{fold}/predictions.parquet")
        write_json(folder / f"{fold}/parts.json", {"train": IMAGES, "valid": IMAGES, "test": IMAGES})
    return Kept(folder, 3, None)


def test_the_pooled_figures_are_those_of_all_photos(tmp_path: Path) -> None:
    """Else a fold would count more than another, or the test be of other differences than the table shows."""
    folds = kept(tmp_path / "abc")
    table, content = report(folds, CLASSES, confidence=0.95, seed=1)
    answers = pd.concat([folds.answers(fold) for fold in folds.done])
    for model in ("cnn", "mlp"):
        own = answers[answers["model"] == model]
        assert content[model]["accuracy"] == pytest.approx((own["label"] == own["predicted"]).mean())
        assert content[model]["accuracy_low"] < content[model]["accuracy"] < content[model]["accuracy_high"]
    assert (content["folds"], content["photos"]) == (3, 3 * IMAGES)
    wide = table.pivot(index="fold", columns="model", values="log_loss")
    expected = corrected_t_test((wide["cnn"] - wide["mlp"]).to_numpy(), train=IMAGES, test=IMAGES, confidence=0.95)
    assert content["comparison"]["log_loss"]["p"] == pytest.approx(expected.p)
    write_report(table, content, tmp_path / "reports")
    assert json.loads((tmp_path / "reports/folds.json").read_text("utf-8")) == content
    assert len(pd.read_csv(tmp_path / "reports/folds.csv")) == 6


@pytest.mark.parametrize(("mean", "p", "says"), [(0.02, 0.01, "The CNN is better"), (-0.02, 0.2, "may be chance")])
def test_the_sentence_says_what_the_test_says(mean: float, p: float, says: str) -> None:
    """Else a difference by chance would be read as one."""
    found = {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "p": p}
    assert says in verdict({"folds": 5, "confidence": 0.95, "comparison": {"accuracy": found}})


def test_folds_of_another_state_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an edit of params or code would pool answers of different models; `split.fold` alone is no edit."""
    (tmp_path / "pixelproof").mkdir()
    code, params = tmp_path / "pixelproof/code.py", tmp_path / "params.yaml"

    def name(seed: int = 1, fold: int = 1, source: str = "1") -> str:
        params.write_text(f"seed: {seed}\nsplit: {{folds: 3, fold: {fold}}}\n", "utf-8")
        code.write_text(source, "utf-8")
        return Kept.of(tmp_path, tmp_path / "work", 3).name

    assert name() == name(fold=2)
    assert len({name(), name(seed=2), name(source="2")}) == 3
    assert np.array_equal(Kept.of(tmp_path, tmp_path / "work", 3).missing, [1, 2, 3])
