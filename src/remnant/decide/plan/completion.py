"""When the plan, and all areas, will be done: dates as distributions, from the ranges of productivity and of finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.decide.plan.options import work_of
from remnant.decide.plan.pace import log_parameters, usd_each
from remnant.decide.plan.records import STANDING, Programme, Task, TeamType
from remnant.units import YEAR_D, Floats, Ints, date_of, day_number

_PREFERRED = ("survey", "clear", "cancel")
_FAR_D = 200.0 * YEAR_D  # nothing is said of dates beyond


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completion:
    """A date of completion as draws.

    Parameters
    ----------
    what
        Whose completion: ``the plan``, ``all areas``.
    days
        (n_draws,) day numbers; infinite where it never ends. [d]
    p_by_deadline
        Chance that it is done by the programme's deadline; NaN without one. [1]
    num_left_out
        Areas that are in no reckoning: their place is unknown, or no team type may work there.
    """

    what: str
    days: Floats
    p_by_deadline: float
    num_left_out: int

    def date(self, q: float) -> dt.date | None:
        """The day by which it is done with that chance; None where that is never."""
        day = float(np.quantile(self.days, q, method="inverted_cdf"))
        return date_of(np.ceil(day)) if np.isfinite(day) else None


def completions(
    programme: Programme, tasks: Sequence[Task], *, rng: np.random.Generator, num_draws: int = 1000
) -> tuple[Completion, Completion]:
    """When the tasks of a plan, and when all areas, are done.

    Parameters
    ----------
    programme, tasks
        The plan.
    rng
        Source of randomness.
    num_draws
        Number of draws.

    Returns
    -------
    Of the plan, and of all areas: areas that the plan leaves out are surveyed where a team type may, else cleared.

    Notes
    -----
    In each draw the pace of a team type is drawn once from its range (log-normal) and shared by its tasks; a survey
    finds with its chance, and what follows is cleared. A team type works its tasks without a break in its season; after
    the last period teams and yearly budget stay as they were. The date is that of the last team type, or of the money.
    """
    place = {a: i for i, a in enumerate(programme.areas.area_id)}
    of_team = {t.name: k for k, t in enumerate(programme.teams)}
    done = [t for t in tasks if t.action not in STANDING]
    areas = np.array([place[t.area_id] for t in done], np.int64)
    teams = np.array([of_team[t.team] for t in done], np.int64)
    rest, by, left_out = _rest(programme, set(areas.tolist()))
    draws = _Draws.of(programme, rng, num_draws)
    every = np.concatenate([areas, rest]), np.concatenate([teams, by])
    return (
        _completion(programme, "the plan", draws.ends(programme, areas, teams), 0),
        _completion(programme, "all areas", draws.ends(programme, *every), left_out),
    )


def _completion(programme: Programme, what: str, days: Floats, left_out: int) -> Completion:
    chance = np.nan
    if programme.deadline is not None:
        chance = 0.0 if left_out else float((days <= day_number(programme.deadline) + 1.0).mean())
    return Completion(what=what, days=days, p_by_deadline=chance, num_left_out=left_out)


def _rest(programme: Programme, served: set[int]) -> tuple[Ints, Ints, int]:
    """Areas that are not in the plan, who would work them, and how many nobody may."""
    order = sorted(
        (k for k, t in enumerate(programme.teams) if t.action in _PREFERRED),
        key=lambda k: _PREFERRED.index(programme.teams[k].action),
    )
    without = {a.area_id: a.without for a in programme.access}
    areas, teams, lost = [], [], 0
    for i, name in enumerate(programme.areas.area_id):
        if i in served:
            continue
        able = (
            k for k in order
            if programme.areas.place_known[i] and programme.teams[k].action not in without.get(name, ())
            and (programme.teams[k].action != "cancel" or programme.areas.p_any[i] <= programme.cancel_p_any_max)
        )  # fmt: skip
        k = next(able, None)
        if k is None:
            lost += 1
        else:
            areas.append(i)
            teams.append(k)
    return np.array(areas, np.int64), np.array(teams, np.int64), lost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Draws:
    """(n_draws, n_teams) days over expected days, dollars per day; and the source of the finds."""

    slower: Floats
    usd: Floats
    rng: np.random.Generator

    @classmethod
    def of(cls, programme: Programme, rng: np.random.Generator, num: int) -> _Draws:
        slower, usd = np.ones((num, len(programme.teams))), np.ones((num, len(programme.teams)))
        for k, team in enumerate(programme.teams):
            _, sd = log_parameters(team.pace)
            slower[:, k] = np.exp(sd * rng.standard_normal(num) - 0.5 * sd * sd)
            low, high = team.usd_per_day.low, team.usd_per_day.high
            usd[:, k] = rng.uniform(low, high, num) if high > low else usd_each(team)
        return cls(slower=slower, usd=usd, rng=rng)

    def ends(self, programme: Programme, areas: Ints, teams: Ints) -> Floats:
        """(n_draws,) day on which the tasks are done."""
        num = len(self.slower)
        need, money = np.zeros((num, len(programme.teams))), np.zeros(num)
        clearing = {t.name: k for k, t in enumerate(programme.teams)}
        for k, team in enumerate(programme.teams):
            mine = areas[teams == k]
            if not mine.size:
                continue
            work, follow, p_find = work_of(programme, team)
            need[:, k] += self.slower[:, k] * work[mine].sum()
            money += mine.size * team.usd_per_task
            if team.action == "survey":
                c = clearing[team.follow_up]
                full = np.divide(follow, p_find, out=np.zeros_like(follow), where=p_find > 0.0)[mine]
                for draw in range(num):
                    found = self.rng.random(mine.size) < p_find[mine]
                    need[draw, c] += self.slower[draw, c] * full[found].sum()
                    money[draw] += found.sum() * programme.teams[c].usd_per_task
        money += (need * self.usd).sum(axis=1)
        last = np.full(num, programme.start_d)
        for k, team in enumerate(programme.teams):
            last = np.maximum(last, _when(need[:, k], *_capacity(programme, team)))
        return np.asarray(np.maximum(last, _paid(programme, money)))


def _paid(programme: Programme, money: Floats) -> Floats:
    """Day from which there is money for so much: a period's budget is there when it starts."""
    starts = np.array([day_number(p.start) for p in programme.periods])
    budget = np.cumsum([p.budget_usd for p in programme.periods])
    end = day_number(programme.periods[-1].end)
    a_day = float(budget[-1]) / (end - programme.start_d)
    later = end + (money - budget[-1]) / a_day if a_day > 0.0 else np.full(money.shape, np.inf)
    inside = starts[np.minimum(np.searchsorted(budget, money), starts.size - 1)]
    return np.asarray(np.where(money > budget[-1], later, inside))


def _capacity(programme: Programme, team: TeamType) -> tuple[Floats, Floats, float]:
    """Days, team-days done by them in season, and team-days a day after the last."""
    starts = np.array([day_number(p.start) for p in programme.periods])
    ends = np.array([day_number(p.end) for p in programme.periods])
    days = np.arange(programme.start_d, ends[-1])
    month = days.astype(np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    within = ((days[:, None] >= starts) & (days[:, None] < ends)).any(axis=1)
    a_day = team.num_teams * team.days_per_week / 7.0
    done = np.concatenate([[0.0], np.cumsum(np.isin(month, team.months) * within * a_day)])
    return np.append(days, ends[-1]), done, a_day * len(set(team.months)) / 12.0


def _when(need: Floats, days: Floats, done: Floats, rate: float) -> Floats:
    """Day on which as much is done as needed."""
    inside: Floats = days[np.minimum(np.searchsorted(done, need - 1e-9), days.size - 1)]
    beyond = (need - done[-1]) / rate
    when = np.where(need > done[-1], days[-1] + beyond, inside)
    return np.asarray(np.where(when > days[0] + _FAR_D, np.inf, when))
