"""The problem as a mixed-integer programme, by HiGHS.

Q. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical Programming Computation
10, 2018: the solver, through `scipy.optimize.milp`. What it returns is re-checked, never believed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from remnant.decide.plan.problem import Chosen, Problem
from remnant.units import Floats, Ints

_OPTIMAL, _INFEASIBLE = 0, 2
_WHOLE = 1e4  # the best known value becomes this, so that the solver's tolerances fit
_TIGHTER = 2e-6  # of a capacity: more than the solver may exceed a row by


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """What the solver said: a choice that fits (None: none found), a bound, and whether it was done."""

    chosen: Chosen | None
    bound: float
    is_done: bool
    is_infeasible: bool = False


def solve_exact(
    problem: Problem,
    *,
    options: NDArray[np.bool_] | None = None,
    always: NDArray[np.bool_] | None = None,
    typical: float,
    gap: float = 1e-7,
    time_s: float = 20.0,
    num_nodes: int = 20_000,
) -> Exact:
    """The best choice, or the best that was found within the limits.

    Parameters
    ----------
    problem
        With capacities of 1.
    options
        (n,) options to choose among; default all.
    always
        (n_groups,) groups of which something must be taken, beside those of the problem.
    typical
        Worth of a good plan: sets the scale.
    gap, time_s, num_nodes
        Where to stop: relative gap, seconds, nodes of the tree.
    """
    part = np.flatnonzero(options) if options is not None else np.arange(problem.group.size)
    needed = problem.must if always is None else problem.must | always
    if not part.size:
        empty = np.full(problem.num_groups, -1, np.int64)
        return Exact(
            chosen=None if needed.any() else empty, bound=0.0, is_done=True, is_infeasible=bool(needed.any())
        )
    scale = _WHOLE / max(typical, 1e-300)
    group, pairs, worth = problem.group[part], problem.pairs, problem.pair_value
    there = np.zeros(problem.num_groups, np.bool_)
    there[group] = True
    alive = there[pairs].all(axis=1) if pairs.size else np.zeros(0, np.bool_)
    pairs, worth = pairs[alive], worth[alive]
    cost = -scale * np.concatenate([problem.value[part], worth])
    whole = np.concatenate([np.ones(part.size), np.zeros(len(pairs))])  # a pair is whole where its groups are
    limits = {"time_limit": time_s, "node_limit": num_nodes, "mip_rel_gap": gap}
    bound, is_done, chosen = np.inf, False, None
    for tighter in (0.0, _TIGHTER):  # again where the solver's own tolerance let a row be exceeded
        matrix, low, high = _rows(problem, part, needed, pairs, there, tighter)
        rows = LinearConstraint(matrix, low, high)
        with _silent():
            done = milp(cost, constraints=rows, integrality=whole, bounds=Bounds(0.0, 1.0), options=limits)
        if tighter == 0.0:
            if done.status == _INFEASIBLE:
                return Exact(chosen=None, bound=-np.inf, is_done=True, is_infeasible=True)
            limit = getattr(done, "mip_dual_bound", None)
            bound = np.inf if limit is None else -float(limit) / scale
            is_done = done.status == _OPTIMAL
        chosen = None if done.x is None else _read(problem, part, np.asarray(done.x[: part.size]))
        if chosen is not None or done.x is None:
            break
    return Exact(chosen=chosen, bound=bound, is_done=is_done)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the solver's own lines, which it prints past Python, out of what a command prints."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # no standard output at all: nothing to keep clean
        yield
        return
    hidden = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(hidden, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(hidden)
        os.close(kept)


def _read(problem: Problem, part: Ints, x: Floats) -> Chosen | None:
    chosen = np.full(problem.num_groups, -1, np.int64)
    taken = part[x > 0.5]
    chosen[problem.group[taken]] = taken
    return chosen if problem.fits(chosen) and len(taken) == int((chosen >= 0).sum()) else None


def _rows(
    problem: Problem,
    part: Ints,
    needed: NDArray[np.bool_],
    pairs: Ints,
    there: NDArray[np.bool_],
    tighter: float,
) -> tuple[csr_array, Floats, Floats]:
    """One row per group, resource, and end of a pair."""
    group = problem.group[part]
    index = np.cumsum(there) - 1
    num, num_groups, num_pairs = part.size, int(there.sum()), len(pairs)
    in_group = csr_array((np.ones(num), (index[group], np.arange(num))), shape=(num_groups, num))
    blocks = [
        hstack([in_group, csr_array((num_groups, num_pairs))]),
        hstack([problem.use[part].T, csr_array((problem.capacity.size, num_pairs))]),
    ]
    low = [np.where(needed[there], 1.0, 0.0), np.full(problem.capacity.size, -np.inf)]
    high = [np.ones(num_groups), problem.capacity * (1.0 - tighter)]
    for side in range(2 if num_pairs else 0):
        ends = coo_array((np.ones(num_pairs), (np.arange(num_pairs), index[pairs[:, side]])),
                         shape=(num_pairs, num_groups)).tocsr()  # fmt: skip
        blocks.append(hstack([-(ends @ in_group), _eye(num_pairs)]))
        low.append(np.full(num_pairs, -np.inf))
        high.append(np.zeros(num_pairs))
    return csr_array(vstack(blocks)), np.concatenate(low), np.concatenate(high)


def _eye(size: int) -> csr_array:
    return csr_array((np.ones(size), (np.arange(size), np.arange(size))), shape=(size, size))
