"""The summary that is read in one minute: how often it is right, against what, how sure, and what to do next."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pixelproof.evaluation.table import verdict
from pixelproof.explain.page.advice import next_steps
from pixelproof.explain.page.reports import Reports
from pixelproof.explain.page.words import between, counted, percent

UNEVEN = 0.02  # by which accuracy and balanced accuracy differ where classes are of unequal size


class Bar(NamedTuple):
    """One accuracy beside others."""

    name: str
    kind: str  # cnn, mlp or commonest
    share: float
    says: str


def summary(reports: Reports) -> dict[str, Any]:
    """Return what templates/summary.html shows."""
    return {
        "accuracy": percent(reports.own["accuracy"]),
        "interval": between(reports.own["accuracy_low"], reports.own["accuracy_high"]),
        "confidence": f"{100 * reports.confidence:g} %",
        "photos": reports.test_photos,
        "wrong": counted(len(reports.mistakes), "mistake") if len(reports.mistakes) else "no mistake",
        "balanced": balanced(reports),
        "bars": bars(reports.metrics),
        "verdict": verdict(dict(reports.metrics)),
        "sure": [*filter(None, (calibration(reports), sets(reports), unlike(reports)))],
        "next": next_steps(reports),
    }


def balanced(reports: Reports) -> str:
    """Return the mean over classes in words, where it says something else than the accuracy."""
    mean = reports.own["balanced_accuracy"]
    if abs(mean - reports.own["accuracy"]) < UNEVEN:
        return ""
    return f"As a mean over classes, each counted alike: {percent(mean)}."


def bars(metrics: Mapping[str, Any]) -> list[Bar]:
    """Return the accuracies to compare: the CNN's, the MLP's, and that of always naming the commonest class."""
    names = {"cnn": "this network (CNN)", "mlp": "fully connected (MLP)", "commonest": "always the commonest class"}
    sources = {"cnn": metrics["cnn"], "mlp": metrics["mlp"], "commonest": metrics["commonest_class"]}
    return [Bar(names[kind], kind, own["accuracy"], percent(own["accuracy"])) for kind, own in sources.items()]


def calibration(reports: Reports) -> str:
    """Say whether its probabilities mean what they say; the temperature tells in which direction they do not."""
    own = reports.own
    error, low, high = (own.get(f"calibration_error{end}") for end in ("", "_low", "_high"))
    if error is None or low is None or high is None:
        return ""
    off = f"off by {100 * error:.1f} points on average ({100 * low:.1f} to {100 * high:.1f})"
    if low == 0:
        return f"The probabilities that it gives are {off}, which chance may explain: they mean what they say."
    way = "too sure" if own["temperature"] > 1 else "too modest"
    return f"The probabilities that it gives are {off}: it is {way}."


def sets(reports: Reports) -> str:
    """Say what becomes of the promise that the possible classes hold the true one."""
    own, promised = reports.own, reports.uncertainty["coverage"]
    if own.get("set_coverage") is None:
        return ""
    low, high = own["set_coverage_low"], own["set_coverage_high"]
    kept = "fewer than" if high < promised else "more than" if low > promised else "in line with"
    unsure = [
        f", {words} for {percent(own[key])}"
        for key, words in (("set_several", "undecided between several"), ("set_none", "sure of none"))
        if own[key]
    ]
    return (
        f"It is sure of one class for {percent(own['set_one'])} of the photos{''.join(unsure)}. The true class is "
        f"among those that it finds possible for {percent(own['set_coverage'])} ({between(low, high)}), {kept} the "
        f"promised {100 * promised:g} %."
    )


def unlike(reports: Reports) -> str:
    """Say how many test photos are unlike all training photos."""
    share = reports.own.get("unlike_share")
    return "" if not share else f"{percent(share)} of the test photos look unlike all that it learnt from."
