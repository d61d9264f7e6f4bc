"""Python and the installed packages, against what the project was tested with."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pixelproof.doctor.finding import Finding, well, wrong

LOCK = Path("requirements.lock")
PROJECT = "pixelproof"
INSTALL = "Install what requirements.lock names: `rm -f .venv/.ready && make setup`."
SHOWN = 5  # packages named in a line; the others are counted


def python(running: str = platform.python_version()) -> Iterator[Finding]:
    expected = metadata(PROJECT)["Requires-Python"]
    if SpecifierSet(expected).contains(running, prereleases=True):
        yield well("Python", f"{running}; expected {expected}")
    else:
        remedy = "Install one of these, then `rm -rf .venv && make setup`."
        yield wrong("Python", f"{running} is not one of {expected}", remedy)


def packages() -> Iterator[Finding]:
    expected, needed = locked_versions(LOCK.read_text("utf-8")), needed_packages()
    installed = {name: _installed(name) for name in expected}
    missing = [name for name, found in installed.items() if found is None]
    other = [
        f"{name} {found} instead of {expected[name]}"
        for name, found in installed.items()
        if found and _differs(found, expected[name])
    ]
    lacking = [name for name in missing if name in needed]
    if lacking:
        yield wrong("packages", f"{_few(lacking)}: not installed", INSTALL)
    if other:
        yield wrong("packages", f"other versions than in {LOCK}: {_few(other)}", INSTALL)
    if not lacking and not other:
        extras = f"; {len(missing)} that only extras need are not installed" if missing else ""
        yield well("packages", f"{len(expected) - len(missing)} as in {LOCK}{extras}")


def locked_versions(text: str) -> dict[str, str]:
    """Return the version of each package that a lock file asks for on this machine, by its normalised name."""
    lines = (line.partition(" \\")[0].partition(" #")[0].strip() for line in text.splitlines())
    wanted = [Requirement(line) for line in lines if line and line[0] not in "-#"]
    return {
        canonicalize_name(each.name): next(iter(each.specifier)).version
        for each in wanted
        if each.marker is None or each.marker.evaluate()
    }


def needed_packages() -> set[str]:
    """Return the packages that the project needs without its extras, by normalised name."""
    found: set[tuple[str, str]] = set()  # name and extra
    ahead: list[tuple[str, str]] = [(PROJECT, "")]
    while ahead:
        name, extra = ahead.pop()
        for each in map(Requirement, _requirements(name)):
            if each.marker is None or each.marker.evaluate({"extra": extra}):
                asked = {(canonicalize_name(each.name), wanted) for wanted in ("", *each.extras)} - found
                found |= asked
                ahead += asked
    return {name for name, _ in found}


def _requirements(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _differs(found: str, expected: str) -> bool:
    """Tell whether a version is another one; what a build adds to it (`+cpu`) does not count."""
    return found != expected and found.partition("+")[0] != expected


def _few(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{rest}"
