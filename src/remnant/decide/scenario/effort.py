"""What searching ground costs and how long it takes, from ranges that a person states."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from remnant.catalogue import Range
from remnant.decide.plan.pace import log_parameters
from remnant.decide.plan.records import Period, Programme
from remnant.errors import InvalidInput
from remnant.units import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Means to search ground.

    Parameters
    ----------
    m2_per_day, usd_per_day
        Of one team in a working day, as sourced ranges. [m²/d], [USD/d]
    num_teams, days_per_year
        How many teams, and working days a year.
    usd_per_year
        Budget; None: no limit. [USD/y]
    """

    m2_per_day: Range
    usd_per_day: Range
    num_teams: int
    days_per_year: float
    usd_per_year: float | None = None

    def __post_init__(self) -> None:
        if not self.m2_per_day.low > 0.0:
            raise InvalidInput("effort: m2_per_day must be above 0. Correct the range.")
        if not 0.0 < self.days_per_year <= 366.0:
            raise InvalidInput(
                f"effort: days_per_year must be above 0 and at most 366; got {self.days_per_year:g}."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """What it takes, by draw.

    Parameters
    ----------
    usd, years
        (n_draws,) cost, and time from the first day of work; infinite where the budget is 0. [USD], [y]
    """

    usd: Floats
    years: Floats


def work_for(effort: Effort, area_m2: Floats, *, rng: np.random.Generator) -> Work:
    """Cost and time of searching ground once.

    Parameters
    ----------
    effort
        Means.
    area_m2
        (n_draws,) ground. [m²]
    rng
        Source of randomness; pace and cost of a day come first, so that equal states share them.

    Notes
    -----
    The pace is log-normal between the ends of its range, the cost of a day even between its ends, as in
    `remnant.decide.plan.completions`; both are drawn once for all ground of a draw, since a wrong pace is wrong
    everywhere. Time is that of the teams, or of the money where that is slower.

    Examples
    --------
    >>> def sure(value, unit):
    ...     return Range(low=value, high=value, unit=unit, basis="judgement", source="me")
    >>> means = Effort(m2_per_day=sure(50.0, "m2/d"), usd_per_day=sure(1000.0, "USD/d"), num_teams=2, days_per_year=200)
    >>> work = work_for(means, np.array([40_000.0]), rng=np.random.default_rng(1))
    >>> work.usd.round(6).tolist(), work.years.round(6).tolist()
    ([800000.0], [2.0])
    """
    num = area_m2.size
    mean, sd = log_parameters(effort.m2_per_day)
    pace = np.exp(mean + sd * rng.standard_normal(num))
    usd_a_day = rng.uniform(effort.usd_per_day.low, effort.usd_per_day.high, num)
    days = area_m2 / pace
    usd = days * usd_a_day
    years = days / (effort.num_teams * effort.days_per_year)
    if effort.usd_per_year is not None:
        paid = usd / effort.usd_per_year if effort.usd_per_year > 0.0 else np.where(usd > 0.0, np.inf, 0.0)
        years = np.maximum(years, paid)
    return Work(usd=np.asarray(usd), years=np.asarray(years))


def with_budget(programme: Programme, factor: float, end: dt.date | None) -> Programme:
    """A programme whose budgets are cut by a factor, and end on a day; a period that day falls into keeps its part.

    Examples
    --------
    >>> import remnant.decide.plan as plan
    >>> def day(year):
    ...     return dt.date(year, 1, 1)
    >>> def part(period, end):
    ...     return round(_until(period, end), 3)
    >>> year = plan.Period(name="2026", start=day(2026), end=day(2027), budget_usd=100.0)
    >>> part(year, dt.date(2026, 7, 1)), part(year, day(2025)), part(year, None)
    (0.496, 0.0, 1.0)
    """
    periods = tuple(replace(p, budget_usd=p.budget_usd * factor * _until(p, end)) for p in programme.periods)
    return replace(programme, periods=periods)


def _until(period: Period, end: dt.date | None) -> float:
    """Share of a period before a day."""
    if end is None:
        return 1.0
    days = (period.end - period.start).days
    return min(max((end - period.start).days / days, 0.0), 1.0)
