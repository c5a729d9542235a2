"""Dates from cells: ISO and true date cells are read, anything that can be read two ways is refused."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence

from remnant.io.cells import UnreadableCellError
from remnant.units import day_number

Days = tuple[float, float]
"""First and last day of what a cell says; equal for a single day. [d]"""

_ISO = re.compile(
    r"^(?P<y>\d{4})(?:[-/](?P<m>\d{1,2})(?:[-/](?P<d>\d{1,2})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?(?:\d{2})?)?)?)?)?$"
)
_SLASHED = re.compile(r"^(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<y>\d{2}|\d{4})\b")
_YEARS = (1800, 9999)
_YEARS_OF_NUMBERS = (1800, 2100)
"""A bare number beyond them is more likely a day number of a spreadsheet than a year."""
BLANK_DATES = frozenset({dt.date(1899, 12, 30), dt.date(1900, 1, 1), dt.date(1970, 1, 1)})
"""Days that spreadsheets and databases write where a date was left blank."""


def read_days(cell: object, formats: Sequence[str] = ()) -> Days:
    """First and last day number that a cell stands for.

    Parameters
    ----------
    cell
        Text, a date or date-time, or a whole number that is a year.
    formats
        Formats that the case names (``%d/%m/%Y``), tried in order before ISO.

    Raises
    ------
    UnreadableCellError
        When the cell is no date, or could be two.

    Examples
    --------
    >>> read_days("1970-01-11"), read_days("1971-02"), read_days("11/01/1970", ["%d/%m/%Y"])
    ((10.0, 10.0), (396.0, 423.0), (10.0, 10.0))
    """
    if isinstance(cell, dt.datetime):
        cell = cell.date()
    if isinstance(cell, dt.date):
        return _span(cell.year, cell.month, cell.day)
    if isinstance(cell, bool):
        raise UnreadableCellError(f"{cell}", "give a date as 2021-04-03")
    if isinstance(cell, int | float):
        return _number(float(cell))
    text = str(cell).strip()
    for form in formats:
        span = _by_format(text, form)
        if span is not None:
            return span
    match = _ISO.match(text)
    if match is None:
        raise _refusal(text, formats)
    return _span(int(match["y"]), _int(match["m"]), _int(match["d"]), text)


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


def _span(year: int, month: int | None, day: int | None, text: str = "") -> Days:
    shown = text or f"{year}"
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise UnreadableCellError(
            f"{shown!r}, year {year}", "check the year; leave the cell blank if it is unknown"
        )
    try:
        first = dt.date(year, month or 1, day or 1)
        end_month = month or 12
        last = first if day else dt.date(year, end_month, calendar.monthrange(year, end_month)[1])
    except (ValueError, calendar.IllegalMonthError):
        raise UnreadableCellError(f"{shown!r}, which is no day of the calendar", "correct the cell") from None
    return day_number(first), day_number(last)


def _number(value: float) -> Days:
    if _YEARS_OF_NUMBERS[0] <= value <= _YEARS_OF_NUMBERS[1] and value.is_integer():
        return _span(int(value), None, None)
    raise UnreadableCellError(
        f"the number {value:g}",
        "format the column as a date in the spreadsheet, or write dates as 2021-04-03",
    )


def _by_format(text: str, form: str) -> Days | None:
    try:
        parsed = dt.datetime.strptime(text, form)
    except ValueError:
        return None
    has_day = any(code in form for code in ("%d", "%j", "%x", "%c", "%U", "%W", "%V", "%D"))
    has_month = has_day or any(code in form for code in ("%m", "%b", "%B"))
    return _span(parsed.year, parsed.month if has_month else None, parsed.day if has_day else None, text)


def _refusal(text: str, formats: Sequence[str]) -> UnreadableCellError:
    if formats:
        return UnreadableCellError(
            f"{text!r}, which fits neither {' nor '.join(formats)} nor ISO",
            "correct the cell, or add its format: date_format may be a list",
        )
    match = _SLASHED.match(text)
    if match is None:
        return UnreadableCellError(
            f"{text!r}", 'write 2021-04-03, or name the layer\'s date_format (such as "%d %b %Y")'
        )
    year = "%Y" if len(match["y"]) == 4 else "%y"
    a, b = int(match["a"]), int(match["b"])
    if len(match["y"]) == 2:
        came = f"{text!r}, a year of two digits"
    elif a <= 12 and b <= 12:
        came = f"{text!r}, which may be day/month or month/day"
    else:
        came = f"{text!r}, in a form that the layer does not name"
    mark = text[len(match["a"])]
    likely = f"%m{mark}%d{mark}{year}" if b > 12 else f"%d{mark}%m{mark}{year}"
    return UnreadableCellError(came, f'name the layer\'s date_format, for example date_format = "{likely}"')
