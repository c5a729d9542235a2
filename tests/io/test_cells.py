"""Cells: text, numbers and dates, and what is refused because it can be read two ways."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.io.cells import Bounds, UnreadableCellError, number_of, text_of, truth_of
from remnant.io.dates import read_days
from remnant.units import date_of, day_number

ANY = Bounds(low=-1e300, high=1e300, words="a number")
SHARE = Bounds(low=0.0, high=1.0, words="a share", is_probability=True)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_a_number_written_out_comes_back(value: float) -> None:
    assert number_of(repr(value), ANY) == value
    assert number_of(value, ANY) == value


@given(st.dates(dt.date(1800, 1, 1), dt.date(9998, 12, 31)))
def test_a_date_written_out_comes_back(date: dt.date) -> None:
    day = day_number(date)
    formats = ["%d.%m.%Y"]
    for cell in (
        date,
        dt.datetime.combine(date, dt.time(13)),
        date.isoformat(),
        f"{date.isoformat()}T10:00:00+02:00",
    ):
        assert read_days(cell) == (day, day)
    assert read_days(f"{date.day}.{date.month}.{date.year:04d}", formats) == (day, day)


@given(st.integers(1800, 9998), st.integers(1, 12))
def test_a_month_and_a_year_are_ranges(year: int, month: int) -> None:
    first, last = read_days(f"{year}-{month:02d}")
    assert date_of(first) == dt.date(year, month, 1)
    assert (date_of(last) + dt.timedelta(days=1)).day == 1
    assert [date_of(d) for d in read_days(str(year))] == [dt.date(year, 1, 1), dt.date(year, 12, 31)]


def test_a_format_without_day_is_a_range() -> None:
    assert [date_of(d) for d in read_days("02/1996", ["%m/%Y"])] == [
        dt.date(1996, 2, 1),
        dt.date(1996, 2, 29),
    ]


def test_formats_are_tried_in_order() -> None:
    formats = ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"]
    assert date_of(read_days("9/30/2022 12:00:00 AM", formats)[0]) == dt.date(2022, 9, 30)
    assert date_of(read_days("01/02/2015 00:00", formats)[0]) == dt.date(2015, 2, 1)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("03/04/2021", "day/month or month/day"),
        ("3-4-2021", "day/month or month/day"),
        ("03/04/21", "two digits"),
        ("25/04/2021", "in a form that the layer does not name"),
        ("2021-13-01", "no day of the calendar"),
        ("0000-01-01", "year 0"),
        ("yesterday", "yesterday"),
        (44562, "44562"),
        (1994.5, "1994.5"),
        (True, "True"),
        (math.inf, "inf"),
    ],
)
def test_unclear_dates_are_refused(cell: object, says: str) -> None:
    with pytest.raises(UnreadableCellError, match=says):
        read_days(cell)


@pytest.mark.parametrize(
    ("cell", "decimal", "todo"),
    [
        ("1,5", ".", 'decimal = ","'),
        ("1.500,5", ",", "separators"),
        ("1 500", ".", "separators"),
        ("1'500", ".", "separators"),
        ("1.5", ",", "one way"),
        ("90 %", ".", "0.9 for 90 %"),
        ("twelve", ".", "plain number"),
        ("0x10", ".", "plain number"),
        ("1_000", ".", "plain number"),
        (True, ".", "give a number"),
        ("inf", ".", "finite"),
        (math.inf, ".", "finite"),
        (10**400, ".", "finite"),
    ],
)
def test_unclear_numbers_are_refused(cell: object, decimal: str, todo: str) -> None:
    with pytest.raises(UnreadableCellError, match=r".") as caught:
        number_of(cell, ANY, decimal=decimal)
    assert todo in caught.value.todo


def test_digits_of_other_scripts_are_digits() -> None:
    assert number_of("٣٫٥".replace("٫", "."), ANY) == 3.5
    assert read_days("٢٠٢١-٠٤-٠٣") == read_days("2021-04-03")


def test_percent_is_refused_with_a_hint() -> None:
    with pytest.raises(UnreadableCellError, match="90") as caught:
        number_of("90", SHARE)
    assert "Divide by 100" in caught.value.todo


def test_the_minus_sign_of_typesetters_is_a_minus() -> None:
    assert number_of("\u22121.5", ANY) == -1.5


@pytest.mark.parametrize(("cell", "is_true"), [("Yes", True), (1.0, True), ("false", False), (False, False)])
def test_yes_and_no_have_several_spellings(cell: object, is_true: bool) -> None:
    assert truth_of(cell) is is_true


def test_maybe_is_neither_yes_nor_no() -> None:
    with pytest.raises(UnreadableCellError, match="maybe"):
        truth_of("maybe")


@given(
    st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.binary())
)
def test_any_cell_is_read_or_refused(cell: object) -> None:
    assert isinstance(text_of(cell), str)
    for read in (lambda c: number_of(c, ANY), truth_of):
        try:
            read(cell)
        except UnreadableCellError as error:
            assert error.todo  # noqa: PT017
    try:
        first, last = read_days(cell, ["%d/%m/%y"])
        assert first <= last
    except UnreadableCellError as error:
        assert error.todo  # noqa: PT017
