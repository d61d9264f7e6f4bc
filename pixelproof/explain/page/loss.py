"""The loss of one answer, written so that what is printed is true as printed."""

from dataclasses import dataclass
from math import floor, log, log1p, log10

SMALLEST = 1e-7  # probability that a loss is computed for, as in Keras
NEAR_ONE = 0.99  # from here on a probability is written as 1 minus what it lacks: rounded, it would be 1
DIGITS = 5


@dataclass(frozen=True)
class WrittenLoss:
    """`−ln <probability> = <loss>`, computed from the rounded probability that a reader sees. As js/loss.js."""

    probability: str
    value: float

    @property
    def loss(self) -> str:
        return plain(self.value)


def plain(value: float, digits: int = DIGITS) -> str:
    """Write a number of 0 or more without an exponent, to so many significant digits."""
    if value <= 0:
        return "0"
    decimals = max(0, digits - 1 - floor(log10(value)))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written_loss(probability: float) -> WrittenLoss:
    """Return the cross-entropy of an answer that gives the true class this probability."""
    if probability <= NEAR_ONE:
        text = plain(max(probability, SMALLEST))
        return WrittenLoss(text, -log(float(text)))
    lacking = plain(1 - probability) if 1 - probability > SMALLEST / 1000 else "0"
    return WrittenLoss("1" if lacking == "0" else f"(1 − {lacking})", -log1p(-float(lacking)) + 0.0)
