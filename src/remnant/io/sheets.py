"""CSV and spreadsheets as tables: encodings, separators, and cells that are formulas."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import python_calamine

from remnant.errors import InvalidInput
from remnant.io.table import Table, choose, table_of

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_LONGEST_CELL = 2**31 - 1
"""Characters in one cell: outlines as WKT are long, and this is the most that every platform allows."""


def decoded(data: bytes, encoding: str | None) -> tuple[str, list[tuple[str, str]]]:
    """Text of a file, and a note where its encoding had to be guessed.

    Raises
    ------
    InvalidInput
        When the named encoding is unknown or does not fit, or the file is not text.
    """
    if encoding is not None:
        return _as_named(data, encoding), []
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as_named(data, name), [("encoding", f"read as {name}, by its byte-order mark")]
    if data[:4000].count(0) > len(data[:4000]) // 8:
        name = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
        return _as_named(data, name), [("encoding", f"read as {name}, by its zero bytes")]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        words = 'not UTF-8, so read as cp1252; if letters look wrong, name the layer\'s encoding (such as "cp1251")'
        return data.decode("cp1252", errors="replace"), [("encoding-guessed", words)]


def _as_named(data: bytes, encoding: str) -> str:
    try:
        return data.decode(
            "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        )
    except LookupError:
        raise InvalidInput(
            f"encoding must be a known one; {encoding!r} is not. Common ones: utf-8, utf-16, cp1252, cp1251."
        ) from None
    except (UnicodeError, ValueError):
        raise InvalidInput(
            f"the file must be {encoding} text; it is not. Name another encoding, or none to have it detected."
        ) from None


def read_text(path: Path, *, encoding: str | None, skip_rows: int) -> Table:
    """A delimited text file as a table; the separator is the commonest of ``, ; tab |`` in the header."""
    text, notes = decoded(path.read_bytes(), encoding)
    if "\0" in text:
        raise InvalidInput("the file must be a text table; it holds NUL characters. Export it again.")
    rows = _csv_rows(text)[skip_rows:]
    if not rows:
        raise InvalidInput("a header row is wanted; the file has none. Check the file and skip_rows.")
    header = [h.strip() for h in rows[0]]
    records: list[list[object]] = []
    for number, row in enumerate((r for r in rows[1:] if r), start=1):
        if len(row) != len(header) and any(c.strip() for c in row[len(header) :] or ["x"]):
            raise InvalidInput(
                f"every row must have {len(header)} cells as the header has; data row {number} has {len(row)}. "
                "A quote or separator is missing there, or the file is cut off."
            )
        records.append([c if c.strip() else None for c in row[: len(header)]])
    return table_of(header, records, notes)


def _csv_rows(text: str) -> list[list[str]]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t|", key=first.count)
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InvalidInput(
            f"the file must be a delimited text table; the reader says: {error}. A quote is open, or it is cut off."
        ) from None
    finally:
        csv.field_size_limit(before)


def read_sheet(path: Path, *, sheet: str | None, skip_rows: int) -> Table:
    """A sheet of an XLSX or ODS workbook as a table; formula cells keep their formula so that they are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            has_formulas = _has_formulas(archive)
        name, rows = _fast_rows(path, sheet)
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, EOFError, KeyError) as error:
        raise InvalidInput(
            f"the workbook must be readable; the reader says: {error}. It may be cut off, locked or not a workbook."
        ) from None
    notes: list[tuple[str, str]] = []
    if has_formulas and path.suffix.lower() == ".ods":
        notes.append(("formula-results", "the workbook holds formulas; their stored results were read"))
    elif has_formulas:
        rows = _xlsx_with_formulas(path, name)
    return _from_rows(rows, skip_rows, notes)


def _fast_rows(path: Path, sheet: str | None) -> tuple[str, list[list[object]]]:
    """Name and cells of a sheet; an ODS that GDAL wrote is read without the line breaks that it puts between cells."""
    is_ods = path.suffix.lower() == ".ods"
    source = _without_breaks(path) if is_ods else io.BytesIO(path.read_bytes())
    with python_calamine.CalamineWorkbook.from_filelike(source) as book:
        name = choose("sheet", sheet, list(book.sheet_names))
        rows: list[list[object]] = [
            list(r) for r in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ]
    return name, rows


def _without_breaks(path: Path) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item, re.sub(rb">\s+<", b"><", data) if item.filename == "content.xml" else data)
    out.seek(0)
    return out


def _from_rows(rows: list[list[object]], skip_rows: int, notes: list[tuple[str, str]]) -> Table:
    rows = rows[skip_rows:]
    while rows and all(c in ("", None) for c in rows[0]):
        rows = rows[1:]
    if not rows:
        raise InvalidInput(
            "a header row is wanted; the sheet is empty. Check the sheet's name and skip_rows."
        )
    header = ["" if c is None else str(c).strip() for c in rows[0]]
    records: list[list[object]] = [
        [None if c == "" else c for c in [*row, *([None] * (len(header) - len(row)))]]
        for row in rows[1:]
        if any(c not in ("", None) for c in row)
    ]
    return table_of(header, records, notes)


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    """Whether any sheet holds a formula or an error cell, which the fast reader would show as blank."""
    marks = (b"<f", b't="e"', b"table:formula=")
    sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/") or n == "content.xml"]
    return any(mark in data for name in sheets for data in (archive.read(name),) for mark in marks)


def _xlsx_with_formulas(path: Path, sheet: str) -> list[list[object]]:
    """All cells by the slow reader, which shows formulas as text (``=1+1``) and errors as marks (``#REF!``)."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=False)
    try:
        return [list(row) for row in book[sheet].iter_rows(values_only=True)]
    finally:
        book.close()
