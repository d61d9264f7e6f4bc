"""What a check has found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's. `remedy` is empty where nothing is wrong, or `found` says what to do."""

    name: str
    well: bool
    found: str
    remedy: str = ""


Check = Callable[[], Iterator[Finding]]  # looks at the project in the working folder


def well(name: str, found: str) -> Finding:
    return Finding(name, True, found)


def wrong(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, False, found, remedy)
