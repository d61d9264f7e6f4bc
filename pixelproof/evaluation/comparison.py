"""Two models compared on the same test images: is one better, or was it chance?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import binomtest

from pixelproof.evaluation.bootstrap import PLAIN, Sample, interval, without_spread

LARGEST = 1.0  # the largest difference of most metrics


def compare(
    first_right: np.ndarray, second_right: np.ndarray, names: tuple[str, str] = ("cnn", "mlp")
) -> dict[str, float | int]:
    """Compare two (n,) bool arrays that say, image by image, whether each model was right.

    The p-value is McNemar's exact test (1947; the exact form is the two-sided binomial test): how often chance
    alone would split the images that only one of the two got right at least this unevenly.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((~first_right & second_right).sum())
    disagree = only_first + only_second
    return {
        "images": len(first_right),
        "accuracy_difference": (only_first - only_second) / len(first_right),
        "mcnemar_p": float(binomtest(only_first, disagree).pvalue) if disagree else 1.0,
        "both_right": int((first_right & second_right).sum()),
        f"only_{names[0]}_right": only_first,
        f"only_{names[1]}_right": only_second,
        "both_wrong": int((~first_right & ~second_right).sum()),
    }


def differences(
    first: Mapping[str, Sample], second: Mapping[str, Sample], images: int, *, confidence: float
) -> dict[str, float]:
    """Return `<metric>_difference`, `_low` and `_high` of two models that were measured on the same draws.

    The interval is the normal one with the standard error of the paired resamples: what makes an image hard for
    both models cancels out.
    """
    found: dict[str, float] = {}
    for name in first:
        difference = first[name] - second[name]
        if np.isfinite(difference.value):
            low, high = _interval(difference, images, confidence)
            key = f"{name}_difference"
            found |= {key: difference.value, f"{key}_low": low, f"{key}_high": high}
    return found


def _interval(difference: Sample, images: int, confidence: float) -> tuple[float, float]:
    if difference.standard_error < 1e-12:
        unseen = without_spread(0.0, 0.0, LARGEST, images, confidence)[1]
        return difference.value - unseen, difference.value + unseen
    return interval(difference, PLAIN, confidence)


def verdict(found: Mapping[str, Any], first: str = "CNN", second: str = "MLP") -> str:
    """Return in one sentence what a comparison says, or that its images cannot tell."""
    only_first, only_second = (found[key] for key in found if key.startswith("only_"))
    counts = (
        f"On the same {found['images']:,} test images only the {first} was right on {only_first:,}, only the {second} "
        f"on {only_second:,}"
    )
    low, high = (100 * found[f"accuracy_difference_{end}"] for end in ("low", "high"))
    between = f"{100 * found['confidence']:g}% interval {low:+.1f} to {high:+.1f}"
    p = f"McNemar's exact p = {found['mcnemar_p']:.2g}"
    if found["mcnemar_p"] < 1 - found["confidence"]:
        better = first if found["accuracy_difference"] > 0 else second
        points = f"{abs(100 * found['accuracy_difference']):.1f} points of accuracy"
        other = second if better == first else first
        ends = between if better == first else f"{100 * found['confidence']:g}% interval {-high:+.1f} to {-low:+.1f}"
        return f"{counts}: the {better} is ahead of the {other} by {points} ({ends}; {p}), more than chance explains."
    return (
        f"{counts}, which chance can explain ({p}): these images cannot tell which is better; the {first}'s accuracy "
        f"less the {second}'s may be anything from {low:+.1f} to {high:+.1f} points."
    )
