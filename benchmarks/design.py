"""Split 1,000 hours over 200 areas so that most is found, beside a linear solver used directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from remnant.decide.design import split_effort
from remnant.units import Floats

TITLE = "Split of search effort over 200 areas"
REPEATS = 3
BASE = "HiGHS (scipy.optimize.linprog), 32 pieces an area"
NUM_AREAS, HOURS, PIECES = 200, 1_000.0, 32
_MOST_H = 400.0  # in one area, for the pieces

Areas = tuple[Floats, Floats]


def prepare(num: int = NUM_AREAS) -> Areas:
    """Expected items and share worked per hour of each area."""
    rng = np.random.default_rng([2026, *b"design"])
    return rng.lognormal(0.0, 1.5, num), rng.lognormal(-3.0, 0.7, num)


def ours(areas: Areas) -> float:
    """Koopman and Stone in closed form; items found."""
    return float(split_effort(areas[0], areas[1], HOURS).found.sum())


def by_solver(areas: Areas) -> float:
    """The law of search in straight pieces, as a linear programme; items found by its hours."""
    weight, rate = areas
    edges = np.linspace(0.0, 1.0, PIECES + 1) ** 2 * _MOST_H
    found = weight[:, None] * -np.expm1(-rate[:, None] * edges)
    slope = np.diff(found, axis=1) / np.diff(edges)
    size = np.broadcast_to(np.diff(edges), slope.shape).ravel()
    done = linprog(
        -slope.ravel(), A_ub=csr_array(np.ones((1, slope.size))), b_ub=[HOURS],
        bounds=np.stack([np.zeros(slope.size), size], axis=1), method="highs",
    )  # fmt: skip
    hours = done.x.reshape(slope.shape).sum(axis=1)
    return float((weight * -np.expm1(-rate * hours)).sum())


VARIANTS: Mapping[str, Callable[[Areas], Any]] = {BASE: by_solver, "remnant.decide.design.split_effort": ours}


def facts(_: Any, results: Mapping[str, Any]) -> dict[str, str]:
    """What each finds."""
    one, two = results["remnant.decide.design.split_effort"], results[BASE]
    return {"items found": f"{one:,.2f} in closed form, {two:,.2f} by pieces ({two / one - 1.0:+.1e})"}
