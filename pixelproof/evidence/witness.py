"""What spoke for a model's answer to one image, whichever kind of network it is."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pixelproof.evidence.neighbours import Neighbour, TrainingPhotos
from pixelproof.evidence.occlusion import occlusion
from pixelproof.inference.classifier import Classifier

if TYPE_CHECKING:
    from pixelproof.evidence.gradcam import GradCam

NEAREST = 4


@dataclass(frozen=True)
class Evidence:
    """What spoke for the answer to an image."""

    image: np.ndarray  # uint8 (height, width, channels), as the network takes it
    probabilities: np.ndarray  # float32 (classes,)
    gradcam: np.ndarray | None  # float32 (rows, columns); None: the network has no maps
    occlusion: np.ndarray  # float32 (height, width): falls of the probability
    nearest: list[Neighbour] | None  # None: no training photos here

    @property
    def label(self) -> int:
        """The number of the class that was answered."""
        return int(self.probabilities.argmax())


class Witness:
    """Asks a model what spoke for its answers; `training` are its training photos, where they are known already."""

    def __init__(self, classifier: Classifier, training: TrainingPhotos | None = None) -> None:
        self._classifier, self._training = classifier, training

    @cached_property
    def gradcam(self) -> "GradCam | None":
        """None where the network has no maps."""
        if not hasattr(self._classifier.model, "layers"):  # scikit-learn's
            return None
        from pixelproof.evidence.gradcam import GradCam

        return GradCam.of(self._classifier.model)

    @cached_property
    def training(self) -> TrainingPhotos | None:
        return self._training or TrainingPhotos.of(self._classifier.model, self._classifier.preprocessing)

    def map_of(self, image: np.ndarray, label: int) -> tuple[str, np.ndarray]:
        """Return what shows soonest where a class was seen: Grad-CAM, or occlusion where the network has no maps."""
        if self.gradcam:
            return "gradcam", self.gradcam(image, label)
        return "occlusion", occlusion(self._classifier.network, image, label)

    def evidence(self, image: np.ndarray) -> Evidence:
        """Return all that spoke for the answer to an image, uint8 (height, width, channels)."""
        probabilities = self._classifier.network(image[np.newaxis])[0]
        label = int(probabilities.argmax())
        return Evidence(
            image,
            probabilities,
            self.gradcam(image, label) if self.gradcam else None,
            occlusion(self._classifier.network, image, label),
            self.training.nearest(image, NEAREST) if self.training else None,
        )
