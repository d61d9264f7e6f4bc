import io
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pixelproof import presets
from pixelproof.cli import main
from pixelproof.errors import UserError
from tests.support.imports import ROOT

Program = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two presets and a params.yaml that is neither, not under Git."""
    (tmp_path / "presets").mkdir()
    for name in ("article", "cats-dogs"):
        (tmp_path / f"presets/{name}.yaml").write_text((ROOT / f"presets/{name}.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """`pixelproof preset`, in this process; returns status, standard output and standard error."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)

    def run(*arguments: str, answer: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pixelproof", "preset", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n" if answer else ""))
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return end.value.code, *capsys.readouterr()

    return run


def text(path: str) -> str:
    return Path(path).read_text("utf-8")


def commit(project: Path) -> None:
    for command in ("git init --quiet", "git add params.yaml", "git -c user.name=t -c user.email=t@t commit -qm start"):
        subprocess.run(command.split(), cwd=project, check=True)


def test_without_a_name_the_presets_are_listed(project: Path, program: Program) -> None:
    """Else a user would have to look into the folder."""
    status, out, _ = program()
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["article", "cats-dogs"]
    assert "The article's network" in out


def test_a_preset_is_copied_after_the_difference_is_shown_and_agreed_to(project: Path, program: Program) -> None:
    """Else a user would lose an experiment without having seen what changes."""
    status, out, _ = program("article", answer="y")
    assert status == 0
    assert "-  height_px: 28 " in out
    assert "+  height_px: 300 " in out
    assert text("params.yaml") == text("presets/article.yaml")


@pytest.mark.parametrize("answer", ["n", ""])
def test_without_agreement_nothing_changes(answer: str, project: Path, program: Program) -> None:
    """Else a look at the difference would already be the step."""
    before = text("params.yaml")
    status, *_ = program("article", answer=answer)
    assert status == 1
    assert text("params.yaml") == before
    assert {path.name for path in project.iterdir()} == {"presets", "params.yaml"}


def test_params_that_git_does_not_have_are_kept_beside(project: Path, program: Program) -> None:
    """Else an experiment that was never committed would be lost, the second one too."""
    before = text("params.yaml")
    assert "the previous one is in params.yaml.bak" in program("article", "--yes")[1]
    assert text("params.yaml.bak") == before
    assert "params.yaml.bak1" in program("cats-dogs", "--yes")[1]
    assert text("params.yaml.bak") == before
    assert text("params.yaml.bak1") == text("presets/article.yaml")


def test_params_that_git_has_are_not_kept_twice(project: Path, program: Program) -> None:
    """Else every change of a preset would leave a file behind; an edit since the commit is kept."""
    commit(project)
    assert "the previous one" not in program("article", "--yes")[1]
    assert not (project / "params.yaml.bak").exists()
    assert "params.yaml.bak" in program("cats-dogs", "--yes")[1]
    assert text("params.yaml.bak") == text("presets/article.yaml")


def test_the_preset_that_is_there_already_changes_nothing(project: Path, program: Program) -> None:
    """Else a second time would write a backup of the same."""
    program("article", "--yes")
    status, out, _ = program("article")
    assert (status, out) == (0, "params.yaml is already the preset article.\n")
    assert not (project / "params.yaml.bak1").exists()


def test_without_params_there_is_nothing_to_keep(project: Path, program: Program) -> None:
    """Else whoever deleted the file could not take a preset."""
    (project / "params.yaml").unlink()
    assert program("article", "--yes")[0] == 0
    assert text("params.yaml") == text("presets/article.yaml")


def test_an_unknown_preset_is_refused_with_the_nearest(project: Path, program: Program) -> None:
    """Else a slip would end in a traceback, or in a search."""
    status, _, said = program("artcle", "--yes")
    assert status == 1
    assert said == "error: there is no preset 'artcle' (did you mean 'article'?). Known: article, cats-dogs.\n"
    assert program("../params")[0] == 1


def test_a_folder_without_presets_is_told(tmp_path: Path) -> None:
    """Else a user in the wrong folder would read that every name is unknown."""
    with pytest.raises(UserError, match=r"there are no presets here\. Run from the project's folder"):
        presets.available(tmp_path)


def test_a_preset_with_a_mistake_is_refused_before_anything_is_written(project: Path, program: Program) -> None:
    """Else a preset of one's own with a slip would replace params that worked."""
    mine = project / "presets/mine.yaml"
    mine.write_text(text("presets/article.yaml").replace("filters: 10", "filters: none"), "utf-8")
    status, _, said = program("mine", "--yes")
    assert status == 1
    assert "presets/mine.yaml: cnn.layers.conv1.filters" in said
    assert text("params.yaml") == text(str(ROOT / "params.yaml"))
