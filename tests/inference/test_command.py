"""`pixelproof predict`, on a small model."""

import csv
import io
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pixelproof.cli import app
from pixelproof.inference.pyfunc import PhotoModel
from tests.support.odd_table import odd_inventory
from tests.support.photos import write_photos
from tests.support.program import installed
from tests.support.saved_models import CLASSES, save_cnn, save_mlp
from tests.support.terminal import foreign_lines

pytestmark = pytest.mark.slow  # scikit-learn takes seconds to load


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an MLP in its place, and photos."""
    root = tmp_path_factory.mktemp("project")
    (root / "models/mlp").mkdir(parents=True)
    save_mlp(root / "models/mlp/mlflow")
    write_photos(root / "photos", 3)
    (root / "photos/broken.jpg").write_bytes(b"garbage")
    (root / "photos/.hidden.jpg").write_bytes(b"garbage")
    return root


def predict(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = "") -> Result:
    monkeypatch.chdir(root)
    return CliRunner().invoke(app, ["predict", "--model", "mlp", *arguments], input=typed)


def test_json_has_a_line_for_each_photo_and_the_exit_status_says_that_one_was_bad(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts read this."""
    done = predict(project, monkeypatch, "photos", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    photos = [f"photos/{label}/{label}{number:03d}.jpg" for label in ("bars", "dots") for number in range(3)]
    assert [line["photo"] for line in lines] == sorted([*photos, "photos/broken.jpg"])
    assert done.exit_code == 1
    assert "1 of 7 photos could not be read" in done.stderr
    known = PhotoModel.open(project / "models/mlp/mlflow").predict([str(project / photo) for photo in photos])
    answered = {line["photo"]: line for line in lines}
    assert [answered[photo]["label"] for photo in photos] == known["label"].tolist()
    assert answered[photos[0]]["probabilities"] == pytest.approx(known["probabilities"][0], abs=1e-6)
    assert answered["photos/broken.jpg"]["label"] is None
    assert answered["photos/broken.jpg"]["error"].startswith("not an image")


def test_csv_has_a_column_for_each_class(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a spreadsheet opens it."""
    done = predict(project, monkeypatch, "photos/bars", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["photo", "label", "error", "note", *(f"p_{label}" for label in CLASSES)]
    assert len(rows) == 3
    assert sum(float(rows[0][f"p_{label}"]) for label in CLASSES) == pytest.approx(1, abs=1e-5)
    assert done.exit_code == 0


def test_text_shows_the_likeliest_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads the first word."""
    (line,) = predict(project, monkeypatch, "photos/bars/bars000.jpg", "--top", "2").stdout.splitlines()
    path, _, said = line.partition(": ")
    first, second = (share.split() for share in said.split("  "))
    assert path == "photos/bars/bars000.jpg"
    assert float(first[1]) > float(second[1])


@pytest.mark.parametrize(
    ("arguments", "typed", "count"),
    [
        (["photos/**/*.jpg"], "", 7),
        (["-"], "photos/bars/bars000.jpg\n\nphotos/dots\n", 4),
        (["photos/bars", "photos/bars/bars000.jpg"], "", 4),
    ],
)
def test_patterns_lists_and_folders_stand_for_their_files(
    project: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str, count: int
) -> None:
    """As in other programs of the shell."""
    assert len(predict(project, monkeypatch, *arguments, "--json", typed=typed).stdout.splitlines()) == count


def test_a_photo_that_is_not_there_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the others are answered."""
    done = predict(project, monkeypatch, "nothere.jpg", "photos/bars/bars000.jpg")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "nothere.jpg: not answered: unreadable: No such file or directory"
    assert len(done.stdout.splitlines()) == 2


def test_odd_files_get_the_verdict_of_ingest(project: Path, monkeypatch: pytest.MonkeyPatch, odd_files: Path) -> None:
    """All of them in one call: an answer or a reason for each, and none ends it."""
    inventory = odd_inventory(odd_files)
    refused = inventory.quarantine[inventory.quarantine["reason"] != "label conflict"]
    lines = map(json.loads, predict(project, monkeypatch, str(odd_files), "--json").stdout.splitlines())
    said = {str(Path(line["photo"]).relative_to(odd_files)): line for line in lines}
    assert len(said) == sum(path.is_file() and path.name[0] != "." for path in odd_files.rglob("*"))
    assert [id for id in inventory.photos["id"] if not said[id]["label"]] == []
    for path, reason in zip(refused["path"], refused["reason"], strict=True):
        assert (said[path]["error"] or "answered").startswith(reason), path


def test_explain_writes_a_picture_for_each_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Photos of one name in two folders each have their own, a broken one has none, and the answers are printed."""
    photo = (project / "photos/bars/bars000.jpg").read_bytes()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.jpg").write_bytes(photo)
    (tmp_path / "one/broken.jpg").write_bytes(b"garbage")
    given = [str(tmp_path / "one"), str(tmp_path / "two"), "--explain", str(tmp_path / "new/pictures")]
    plain = predict(project, monkeypatch, *given[:2])
    for _ in range(2):  # the second time they replace their own
        done = predict(project, monkeypatch, *given)
        assert done.stdout == plain.stdout
        pictures = sorted((tmp_path / "new/pictures").iterdir())
        assert [path.name[:5] for path in pictures] == ["same-", "same-"]
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["photos", "--explain", "photos/broken.jpg"], "--explain photos/broken.jpg: File exists. Name a folder"),
        (["photos", "--model", "cnn"], "models/cnn: there is no trained model yet. Run `make repro` first."),
        (["photos", "--model", "nothing"], "--model nothing: there is no such model. Expected cnn, mlp"),
        (["photos", "--model", "photos"], "photos holds no model that answers photos"),
        (["empty"], "empty: there are no files to answer"),
        (["photos", "--json", "--csv"], "--json and --csv: choose one"),
        (["photos", "--csv", "--top", "2"], "--top: CSV has a column for each class"),
    ],
)
def test_mistakes_get_one_message(
    project: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    """Never a traceback."""
    (project / "empty").mkdir(exist_ok=True)
    assert says in str(predict(project, monkeypatch, *arguments).exception)


def test_a_reader_that_stops_reading_ends_it_in_silence(project: Path) -> None:
    """As `pixelproof predict ... | head -1` does."""
    import subprocess
    import sys

    command = [sys.executable, "-c", "from pixelproof.cli import main; main()", "predict", "photos", "--model", "mlp"]
    piped = subprocess.run(
        f"{' '.join(map(repr, command))} | head -1",
        shell=True,
        cwd=project,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(piped.stdout.splitlines()) == 1
    assert "Traceback" not in piped.stderr
    assert "BrokenPipe" not in piped.stderr


def test_a_cnn_answers_without_a_word_of_tensorflows(tmp_path: Path) -> None:
    """Else a dozen lines about GPUs would stand before the answers."""
    model = save_cnn(tmp_path / "model")
    (tmp_path / "dvc.yaml").touch()  # a project keeps what TensorFlow says
    write_photos(tmp_path / "photos", 1)
    done = installed(tmp_path, "predict", "--model", str(model), "photos")
    assert (done.status, foreign_lines(done.stderr)) == (0, [])
    assert len(done.stdout.splitlines()) == 2
    assert (tmp_path / ".work/native/predict.log").is_file()
