"""Where `make ui` finds the project, and which address it names."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from tests.support.runs import logging_to

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def view(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("MLFLOW_PORT", raising=False)
    with logging_to(root):
        from pixelproof.tracking.store import view

        yield view


def test_the_project_is_found_from_any_folder_in_it(view: Any, root: Path) -> None:
    """Else an empty mlflow.db would appear in a subfolder, and no runs."""
    (root / "docs/deep").mkdir(parents=True)
    assert view.project_folder(root / "docs/deep") == view.project_folder(root) == root


def test_elsewhere_it_is_the_one_that_the_program_was_installed_from(view: Any) -> None:
    """An installation for development knows its project."""
    assert (view.project_folder(Path("/")) / "pixelproof/tracking/store/view.py").samefile(view.__file__)


def test_without_a_project_the_remedy_is_named(view: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed as a package, it cannot know which project is meant."""
    monkeypatch.setattr(view, "PROJECT_FILES", ("dvc.yaml", "no-such-file"))
    with pytest.raises(UserError, match="Change to the project's folder"):
        view.project_folder(Path("/"))


def test_a_port_that_is_taken_is_passed_over_or_refused_where_it_was_named(
    view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second project's `make ui` must not fail, nor show the first one's runs."""
    with socket.socket() as other:
        other.bind((view.HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(view, "PORTS", [taken, 0])
        assert view.free_port() == 0
        monkeypatch.setenv("MLFLOW_PORT", str(taken))
        with pytest.raises(UserError, match=f"port {taken} is taken. Name one that is free"):
            view.free_port()
    assert view.free_port() == taken
    monkeypatch.setenv("MLFLOW_PORT", "http")
    with pytest.raises(UserError, match="MLFLOW_PORT=http: expected a number"):
        view.free_port()


def test_a_server_that_ends_at_once_is_an_error(view: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a person would wait for ever."""
    monkeypatch.setattr(view.sys, "executable", "false")
    with pytest.raises(UserError, match="MLflow ended with status 1"), view.serving(f"sqlite:///{root}/mlflow.db"):
        pass


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("train: {experiment: cats}", "cats"),
        ("train: {epochs: 3}", None),
        ("train: 3", None),
        ("", None),
        ("a: [", None),
    ],
)
def test_the_experiment_is_that_of_the_params(tmp_path: Path, text: str, chosen: str | None) -> None:
    """Else the table would be empty for whoever names an experiment; a mistake in the file hides no runs."""
    from pixelproof.tracking.store.view import chosen_experiment

    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    assert chosen_experiment(tmp_path / "params.yaml") == chosen
