"""From a programme to its plan, with everything that is said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from remnant.decide.plan.check import faults_of
from remnant.decide.plan.completion import Completion, completions
from remnant.decide.plan.options import Options, harm_within, options_of, problem_of, tasks_of
from remnant.decide.plan.problem import Problem, Solution
from remnant.decide.plan.reasons import reasons_of, waits_of
from remnant.decide.plan.records import Programme, Task, Weights
from remnant.decide.plan.relax import row_names, what_to_relax
from remnant.decide.plan.solve import solve
from remnant.errors import NotEstimable, RemnantError
from remnant.units import Floats

Progress = Callable[[str, float], None]
_MOST_DRAWS_OPTIONS = 4_000_000  # options times draws that are planned on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """One plan of the Pareto front: what it keeps away and returns, at which weights, how far from the best."""

    weights: Weights
    harm: float
    land_m2: float
    usd: float
    num_tasks: int
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanAnswer:
    """A plan and what is known about it.

    Parameters
    ----------
    programme, tasks
        What was asked, and the plan.
    solution
        Value, bound, greedy value, prices.
    harm_total
        Harm that all areas do up to the horizon if nothing is done. [harm unit × a]
    reasons
        (n_areas,) why an area is not in the plan; empty where it is.
    waits
        (n_areas,) what time alone does to an area, and by when, in words; empty where nothing.
    share
        (n_areas,) share of the draws in whose own best plan the area is served; NaN where no draws were planned on. [1]
    same
        (n_areas,) share in which it is served by the action that the plan gives it. [1]
    regret
        (n_draws,) what the plan falls short of the plan made for each draw, as a share of that. [1]
    scarce
        Name, unit, amount there, amount used and price of each resource that binds: value per 1 % more of it. [1]
    completion
        Of the plan, and of all areas.
    """

    programme: Programme
    tasks: tuple[Task, ...]
    solution: Solution
    harm_total: float
    reasons: tuple[str, ...]
    waits: tuple[str, ...]
    share: Floats
    same: Floats
    regret: Floats
    scarce: tuple[tuple[str, str, float, float, float], ...]
    completion: tuple[Completion, Completion]
    front: tuple[Point, ...]
    seed: int

    @property
    def harm(self) -> float:
        """Expected harm that the plan keeps away up to the horizon. [harm unit × a]"""
        return sum(t.harm for t in self.tasks)

    @property
    def land_m2(self) -> float:
        """Expected land returned. [m²]"""
        return sum(t.land_m2 for t in self.tasks)

    @property
    def usd(self) -> float:
        """Expected cost. [USD]"""
        return sum(t.total_usd for t in self.tasks)


def make_plan(
    programme: Programme,
    *,
    seed: int,
    num_draws: int = 40,
    num_front: int = 0,
    time_s: float | None = None,
    progress: Progress | None = None,
) -> PlanAnswer:
    """The plan of a programme.

    Parameters
    ----------
    programme
        Areas, periods, team types, wishes.
    seed
        The same seed gives the same plan, unless a clock stops the search (which the answer says).
    num_draws
        Posterior draws that are planned on, each by itself; 0: none.
    num_front
        Weights between harm and land for the Pareto front; 0: none.
    time_s
        For each call of the mixed-integer solver. [s]
    progress
        Called with the name of the step and the share done.

    Raises
    ------
    NotEstimable
        When what must be in the plan cannot be done; says what to relax.
    """
    tell = progress or (lambda _step, _share: None)
    tell("listing options", 0.0)
    options = options_of(programme)
    problem = problem_of(programme, options)
    solution = _solved(programme, problem, options, time_s, tell)
    tasks = tasks_of(programme, options, solution.chosen)
    faults = faults_of(programme, tasks)
    if faults:
        raise RemnantError(
            f"the plan breaks its own rules, so it is not given: {faults[0]}. Please report this."
        )
    share, same, regret = _on_draws(programme, options, problem, solution, seed, num_draws, tell)
    tell("dating completion", 0.0)
    done = completions(programme, tasks, rng=np.random.default_rng([seed, *b"completion"]))
    return PlanAnswer(
        programme=programme, tasks=tasks, solution=solution, harm_total=options.harm_total,
        reasons=reasons_of(programme, options, problem, solution), waits=waits_of(programme), share=share, same=same,
        regret=regret, scarce=_scarce(programme, problem, solution), completion=done,
        front=pareto_front(programme, num_front, tell), seed=seed,
    )  # fmt: skip


def _solved(
    programme: Programme, problem: Problem, options: Options, time_s: float | None, tell: Progress
) -> Solution:
    tell("choosing tasks", 0.0)
    none = problem.must & (np.bincount(problem.group, minlength=problem.num_groups) == 0)
    try:
        if none.any():
            raise NotEstimable("no option")
        return solve(problem, time_s=time_s)
    except NotEstimable:
        found = what_to_relax(programme, problem, options.lacks)
        words = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
        raise NotEstimable(
            f"no plan does all of the must-do list ({len(programme.must)} areas). What to relax: "
            f"{words or 'shorten the must-do list'}."
        ) from None


def _on_draws(
    programme: Programme,
    options: Options,
    problem: Problem,
    solution: Solution,
    seed: int,
    num: int,
    tell: Progress,
) -> tuple[Floats, Floats, Floats]:
    """How often each area is served in plans made for single draws, by the same action, and the plan's regret."""
    there = len(programme.areas.harm)
    num = min(num, there, int(_MOST_DRAWS_OPTIONS / max(options.area.size, 1)))
    if num < 2 or there < 2 or programme.weights.harm == 0.0:
        blank = np.full(problem.num_groups, np.nan)
        return blank, blank, np.empty(0)
    picked = np.random.default_rng([seed, *b"draws"]).choice(there, num, replace=False)
    actions = np.array([t.action for t in programme.teams])[options.team]
    mine = np.where(solution.chosen >= 0, actions[solution.chosen], "")
    served, same, regret = np.zeros(problem.num_groups), np.zeros(problem.num_groups), np.zeros(num)
    for i, draw in enumerate(picked):
        tell("planning on draws", i / num)
        one = replace(problem, value=_value_of_draw(programme, options, int(draw)))
        best = solve(one, effort="quick")
        taken = best.chosen >= 0
        served += taken
        same += taken & (np.where(taken, actions[best.chosen], "-") == mine)
        top = max(best.value, one.worth(solution.chosen))
        regret[i] = 1.0 - one.worth(solution.chosen) / top if top > 0.0 else 0.0
    return served / num, same / num, regret


def _value_of_draw(programme: Programme, options: Options, draw: int) -> Floats:
    """(n,) value of the options if the harm is that of one draw."""
    parts = {"area": options.area, "team": options.team, "first": options.first, "last": options.last}
    harm = options.factor * harm_within(programme, parts, programme.areas.harm[draw])
    gain = (
        programme.weights.harm * (harm - options.harm) / options.harm_total
        if options.harm_total > 0.0
        else 0.0
    )
    return np.asarray(options.value + gain)


def _scarce(
    programme: Programme, problem: Problem, solution: Solution
) -> tuple[tuple[str, str, float, float, float], ...]:
    used = problem.used(solution.chosen)
    worth = solution.price * problem.capacity * 0.01
    rows = [
        (name, unit, float(problem.capacity[r]), float(used[r]), float(worth[r]))
        for r, (name, unit) in enumerate(row_names(programme))
        if problem.capacity[r] > 0.0
    ]
    return tuple(sorted(rows, key=lambda row: -row[4]))


def pareto_front(programme: Programme, num: int, progress: Progress | None = None) -> tuple[Point, ...]:
    """Plans at weights from all harm to all land, without those that another beats in both.

    Parameters
    ----------
    programme
        Its own weights do not matter, but for the weight of neighbourhood.
    num
        Number of weights; 0: none.
    progress
        Called with the step and the share done.
    """
    points: list[Point] = []
    for i in range(num):
        if progress is not None:
            progress("drawing the Pareto front", i / num)
        angle = 0.5 * np.pi * i / max(num - 1, 1)
        weights = Weights(
            harm=max(float(np.cos(angle)), 1e-6),
            land=max(float(np.sin(angle)), 1e-6),
            compact=programme.weights.compact,
        )
        one = replace(programme, weights=weights)
        options = options_of(one)
        solution = solve(problem_of(one, options), effort="quick")
        tasks = tasks_of(one, options, solution.chosen)
        points.append(
            Point(weights=weights, harm=sum(t.harm for t in tasks), land_m2=sum(t.land_m2 for t in tasks),
                  usd=sum(t.total_usd for t in tasks), num_tasks=len(tasks), gap=solution.gap)
        )  # fmt: skip
    kept = [
        p for p in points
        if not any((q.harm >= p.harm and q.land_m2 > p.land_m2) or (q.harm > p.harm and q.land_m2 >= p.land_m2)
                   for q in points)
    ]  # fmt: skip
    unique = {(p.harm, p.land_m2): p for p in reversed(kept)}
    return tuple(sorted(unique.values(), key=lambda p: -p.harm))
