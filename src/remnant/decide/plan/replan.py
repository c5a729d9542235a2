"""A programme after tasks have reported: what is done is done, what was found is known, what was spent is gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from remnant.decide.plan.records import Access, Action, Must, Period, PlanAreas, Programme
from remnant.errors import InvalidInput
from remnant.units import Ints, not_negative, probability

Outcome = Literal["done", "nothing found", "found", "under way", "not reached"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What one task reports.

    Parameters
    ----------
    area_id, outcome, date
        ``done``: cleared; ``nothing found``: survey ended without a find, the area is reduced or cancelled;
        ``found``: a survey found, clearance must follow; ``under way``: `share` of its ground is worked;
        ``not reached``: it stays as it was.
    usd
        Spent on it since the plan began. [USD]
    share
        Of the ground that is worked. [1]
    action
        Of a task under way.
    """

    area_id: str
    outcome: Outcome
    date: dt.date
    usd: float = 0.0
    share: float = 0.0
    action: Action = "clear"

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise InvalidInput(
                f"{self.area_id}: outcome must be one of {', '.join(OUTCOMES)}; got {self.outcome!r}."
            )
        not_negative(f"{self.area_id}: usd", self.usd)
        probability(f"{self.area_id}: share", self.share)


def after_reports(programme: Programme, reports: Sequence[Reported]) -> tuple[Programme, Ints]:
    """The programme that is left, and which of the old areas are in it.

    Parameters
    ----------
    programme
        As it was planned.
    reports
        One per area; the latest date is the day from which is planned.

    Raises
    ------
    InvalidInput
        For areas that do not exist or report twice, and when nothing is left to plan.
    """
    place = {a: i for i, a in enumerate(programme.areas.area_id)}
    by_area: dict[str, Reported] = {}
    for report in reports:
        if report.area_id not in place:
            raise InvalidInput(
                f"report: area {report.area_id!r} must be one of the programme; it is not. Correct it."
            )
        if report.area_id in by_area:
            raise InvalidInput(f"report: area {report.area_id!r} reports twice. Keep the latest row.")
        by_area[report.area_id] = report
    if not by_area:
        return programme, np.arange(len(place))
    today = max(r.date for r in by_area.values())
    gone = {a for a, r in by_area.items() if r.outcome in ("done", "nothing found")}
    kept = np.array([i for a, i in place.items() if a not in gone], np.int64)
    if not kept.size:
        raise InvalidInput("a plan needs areas; all of them are reported as done. Nothing is left to plan.")
    areas = _areas_after(programme.areas, kept, by_area)
    going = tuple(
        Must(area_id=a, actions=(r.action,)) for a, r in by_area.items() if r.outcome == "under way"
    )
    busy = {m.area_id for m in going} | gone
    return replace(
        programme,
        areas=areas,
        periods=_periods_after(programme, today, by_area),
        must=going + tuple(m for m in programme.must if m.area_id not in busy),
        access=_access_after(programme, by_area, gone),
    ), kept


def _areas_after(areas: PlanAreas, kept: Ints, by_area: dict[str, Reported]) -> PlanAreas:
    ids = tuple(areas.area_id[i] for i in kept)
    p_any, items, harm = areas.p_any[kept].copy(), areas.items[kept].copy(), areas.harm[:, kept].copy()
    left = np.ones(kept.size) if areas.work_left is None else areas.work_left[kept].copy()
    wait = None if areas.wait_until_d is None else areas.wait_until_d[kept].copy()
    for k, name in enumerate(ids):
        report = by_area.get(name)
        if report is None:
            continue
        if report.outcome == "under way":
            left[k] *= max(1.0 - report.share, 1e-6)
        if (
            report.outcome == "found" and p_any[k] < 1.0
        ):  # there is something: what there is, given that there is any
            sure = max(float(p_any[k]), 1e-6)
            items[k] = max(items[k] / sure, 1.0)
            harm[:, k] = harm[:, k] / sure
            p_any[k] = 1.0
            if wait is not None:
                wait[k] = np.nan  # it was worked out for what was known before the find
    new = np.full(len(areas.area_id), -1)
    new[kept] = np.arange(kept.size)
    pairs = new[areas.pairs]
    return PlanAreas(
        area_id=ids, area_m2=areas.area_m2[kept], harm=harm, dates_d=areas.dates_d, p_any=p_any, items=items,
        harm_unit=areas.harm_unit, place_known=areas.place_known[kept], work_left=left,
        pairs=pairs[(pairs >= 0).all(axis=1)] if pairs.size else pairs,
        harm_assumed=None if areas.harm_assumed is None else areas.harm_assumed[kept], wait_until_d=wait,
    )  # fmt: skip


def _periods_after(programme: Programme, today: dt.date, by_area: dict[str, Reported]) -> tuple[Period, ...]:
    """Periods from a day on; what was reported as spent is taken from the period of its date."""
    out, saved = [], 0.0
    for p in programme.periods:
        spent = sum(r.usd for r in by_area.values() if p.start <= r.date < p.end)
        if p.end <= today:
            saved += max(p.budget_usd - spent, 0.0) if programme.carry_over else 0.0
            continue
        budget = max(p.budget_usd + saved - spent, 0.0)
        out.append(replace(p, start=max(p.start, today), budget_usd=budget))
        saved = 0.0
    if not out:
        raise InvalidInput(
            f"a period that ends after the latest report ({today}) is wanted; the last ends on "
            f"{programme.periods[-1].end}. Add [[periods]]."
        )
    return tuple(out)


def _access_after(programme: Programme, by_area: dict[str, Reported], gone: set[str]) -> tuple[Access, ...]:
    """Access as before; where a survey found, nothing but clearance and monitoring is left."""
    found = {a for a, r in by_area.items() if r.outcome == "found"}
    out = {a.area_id: a for a in programme.access if a.area_id not in gone}
    for name in sorted(found):
        old = out.get(name, Access(area_id=name))
        out[name] = replace(old, without=tuple(dict.fromkeys((*old.without, "cancel", "survey"))))
    return tuple(out.values())
