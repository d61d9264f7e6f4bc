"""`pixelproof predict`: photos from the command line, answers as lines, JSON or CSV."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from glob import glob
from pathlib import Path
from typing import Literal, TextIO

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.inference.classifier import Answer, Classifier, Photo

Format = Literal["text", "json", "csv"]
Watch = Callable[[Classifier, Iterable[Answer]], Iterator[Answer]]  # sees each answer before it is printed


def predict(
    names: Sequence[str], open_model: Callable[[], Classifier], format: Format, top: int | None, watch: Watch | None
) -> tuple[int, int]:
    """Print an answer for each photo as soon as there is one; return how many could not be read, of how many.

    `open_model` is called once there are photos. Raises UserError where there are none.
    """
    paths = list(photo_paths(names, sys.stdin))
    if not paths:
        raise UserError(f"{' '.join(names)}: there are no files to answer.")
    classifier = open_model()
    write = WRITERS[format](sys.stdout, classifier.preprocessing.classes, top)
    answers = classifier.answer(Photo(str(path), path.read_bytes) for path in paths)
    if watch:
        answers = watch(classifier, answers)
    if not sys.stdout.isatty():  # else the answers themselves show how far it is
        answers = console.progress(answers, "predict", len(paths))
    refused = 0
    for answer in answers:
        write(answer)
        refused += answer.error is not None
    return refused, len(paths)


def photo_paths(names: Iterable[str], listed: TextIO) -> Iterator[Path]:
    """Yield the files that names stand for: a file, a folder with all below it, a pattern, or - for names in `listed`.

    Files whose names begin with a dot are left out of folders. What is not there is yielded, too: its answer says so.
    """
    for name in names:
        if name == "-":
            yield from photo_paths((line.rstrip("\r\n") for line in listed if line.strip()), listed)
        elif Path(name).is_dir():
            yield from _files_in(Path(name))
        elif not Path(name).exists() and any(sign in name for sign in "*?["):
            found = sorted(glob(name, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
            yield from photo_paths(found, listed)
        else:
            yield Path(name)


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


Write = Callable[[Answer], None]


def _text(out: TextIO, classes: Sequence[str], top: int | None) -> Write:
    def write(answer: Answer) -> None:
        says = f"not answered: {answer.error}" if answer.error else "  ".join(_shares(answer))
        print(f"{answer.photo}: {says}", *([answer.note] if answer.note else []), sep="  ", file=out, flush=True)

    def _shares(answer: Answer) -> list[str]:
        return [f"{label} {share:.4f}" for label, share in likeliest(answer, min(top or 3, len(classes))).items()]

    return write


def _json(out: TextIO, classes: Sequence[str], top: int | None) -> Write:
    def write(answer: Answer) -> None:
        shares = likeliest(answer, top or len(classes)) if answer.probabilities else None
        print(json.dumps({**asdict(answer), "probabilities": shares}, ensure_ascii=False), file=out, flush=True)

    return write


def _csv(out: TextIO, classes: Sequence[str], top: int | None) -> Write:
    if top:
        raise UserError("--top: CSV has a column for each class; --top is for text and --json.")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["photo", "label", "error", "note", *(f"p_{label}" for label in classes)])

    def write(answer: Answer) -> None:
        given = answer.probabilities or {}
        table.writerow(
            [answer.photo, answer.label, answer.error, answer.note, *(given.get(label) for label in classes)]
        )

    return write


WRITERS: dict[Format, Callable[[TextIO, Sequence[str], int | None], Write]] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
}


def likeliest(answer: Answer, count: int) -> dict[str, float]:
    """Return the `count` likeliest classes with their probabilities, the likeliest first."""
    shares = answer.probabilities or {}
    return dict(sorted(shares.items(), key=lambda share: -share[1])[:count])
