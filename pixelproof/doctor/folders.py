"""Whether files can be written where the stages write them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.paths import MODELS, RAW, WORK

FOLDERS = (RAW.parent, MODELS, Path("reports"), WORK)


def outputs() -> Iterator[Finding]:
    refused = {folder: why for folder in FOLDERS if (why := refusal(folder))}
    for folder, why in refused.items():
        remedy = f"Stages write there: give yourself the right (`ls -ld {folder}`), or move away what has its place."
        yield wrong("folders", f"{folder}: {why}", remedy)
    if not refused:
        yield well("folders", f"{', '.join(map(str, FOLDERS))} can be written")


def refusal(folder: Path) -> str:
    """Write a file that has no name into a folder, or into the one in which it can be made; return why not, else "".

    Rights alone say little: root may write anywhere but where the disk is full or read-only.
    """
    there = next(up for up in (folder, *folder.absolute().parents) if up.exists())
    if not there.is_dir():
        return f"{there} is no folder"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"pixelproof")
            file.flush()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return ""
