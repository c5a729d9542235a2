"""plan.toml: periods, team types, wishes and weights of a plan, and errors that say what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from remnant.catalogue import Basis, Range
from remnant.decide.plan import Access, Must, Period, PlanAreas, Programme, TeamType, Weights
from remnant.errors import InvalidInput
from remnant.io.layer_section import IsoDate, Number, Probability, Section
from remnant.io.toml_file import read_toml

ActionName = Literal["cancel", "survey", "clear", "monitor", "wait"]
Months = list[Annotated[int, Field(ge=1, le=12)]]


class Sourced(Section):
    """A number as a 90 % interval with its source."""

    low: Annotated[Number, Field(ge=0)]
    high: Annotated[Number, Field(ge=0)]
    source: str = Field(min_length=3)
    basis: Basis = "judgement"


class PeriodSection(Section):
    """A period [start, end) and its budget."""

    name: str = Field(min_length=1)
    start: IsoDate
    end: IsoDate
    budget_usd: Annotated[Number, Field(ge=0)]


class TeamSection(Section):
    """A team type."""

    name: str = Field(min_length=1)
    action: ActionName
    num_teams: Annotated[int, Field(ge=1)]
    usd_per_day: Sourced
    m2_per_day: Sourced | None = None
    days_per_task: Sourced | None = None
    usd_per_task: Annotated[Number, Field(ge=0)] = 0.0
    removes: Probability = 0.0
    covers: Probability = 1.0
    follow_up: str = ""
    follow_up_share: Probability = 1.0
    days_per_week: Annotated[Number, Field(gt=0, le=7)] = 5.0
    months: Months | None = None
    max_teams_per_task: Annotated[int, Field(ge=1)] = 1


class MustSection(Section):
    """An area that must be served."""

    area_id: str
    actions: list[ActionName] = Field(default_factory=list)
    by: IsoDate | None = None


class AccessSection(Section):
    """When an area can be reached, and what may not be done there; ``start`` may be called ``wait_until``."""

    area_id: str
    start: IsoDate | None = None
    wait_until: IsoDate | None = None
    end: IsoDate | None = None
    months: Months | None = None
    without: list[ActionName] = Field(default_factory=list)


class WeightSection(Section):
    """Weights."""

    harm: Annotated[Number, Field(ge=0)] = 1.0
    land: Annotated[Number, Field(ge=0)] = 0.25
    compact: Annotated[Number, Field(ge=0)] = 0.0


class PlanFile(Section):
    """Everything that a plan.toml may say."""

    name: str = Field(min_length=1)
    horizon: IsoDate
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    notes: str = ""
    deadline: IsoDate | None = None
    carry_over: bool = False
    cancel_p_any_max: Probability = 0.05
    neighbours_m: Annotated[Number, Field(ge=0)] = 100.0
    weights: WeightSection = WeightSection()
    periods: Annotated[list[PeriodSection], Field(min_length=1)]
    teams: Annotated[list[TeamSection], Field(min_length=1)]
    must: list[MustSection] = Field(default_factory=list)
    access: list[AccessSection] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRead:
    """A plan file that holds together, before it meets its areas."""

    file: str
    content: PlanFile


def read_plan_file(path: Path) -> PlanRead:
    """The content of a plan file.

    Raises
    ------
    InvalidInput
        For a file that is not there or no TOML, keys that are unknown or missing, and values out of bounds.
    """
    if not path.is_file():
        raise InvalidInput(f"{path.name} must be a plan file; it is not there. Check the path.")
    return PlanRead(file=path.name, content=read_toml(path, PlanFile, _SECTIONS))


_SECTIONS: dict[str, type[Section]] = {
    "periods": PeriodSection, "teams": TeamSection, "must": MustSection, "access": AccessSection,
    "weights": WeightSection, "usd_per_day": Sourced, "m2_per_day": Sourced, "days_per_task": Sourced,
}  # fmt: skip


def programme_of(read: PlanRead, areas: PlanAreas) -> Programme:
    """The programme of a plan file and its areas.

    Raises
    ------
    InvalidInput
        Where they do not fit: areas in must-do or access that do not exist, dates that end before they start.
    """
    content = read.content
    try:
        return Programme(
            areas=areas,
            periods=tuple(Period(**p.model_dump()) for p in content.periods),
            teams=tuple(_team(t) for t in content.teams),
            horizon=content.horizon,
            weights=Weights(**content.weights.model_dump()),
            must=tuple(Must(area_id=m.area_id, actions=tuple(m.actions), by=m.by) for m in content.must),
            access=tuple(_access(a) for a in content.access),
            carry_over=content.carry_over,
            cancel_p_any_max=content.cancel_p_any_max,
            deadline=content.deadline,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{read.file}: {error}") from None


def _team(t: TeamSection) -> TeamType:
    months = {} if t.months is None else {"months": tuple(t.months)}
    return TeamType(
        name=t.name, action=t.action, num_teams=t.num_teams,
        usd_per_day=_range(t, "usd_per_day", t.usd_per_day, "USD/d"),
        m2_per_day=None if t.m2_per_day is None else _range(t, "m2_per_day", t.m2_per_day, "m2/d"),
        days_per_task=None if t.days_per_task is None else _range(t, "days_per_task", t.days_per_task, "d"),
        usd_per_task=t.usd_per_task, removes=t.removes, covers=t.covers, follow_up=t.follow_up,
        follow_up_share=t.follow_up_share, days_per_week=t.days_per_week, max_teams_per_task=t.max_teams_per_task,
        **months,
    )  # fmt: skip


def _range(team: TeamSection, key: str, said: Sourced, unit: str) -> Range:
    if said.low > said.high:
        raise InvalidInput(
            f"team type {team.name}: {key}.low must not exceed high; got {said.low:g} and {said.high:g}. Swap them."
        )
    return Range(low=said.low, high=said.high, unit=unit, basis=said.basis, source=said.source)


def _access(a: AccessSection) -> Access:
    months = {} if a.months is None else {"months": tuple(a.months)}
    starts = [d for d in (a.start, a.wait_until) if d is not None]
    start: dt.date | None = max(starts) if starts else None
    return Access(area_id=a.area_id, start=start, end=a.end, without=tuple(a.without), **months)
