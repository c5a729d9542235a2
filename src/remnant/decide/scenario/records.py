"""What a scenario asks, and its answer: variants of a case on the same random numbers, and what tells them apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from remnant.catalogue import Range
from remnant.decide.plan import PlanAnswer
from remnant.decide.scenario.compare import p_below, spread
from remnant.decide.scenario.effort import Effort
from remnant.errors import InvalidInput
from remnant.evidence import Case, Change
from remnant.units import Floats, date_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What a variant takes a type to be like.

    Parameters
    ----------
    type
        Name in the catalogue.
    basis, claim, unconfirmed
        As for `remnant.fate.basis_draws`.
    ranges
        Fields of the fate model → the variant's own range.
    """

    type: str
    basis: str = "catalogue"
    claim: str = ""
    unconfirmed: bool = False
    ranges: Mapping[str, Range] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One variant of a case.

    Parameters
    ----------
    name, note
        For people.
    changes
        What is otherwise in the world: what searches found in the case as it is stays learned.
    beliefs, priors
        What is otherwise believed: the records are weighed anew.
    budget_factor, budget_end
        On the budget of every period of the plan and of `Effort`, and the day from which there is none.
    effort
        Other means than the scenario's.
    file
        Where it is written.
    """

    name: str
    note: str = ""
    changes: tuple[Change, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    priors: Mapping[str, Range] = field(default_factory=dict)
    budget_factor: float = 1.0
    budget_end: dt.date | None = None
    effort: Effort | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is asked.

    Parameters
    ----------
    base, base_note
        Name of the case as it is.
    dates
        Dates of the tables; none: those of the case.
    variants
        In order.
    effort
        Means to search ground; None: cost and time are not reckoned.
    against
        Variant that the others are compared with; empty: the case as it is.
    """

    name: str
    question: str = ""
    base: str = "as recorded"
    base_note: str = ""
    dates: tuple[dt.date, ...] = ()
    variants: tuple[Variant, ...] = ()
    effort: Effort | None = None
    against: str = ""

    def __post_init__(self) -> None:
        names = [self.base, *(v.name for v in self.variants)]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise InvalidInput(f"variants must have different names; {twice!r} comes twice. Rename one.")
        if self.against and self.against not in names:
            raise InvalidInput(f"against must name a variant ({', '.join(names)}); got {self.against!r}.")


MEASURES: Mapping[str, tuple[str, str]] = {
    "items": ("explosive items left", "items"),
    "armed": ("armed items left", "items"),
    "expired": ("expired items left", "items"),
    "dud": ("duds left", "items"),
    "p_any_armed": ("chance that any armed item is left", "1"),
    "casualties_per_year": ("casualties of civilians a year", "persons/y"),
    "casualties_to_date": ("casualties of civilians since the first date", "persons"),
    "deminer_accidents": ("accidents of de-miners if all areas are cleared by hand", "accidents"),
    "ground_m2": ("recorded ground", "m²"),
    "search_m2": ("ground to search until the policy is met", "m²"),
    "ground_usd": ("cost of searching all recorded ground", "USD"),
    "ground_years": ("time to search all recorded ground", "y"),
    "search_usd": ("cost of searching until the policy is met", "USD"),
    "search_years": ("time to search until the policy is met", "y"),
    "plan_usd": ("cost of the plan", "USD"),
    "plan_years": ("time until the plan is done", "y"),
    "all_years": ("time until all areas are done", "y"),
    "plan_harm": ("harm kept away by the plan", "harm × y"),
    "plan_land_m2": ("land returned by the plan", "m²"),
}
"""Measure → title and unit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One variant's answer.

    Parameters
    ----------
    draws
        Measure → (n_draws, n_days) on the days of the grid; (n_draws, 1) for what has no date.
    expected
        The same where each draw's expectation is known with less noise.
    notes
        Plain words on what the variant takes for given.
    plan
        Its plan, if one was asked for.
    num_unknown
        Hazard areas without a number of casualties.
    num_more
        Hazard areas that one whole pass is not enough for, on each day of the grid.
    sources
        Type, field, low, high, unit, basis and source of each number of each type of the variant.
    """

    variant: Variant
    draws: Mapping[str, Floats]
    expected: Mapping[str, Floats]
    notes: tuple[str, ...]
    plan: PlanAnswer | None
    num_unknown: int
    num_more: tuple[int, ...]
    sources: tuple[tuple[str, str, float, float, str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioAnswer:
    """All variants side by side.

    Parameters
    ----------
    days
        The grid. [d]
    shown
        Index of each asked date in the grid.
    against
        Which run the others are compared with.
    has_people, has_policy
        Whether casualties, and ground until a policy is met, are reckoned.
    """

    scenario: Scenario
    case: Case
    dates: tuple[dt.date, ...]
    days: Floats
    shown: tuple[int, ...]
    runs: tuple[Run, ...]
    against: int
    seed: int
    has_people: bool
    has_policy: bool

    def results(self, *, whole_grid: bool = False) -> pd.DataFrame:
        """Long table: variant, measure, unit, date (None: for the whole), mean, q05, q95."""
        return pd.DataFrame(
            [
                {"variant": run.variant.name, "measure": name, "unit": MEASURES[name][1], "date": date} | told
                for run in self.runs
                for name in run.draws
                for date, t in self._times(run.draws[name], whole_grid=whole_grid)
                for told in (_told(run, name, t),)
            ]
        )

    def differences(self) -> pd.DataFrame:
        """Long table: the same for variant minus what it is compared with, and the chance that it is lower."""
        other = self.runs[self.against]
        rows = []
        for k, run in enumerate(self.runs):
            if k == self.against:
                continue
            for name in run.draws:
                if name not in other.draws:
                    continue
                for date, t in self._times(run.draws[name]):
                    rows.append(
                        {
                            "variant": run.variant.name, "against": other.variant.name, "measure": name,
                            "unit": MEASURES[name][1], "date": date, **difference_of(run, other, name, t),
                        }
                    )  # fmt: skip
        return pd.DataFrame(rows)

    def _times(self, values: Floats, *, whole_grid: bool = False) -> list[tuple[dt.date | None, int]]:
        if values.shape[1] == 1:
            return [(None, 0)]
        asked = range(self.days.size) if whole_grid else self.shown
        return [(date_of(self.days[t]), t) for t in asked]


def difference_of(run: Run, other: Run, name: str, t: int) -> dict[str, float]:
    """Mean, interval and chance of being lower of the difference of a measure between two runs, draw by draw."""
    mine, theirs = run.draws[name][:, t], other.draws[name][:, t]
    with np.errstate(invalid="ignore"):
        gap = mine - theirs
        mean = None if name not in run.expected else run.expected[name][:, t] - other.expected[name][:, t]
    told = spread(gap, mean)
    return {"mean": told.mean, "q05": told.q05, "q95": told.q95, "p_lower": p_below(mine, theirs)}


def _told(run: Run, name: str, t: int) -> dict[str, float]:
    expected = run.expected.get(name)
    told = spread(run.draws[name][:, t], None if expected is None else expected[:, t])
    return {"mean": told.mean, "q05": told.q05, "q95": told.q95}
