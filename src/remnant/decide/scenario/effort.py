"""What searching ground costs and how long it takes, from ranges that a person states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.catalogue import Range
from remnant.decide.plan.pace import log_parameters
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
    >>> work.usd.tolist(), work.years.tolist()
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
