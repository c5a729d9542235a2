"""Why an area is not in the plan, in words that name what would change it."""

from __future__ import annotations

import numpy as np

from remnant.decide.plan.options import Options
from remnant.decide.plan.problem import Problem, Solution
from remnant.decide.plan.records import Programme
from remnant.decide.plan.relax import row_names, words_of_lacks
from remnant.units import Floats, date_of

_BINDS = 1e-6
_FALLS = 0.5  # share of the harm that time takes away before waiting is worth saying


def reasons_of(
    programme: Programme, options: Options, problem: Problem, solution: Solution
) -> tuple[str, ...]:
    """(n_areas,) one sentence for each area that is not in the plan; empty for those that are."""
    starts = problem.starts
    names = row_names(programme)
    left = problem.capacity - problem.used(solution.chosen)
    binding = ", ".join(
        names[r][0] for r in np.argsort(-solution.price * problem.capacity)[:2] if solution.price[r] > 0.0
    )
    net = solution.net + solution.group_bonus[problem.group]
    out = []
    for a in range(problem.num_groups):
        if solution.chosen[a] >= 0:
            out.append("")
            continue
        mine = np.arange(starts[a], starts[a + 1])
        if not mine.size:
            out.append(words_of_lacks(int(options.lacks[a])))
            continue
        best = int(mine[np.argmax(net[mine])])
        out.append(_one(programme, options, problem, solution, best, left, binding, float(net[best])))
    return tuple(out)


def _one(
    programme: Programme, options: Options, problem: Problem, solution: Solution, o: int, left: Floats,
    binding: str, net: float,
) -> str:  # fmt: skip
    """Why the best option of an area was not taken."""
    way = f"{programme.teams[options.team[o]].action} by {programme.teams[options.team[o]].name}"
    usd = float(options.usd[o].sum())
    if problem.value[o] <= 0.0:
        return f"nothing that counts would be gained by {way}"
    part = slice(problem.use.indptr[o], problem.use.indptr[o + 1])
    index, size = problem.use.indices[part], problem.use.data[part]
    over = [r for r, u in zip(index, size, strict=True) if u > problem.capacity[r] * (1.0 + _BINDS)]
    names = row_names(programme)
    if over:
        r, need = over[0], float(size[list(index).index(over[0])])
        return f"{way} alone needs {need:,.0f} {names[r][1]} of {names[r][0]}, which has {problem.capacity[r]:,.0f}"
    value, price = float(problem.value[o]), float(problem.value[o]) - net
    if price > value * (1.0 + 1e-9):
        return (
            f"its best way, {way} for {usd:,.0f} USD, brings {value / price:.0%} of what the same means bring "
            f"elsewhere; scarce: {binding or 'nothing'}. It would come in with {price / value:.2g} times "
            "its value, or more means"
        )
    short = [r for r, u in zip(index, size, strict=True) if u > left[r] * (1.0 + _BINDS)]
    if short:
        r = short[0]
        rest = f"{left[r]:,.0f} {names[r][1]} of {names[r][0]} are left"
        return f"next in line: {way} for {usd:,.0f} USD no longer fits; {rest}"
    return f"{way} for {usd:,.0f} USD would fit, but in exchange for tasks that count more"


def waits_of(programme: Programme) -> tuple[str, ...]:
    """(n_areas,) what time alone does, and when, in words; empty where nothing.

    The day by which the release policy's limits are kept, or else the first date by which half of the harm is gone.
    """
    areas = programme.areas
    until = np.full(len(areas.area_id), np.nan) if areas.wait_until_d is None else areas.wait_until_d
    mean = areas.harm.mean(axis=0)
    days = np.array(areas.dates_d, dtype=np.float64).astype("datetime64[D]")
    fallen = (mean <= _FALLS * mean[:, :1]) & (mean[:, :1] > 0.0)
    first = np.argmax(fallen, axis=1)
    return tuple(
        f"by {date_of(until[a])} time alone keeps the limits of the release policy" if not np.isnan(until[a])
        else f"by {days[k]} time alone takes half of its harm away" if fallen[a, k]
        else ""
        for a, k in enumerate(first)
    )  # fmt: skip
