"""What a local server of archives serves, and what comes of it on the disk."""

from pathlib import Path

from pixelproof.data.fetch.landing import MARKER

PHOTOS = {"cats/1.jpg": b"cat 1", "cats/2.jpg": b"cat 2", "dogs/1.jpg": b"dog"}


def written(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def content(folder: Path) -> dict[str, bytes]:
    """Return every file but the marker."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
