"""What to do next, computed from the reports: at most three things, those that may mend most mistakes first."""

from collections.abc import Callable
from math import ceil, isfinite
from typing import NamedTuple

import numpy as np

from pixelproof.explain.page.reports import Reports
from pixelproof.explain.page.words import between, counted, listed, percent

MOST = 3
FEW_TEST_PHOTOS = 30  # of a class: its recall is then known to within some 15 points
LAST_EPOCHS = 3  # whose mean loss says whether it is still falling
MAX_FACTOR = 1000  # of more test photos: beyond it nobody will collect them


class Step(NamedTuple):
    """One thing to do."""

    title: str
    why: str
    mends: float  # share of the test photos whose mistakes it may mend
    anchor: str  # of the evidence for it


NOTHING = Step(
    "Nothing, with these photos",
    "No label is suspected, no class is clearly worse than the others, and training had stopped improving: the network "
    "is as good as the photos allow.",
    0,
    "classes",
)


def next_steps(reports: Reports) -> list[Step]:
    """Return up to MOST steps, most useful first, and NOTHING where none is left to take."""
    found = filter(None, (suggest(reports) for suggest in SUGGESTIONS))
    ranked = sorted(found, key=lambda step: -step.mends)
    return ranked[:MOST] or [NOTHING]


def find_the_fault(reports: Reports) -> Step | None:
    """Of a network that is no better than the commonest class."""
    commonest = reports.metrics["commonest_class"]["accuracy"]
    if reports.own["accuracy"] > commonest:
        return None
    why = (
        f"Always naming the commonest class is right on {percent(commonest)} of the photos, no less than the network. "
        "Look at whether the labels fit the photos, and at the learning rate."
    )
    return Step("Find out why it learns nothing", why, 1.0, "diagram")


def add_photos_against_chance(reports: Reports) -> Step | None:
    """Where the test part is too small to tell the network from the commonest class."""
    commonest, own = reports.metrics["commonest_class"]["accuracy"], reports.own
    if not own["accuracy_low"] <= commonest < own["accuracy"]:
        return None
    why = (
        f"{counted(reports.test_photos, 'test photo')} cannot tell it from always naming the commonest class, which is "
        f"right on {percent(commonest)} of them."
    )
    return Step("Add photos, for testing too", why, own["accuracy"] - own["accuracy_low"], "summary")


def train_longer(reports: Reports) -> Step | None:
    """Where the best epoch is the last, and the loss was still falling."""
    loss, best = reports.history["valid_loss"], int(reports.own["best_epoch"])
    recent, before = loss.iloc[-LAST_EPOCHS:], loss.iloc[-2 * LAST_EPOCHS : -LAST_EPOCHS]
    falling = loss.iloc[-1] < loss.iloc[0] if before.empty else recent.mean() < before.mean()
    if best < len(loss) or not falling:
        return None
    why = f"Its best epoch was the last, number {best:,}, and the loss on the validation part was still falling."
    return Step("Train longer: raise train.epochs", why, len(reports.mistakes) / reports.test_photos, "diagram")


def use_the_mlp(reports: Reports) -> Step | None:
    """Where the MLP is ahead, more than chance explains."""
    compared = reports.metrics["comparison"]
    ahead = -compared["accuracy_difference"]
    if ahead <= 0 or compared["mcnemar_p"] >= 1 - compared["confidence"]:
        return None
    why = f"It is ahead of the CNN by {100 * ahead:.1f} points on the same photos. Or change the CNN: sweeps do so."
    return Step("Use the MLP", why, ahead, "summary")


def correct_labels(reports: Reports) -> Step | None:
    suspected = reports.suspected
    labels = int((suspected["suggested"] != "").sum()) if len(suspected) else 0
    if not labels:
        return None
    answered = sum(reports.split["photos"].get(part, 0) for part in ("valid", "test"))
    why = (
        f"Found among the {answered:,} photos that it was not trained on. Look at them below, correct the column label "
        "of reports/suspects.csv, and save it as labels.csv beside the photos."
    )
    return Step(f"Check {counted(labels, 'suspected label')}", why, labels / max(1, answered), "suspects")


def add_photos_of_worst_classes(reports: Reports) -> Step | None:
    """Of the classes whose recall is clearly below the network's accuracy, those with most mistakes first."""
    table = reports.per_class.assign(mistakes=(1 - reports.per_class["recall"]) * reports.per_class["images"])
    worse = table[(table["recall_high"] < reports.own["accuracy"]) & (table["images"] >= FEW_TEST_PHOTOS)]
    if worse.empty:
        return None
    worse = worse.sort_values("mistakes", ascending=False, kind="stable")
    found = [
        f"{percent(row.recall)} of {row.label} ({between(row.recall_low, row.recall_high)}; learnt from "
        f"{counted(reports.training_photos(str(row.label)), 'photo')})"
        for row in worse.itertuples()
    ]
    why = f"It finds {listed(found, 2)}, against {percent(reports.own['accuracy'])} of all photos."
    title = f"Add photos of {listed(worse['label'].tolist(), 2)}"
    return Step(title, why, float(worse["mistakes"].sum()) / reports.test_photos, "classes")


def add_photos_of_scarce_classes(reports: Reports) -> Step | None:
    """Of classes with so few test photos that little is known; counted by the mistakes that their intervals allow."""
    table = reports.per_class
    scarce = table[table["images"] < FEW_TEST_PHOTOS]
    if scarce.empty:
        return None
    possible = ((1 - scarce["recall_low"]) * scarce["images"]).sum()
    names = [
        f"{row.label} ({reports.training_photos(str(row.label)):,} to learn from, {row.images:,} to test)"
        for row in scarce.sort_values("images", kind="stable").itertuples()
    ]
    why = f"Under {FEW_TEST_PHOTOS} test photos say little about a class: {listed(names)}."
    title = f"Add photos of {listed(scarce.sort_values('images', kind='stable')['label'].tolist(), 2)}"
    return Step(title, why, float(possible) / reports.test_photos, "classes")


def add_photos_like_the_unsure(reports: Reports) -> Step | None:
    """Where mistakes are among the photos for which not exactly one class is possible."""
    answers, unsure = reports.answers["cnn"], reports.unsure
    mistaken = int((unsure & (answers["label"] != answers["predicted"]).to_numpy()).sum())
    if not mistaken or not unsure.any() or unsure.all():
        return None
    all_mistakes = len(reports.mistakes)
    share = "all" if mistaken == all_mistakes else f"{mistaken:,}"
    why = (
        f"It is unsure of {int(unsure.sum()):,} of {len(unsure):,} test photos, and {share} of its "
        f"{counted(all_mistakes, 'mistake')} are among them."
    )
    return Step("Add photos like those it is unsure of", why, mistaken / reports.test_photos, "mistakes")


def add_test_photos(reports: Reports) -> Step | None:
    """Where the test part cannot tell the two models apart; it mends nothing, so it comes last."""
    compared = reports.metrics["comparison"]
    if compared["mcnemar_p"] < 1 - compared["confidence"]:
        return None
    difference = compared["accuracy_difference"]
    half = (compared["accuracy_difference_high"] - compared["accuracy_difference_low"]) / 2
    factor = (half / difference) ** 2 if difference else np.inf
    if isfinite(factor) and factor < MAX_FACTOR:
        needed = ceil(factor * reports.test_photos / 10) * 10
        tells = f"if the difference is the one measured, about {needed:,} test photos would"
    else:
        tells = "they are about equal on them"
    why = f"These {reports.test_photos:,} test photos cannot tell whether the CNN or the MLP is better; {tells}."
    return Step("Keep more photos for testing", why, 0.0, "summary")


SUGGESTIONS: tuple[Callable[[Reports], Step | None], ...] = (
    find_the_fault,
    add_photos_against_chance,
    train_longer,
    use_the_mlp,
    correct_labels,
    add_photos_of_worst_classes,
    add_photos_of_scarce_classes,
    add_photos_like_the_unsure,
    add_test_photos,
)
