"""The folder of a fetched data set: which files were fetched, whether they are complete, and which are the user's."""

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
    """Put the files that `fill` writes into `folder`, unless those with the same checksums are already there.

    `fill` gets an empty folder and returns the part of it to keep. A new `folder` appears atomically. In an existing
    one the user's files stay, and the marker is written last. Raises UserError if a user's file is in the way.
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
    (filled / MARKER).unlink(missing_ok=True)  # one from the archive
    found = sorted(path for path in filled.rglob("*") if path.is_file())
    files = {path.relative_to(filled).as_posix(): path.stat().st_size for path in found}
    downloads = [{"url": source.url, "checksum": source.checksum.lower()} for source in sources]
    # JSON's escapes also keep names that are not valid UTF-8.
    write_text(filled / MARKER, json.dumps({"downloads": downloads, "files": files}, indent=0) + "\n")
    return files


def _read_marker(folder: Path) -> tuple[list[str], dict[str, int]]:
    """Return the checksums of what was fetched into `folder`, and the resulting files."""
    try:
        content = json.loads((folder / MARKER).read_text("utf-8"))
        return [download["checksum"] for download in content["downloads"]], dict(content["files"])
    except (OSError, ValueError, KeyError, TypeError):  # missing or damaged: nothing is known
        return [], {}


def _sizes(folder: Path, paths: dict[str, int]) -> dict[str, int]:
    return {path: (folder / path).stat().st_size for path in paths if (folder / path).is_file()}


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder on the same disk, removed at the end or, after a kill, by the next run."""
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
                f"{folder / blocker}: this file was not fetched, but the data set has a file there. "
                "Move it elsewhere and run again."
            )
    for path in ours - files.keys():
        _remove(folder / path, folder)
    for path in [*files, MARKER]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (filled / path).replace(folder / path)


def _remove(path: Path, folder: Path) -> None:
    """Delete a file, and the folders below `folder` that become empty."""
    path.unlink()
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _blocker(folder: Path, path: str) -> str | None:
    """Return what blocks `path`: a file with its name, or with the name of one of its folders."""
    parents = [str(parent) for parent in Path(path).parents if parent.parts]
    found = [parent for parent in parents if (folder / parent).exists() and not (folder / parent).is_dir()]
    return found[0] if found else path if (folder / path).exists() else None


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
