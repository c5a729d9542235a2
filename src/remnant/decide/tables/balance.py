"""The identity of a register: opening + new − cancelled − reduced − cleared = closing, area by area.

The opening is reckoned forward, from the size of each area on the day on which it came on record; the closing is
reckoned backward, from what the record says is left now. So the two sides come from different statements, and whatever
does not add up is found in the record where it arises.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from remnant.decide.tables.lives import AreaLife
from remnant.decide.tables.period import Period
from remnant.units import Floats

COLUMNS = (
    "opening", "new", "cancelled", "reduced", "cleared", "how_unknown", "day_unknown", "unexplained", "closing",
)  # fmt: skip
"""Columns of an account.

``how_unknown``: released in the period, nobody recorded how. ``day_unknown``: what the days that are not on record
leave open (an area that is on record at the end, and nobody recorded since when). ``unexplained``: what is left over;
anything but zero is a mismatch of a named record."""
SIGNS = np.array([1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
"""An account balances when its columns times these signs add up to zero."""
_AT = {name: k for k, name in enumerate(COLUMNS)}
TOLERANCE_M2 = 1.0
"""Areas are recorded in whole square metres: less than that between two of them is rounding. [m²]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Account:
    """What one area, or many, add to the columns of a period.

    Parameters
    ----------
    num
        (9,) areas, in the order of `COLUMNS`. [1]
    area_m2
        (9,) land. [m²]
    num_unsized
        (9,) areas of unknown size in `num`; `area_m2` holds only what is known of them. [1]
    undated_num, undated_m2
        Areas that are released, nobody recorded when; they stand in no column. [1], [m²]
    """

    num: Floats
    area_m2: Floats
    num_unsized: Floats
    undated_num: int = 0
    undated_m2: float = 0.0

    def value(self, column: str) -> float:
        """Areas in a column. [1]"""
        return float(self.num[_AT[column]])

    def land(self, column: str) -> float:
        """Land in a column. [m²]"""
        return float(self.area_m2[_AT[column]])

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in any column."""
        return not (self.num.any() or self.area_m2.any() or self.undated_num)


def added(accounts: Iterable[Account]) -> Account:
    """The sum of accounts; land is added exactly, so that the order of records changes nothing."""
    held = tuple(accounts)
    columns = range(len(COLUMNS))
    return Account(
        num=np.array([math.fsum(a.num[k] for a in held) for k in columns]),
        area_m2=np.array([math.fsum(a.area_m2[k] for a in held) for k in columns]),
        num_unsized=np.array([math.fsum(a.num_unsized[k] for a in held) for k in columns]),
        undated_num=sum(a.undated_num for a in held),
        undated_m2=math.fsum(a.undated_m2 for a in held),
    )


def account(life: AreaLife, period: Period, *, tolerance_m2: float = TOLERANCE_M2) -> Account:
    """What one area adds to the columns of a period.

    Parameters
    ----------
    life
        The area.
    period
        Days of the report.
    tolerance_m2
        Differences up to this are rounding, and go to ``unexplained`` as nothing; the closing takes them. [m²]

    Returns
    -------
    Its account; `SIGNS` times its columns add up to zero.
    """
    entry = period.place(life.entered)
    closed = "open" if life.is_open else period.place(life.closed)
    num = np.zeros(len(COLUMNS))
    num[_AT["opening"]] = entry == "before" and closed in ("open", "in", "after")
    num[_AT["new"]] = entry == "in"
    num[_AT["closing"]] = entry != "after" and closed in ("open", "after")
    if closed == "in":
        num[_flow(life.closed_as)] += 1.0
    land = _land(life, period, num)
    is_undated = life.is_undated or (closed == "unknown")
    unsized = num * float(math.isnan(life.size_m2))
    _settle(num, is_unknown=_has_unknown_day(life, period), tolerance=0.0)
    _settle(land, is_unknown=_has_unknown_day(life, period), tolerance=tolerance_m2)
    return Account(
        num=num, area_m2=land, num_unsized=unsized, undated_num=int(is_undated),
        undated_m2=life.released_m2 if is_undated else 0.0,
    )  # fmt: skip


def _flow(how: str) -> int:
    return _AT[how or "how_unknown"]


def _has_unknown_day(life: AreaLife, period: Period) -> bool:
    days = [life.entered, *(r.days for r in life.releases)] + ([] if life.is_open else [life.closed])
    return any(period.place(d) == "unknown" for d in days)


def _land(life: AreaLife, period: Period, num: Floats) -> Floats:
    """(9,) land by column, before what does not add up is told apart. [m²]"""
    land = np.zeros(len(COLUMNS))
    placed: dict[str, list[float]] = {"before": [], "in": [], "after": [], "unknown": []}
    for release in life.releases:
        if math.isnan(release.area_m2):
            continue
        where = period.place(release.days)
        placed[where].append(release.area_m2)
        if where == "in":
            land[_flow(release.how)] += release.area_m2
    size = life.released_m2 if math.isnan(life.size_m2) else life.size_m2
    if num[_AT["opening"]]:
        land[_AT["opening"]] = size - math.fsum(placed["before"])
    if num[_AT["new"]]:
        land[_AT["new"]] = size
    if num[_AT["closing"]]:
        land[_AT["closing"]] = left_now(life) + math.fsum(placed["after"])
    return land


def left_now(life: AreaLife) -> float:
    """Land of an area that is left: as its record says, else its size without what was released; never below 0. [m²]"""
    if not life.is_open:
        return 0.0
    if not math.isnan(life.remaining_m2):
        return life.remaining_m2
    return 0.0 if math.isnan(life.size_m2) else max(life.size_m2 - life.released_m2, 0.0)


def _settle(columns: Floats, *, is_unknown: bool, tolerance: float) -> None:
    """Put what does not add up where it belongs; rounding is taken off the opening, or the new land."""
    rest = -math.fsum((columns * SIGNS).tolist())
    if rest == 0.0:
        return
    if is_unknown:
        columns[_AT["day_unknown"]] = rest
    elif abs(rest) > tolerance:
        columns[_AT["unexplained"]] = rest
    else:
        first = "opening" if columns[_AT["opening"]] else "new"
        columns[_AT[first]] += rest


def grouped(lives: Sequence[AreaLife], accounts: Sequence[Account]) -> dict[tuple[str, str], Account]:
    """Accounts by district and class, sorted by both."""
    members: dict[tuple[str, str], list[Account]] = {}
    for life, mine in zip(lives, accounts, strict=True):
        if not mine.is_empty:
            members.setdefault((life.district, life.hazard_class), []).append(mine)
    return {key: added(members[key]) for key in sorted(members)}
