"""What a plan is made from: periods, team types, areas with their draws of harm, wishes and weights."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.units import YEAR_D, Floats, Ints, day_number, not_negative, probability

Action = Literal["cancel", "survey", "clear", "monitor", "wait"]
ACTIONS: tuple[Action, ...] = ("cancel", "survey", "clear", "monitor", "wait")
"""What teams do: ``cancel`` after non-technical survey, ``survey`` technically then decide, ``clear``, ``monitor``, and
``wait``: keep an area marked until time alone keeps the release policy's limits, then decide."""
STANDING: tuple[Action, ...] = ("monitor", "wait")
"""Actions that go on while they last, and take no work off the ground."""
MONTHS = tuple(range(1, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time [start, end) with a budget.

    Parameters
    ----------
    budget_usd
        What may be spent in it. [USD]
    """

    name: str
    start: dt.date
    end: dt.date
    budget_usd: float

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise InvalidInput(
                f"period {self.name}: it must start before it ends; it runs from {self.start} to {self.end}. "
                "Swap or correct the dates."
            )
        not_negative(f"period {self.name}: budget_usd", self.budget_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamType:
    """Teams that do one action the same way.

    Parameters
    ----------
    num_teams
        How many there are.
    m2_per_day
        What one team works in a working day, as a sourced range. [m²/d] None where `days_per_task` says it.
    days_per_task
        Working days of one team for a task of any size, as a sourced range. [d]
    usd_per_day
        Cost of one team for a working day, as a sourced range. [USD/d]
    usd_per_task
        What a task costs beside the days: moving in, marking, acceptance. [USD]
    removes
        Share of the items on the ground it works that it finds and removes. [1] For ``monitor`` and ``wait``: share of
        the harm that marking and warning keep away while they last.
    covers
        ``survey``: share of the area that it works. [1]
    follow_up
        ``survey``: team type that clears after a find, and the share of the area that it then clears. [1]
    days_per_week, months
        Working days a week; months of the season, 1 to 12.
    max_teams_per_task
        So many may work on one task side by side.
    """

    name: str
    action: Action
    num_teams: int
    usd_per_day: Range
    m2_per_day: Range | None = None
    days_per_task: Range | None = None
    usd_per_task: float = 0.0
    removes: float = 0.0
    covers: float = 1.0
    follow_up: str = ""
    follow_up_share: float = 1.0
    days_per_week: float = 5.0
    months: tuple[int, ...] = MONTHS
    max_teams_per_task: int = 1

    def __post_init__(self) -> None:
        where = f"team type {self.name}"
        if self.action not in ACTIONS:
            raise InvalidInput(f"{where}: action must be one of {', '.join(ACTIONS)}; got {self.action!r}.")
        if (self.m2_per_day is None) == (self.days_per_task is None):
            raise InvalidInput(
                f"{where}: either m2_per_day or days_per_task is wanted, not both and not none."
            )
        for name, value in (
            ("removes", self.removes), ("covers", self.covers), ("follow_up_share", self.follow_up_share),
        ):  # fmt: skip
            probability(f"{where}: {name}", value)
        if self.num_teams < 1 or self.max_teams_per_task < 1:
            raise InvalidInput(
                f"{where}: num_teams and max_teams_per_task must be 1 or more; leave the type out."
            )
        if not 0.0 < self.days_per_week <= 7.0:
            raise InvalidInput(
                f"{where}: days_per_week must be above 0 and at most 7; got {self.days_per_week:g}."
            )
        if not self.months or not set(self.months) <= set(MONTHS):
            raise InvalidInput(f"{where}: months must be numbers from 1 to 12; got {list(self.months)}.")
        pace = self.pace
        if not pace.low > 0.0 or not self.usd_per_day.low >= 0.0:
            raise InvalidInput(
                f"{where}: productivity must be above 0, and cost 0 or more. Correct the range."
            )

    @property
    def pace(self) -> Range:
        """The range that its working days come from."""
        found = self.m2_per_day or self.days_per_task
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """A task that the plan must hold.

    Parameters
    ----------
    area_id
        The area.
    actions
        Any of these; empty: any action that returns land.
    by
        Day by which it must be done; None: within the plan.
    """

    area_id: str
    actions: tuple[Action, ...] = ()
    by: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """When an area can be reached, and what may not be done there.

    Parameters
    ----------
    start, end
        First day and day after the last; None: open.
    months
        Months of the year in which it can be reached.
    without
        Actions that are ruled out.
    """

    area_id: str
    start: dt.date | None = None
    end: dt.date | None = None
    months: tuple[int, ...] = MONTHS
    without: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and not self.start < self.end:
            raise InvalidInput(
                f"access to {self.area_id}: it must begin before it ends; it runs from {self.start} to {self.end}."
            )
        if not set(self.months) <= set(MONTHS):
            raise InvalidInput(f"access to {self.area_id}: months must be 1 to 12; got {list(self.months)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much all harm, all land and all neighbourhood count beside each other; only ratios matter.

    Parameters
    ----------
    harm, land
        Of removing all harm of all areas at once, on the first day, and of returning all land on it. [1]
    compact
        Of working all pairs of neighbours. [1]
    """

    harm: float = 1.0
    land: float = 0.25
    compact: float = 0.0

    def __post_init__(self) -> None:
        not_negative("weights", [self.harm, self.land, self.compact])
        if not self.harm + self.land > 0.0:
            raise InvalidInput("weights: harm or land must be above 0; both are 0. Say what the plan is for.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanAreas:
    """The areas that a plan chooses among, with draws of the harm that they do.

    Parameters
    ----------
    area_id
        (n_areas,) names, all different.
    area_m2
        (n_areas,) ground. [m²]
    harm
        (n_draws, n_areas, n_dates) harm rate by posterior draw. [`harm_unit`]
    dates_d
        (n_dates,) ascending day numbers of `harm`; before the first and after the last it stays as there. [d]
    p_any
        (n_areas,) chance that anything explosive is left. [1]
    items
        (n_areas,) expected explosive items. [items]
    harm_unit
        Such as ``armed items`` or ``casualties per year``.
    place_known
        (n_areas,) whether it can be pointed at.
    work_left
        (n_areas,) share of the ground of each that is still to be worked, less than 1 for a task under way; None: all.
    pairs
        (n_pairs, 2) areas that are neighbours.
    wait_until_d
        (n_areas,) day by which time alone keeps the limits of the release policy, NaN where it does not; None: unknown
        for all. [d]
    harm_assumed
        (n_areas,) whether the harm of each is not known and stands in from that of the others; None: known for all.
    """

    area_id: tuple[str, ...]
    area_m2: Floats
    harm: Floats
    dates_d: Floats
    p_any: Floats
    items: Floats
    harm_unit: str
    place_known: NDArray[np.bool_]
    work_left: Floats | None = None
    pairs: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))
    wait_until_d: Floats | None = None
    harm_assumed: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        num = len(self.area_id)
        if num == 0:
            raise InvalidInput("a plan needs areas; there are none. Check the case or the table of areas.")
        if len(set(self.area_id)) < num:
            seen: set[str] = set()
            twice = next(a for a in self.area_id if a in seen or seen.add(a))  # type: ignore[func-returns-value]
            raise InvalidInput(
                f"area ids must differ; {twice!r} comes more than once. Rename or merge its rows."
            )
        not_negative("area_m2", self.area_m2)
        not_negative("harm", self.harm)
        not_negative("items", self.items)
        probability("p_any", self.p_any)
        shapes = {
            self.area_m2.size,
            self.harm.shape[1],
            self.p_any.size,
            self.items.size,
            self.place_known.size,
        }
        shapes |= {v.size for v in (self.harm_assumed, self.wait_until_d) if v is not None}
        if shapes != {num} or self.harm.shape[2] != self.dates_d.size or np.any(np.diff(self.dates_d) <= 0.0):
            raise InvalidInput("arrays of areas must be as long as area_id, and their dates must ascend.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Programme:
    """All that is given: areas, periods, team types and wishes.

    Parameters
    ----------
    periods
        In order of time, without overlap.
    horizon
        Harm removed and land returned count up to this day.
    carry_over
        Whether what is not spent in a period may be spent in a later one.
    cancel_p_any_max
        Non-technical survey may cancel areas whose chance of any explosive item is at most this. [1]
    deadline
        Day by which all areas should be done (a treaty deadline), if any.
    """

    areas: PlanAreas
    periods: tuple[Period, ...]
    teams: tuple[TeamType, ...]
    horizon: dt.date
    weights: Weights = Weights()
    must: tuple[Must, ...] = ()
    access: tuple[Access, ...] = ()
    carry_over: bool = False
    cancel_p_any_max: float = 0.05
    deadline: dt.date | None = None

    def __post_init__(self) -> None:
        if not self.periods or not self.teams:
            raise InvalidInput("a plan needs a period and a team type; add [[periods]] and [[teams]].")
        for before, after in zip(self.periods, self.periods[1:], strict=False):
            if after.start < before.end:
                raise InvalidInput(
                    f"periods must follow each other; {after.name} starts on {after.start}, before {before.name} "
                    f"ends on {before.end}."
                )
        if self.horizon <= self.periods[-1].start:
            raise InvalidInput(f"horizon must lie after the last period begins; got {self.horizon}.")
        probability("cancel_p_any_max", self.cancel_p_any_max)
        self._check_names()

    def _check_names(self) -> None:
        names = [t.name for t in self.teams]
        if len(set(names)) < len(names) or len({p.name for p in self.periods}) < len(self.periods):
            raise InvalidInput("names of team types, and of periods, must differ. Rename one.")
        clearing = {t.name for t in self.teams if t.action == "clear"}
        for team in self.teams:
            if team.action == "survey" and team.follow_up not in clearing:
                raise InvalidInput(
                    f"team type {team.name}: follow_up must name a team type that clears; got {team.follow_up!r}. "
                    f"There are: {', '.join(sorted(clearing)) or 'none'}."
                )
        known = set(self.areas.area_id)
        for kind, wishes in (("must", self.must), ("access", self.access)):
            for wish in wishes:
                if wish.area_id not in known:
                    raise InvalidInput(
                        f"{kind}: area {wish.area_id!r} must be among the {len(known)} areas; it is not. "
                        f"They are named like {self.areas.area_id[0]!r}."
                    )
            ids = [w.area_id for w in wishes]
            twice = next((a for a in ids if ids.count(a) > 1), None) if len(ids) < 2000 else None
            if twice is not None:
                raise InvalidInput(f"{kind}: area {twice!r} comes more than once. Merge the entries.")

    @property
    def start_d(self) -> float:
        """First day of the plan. [d]"""
        return day_number(self.periods[0].start)

    @property
    def years(self) -> float:
        """From the first day to the horizon. [a]"""
        return (day_number(self.horizon) - self.start_d) / YEAR_D


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of a plan.

    Parameters
    ----------
    area_id, action, team
        What is done where, by which team type.
    first, last
        Periods in which it begins and ends, counted from 0.
    team_days, usd
        Expected working days of one team, and cost, in each period. [d], [USD]
    follow_up_days
        Expected working days of the team type that clears after a survey's find, in each period. [d]
    harm, land_m2
        Expected harm kept away up to the horizon [`harm_unit` × years], and land returned [m²].
    value
        What it counts for in the plan, without bonuses for neighbours. [1]
    p_find
        Chance that a survey finds something and is followed by clearance. [1]
    """

    area_id: str
    action: Action
    team: str
    first: int
    last: int
    team_days: tuple[float, ...]
    usd: tuple[float, ...]
    follow_up_days: tuple[float, ...]
    harm: float
    land_m2: float
    value: float
    p_find: float

    @property
    def total_usd(self) -> float:
        """Its cost. [USD]"""
        return sum(self.usd)
