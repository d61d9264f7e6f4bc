"""What "unsure" and "unlike your photos" keep of their promises, over several splits of the digits.

    python -m benchmarks.uncertainty FOLDER [--seeds 10] [--models mlp cnn] [--others fashion=data/raw/fashion-mnist]

Trains each model once for each value of `split.seed`, in projects of its own in FOLDER, from the photos of this one
(`make repro` first). What is there already is not trained again. The first table has the coverage of the sets of
possible classes, for 90 % and 95 % promised; the second, of the CNN, how well several kinds of photos are told from
digits by several scores: the area under the ROC curve, and what is found beyond the threshold that is used.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.special import logsumexp
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score

from benchmarks.project import ROOT, write_project
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation.answers.tables import labels_in, probabilities_in
from pixelproof.evaluation.conformal import least_probability
from pixelproof.evaluation.uncertainty import possible
from pixelproof.evaluation.unlike import FALSE_ALARMS, distances
from pixelproof.evidence.features import Features, features_of, of_length_one
from pixelproof.inference.classifier import Classifier
from pixelproof.paths import ANSWERS, MLFLOW_MODEL, MODELS, PREDICTED, RESIZED, SPLITS, VALID_ANSWERS

PROMISED = (0.9, 0.95)
PREPARED = ("data/ingested", "data/resized", "reports/plan", "reports/ingest.json")
AT_ONCE, MOST = 256, 2000  # images in a batch; photos of another kind
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # on a shared machine threads wait for each other
Score = Callable[[np.ndarray], np.ndarray]  # images to (n,): the larger, the odder


def trained(folder: Path, model: str, seed: int) -> Path:
    """Train a model on the split of a seed, unless it is there; return its project."""
    project = folder / f"{model}-{seed}"
    if not (project / PREDICTED / model).is_dir():
        shutil.rmtree(project, ignore_errors=True)
        write_project(project, "digits", {"split": {"seed": seed}})
        for path in PREPARED:
            copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy2
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / path, project / path)
        for stage in ("split", "augment", f"train_{model}", f"predict_{model}"):
            with (project / f"{stage}.log").open("w") as log:
                command = [sys.executable, "-m", f"stages.{stage}"]
                environment = os.environ | ONE_THREAD
                subprocess.run(command, cwd=project, env=environment, stdout=log, stderr=log, check=True)
    return project


def answered(project: Path, model: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (n, classes) and labels (n,)."""
    table, classes = pd.read_parquet(project / PREDICTED / model / name), ImageStore.open(project / RESIZED).classes
    return probabilities_in(table, classes), labels_in(table, classes)


def coverages(project: Path, model: str) -> list[float]:
    """Return how often the sets hold the true class on the test part, and the accuracies of valid and test."""
    valid, test = (answered(project, model, name) for name in (VALID_ANSWERS, ANSWERS))
    accuracies = [float((shares.argmax(axis=1) == labels).mean()) for shares, labels in (valid, test)]
    return [*(_coverage(valid, test, share) for share in PROMISED), *accuracies]


def _coverage(valid: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], promised: float) -> float:
    sets = possible(test[0], least_probability(*valid, promised))
    return float(sets[np.arange(len(sets)), test[1]].mean())


def scores(model: Classifier, train: np.ndarray, labels: np.ndarray) -> dict[str, Score]:
    """Return the scores by name, all of the same features."""
    from pixelproof.evidence.graph import flips
    from pixelproof.evidence.graph import scores as sums

    features, network = features_of(model.model)[0], flips(model.model)[0]
    raw = in_batches(features, train)
    means = np.stack([raw[labels == label].mean(axis=0) for label in np.unique(labels)])
    spread = EmpiricalCovariance(assume_centered=True).fit(raw - means[np.unique(labels, return_inverse=True)[1]])
    scaled = of_length_one(raw)

    def mahalanobis(images: np.ndarray) -> np.ndarray:
        own = in_batches(features, images)
        return np.min([spread.mahalanobis(own - mean) for mean in means], axis=0)

    return {
        "probability of the likeliest class": lambda images: -in_batches(model.network, images).max(axis=1),
        "energy": lambda images: -logsumexp(np.asarray(sums(in_batches(features, images), network)), axis=1),
        "Mahalanobis distance to the classes": mahalanobis,
        "fifth nearest, not scaled": lambda images: distances(in_batches(features, images), raw),
        "fifth nearest, length 1": lambda images: distances(of_length_one(in_batches(features, images)), scaled),
    }


def in_batches(function: Features, images: np.ndarray) -> np.ndarray:
    return np.concatenate([function(images[at : at + AT_ONCE]) for at in range(0, len(images), AT_ONCE)])


def odd_kinds(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return images of other kinds, made of uint8 images (n, height, width, channels)."""
    random = np.random.default_rng(0)
    bands = np.concatenate(np.array_split(np.arange(images.shape[1]), 4)[::-1])
    greys = random.integers(256, size=(len(images), 1, 1, 1), dtype=np.uint8)
    return {
        "inverted": 255 - images,
        "on a side": np.rot90(images, axes=(1, 2)),
        "in bands": images[:, bands],
        "one grey": np.broadcast_to(greys, images.shape).copy(),
    }


def photos_of(folder: Path, classifier: Classifier) -> np.ndarray:
    """Return images of at most MOST of the photos in a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    chosen = np.random.default_rng(0).permutation(len(paths))[:MOST]
    read = (classifier.image(paths[number].read_bytes()) for number in chosen)
    return np.stack([image for image in read if not isinstance(image, str)])


def detection(project: Path, others: Mapping[str, Path]) -> pd.DataFrame:
    """Return a row per score and kind: the area under the ROC curve, the share found, and the false alarms."""
    store, splits = ImageStore.open(project / RESIZED), read_splits(project / SPLITS)
    chosen = {part: positions(store.index, splits, part) for part in ("train", "valid", "test")}
    train, valid, test = (store.gather(own) for own in chosen.values())
    classifier = Classifier.open(project / MODELS / "cnn" / MLFLOW_MODEL)
    kinds = {name: photos_of(folder, classifier) for name, folder in others.items()} | odd_kinds(test)
    rows = []
    for name, score in scores(classifier, train, store.index["label"].to_numpy()[chosen["train"]]).items():
        usual, border = score(test), float(np.quantile(score(valid), 1 - FALSE_ALARMS, method="higher"))
        for kind, images in kinds.items():
            odd = score(images)
            area = roc_auc_score(np.repeat([0, 1], [len(usual), len(odd)]), np.concatenate([usual, odd]))
            row = {"score": name, "kind": kind, "area": area, "found": float((odd > border).mean())}
            rows.append({**row, "false_alarms": float((usual > border).mean())})
    return pd.DataFrame(rows)


def coverage_table(found: Mapping[tuple[str, int], list[float]]) -> Table:
    names = [f"{100 * share:g} % promised" for share in PROMISED]
    sheet = Table("model", "split seed", *names, "accuracy, valid", "accuracy, test")
    for (model, seed), values in found.items():
        sheet.add_row(model, str(seed), *(f"{value:.4f}" for value in values))
    for model in dict.fromkeys(model for model, _ in found):
        own = np.array([values for (of, _), values in found.items() if of == model])
        spread = own.std(axis=0, ddof=1) if len(own) > 1 else np.zeros(own.shape[1])
        means = (f"{mean:.4f} ± {each:.4f}" for mean, each in zip(own.mean(axis=0), spread, strict=True))
        sheet.add_row(model, "mean ± deviation", *means)
    return sheet


def detection_table(found: pd.DataFrame) -> Table:
    kinds = list(dict.fromkeys(found["kind"]))
    sheet = Table("score", *kinds, "false alarms", title=f"area (found beyond {100 * (1 - FALSE_ALARMS):g} % of valid)")
    for score, own in found.groupby("score", sort=False):
        by_kind = own.groupby("kind")[["area", "found"]].mean()
        cells = [f"{by_kind['area'][kind]:.3f} ({100 * by_kind['found'][kind]:.0f} %)" for kind in kinds]
        sheet.add_row(str(score), *cells, f"{100 * own['false_alarms'].mean():.1f} %")
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--models", nargs="+", choices=["mlp", "cnn"], default=["mlp", "cnn"])
    parser.add_argument("--others", nargs="*", default=[], metavar="NAME=FOLDER", help="photos of another kind")
    arguments = parser.parse_args()
    others = {name: Path(folder) for name, _, folder in (each.partition("=") for each in arguments.others)}
    terminal, found, detected = Console(), {}, []
    for model in arguments.models:
        for seed in range(1, arguments.seeds + 1):
            project = trained(arguments.folder.resolve(), model, seed)
            found[model, seed] = coverages(project, model)
            detected += [detection(project, others)] if model == "cnn" else []
    terminal.print(coverage_table(found))
    if detected:
        terminal.print(detection_table(pd.concat(detected)))


if __name__ == "__main__":
    main()
