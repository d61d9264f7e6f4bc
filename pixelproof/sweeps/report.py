"""The report of a sweep: a table of its trials, and plots of the search."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from optuna.exceptions import ExperimentalWarning
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as drawing
from rich.table import Table

from pixelproof.files import replacing
from pixelproof.sweeps.search import REASON, experiment_name
from pixelproof.sweeps.space import Sweep
from pixelproof.sweeps.study import decode, finished

SHOWN = 10  # trials in the table on the terminal; trials.csv has all


def ranked(study: Study) -> list[FrozenTrial]:
    """Return the finished trials: complete ones, best first, then pruned, then failed ones."""
    sign = -1 if study.direction == StudyDirection.MAXIMIZE else 1
    order = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return sorted(
        finished(study), key=lambda trial: (order.index(trial.state), sign * (trial.value or 0.0), trial.number)
    )


def rows(study: Study, sweep: Sweep, name: str) -> pd.DataFrame:
    """Return a row per finished trial: experiment, how it ended, metric, params, reason of a failure."""
    return pd.DataFrame(
        {
            "experiment": experiment_name(name, trial.number),
            "ended": trial.state.name.lower(),
            sweep.metric: trial.value if trial.state == TrialState.COMPLETE else None,
            **decode(sweep.space, trial.params),
            "reason": trial.user_attrs.get(REASON, ""),
        }
        for trial in ranked(study)
    )


def as_rich(trials: pd.DataFrame, metric: str) -> Table:
    shown = trials.drop(columns="reason").head(SHOWN)
    table = Table(title=f"the best of {len(trials)} trials, by {metric}" if len(trials) > SHOWN else None)
    for column in shown:
        table.add_column(str(column), overflow="fold")
    for row in shown.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return "" if value is None else str(value)


def write_report(study: Study, trials: pd.DataFrame, folder: Path) -> None:
    """Write trials.csv and, if enough trials are complete, history.png and importances.png."""
    with replacing(folder) as beside:
        beside.mkdir()
        trials.to_csv(beside / "trials.csv", index=False)
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if complete:
            _draw(drawing.plot_optimization_history, study, beside / "history.png")
        if len({trial.value for trial in complete}) > 1:  # if all are equal, no key can explain a difference
            _draw(drawing.plot_param_importances, study, beside / "importances.png")


def _draw(plot: Callable[[Study], Any], study: Study, path: Path) -> None:
    mpl.use("agg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        figure = plot(study).figure
    figure.savefig(path, bbox_inches="tight", dpi=120)
    mpl.pyplot.close(figure)
