"""A comparison belongs to its pair: what of it a run in MLflow gets, which may have been compared with several.

A CNN is shared by all experiments that change the MLP alone. Its own partner is the first one that it was compared
with, as the base commit's CNN with the base commit's MLP; later comparisons stand under the later partner's id.
"""

from collections.abc import Sequence

from pixelproof.tracking.run.description import also_compared, with_comparison, with_other_comparison
from pixelproof.tracking.run.metric_points import MetricPoint
from pixelproof.tracking.run.record import PARTNER, RunAddition

PREFIX = "comparison/"
DIFFERENCE, P_VALUE = f"{PREFIX}accuracy_difference", f"{PREFIX}mcnemar_p"
SHOWN = 8  # letters of the partner's run id, which a metric's name has


def own_partner(stored: str, additions: Sequence[RunAddition]) -> str:
    """Return the id of the run's own partner; `stored` is the one that the store has, `additions` the oldest first.

    A store that lacked the first comparison until now learns of it here.
    """
    partners = [addition.partner for addition in additions if addition.partner]
    if stored and stored not in partners:
        return stored
    return next(iter(partners), "")


def as_stored(addition: RunAddition, own: str) -> RunAddition:
    """Return an addition with its comparison under the partner's id, unless that is the run's own partner."""
    if addition.partner in ("", own):
        return addition
    tags = {key: value for key, value in addition.tags.items() if key != PARTNER}
    tags[f"{PARTNER}.{addition.partner[:SHOWN]}"] = addition.partner
    metrics = [_of_pair(point, addition.partner) for point in addition.metrics]
    return addition.model_copy(update={"metrics": metrics, "tags": tags})


def _of_pair(point: MetricPoint, partner: str) -> MetricPoint:
    name = point.key.removeprefix(PREFIX)
    return point if name == point.key else point.model_copy(update={"key": f"{PREFIX}{partner[:SHOWN]}/{name}"})


def described(text: str, addition: RunAddition, own: str) -> str:
    """Return a run's description with the comparison: whole with the own partner, a line with every other one."""
    if addition.partner in ("", own):
        return with_comparison(text, addition.comparison)
    values = {point.key: point.value for point in addition.metrics}
    if not values.keys() >= {DIFFERENCE, P_VALUE}:
        return text
    line = also_compared(addition.comparison, values[DIFFERENCE], values[P_VALUE])
    return with_other_comparison(text, line, addition.partner)
