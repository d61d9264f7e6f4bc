"""Names that look the same to a person: in two Unicode forms, or told apart by capitals and spaces alone."""

import logging
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

SHOWN = 5  # sets of names that a warning lists

log = logging.getLogger(__name__)


def composed(name: str) -> str:
    """Return a name with each letter and its accents as one character (NFC), as most programs write them.

    macOS takes them apart (NFD): its `é` is an e and an accent, another text that looks the same.
    """
    return unicodedata.normalize("NFC", name)


def loose(name: str) -> str:
    """Return what is left of a name without Unicode forms, capitals, and spaces at its ends or doubled."""
    if name.isascii():
        return " ".join(name.lower().split())
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).casefold().split())


def look_alikes(names: Iterable[str], key: Callable[[str], str] = loose) -> list[list[str]]:
    """Return the sets of different names that `key` makes equal, in order."""
    sets = defaultdict(set)
    for name in names:
        sets[key(name)].add(name)
    return sorted(sorted(alike) for alike in sets.values() if len(alike) > 1)


def warn_of_look_alikes(source: Path, labels: Iterable[str], groups: Iterable[str]) -> None:
    """Log which labels are one class in two Unicode forms, and which labels and groups are easily taken for one."""
    labels = set(labels)
    _warn(source, "class", look_alikes(labels, composed), "in two Unicode forms: read as one class")
    apart = "differ only in capitals, spaces or forms of letters, and stay apart. Rename them if they are one"
    _warn(source, "class", look_alikes(map(composed, labels)), apart)
    _warn(source, "group", look_alikes(groups), apart)


def _warn(source: Path, kind: str, sets: list[list[str]], what: str) -> None:
    if sets:
        shown = "; ".join(" and ".join(map(visible, alike)) for alike in sets[:SHOWN])
        more = f"; and {len(sets) - SHOWN} more" if len(sets) > SHOWN else ""
        log.warning("%s: %s names %s: %s%s.", source, kind, what, shown, more)


def visible(name: str) -> str:
    """Return a name as a person can tell it from one that looks the same: quoted, and its code points with it."""
    return repr(name) if name.isascii() else f"{name!r} (written {name!a})"
