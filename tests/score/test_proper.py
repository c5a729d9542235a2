"""Proper scores: closed forms against sums, integrals and simulation; best at the truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from remnant.errors import InvalidInput
from remnant.score import (
    bernoulli_log_score,
    brier_score,
    count_log_score,
    crps_draws,
    crps_negative_binomial,
    crps_poisson,
    crps_quantiles,
    interval_holds,
    matching_size,
)
from remnant.score.proper import p_any_of

MEANS = st.floats(1e-4, 200.0)
SIZES = st.floats(0.02, 500.0)


def crps_by_sum(cdf: object, found: float, last: int) -> float:
    k = np.arange(last)
    return float(np.square(cdf(k) - (k >= found)).sum())  # type: ignore[operator]


@given(MEANS, st.integers(0, 300))
def test_crps_of_a_poisson_is_the_sum_over_counts(mean: float, found: int) -> None:
    expected = crps_by_sum(lambda k: stats.poisson.cdf(k, mean), found, 1000)
    assert crps_poisson(np.array([mean]), np.array([float(found)]))[0] == pytest.approx(
        expected, rel=1e-9, abs=1e-10
    )


@given(MEANS, SIZES, st.integers(0, 300))
def test_crps_of_a_negative_binomial_is_the_sum_over_counts(mean: float, size: float, found: int) -> None:
    last = int(stats.nbinom.isf(1e-17, size, size / (size + mean))) + 500
    expected = crps_by_sum(lambda k: stats.nbinom.cdf(k, size, size / (size + mean)), found, last)
    got = crps_negative_binomial(np.array([mean]), np.array([size]), np.array([float(found)]))[0]
    assert got == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_a_negative_binomial_of_endless_size_is_a_poisson() -> None:
    mean, found = np.array([0.3, 4.0, 60.0]), np.array([1.0, 2.0, 70.0])
    np.testing.assert_allclose(
        crps_negative_binomial(mean, np.full(3, np.inf), found), crps_poisson(mean, found)
    )
    np.testing.assert_allclose(
        crps_negative_binomial(mean, np.full(3, 9e6), found), crps_poisson(mean, found), rtol=1e-4
    )


def test_crps_of_a_forecast_of_nothing_is_the_number_found() -> None:
    got = crps_negative_binomial(np.zeros(2), np.ones(2), np.array([0.0, 7.0]))
    assert got.tolist() == [0.0, 7.0]


def test_crps_of_draws_comes_near_to_the_closed_form() -> None:
    rng = np.random.default_rng(8)
    mean, size, found = np.array([0.4, 3.0, 30.0]), np.array([0.5, 2.0, 4.0]), np.array([0.0, 6.0, 11.0])
    draws = rng.negative_binomial(size, size / (size + mean), (40_000, 3)).astype(float)
    exact = crps_negative_binomial(mean, size, found)
    # the error of |X − y| and of half of |X − X'| is of the order of sd / √n; four of them
    bound = 4.0 * np.sqrt(mean + mean**2 / size) / np.sqrt(len(draws))
    assert (np.abs(crps_draws(draws, found) - exact) < bound).all()


def test_crps_of_draws_by_all_pairs() -> None:
    rng = np.random.default_rng(2)
    draws, found = rng.random((7, 3)), rng.random(3)
    gap = np.abs(draws[:, None] - draws[None]).sum(axis=(0, 1))
    near = np.abs(draws - found).mean(axis=0)
    np.testing.assert_allclose(crps_draws(draws, found), near - 0.5 * gap / 49)
    np.testing.assert_allclose(crps_draws(draws, found, is_fair=True), near - 0.5 * gap / 42)


def test_one_draw_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two draws or more; got 1"):
        crps_draws(np.ones((1, 2)), np.ones(2))


@given(
    st.lists(st.floats(0.0, 20.0), min_size=5, max_size=5),
    st.floats(-2.0, 25.0),
)
def test_crps_of_quantiles_is_the_integral(points: list[float], found: float) -> None:
    levels, quantiles = np.array([0.05, 0.25, 0.5, 0.75, 0.95]), np.sort(np.round(points, 2))

    def square(x: float) -> float:
        below = 0.0
        if x >= quantiles[-1]:
            below = 1.0
        elif x >= quantiles[0]:
            i = int(np.searchsorted(quantiles, x, "right")) - 1
            below = levels[i] + (levels[i + 1] - levels[i]) * (x - quantiles[i]) / (
                quantiles[i + 1] - quantiles[i]
            )
        return (below - (x >= found)) ** 2

    knots = np.unique([*quantiles, found])
    expected = sum(
        integrate.fixed_quad(np.vectorize(square), a, b - 1e-13, n=6)[0] for a, b in itertools.pairwise(knots)
    )
    got = crps_quantiles(levels, quantiles[:, None], np.array([found]))[0]
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_many_quantiles_come_near_to_the_closed_form() -> None:
    levels = (np.arange(4000) + 0.5) / 4000
    normal = stats.norm.ppf(levels)[:, None]
    # closed form of the standard normal at 0: 2 φ(0) − 1/√π (Gneiting and Raftery, 2007, eq. 21)
    exact = 2.0 * stats.norm.pdf(0.0) - 1.0 / np.sqrt(np.pi)
    assert crps_quantiles(levels, normal, np.zeros(1))[0] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize(
    ("levels", "quantiles", "words"),
    [
        ([0.05, 0.95], [[3.0], [1.0]], "higher level must not have a lower quantile"),
        ([5.0, 95.0], [[1.0], [3.0]], "Write 0.05 for 5 %"),
        ([0.5], [[1.0]], "two or more"),
    ],
)
def test_impossible_quantiles_are_refused(
    levels: list[float], quantiles: list[list[float]], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        crps_quantiles(np.array(levels), np.array(quantiles), np.ones(1))


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_truth_has_the_best_expected_score(truth: float, stated: float) -> None:
    p, both = np.array([truth, stated]), np.array([[True], [False]])
    for score, sign in ((bernoulli_log_score, 1.0), (brier_score, -1.0)):
        yes, no = score(p, both[0]), score(p, both[1])
        expected = sign * (truth * yes + (1.0 - truth) * no)
        assert expected[0] >= expected[1] - 1e-12


@given(st.floats(0.05, 20.0), st.floats(0.1, 30.0), st.floats(0.05, 20.0), st.floats(0.1, 30.0))
def test_the_true_count_distribution_has_the_best_expected_score(
    mean: float, size: float, other_mean: float, other_size: float
) -> None:
    k = np.arange(0, 1500, dtype=float)
    chance = stats.nbinom.pmf(k, size, size / (size + mean))
    for score, sign in ((count_log_score, 1.0), (crps_negative_binomial, -1.0)):
        mine = sign * chance @ score(np.full(k.size, mean), np.full(k.size, size), k)
        theirs = sign * chance @ score(np.full(k.size, other_mean), np.full(k.size, other_size), k)
        assert mine >= theirs - 1e-9


def test_log_scores_by_hand() -> None:
    assert bernoulli_log_score(np.array([0.0, 0.25]), np.array([True, False])).tolist() == [
        -np.inf, np.log(0.75),
    ]  # fmt: skip
    # Poisson(2) at 3: e^-2 2^3 / 3! = 0.180447; geometric with mean 1 at 2: 1/8
    got = count_log_score(np.array([2.0, 1.0]), np.array([np.inf, 1.0]), np.array([3.0, 2.0]))
    np.testing.assert_allclose(np.exp(got), [0.180447, 0.125], rtol=1e-5)


@given(MEANS, SIZES, st.integers(0, 50))
def test_log_score_of_counts_is_that_of_scipy(mean: float, size: float, found: int) -> None:
    got = count_log_score(np.array([mean]), np.array([size]), np.array([float(found)]))[0]
    assert got == pytest.approx(stats.nbinom.logpmf(found, size, size / (size + mean)), rel=1e-7, abs=1e-9)


def test_a_mixture_scores_the_mean_chance() -> None:
    mean, found = np.array([[1.0, 5.0], [3.0, 0.0]]), np.array([2.0, 0.0])
    by_hand = np.log((stats.poisson.pmf(found, mean[0]) + stats.poisson.pmf(found, mean[1])) / 2)
    np.testing.assert_allclose(count_log_score(mean, np.array(np.inf), found), by_hand)


@given(MEANS, SIZES)
def test_the_size_is_found_again_from_mean_and_chance(mean: float, size: float) -> None:
    p = p_any_of(np.array([mean]), np.array([size]))
    again = p_any_of(np.array([mean]), matching_size(np.array([mean]), p))
    np.testing.assert_allclose(again, p, rtol=1e-6, atol=1e-12)


def test_a_chance_above_that_of_a_poisson_is_taken_as_a_poisson() -> None:
    assert matching_size(np.array([0.5, 0.0]), np.array([0.5, 0.0])).tolist() == [np.inf, np.inf]


def test_an_interval_holds_its_ends() -> None:
    held = interval_holds(np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.0, 3.0]), np.array([1.0, 3.0, 4.0]))
    assert held.tolist() == [True, True, False]
