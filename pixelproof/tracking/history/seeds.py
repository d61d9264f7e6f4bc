"""Runs that differ in `seed` alone: how much of a difference between two experiments is chance."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from rich.table import Table

from pixelproof.errors import UserError
from pixelproof.tracking.run.naming import shortened
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

SEED, SPLIT_SEED = "seed", "split.seed"
SPLIT = "data/splits.csv.md5"  # the tag with DVC's hash of it
PER_CALL = 1000  # runs
LONGEST = 100  # characters of a group's params


@dataclass(frozen=True)
class SeedRun:
    """A finished run with what the comparison needs; `seed` and `split_seed` are not among `params`."""

    model: str
    params: Mapping[str, str]
    seed: str
    split_seed: str  # that of the split, which is the run's own unless params.yaml gives it one
    split: str  # DVC's hash of data/splits.csv: which photos are the test part
    value: float
    started: int


@dataclass(frozen=True)
class SeedGroup:
    """The values of one experiment's runs by their seeds."""

    model: str
    params: Mapping[str, str]
    values: Mapping[int, float]
    same_test_part: bool

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def deviation(self) -> float:
        """The sample's standard deviation."""
        return stdev(self.values.values())


@server_errors_as_user_errors()
def read_runs(client: MlflowClient, experiment: str, metric: str) -> list[SeedRun]:
    """Return the finished runs of an experiment that have the metric. Raises UserError if there are none."""
    found = client.get_experiment_by_name(experiment)
    runs = [_seed_run(run, metric) for run in _finished(client, found.experiment_id)] if found else []
    usable = [run for run in runs if run]
    if not usable:
        raise UserError(
            f"no finished run of the experiment {experiment!r} has the metric {metric} and a seed. Run `make repro`, "
            "or `pixelproof sync` if Git and DVC have runs that this store lacks."
        )
    return usable


def _finished(client: MlflowClient, experiment_id: str) -> Iterator[Run]:
    token: str | None = ""
    while token is not None:
        page = client.search_runs(
            [experiment_id], "attributes.status = 'FINISHED'", max_results=PER_CALL, page_token=token or None
        )
        yield from page
        token = page.token or None


def _seed_run(run: Run, metric: str) -> SeedRun | None:
    params, tags = dict(run.data.params), run.data.tags
    seed, split_seed = params.pop(SEED, ""), params.pop(SPLIT_SEED, "")
    if metric not in run.data.metrics or not seed.isdecimal():
        return None
    value, split = run.data.metrics[metric], tags.get(SPLIT, "")
    return SeedRun(tags.get("model", ""), params, seed, split_seed, split, value, run.info.start_time)


def groups(runs: Collection[SeedRun]) -> list[SeedGroup]:
    """Return each experiment that has several seeds, by model, the highest mean first.

    Seeds that share a test part are a group, and so are those that drew one each. Of several runs of one seed the last
    counts. Raises UserError if there is no such experiment.
    """
    by_params: dict[tuple[str, frozenset[tuple[str, str]]], list[SeedRun]] = {}
    for run in sorted(runs, key=lambda run: run.started):
        by_params.setdefault((run.model, frozenset(run.params.items())), []).append(run)
    found = [group for same in by_params.values() for group in _of_one_experiment(same)]
    if not found:
        raise UserError(
            f"none of {len(runs)} runs differ in `seed` alone. Train another seed on the same test part: "
            "`dvc exp run -S seed=8 -S ++split.seed=7`, where 7 is the seed of the others (docs/compare.md)."
        )
    return sorted(found, key=lambda group: (group.model, -group.mean))


def _of_one_experiment(runs: Sequence[SeedRun]) -> Iterator[SeedGroup]:
    by_split: dict[str, list[SeedRun]] = {}
    for run in runs:
        by_split.setdefault(run.split, []).append(run)
    for same in by_split.values():
        yield from _several(same, same_test_part=True)
    own = [run for run in runs if run.split_seed in ("", run.seed)]
    if len({run.split for run in own}) > 1:
        yield from _several(own, same_test_part=False)


def _several(runs: Sequence[SeedRun], *, same_test_part: bool) -> Iterator[SeedGroup]:
    values = {int(run.seed): run.value for run in runs}
    if len(values) > 1:
        yield SeedGroup(runs[0].model, runs[0].params, dict(sorted(values.items())), same_test_part)


def distinguishing(found: Sequence[SeedGroup], group: SeedGroup) -> str:
    """Return the params in which the groups of this model differ, as this one has them."""
    others = [other.params for other in found if other.model == group.model]
    keys = dict.fromkeys(key for params in others for key in params)
    differing = [key for key in keys if len({params.get(key) for params in others}) > 1]
    named = ", ".join(f"{key}={group.params[key]}" for key in differing if key in group.params)
    return shortened(named, LONGEST) or "the same in all"


def as_rich(found: Sequence[SeedGroup], metric: str) -> Table:
    sheet = Table("model", "params", "test part", "seeds", "n", "mean", "std. dev.", "min", "max", title=metric)
    for group in found:
        values = group.values.values()
        numbers = [f"{number:.4f}" for number in (group.mean, group.deviation, min(values), max(values))]
        part = "one" if group.same_test_part else "of each seed"
        named = [group.model, distinguishing(found, group), part, ", ".join(map(str, group.values)), str(len(values))]
        sheet.add_row(*named, *numbers)
    return sheet


def as_json(group: SeedGroup) -> dict[str, Any]:
    return {
        "model": group.model,
        "params": dict(group.params),
        "same_test_part": group.same_test_part,
        "values": {str(seed): value for seed, value in group.values.items()},
        "n": len(group.values),
        "mean": group.mean,
        "standard_deviation": group.deviation,
        "min": min(group.values.values()),
        "max": max(group.values.values()),
    }
