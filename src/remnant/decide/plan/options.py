"""From a programme to the options that it has, with what they take and bring, and why others do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from remnant.decide.plan.calendar import harm_after, period_ends, windows_of, work_days
from remnant.decide.plan.pace import days_each, usd_each
from remnant.decide.plan.problem import Problem
from remnant.decide.plan.records import ACTIONS, STANDING, Programme, Task, TeamType
from remnant.units import YEAR_D, Floats, Ints, day_number

LAND_ACTIONS = ("cancel", "survey", "clear")
_TINY_D = 1e-9
NO_PLACE, TOO_LONG, NO_ACCESS, DEADLINE, NOT_CANCEL, RULED_OUT = (1 << b for b in range(6))
"""Why an area lacks options; several may hold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Options:
    """All ways to do something somewhere; arrays of one length n unless said.

    Parameters
    ----------
    area, team, first, last
        Which area, team type, first and last period.
    days, usd, follow_up
        (n, n_periods) expected team-days, cost and team-days of clearance after a find, by period. [d], [USD], [d]
    factor
        Share of the harm after `last` that it keeps away. [1] Monitoring and waiting: of the harm from `first` to the
        end of `last`.
    harm, land_m2
        Expected harm kept away, land returned. [harm unit × a], [m²]
    value
        What it counts for.
    p_find
        Chance that a survey finds. [1]
    lacks
        (n_areas,) why an area lacks options, bits.
    harm_total, land_total
        What 1 stands for in the value: all harm [unit × a], all land [m² × a].
    """

    area: Ints
    team: Ints
    first: Ints
    last: Ints
    days: Floats
    usd: Floats
    follow_up: Floats
    factor: Floats
    harm: Floats
    land_m2: Floats
    value: Floats
    p_find: Floats
    lacks: Ints
    harm_total: float
    land_total: float


def options_of(programme: Programme) -> Options:
    """Every option of every area."""
    areas = programme.areas
    mean = areas.harm.mean(axis=0)
    windows, window_of = windows_of(programme)
    limits = _Limits.of(programme)
    lacks = np.where(areas.place_known, 0, NO_PLACE).astype(np.int64)
    blocks: list[Mapping[str, NDArray[np.generic]]] = []
    for k, team in enumerate(programme.teams):
        able = areas.place_known & limits.allowed[:, ACTIONS.index(team.action)]
        lacks[~limits.allowed[:, ACTIONS.index(team.action)]] |= RULED_OUT
        if team.action == "wait":
            able &= waited_out(programme) >= 0
        if team.action == "cancel":
            able &= areas.p_any <= programme.cancel_p_any_max
            lacks[areas.p_any > programme.cancel_p_any_max] |= NOT_CANCEL
        free = np.array([work_days(team, programme, w) for w in windows])[window_of] * team.max_teams_per_task
        for first in range(len(programme.periods)):
            block, why = _block(programme, k, first, able, free, limits.until_d)
            lacks |= why
            blocks.append(block)
    merged = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
    order = np.lexsort((merged["first"], merged["team"], merged["area"]))
    parts = {name: column[order] for name, column in merged.items()}
    return _valued(programme, parts, mean, lacks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Limits:
    """(n_areas, n_actions) what is allowed, and (n_areas,) the day by which it must be done."""

    allowed: NDArray[np.bool_]
    until_d: Floats

    @classmethod
    def of(cls, programme: Programme) -> _Limits:
        num = len(programme.areas.area_id)
        place = {a: i for i, a in enumerate(programme.areas.area_id)}
        allowed, until = np.ones((num, len(ACTIONS)), np.bool_), np.full(num, np.inf)
        for access in programme.access:
            for action in access.without:
                allowed[place[access.area_id], ACTIONS.index(action)] = False
        for must in programme.must:
            wanted = must.actions or LAND_ACTIONS
            allowed[place[must.area_id]] &= np.isin(ACTIONS, wanted)
            if must.by is not None:
                until[place[must.area_id]] = day_number(must.by) + 1.0
        return cls(allowed=allowed, until_d=until)


def _block(
    programme: Programme, k: int, first: int, able: NDArray[np.bool_], free: Floats, until_d: Floats
) -> tuple[dict[str, NDArray[np.generic]], Ints]:
    """Options of one team type that begin in one period, and why areas have none."""
    team, num_periods = programme.teams[k], len(programme.periods)
    work, follow, p_find = work_of(programme, team)
    why = np.zeros(able.size, np.int64)
    days = np.zeros((able.size, num_periods))
    left = work.copy()
    if team.action in STANDING:
        last = np.full(able.size, num_periods - 1) if team.action == "monitor" else waited_out(programme)
        lasts = (np.arange(num_periods) >= first) & (np.arange(num_periods) <= last[:, None])
        days = np.where(lasts, np.minimum(work[:, None], free), 0.0)
        left[:] = 0.0
    else:
        last = np.full(able.size, first)
        for t in range(first, num_periods):
            now = np.minimum(left, free[:, t])
            days[:, t], left = now, left - now
            last[now > _TINY_D] = t
    begins = days[:, first] > _TINY_D
    why[able & ~begins] |= NO_ACCESS
    why[able & begins & (left > _TINY_D)] |= TOO_LONG
    in_time = period_ends(programme)[last] <= until_d
    why[able & begins & (left <= _TINY_D) & ~in_time] |= DEADLINE
    rows = np.flatnonzero(able & begins & (left <= _TINY_D) & in_time)
    mine = days[rows]
    share = mine / np.maximum(mine.sum(axis=1, keepdims=True), _TINY_D)
    later = follow[rows, None] * share
    usd = mine * usd_each(team)
    usd[:, first] += team.usd_per_task
    if team.action == "survey":
        clearing = next(t for t in programme.teams if t.name == team.follow_up)
        usd += later * usd_each(clearing) + (p_find[rows] * clearing.usd_per_task)[:, None] * share
    return {
        "area": rows, "team": np.full(rows.size, k), "first": np.full(rows.size, first), "last": last[rows],
        "days": mine, "usd": usd, "follow_up": later, "p_find": p_find[rows],
    }, why  # fmt: skip


def waited_out(programme: Programme) -> Ints:
    """(n_areas,) period at whose end time alone has brought each area within the release policy; −1: none of them."""
    areas, ends = programme.areas, period_ends(programme)
    if areas.wait_until_d is None:
        return np.full(areas.area_m2.size, -1, np.int64)
    by = np.searchsorted(ends, areas.wait_until_d)  # NaN comes after all
    return np.where(by < ends.size, by, -1).astype(np.int64)


def work_of(programme: Programme, team: TeamType) -> tuple[Floats, Floats, Floats]:
    """(n_areas,) team-days of a task, team-days of clearance expected after it, and the chance that it finds. [d]

    A survey that works a share c of the ground with detection p finds something, if n items lie there, with chance
    1 − (1 − c p)^n; n is the expected number given that there are any.
    """
    areas = programme.areas
    left = np.ones(areas.area_m2.size) if areas.work_left is None else areas.work_left
    ground = areas.area_m2 * left
    none = np.zeros(ground.size)
    if team.action != "survey":
        return days_each(team, ground), none, none
    clearing = next(t for t in programme.teams if t.name == team.follow_up)
    p_find = areas.p_any * found_if_any(programme, team)
    return (
        days_each(team, ground * team.covers),
        p_find * days_each(clearing, ground * team.follow_up_share),
        p_find,
    )


def found_if_any(programme: Programme, team: TeamType) -> Floats:
    """(n_areas,) chance that a survey finds something where there is something. [1]"""
    areas = programme.areas
    num = np.maximum(
        np.divide(areas.items, areas.p_any, out=np.ones_like(areas.items), where=areas.p_any > 0), 1.0
    )
    return np.asarray(1.0 - (1.0 - team.covers * team.removes) ** num)


def _valued(
    programme: Programme, parts: Mapping[str, NDArray[np.generic]], mean: Floats, lacks: Ints
) -> Options:
    """The options with what they bring."""
    areas, until = programme.areas, day_number(programme.horizon)
    area, team, last = (np.asarray(parts[n], np.int64) for n in ("area", "team", "last"))
    factor, land = np.zeros(area.size), np.zeros(area.size)
    for k, one in enumerate(programme.teams):
        mine = team == k
        if one.action == "survey":
            clearing = next(t for t in programme.teams if t.name == one.follow_up)
            factor[mine] = (found_if_any(programme, one) * clearing.removes * one.follow_up_share)[area[mine]]
        elif one.action != "cancel":
            factor[mine] = one.removes
        if one.action == "cancel":
            land[mine] = (areas.area_m2 * (1.0 - areas.p_any))[area[mine]]
        elif one.action != "monitor":
            land[mine] = areas.area_m2[area[mine]]
    harm = factor * harm_within(programme, parts, mean)
    years = np.maximum(until - period_ends(programme)[last], 0.0) / YEAR_D
    harm_total = float(harm_after(areas, mean, np.array([programme.start_d]), until).sum())
    land_total = float(areas.area_m2.sum()) * programme.years
    weights = programme.weights
    value = weights.land * land * years / max(land_total, 1e-300)
    if harm_total > 0.0:
        value = value + weights.harm * harm / harm_total
    return Options(
        area=area, team=team, first=np.asarray(parts["first"], np.int64), last=last, days=_f(parts["days"]),
        usd=_f(parts["usd"]), follow_up=_f(parts["follow_up"]), p_find=_f(parts["p_find"]), factor=factor, harm=harm,
        land_m2=land, value=value, lacks=lacks, harm_total=harm_total, land_total=land_total,
    )  # fmt: skip


def harm_within(programme: Programme, parts: Mapping[str, NDArray[np.generic]], rate: Floats) -> Floats:
    """(n,) harm of each option's area in the time in which the option keeps it away. [harm unit × a]"""
    until, ends = day_number(programme.horizon), period_ends(programme)
    area, team, last = (np.asarray(parts[n], np.int64) for n in ("area", "team", "last"))
    first = np.asarray(parts["first"], np.int64)
    after = harm_after(programme.areas, rate, ends, until)[area, last]
    watches = np.array([t.action in STANDING for t in programme.teams])[team]
    if watches.any():
        begins = np.array([day_number(p.start) for p in programme.periods])
        while_on = harm_after(programme.areas, rate, begins, until)[area, first] - after
        after = np.where(watches, while_on, after)
    return np.asarray(after)


def _f(column: NDArray[np.generic]) -> Floats:
    return np.asarray(column, np.float64)


def problem_of(programme: Programme, options: Options, value: Floats | None = None) -> Problem:
    """The options as a problem of choice; `value` instead of the mean one, for a draw."""
    num_areas, num_periods = len(programme.areas.area_id), len(programme.periods)
    budget = np.array([p.budget_usd for p in programme.periods])
    usd = options.usd
    if programme.carry_over:
        usd, budget = np.cumsum(usd, axis=1), np.cumsum(budget)
    capacity = [budget, *(work_days(t, programme) * t.num_teams for t in programme.teams)]
    clearing = {t.name: k for k, t in enumerate(programme.teams)}
    follows = np.array([clearing.get(t.follow_up, -1) for t in programme.teams])
    rows, cols, data = [], [], []
    for t in range(num_periods):
        for column, row in (
            (usd[:, t], np.full(options.area.size, t)),
            (options.days[:, t], (1 + options.team) * num_periods + t),
            (options.follow_up[:, t], (1 + follows[options.team]) * num_periods + t),
        ):
            some = np.flatnonzero(column > 0.0)
            rows.append(some)
            cols.append(row[some])
            data.append(column[some])
    shape = (options.area.size, (1 + len(programme.teams)) * num_periods)
    must = np.zeros(num_areas, np.bool_)
    place = {a: i for i, a in enumerate(programme.areas.area_id)}
    must[[place[m.area_id] for m in programme.must]] = True
    pairs = programme.areas.pairs if programme.weights.compact > 0.0 else np.empty((0, 2), np.int64)
    return Problem(
        group=options.area, value=options.value if value is None else value,
        use=csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(cols))), shape=shape),
        capacity=np.concatenate(capacity), must=must, pairs=pairs,
        pair_value=np.full(len(pairs), programme.weights.compact / max(len(pairs), 1)), cost=options.usd.sum(axis=1),
    )  # fmt: skip


def tasks_of(programme: Programme, options: Options, chosen: Ints) -> tuple[Task, ...]:
    """The options taken, as records, in order of time, team type and area."""
    taken = chosen[chosen >= 0]
    taken = taken[np.lexsort((options.area[taken], options.team[taken], options.first[taken]))]
    return tuple(
        Task(
            area_id=programme.areas.area_id[options.area[o]], action=programme.teams[options.team[o]].action,
            team=programme.teams[options.team[o]].name, first=int(options.first[o]), last=int(options.last[o]),
            team_days=tuple(options.days[o].tolist()), usd=tuple(options.usd[o].tolist()),
            follow_up_days=tuple(options.follow_up[o].tolist()), harm=float(options.harm[o]),
            land_m2=float(options.land_m2[o]), value=float(options.value[o]), p_find=float(options.p_find[o]),
        )
        for o in taken
    )  # fmt: skip
