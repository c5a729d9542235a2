"""Choose tasks among 10,000 areas with a bonus for neighbours, beside the solver used directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from remnant.decide.plan import Problem, Solution, solve
from remnant.decide.plan.exact import solve_exact
from remnant.decide.plan.problem import greedy, scaled

TITLE = "Plan 10,000 areas with neighbours, one budget and one capacity"
SIDE = 100
REPEATS = 3
BASE = "HiGHS (scipy.optimize.milp), to 1e-3"
_NEIGHBOURS = 0.3  # worth of all pairs beside the worth of all areas


def prepare(side: int = SIDE) -> Problem:
    """Areas on a square, each with a value, a cost and days of work; a tenth of all cost can be paid."""
    rng = np.random.default_rng([2026, *b"plan"])
    num = side * side
    value, size = rng.lognormal(0.0, 1.0, num), rng.lognormal(0.0, 0.7, num)
    days = size * rng.uniform(0.8, 1.2, num)
    index = np.arange(num).reshape(side, side)
    right = np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], axis=1)
    down = np.stack([index[:-1].ravel(), index[1:].ravel()], axis=1)
    pairs = np.concatenate([right, down])
    if side == SIDE:
        ours(prepare(5))
    return Problem(
        group=np.arange(num), value=value / value.sum(), use=csr_array(np.stack([size, days], axis=1)),
        capacity=np.array([0.1 * size.sum(), 0.11 * days.sum()]), must=np.zeros(num, bool), pairs=pairs,
        pair_value=np.full(len(pairs), _NEIGHBOURS / len(pairs)), cost=size,
    )  # fmt: skip


def ours(problem: Problem) -> Solution:
    """By prices, cut and solver."""
    return solve(problem)


def by_solver(problem: Problem) -> tuple[float, float]:
    """The whole as one mixed-integer programme: value and bound."""
    part, _ = scaled(problem)
    done = solve_exact(part, typical=0.5, gap=1e-3, time_s=120.0, num_nodes=10**9)
    return (0.0 if done.chosen is None else part.worth(done.chosen)), done.bound


def by_list(problem: Problem) -> float:
    """By value per cost."""
    part, _ = scaled(problem)
    chosen = greedy(part)
    return 0.0 if chosen is None else part.worth(chosen)


VARIANTS: Mapping[str, Callable[[Problem], Any]] = {
    BASE: by_solver,
    "remnant.decide.plan.solve": ours,
    "greedy by value per cost": by_list,
}


def facts(_: Problem, results: Mapping[str, Any]) -> dict[str, str]:
    """Values and gaps."""
    mine, direct = results["remnant.decide.plan.solve"], results[BASE]
    return {
        "value and gap of the plan": f"{mine.value:.6f}, {mine.gap:.1e}",
        "value and gap of the solver used directly": f"{direct[0]:.6f}, {1.0 - direct[0] / direct[1]:.1e}",
        "value by a list": f"{results['greedy by value per cost']:.6f}",
    }
