"""May a run take the champion's place? Facts in, a verdict in words out; nothing is read or written."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, isnan

from pixelproof.errors import UserError

METRICS = {"test/accuracy": 1, "test/macro_f1": 1, "test/log_loss": -1}  # 1: more is better, -1: less is
SAME_TEST_PART = ("data/resized", "data/splits.csv")  # the test images, and which ones they are
EQUAL = 1e-9  # what floating point makes of equal shares; one image of a billion


@dataclass(frozen=True)
class Contender:
    """What the gate wants to know of a run; None where the run does not say it."""

    run_id: str
    model: str
    status: str
    commit: str | None
    changed: str  # files that differed from the commit, for a person to read; empty for a clean tree
    measured: float | None  # the metric, on the test part
    parameters: int | None
    data: Mapping[str, str]  # DVC's hashes by path

    def __str__(self) -> str:
        return f"run {self.run_id[:8]} ({self.model})"


@dataclass(frozen=True)
class Terms:
    """What is asked of a new champion."""

    alias: str = "champion"
    metric: str = "test/accuracy"
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not (self.margin >= 0 and isfinite(self.margin)):
            raise UserError(f"--margin {self.margin:g}: expected a number of 0 or more")


@dataclass(frozen=True)
class Verdict:
    """Whether a run passes, and why, in words."""

    passes: bool
    words: str


def judge(run: Contender, champion: Contender | None, terms: Terms) -> Verdict:
    """Decide whether `run` takes the place of `champion`; the first one needs only to be complete."""
    if lack := _lack(run, terms):
        return _refused(run, terms, lack)
    if champion is None:
        return Verdict(True, f"{run} is the first {terms.alias}: {terms.metric} {run.measured:.4f}")
    if _lack(champion, terms, of_champion=True):
        return _refused(run, terms, f"there is nothing to compare with: {champion}, the {terms.alias} now, names no "
                        f"{terms.metric}, parameters or hashes of its data. {_take_away(terms)}")  # fmt: skip
    if others := [path for path in SAME_TEST_PART if run.data[path] != champion.data[path]]:
        hashes = "; ".join(f"{path} is {run.data[path]} here and {champion.data[path]} there" for path in others)
        return _refused(run, terms, f"{champion}, the {terms.alias} now, answered another test part ({hashes}), so "
                        f"their numbers cannot be compared. {_take_away(terms)}")  # fmt: skip
    return _compare(run, champion, terms)


def _lack(run: Contender, terms: Terms, *, of_champion: bool = False) -> str:
    """Say what a run lacks, and the remedy; nothing if it is complete. A champion may be of any tree and status."""
    if run.measured is None or isnan(run.measured) or run.parameters is None:
        return (
            f"it has no {terms.metric} or no number of parameters, as one that was not evaluated. Run `dvc repro` "
            "(after `dvc exp apply NAME` for the trial of a sweep)."
        )
    if missing := [path for path in SAME_TEST_PART if path not in run.data]:
        return f"it names no hash of {' and '.join(missing)}: it was not trained by DVC. Run `dvc repro`."
    if of_champion:
        return ""
    if run.status != "FINISHED":
        return f"it is {run.status}, not FINISHED. Run `dvc repro`, which goes on with it, and promote what comes out."
    if not run.commit:
        return "it names no commit, so nobody could have it again. Run `dvc repro` in a Git repository."
    return ""


def _compare(run: Contender, champion: Contender, terms: Terms) -> Verdict:
    assert run.measured is not None
    assert champion.measured is not None
    assert run.parameters is not None
    assert champion.parameters is not None
    lead = METRICS[terms.metric] * (run.measured - champion.measured)
    both = f"{terms.metric} {run.measured:.4f}, and {champion.measured:.4f} for {champion}, on the same test part"
    sizes = f"{run.parameters:,} parameters against {champion.parameters:,}"
    if abs(lead) <= EQUAL:
        if run.parameters < champion.parameters:
            return Verdict(True, f"{run} takes the place of {champion}: {both}: equal, with {sizes}")
        return _refused(run, terms, f"{both}: equal, with {sizes}. Equal runs must have fewer.")
    if lead > 0 and lead >= terms.margin - EQUAL:
        return Verdict(True, f"{run} takes the place of {champion}: {both}: better by {lead:.4f}")
    if lead > 0:
        return _refused(run, terms, f"{both}: better by {lead:.4f}, and --margin asks for {terms.margin:g}. "
                        "Promote a better run, or ask for less.")  # fmt: skip
    return _refused(run, terms, f"{both}: worse by {-lead:.4f}. Promote a better run: `pixelproof runs` lists them.")


def _refused(run: Contender, terms: Terms, why: str) -> Verdict:
    return Verdict(False, f"{run} does not become {terms.alias}: {why} Nothing was changed.")


def _take_away(terms: Terms) -> str:
    return f"If that is for good, take the alias {terms.alias} away (docs/registry.md), and promote again."
