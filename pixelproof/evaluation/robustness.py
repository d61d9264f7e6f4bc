"""How much accuracy each model loses when the test images get worse: shifted, turned, darkened and so on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pixelproof.evaluation.bootstrap import PLAIN, interval, resample
from pixelproof.evaluation.proportions import Proportions

RESAMPLES = 2000
UNTOUCHED = "none"  # the kind of the images as they are
TITLES = {
    "shift_px": "shifted by pixels",
    "rotation_degrees": "turned by degrees",
    "scale": "shrunk to this share",
    "brightness": "darkened to this share",
    "blur_px": "blurred, deviation in pixels",
    "noise": "noise, deviation of a range of 1",
    "jpeg_quality": "JPEG of this quality",
}
COLOURS = {"cnn": "#d55e00", "mlp": "#0072b2"}


def robustness_table(
    answers: Mapping[str, pd.DataFrame], groups: "pd.Series[Any]", *, confidence: float, seed: int
) -> pd.DataFrame:
    """Return a row per corruption and level with each model's accuracy, and by how much more the CNN loses.

    answers  by model the columns kind, level, id, right, of the same images; groups: their groups of copies, by id

    Columns: kind, level; <model>, <model>_low, <model>_high (Wilson); lost_more, lost_more_low and lost_more_high: the
    accuracy that the CNN loses to the corruption less what the MLP loses, with the interval of paired resamples.
    """
    right = {model: _matrix(own) for model, own in answers.items()}
    conditions, ids = right["cnn"].columns, right["cnn"].index
    numbers = pd.factorize(groups.loc[ids])[0]
    frame = conditions.to_frame(index=False)
    for model, table in right.items():
        hits = table.to_numpy()
        low, high = Proportions.of(hits, np.ones_like(hits), numbers).intervals(confidence)
        frame[model], frame[f"{model}_low"], frame[f"{model}_high"] = hits.mean(axis=0), low, high
    lost_more = _lost(right["cnn"]) - _lost(right["mlp"])
    samples = resample(lambda weights: _means(weights, lost_more), numbers, resamples=RESAMPLES, seed=seed)
    found = [(sample.value, *interval(sample, PLAIN, confidence)) for sample in samples.values()]
    frame[["lost_more", "lost_more_low", "lost_more_high"]] = found
    return frame


def _matrix(answers: pd.DataFrame) -> pd.DataFrame:
    """Return bool, a row per image and a column per (kind, level); the first is the images as they are."""
    wide = answers.pivot_table(index="id", columns=["kind", "level"], values="right", sort=False)
    return wide.astype(bool).sort_index()


def _lost(right: pd.DataFrame) -> np.ndarray:
    """Return, image by image, what each condition costs: 1 where only the untouched image was right, -1 the reverse."""
    values = right.to_numpy().astype(np.float32)
    lost: np.ndarray = values[:, :1] - values
    return lost


def _means(weights: np.ndarray, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the weighted mean of each column, float32 (resamples,), by its number."""
    means = weights @ values / weights.sum(axis=1, keepdims=True)
    return {str(number): column for number, column in enumerate(means.T)}


def robustness_figure(table: pd.DataFrame) -> Figure:
    """Draw each kind of corruption: accuracy by level, of both models, with intervals."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    untouched = table[table["kind"] == UNTOUCHED]
    places = figure.subplots(2, 4, sharey=True).ravel()
    for axes, (kind, title) in zip(places, TITLES.items(), strict=False):
        rows = pd.concat([untouched, table[table["kind"] == kind]])
        levels = ["as it is", *(f"{level:g}" for level in rows["level"].iloc[1:])]
        for model, colour in COLOURS.items():
            axes.plot(levels, rows[model], "o-", color=colour, label=model.upper())
            axes.fill_between(levels, rows[f"{model}_low"], rows[f"{model}_high"], color=colour, alpha=0.2)
        axes.set(title=title, ylim=(0, 1))
        axes.grid(alpha=0.3)
    places[0].set_ylabel("test accuracy")
    places[4].set_ylabel("test accuracy")
    places[-1].axis("off")
    places[-1].legend(*places[0].get_legend_handles_labels(), loc="center", fontsize="large")
    return figure
