"""Why what must be done cannot be done, and what to relax, by how much."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack

from remnant.decide.plan.options import DEADLINE, NO_ACCESS, NO_PLACE, NOT_CANCEL, RULED_OUT, TOO_LONG
from remnant.decide.plan.problem import Problem
from remnant.decide.plan.records import Programme
from remnant.units import Floats, Ints

LACKS = {
    NO_PLACE: "its place is unknown: nobody can be sent there",
    TOO_LONG: "its work is longer than the periods that are left; add periods, teams per task or a faster team type",
    NO_ACCESS: "no day in season has access to it; widen access or season",
    DEADLINE: "no team type can finish it by its deadline; move the deadline or allow more teams per task",
    NOT_CANCEL: "it is too likely to hold something to be cancelled after non-technical survey",
    RULED_OUT: "actions are ruled out for it",
}
_TOO_LITTLE = 1e-7


def words_of_lacks(bits: int) -> str:
    """Why an area has no option, in words."""
    strongest = (NO_PLACE, NO_ACCESS, TOO_LONG, DEADLINE, RULED_OUT, NOT_CANCEL)
    return "; ".join(LACKS[b] for b in strongest if bits & b) or "no team type does anything there"


def row_names(programme: Programme) -> list[tuple[str, str]]:
    """What each resource of the problem is, and its unit."""
    names = [
        (f"budget {'up to the end of' if programme.carry_over else 'of'} {p.name}", "USD")
        for p in programme.periods
    ]
    return names + [
        (f"{t.name} in {p.name}", "team-days") for t in programme.teams for p in programme.periods
    ]


def what_to_relax(programme: Programme, problem: Problem, lacks: Ints) -> tuple[str, ...]:
    """Sentences that say what keeps the must-do list from being done; empty where nothing does.

    Parameters
    ----------
    programme, problem
        What was asked, and as a problem of choice.
    lacks
        (n_areas,) why areas lack options.

    Notes
    -----
    Every limit may be exceeded at a price in proportion to itself; the cheapest way to do all that must be done tells
    which limits must give way, by how much. Options that another limit of the same kind rules out are kept here.
    """
    has = np.zeros(problem.num_groups, np.bool_)
    has[problem.group] = True
    none = np.flatnonzero(problem.must & ~has)
    if none.size:
        return tuple(f"{programme.areas.area_id[i]}: {words_of_lacks(int(lacks[i]))}" for i in none)
    mine = np.flatnonzero(problem.must[problem.group])
    if not mine.size:
        return ()
    groups, group = np.unique(problem.group[mine], return_inverse=True)
    num, rows = mine.size, problem.capacity.size
    unit = np.where(
        problem.capacity > 0.0, problem.capacity, max(float(problem.capacity.max(initial=0.0)), 1.0)
    )
    use = csr_array(problem.use[mine].T / unit[:, None])
    one = csr_array((np.ones(num), (group, np.arange(num))), shape=(groups.size, num))
    slack = csr_array((-np.ones(rows), (np.arange(rows), np.arange(rows))), shape=(rows, rows))
    matrix = vstack([hstack([one, csr_array((groups.size, rows))]), hstack([use, slack])])
    done = milp(
        np.concatenate([np.zeros(num), np.ones(rows)]),
        constraints=LinearConstraint(
            csr_array(matrix),
            np.concatenate([np.ones(groups.size), np.full(rows, -np.inf)]),
            np.concatenate([np.ones(groups.size), problem.capacity / unit]),
        ),
        integrality=np.concatenate([np.ones(num), np.zeros(rows)]),
        bounds=Bounds(0.0, np.concatenate([np.ones(num), np.full(rows, np.inf)])),
        options={"time_limit": 20.0, "mip_rel_gap": 1e-3},
    )
    if done.x is None:
        return ("the must-do list does not fit, and no relaxation was found in time; shorten it",)
    return _sentences(programme, problem, np.asarray(done.x[num:]) * unit)


def _sentences(programme: Programme, problem: Problem, over: Floats) -> tuple[str, ...]:
    return tuple(
        f"{name}: {problem.capacity[r]:,.0f} {unit} are there, {problem.capacity[r] + over[r]:,.0f} are needed "
        f"for what must be done: {over[r]:,.0f} more"
        for r, (name, unit) in enumerate(row_names(programme))
        if over[r] > _TOO_LITTLE * max(problem.capacity[r], 1.0)
    )
