"""The best plan, or a good one and how far it can be from the best.

Greedy choice first; then prices, which give a bound, and from them better plans; then options that the bound rules
out are dropped, and what is left goes to the mixed-integer solver, whole where it is small enough, else the part that
the prices leave in doubt. The answer is the best of all, so it is never worse than greedy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from remnant.decide.plan.dual import Bound, least_bound, removable
from remnant.decide.plan.exact import Exact, solve_exact
from remnant.decide.plan.improve import from_bound, improved
from remnant.decide.plan.problem import Chosen, Problem, Solution, fill, greedy, scaled
from remnant.errors import NotEstimable

Effort = Literal["full", "quick"]
_PROVEN = 1e-6  # relative gap that counts as none
_SMALL_SIZE = 1500  # options and pairs that the solver gets at once
_WHOLE_SIZE = 6000  # that it gets after the core
_CORE_SIZES = (500, 1000, 2000)  # options most in doubt that it gets first
_CORE_GAP = 1e-4
_PRICED_OPTIONS = 3e7  # options times evaluations of the bound
_FEWEST_PRICES = 40
_CORE_TIME = 0.25  # of the time for a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to look.

    Parameters
    ----------
    num_prices
        Evaluations of the bound.
    num_plans
        Plans made from the last so many prices.
    time_s, num_nodes
        For each call of the mixed-integer solver; 0 nodes: none.
    """

    num_prices: int
    num_plans: int
    time_s: float
    num_nodes: int


_LIMITS: dict[Effort, Limits] = {
    "full": Limits(num_prices=300, num_plans=12, time_s=10.0, num_nodes=20_000),
    "quick": Limits(num_prices=40, num_plans=3, time_s=2.0, num_nodes=500),
}


def solve(problem: Problem, *, effort: Effort = "full", time_s: float | None = None) -> Solution:
    """The best plan that was found, with a bound on every plan.

    Parameters
    ----------
    problem
        Options, resources, wishes.
    effort
        ``full``, or ``quick`` for one of many.
    time_s
        For each call of the mixed-integer solver; default by effort. [s]

    Raises
    ------
    NotEstimable
        When what must be in the plan does not fit.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> two = Problem(group=np.array([0, 1, 2]), value=np.array([10.0, 6.0, 5.0]),
    ...     use=csr_array(np.array([[6.0], [4.0], [4.0]])), capacity=np.array([8.0]), must=np.zeros(3, bool),
    ...     pairs=np.empty((0, 2), int), pair_value=np.empty(0), cost=np.array([6.0, 4.0, 4.0]))
    >>> best = solve(two)
    >>> best.chosen.tolist(), best.value, best.greedy, best.is_proven
    ([-1, 1, 2], 11.0, 10.0, True)
    """
    limits = _LIMITS[effort]
    if time_s is not None:
        limits = replace(limits, time_s=time_s)
    part, kept = scaled(problem)
    plain = greedy(part)
    if plain is None:
        plain = _must_first(part, limits)
    base = part.worth(plain)
    steps = int(np.clip(_PRICED_OPTIONS / max(part.group.size, 1), _FEWEST_PRICES, limits.num_prices))
    bounds = least_bound(part, num_steps=min(steps, limits.num_prices))
    least = min(bounds, key=lambda b: b.value)
    plan = _from_prices(part, plain, bounds, least, limits)
    limit, how, cut = least.value, "prices", False
    if limits.num_nodes and part.worth(plan) < limit * (1.0 - _PROVEN):
        plan, limit, how, cut = _by_solver(part, plan, least, limits)
    value = part.worth(plan)
    back = np.where(plan >= 0, kept[plan], -1) if kept.size else plan
    return Solution(
        chosen=back, value=value, bound=max(limit, value), greedy=base,
        price=np.where(problem.capacity > 0.0, least.price / np.where(problem.capacity > 0, problem.capacity, 1), 0.0),
        net=problem.value - problem.use @ _unscaled(problem, least), group_bonus=least.credit,
        is_proven=value >= limit * (1.0 - _PROVEN), how=how, is_cut_short=cut,
    )  # fmt: skip


def _unscaled(problem: Problem, bound: Bound) -> NDArray[np.float64]:
    has = problem.capacity > 0.0
    return np.asarray(np.where(has, bound.price / np.where(has, problem.capacity, 1.0), 0.0))


def _must_first(problem: Problem, limits: Limits) -> Chosen:
    """A way to do what must be done, by the solver; then greedily on."""
    mine = problem.must[problem.group]
    found = solve_exact(
        problem, options=mine, typical=max(float(np.abs(problem.value[mine]).sum()), 1e-12), gap=0.5,
        time_s=max(limits.time_s, 20.0), num_nodes=20_000,
    )  # fmt: skip
    if found.chosen is None:
        raise NotEstimable("what must be in the plan does not fit into its limits. Relax one of them.")
    rest = np.flatnonzero(problem.value > 0.0)
    with np.errstate(divide="ignore"):
        ratio = problem.value[rest] / problem.cost[rest]
    return fill(problem, rest[np.argsort(-ratio, kind="stable")], found.chosen)


def _from_prices(
    problem: Problem, plain: Chosen, bounds: list[Bound], least: Bound, limits: Limits
) -> Chosen:
    """The best of the greedy plan and those from prices, all improved."""
    must = np.where(problem.must, plain, -1)
    best = improved(problem, plain, least)
    for bound in bounds[-limits.num_plans :]:
        plan = from_bound(problem, bound, np.full(problem.num_groups, -1, np.int64))
        if not problem.fits(plan):
            plan = from_bound(problem, bound, must)
        plan = improved(problem, plan, least)
        best = max((best, plan), key=problem.worth)
    if problem.pairs.size:  # bonuses of the neighbours that are in the plan, instead of shares of all
        plan = _with_neighbours(problem, best, must, least)
        best = max((best, plan), key=problem.worth)
    assert problem.fits(best)
    return best


def _with_neighbours(problem: Problem, plan: Chosen, must: Chosen, least: Bound) -> Chosen:
    both = (plan[problem.pairs] >= 0).astype(np.float64)
    credit = np.zeros(problem.num_groups)
    np.add.at(credit, problem.pairs[:, 0], 0.5 * both[:, 1] * problem.pair_value)
    np.add.at(credit, problem.pairs[:, 1], 0.5 * both[:, 0] * problem.pair_value)
    made = from_bound(problem, replace(least, credit=credit, chosen=plan), must)
    return improved(problem, made, least)


def _by_solver(
    problem: Problem, plan: Chosen, least: Bound, limits: Limits
) -> tuple[Chosen, float, str, bool]:
    """The plan after the mixed-integer solver, the bound, how, and whether a limit stopped it."""
    cut = False
    for core_size in _CORE_SIZES:
        left, _, size = _left(problem, plan, least)
        if size <= _SMALL_SIZE:
            break
        value = problem.worth(plan)
        doubt, held = _core(problem, plan, least, ~left, core_size)
        done = solve_exact(problem, options=doubt, always=held, typical=value, gap=_CORE_GAP,
                           time_s=_CORE_TIME * limits.time_s, num_nodes=limits.num_nodes)  # fmt: skip
        cut = cut or not done.is_done
        plan = max((plan, improved(problem, _better(problem, plan, done), least)), key=problem.worth)
    left, always, size = _left(problem, plan, least)
    if size > _WHOLE_SIZE:
        return plan, least.value, "prices and solver", cut
    done = solve_exact(problem, options=left, always=always, typical=problem.worth(plan), time_s=limits.time_s,
                       num_nodes=limits.num_nodes)  # fmt: skip
    plan = _better(problem, plan, done)
    value, limit = problem.worth(plan), least.value
    # a solver that claims less than a plan in hand is wrong, and its bound is not believed
    if done.bound >= value * (1.0 - _PROVEN) or done.is_infeasible:  # nothing better than the plan is left
        limit = min(limit, max(done.bound, value))
    return plan, limit, "solver" if done.is_done else "prices and solver", cut or not done.is_done


def _left(problem: Problem, plan: Chosen, least: Bound) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Options that a better plan may take, groups that it must serve, and how many options and pairs that is."""
    out, always = removable(problem, least, problem.worth(plan))
    out[plan[plan >= 0]] = False
    return ~out, always, int((~out).sum()) + _num_pairs(problem, ~out)


def _better(problem: Problem, plan: Chosen, done: Exact) -> Chosen:
    return plan if done.chosen is None else max((plan, done.chosen), key=problem.worth)


def _num_pairs(problem: Problem, options: NDArray[np.bool_]) -> int:
    if not problem.pairs.size:
        return 0
    there = np.zeros(problem.num_groups, np.bool_)
    there[problem.group[options]] = True
    return int(there[problem.pairs].all(axis=1).sum())


def _core(
    problem: Problem, plan: Chosen, least: Bound, out: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Options that the prices leave most in doubt, with the plan's own; and groups in which the plan's is held."""
    net = least.net + least.credit[problem.group]
    top = np.full(problem.num_groups, -np.inf)
    np.maximum.at(top, problem.group, net)
    # an option far below the best of its own group is in no doubt, whatever its own sign
    doubt = np.maximum(np.maximum(top, 0.0)[problem.group] - net, np.abs(top)[problem.group])
    doubt[out] = np.inf
    order = np.argsort(doubt, kind="stable")[:size]
    chosen = np.zeros(problem.group.size, np.bool_)
    chosen[order[np.isfinite(doubt[order])]] = True
    in_core = np.zeros(problem.num_groups, np.bool_)
    in_core[problem.group[chosen]] = True
    chosen[plan[plan >= 0]] = True
    return chosen, (plan >= 0) & ~in_core
