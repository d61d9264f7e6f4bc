import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.images.store import StoreWriter, view_path
from tests.support.program import Program, installed, said, write_params
from tests.support.terminal import foreign_lines


def write_views(folder: Path) -> None:
    """Write one augmented view of 40 small images, light ones and dark ones, as the stage `augment` does."""
    light = np.arange(40) % 2
    images = (light[:, None, None, None] * 120 + np.random.default_rng(0).integers(0, 130, (40, 28, 28, 1))).astype(
        "u1"
    )
    index = pd.DataFrame({"id": [str(place) for place in range(40)], "label": np.array(["dark", "light"])[light]})
    StoreWriter(view_path(folder, 0), index, (28, 28, 1), ["dark", "light"], {}).write(0, images)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_find_lr_suggests_a_rate_from_the_projects_own_batches(tmp_path: Path, model: str) -> None:
    """Else the command would not work on what `dvc repro` has made, or TensorFlow's lines would be on the terminal."""
    write_params(tmp_path / "params.yaml", train_batch_size=16)
    write_views(tmp_path / "data/augmented")
    done = installed(tmp_path, "find-lr", "--model", model, "--steps", "60")  # which loads Keras in its own way
    assert done.status == 0, done.stderr
    assert not foreign_lines(done.stderr)
    suggestion = float(re.findall(rf"{model}\.learning_rate: the loss falls most steeply at (\S+);", done.stdout)[0])
    curve = pd.read_csv(tmp_path / "reports/find-lr/curve.csv")
    assert curve["learning_rate"][0] == 1e-6
    assert 1e-5 < suggestion < curve["learning_rate"].max()
    assert (tmp_path / "reports/find-lr/find-lr.png").is_file()


def test_find_lr_says_what_must_run_first(pixelproof: Program, tmp_path: Path) -> None:
    """Else a fresh clone would show a traceback."""
    write_params(tmp_path / "params.yaml")
    message = said(pixelproof(tmp_path, "find-lr"))
    assert "data/augmented: no stored views to train on. Run `dvc repro augment` first." in message


@pytest.mark.parametrize(("low", "high"), [("1", "0.1"), ("0", "1"), ("1e-3", "inf"), ("nan", "1")])
def test_find_lr_refuses_rates_that_do_not_grow(pixelproof: Program, tmp_path: Path, low: str, high: str) -> None:
    """Else the curve would run backwards, or the arithmetic fail."""
    write_params(tmp_path / "params.yaml")
    assert "expected two rates above 0" in said(pixelproof(tmp_path, "find-lr", "--low", low, "--high", high))
