"""Which label and which part a source gives to each of its files, by their paths."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

PART_FOLDERS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}


class Given(NamedTuple):
    """What a source says of one file."""

    label: str | None
    part: str | None = None  # train, valid or test
    refused: tuple[str, str] | None = None  # the reason and its detail, where the names alone rule a file out


def gives_parts(folders: Iterable[str]) -> bool:
    """Tell whether the top folders of a source are parts: nothing but such names, train and another one among them."""
    named = set(folders)
    return named <= set(PART_FOLDERS) and "train" in named and len({PART_FOLDERS[name] for name in named}) > 1


def given_by_folders(path: PurePosixPath, *, parted: bool, link: bool = False) -> Given:
    """Read label and part off the folders of a file, or of a link to a folder; `parted`: parts lie above classes."""
    if not parted:
        return _given_by_class(path, None, link)
    if len(path.parts) == 1:
        if link:  # to a whole part
            return Given(None, PART_FOLDERS[path.name])
        return Given(None, None, ("no part folder", "the file lies beside train/ and the other parts, not in one"))
    return _given_by_class(path.relative_to(path.parts[0]), PART_FOLDERS[path.parts[0]], link)


def _given_by_class(path: PurePosixPath, part: str | None, link: bool) -> Given:
    if len(path.parts) > 1 or link:
        return Given(path.parts[0], part)
    return Given(None, part, ("no class folder", "the file lies beside the class folders, not in one"))
