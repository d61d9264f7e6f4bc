"""The labels.csv of a source."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.sources.class_names import composed
from pixelproof.data.sources.labels import Given
from pixelproof.data.sources.labels_table import read_labels_table as read_content
from pixelproof.errors import UserError


def read_labels_table(path: Path) -> dict[str, Given]:
    return read_content(path.read_bytes(), path)


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_table_says_label_and_part(tmp_path: Path) -> None:
    """Else its photos would be trained under other labels than it says."""
    content = '\ufeffpart, path,label\r\nval,a/1.jpg, cat \r\n\r\ntest,./b.jpg,"a, b"\r\ntrain,é 1.jpg,NA'
    assert read_labels_table(table(tmp_path, content)) == {
        "a/1.jpg": Given("cat", "valid"),
        "b.jpg": Given("a, b", "test"),
        "é 1.jpg": Given("NA", "train"),
    }


def test_a_table_without_parts_gives_none(tmp_path: Path) -> None:
    """Else `split.method: given` would keep parts that nobody gave."""
    assert read_labels_table(table(tmp_path, "path,label\na.jpg,1\n")) == {"a.jpg": Given("1", None)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "line 1 names the columns (none). Its first line must be `path,label`, to which"),
        ("a.jpg,cat\n", "line 1 names the columns a.jpg, cat"),
        ("path,label,prat\n", "line 1 names the columns path, label, prat"),
        ("path,path,label\n", "line 1 names the columns path, path, label"),
        ("path|label\na.jpg|cat\n", "line 1 names the columns path|label"),
        ("path,label\na.jpg,cat\nb.jpg\n", "line 3: 1 values, but the first line names 2 columns"),
        ("path,label\na,b.jpg,cat\n", "line 2: 3 values"),
        ("path,label\na.jpg,cat\n./a.jpg,dog\n", "line 3: 'a.jpg' was listed before"),
        ("path,label\n/photos/a.jpg,cat\n", "line 2: the path '/photos/a.jpg' is not below the source"),
        ("path,label\n../a.jpg,cat\n", "line 2: the path '../a.jpg' is not below the source"),
        ("path,label\n,cat\n", "line 2: the path '' is not below the source"),
        ("path,label\na.jpg, \n", "line 2: the label '' cannot be used"),
        ("path,label\na.jpg,a\tb\n", "line 2: the label 'a\\tb' cannot be used"),
        ("path,label,part\na.jpg,cat,\n", "line 2: unknown part ''. Write train, valid or test"),
        ("path,label,part\na.jpg,cat,Train\n", "line 2: unknown part 'Train'"),
        ('path,label\n"a.jpg,cat\n', "not CSV (unexpected end of data)"),
        ('path,label\n"a"b,cat\n', "line 2: not CSV"),
        ("path,label\n\\photos\\a.jpg,cat\n", "line 2: the path '\\\\photos\\\\a.jpg' is not below the source"),
        ("path,label\nC:\\a.jpg,cat\n", "line 2: the path 'C:\\\\a.jpg' is not below the source"),
        ("path,label\nb\\..\\..\\a.jpg,cat\n", "is not below the source. Write it like cats/001.jpg"),
        ("sep=;\npath;label\na.jpg,cat\n", "line 3: 1 values"),
        ("path,label,group\na.jpg,cat,x\ty\n", "line 2: the group 'x\\ty' holds control characters"),
        ("path,label\r\na.jpg,cat\r\nb.jpg,K\u00e4se\r\n".encode("cp1252"), "line 3: cannot be read as UTF-8 text"),
        (b"path,label\n\xff.jpg,cat\n", "line 2: cannot be read as UTF-8 text"),
    ],
)
def test_a_table_that_is_wrong_is_one_message(tmp_path: Path, content: str | bytes, words: str) -> None:
    """Else a traceback, or photos with labels that nobody gave."""
    path = table(tmp_path, content)
    with pytest.raises(UserError) as refused:
        read_labels_table(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


WRITTEN = {  # as spreadsheets write the same table
    "semicolons": b"path;label;group\r\na/1.jpg;cat;x\r\nb.jpg;dog;\r\n",
    "tabs": b"path\tlabel\tgroup\na/1.jpg\tcat\tx\nb.jpg\tdog\t\n",
    "Unicode text": "path\tlabel\tgroup\r\na/1.jpg\tcat\tx\r\nb.jpg\tdog\t\r\n".encode("utf-16"),
    "big-endian": b"\xfe\xff" + "path,label,group\na/1.jpg,cat,x\nb.jpg,dog,\n".encode("utf-16-be"),
    "a mark and a hint": "\ufeffsep=;\r\npath;label;group\r\na/1.jpg;cat;x\r\nb.jpg;dog;".encode(),
    "empty columns and lines": b"path,label,group,,\r\na/1.jpg,cat,x,,\r\n,,,,\r\nb.jpg,dog,,,\r\n",
    "quotes": b'"path";"label";"group"\n"a/1.jpg";"cat";"x"\n"b.jpg";"dog";""\n',
    "old Mac line ends": b"path,label,group\ra/1.jpg,cat,x\rb.jpg,dog,\r",
    "capitals and spaces": b"Path , Label,GROUP\na/1.jpg , cat,x \nb.jpg,dog , \n",
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    """Else people would be sent away with a file that looks right in their program."""
    assert read_content(content, tmp_path, ["a/1.jpg", "b.jpg"]) == {
        "a/1.jpg": Given("cat", group="x"),
        "b.jpg": Given("dog"),
    }


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("img\\1.png", "img/1.png"),
        (".\\img\\1.png", "img/1.png"),
        ("M\u00fcller.png", "Mu\u0308ller.png"),
        ("Mu\u0308ller.png", "M\u00fcller.png"),
        ("1.png ", "1.png"),
        (" img /1.png", "img/1.png"),
        ("IMG\\1.PNG", "img/1.png"),
        ("a\\1.png", "a\\1.png"),
    ],
)
def test_a_path_in_another_spelling_means_the_file(line: str, file: str, tmp_path: Path) -> None:
    """Else every line would be a missing file, and every file not listed, under two names that look alike."""
    content = f"path,label\n{line},cat\n".encode()
    assert read_content(content, tmp_path, [file, "other.png"]) == {file: Given("cat")}


def test_the_nearest_spelling_is_meant(tmp_path: Path) -> None:
    """Else a table could not name files that differ in capitals, or a copy on another system would mix labels up."""
    files = ["a/1.png", "A/1.png", "M\u00fcller.png", "Mu\u0308ller.png", "B/1.png", "b/1.png"]
    lines = "path,label\nA/1.png,x\na/1.png,y\nM\u00fcller.png,z\nMu\u0308ller.png,w\nb\\1.png,v\n"
    assert read_content(lines.encode(), tmp_path, files) == {
        "A/1.png": Given("x"),
        "a/1.png": Given("y"),
        "M\u00fcller.png": Given("z"),
        "Mu\u0308ller.png": Given("w"),
        "b/1.png": Given("v"),
    }


@pytest.mark.parametrize(
    ("lines", "files", "words"),
    [
        ("img\\1.png,a\nimg/1.png,b\n", ["img/1.png"], "line 3: 'img/1.png' was listed before"),
        ("x.png,a\nimg\\1.png,a\nIMG/1.png,b\n", ["img/1.png"], "line 4: 'img/1.png' was listed before"),
        ("AB.png,a\n", ["Ab.png", "aB.png"], "line 2: 'AB.png' may mean 'Ab.png' or 'aB.png'"),
    ],
)
def test_a_line_that_may_mean_two_files_is_one_message(
    tmp_path: Path, lines: str, files: list[str], words: str
) -> None:
    """Else a photo would get the label of another, or of two lines one at random."""
    with pytest.raises(UserError) as refused:
        read_content(f"path,label\n{lines}".encode(), tmp_path, files)
    assert words in str(refused.value)


def test_other_spellings_are_shown_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else nobody could see that a file was meant that is named otherwise."""
    caplog.set_level("INFO")
    read_content(b"path,label\nb.png,dog\nimg\\1.png,cat\n", tmp_path, ["img/1.png", "b.png"])
    assert "1 of 2 lines" in caplog.text
    assert r"'img\\1.png' in line 3 for 'img/1.png'" in caplog.text


NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
PATHS = NAMES.filter(lambda name: not set(name) <= {".", "/"}).map(lambda name: name.replace("/", "_"))
LABELS = NAMES.map(str.strip).map(composed).filter(bool)


@settings(max_examples=50)
@given(rows=st.dictionaries(PATHS, st.tuples(LABELS, st.sampled_from(["train", "valid", "test"])), max_size=8))
def test_what_csv_writes_is_read(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, tuple[str, str]]) -> None:
    """Else names with commas, quotes or other alphabets would be misread."""
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label", "part"), *((name, *given) for name, given in rows.items())])
    assert read_content(path.read_bytes(), path, rows.keys()) == {name: Given(*given) for name, given in rows.items()}
