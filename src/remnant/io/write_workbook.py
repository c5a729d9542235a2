"""Tables as one XLSX workbook: text stays text, numbers are numbers, and the same tables give the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from remnant.decide.tables import Column, Sheet

_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_A4 = 9  # the workbook format's number for it
_MOST_ROWS = 1_048_576 - 4
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FORMATS = {"number": "#,##0", "area": "#,##0", "estimate": "#,##0.00"}
_WIDTHS = {"number": 12, "area": 15, "estimate": 14}
_ESTIMATE_FILL = PatternFill("solid", start_color="FDEACB")
_HEAD_FILL = PatternFill("solid", start_color="EDE7F0")
_BOLD = Font(bold=True)
_STARTS = ("=", "+", "-", "@", "#")  # of formulas, and of what a spreadsheet shows as an error
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(
    rb"(<\w+:(?:created|modified)\b[^>]*>)[^<]*"
)  # the prefix is what some library registered


def write_workbook(
    path: Path, sheets: Sequence[Sheet], about: Sequence[tuple[str, str]], day: dt.date
) -> None:
    """Write tables into a workbook, one sheet each, behind a sheet that says what they are.

    Parameters
    ----------
    path
        Of the workbook.
    sheets
        The tables.
    about
        Key and words of the first sheet.
    day
        Stands as the day on which the workbook was made, so that the same records give the same bytes.
    """
    book = openpyxl.Workbook(write_only=True)
    first = book.create_sheet("about")
    first.column_dimensions["A"].width = 34
    first.column_dimensions["B"].width = 110
    for key, words in about:
        first.append([_cell(first, key, bold=True), _cell(first, words, wrap=True)])
    for sheet in sheets:
        _write_sheet(book.create_sheet(sheet.name[:_LONGEST_NAME]), sheet)
    held = io.BytesIO()
    book.save(held)
    path.write_bytes(_same_bytes(held.getvalue(), day))


def _write_sheet(page: Worksheet, sheet: Sheet) -> None:
    page.freeze_panes = "A4"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = _A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    for index, column in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(index)].width = _WIDTHS.get(column.kind, 24)
    page.append([_cell(page, sheet.title, bold=True)])
    page.append([_cell(page, sheet.about)])
    page.append([_head(page, column) for column in sheet.columns])
    rows = sheet.rows[:_MOST_ROWS]
    total = len(rows) - sheet.num_total_rows
    for number, row in enumerate(rows):
        page.append(
            [
                _value(page, value, column, bold=number >= total)
                for value, column in zip(row, sheet.columns, strict=True)
            ]
        )
    if len(sheet.rows) > _MOST_ROWS:
        page.append([_cell(page, f"and {len(sheet.rows) - _MOST_ROWS:,} more rows: see {sheet.name}.csv")])


def _head(page: Worksheet, column: Column) -> WriteOnlyCell:
    cell = _cell(page, column.title, bold=True, wrap=True)
    cell.fill = _ESTIMATE_FILL if column.kind == "estimate" else _HEAD_FILL
    return cell


def _value(
    page: Worksheet, value: str | float | None, column: Column, *, bold: bool
) -> WriteOnlyCell | str | None:
    """A cell of a table; plain text goes as it is, since every style costs time in a table of a whole country."""
    if value is None or isinstance(value, str):
        is_plain = not value or (
            value.isprintable() and value[0] not in _STARTS and len(value) <= _LONGEST_TEXT
        )
        return value or None if is_plain and not bold else _cell(page, value or "", bold=bold)
    cell = WriteOnlyCell(page, value=value)
    cell.number_format = _FORMATS.get(column.kind, "General")
    if bold:
        cell.font = _BOLD
    if column.kind == "estimate":
        cell.fill = _ESTIMATE_FILL
    return cell


def _cell(page: Worksheet, text: str, *, bold: bool = False, wrap: bool = False) -> WriteOnlyCell:
    """A cell that holds text and nothing else: what begins with = is no formula, now or after an edit."""
    clean = _NOT_IN_XML.sub("\ufffd", text)
    if len(clean) > _LONGEST_TEXT:
        clean = f"{clean[: _LONGEST_TEXT - 1]}…"
    cell = WriteOnlyCell(page, value=clean)
    if clean:
        cell.data_type = "s"
    if bold:
        cell.font = _BOLD
    cell.alignment = Alignment(wrap_text=wrap, vertical="top")
    cell.quotePrefix = clean.startswith(_STARTS)
    return cell


def _same_bytes(data: bytes, day: dt.date) -> bytes:
    """The workbook without the time at which it was written."""
    out = io.BytesIO()
    stamp = f"{day.isoformat()}T00:00:00Z".encode()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + stamp, content)
            fresh = zipfile.ZipInfo(item.filename, date_time=_ZIP_DAY)
            fresh.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fresh, content)
    return out.getvalue()
