"""The names in a zip, as programs that do not mark them write them."""

import logging
import zipfile
from pathlib import Path

import pytest

from pixelproof.data.sources.archives import unpack
from tests.support.archives import archive, unicode_path, zip_of_raw_names, zipped
from tests.support.sources import scan

MAC = "Cafe\u0301/1.png"  # the accent on its own, as macOS has it


def named(folder: Path, names: list[bytes], extra: dict[bytes, bytes] | None = None) -> dict[str, str | None]:
    """Return the path of every file of a zip with these names, and its label."""
    content = zip_of_raw_names({name: bytes([number]) for number, name in enumerate(names)}, extra)
    return {file.path: file.label for file in scan(archive(folder, content))}


def test_unmarked_utf8_is_utf8(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else Café from a Mac, or from most programs, would be `Cafe╠ü`. There is nothing to tell of it."""
    names = [MAC.encode(), "Käse/1.png".encode(), b"Wolf/1.png"]
    assert named(tmp_path, names) == {MAC: "Café", "Käse/1.png": "Käse", "Wolf/1.png": "Wolf"}
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp932", ["表/ソ.png", "能/1.png"]),  # each has a second byte that is a backslash
        ("gbk", ["猫/1.png", "狗/1.png"]),
        ("cp1252", ["Café/1.png", "Käse/1.png"]),
        ("cp437", ["Café/1.png", "Käse/1.png"]),
    ],
)
def test_other_encodings_are_recognised_and_named(
    tmp_path: Path, encoding: str, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Else classes would have names that nobody gave, and nobody would know where from."""
    assert named(tmp_path, [name.encode(encoding) for name in names]) == {name: name.split("/")[0] for name in names}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"read as {encoding}, for example {names[0]!r}" in record.getMessage()


def test_info_zips_own_field_says_the_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a name that the zip does tell would be guessed."""
    raw = b"?/1.png"
    assert named(tmp_path, [raw, b"cat/1.png"], {raw: unicode_path(raw, "猫/1.png")}) == {
        "猫/1.png": "猫",
        "cat/1.png": "cat",
    }
    assert caplog.text == ""


@pytest.mark.parametrize(
    "field",
    [unicode_path(b"another", "猫/1.png"), unicode_path(b"old/1.png", "x")[:-1] + b"\xff", b"\x75\x70\x02\0ab"],
    ids=["of another name", "not UTF-8", "cut off"],
)
def test_a_field_that_does_not_hold_is_left_alone(tmp_path: Path, field: bytes) -> None:
    """Else a file renamed by a program that does not know the field would keep its old name, or end the run."""
    names = [b"old/1.png", b"cat/1.png"]
    assert named(tmp_path, names, {names[0]: field}) == {"old/1.png": "old", "cat/1.png": "cat"}


def test_a_name_from_a_field_leads_nowhere_else(tmp_path: Path) -> None:
    """Else the field would be a way past the check of names."""
    names = [b"cat/1.png", b"dog/1.png"]
    content = zip_of_raw_names(dict.fromkeys(names, b""), {names[0]: unicode_path(names[0], "../evil.png")})
    found = {file.path: file.refused for file in scan(archive(tmp_path, content))}
    assert found["../evil.png"] == ("unsafe name", "the entry leads out of the folder it belongs to")


def test_marked_and_unmarked_names_lie_side_by_side(tmp_path: Path) -> None:
    """Else a file that another program added would be misread, or decide how the others are read."""
    raw = ["猫/1.png".encode("cp932"), "犬/1.png".encode("cp932"), "Käse/1.png".encode()]
    content = bytearray(zip_of_raw_names(dict.fromkeys(raw, b"")))
    content[content.rindex(b"PK\1\2") + 9] |= 0x08  # bit 11 of the last one's flags
    assert [file.label for file in scan(archive(tmp_path, bytes(content)))] == ["Käse", "犬", "猫"]


def test_two_names_that_become_one_are_both_refused(tmp_path: Path) -> None:
    """Else one of two photos would silently stand for both."""
    content = zip_of_raw_names({b"cat\\1.png": b"1", b"cat/1.png": b"2", b"dog/1.png": b"3"})
    refused = [file.path for file in scan(archive(tmp_path, content)) if file.refused]
    assert refused == ["cat/1.png", "cat/1.png"]


@pytest.mark.parametrize("end", ["\\", "/"])
def test_a_folder_ends_as_its_program_writes_it(tmp_path: Path, end: str) -> None:
    """Else .NET's folders would be files that cannot be used."""
    names = ["photos\\", "photos\\cats\\", "photos\\cats\\1.png", "photos\\dogs\\1.png"]
    content = zipped({name.replace("\\", end) if name.endswith("\\") else name: b"" for name in names})
    assert [file.path for file in scan(archive(tmp_path, content))] == ["cats/1.png", "dogs/1.png"]


def test_a_folder_by_its_attribute_is_no_file(tmp_path: Path) -> None:
    """Else programs that only set the attribute would seem to pack empty photos."""

    def mark(info: zipfile.ZipInfo) -> None:
        info.external_attr = 0x10 if info.filename == "cats" else 0

    content = zipped({"cats": b"", "cats/1.png": b"", "dogs/1.png": b""}, mark)
    assert [file.path for file in scan(archive(tmp_path, content))] == ["cats/1.png", "dogs/1.png"]


def test_a_fetched_zip_is_unpacked_under_the_same_names(tmp_path: Path) -> None:
    """Else the same archive would have other classes when it is fetched than when it is named as the source."""
    content = zip_of_raw_names({"表\\1.png".encode("cp932"): b"1", "犬\\".encode("cp932"): b""})
    unpack(archive(tmp_path, content), tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in sorted((tmp_path / "out").rglob("*"))] == [
        "表",
        "表/1.png",
    ]
