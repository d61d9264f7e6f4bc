"""All checks, one after the other; one that fails is a finding, too."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pixelproof.doctor import (
    accelerator,
    answering,
    decoders,
    folders,
    learning,
    leftovers,
    locks,
    room,
    settings,
    store,
    versioning,
    versions,
)
from pixelproof.doctor.finding import Check, Finding, wrong
from pixelproof.errors import UserError

# In the order of the lines: what takes no time first, TensorFlow last.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("Python", versions.python),
    ("packages", versions.packages),
    ("start-up", settings.bytecode),
    ("offline switches", settings.offline),
    ("params", settings.params),
    ("Git", versioning.commit),
    ("DVC", versioning.initialised),
    ("dvc.lock", versioning.locked_stages),
    ("DVC cache", versioning.cache),
    ("folders", folders.outputs),
    ("locks", locks.locks),
    ("half-written work", leftovers.leftovers),
    ("decoders", decoders.decoders),
    ("disk", room.disk),
    ("memory", room.memory),
    (store.NAME, store.store),
    ("GPU", accelerator.gpu),
    (learning.NAME, learning.training),
    (answering.NAME, answering.answers),
)


def examine(checks: Iterable[tuple[str, Check]] = CHECKS) -> Iterator[Finding]:
    """Yield the findings as they come. Raises UserError where the working folder is no project."""
    if not Path("dvc.yaml").is_file():
        raise UserError(f"{Path.cwd()}: there is no dvc.yaml. Run `pixelproof doctor` in the project's folder.")
    return (finding for name, check in checks for finding in looked_at(name, check))


def looked_at(name: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds, and what keeps it from looking."""
    try:
        yield from check()
    except UserError as mistake:
        yield wrong(name, str(mistake), "")
    except Exception as error:  # whatever is broken here is what the doctor is for
        words = f"this cannot be checked: {type(error).__name__}: {error}"
        yield wrong(name, words, "Put right what the message names; if it names nothing of yours, please report it.")


def line(finding: Finding) -> str:
    """Return a finding as one line of text."""
    words = f"{finding.found}. {finding.remedy}" if finding.remedy else finding.found
    return f"{'ok   ' if finding.well else 'WRONG'}  {finding.name:<17}  {' '.join(words.split())}"


def summary(findings: Iterable[Finding]) -> str:
    faults = sum(not finding.well for finding in findings)
    return "All is well." if not faults else f"{faults} fault{'s' if faults > 1 else ''} found."


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return all findings as JSON's objects: whether all is well, and each line."""
    listed = [vars(finding) for finding in findings]
    return {"well": all(each["well"] for each in listed), "findings": listed}
