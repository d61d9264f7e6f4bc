"""Outputs exist whole or not at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof import files
from pixelproof.files import replacing, write_json, write_text


def write_folder(path: Path, **files: str) -> None:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_file_takes_its_place_at_the_end(tmp_path: Path) -> None:
    """Else a reader could see half a file."""
    target = tmp_path / "new" / "file.txt"
    with replacing(target) as beside:
        beside.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert content(target.parent) == {"file.txt": "new"}


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    """Else files of an earlier run would stay among the new ones."""
    target = tmp_path / "out"
    write_folder(target, old="1", both="1")
    with replacing(target) as beside:
        write_folder(beside, new="2", both="2")
        assert content(target) == {"old": "1", "both": "1"}
    assert content(target) == {"new": "2", "both": "2"}


@pytest.mark.parametrize("mistake", [RuntimeError, KeyboardInterrupt])
def test_after_an_exception_the_old_content_stays_and_nothing_else(
    tmp_path: Path, mistake: type[BaseException]
) -> None:
    """Else a failed or interrupted stage would destroy the last good output."""
    file, folder = tmp_path / "file.txt", tmp_path / "folder"
    file.write_text("old")
    write_folder(folder, a="old")

    def work() -> None:
        with replacing(file) as beside_file, replacing(folder) as beside_folder:
            beside_file.write_text("half")
            write_folder(beside_folder, b="half")
            raise mistake

    with pytest.raises(mistake):
        work()
    assert file.read_text() == "old"
    assert content(folder) == {"a": "old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_run_left_is_removed(tmp_path: Path, kind: str) -> None:
    """Else the next run would fail on the leftover, or mix it into its output."""
    target = tmp_path / "out"
    with replacing(target) as beside:
        leftover = beside
        write_folder(beside, a="1")
    if kind == "file":
        leftover.write_text("half")
    else:
        write_folder(leftover, half="half")
    with replacing(target) as beside:
        assert not beside.exists()
        write_folder(beside, b="2")
    assert content(target) == {"b": "2"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_begun_is_hidden_and_beside_its_target(tmp_path: Path) -> None:
    """Else a rename could cross disks, and ingest could take a leftover for a photo."""
    with replacing(tmp_path / "out.txt") as beside:
        assert beside.parent == tmp_path
        assert beside.name.startswith(".")
        beside.write_text("")


def test_a_folder_gives_way_to_a_file(tmp_path: Path) -> None:
    """Else a path that changes its kind between versions would stop the stage."""
    write_folder(tmp_path / "out", a="1")
    with replacing(tmp_path / "out") as beside:
        beside.write_text("file")
    assert (tmp_path / "out").read_text() == "file"


def test_a_file_gives_way_to_a_folder(tmp_path: Path) -> None:
    """Else a path that changes its kind between versions would stop the stage at its very end."""
    (tmp_path / "out").write_text("file")
    with replacing(tmp_path / "out") as beside:
        write_folder(beside, a="1")
    assert content(tmp_path / "out") == {"a": "1"}


def test_a_link_to_a_folder_is_replaced_and_the_folder_it_names_stays(tmp_path: Path) -> None:
    """Else an output that someone moved to a larger disk and linked would stop the stage at its very end."""
    write_folder(tmp_path / "disk", old="1")
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with replacing(tmp_path / "out") as beside:
        write_folder(beside, new="2")
    assert content(tmp_path / "out") == {"new": "2"}
    assert content(tmp_path / "disk") == {"old": "1"}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)


@given(words=st.dictionaries(TEXT, st.integers() | TEXT | st.lists(TEXT, max_size=3), max_size=4))
def test_json_comes_back_as_it_was_in_its_order(
    words: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Else a report would lie, or change its order from run to run."""
    path = tmp_path_factory.getbasetemp() / "words.json"
    write_json(path, words)
    read = json.loads(path.read_text("utf-8"))
    assert list(read.items()) == list(words.items())


def test_json_is_for_people(tmp_path: Path) -> None:
    """Else `git diff` would show one long line of escapes."""
    write_json(tmp_path / "a.json", {"b": "é", "a": 1})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "b": "é",\n  "a": 1\n}\n'


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """Else a report would be lost to a mistake in its successor."""
    write_text(tmp_path / "a.json", "old")
    with pytest.raises(TypeError):
        files.write_json(tmp_path / "a.json", object())
    assert content(tmp_path) == {"a.json": "old"}
