"""What a used model needs to say how sure it is: the content of reports/uncertainty.json, and the words for it.

NumPy alone: `pixelproof predict` and the server use it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pixelproof.evaluation.temperature import scale

UNLIKE = "unlike your photos"
NAMED = 3  # classes in a sentence


@dataclass(frozen=True)
class Uncertainty:
    """The thresholds of one model, all from the validation part."""

    coverage: float  # promised of the sets
    temperature: float  # for the network's own probabilities; 1 without evaluate.calibrate
    least_probability: float  # of a possible class, after the temperature
    largest_distance: float | None  # to training photos, as in pixelproof.evaluation.unlike; None: not measured
    weights_sha256: str = ""  # of the model that they are of; after another training they say nothing

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Uncertainty":
        return cls(**content)

    def as_json(self) -> dict[str, float | str | None]:
        return asdict(self)

    def probabilities(self, network: np.ndarray) -> np.ndarray:
        """Return the probabilities to show, (n, classes), for the network's own."""
        return network if self.temperature == 1 else scale(network, self.temperature)

    def words(self, shares: np.ndarray, classes: Sequence[str], distance: float | None = None) -> str:
        """Return what to say beside an answer: nothing if it is sure.

        shares  (classes,) probabilities to show; distance: to the training photos
        """
        if distance is not None and self.largest_distance is not None and distance > self.largest_distance:
            return UNLIKE
        order = np.argsort(-shares, kind="stable")
        fitting = [classes[number] for number in order if possible(shares, self.least_probability)[number]]
        if len(fitting) == 1:
            return ""
        if not fitting:
            return f"unsure: perhaps {classes[order[0]]}"
        if len(fitting) > NAMED:
            return f"unsure: {', '.join(fitting[:NAMED])} or {len(fitting) - NAMED} more"
        return f"unsure: {' or '.join([', '.join(fitting[:-1]), fitting[-1]])}"


def possible(probabilities: np.ndarray, least: float) -> np.ndarray:
    """Return which classes are possible, bool (n, classes). A photo that fits none well has none."""
    reached: np.ndarray = probabilities >= np.float32(least)
    return reached
