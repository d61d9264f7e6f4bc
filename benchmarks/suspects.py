"""Planted faults: how many of them stand in reports/suspects.csv?

    python -m benchmarks.suspects PRESET SOURCE [--photos N] [--epochs N] [--fault labels | class]

PRESET is one of presets/, or `digits` for params.yaml; SOURCE a folder or a zip archive with a folder per class, of
which N photos are taken, of each class alike. `labels` gives 3 % of them another label, and makes others dark, blurred
or blank; `class` adds a class of photos of all the others, in which nothing can be learned. Runs the pipeline's own
stages in a temporary project, and prints what of that the reports say.
"""

import argparse
import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter
from rich.console import Console

from benchmarks.presets import STAGES, run_stage
from benchmarks.project import write_project
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.evaluation.comparison import compare, differences, verdict
from pixelproof.evaluation.metrics import Answers, resampled

SHARE = 0.03  # of the labels that are made wrong
PICTURES = 20  # photos of each kind of KINDS
NOTHING = "any"  # the class without information
SEED = 11


@dataclass(frozen=True)
class Photo:
    """A photo of the source, what it is called, and what was planted in it."""

    image: Image.Image
    label: str
    true: str
    fault: str = ""


def dark(image: Image.Image, number: int) -> Image.Image:
    return image.point(lambda value: value * 0.15)


def blurred(image: Image.Image, number: int) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(min(image.size) / 8))


def blank(image: Image.Image, number: int) -> Image.Image:
    """Of another grey each, since equal pixels under two labels go to quarantine."""
    return Image.new(image.mode, image.size, 100 + 5 * number)


KINDS = {"dark": dark, "blurred": blurred, "blank": blank}


def read_photos(source: Path, count: int, rng: np.random.Generator) -> list[Photo]:
    """Return photos of the source, of each class alike; of one with a test part only those of `train/`."""
    with zipfile.ZipFile(source) if source.is_file() else nullcontext() as archive:
        names = archive.namelist() if archive else [path.relative_to(source).as_posix() for path in source.rglob("*")]
        read = archive.read if archive else lambda name: (source / name).read_bytes()
        images = sorted(name for name in names if name.endswith(".png"))
        training = [name for name in images if name.startswith("train/")] or images
        table = pd.DataFrame({"name": training, "label": [Path(name).parent.name for name in training]})
        chosen = table.groupby("label").sample(count // table["label"].nunique(), random_state=rng)
        pairs = zip(chosen["name"], chosen["label"], strict=True)
        return [Photo(_opened(read(name)), label, label) for name, label in pairs]


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("L")


def plant_labels(photos: Sequence[Photo], rng: np.random.Generator) -> list[Photo]:
    """Give SHARE of the photos another label; make PICTURES of the others bad in each way of KINDS."""
    order = rng.permutation(len(photos)).tolist()
    wrong = order[: round(SHARE * len(photos))]
    classes, planted = sorted({photo.label for photo in photos}), list(photos)
    for place in wrong:
        others = [label for label in classes if label != photos[place].true]
        planted[place] = replace(photos[place], label=str(rng.choice(others)), fault="label")
    for row, (kind, alter) in enumerate(KINDS.items()):
        for number, place in enumerate(order[len(wrong) + row * PICTURES :][:PICTURES]):
            planted[place] = replace(photos[place], image=alter(photos[place].image, number), fault=kind)
    return planted


def plant_class(photos: Sequence[Photo], rng: np.random.Generator) -> list[Photo]:
    """Call as many photos as a class has, of all classes alike, by one more label."""
    classes = len({photo.label for photo in photos})
    chosen = set(rng.permutation(len(photos))[: len(photos) // (classes + 1)].tolist())
    return [replace(photo, label=NOTHING) if place in chosen else photo for place, photo in enumerate(photos)]


PLANT = {"labels": plant_labels, "class": plant_class}


def write_source(photos: Sequence[Photo], folder: Path) -> None:
    folder.mkdir()
    for place, photo in enumerate(photos):
        photo.image.save(folder / _name(place))
    table = pd.DataFrame({"path": map(_name, range(len(photos))), "label": [photo.label for photo in photos]})
    table.to_csv(folder / "labels.csv", index=False)


def _name(place: int) -> str:
    return f"{place:05d}.png"


def run_pipeline(project: Path, preset: str, photos: Sequence[Photo], epochs: int) -> None:
    write_source(photos, project / "photos")
    classes = sorted({photo.label for photo in photos})
    changes: dict[str, Any] = {
        "fetch": {"dataset": "none"},
        "ingest": {
            "source": "photos",
            "classes": classes,
            "min_images_per_class": 20,
        },
        "split": {"method": "stratified", "valid_share": 0.15, "test_share": 0.15},
        "augment": {"views": 2},
        "train": {"epochs": epochs},
    }
    write_project(project, preset, changes)
    for stage in STAGES:
        run_stage(stage, project)


def found_labels(photos: Sequence[Photo], suspects: pd.DataFrame, held_out: set[str]) -> dict[str, Any]:
    """Return how many of the wrong labels among the photos `held_out` stand among as many suspects."""
    by_name = {_name(place): photo for place, photo in enumerate(photos)}
    wrong = {name for name in held_out if by_name[name].fault == "label"}
    suspected = suspects[suspects["suggested"] != ""]
    first = suspected.head(len(wrong))
    hits = first[first["path"].isin(wrong)]
    right = [by_name[name].true == label for name, label in zip(hits["path"], hits["suggested"], strict=True)]
    return {
        "wrong labels in valid and test": len(wrong),
        "among as many suspects": f"{len(hits)} ({len(hits) / len(wrong):.0%})",
        "among all suspects": f"{suspected['path'].isin(wrong).sum()} of {len(suspected)}",
        "with the true label suggested": f"{sum(right)} of {len(hits)}",
    }


def found_pictures(photos: Sequence[Photo], suspects: pd.DataFrame) -> dict[str, str]:
    """Return, for each of KINDS, how many of those planted are called so, and how many others."""
    faults = pd.Series({_name(place): photo.fault for place, photo in enumerate(photos)})
    counts = {}
    for kind in KINDS:
        called = suspects.loc[suspects["reason"].str.contains(kind), "path"]
        planted = faults.index[faults == kind]
        found = called.isin(planted).sum()
        counts[kind] = f"{found} of {len(planted)}, and {len(called) - found} others"
    return counts


def confusions(project: Path) -> dict[str, str]:
    """Return the recall of every class by the CNN, the lowest first."""
    table = pd.read_csv(project / "reports/per_class.csv", dtype={"label": str}).query("model == 'cnn'")
    recalls = table.set_index("label")["recall"].sort_values()
    return {f"recall of {label}": f"{recall:.2f}" for label, recall in recalls.items()}


def random_answers(project: Path, rng: np.random.Generator) -> str:
    """Return what is said of a model that answers at random, against always naming the commonest class."""
    splits = pd.read_csv(project / "data/splits.csv", dtype=str, keep_default_na=False)
    classes, numbers = np.unique(splits["label"], return_inverse=True)
    training, test = (numbers[splits["part"] == part] for part in ("train", "test"))
    guessed = rng.integers(len(classes), size=len(test))
    commonest = np.full(len(test), np.bincount(training).argmax())
    samples = [resampled(_sure(answered, test), seed=SEED) for answered in (guessed, commonest)]
    accuracies = [{"accuracy": sample["accuracy"]} for sample in samples]
    found = compare(guessed == test, commonest == test) | differences(*accuracies, len(test), confidence=0.95)
    return verdict({**found, "confidence": 0.95}, "random answer", "commonest class")


def _sure(answered: np.ndarray, labels: np.ndarray) -> Answers:
    shares = np.eye(labels.max() + 1, dtype=np.float32)[answered]
    return Answers(shares, labels, np.arange(len(labels)))


def results(project: Path, photos: Sequence[Photo], fault: str, rng: np.random.Generator) -> Mapping[str, Any]:
    if fault == "class":
        return confusions(project)
    suspects = pd.read_csv(project / "reports/suspects.csv", dtype={"path": str, "label": str}, keep_default_na=False)
    splits = pd.read_csv(project / "data/splits.csv", dtype=str, keep_default_na=False)
    held_out = set(splits.loc[splits["part"] != "train", "id"])
    found = found_labels(photos, suspects, held_out) | found_pictures(photos, suspects)
    return {**found, "random answers": random_answers(project, rng)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant faults, and look for them in the reports.")
    parser.add_argument("preset")
    parser.add_argument("source", type=Path)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--fault", choices=PLANT, default="labels")
    arguments = parser.parse_args()
    if not arguments.source.exists():
        raise UserError(f"{arguments.source}: there is no such folder or archive of photos.")
    rng = np.random.default_rng(SEED)
    photos = PLANT[arguments.fault](read_photos(arguments.source, arguments.photos, rng), rng)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        run_pipeline(project, arguments.preset, photos, arguments.epochs)
        for name, value in results(project, photos, arguments.fault, rng).items():
            Console(width=160).print(f"{name}: {value}")


if __name__ == "__main__":
    console.run(main)
