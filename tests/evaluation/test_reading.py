"""What the stage `evaluate` makes of the answers that it reads."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pixelproof.evaluation.answers.tables import answer_table
from pixelproof.evaluation.calibration import fit_temperature
from pixelproof.evaluation.conformal import least_probability
from pixelproof.evaluation.temperature import scale
from pixelproof.files import write_json
from pixelproof.params.evaluate import Evaluate
from tests.support.answered import simulated

pytestmark = pytest.mark.slow  # the stage's own imports take seconds

CLASSES = ["a", "NA", "c"]
TEST, VALID = simulated(80, 1, sharpness=3.0), simulated(90, 2, sharpness=3.0)
GROUPS = pd.Series([f"group {number // 2}" for number in range(80)], [f"{number}.png" for number in range(80)])


@pytest.fixture(autouse=True)
def answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MLP's answers, in a project's folder."""
    folder = tmp_path / "data/predicted/mlp"
    folder.mkdir(parents=True)
    for name, own in (("answers", TEST), ("valid", VALID)):
        ids = [f"{number}.png" for number in range(len(own.labels))]
        answer_table("mlp", own.probabilities, ids, own.labels, CLASSES).to_parquet(folder / f"{name}.parquet")
    write_json(tmp_path / "models/mlp/run.json", {"weights_sha256": "5" * 64})
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("calibrate", [False, True])
def test_the_temperature_is_in_the_answers_only_if_params_say_so(calibrate: bool) -> None:
    """Else answers would change without being asked for, or be promised a temperature that they do not have."""
    from stages.evaluate import read_model

    own = read_model("mlp", CLASSES, GROUPS, Evaluate(confidence=0.95, coverage=0.9, calibrate=calibrate))
    best = fit_temperature(VALID.probabilities, VALID.labels)
    used = best if calibrate else 1.0
    assert best > 1.5
    assert (own.temperature, own.uncertainty.temperature) == (pytest.approx(best / used), used)
    shown = scale(TEST.probabilities, best) if calibrate else TEST.probabilities
    np.testing.assert_array_equal(own.answers.probabilities, shown)
    valid = scale(VALID.probabilities, best) if calibrate else VALID.probabilities
    assert own.uncertainty.least_probability == least_probability(valid, VALID.labels, 0.9)


def test_copies_stay_together() -> None:
    """Else the bootstrap would draw each copy by itself."""
    from stages.evaluate import read_model

    own = read_model("mlp", CLASSES, GROUPS, Evaluate(confidence=0.95, coverage=0.9, calibrate=False))
    assert own.answers.groups.tolist() == [number // 2 for number in range(80)]
    assert (own.unlike, own.uncertainty.largest_distance) == (None, None)
    assert own.uncertainty.weights_sha256 == "5" * 64


def test_the_photos_beyond_the_validation_parts_distance_are_unlike(tmp_path: Path) -> None:
    """Else the report would count others than the program warns of."""
    from stages.evaluate import distances_in

    usual = np.random.default_rng(1).normal([4, 1, 0], 0.2, size=(400, 3))
    usual = (usual / np.linalg.norm(usual, axis=1, keepdims=True)).astype(np.float16)
    odd = np.array([[0, 0, 1]] * 3, np.float16)
    np.savez(tmp_path / "f.npz", train=usual[:200], valid=usual[200:], test=np.concatenate([usual[:5], odd]))
    farthest, unlike = distances_in(tmp_path / "f.npz")
    assert 0 < farthest < 0.5
    assert unlike[5:].all()
    assert not unlike[:4].any()
