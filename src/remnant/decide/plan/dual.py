"""A bound on the best plan, and prices of the resources, by Lagrangian relaxation.

With prices λ ≥ 0 on the resources the choice falls apart into groups, but for the bonuses of neighbours. Those are
credited to one of the two groups, or split, and a minimum cut finds the split that gives the least bound. Whatever
prices and whatever split: no plan is worth more than ::

    Σ_r λ_r capacity_r + Σ_g max(0, max_o (value_o − λ·use_o) + credit_g)

(without the 0 for groups that must be served) [1]_, so a bad search gives a weak bound, never a wrong one.

.. [1] M. L. Fisher, "The Lagrangian relaxation method for solving integer programming problems", Management Science
   27(1), 1981.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from remnant.decide.plan.problem import Chosen, Problem
from remnant.units import Floats, Ints

_FLOW_SCALE = float(2**29)
_LEAST_STEP = 0.1  # share of the predicted descent that moves the centre


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bound:
    """What prices tell.

    Parameters
    ----------
    value
        No plan is worth more.
    price
        (m,) of each resource.
    net
        (n,) value less priced resources of each option.
    credit
        (n_groups,) bonuses credited to each group.
    chosen
        The choice that is best at these prices; it may use too much.
    """

    value: float
    price: Floats
    net: Floats
    credit: Floats
    chosen: Chosen


def bound_at(problem: Problem, price: Floats) -> Bound:
    """The bound at given prices, with the best split of the bonuses."""
    net = problem.value - problem.use @ price
    best, top = _best(net, problem.starts)
    credit, is_in = _credit(problem, top)
    total = top + credit
    counts = (best >= 0) & (problem.must | (total > 0.0))
    taken = (best >= 0) & (problem.must | is_in)
    return Bound(
        value=float(problem.capacity @ price + total[counts].sum()),
        price=price,
        net=net,
        credit=credit,
        chosen=np.where(taken, best, -1),
    )


@numba.njit(cache=True, nogil=True)
def _best(net: Floats, starts: Ints) -> tuple[Ints, Floats]:
    """Best option of each group and its net value; −1 and −inf where it has none."""
    num = starts.size - 1
    best, top = np.full(num, -1), np.full(num, -np.inf)
    for g in range(num):
        for o in range(starts[g], starts[g + 1]):
            if net[o] > top[g]:
                best[g], top[g] = o, net[o]
    return best, top


def _credit(problem: Problem, top: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(n_groups,) how the bonuses are shared out so that the bound is least, and the groups that are then taken."""
    credit = np.zeros(top.size)
    if not problem.pairs.size:
        return credit, top > 0.0
    one, two, worth = problem.pairs[:, 0], problem.pairs[:, 1], problem.pair_value
    alive = np.isfinite(top[one]) & np.isfinite(top[two])
    one, two, worth = one[alive], two[alive], worth[alive]
    state = np.where(problem.must | (top >= 0.0), 1, 0).astype(np.int8)  # 1 in, −1 out, 0 open
    state[~np.isfinite(top)] = -1
    when = np.zeros(top.size, np.int64)  # the round in which a group was decided
    turn = 0
    while True:
        turn += 1
        # pairs with a decided end: the bonus is credited to the other end of one that is in, and to one that is out
        sure_one, sure_two = state[one], state[two]
        given = np.zeros(top.size)
        np.add.at(given, two, np.where(sure_one == 1, worth, 0.0))
        np.add.at(given, one, np.where((sure_two == 1) & (sure_one != 1), worth, 0.0))
        loose = (sure_one == 0) & (sure_two == 0)
        most = given.copy()
        np.add.at(most, one[loose], worth[loose])
        np.add.at(most, two[loose], worth[loose])
        now_in, now_out = (state == 0) & (top + given >= 0.0), (state == 0) & (top + most <= 0.0)
        if not (now_in.any() or now_out.any()):
            break
        state[now_in], state[now_out & ~now_in] = 1, -1
        when[now_in | now_out] = turn
    # a pair goes to its end that went out (the first of two), or came in last; the cut splits what is open
    first_out = (state[one] == -1) & ((state[two] != -1) | (when[one] <= when[two]))
    last_in = (state[one] != -1) & (state[two] == 1) & ((state[one] == 0) | (when[one] >= when[two]))
    to_one = (first_out | last_in).astype(np.float64)
    loose = (state[one] == 0) & (state[two] == 0)
    to_one[loose] = 0.5
    split = worth * to_one
    np.add.at(credit, one, split)
    np.add.at(credit, two, worth - split)
    is_in = state == 1
    if loose.any():
        moved, nodes = _cut(top + credit, one[loose], two[loose], worth[loose])
        np.add.at(credit, one[loose], -moved)
        np.add.at(credit, two[loose], moved)
        is_in[nodes] = True
    return credit, is_in


def _cut(level: Floats, one: Ints, two: Ints, worth: Floats) -> tuple[Floats, Ints]:
    """What each pair passes from one end to the other, at most half its bonus: a maximum flow; and the groups taken."""
    nodes, index = np.unique(np.concatenate([one, two]), return_inverse=True)
    a, b = index[: one.size], index[one.size :]
    here = level[nodes]
    source, sink = nodes.size, nodes.size + 1
    scale = _FLOW_SCALE / max(float(np.abs(here).max()), float(worth.max()))
    full = np.arange(nodes.size)
    start = np.concatenate([np.full(nodes.size, source), full, a, b])
    end = np.concatenate([full, np.full(nodes.size, sink), b, a])
    size = np.concatenate([np.maximum(here, 0.0), np.maximum(-here, 0.0), 0.5 * worth, 0.5 * worth])
    graph = csr_array(
        ((size * scale).astype(np.int32), (start, end)),
        shape=(nodes.size + 2, nodes.size + 2),
        dtype=np.int32,
    )
    flow = maximum_flow(graph, source, sink).flow.tocsr()
    passed = np.asarray(flow[a, b]).reshape(-1).astype(np.float64) / scale
    left = csr_array(graph - flow)
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    return np.clip(passed, -0.5 * worth, 0.5 * worth), nodes[reached[reached < nodes.size]]


def least_bound(
    problem: Problem, *, num_steps: int, start: Floats | None = None, tolerance: float = 1e-7
) -> list[Bound]:
    """Bounds at better and better prices, the least one last.

    Cutting planes with a box around the best prices so far that grows and shrinks with success.

    Parameters
    ----------
    problem
        With capacities of 1 (`scaled`).
    num_steps
        Most evaluations.
    start
        First prices.
    tolerance
        Stop when no more than this share of the bound can be gained.
    """
    price = first_prices(problem) if start is None else start
    here = bound_at(problem, price)
    found = [here]
    planes = [(here.value - float(price @ (s := _slope(problem, here))), s)]
    radius = max(float(price.max()), 1e-12)
    for _ in range(num_steps):
        trial, predicted = _master(planes, here.price, radius)
        promise = here.value - predicted
        if promise <= tolerance * max(abs(here.value), 1e-300):
            if radius >= 4.0 * max(float(here.price.max()), 1e-12) or promise <= 0.0:
                break
            radius *= 4.0
            continue
        new = bound_at(problem, trial)
        slope = _slope(problem, new)
        planes.append((new.value - float(trial @ slope), slope))
        if here.value - new.value >= _LEAST_STEP * promise:
            here = new
            found.append(new)
            radius *= 2.0
        elif new.value >= here.value:
            radius *= 0.5
    return found


def _slope(problem: Problem, bound: Bound) -> Floats:
    return problem.capacity - problem.used(bound.chosen)


def _master(planes: list[tuple[float, Floats]], centre: Floats, radius: float) -> tuple[Floats, float]:
    """Prices in the box at which the cutting planes are lowest, and how low."""
    size = centre.size
    slopes = np.array([s for _, s in planes])
    scale = max(radius, 1e-300)  # work in units of the radius, so that the unit of value does not matter
    heights = np.array([h for h, _ in planes])
    at_centre = heights + slopes @ centre
    top = max(float(np.abs(at_centre).max()), 1e-300)
    done = linprog(
        np.concatenate([np.zeros(size), [1.0]]),
        A_ub=np.hstack([slopes * (scale / top), -np.ones((len(planes), 1))]),
        b_ub=-at_centre / top,
        bounds=[(max(-1.0, -c / scale), 1.0) for c in centre] + [(None, None)],
        method="highs",
    )
    if done.x is None:
        return centre, float(at_centre.max())
    return np.maximum(centre + scale * done.x[:-1], 0.0), float(done.fun) * top


def first_prices(problem: Problem) -> Floats:
    """Prices at which about as much is wanted as there is: the value per share of all capacities at the cut-off."""
    size = problem.capacity.size
    share = np.asarray(problem.use.sum(axis=1)).reshape(-1)
    if not share.size:
        return np.zeros(size)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(share > 0.0, problem.value / share, 0.0)
    order = np.argsort(-ratio, kind="stable")
    once = np.zeros(share.size, np.bool_)
    once[np.unique(problem.group[order], return_index=True)[1]] = (
        True  # first entry of each group in the order
    )
    order = order[once]
    last = int(np.searchsorted(np.cumsum(share[order]), size))
    return np.full(size, max(float(ratio[order[min(last, order.size - 1)]]), 0.0))


def removable(problem: Problem, bound: Bound, value: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Options that no plan worth more than `value` takes, and groups that every such plan serves.

    Parameters
    ----------
    problem, bound
        The bound at any prices.
    value
        Worth of a plan that is known.
    """
    _, top = _best(bound.net, problem.starts)
    served = np.where(problem.must, -np.inf, 0.0)
    at_best = np.maximum(served, top + bound.credit)
    at_best[~np.isfinite(at_best)] = 0.0
    loss = at_best[problem.group] - (bound.net + bound.credit[problem.group])
    out = bound.value - loss < value
    kept = np.zeros(problem.num_groups, np.bool_)
    kept[np.unique(problem.group[~out])] = True
    always = (bound.value - np.maximum(at_best, 0.0) < value) & kept
    return out, always
