"""The identity: opening + new − cancelled − reduced − cleared = closing, for any history of areas."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from remnant.decide.tables import COLUMNS, SIGNS, Account, AreaLife, Period, Release, account, added
from remnant.decide.tables.balance import left_now
from remnant.decide.tables.checks import check_lives
from remnant.errors import InvalidInput

YEAR = Period(first=dt.date(2025, 1, 1), last=dt.date(2025, 12, 31))
FIRST, LAST = 20089.0, 20453.0  # days of the year 2025 since 1970
KINDS = ("cancelled", "reduced", "cleared")


def life(
    *, size: float = 1000.0, entered: float = 19000.0, releases: tuple[Release, ...] = (), is_open: bool = True,
    remaining: float = math.nan, closed: float | None = None, index: int = 0,
) -> AreaLife:  # fmt: skip
    last = max((r.days[1] for r in releases), default=math.nan) if closed is None else closed
    return AreaLife(
        index=index, record_id=f"A-{index}", layer="areas", row=index + 1, district="North", hazard_class="SHA",
        categories=("ap_mine",), size_m2=size, size_from="record", remaining_m2=remaining, is_open=is_open,
        entered=(entered, entered), closed=(math.nan, math.nan) if is_open else (last, last),
        closed_as="" if is_open else releases[-1].how if releases else "cleared", releases=releases,
    )  # fmt: skip


def release(m2: float, day: float, how: str = "cleared", number: int = 1) -> Release:
    return Release(
        record_id=f"R-{number}", layer="releases", row=number, how=how, days=(day, day), area_m2=m2
    )


@st.composite
def histories(draw: st.DrawFn) -> AreaLife:
    """A consistent area: releases after its entry add up to no more than its size, to all of it when it is closed."""
    entered = float(draw(st.integers(18000, 21000)))
    parts = draw(st.lists(st.integers(1, 10**6), max_size=5))
    days = draw(st.lists(st.integers(0, 1500), min_size=len(parts), max_size=len(parts)))
    releases = tuple(
        release(float(m2), entered + day, draw(st.sampled_from(KINDS)), number)
        for number, (m2, day) in enumerate(zip(parts, sorted(days), strict=True), start=1)
    )
    is_open = not parts or draw(st.booleans())
    rest = float(draw(st.integers(2, 10**6))) if is_open else 0.0
    size = sum(r.area_m2 for r in releases) + rest
    stated = rest if is_open and draw(st.booleans()) else math.nan
    return life(size=size, entered=entered, releases=releases, is_open=is_open, remaining=stated)


def identity(mine: Account) -> tuple[float, float]:
    return float(SIGNS @ mine.num), float(SIGNS @ mine.area_m2)


@given(st.lists(histories(), max_size=8))
def test_consistent_histories_balance_with_nothing_unexplained(lives: list[AreaLife]) -> None:
    total = added(account(one, YEAR) for one in lives)
    assert identity(total) == (0.0, pytest.approx(0.0, abs=1e-6))
    for column in ("unexplained", "day_unknown", "how_unknown"):
        assert total.value(column) == 0.0
        assert total.land(column) == 0.0


@given(st.lists(histories(), max_size=6))
def test_the_columns_agree_with_a_count_by_hand(lives: list[AreaLife]) -> None:
    # second route: an area is open on a day when it has come and its last release has not; sums by plain loops
    def is_open_on(one: AreaLife, day: float) -> bool:
        return one.entered[0] <= day and (one.is_open or one.closed[0] > day)

    def land_on(one: AreaLife, day: float) -> float:
        return one.size_m2 - sum(r.area_m2 for r in one.releases if r.days[0] <= day)

    total = added(account(one, YEAR) for one in lives)
    for column, day in (("opening", FIRST - 1), ("closing", LAST)):
        there = [one for one in lives if is_open_on(one, day)]
        assert total.value(column) == len(there)
        assert total.land(column) == pytest.approx(sum(land_on(one, day) for one in there))
    for kind in KINDS:
        inside = [r for one in lives for r in one.releases if r.how == kind and FIRST <= r.days[0] <= LAST]
        assert total.land(kind) == pytest.approx(sum(r.area_m2 for r in inside))
    new = [one for one in lives if FIRST <= one.entered[0] <= LAST]
    assert total.value("new") == len(new)


@given(st.lists(histories(), min_size=1, max_size=5))
def test_the_closing_of_one_period_is_the_opening_of_the_next(lives: list[AreaLife]) -> None:
    before = Period(first=dt.date(2024, 1, 1), last=dt.date(2024, 12, 31))
    then, now = (added(account(one, p) for one in lives) for p in (before, YEAR))
    assert then.value("closing") == now.value("opening")
    assert then.land("closing") == pytest.approx(now.land("opening"))


def corrupted(one: AreaLife, how: str) -> AreaLife | None:
    """The same area with one thing wrong; None where it has nothing to spoil."""
    if how == "size":
        return dataclasses.replace(one, size_m2=one.size_m2 + 50.0) if not math.isnan(_stated(one)) else None
    if how == "remaining":
        return dataclasses.replace(one, remaining_m2=left_now(one) + 50.0)
    if not one.releases:
        return None
    first, *others = one.releases
    spoilt = {
        "released m²": dataclasses.replace(first, area_m2=first.area_m2 + one.size_m2 + 50.0),
        "released day": dataclasses.replace(first, days=(one.entered[0] - 9.0,) * 2),
        "no day": dataclasses.replace(first, days=(math.nan, math.nan)),
        "no kind": dataclasses.replace(first, how=""),
        "no size": dataclasses.replace(first, area_m2=math.nan),
    }
    return dataclasses.replace(one, releases=(spoilt[how], *others))


def _stated(one: AreaLife) -> float:
    return one.remaining_m2 if one.is_open else 0.0


def checked(lives: list[AreaLife]) -> set[str]:
    """Ids that the checks name; the register says nothing beyond the areas themselves."""
    blank = SimpleNamespace(
        released_last=np.full(len(lives), np.nan),
        released_as=np.full(len(lives), ""),
        how_from=[],
        day_from=[],
    )
    areas = SimpleNamespace(id=np.empty(0, dtype=str), source=None)
    case = cast(Any, SimpleNamespace(register=blank, areas=areas))
    return {m.record_id for m in check_lives(case, lives, YEAR)}


@given(
    st.lists(histories(), min_size=1, max_size=5), st.integers(0, 4),
    st.sampled_from(["size", "remaining", "released m²", "released day", "no day", "no kind", "no size"]),
)  # fmt: skip
def test_a_single_corrupted_record_is_always_named(lives: list[AreaLife], which: int, how: str) -> None:
    lives = [
        dataclasses.replace(
            one, index=k, record_id=f"A-{k}", row=k + 1,
            releases=tuple(dataclasses.replace(r, record_id=f"R-{k}-{n}") for n, r in enumerate(one.releases)),
        )
        for k, one in enumerate(lives)
    ]  # fmt: skip
    assert checked(lives) == set()
    at = which % len(lives)
    spoilt = corrupted(lives[at], how)
    assume(spoilt is not None)
    assert spoilt is not None
    named = checked([spoilt if k == at else one for k, one in enumerate(lives)])
    assert named
    assert named <= {f"A-{at}", f"R-{at}-0"}


@given(st.lists(histories(), min_size=1, max_size=5), st.integers(0, 4), st.integers(2, 1000))
def test_what_is_unexplained_in_a_sum_is_what_is_wrong_in_one_record(
    lives: list[AreaLife], which: int, by: int
) -> None:
    at = which % len(lives)
    assume(lives[at].is_open and lives[at].entered[0] <= LAST)
    wrong = dataclasses.replace(lives[at], remaining_m2=left_now(lives[at]) + by)
    total = added(account(wrong if k == at else one, YEAR) for k, one in enumerate(lives))
    assert total.land("unexplained") == pytest.approx(float(by))
    assert identity(total)[1] == pytest.approx(0.0, abs=1e-6)


def test_rounding_below_a_square_metre_is_no_mismatch() -> None:
    mine = account(life(size=1000.4, remaining=1000.0), YEAR)
    assert mine.land("unexplained") == 0.0
    assert mine.land("opening") == mine.land("closing") == 1000.0


def test_an_area_of_unknown_entry_is_neither_opening_nor_new() -> None:
    mine = account(life(entered=math.nan), YEAR)
    assert dict(zip(COLUMNS, mine.num.tolist(), strict=True)) == {
        "opening": 0, "new": 0, "cancelled": 0, "reduced": 0, "cleared": 0, "how_unknown": 0, "day_unknown": 1,
        "unexplained": 0, "closing": 1,
    }  # fmt: skip


def test_an_area_of_unknown_size_is_counted_and_adds_no_land() -> None:
    mine = account(life(size=math.nan), YEAR)
    assert (mine.value("closing"), mine.land("closing"), float(mine.num_unsized[-1])) == (1.0, 0.0, 1.0)


def test_land_released_on_an_unknown_day_stands_in_no_column() -> None:
    undated = life(releases=(release(1000.0, math.nan),), is_open=False, closed=math.nan)
    mine = account(undated, YEAR)
    assert not mine.num.any()
    assert (mine.undated_num, mine.undated_m2) == (1, 1000.0)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match=r"must end on or after its first day; got 2025-12-31 to 2025-01-01"
    ):
        Period(first=YEAR.last, last=YEAR.first)
