"""Which stages an edit of the code, or of what is installed, runs again: by real commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up_to_date(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose whole pipeline has run, for the edits of this module."""
    return prepared.whole(tmp_path_factory.mktemp("edited"))


@pytest.fixture
def edit(up_to_date: Project) -> "Callable[[str, str, str], None]":
    """Replace words in a file of the project for one test."""
    before: dict[Path, str] = {}

    def replace(name: str, old: str, new: str) -> None:
        path = up_to_date.root / name
        text = before.setdefault(path, path.read_text("utf-8"))
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    yield replace
    for path, text in before.items():
        path.write_text(text, "utf-8")


def changed_stages(project: Project) -> set[str]:
    """Return the stages that DVC finds changed, those that follow from them not yet counted."""
    done = project.run("dvc", "status", "--json")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_rewording_a_message_runs_nothing(up_to_date: Project, edit: Callable[[str, str, str], None]) -> None:
    """Else a corrected comma would train for hours."""
    edit("pixelproof/console.py", "stopped by Ctrl-C", "interrupted by Ctrl-C")
    edit("pixelproof/mistakes.py", "unknown key", "this key is unknown")
    assert up_to_date.repro() == []


def test_a_new_key_of_the_mlp_runs_the_plan_and_what_depends_on_the_mlp(
    up_to_date: Project, edit: Callable[[str, str, str], None]
) -> None:
    """Else a new option of one model would ingest all photos again, and train the other one."""
    key = "    schedule: Schedule | None = None\n"
    edit("pixelproof/params/mlp.py", key, f"{key}    warm_start: bool | None = None\n")
    assert changed_stages(up_to_date) == {"plan", "train@mlp", "page"}  # predict_mlp and evaluate follow from it


def test_an_edit_of_the_search_for_near_copies_trains_nothing_where_it_finds_the_same(up_to_date: Project) -> None:
    """Else every edit of ingest would train again, whatever it changes. The edit stays: it has no effect."""
    path = up_to_date.root / "pixelproof/data/ingest/near.py"
    path.write_text(path.read_text("utf-8") + "# an edit without an effect\n", "utf-8")
    assert up_to_date.repro() == ["ingest"]


def test_another_version_of_keras_runs_the_trainings(
    up_to_date: Project, edit: Callable[[str, str, str], None]
) -> None:
    """Else weights of an old version would look like those of the new one."""
    lock = (up_to_date.root / "requirements.lock").read_text("utf-8")
    pinned = next(line.split()[0] for line in lock.splitlines() if line.startswith("keras=="))
    edit("requirements.lock", pinned, f"{pinned}.post1")
    assert changed_stages(up_to_date) == {"train@cnn", "train@mlp"}


NOTING = """\
import atexit, os, sys
def note():
    if len(sys.argv) and "stages" in sys.argv[0]:
        name = os.path.basename(sys.argv[0]).removesuffix(".py")
        loaded = [each for each in ("tensorflow", "sklearn.neural_network", "mlflow") if each in sys.modules]
        with open(os.environ["NOTED"], "a") as file:
            file.write(" ".join([name, *loaded]) + "\\n")
atexit.register(note)
"""


@pytest.fixture
def loading(up_to_date: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, list[str]]]:
    """Run `dvc repro`; return which heavy libraries each stage's process had loaded at its end."""
    (tmp_path / "sitecustomize.py").write_text(NOTING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("NOTED", str(tmp_path / "noted"))

    def repro() -> dict[str, list[str]]:
        (tmp_path / "noted").write_text("")
        ran = up_to_date.repro()
        noted = [line.split() for line in (tmp_path / "noted").read_text().splitlines()]
        assert len(noted) == len(ran)
        return {name: loaded for name, *loaded in noted}

    return repro


def test_an_edit_of_the_mlp_loads_no_tensorflow(
    up_to_date: Project, loading: Callable[[], dict[str, list[str]]]
) -> None:
    """It takes ten seconds of processor time for each stage that does; the CNN has not changed."""
    up_to_date.edit(lambda params: params["mlp"].update(l2=0.003))
    loaded = loading()
    assert loaded.keys() == {"plan", "train_mlp", "predict_mlp", "evaluate", "page"}
    assert [name for name, libraries in loaded.items() if "tensorflow" in libraries] == []
    assert "sklearn.neural_network" in loaded["train_mlp"]
    assert "sklearn.neural_network" not in loaded["evaluate"]


def test_an_edit_of_the_cnn_loads_tensorflow_twice(
    up_to_date: Project, loading: Callable[[], dict[str, list[str]]]
) -> None:
    """To train, and to ask what was saved; the evaluation, the pictures and the page are made of the answers."""
    up_to_date.edit(lambda params: params["cnn"].update(learning_rate=0.002))
    loaded = loading()
    assert [name for name, libraries in loaded.items() if "tensorflow" in libraries] == ["train_cnn", "predict_cnn"]
    assert "sklearn.neural_network" not in loaded["evaluate"]
