"""Presets: whole params files that can be copied over params.yaml."""

from difflib import get_close_matches, unified_diff
from itertools import count
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.files import write_text
from pixelproof.params.whole import load_params
from pixelproof.repository import git

FOLDER = Path("presets")


def available(folder: Path = FOLDER) -> dict[str, str]:
    """Return the presets' names, each with the first line of its comment. Raises UserError if there are none."""
    known = {path.stem: _headline(path) for path in sorted(folder.glob("*.yaml"))}
    if not known:
        raise UserError(f"{folder}: there are no presets here. Run from the project's folder.")
    return known


def _headline(path: Path) -> str:
    return path.read_text("utf-8").partition("\n")[0].removeprefix("#").strip()


def read_preset(name: str, folder: Path = FOLDER) -> str:
    """Return a preset's text. Raises UserError for an unknown name, or a preset that is not a valid params file."""
    known = available(folder)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        nearest = f" (did you mean {close[0]!r}?)" if close else ""
        raise UserError(f"there is no preset {name!r}{nearest}. Known: {', '.join(known)}.")
    path = folder / f"{name}.yaml"
    load_params(path)
    return path.read_text("utf-8")


def difference(path: Path, text: str, name: str) -> str:
    """Return the changes to the file at `path` as a unified diff; empty if there are none."""
    old = path.read_text("utf-8") if path.is_file() else ""
    lines = unified_diff(old.splitlines(), text.splitlines(), str(path), f"{path} from {name}", lineterm="")
    return "\n".join(lines)


def put(path: Path, text: str) -> Path | None:
    """Write `text` to `path`. Old content that is not in Git's last commit is kept beside; return its path."""
    kept = _free_backup(path) if path.is_file() and not _is_committed(path) else None
    if kept is not None:
        write_text(kept, path.read_text("utf-8"))
    write_text(path, text)
    return kept


def _is_committed(path: Path) -> bool:
    """Return whether the file is unchanged since the last commit."""
    return git.output("show", f"HEAD:./{path.name}", folder=path.parent) == path.read_bytes()


def _free_backup(path: Path) -> Path:
    candidates = (path.with_name(f"{path.name}.bak{number or ''}") for number in count())
    return next(candidate for candidate in candidates if not candidate.exists())
