"""What a sweep remembers outlives its process, and counts every trial once."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.study import Study
from optuna.trial import TrialState

from pixelproof.errors import UserError
from pixelproof.sweeps.space import Sweep
from pixelproof.sweeps.study import (
    OWNER,
    abandoned,
    decode,
    distributions,
    finished,
    grid,
    open_study,
    requeue,
    trial_count,
)

SPACE = {"cnn.learning_rate": {"float": [0.1, 0.3], "step": 0.1}, "mlp.hidden": {"choice": [[8], [8, 4], None]}}


def sweep(kind: str = "random", space: Any = SPACE, **keys: Any) -> Sweep:
    return Sweep.model_validate({"trials": 20, "sampler": {"kind": kind, "seed": 3}, "space": space, **keys})


def opened(folder: Path, wanted: Sweep, **basis: Any) -> Study:
    return open_study(wanted, "search", f"sqlite:///{folder / 'search.db'}", basis, epochs=9)


def asked(study: Study, wanted: Sweep, owner: str = "me") -> Any:
    trial = study.ask(distributions(wanted.space))
    trial.set_user_attr(OWNER, owner)
    return trial


def test_a_grid_tries_every_combination_once(tmp_path: Path) -> None:
    """Else a grid would have holes, or pay twice for the same."""
    wanted = sweep("grid")
    study = opened(tmp_path, wanted)
    tried = []
    for number in range(trial_count(wanted)):
        trial = asked(opened(tmp_path, wanted) if number == 4 else study, wanted)  # also after it was opened anew
        values = decode(wanted.space, trial.params)
        tried.append((round(values["cnn.learning_rate"], 9), values["mlp.hidden"]))
        study.tell(trial, 0.5)
    assert len(tried) == 9
    assert all((rate, units) in tried for rate in (0.1, 0.2, 0.3) for units in ([8], [8, 4], None))


@given(st.integers(-50, 50), st.integers(1, 30), st.integers(1, 9), st.sampled_from([1, 0.1, 0.01]))
def test_a_grid_goes_from_end_to_end(low: int, steps: int, step: int, unit: float) -> None:
    """A value that rounding puts beyond the end would be refused by Optuna, or by params.yaml."""
    kind: type = int if unit == 1 else float
    ends = [kind(round(number * unit, 2)) for number in (low, low + steps * step)]
    wanted = sweep("grid", {"train.batch_size": {kind.__name__: ends, "step": round(step * unit, 2)}})
    found = [values["train.batch_size"] for values in grid(wanted)]
    assert len(set(found)) == steps + 1
    assert [found[0], found[-1]] == ends
    assert all(distributions(wanted.space)["train.batch_size"]._contains(value) for value in found)


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_a_sweep_that_goes_on_tries_other_values(kind: str, tmp_path: Path) -> None:
    """A sampler that began anew with its seed would spend the second half on the values of the first."""
    wanted = sweep(kind, {"cnn.learning_rate": {"float": [0.0, 1.0]}})
    tried = set()
    for _ in range(3):
        study = opened(tmp_path, wanted)
        for _ in range(3):
            trial = asked(study, wanted)
            tried.add(trial.params["cnn.learning_rate"])
            study.tell(trial, 0.5)
    assert len(tried) == 9


def test_a_trial_that_was_broken_off_is_tried_again_and_counts_once(tmp_path: Path) -> None:
    """Else a killed sweep would end with fewer trials than it was asked for, or forget what it had chosen."""
    wanted = sweep()
    study = opened(tmp_path, wanted)
    broken, other, done, failed = (asked(study, wanted, owner) for owner in ("me", "another machine", "me", "me"))
    study.tell(done, 0.9)
    study.tell(failed, state=TrialState.FAIL)
    again = opened(tmp_path, wanted)
    assert [trial.number for trial in abandoned(again, "me")] == [broken.number]
    for trial in abandoned(again, "me"):
        requeue(again, trial)
    assert [trial.number for trial in finished(again)] == [done.number, failed.number]
    retried = asked(again, wanted)
    assert retried.params == broken.params
    assert abandoned(again, "another machine")[0].number == other.number
    again.tell(retried, 0.8)
    assert [trial.number for trial in finished(again)] == [done.number, failed.number, retried.number]


def test_a_sweep_on_another_basis_is_refused(tmp_path: Path) -> None:
    """Trials of 2 and of 60 epochs cannot be compared; the sampler would learn nonsense from them."""
    opened(tmp_path, sweep(), **{"train.epochs": 60, "seed": 7})
    opened(tmp_path, sweep(trials=50), **{"train.epochs": 60, "seed": 7})
    with pytest.raises(UserError, match=r"started with another train\.epochs"):
        opened(tmp_path, sweep(), **{"train.epochs": 2, "seed": 7})
    with pytest.raises(UserError, match="started with another seed"):
        opened(tmp_path, sweep(), **{"train.epochs": 60})


def test_a_database_that_is_none_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    """A misspelt address must not end in a traceback."""
    for storage in ("nonsense://server/name", f"sqlite:///{tmp_path}/no/folder/search.db"):
        with pytest.raises(UserError, match="cannot be used as the sweep"):
            open_study(sweep(), "search", storage, {}, epochs=9)


@pytest.mark.parametrize(("kind", "options"), [("median", {"startup_trials": 1}), ("hyperband", {})])
def test_a_hopeless_trial_is_pruned(kind: str, options: dict[str, int], tmp_path: Path) -> None:
    """Else a pruner that is named would do nothing."""
    wanted = sweep(pruner={"kind": kind, **options})
    study = opened(tmp_path, wanted)
    pruned = []
    for number in range(6):
        trial = asked(study, wanted)
        for epoch in range(1, 10):
            trial.report(0.9 - number / 10, epoch)
            if trial.should_prune():
                pruned.append(number)
                break
        study.tell(
            trial, state=TrialState.PRUNED if number in pruned else None, values=None if number in pruned else 0.9
        )
    assert pruned
    assert 0 not in pruned
