"""Contact sheets: what the photos of each class look like."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from heapq import nsmallest
from pathlib import Path, PurePosixPath

import pandas as pd

from pixelproof.console import progress
from pixelproof.data.photos.decode import glimpse
from pixelproof.data.sheets.sheet import BACKDROP, SheetLayout, SheetSection, Tile, thumbnail, write_sections

Read = Callable[[str], bytes]  # a photo's id to the content of its file; raises OSError

CLASSES = 50  # that have a sheet, at the most
LAYOUT = SheetLayout(columns=8, tile_px=128, gap_px=8, backdrop=BACKDROP)
PHOTOS = 6 * LAYOUT.columns  # on a sheet, at the most
GONE = "cannot be read any more"
NAME_CHARACTERS = 40  # of a class, in a file's name: four bytes each still leave room for what programs add


def write_contact_sheets(photos: pd.DataFrame, classes: list[str], read: Read, folder: Path) -> None:
    """Write a file for each of the first CLASSES classes, from the photos' columns id and label."""
    shown = classes[:CLASSES]
    names = file_names(shown)
    ids = photos["id"].groupby(photos["label"])
    for number, label in enumerate(progress(shown, "contact sheets", len(shown)), 1):
        place = f"; class {number} of {len(classes)}, the first {CLASSES} have a sheet" if shown != classes else ""
        _write_contact_sheet(label, ids.get_group(label), read, folder / names[label], place)


def _write_contact_sheet(label: str, ids: "pd.Series[str]", read: Read, path: Path, place: str) -> None:
    chosen = choose(ids, PHOTOS)
    shown = f", {len(chosen)} of them here" if len(chosen) < len(ids) else ""
    tiles = [tile_of(id, read, LAYOUT.tile_px, name=PurePosixPath(id).name) for id in chosen]
    write_sections([SheetSection(tiles, f"photos: {len(ids):,}{shown}{place}")], path, LAYOUT, title=label)


def choose(ids: Iterable[str], limit: int) -> list[str]:
    """Return `limit` of the ids, in their order: those with the smallest hash, so that an added photo replaces one."""
    return sorted(nsmallest(limit, ids, key=lambda id: hashlib.sha256(id.encode()).digest()))


def tile_of(id: str, read: Read, side_px: int, *, name: str, detail: str = "", instead: str = GONE) -> Tile:
    """Return a tile with what can be seen of a file, with the words `instead` where nothing can, or GONE."""
    try:
        pixels = glimpse(read(id), (side_px, side_px))
    except OSError:
        return Tile(None, name, detail, GONE)
    return Tile(None if pixels is None else thumbnail(pixels, side_px), name, detail, instead)


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Return the name of each class's file.

    `dvc plots` sorts pictures that are called by numbers as numbers, and ends in an error where others lie beside them:
    such a class's file gets a word, with a dot, unless all classes are numbers.
    """
    stems = {label: file_stem(label) for label in labels}
    are_numbers = all(stem.isdecimal() for stem in stems.values())  # `²` is a digit, too, but no number
    return {
        label: f"{stem}.class.png" if stem.isdigit() and not are_numbers else f"{stem}.png"
        for label, stem in stems.items()
    }


def file_stem(label: str) -> str:
    """Return a name for a class's file that people can read, another one for every class.

    Letters of any script stay. A class whose name cannot stay as it is (capitals, spaces, great length) gets a part of
    its hash behind a dot, which no name that stays has: so no two classes share a file, also where case is ignored.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).casefold())
    plain = re.sub(r"[^\w-]+", "-", folded)[:NAME_CHARACTERS]
    return plain if plain == label else f"{plain}.{hashlib.sha256(label.encode()).hexdigest()[:8]}"
