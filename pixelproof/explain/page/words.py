"""Shares and intervals in words, as the page writes them."""

from collections.abc import Sequence
from math import isfinite

NAMED = 3  # things in a sentence
UNKNOWN = "not measured"


def percent(share: float | None) -> str:
    """Return a share as 98.1 %, on one line; what could not be measured is called so."""
    if share is None or not isfinite(share):
        return UNKNOWN
    return f"{100 * share:.1f}\u00a0%"


def between(low: float | None, high: float | None) -> str:
    """Return an interval as 96.9 to 98.9 %."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return UNKNOWN
    return f"{100 * low:.1f} to {100 * high:.1f}\u00a0%"


def points(difference: float) -> str:
    """Return a difference of two shares in percentage points, without its sign."""
    return f"{abs(100 * difference):.1f}"


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """Return `a, b and c`, or `a, b, c and 4 more`."""
    shown, left = list(names[:most]), len(names) - most
    if left > 0:
        return f"{', '.join(shown)} and {left:,} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 photo, 1,200 photos."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
