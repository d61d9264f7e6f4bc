from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixelproof.files.journal import Journal, chunks, continuing, fingerprint

LINES = ["0", "range(32, 64)", "ä {}"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.integers(0, 30))
def test_a_line_that_was_cut_short_does_not_count(kept: int, tmp_path: Path) -> None:
    """Else work would be taken for done that was not, or a half line would spoil the next one."""
    path = tmp_path / "journal"
    content = "".join(f"{line}\n" for line in LINES).encode()[:kept]
    path.write_bytes(content)
    whole = content.count(b"\n")
    with Journal(path) as journal:
        assert journal.lines == LINES[:whole]
        journal.add("next")
    with Journal(path) as journal:
        assert journal.lines == [*LINES[:whole], "next"]


@given(count=st.integers(0, 200), size=st.integers(1, 50))
def test_chunks_hold_every_number_once(count: int, size: int) -> None:
    """Else photos would be left out or done twice."""
    assert [number for chunk in chunks(count, size) for number in chunk] == list(range(count))


def test_work_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """Else a run that was killed at 90 % would begin anew."""
    with suppress(KeyboardInterrupt), continuing(tmp_path / "out", "a") as (folder, journal):
        folder.mkdir()
        (folder / "first").write_text("1")
        assert list(journal.noting([("first", 10)])) == [10]
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
    with continuing(tmp_path / "out", "a") as (folder, journal):
        assert journal.without_finished(["first", "second"]) == ["second"]
        assert (folder / "first").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["first"]


def test_other_work_begins_anew(tmp_path: Path) -> None:
    """Else images of other params would be mixed with these."""
    with suppress(KeyboardInterrupt), continuing(tmp_path / "out", "a") as (folder, journal):
        journal.add("first")
        raise KeyboardInterrupt
    with continuing(tmp_path / "out", "b") as (folder, journal):
        assert journal.lines == []
        folder.mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_old_output_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """Else a stop would cost the output that was there."""
    (tmp_path / "out").write_text("old")
    with suppress(RuntimeError), continuing(tmp_path / "out", "a") as (folder, _):
        folder.write_text("new")
        raise RuntimeError
    assert (tmp_path / "out").read_text() == "old"
    with continuing(tmp_path / "out", "a") as (folder, _):
        folder.write_text("new")
    assert (tmp_path / "out").read_text() == "new"


def test_every_input_has_its_part_in_the_name_of_the_work() -> None:
    """Else an edited param, or two transforms that changed places, would be continued with the old images."""
    names = [
        fingerprint(),
        fingerprint(1),
        fingerprint({"a": {"p": 1}, "b": {"p": 1}}),
        fingerprint({"b": {"p": 1}, "a": {"p": 1}}),
    ]
    assert len(set(names)) == len(names)
    assert fingerprint({"a": 1}, "x") == fingerprint({"a": 1}, "x")
    assert fingerprint(libraries=["pandas"]) != fingerprint()
