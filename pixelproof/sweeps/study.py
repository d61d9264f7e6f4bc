"""The sweep's Optuna study, in a database that outlives the process; it chooses what to try next."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from pixelproof.errors import UserError
from pixelproof.sweeps.space import Pruner, Range, Sweep

OWNER, RETRIES, BASIS = "owner", "tries_again", "basis"  # user attributes: of a trial, of a trial, of the study
FINISHED_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
Values = Mapping[str, Any]  # dotted keys of params.yaml


def open_study(sweep: Sweep, name: str, storage: str, basis: Values, epochs: int) -> Study:
    """Open the study, or create it. `basis`: everything that its trials have in common.

    Raises UserError if the study has another basis, or the database cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        database = RDBStorage(storage, skip_compatibility_check=False)
    except (SQLAlchemyError, ImportError, RuntimeError) as error:
        raise UserError(f"{storage}: cannot be used as the sweep's database: {error}") from None
    study = optuna.create_study(
        storage=database,
        study_name=name,
        direction=sweep.direction,
        pruner=_pruner(sweep.pruner, epochs),
        load_if_exists=True,
    )
    study.sampler = _sampler(sweep, len(study.trials))
    if not study.trials and BASIS not in study.user_attrs:
        study.set_user_attr(BASIS, dict(basis))
        _enqueue_grid(study, sweep)
    begun = study.user_attrs[BASIS]
    changed = [key for key in sorted({*basis, *begun}) if begun.get(key) != basis.get(key)]
    if changed:
        raise UserError(
            f"the sweep {name} was started with another {changed[0]}, so its trials could not be compared. "
            f"Restore that, rename the sweep's file, or delete the study in {storage}."
        )
    return study


def _sampler(sweep: Sweep, begun: int) -> BaseSampler:
    seed = sweep.sampler.seed + begun  # the same seed would give the same values again
    return TPESampler(seed=seed) if sweep.sampler.kind == "tpe" else RandomSampler(seed=seed)


def _pruner(pruner: Pruner | None, epochs: int) -> BasePruner:
    if pruner is None:
        return NopPruner()
    if pruner.kind == "hyperband":
        return HyperbandPruner(min_resource=max(1, pruner.warmup_epochs), max_resource=epochs)
    return MedianPruner(n_startup_trials=pruner.startup_trials, n_warmup_steps=pruner.warmup_epochs)


def _enqueue_grid(study: Study, sweep: Sweep) -> None:
    """Queue every combination in a shuffled order, so that a part of the grid is spread over all of it."""
    if sweep.sampler.kind == "grid":
        combinations = grid(sweep)
        for position in np.random.default_rng(sweep.sampler.seed).permutation(len(combinations)):
            study.enqueue_trial(combinations[position])


def grid(sweep: Sweep) -> list[dict[str, Any]]:
    """Return every combination of the space's values, encoded for Optuna."""
    drawn = (_encode(values, values.grid()) for values in sweep.space.values())
    return [dict(zip(sweep.space, combination, strict=True)) for combination in itertools.product(*drawn)]


def _encode(values: Range, content: list[Any]) -> list[Any]:
    """Return values encoded for Optuna: choices as JSON text, since Optuna's cannot be lists."""
    return content if values.choice is None else [json.dumps(choice) for choice in content]


def trial_count(sweep: Sweep) -> int:
    """Return the number of trials of the sweep; a grid has at most its combinations."""
    return min(sweep.trials, len(grid(sweep))) if sweep.sampler.kind == "grid" else sweep.trials


def distributions(space: Mapping[str, Range]) -> dict[str, BaseDistribution]:
    """Return the space as Optuna's distributions."""
    return {key: _distribution(values) for key, values in space.items()}


def _distribution(values: Range) -> BaseDistribution:
    if values.choice is not None:
        return CategoricalDistribution(_encode(values, values.choice))
    if values.ints:
        return IntDistribution(values.ints[0], values.ints[1], log=values.log, step=int(values.step or 1))
    assert values.floats
    return FloatDistribution(values.floats[0], values.floats[1], log=values.log, step=values.step)


def decode(space: Mapping[str, Range], drawn: Values) -> dict[str, Any]:
    """Return values drawn by Optuna as values of params.yaml."""
    return {key: value if space[key].choice is None else json.loads(value) for key, value in drawn.items()}


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that completed, failed or were pruned, but not interrupted ones."""
    trials = study.get_trials(deepcopy=False)
    again = {trial.user_attrs.get(RETRIES) for trial in trials}
    return [trial for trial in trials if trial.state in FINISHED_STATES and trial.number not in again]


def abandoned(study: Study, owner: str) -> list[FrozenTrial]:
    """Return the trials that a killed process of `owner` left as running."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if trial.user_attrs.get(OWNER) == owner]


def requeue(study: Study, trial: Trial | FrozenTrial) -> None:
    """End an interrupted trial, and queue its values again."""
    study.enqueue_trial(trial.params, user_attrs={RETRIES: trial.number})
    study.tell(trial.number, state=TrialState.FAIL)
