"""May a run replace the champion? Facts in, a decision in words out; nothing is read or written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Literal

from pixelproof.errors import UserError

Metric = Literal["test/accuracy", "test/macro_f1", "test/log_loss"]
BETTER: dict[Metric, int] = {"test/accuracy": 1, "test/macro_f1": 1, "test/log_loss": -1}  # 1: more is better
SAME_TEST_PART = ("data/resized", "data/splits.csv")  # the test images, and which ones they are
EQUAL = 1e-9  # what floating point makes of equal shares; far less than one image
ALIAS = re.compile(r"(?!latest$|v\d+$)[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?")  # what MLflow and GTO both take


@dataclass(frozen=True)
class Contender:
    """What the gate wants to know of a run; None where the run does not say it."""

    run_id: str
    model: str
    status: str
    commit: str | None
    changed: str  # files that differed from the commit, as a person reads them; the run keeps the difference
    untracked: str  # files that Git did not know; nothing keeps them
    measured: float | None  # the metric, on the test part
    parameters: int | None
    data: Mapping[str, str]  # DVC's hashes by path

    def __str__(self) -> str:
        return f"run {self.run_id[:8]} ({self.model})"


@dataclass(frozen=True)
class Terms:
    """What is asked of a new champion."""

    alias: str = "champion"
    metric: Metric = "test/accuracy"
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not (self.margin >= 0 and isfinite(self.margin)):
            raise UserError(f"--margin {self.margin:g}: expected a number of 0 or more")
        if not ALIAS.fullmatch(self.alias):
            raise UserError(f"--alias {self.alias}: expected letters, digits, - and _, and neither `latest` nor `v1`")


@dataclass(frozen=True)
class Decision:
    """Whether a run passes, and why, in words."""

    passes: bool
    words: str


def judge(run: Contender, champion: Contender | None, terms: Terms) -> Decision:
    """Decide whether `run` replaces `champion`; the first one needs only to be complete."""
    passes, why = _decide(run, champion, terms)
    if not passes:
        return Decision(False, f"{run} does not become {terms.alias}: {why} Nothing was changed.")
    return Decision(True, f"{why}.{_tree(run)}")


def _decide(run: Contender, champion: Contender | None, terms: Terms) -> tuple[bool, str]:
    if lack := _not_measured(run, terms) or _not_repeatable(run):
        return False, lack
    if champion is None:
        return True, f"{run} is the first {terms.alias}, with {terms.metric} {run.measured:.4f}"
    remedy = f"If that is for good, take the alias {terms.alias} away (docs/registry.md), and promote again."
    if lack := _not_measured(champion, terms):
        return False, f"{champion}, the {terms.alias} now, cannot be compared with: {lack} {remedy}"
    if others := [path for path in SAME_TEST_PART if run.data[path] != champion.data[path]]:
        hashes = "; ".join(f"{path} is {run.data[path]} here and {champion.data[path]} there" for path in others)
        unlike = f"was evaluated on another test part ({hashes}), so their numbers cannot be compared"
        return False, f"{champion}, the {terms.alias} now, {unlike}. {remedy}"
    return _compare(run, champion, terms)


def _not_measured(run: Contender, terms: Terms) -> str:
    """Say what a run lacks that a comparison needs, and the remedy; nothing if it is all there."""
    if run.measured is None or isnan(run.measured) or run.parameters is None:
        return (
            f"it has no {terms.metric} or no number of parameters, as one that was not evaluated. Run `dvc repro` "
            "(after `dvc exp apply NAME` for the trial of a sweep)."
        )
    if missing := [path for path in SAME_TEST_PART if path not in run.data]:
        return f"it records no hash of {' and '.join(missing)}: it was not trained by DVC. Run `dvc repro`."
    return ""


def _not_repeatable(run: Contender) -> str:
    if run.status != "FINISHED":
        return f"it is {run.status}, not FINISHED. Run `dvc repro`, which continues it, and promote the result."
    if not run.commit:
        return "it records no commit, so it cannot be reproduced. Run `dvc repro` in a Git repository."
    return ""


def _compare(run: Contender, champion: Contender, terms: Terms) -> tuple[bool, str]:
    assert run.measured is not None
    assert champion.measured is not None
    assert run.parameters is not None
    assert champion.parameters is not None
    lead = BETTER[terms.metric] * (run.measured - champion.measured)
    both = f"{terms.metric} {run.measured:.4f}, and {champion.measured:.4f} for {champion}, on the same test part"
    wins = f"{run} replaces {champion}: {both}"
    if abs(lead) <= EQUAL:
        sizes = f"equal, with {run.parameters:,} parameters against {champion.parameters:,}"
        fewer = run.parameters < champion.parameters
        return fewer, f"{wins}: {sizes}" if fewer else f"{both}: {sizes}. Of equal runs the smaller one stays."
    if lead < 0:
        return False, f"{both}: worse by {-lead:.4f}. Promote a better run: `pixelproof runs` lists them."
    if lead < terms.margin - EQUAL:
        asked = f"and --margin asks for {terms.margin:g}. Promote a better run, or ask for less"
        return False, f"{both}: better by {lead:.4f}, {asked}."
    return True, f"{wins}: better by {lead:.4f}"


def _tree(run: Contender) -> str:
    """Say in what the tree differed from the commit, and whether that is kept."""
    commit = (run.commit or "")[:8]
    changed = (
        f" It differs from commit {commit} in {run.changed}; changes.diff of the run keeps how." if run.changed else ""
    )
    return changed + (f" Not in Git, and not kept: {run.untracked}." if run.untracked else "")
