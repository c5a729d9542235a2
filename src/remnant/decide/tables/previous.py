"""The last report beside this one: its closing must be this opening, area by area."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remnant.decide.tables.balance import Account
from remnant.decide.tables.lives import AreaLife
from remnant.decide.tables.mismatch import Mismatch
from remnant.decide.tables.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingArea:
    """One area in the closing of a report, as that report stated it.

    Parameters
    ----------
    area_m2
        NaN where its size was unknown. [m²]
    """

    record_id: str
    layer: str
    row: int
    district: str
    hazard_class: str
    area_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousReport:
    """The closing of an earlier report.

    Parameters
    ----------
    last
        Last day of its period.
    areas
        All areas that were open then.
    """

    name: str
    last: dt.date
    areas: tuple[ClosingArea, ...]


def compare_with_previous(
    lives: Sequence[AreaLife], accounts: Sequence[Account], period: Period, previous: PreviousReport, *,
    tolerance_m2: float,
) -> tuple[Mismatch, ...]:  # fmt: skip
    """Areas whose closing in the last report is not their opening in this one.

    Parameters
    ----------
    lives, accounts
        (n,) areas, and what each adds to the columns of this period.
    period
        Of this report.
    previous
        The last report; areas are matched by id.
    tolerance_m2
        Differences of land up to this are rounding. [m²]
    """
    found: list[Mismatch] = []
    if (period.first - previous.last).days != 1:
        found.append(
            Mismatch(
                grade="mismatch", code="periods-do-not-meet", record_id="", layer="", row=0,
                asked="this period should begin on the day after the last report ended",
                came=f"it begins on {period.first}, the last report ended on {previous.last}",
                todo="choose --from so that they meet, or name the report in between",
            )
        )  # fmt: skip
    now: Mapping[str, int] = {life.record_id: k for k, life in enumerate(lives)}
    before = {area.record_id: area for area in previous.areas}
    for area in previous.areas:
        k = now.get(area.record_id)
        if k is None:
            found.append(_lost(area, "area-vanished", "no record has its id"))
        elif not accounts[k].value("opening"):
            found.append(_lost(area, "not-in-opening", _why(lives[k], accounts[k]), lives[k]))
        else:
            found += _changes(area, lives[k], accounts[k], tolerance_m2)
    for k, life in enumerate(lives):
        if accounts[k].value("opening") and life.record_id not in before:
            found.append(
                _changed(
                    life, "opening-not-reported", "an area of the opening should stand in the last report's closing",
                    "it does not", "tell when it came on record, or correct the last report",
                    accounts[k].land("opening"),
                )
            )  # fmt: skip
    return tuple(found)


def _why(life: AreaLife, mine: Account) -> str:
    if mine.value("new"):
        return "its record now says that it is new in this period"
    if life.is_open:
        return "its record does not say since when it is on record"
    return "its record says that it was released before, or not when"


def _lost(area: ClosingArea, code: str, came: str, life: AreaLife | None = None) -> Mismatch:
    """An area of the last closing that is not in this opening; named by its record now, or where it stood then."""
    where = (area.layer, area.row) if life is None else (life.layer, life.row)
    return Mismatch(
        grade="mismatch", code=code, record_id=area.record_id, layer=where[0], row=where[1],
        asked="an area of the last report's closing should stand in this opening", came=came,
        todo="bring the record back, or tell how and when it was released", area_m2=area.area_m2,
    )  # fmt: skip


def _changes(area: ClosingArea, life: AreaLife, mine: Account, tolerance: float) -> list[Mismatch]:
    found: list[Mismatch] = []
    opening = mine.land("opening")
    if not math.isnan(area.area_m2) and abs(area.area_m2 - opening) > tolerance:
        found.append(
            _changed(
                life, "size-changed", "the opening should be what the last report closed with",
                f"{opening:,.0f} m² now, {area.area_m2:,.0f} m² then", "tell why, or correct the record",
                opening - area.area_m2,
            )
        )  # fmt: skip
    for code, then, now in (
        ("class-changed", area.hazard_class, life.hazard_class),
        ("district-changed", area.district, life.district),
    ):
        if then != now:
            found.append(
                _changed(
                    life, code, "an area should keep its class and district between two reports",
                    f"{now} now, {then} then", "tell so in the report: it moves from one line of the table to another",
                    opening,
                )
            )  # fmt: skip
    return found


def _changed(life: AreaLife, code: str, asked: str, came: str, todo: str, m2: float) -> Mismatch:
    return Mismatch(
        grade="mismatch", code=code, record_id=life.record_id, layer=life.layer, row=life.row, asked=asked, came=came,
        todo=todo, area_m2=m2,
    )  # fmt: skip
