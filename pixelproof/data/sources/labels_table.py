"""The labels.csv of a source: it says which files are wanted, and what each shows."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pixelproof.data.sources.labels import PART_FOLDERS, Given, is_readable
from pixelproof.errors import UserError

LABELS_TABLE = "labels.csv"
HEADER = "Its first line must be `path,label` or `path,label,part`"


def read_labels_table(content: bytes, path: Path) -> dict[str, Given]:
    """Return what the table says of each file that it lists, by the file's path below the source.

    `path` is where its `content` comes from, for the messages. It is UTF-8 text with a line per photo and the
    columns path, label and, optionally, part: train, valid (or val, validation) or test in every line. Raises
    UserError that names the first line that is wrong.
    """
    rows = _rows(content, path)
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    if sorted(header) not in (["label", "path"], ["label", "part", "path"]):
        raise UserError(f"{path}: line 1 names the columns {', '.join(header) or '(none)'}. {HEADER}.")
    table: dict[str, Given] = {}
    for line, fields in rows:
        if len(fields) != len(header):
            _refuse(path, line, f"{len(fields)} values, but the first line names {len(header)} columns. Mend the line")
        file, given = _given(path, line, dict(zip(header, fields, strict=True)))
        if file in table:
            _refuse(path, line, f"{file!r} was listed before. List each file once")
        table[file] = given
    return table


def _rows(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) for each line that is not empty."""
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text ({error}). {HEADER}.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        _refuse(path, reader.line_num, f"not CSV ({error}). Mend the line")


def _given(path: Path, line: int, row: dict[str, str]) -> tuple[str, Given]:
    file, label = PurePosixPath(row["path"]), row["label"].strip()
    if not file.parts or file.is_absolute() or ".." in file.parts:
        _refuse(path, line, f"the path {row['path']!r} is none below the source. Give it as in cats/001.jpg")
    if not label or not is_readable(label):
        _refuse(path, line, f"the label {label!r} is none. Name what the photo shows")
    part = row["part"].strip() if "part" in row else None
    if part is not None and part not in PART_FOLDERS:
        _refuse(path, line, f"the part {part!r} is none. Write train, valid or test, or leave the column out")
    return str(file), Given(label, part and PART_FOLDERS[part])


def _refuse(path: Path, line: int, what: str) -> None:
    raise UserError(f"{path}: line {line}: {what}.")
