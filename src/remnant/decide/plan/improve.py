"""Plans made from prices, and made better by small moves."""

from __future__ import annotations

import numba
import numpy as np

from remnant.decide.plan.dual import Bound
from remnant.decide.plan.problem import ROUNDING, Chosen, Problem, fill
from remnant.units import Floats, Ints

_VICTIMS = 24  # chosen groups that are tried in exchange for one that is not
_PASSES = 3


def from_bound(problem: Problem, bound: Bound, first: Chosen) -> Chosen:
    """A plan that fits, from what is best at given prices: the best per priced resource first.

    Parameters
    ----------
    problem, bound
        The bound.
    first
        What must be in it, already chosen to fit.
    """
    priced = problem.value - bound.net
    worth = problem.value + bound.credit[problem.group]
    tiny = 1e-12 * max(float(np.abs(problem.value).max(initial=0.0)), 1e-300)
    ratio = worth / np.maximum(priced, tiny)
    wanted = bound.chosen[bound.chosen >= 0]
    others = np.flatnonzero(worth > 0.0)
    order = np.concatenate(
        [wanted[np.argsort(-ratio[wanted], kind="stable")], others[np.argsort(-ratio[others], kind="stable")]]
    )
    return fill(problem, order, first)


def improved(problem: Problem, chosen: Chosen, bound: Bound) -> Chosen:
    """The plan after additions, better options and exchanges, as long as they pay.

    Parameters
    ----------
    problem, bound
        Prices tell which groups to try first.
    chosen
        A plan that fits.
    """
    near, begin, worth = _neighbours(problem)
    priced = problem.value - bound.net
    net = bound.net + bound.credit[problem.group]
    order = np.argsort(-net, kind="stable")
    use = problem.use
    left = problem.capacity * (1.0 + 0.5 * ROUNDING) - problem.used(chosen)
    return np.asarray(
        _moves(order.astype(np.int64), problem.group, problem.value, priced, use.indptr.astype(np.int64),
               use.indices.astype(np.int64), use.data, left, problem.must.astype(np.int64), near, begin,
               worth, chosen.copy())
    )  # fmt: skip


def _neighbours(problem: Problem) -> tuple[Ints, Ints, Floats]:
    """Neighbours of each group, where they begin, and the bonus of each."""
    if not problem.pairs.size:
        return np.empty(0, np.int64), np.zeros(problem.num_groups + 1, np.int64), np.empty(0)
    one = np.concatenate([problem.pairs[:, 0], problem.pairs[:, 1]])
    two = np.concatenate([problem.pairs[:, 1], problem.pairs[:, 0]])
    worth = np.concatenate([problem.pair_value, problem.pair_value])
    order = np.argsort(one, kind="stable")
    begin = np.searchsorted(one[order], np.arange(problem.num_groups + 1)).astype(np.int64)
    return two[order].astype(np.int64), begin, worth[order]


@numba.njit(cache=True, nogil=True)
def _bonus(g: int, near: Ints, begin: Ints, worth: Floats, chosen: Ints) -> float:
    total = 0.0
    for k in range(begin[g], begin[g + 1]):
        if chosen[near[k]] >= 0:
            total += worth[k]
    return total


@numba.njit(cache=True, nogil=True)
def _change(o: int, sign: float, indptr: Ints, indices: Ints, data: Floats, left: Floats) -> None:
    for k in range(indptr[o], indptr[o + 1]):
        left[indices[k]] -= sign * data[k]


@numba.njit(cache=True, nogil=True)
def _fits(o: int, indptr: Ints, indices: Ints, data: Floats, left: Floats) -> bool:
    fits = True
    for k in range(indptr[o], indptr[o + 1]):
        fits = fits and data[k] <= left[indices[k]]
    return fits


@numba.njit(cache=True, nogil=True)
def _victims(group: Ints, value: Floats, priced: Floats, must: Ints, near: Ints, begin: Ints, worth: Floats,
             chosen: Ints) -> Ints:  # fmt: skip
    """Chosen groups that are worth least beyond their price."""
    taken = np.flatnonzero(chosen >= 0)
    loss = np.empty(taken.size)
    for i in range(taken.size):
        g = taken[i]
        o = chosen[g]
        loss[i] = np.inf if must[g] else value[o] + _bonus(g, near, begin, worth, chosen) - priced[o]
    order = np.argsort(loss)
    return taken[order[: min(_VICTIMS, taken.size)]]


@numba.njit(cache=True, nogil=True)
def _moves(order: Ints, group: Ints, value: Floats, priced: Floats, indptr: Ints, indices: Ints, data: Floats,
           left: Floats, must: Ints, near: Ints, begin: Ints, worth: Floats, chosen: Ints) -> Ints:  # fmt: skip
    for _ in range(_PASSES):
        changed = False
        victims = _victims(group, value, priced, must, near, begin, worth, chosen)
        tries = 0
        for o in order:
            g = group[o]
            old = chosen[g]
            if old == o:
                continue
            extra = _bonus(g, near, begin, worth, chosen)
            if old >= 0:  # another option of the same group
                if value[o] > value[old]:
                    _change(old, -1.0, indptr, indices, data, left)
                    if _fits(o, indptr, indices, data, left):
                        _change(o, 1.0, indptr, indices, data, left)
                        chosen[g] = o
                        changed = True
                    else:
                        _change(old, 1.0, indptr, indices, data, left)
                continue
            if value[o] + extra <= 0.0:
                continue
            if _fits(o, indptr, indices, data, left):
                _change(o, 1.0, indptr, indices, data, left)
                chosen[g] = o
                changed = True
                continue
            tries += 1
            if tries > 2000:
                continue
            for v in victims:  # instead of one that is worth less
                w = chosen[v]
                if w < 0 or must[v] or v == g:
                    continue
                gone = value[w] + _bonus(v, near, begin, worth, chosen)
                chosen[v] = -1
                gain = value[o] + _bonus(g, near, begin, worth, chosen) - gone
                if gain > 1e-12 * gone:
                    _change(w, -1.0, indptr, indices, data, left)
                    if _fits(o, indptr, indices, data, left):
                        _change(o, 1.0, indptr, indices, data, left)
                        chosen[g] = o
                        changed = True
                        break
                    _change(w, 1.0, indptr, indices, data, left)
                chosen[v] = w
        if not changed:
            break
    return chosen
