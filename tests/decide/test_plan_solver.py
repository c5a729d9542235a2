from __future__ import annotations

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.decide.plan import Problem, solve
from remnant.decide.plan.dual import bound_at, least_bound, removable
from remnant.decide.plan.problem import scaled
from remnant.errors import NotEstimable

sys.path.insert(0, str(Path(__file__).parent))
from programmes import bare

SEEDS = st.integers(0, 10_000)
quick = settings(max_examples=10, deadline=None, derandomize=True)


def by_enumeration(problem: Problem) -> float:
    """The best value, by trying every choice."""
    starts = problem.starts
    ways = [
        ([] if problem.must[g] else [-1]) + list(range(starts[g], starts[g + 1]))
        for g in range(problem.num_groups)
    ]
    best = -np.inf
    for choice in itertools.product(*ways):
        chosen = np.array(choice, np.int64)
        if problem.fits(chosen):
            best = max(best, problem.worth(chosen))
    return best


@given(SEEDS, st.sampled_from([0.3, 0.6, 1.0]), st.booleans())
@quick
def test_a_tiny_plan_is_the_best_of_all_there_are(seed: int, tight: float, has_must: bool) -> None:
    problem = bare(np.random.default_rng(seed), 6, tight=tight)
    if has_must:
        problem = dataclasses.replace(problem, must=np.arange(6) == 2)
    best = by_enumeration(problem)
    if not np.isfinite(best):
        with pytest.raises(NotEstimable):
            solve(problem)
        return
    found = solve(problem)
    assert found.value == pytest.approx(best, rel=1e-6)
    assert found.is_proven
    assert problem.fits(found.chosen)


@given(SEEDS)
@quick
def test_bound_is_above_the_best_at_any_prices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem, _ = scaled(bare(rng, 6))
    best = by_enumeration(problem)
    assert bound_at(problem, rng.uniform(0.0, 20.0, 2)).value >= best * (1.0 - 1e-9)
    assert least_bound(problem, num_steps=40)[-1].value >= best * (1.0 - 1e-9)


@given(SEEDS)
@quick
def test_what_the_bound_rules_out_is_in_no_better_plan(seed: int) -> None:
    problem, _ = scaled(bare(np.random.default_rng(seed), 5))
    best = by_enumeration(problem)
    bound = least_bound(problem, num_steps=40)[-1]
    out, always = removable(problem, bound, best * (1.0 - 1e-6))
    forced = dataclasses.replace(problem, must=always)
    kept = dataclasses.replace(forced, value=np.where(out, -100.0, problem.value))
    assert by_enumeration(kept) == pytest.approx(best, rel=1e-9)


@given(SEEDS, st.integers(12, 30))
@quick
def test_never_worse_than_greedy_and_never_above_the_bound(seed: int, num: int) -> None:
    problem = bare(np.random.default_rng(seed), num, rows=3)
    found = solve(problem, effort="quick")
    assert found.greedy <= found.value <= found.bound
    assert problem.fits(found.chosen)


@given(SEEDS, st.sampled_from([1e-6, 3.0, 1e7]))
@quick
def test_units_of_value_and_of_means_change_nothing(seed: int, factor: float) -> None:
    problem = bare(np.random.default_rng(seed), 8)
    other = dataclasses.replace(
        problem, value=problem.value * factor, pair_value=problem.pair_value * factor,
        use=problem.use * (1.0 / factor), capacity=problem.capacity / factor, cost=problem.cost / factor,
    )  # fmt: skip
    assert solve(other).value == pytest.approx(factor * solve(problem).value, rel=1e-6)


@given(SEEDS, st.floats(1.0, 3.0))
@quick
def test_more_means_never_lower_the_value(seed: int, more: float) -> None:
    problem = bare(np.random.default_rng(seed), 8)
    richer = dataclasses.replace(problem, capacity=problem.capacity * more)
    assert solve(richer).value >= solve(problem).value * (1.0 - 1e-6)


def test_solution_by_hand() -> None:
    # a knapsack of 10: {60 at 5, 50 at 4, 40 at 6, 10 at 3}; the best is 60 + 50 (9 used), worked out by hand
    from scipy.sparse import csr_array

    problem = Problem(
        group=np.arange(4), value=np.array([60.0, 50.0, 40.0, 10.0]), use=csr_array(np.array([[5.0], [4], [6], [3]])),
        capacity=np.array([10.0]), must=np.zeros(4, bool), pairs=np.empty((0, 2), int), pair_value=np.empty(0),
        cost=np.array([5.0, 4, 6, 3]),
    )  # fmt: skip
    assert solve(problem).chosen.tolist() == [0, 1, -1, -1]
    # neighbours 1 and 2 bring 70 together: 50 + 40 + 70 beats 110
    near = dataclasses.replace(problem, pairs=np.array([[1, 2]]), pair_value=np.array([70.0]))
    assert solve(near).chosen.tolist() == [-1, 1, 2, -1]


def test_thousands_of_groups_with_neighbours_come_with_a_small_gap() -> None:
    problem = bare(np.random.default_rng(3), 1500, rows=3, tight=0.2)
    found = solve(problem, time_s=2.0)
    assert found.gap < 0.005
    assert found.value >= found.greedy
