"""The bare problem of choice: options in groups, resources that they use, bonuses for neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from remnant.units import Floats, Ints

Chosen = Ints
"""(n_groups,) the option taken in each group; −1: none."""
ROUNDING = 1e-9  # of a capacity: what sums of floats may exceed it by


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """At most one option per group, within capacities; the most value.

    Parameters
    ----------
    group
        (n,) group of each option, ascending.
    value
        (n,) worth of each option. [any one unit]
    use
        (n, m) resources that it takes, 0 or more. [units of `capacity`]
    capacity
        (m,) what there is of each.
    must
        (n_groups,) groups of which one option must be taken.
    pairs, pair_value
        (n_pairs, 2) groups, and (n_pairs,) the worth, 0 or more, of taking something in both.
    cost
        (n,) what greedy choice divides by; default the sum of shares of capacities used.
    """

    group: Ints
    value: Floats
    use: csr_array
    capacity: Floats
    must: NDArray[np.bool_]
    pairs: Ints
    pair_value: Floats
    cost: Floats

    @property
    def num_groups(self) -> int:
        """Number of groups, with or without options."""
        return self.must.size

    @property
    def starts(self) -> Ints:
        """(n_groups + 1,) where the options of each group begin."""
        return np.searchsorted(self.group, np.arange(self.num_groups + 1)).astype(np.int64)

    def worth(self, chosen: Chosen) -> float:
        """Value of a choice with its bonuses."""
        taken = chosen >= 0
        total = float(self.value[chosen[taken]].sum())
        if self.pairs.size:
            total += float(self.pair_value[taken[self.pairs].all(axis=1)].sum())
        return total

    def used(self, chosen: Chosen) -> Floats:
        """(m,) resources that a choice takes."""
        return np.asarray(self.use[chosen[chosen >= 0]].sum(axis=0)).reshape(-1).astype(np.float64)

    def fits(self, chosen: Chosen) -> bool:
        """Whether it stays within every capacity and takes what must be taken."""
        within = self.used(chosen) <= self.capacity * (1.0 + ROUNDING) + 1e-12
        return bool(within.all() and (chosen[self.must] >= 0).all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A choice and what is known about it.

    Parameters
    ----------
    value, bound, greedy
        Worth of the choice; no choice is worth more than the bound; worth of the greedy choice.
    price
        (m,) what one unit more of each resource would bring, about.
    net
        (n,) value of each option less its resources at those prices.
    group_bonus
        (n_groups,) neighbours' bonus that each group is credited with in `bound`.
    is_proven
        Whether the choice is proven best, to a relative 1e-6.
    how
        Which way led to it, in words.
    is_cut_short
        Whether a clock stopped the search, so that another machine may find another plan.
    """

    chosen: Chosen
    value: float
    bound: float
    greedy: float
    price: Floats
    net: Floats
    group_bonus: Floats
    is_proven: bool
    how: str
    is_cut_short: bool

    @property
    def gap(self) -> float:
        """How far the choice can be from the best: (bound − value) / bound. [1]"""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0.0 else 0.0


def scaled(problem: Problem) -> tuple[Problem, NDArray[np.int64]]:
    """The problem without options that can never be taken, capacities as 1; and the options that were kept."""
    use = problem.use.tocsr()
    free = problem.capacity * (1.0 + ROUNDING) + 1e-12
    over = np.zeros(problem.group.size, np.bool_)
    rows = np.repeat(np.arange(problem.group.size), np.diff(use.indptr))
    over[rows[use.data > free[use.indices]]] = True
    in_pair = np.zeros(problem.num_groups, np.bool_)
    in_pair[problem.pairs.reshape(-1)] = True
    wanted = (problem.value > 0.0) | problem.must[problem.group] | in_pair[problem.group]
    kept = np.flatnonzero(~over & wanted)
    divisor = np.where(problem.capacity > 0.0, problem.capacity, 1.0)
    part = use[kept].tocsr().astype(np.float64)
    part.data = part.data / divisor[part.indices]
    part.eliminate_zeros()
    return Problem(
        group=problem.group[kept], value=problem.value[kept], use=part, capacity=np.ones(problem.capacity.size),
        must=problem.must, pairs=problem.pairs, pair_value=problem.pair_value, cost=problem.cost[kept],
    ), kept  # fmt: skip


def greedy(problem: Problem) -> Chosen | None:
    """The plan that a sorted list gives: what must be first, then by value per cost; None where must does not fit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(
            problem.cost > 0.0, problem.value / problem.cost, np.where(problem.value > 0, np.inf, 0.0)
        )
    must = problem.must[problem.group]
    first = np.flatnonzero(must)
    rest = np.flatnonzero(~must & (problem.value > 0.0))
    for key in (
        -ratio,
        problem.cost,
    ):  # value per cost, then, if what must be does not fit so, the cheapest way
        order = np.concatenate([first[np.argsort(key[first], kind="stable")],
                                rest[np.argsort(-ratio[rest], kind="stable")]])  # fmt: skip
        chosen = fill(problem, order, np.full(problem.num_groups, -1, np.int64))
        if (chosen[problem.must] >= 0).all():
            return chosen
    return None


def fill(problem: Problem, order: Ints, chosen: Chosen) -> Chosen:
    """Take options in an order as long as they fit; groups that have one keep it."""
    use = problem.use
    left = problem.capacity * (1.0 + 0.5 * ROUNDING) - problem.used(chosen)
    return np.asarray(
        _fill(order.astype(np.int64), problem.group, use.indptr, use.indices, use.data, left, chosen.copy())
    )


@numba.njit(cache=True, nogil=True)
def _fill(
    order: Ints, group: Ints, indptr: Ints, indices: Ints, data: Floats, left: Floats, chosen: Ints
) -> Ints:
    for o in order:
        g = group[o]
        if chosen[g] >= 0:
            continue
        fits = True
        for k in range(indptr[o], indptr[o + 1]):
            if data[k] > left[indices[k]]:
                fits = False
                break
        if fits:
            chosen[g] = o
            for k in range(indptr[o], indptr[o + 1]):
                left[indices[k]] -= data[k]
    return chosen
