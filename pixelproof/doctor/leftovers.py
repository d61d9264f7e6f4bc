"""Work that was begun and not finished: training runs that can go on, and files beside the outputs."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.locks import DEPTHS, DVC_LOCK, OUTPUTS, is_held
from pixelproof.paths import WORK

CHECKPOINT = "checkpoint.npz"  # of pixelproof.training.checkpoint, which needs seconds to load
PLACES = (Path(), WORK, *map(Path, OUTPUTS))


def leftovers() -> Iterator[Finding]:
    if is_held(DVC_LOCK):
        yield well("half-written work", "DVC is at work here, so nothing was looked for")
        return
    found = [*_stopped_training(), *_partial_files()]
    yield from found
    if not found:
        yield well("half-written work", "none")


def _stopped_training() -> Iterator[Finding]:
    for checkpoint in sorted(WORK.glob(f"train-*/{CHECKPOINT}")):
        folder = checkpoint.parent
        model = folder.name.split("-")[1]
        if not is_held(WORK / f"train-{model}.lock"):
            remedy = f"`make repro` goes on with it if its params and data are still the same; else `rm -r {folder}`."
            yield wrong("half-written work", f"{folder}: a training of the {model} was stopped", remedy)


def _partial_files() -> Iterator[Finding]:
    """Find what pixelproof.files.replacing and pixelproof.files.journal keep beside an output until it is whole."""
    for path in partial_files():
        place = shlex.quote(str(path))
        remedy = f"The stage that makes this output goes on or begins anew: `make repro`; or `rm -r {place}`."
        yield wrong("half-written work", f"{path}: its process was stopped", remedy)


def partial_files() -> list[Path]:
    """Return what is half-written, but not what lies inside such a folder, or belongs to a process at work."""
    found = {each for place in PLACES for depth in DEPTHS for each in place.glob(f"{depth}.*partial")}
    whole = [path for path in sorted(found) if not any(up in found for up in path.parents)]
    return [path for path in whole if not is_held(_lock_of(path))]


def _lock_of(partial: Path) -> Path:
    """Return the lock beside an output that is written by pixelproof.files.journal: `.<name>.<work>.partial`."""
    name = partial.name.removeprefix(".").removesuffix(".partial").rpartition(".")[0]
    return partial.with_name(f".{name}.lock")
