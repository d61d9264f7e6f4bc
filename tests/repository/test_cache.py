"""DVC's cache, where DVC itself has it."""

import json
from pathlib import Path

import pytest

from pixelproof.errors import UserError
from pixelproof.repository.cache import Cache, cache_folder

DVC = {"system": "DVC_SYSTEM_CONFIG_DIR", "global": "DVC_GLOBAL_CONFIG_DIR"}
XDG = {"system": "XDG_CONFIG_DIRS", "global": "XDG_CONFIG_HOME"}
LEVELS = ("system", "global", "project", "local")  # each overrules those before


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of DVC's, the working folder, on a machine without any settings."""
    for variable in (*DVC.values(), *XDG.values()):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    no_scm = True\n")
    monkeypatch.chdir(folder)
    return folder


def dvc(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run DVC's own command line in this process, where it is loaded once; return what it prints."""
    from dvc.cli import main

    assert main([*arguments]) == 0
    return capsys.readouterr().out.strip()


@pytest.mark.slow  # loads DVC
@pytest.mark.parametrize("variables", [DVC, XDG], ids=["DVC's variables", "the system's places"])
def test_all_four_levels_of_dvcs_settings_are_looked_at(
    project: Path,
    variables: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else `runs`, `reproduce` and `sync` would miss what the pipeline finds, as after `dvc cache dir --global`."""
    for level, variable in variables.items():
        monkeypatch.setenv(variable, str(tmp_path / level))
    assert cache_folder() == project / ".dvc/cache" == Path(dvc(capsys, "cache", "dir"))
    for level in LEVELS:
        for place in (f"../near-{level}", str(tmp_path / f"far-{level}")):
            dvc(capsys, "cache", "dir", f"--{level}", place)
            assert cache_folder() == Path(dvc(capsys, "cache", "dir"))
            assert cache_folder().name == Path(place).name


@pytest.mark.parametrize("named", ["../cache", "~/cache", '"/a, b"'])
@pytest.mark.slow  # loads DVC
def test_a_relative_path_starts_at_its_settings(project: Path, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a cache beside the project would be looked for somewhere else."""
    (project / ".dvc/config.local").write_text(f"[Cache]\n    Dir = {named}\n")
    below = project / "deep/below"
    below.mkdir(parents=True)
    assert cache_folder(below) == cache_folder() == Path(dvc(capsys, "cache", "dir"))


def test_settings_that_are_broken_are_one_message(project: Path) -> None:
    """Else a merge gone wrong would end in a traceback."""
    (project / ".dvc/config").write_text("<<<<<<< ours\n")
    with pytest.raises(UserError, match=r"\.dvc/config: .*Correct the file"):
        cache_folder()


def test_the_files_of_a_folder_are_found(project: Path) -> None:
    """Whether the cache has them or not: what is missing can be named only so."""
    cache = Cache()
    assert cache.files("ab12.dir") == {}
    path = cache.path("ab12.dir")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([{"md5": "cd34", "relpath": "a/b.txt"}]))
    assert cache.files("ab12.dir") == {"a/b.txt": project / ".dvc/cache/files/md5/cd/34"}
