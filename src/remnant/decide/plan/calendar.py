"""Working days of teams by period, season and access; time left to the horizon."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from remnant.decide.plan.records import MONTHS, Access, PlanAreas, Programme, TeamType
from remnant.units import YEAR_D, Floats, Ints, day_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When ground can be reached: days [start, end) and months."""

    start: dt.date | None = None
    end: dt.date | None = None
    months: tuple[int, ...] = MONTHS


ALWAYS = Window()


def windows_of(programme: Programme) -> tuple[tuple[Window, ...], Ints]:
    """Different windows of access, and (n_areas,) which one each area has."""
    found: dict[Window, int] = {ALWAYS: 0}
    index = np.zeros(len(programme.areas.area_id), np.int64)
    place = {a: i for i, a in enumerate(programme.areas.area_id)}
    for access in programme.access:
        window = _window(access)
        index[place[access.area_id]] = found.setdefault(window, len(found))
    return tuple(found), index


def _window(access: Access) -> Window:
    return Window(start=access.start, end=access.end, months=tuple(sorted(set(access.months))))


def work_days(team: TeamType, programme: Programme, window: Window = ALWAYS) -> Floats:
    """(n_periods,) working days of one team in each period, within its season and a window of access. [d]"""
    months = set(team.months) & set(window.months)
    out = np.zeros(len(programme.periods))
    for t, period in enumerate(programme.periods):
        start = max(period.start, window.start or period.start)
        end = min(period.end, window.end or period.end)
        days = np.arange(np.datetime64(start), np.datetime64(max(end, start)))
        month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
        out[t] = np.isin(month, list(months)).sum() * team.days_per_week / 7.0
    return out


def harm_after(areas: PlanAreas, harm: Floats, from_d: Floats, until_d: float) -> Floats:
    """Harm between days and the horizon: the integral of the rate, which runs straight between the dates given.

    Parameters
    ----------
    areas
        Gives the dates.
    harm
        (..., n_dates) rate. [unit]
    from_d
        (n_periods,) days from which it counts. [d]
    until_d
        The horizon. [d]

    Returns
    -------
    (..., n_periods) harm. [unit × a]
    """
    upto = _primitive(areas.dates_d, harm, np.array([until_d]))
    before = _primitive(areas.dates_d, harm, np.minimum(from_d, until_d))
    return (upto - before) / YEAR_D


def _primitive(dates: Floats, rate: Floats, at: Floats) -> Floats:
    """Integral of the rate from the first date to each day; the rate is constant before and after the dates."""
    steps = np.diff(dates)
    pieces = 0.5 * (rate[..., :-1] + rate[..., 1:]) * steps
    whole = np.concatenate([np.zeros((*rate.shape[:-1], 1)), np.cumsum(pieces, axis=-1)], axis=-1)
    k = np.clip(np.searchsorted(dates, at, side="right") - 1, 0, dates.size - 1)
    over = at - dates[k]
    slope = np.zeros_like(rate)
    if steps.size:
        slope[..., :-1] = np.diff(rate, axis=-1) / steps
    bend = np.where((over > 0.0) & (k < dates.size - 1), 0.5 * slope[..., k] * over**2, 0.0)
    return whole[..., k] + rate[..., k] * over + bend


def period_ends(programme: Programme) -> Floats:
    """(n_periods,) day numbers on which the periods end. [d]"""
    return np.array([day_number(p.end) for p in programme.periods])
