"""The metrics of one model on the test part, each with its interval. docs/evaluate.md says what each one means."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pixelproof.evaluation import calibration
from pixelproof.evaluation.bootstrap import (
    POSITIVE,
    SHARE,
    Interval,
    Measure,
    Sample,
    Scale,
    interval,
    resample,
    without_spread,
)
from pixelproof.evaluation.proportions import F1_OF_JACCARD, ITSELF, Curve, Proportions, mean_interval
from pixelproof.evaluation.ranking import Ranking
from pixelproof.evaluation.temperature import scale

RESAMPLES = 2000
RANKED = 50_000_000  # images x classes x resamples that are ranked anew; beyond that fewer resamples
FEWEST_RESAMPLES = 200
EPSILON = float(np.finfo(np.float32).eps)  # the least probability in the log loss, as in scikit-learn for float32
LOSSES = {"log_loss": -float(np.log(EPSILON)), "brier": 2.0}  # and their largest values
AREAS = ("roc_auc", "average_precision")
Values = dict[str, float]


@dataclass(frozen=True)
class Answers:
    """What a model answered to the test part, and which images are copies of each other."""

    probabilities: np.ndarray  # (n, classes) float32
    labels: np.ndarray  # (n,) class numbers
    groups: np.ndarray  # (n,) numbers from 0 on
    ids: tuple[str, ...] = ()  # the photos' names

    @property
    def predicted(self) -> np.ndarray:
        predicted: np.ndarray = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def true_class(self) -> np.ndarray:
        """bool (n, classes)."""
        return _one_hot(self.labels, self.probabilities.shape[1])

    @property
    def predicted_class(self) -> np.ndarray:
        """bool (n, classes)."""
        return _one_hot(self.predicted, self.probabilities.shape[1])

    @property
    def present(self) -> np.ndarray:
        """bool (classes,): which classes have test images; means over the classes are over these."""
        present: np.ndarray = np.bincount(self.labels, minlength=self.probabilities.shape[1]) > 0
        return present

    @property
    def fewest(self) -> int:
        """The number of images of the smallest class that has any."""
        counts = np.bincount(self.labels)
        return int(counts[counts > 0].min())


def _one_hot(numbers: np.ndarray, classes: int) -> np.ndarray:
    one_hot: np.ndarray = np.eye(classes, dtype=bool)[numbers]
    return one_hot


def model_metrics(answers: Answers, samples: dict[str, Sample], *, confidence: float) -> dict[str, float | None]:
    """Return each metric as `<name>`, `<name>_low` and `<name>_high`; None where there is nothing to measure.

    accuracy, balanced_accuracy, macro_precision, macro_f1, roc_auc, average_precision, log_loss, brier. `samples`
    are those of `resampled`.
    """
    found = {"accuracy": _accuracy(answers, confidence), **_means(answers, confidence)}
    for name in (*AREAS, *LOSSES):
        sample = samples[name]
        found[name] = (sample.value, *metric_interval(name, sample, answers.fewest, confidence))
    return {key: value for name, triple in found.items() for key, value in _named(name, triple).items()}


def _named(name: str, triple: tuple[float, float, float]) -> dict[str, float | None]:
    keys = (name, f"{name}_low", f"{name}_high")
    return {key: float(value) if np.isfinite(value) else None for key, value in zip(keys, triple, strict=True)}


def _accuracy(answers: Answers, confidence: float) -> tuple[float, float, float]:
    right = (answers.predicted == answers.labels)[:, None]
    all_images = Proportions.of(right, np.ones_like(right), answers.groups)
    low, high = all_images.intervals(confidence)
    return float(all_images.share[0]), float(low[0]), float(high[0])


def _means(answers: Answers, confidence: float) -> dict[str, tuple[float, float, float]]:
    """Return the means over the classes of recall, precision and F1."""
    names = {"recall": "balanced_accuracy", "precision": "macro_precision", "f1": "macro_f1"}
    means = {}
    for name, (shares, curve) in _class_shares(answers).items():
        mean = float(curve.value(shares.share)[answers.present].mean())
        means[names[name]] = (mean, *mean_interval(shares, curve, answers.present, confidence))
    return means


def _class_shares(answers: Answers) -> dict[str, tuple[Proportions, Curve]]:
    """Return each class's precision, recall and F1 as proportions of images."""
    true, predicted = answers.true_class, answers.predicted_class
    trials = {
        "precision": (predicted, ITSELF),
        "recall": (true, ITSELF),
        "f1": (true | predicted, F1_OF_JACCARD),
    }
    return {
        name: (Proportions.of(true & predicted, own, answers.groups), curve) for name, (own, curve) in trials.items()
    }


def commonest_class(answers: Answers, commonest: int, *, confidence: float) -> dict[str, float]:
    """Return the accuracy of always naming one class, the commonest of the training part, with its interval."""
    named = np.eye(answers.probabilities.shape[1])[np.full(len(answers.labels), commonest)]
    value, low, high = _accuracy(replace(answers, probabilities=named), confidence)
    return {"accuracy": value, "accuracy_low": low, "accuracy_high": high}


def per_class(answers: Answers, classes: list[str], *, confidence: float) -> pd.DataFrame:
    """Return a row per class: precision, recall and F1, each with _low and _high, and the number of test images."""
    table: dict[str, object] = {"label": classes}
    for name, (shares, curve) in _class_shares(answers).items():
        low, high = map(curve.value, shares.intervals(confidence))
        table |= {name: curve.value(shares.share), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame({**table, "images": answers.true_class.sum(axis=0)})


def metric_interval(name: str, sample: Sample, fewest: int, confidence: float) -> Interval:
    """Return the interval of a metric that is measured by resampling."""
    scale: Scale = POSITIVE if name in LOSSES else SHARE
    if not np.isfinite(sample.value):
        return np.nan, np.nan
    if sample.standard_error < 1e-12 or not scale.low < sample.value < scale.high:
        return without_spread(sample.value, 0.0, LOSSES.get(name, 1.0), fewest, confidence)
    return interval(sample, scale, confidence)


def metric_values(answers: Answers) -> Values:
    """Return the metrics that `resampled` measures, on all images; NaN where there is nothing to measure."""
    once = np.ones((1, len(answers.labels)), np.float32)
    return {name: float(value[0]) for name, value in {**_counted(answers)(once), **_ranked(answers)(once)}.items()}


def resampled(answers: Answers, *, seed: int, resamples: int = RESAMPLES) -> dict[str, Sample]:
    """Return all metrics on resamples of the test part; the same seed draws the same images for each model.

    The areas are ranked anew for each resample. Where that is more than RANKED, they have fewer resamples.
    """
    images, classes = answers.probabilities.shape
    ranked = max(FEWEST_RESAMPLES, RANKED // (images * classes))
    counts = resample(_counted(answers), answers.groups, resamples=resamples, seed=seed)
    areas = resample(_ranked(answers), answers.groups, resamples=min(resamples, ranked), seed=seed)
    return {**counts, **areas}


def _counted(answers: Answers) -> Measure:
    """Return what measures the metrics that are ratios of counts and sums over images."""
    true, predicted, classes = answers.true_class, answers.predicted_class, answers.probabilities.shape[1]
    per_image = np.hstack([true, predicted, true & predicted, _losses(answers)]).astype(np.float32)

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        sums = (weights @ per_image).astype(np.float64)
        true, predicted, hits, losses = np.split(sums, [classes, 2 * classes, 3 * classes], axis=1)
        images = true.sum(axis=1)
        return {
            "accuracy": hits.sum(axis=1) / images,
            "balanced_accuracy": _mean(hits / np.maximum(true, 1), true > 0),
            "macro_precision": _mean(hits / np.maximum(predicted, 1), true > 0),
            "macro_f1": _mean(2 * hits / np.maximum(true + predicted, 1), true > 0),
            **{name: losses[:, number] / images for number, name in enumerate(LOSSES)},
        }

    return measure


def _losses(answers: Answers) -> np.ndarray:
    """Return (n, 2): each image's log loss in nats, and its Brier score, the sum over classes (Brier 1950)."""
    shares = answers.probabilities.astype(np.float64)
    named = np.clip(shares[np.arange(len(shares)), answers.labels], EPSILON, 1)
    return np.column_stack([-np.log(named), ((shares - answers.true_class) ** 2).sum(axis=1)])


def _ranked(answers: Answers) -> Measure:
    """Return what measures the areas of each class against the rest, as the mean over classes."""
    true = answers.true_class
    rankings = [Ranking.of(answers.probabilities[:, number], true[:, number]) for number in range(true.shape[1])]

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        areas = np.stack([ranking.areas(weights) for ranking in rankings])  # (classes, 2, resamples)
        measured = np.isfinite(areas)
        means = [_mean(np.nan_to_num(areas[:, kind]).T, measured[:, kind].T) for kind in range(len(AREAS))]
        return dict(zip(AREAS, means, strict=True))

    return measure


def _mean(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return the mean of each row over the columns that count; NaN where none does."""
    number = counted.sum(axis=1)
    mean: np.ndarray = np.where(number > 0, (values * counted).sum(axis=1) / np.maximum(number, 1), np.nan)
    return mean


def calibration_metrics(answers: Answers, temperature: float, *, confidence: float, seed: int) -> dict[str, float]:
    """Return the expected calibration error before and after the temperature, each with its interval."""
    scaled = scale(answers.probabilities, temperature)
    found: dict[str, float] = {"temperature": temperature}
    for name, shares in (("calibration_error", answers.probabilities), ("calibration_error_scaled", scaled)):
        low, high = calibration.calibration_interval(
            shares, answers.labels, answers.groups, confidence=confidence, resamples=RESAMPLES, seed=seed
        )
        error = calibration.calibration_error(shares, answers.labels)
        found |= {name: error, f"{name}_low": low, f"{name}_high": high}
    return found
