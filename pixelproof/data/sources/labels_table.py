"""The labels.csv of a source: it says which files are wanted, what each shows, and which belong together."""

import csv
import io
import logging
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, NoReturn

from pixelproof.data.sources.class_names import composed, visible
from pixelproof.data.sources.file_names import FileNames
from pixelproof.data.sources.labels import PART_FOLDERS, Given, is_readable
from pixelproof.errors import UserError

log = logging.getLogger(__name__)

LABELS_TABLE = "labels.csv"
NEEDED, OPTIONAL = {"path", "label"}, {"part", "group"}
NOTES = {"suggested", "score", "reason"}  # of reports/suspects.csv, which has the form of this table; not read
HEADER = "Its first line must be `path,label`, to which `part` and `group` may be added"
SEPARATORS = ",;\t"  # where the decimal sign is a comma, spreadsheets write semicolons
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own, before the first line


class TableRow(NamedTuple):
    """A line of the table."""

    line: int
    path: str  # as it is written there
    given: Given


def read_labels_table(content: bytes, path: Path, files: Collection[str] = ()) -> dict[str, Given]:
    """Return what the table says of each file that it lists, by the file's path below the source.

    `path` is where its `content` comes from, for the messages; `files` are the paths of the source's files, which the
    table may write in another way (see `FileNames`). It is UTF-8 or, marked, UTF-16 text with a line per photo,
    separated by commas, semicolons or tabs. Its columns are path, label and, optionally, part (train, valid, val,
    validation or test in every line) and group (any name, or none); those of NOTES may stay. Raises UserError that
    names the first line that is wrong.
    """
    rows = list(_read_rows(content, path))
    names = FileNames(files, (row.path for row in rows))
    table: dict[str, Given] = {}
    for row in rows:
        file = _file(row, names, path)
        if file in table:
            _refuse(path, row.line, f"{visible(file)} was listed before. List each file once")
        table[file] = row.given
    _note_other_spellings(path, rows, list(table))
    return table


def _note_other_spellings(path: Path, rows: Sequence[TableRow], files: Sequence[str]) -> None:
    pairs = zip(rows, files, strict=True)
    spelled = [(row, file) for row, file in pairs if PurePosixPath(row.path) != PurePosixPath(file)]
    if spelled:
        row, file = spelled[0]
        log.info(
            "%s: %d of %d lines spell a path in another way than the source: %s in line %d for %s",
            *(path, len(spelled), len(rows), visible(row.path), row.line, visible(file)),
        )


def _read_rows(content: bytes, path: Path) -> Iterator[TableRow]:
    rows = _lines(content, path)
    line, header = next(rows, (1, []))
    columns = _columns(header)
    if not _are_known(columns):
        raise UserError(f"{path}: line {line} names the columns {', '.join(columns) or '(none)'}. {HEADER}.")
    for line, fields in rows:
        values = _without_empty_ends(fields, len(columns))
        if len(values) != len(columns):
            _refuse(path, line, f"{len(values)} values, but the first line names {len(columns)} columns")
        row = dict(zip(columns, values, strict=True))
        yield TableRow(line, row["path"], _given(path, line, row))


def _lines(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) for each line that is not empty."""
    text, separator, skipped = _text(content, path), "", 0
    if hint := SEPARATOR_LINE.match(text):
        text, separator, skipped = text[hint.end() :], hint[1], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or _separator(text), strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num + skipped, fields
    except csv.Error as error:
        _refuse(path, reader.line_num + skipped, f"not CSV ({error})")


def _text(content: bytes, path: Path) -> str:
    # Spreadsheets begin a file with a byte order mark; as "Unicode text" they write UTF-16.
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", content[: error.start])) + 1
        what = f"cannot be read as {encoding[:6].upper().rstrip('-')} text ({error.reason})"
        raise UserError(
            f"{path}: line {line}: {what}. Save the table as UTF-8; spreadsheets call it 'CSV UTF-8'."
        ) from None


def _separator(text: str) -> str:
    """Return the separator by which the first line names columns that we know."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    named = (separator for separator in SEPARATORS if _are_known(_columns(_split(header, separator))))
    return next(named, ",")


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _columns(header: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in _without_empty_ends(header, 0)]


def _are_known(columns: Sequence[str]) -> bool:
    return len(set(columns)) == len(columns) and NEEDED <= set(columns) <= NEEDED | OPTIONAL | NOTES


def _without_empty_ends(fields: Sequence[str], least: int) -> Sequence[str]:
    """Leave out the empty values that spreadsheets write at the end of lines, beyond the `least` columns."""
    while len(fields) > least and not fields[-1].strip():
        fields = fields[:-1]
    return fields


def _given(path: Path, line: int, row: dict[str, str]) -> Given:
    label, group = composed(row["label"].strip()), composed(row.get("group", "").strip())
    if not label or not is_readable(label):
        _refuse(path, line, f"the label {label!r} cannot be used. Name what the photo shows")
    part = row["part"].strip() if "part" in row else None
    if part is not None and part not in PART_FOLDERS:
        _refuse(path, line, f"unknown part {part!r}. Write train, valid or test, or leave the column out")
    if not is_readable(group):
        _refuse(path, line, f"the group {group!r} holds control characters. Name it in plain text")
    return Given(label, part and PART_FOLDERS[part], None, group or None)


def _file(row: TableRow, names: FileNames, path: Path) -> str:
    """Return the path of the file that a line means; one that is not there keeps its name."""
    fitting = names.find(row.path)
    if len(fitting) > 1:
        shown = " or ".join(map(visible, fitting))
        _refuse(path, row.line, f"{visible(row.path)} may mean {shown}. Write it as the file is named")
    file = PurePosixPath(fitting[0] if fitting else row.path.replace("\\", "/"))
    if not file.parts or file.is_absolute() or ".." in file.parts or (not fitting and re.match("[A-Za-z]:", str(file))):
        _refuse(path, row.line, f"the path {row.path!r} is not below the source. Write it like cats/001.jpg")
    return str(file)


def _refuse(path: Path, line: int, what: str) -> NoReturn:
    raise UserError(f"{path}: line {line}: {what}.")
