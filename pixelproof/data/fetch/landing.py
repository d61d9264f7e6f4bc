"""The folder of a fetched data set: what was put there, whether all of it is still there, and what is the user's."""

import filecmp
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pixelproof.data.fetch.downloads import Download
from pixelproof.errors import UserError
from pixelproof.files import write_text

log = logging.getLogger(__name__)

MARKER = ".pixelproof.json"  # ingest ignores hidden files


def land(folder: Path, sources: Sequence[Download], fill: Callable[[Path], Path]) -> None:
    """Put the files that `fill` writes into `folder`, unless those of the same checksums are there already.

    `fill` is given an empty folder and returns the part of it that is wanted. A new `folder` appears whole. In one
    that is there, files of another origin stay; the marker comes last. Raises UserError if such a file is in the way.
    """
    checksums, earlier = _read_marker(folder)
    if checksums == [source.checksum.lower() for source in sources] and _is_complete(folder, earlier):
        log.info("%s: complete", folder)
        return
    with _beside(folder) as beside:
        filled = fill(beside)
        files = _record(filled, sources)
        if folder.exists():
            _merge(filled, files, folder, earlier)
        else:
            filled.replace(folder)


def _is_complete(folder: Path, files: dict[str, int]) -> bool:
    there = _sizes(folder, files)
    changed = [path for path, size in there.items() if size != files[path]]
    if changed:
        raise UserError(
            f"{folder / changed[0]}: this file has changed since it was fetched. Move it elsewhere and run again, "
            "or keep it and set fetch.dataset to none."
        )
    return len(there) == len(files)


def _record(filled: Path, sources: Sequence[Download]) -> dict[str, int]:
    """Write the marker; return the files and their sizes in bytes."""
    (filled / MARKER).unlink(missing_ok=True)  # the archive's own
    found = sorted(path for path in filled.rglob("*") if path.is_file())
    files = {path.relative_to(filled).as_posix(): path.stat().st_size for path in found}
    downloads = [{"url": source.url, "checksum": source.checksum.lower()} for source in sources]
    # JSON's escapes keep also those names that are no UTF-8.
    write_text(filled / MARKER, json.dumps({"downloads": downloads, "files": files}, indent=0) + "\n")
    return files


def _read_marker(folder: Path) -> tuple[list[str], dict[str, int]]:
    """Return the checksums of what was fetched into `folder`, and the files it gave."""
    try:
        content = json.loads((folder / MARKER).read_text("utf-8"))
        return [download["checksum"] for download in content["downloads"]], dict(content["files"])
    except (OSError, ValueError, KeyError, TypeError):  # none, or damaged: then nothing is known
        return [], {}


def _sizes(folder: Path, paths: dict[str, int]) -> dict[str, int]:
    return {path: (folder / path).stat().st_size for path in paths if (folder / path).is_file()}


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder on the same disk, which is gone at the end, or when the next run begins."""
    beside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _merge(filled: Path, files: dict[str, int], folder: Path, earlier: dict[str, int]) -> None:
    """Move the files into `folder`, replacing those of an earlier fetch."""
    ours = {path for path, size in _sizes(folder, earlier).items() if size == earlier[path]}  # not changed since
    for path in files:
        blocker = _blocker(folder, path)
        if blocker and blocker not in ours and not _same(filled / path, folder / path):
            raise UserError(
                f"{folder / blocker}: a file that was not fetched is where one of the data set belongs. "
                "Move it elsewhere and run again."
            )
    for path in ours - files.keys():
        _remove(folder / path, folder)
    for path in [*files, MARKER]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (filled / path).replace(folder / path)


def _remove(path: Path, folder: Path) -> None:
    """Delete a file, and the folders below `folder` that are empty without it."""
    path.unlink()
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _blocker(folder: Path, path: str) -> str | None:
    """Return what blocks `path`: a file of that name, or a file named as one of its folders."""
    parents = [str(parent) for parent in Path(path).parents if parent.parts]
    found = [parent for parent in parents if (folder / parent).exists() and not (folder / parent).is_dir()]
    return found[0] if found else path if (folder / path).exists() else None


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
