"""Which of the project's own modules a module imports, at any depth, read from the source."""

import ast
import tomllib
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("pixelproof", "stages")
# Files and folders that change no result of a stage, with the reason.
CHANGES_NO_RESULT: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pixelproof"][
    "changes-no-result"
]


def module_file(name: str) -> Path | None:
    """Return the file of one of our modules, relative to the root; None if there is no such module."""
    path = ROOT.joinpath(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file.relative_to(ROOT)
    return None


def imported_names(source: str) -> set[str]:
    """Return the dotted names that a source text imports anywhere, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_files(module: str) -> set[str]:
    """Return the files of ours that decide what running `module` gives, itself included.

    Files without code do not count, nor do those of CHANGES_NO_RESULT and what only they import.
    """
    seen: set[Path] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        file = module_file(name) if name.split(".")[0] in PACKAGES else None
        if file is None or file in seen or is_below(file.as_posix(), CHANGES_NO_RESULT):
            continue
        seen.add(file)
        parents = {name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)}
        waiting |= parents | imported_names((ROOT / file).read_text("utf-8"))
    return {file.as_posix() for file in seen if _has_code(file)}


def is_below(file: str, paths: Collection[str]) -> bool:
    """Tell whether a file is one of `paths`, or in a folder that is one."""
    return any(file == path or file.startswith(f"{path}/") for path in paths)


def _has_code(file: Path) -> bool:
    body = ast.parse((ROOT / file).read_text("utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)
