"""The split of search effort: Koopman's values, optimality against dense search and a general solver."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from remnant.decide import release_effort, share_worked, split_effort
from remnant.errors import InvalidInput

areas = st.lists(st.tuples(st.floats(0.01, 50.0), st.floats(0.001, 2.0)), min_size=1, max_size=8)
hours = st.floats(0.1, 200.0)


def test_the_split_is_that_of_koopman() -> None:
    # eod-science course 05.7: p = (.4, .3, .2, .1), α = 1, Z = 2
    split = split_effort([0.4, 0.3, 0.2, 0.1], [1.0] * 4, 2.0)
    assert split.hours == pytest.approx([0.994, 0.706, 0.300, 0.0], abs=5e-4)
    assert split.found.sum() == pytest.approx(0.456, abs=5e-4)
    assert share_worked(np.array([1.0, 2.0, 3.0]), "random") == pytest.approx([0.632, 0.865, 0.950], abs=5e-4)


@given(areas, hours, st.floats(0.1, 1.0))
def test_searched_areas_have_one_marginal_gain_and_others_a_lower_one(
    drawn: list[tuple[float, float]], total: float, q: float
) -> None:
    weight, rate = (np.array(v) for v in zip(*drawn, strict=True))
    split = split_effort(weight, rate, total, ceiling=q)
    assert split.hours.sum() == pytest.approx(total, rel=1e-9)
    assert (split.hours >= 0.0).all()
    gain = q * weight * rate * np.exp(-rate * split.hours)
    searched = split.hours > 1e-9
    assert gain[searched] == pytest.approx(split.marginal, rel=1e-6)
    assert (gain[~searched] <= split.marginal * (1.0 + 1e-6)).all()
    assert split.found.sum() >= split.found_even * (1.0 - 1e-9)


@given(areas, hours)
def test_lanes_find_at_least_as_much_as_wandering_and_no_split_in_proportion_beats_the_best(
    drawn: list[tuple[float, float]], total: float
) -> None:
    weight, rate = (np.array(v) for v in zip(*drawn, strict=True))
    lanes = split_effort(weight, rate, total, law="lanes")
    assert lanes.found.sum() >= split_effort(weight, rate, total).found.sum() * (1.0 - 1e-9)
    assert lanes.found.sum() >= lanes.found_even * (1.0 - 1e-9)
    assert lanes.hours.sum() <= total * (1.0 + 1e-9)


def test_two_areas_cut_in_halves_find_as_much() -> None:
    whole = split_effort([6.0, 2.0], [0.1, 0.05], 20.0)
    halves = split_effort([3.0, 3.0, 2.0], [0.2, 0.2, 0.05], 20.0)
    assert halves.found.sum() == pytest.approx(whole.found.sum(), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_split_agrees_with_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, rate, total = rng.gamma(1.0, 3.0, 6), rng.uniform(0.01, 0.3, 6), 40.0
    split = split_effort(weight, rate, total)
    solved = minimize(
        lambda z: -(weight * -np.expm1(-rate * z)).sum(),
        np.full(6, total / 6),
        jac=lambda z: -weight * rate * np.exp(-rate * z),
        bounds=[(0.0, total)] * 6,
        constraints={"type": "eq", "fun": lambda z: z.sum() - total},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert split.found.sum() == pytest.approx(-solved.fun, rel=1e-6)


def test_random_search_agrees_with_looks_thrown_at_random() -> None:
    rng = np.random.default_rng(2)
    looks, cells = 150, 100  # 150 looks at 100 cells: coverage 1.5
    hit = np.array([np.unique(rng.integers(0, cells, looks)).size / cells for _ in range(4000)])
    assert hit.mean() == pytest.approx(1.0 - (1.0 - 1.0 / cells) ** looks, abs=0.003)
    assert share_worked(np.array([1.5]), "random")[0] == pytest.approx(hit.mean(), abs=0.004)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.5), st.floats(0.01, 5.0))
def test_search_without_a_find_brings_the_chance_to_the_limit(
    prior: float, limit: float, rate: float
) -> None:
    hours_needed = release_effort(prior, limit, rate)
    missed = prior * math.exp(-rate * hours_needed)
    after = missed / (missed + 1.0 - prior)
    assert after <= limit * (1.0 + 1e-9)
    if prior > limit:
        assert after == pytest.approx(limit, rel=1e-9)


def test_nothing_to_find_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"some area must hold something"):
        split_effort([0.0, 0.0], [1.0, 1.0], 3.0)
    with pytest.raises(InvalidInput, match=r"law must be one of random, lanes; got 'spiral'"):
        split_effort([1.0], [1.0], 3.0, law="spiral")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"hours to spend must be 0 or more; got -3"):
        split_effort([1.0], [1.0], -3.0)
