"""Which label and which part a source gives to each of its files, by their names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

PART_FOLDERS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}
SYSTEM_FOLDERS = {"__macosx", "@eadir"}
NUMBERED = r"(?P<label>[^.]+)\.\d+\.\w+"  # cat.0.jpg


class Given(NamedTuple):
    """What a source says of one file."""

    label: str | None
    part: str | None = None  # train, valid or test
    refused: tuple[str, str] | None = None  # the reason and its detail, where the names alone rule a file out
    group: str | None = None  # the user's own: photos that belong together, such as those of one person


class SourceEntry(NamedTuple):
    """A file of the source, or a link that leads to none."""

    path: PurePosixPath  # below the source
    link: bool = False  # to a folder, and not followed
    refused: tuple[str, str] | None = None  # the reason and its detail, where it must not be read
    inside_source: bool = True  # False: an archive names it so that it lies nowhere below the source


@dataclass(frozen=True)
class SourceLayout:
    """How a source says what its photos show."""

    has_part_folders: bool  # the top folders are parts, not classes
    pattern: re.Pattern[str] | None  # what a file's name looks like; None: the class folder is the label

    @classmethod
    def of(cls, entries: Sequence[SourceEntry], pattern: str | None) -> "SourceLayout":
        """Recognise the layout of a source's visible entries; `pattern` is that of the params, if there is one."""
        has_part_folders = _gives_parts(entries)
        depth = 2 if has_part_folders else 1
        has_class_folders = any(len(entry.path.parts) + entry.link > depth for entry in entries)
        if pattern is None and not has_class_folders:
            pattern = NUMBERED
        return cls(has_part_folders, None if pattern is None else re.compile(pattern))

    def given(self, entry: SourceEntry) -> Given:
        """Read label and part off an entry's path."""
        path, link = entry.path, entry.link
        if not self.has_part_folders:
            return self._labelled(path.parts, None, link)
        part = PART_FOLDERS.get(path.parts[0])
        if len(path.parts) + link == 1:
            return Given(None, None, ("no part folder", "the file lies beside train/ and the other parts, not in one"))
        return self._labelled(path.parts[1:], part, link)

    def _labelled(self, names: Sequence[str], part: str | None, link: bool) -> Given:
        if self.pattern is not None:
            return Given(None, part) if link else _given_by_name(names[-1], self.pattern, part)
        if len(names) > 1 or (link and names):
            return Given(names[0], part)
        return Given(None, part, ("no class folder", "the file lies beside the class folders, not in one"))


def is_system_file(path: PurePosixPath) -> bool:
    """Tell whether a path is hidden, or was left behind by an operating system."""
    return any(name.startswith(".") or name.lower() in SYSTEM_FILES | SYSTEM_FOLDERS for name in path.parts)


def is_readable(name: str) -> bool:
    """Tell whether a name can be written down: neither bytes that are not UTF-8 nor control characters."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def _gives_parts(entries: Sequence[SourceEntry]) -> bool:
    """Tell whether the top folders are nothing but parts, train and another one among them."""
    named = {entry.path.parts[0] for entry in entries if len(entry.path.parts) + entry.link > 1}
    return named <= set(PART_FOLDERS) and "train" in named and len({PART_FOLDERS[name] for name in named}) > 1


def _given_by_name(name: str, pattern: re.Pattern[str], part: str | None) -> Given:
    match = pattern.fullmatch(name)
    label = match["label"] if match else None
    if label and is_readable(label):
        return Given(label, part)
    if pattern.pattern == NUMBERED:
        detail = "the name says no label, as cat.0.jpg does: use class folders, or set ingest.pattern"
    else:
        detail = f"the name does not match ingest.pattern, {pattern.pattern}"
    return Given(None, part, ("no label", detail))
