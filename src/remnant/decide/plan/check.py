"""Whether a plan keeps every rule of its programme, worked out anew from the programme alone.

Shares no code with what makes plans: plain loops over tasks and calendar days, so that a fault there is seen here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from remnant.decide.plan.records import Access, Programme, Task, TeamType

_ALLOWED = 1e-6  # relative: sums of floats
_Z95 = 1.6448536269514722


def faults_of(programme: Programme, tasks: Sequence[Task]) -> tuple[str, ...]:
    """What is wrong with a plan, in words; empty where it keeps every rule.

    Parameters
    ----------
    programme
        What was asked.
    tasks
        The plan.

    Returns
    -------
    One sentence per fault: areas served twice or unknown, work that is not done in full or outside season and access,
    capacity or budget exceeded, must-do and deadlines not kept, cost, harm or land that do not come to what is stated.
    """
    place = {name: i for i, name in enumerate(programme.areas.area_id)}
    teams = {team.name: team for team in programme.teams}
    faults: list[str] = []
    seen: set[str] = set()
    days = _OpenDays(programme=programme, kept={})
    access = {a.area_id: a for a in programme.access}
    for task in tasks:
        if task.area_id not in place or task.team not in teams:
            faults.append(f"{task.area_id} by {task.team}: no such area or team type")
            continue
        if task.area_id in seen:
            faults.append(f"{task.area_id} is served twice")
        seen.add(task.area_id)
        faults += _task_faults(programme, task, place[task.area_id], teams, days, access)
    faults += _sum_faults(programme, tasks, teams, days)
    done = {task.area_id: task for task in tasks}
    for must in programme.must:
        made = done.get(must.area_id)
        if made is None:
            faults.append(f"{must.area_id} must be in the plan; it is not")
        elif made.action not in (must.actions or ("cancel", "survey", "clear")):
            faults.append(f"{must.area_id} must be served by {', '.join(must.actions)}; it is {made.action}")
        elif must.by is not None and programme.periods[made.last].end > must.by + dt.timedelta(days=1):
            faults.append(
                f"{must.area_id} must be done by {must.by}; it ends with {programme.periods[made.last].name}"
            )
    return tuple(faults)


def _mean_days(team: TeamType, ground_m2: float) -> float:
    pace = team.m2_per_day or team.days_per_task
    assert pace is not None
    middle = math.sqrt(pace.low * pace.high)
    spread = math.exp(0.5 * (math.log(pace.high / pace.low) / (2.0 * _Z95)) ** 2)
    return ground_m2 / middle * spread if team.m2_per_day is not None else middle * spread


def _task_faults(
    programme: Programme,
    task: Task,
    i: int,
    teams: dict[str, TeamType],
    days: _OpenDays,
    limits: dict[str, Access],
) -> list[str]:
    areas, team = programme.areas, teams[task.team]
    out = []
    if team.action != task.action:
        out.append(f"{task.area_id}: {task.team} does not {task.action}")
        return out
    if not areas.place_known[i]:
        out.append(f"{task.area_id}: its place is unknown")
    if task.action == "cancel" and areas.p_any[i] > programme.cancel_p_any_max:
        out.append(f"{task.area_id}: too likely to hold something to be cancelled")
    limit = limits.get(task.area_id)
    if limit is not None and task.action in limit.without:
        out.append(f"{task.area_id}: {task.action} is ruled out")
    ground = float(areas.area_m2[i]) * (1.0 if areas.work_left is None else float(areas.work_left[i]))
    need = _mean_days(team, ground * (team.covers if team.action == "survey" else 1.0))
    if task.action == "wait" and not _is_over(programme, task, i):
        out.append(f"{task.area_id}: time alone does not keep the limits by the end of the wait")
    if task.action not in ("monitor", "wait") and not math.isclose(
        sum(task.team_days), need, rel_tol=_ALLOWED
    ):
        out.append(f"{task.area_id}: {sum(task.team_days):.6g} team-days planned, {need:.6g} needed")
    usd, follow = _cost(areas.p_any[i], areas.items[i], ground, team, teams, task)
    if not math.isclose(sum(task.usd), usd, rel_tol=_ALLOWED, abs_tol=1e-6):
        out.append(f"{task.area_id}: cost {sum(task.usd):.6g} USD stated, {usd:.6g} expected")
    if not math.isclose(sum(task.follow_up_days), follow, rel_tol=_ALLOWED, abs_tol=1e-9):
        out.append(
            f"{task.area_id}: {sum(task.follow_up_days):.6g} days after finds stated, {follow:.6g} expected"
        )
    land = {"cancel": float(areas.area_m2[i]) * (1.0 - float(areas.p_any[i])), "monitor": 0.0}
    if not math.isclose(
        task.land_m2, land.get(task.action, float(areas.area_m2[i])), rel_tol=_ALLOWED, abs_tol=1e-6
    ):
        out.append(f"{task.area_id}: land returned does not come to what is stated")
    out += _time_faults(programme, task, team, days, limit is not None)
    return out


def _is_over(programme: Programme, task: Task, i: int) -> bool:
    """Whether a wait lasts until time has done its part."""
    until = programme.areas.wait_until_d
    end = (programme.periods[task.last].end - dt.date(1970, 1, 1)).days
    return until is not None and float(until[i]) <= end


def _cost(
    p_any: float, items: float, ground: float, team: TeamType, teams: dict[str, TeamType], task: Task
) -> tuple[float, float]:
    """Expected cost and follow-up days of a task."""
    usd = sum(task.team_days) * 0.5 * (team.usd_per_day.low + team.usd_per_day.high) + team.usd_per_task
    if team.action != "survey":
        return usd, 0.0
    clearing = teams[team.follow_up]
    num = max(items / p_any, 1.0) if p_any > 0.0 else 1.0
    p_find = p_any * (1.0 - (1.0 - team.covers * team.removes) ** num)
    follow = p_find * _mean_days(clearing, ground * team.follow_up_share)
    day_usd = 0.5 * (clearing.usd_per_day.low + clearing.usd_per_day.high)
    return usd + follow * day_usd + p_find * clearing.usd_per_task, follow


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenDays:
    """Working days of a team in a period, counted day by day, once."""

    programme: Programme
    kept: dict[tuple[int, str, str | None], float]

    def of(self, t: int, team: TeamType, area_id: str | None) -> float:
        key = (t, team.name, area_id)
        if key not in self.kept:
            self.kept[key] = _open_days(self.programme, t, team, area_id)
        return self.kept[key]


def _open_days(programme: Programme, t: int, team: TeamType, area_id: str | None) -> float:
    period = programme.periods[t]
    limits = [a for a in programme.access if a.area_id == area_id]
    day, count = period.start, 0
    while day < period.end:
        is_open = day.month in team.months and all(
            day.month in a.months and (a.start is None or day >= a.start) and (a.end is None or day < a.end)
            for a in limits
        )
        count += is_open
        day += dt.timedelta(days=1)
    return count * team.days_per_week / 7.0


def _time_faults(
    programme: Programme, task: Task, team: TeamType, days: _OpenDays, is_limited: bool
) -> list[str]:
    out = []
    used = [t for t, worked in enumerate(task.team_days) if worked > 1e-9]
    if not used or used[0] < task.first or used[-1] > task.last:
        out.append(f"{task.area_id}: work lies outside the periods of the task")
    for t in used:
        free = days.of(t, team, task.area_id if is_limited else None) * team.max_teams_per_task
        if task.team_days[t] > free * (1.0 + _ALLOWED):
            out.append(
                f"{task.area_id}: {programme.periods[t].name} has {free:.6g} days in season and with access"
            )
    return out


def _sum_faults(
    programme: Programme, tasks: Sequence[Task], teams: dict[str, TeamType], days: _OpenDays
) -> list[str]:
    out = []
    spent: dict[int, float] = defaultdict(float)
    worked: dict[tuple[str, int], float] = defaultdict(float)
    for task in tasks:
        if task.team not in teams:
            continue
        for t in range(len(programme.periods)):
            spent[t] += task.usd[t]
            worked[task.team, t] += task.team_days[t]
            if task.follow_up_days[t] > 0.0:
                worked[teams[task.team].follow_up, t] += task.follow_up_days[t]
    saved = 0.0
    for t, period in enumerate(programme.periods):
        budget = period.budget_usd + saved
        if spent[t] > budget * (1.0 + _ALLOWED) + 1e-6:
            out.append(f"{period.name}: {spent[t]:.6g} USD planned, {budget:.6g} there")
        saved = budget - spent[t] if programme.carry_over else 0.0
        for name, team in teams.items():
            free = days.of(t, team, None) * team.num_teams
            if worked[name, t] > free * (1.0 + _ALLOWED) + 1e-6:
                out.append(f"{period.name}: {name} has {free:.6g} team-days, {worked[name, t]:.6g} planned")
    return out
