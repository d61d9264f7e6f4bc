"""The labels.csv of a source."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("", "line 1 names the columns (none). Its first line must be `path,label` or `path,label,part`"),
        ("a.jpg,cat\n", "line 1 names the columns a.jpg, cat"),
        ("path,label,prat\n", "line 1 names the columns path, label, prat"),
        ("path,path,label\n", "line 1 names the columns path, path, label"),
        ("path;label\na.jpg;cat\n", "line 1 names the columns path;label"),
        ("path,label\na.jpg,cat\nb.jpg\n", "line 3: 1 values, but the first line names 2 columns"),
        ("path,label\na,b.jpg,cat\n", "line 2: 3 values"),
        ("path,label\na.jpg,cat\n./a.jpg,dog\n", "line 3: 'a.jpg' was listed before"),
        ("path,label\n/photos/a.jpg,cat\n", "line 2: the path '/photos/a.jpg' is none below the source"),
        ("path,label\n../a.jpg,cat\n", "line 2: the path '../a.jpg' is none below the source"),
        ("path,label\n,cat\n", "line 2: the path '' is none below the source"),
        ("path,label\na.jpg, \n", "line 2: the label '' is none"),
        ("path,label\na.jpg,a\tb\n", "line 2: the label 'a\\tb' is none"),
        ("path,label,part\na.jpg,cat,\n", "line 2: the part '' is none. Write train, valid or test"),
        ("path,label,part\na.jpg,cat,Train\n", "line 2: the part 'Train' is none"),
        ('path,label\n"a.jpg,cat\n', "not CSV (unexpected end of data)"),
        ('path,label\n"a"b,cat\n', "line 2: not CSV"),
        (b"path,label\n\xff.jpg,cat\n", "cannot be read as UTF-8 text"),
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


NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
PATHS = NAMES.filter(lambda name: not set(name) <= {".", "/"}).map(lambda name: name.replace("/", "_"))
LABELS = NAMES.map(str.strip).filter(bool)


@settings(max_examples=50)
@given(rows=st.dictionaries(PATHS, st.tuples(LABELS, st.sampled_from(["train", "valid", "test"])), max_size=8))
def test_what_csv_writes_is_read(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, tuple[str, str]]) -> None:
    """Else names with commas, quotes or other alphabets would be misread."""
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label", "part"), *((name, *given) for name, given in rows.items())])
    assert read_labels_table(path) == {name: Given(*given) for name, given in rows.items()}
