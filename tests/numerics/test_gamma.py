"""Summaries of gamma distributions: bounds, hand values, scipy as the second route, and the ends of the range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import gammaincinv

from remnant.errors import InvalidInput
from remnant.numerics import gamma_summary
from remnant.numerics.gamma import TABLE_SHAPES

shapes = st.floats(math.log(TABLE_SHAPES[0]), math.log(TABLE_SHAPES[1])).map(math.exp)
rates = st.floats(-20.0, 20.0).map(math.exp)


@given(shapes, rates)
@settings(max_examples=300, deadline=None)
def test_quantiles_enclose_their_share_and_stay_in_order(shape: float, rate: float) -> None:
    one = gamma_summary(shape, rate)
    assert 0.0 <= one.q05 <= one.q95
    assert 0.0 <= one.p_any <= 1.0
    assert one.p_any <= one.mean * (1.0 + 1e-12)  # Markov
    law = stats.gamma(shape, scale=1.0 / rate)
    assert law.cdf(one.q95) == pytest.approx(0.95, abs=1e-5)
    if one.q05 > 0.0:
        assert law.cdf(one.q05) == pytest.approx(0.05, abs=1e-5)


@given(shapes, rates, st.floats(0.01, 100.0))
@settings(max_examples=200, deadline=None)
def test_another_unit_of_density_rescales_and_changes_nothing_else(
    shape: float, rate: float, factor: float
) -> None:
    one, other = gamma_summary(shape, rate), gamma_summary(shape, rate * factor)
    for name in ("mean", "q05", "q95"):
        assert getattr(other, name) * factor == pytest.approx(getattr(one, name), rel=1e-9, abs=1e-290)


@given(shapes, rates)
@settings(max_examples=200, deadline=None)
def test_two_halves_of_a_cell_together_miss_as_the_whole_does(shape: float, rate: float) -> None:
    # independent halves of the shape: (1 − p)² of the half is 1 − p of the whole, in logarithms
    whole, half = gamma_summary(shape, rate), gamma_summary(shape / 2.0, rate)
    assert -np.expm1(2.0 * np.log1p(-min(float(half.p_any), 1.0 - 1e-16))) == pytest.approx(
        whole.p_any, rel=1e-9
    )


def test_more_shape_means_more_of_everything() -> None:
    one = gamma_summary(np.geomspace(*TABLE_SHAPES, 20_011), 1.0)
    for values in (one.mean, one.q05, one.q95, one.p_any):
        assert (np.diff(values) >= 0.0).all()


def test_shape_one_is_the_exponential_distribution() -> None:
    # by hand: quantile −log(1 − p) / rate, P(at least one) = 1 / (1 + rate)
    one = gamma_summary(1.0, 0.25)
    assert one.mean == 4.0
    assert one.q05 == pytest.approx(-math.log(0.95) * 4.0, rel=1e-9)
    assert one.q95 == pytest.approx(-math.log(0.05) * 4.0, rel=1e-9)
    assert one.p_any == pytest.approx(0.8, rel=1e-14)


def test_half_integer_shapes_are_chi_square_tables() -> None:
    # chi-square with 10 degrees of freedom: 5 % point 3.940, 95 % point 18.307
    # (NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.4)
    one = gamma_summary(5.0, 0.5)
    assert one.q05 == pytest.approx(3.940, abs=5e-4)
    assert one.q95 == pytest.approx(18.307, abs=5e-4)


def test_chance_of_an_item_is_the_integral_over_the_density() -> None:
    # second route: average 1 − exp(−λ) over the gamma density
    law = stats.gamma(2.5, scale=1.0 / 40.0)
    wanted, _ = integrate.quad(lambda x: -np.expm1(-x) * law.pdf(x), 0.0, 3.0, epsabs=1e-13)
    assert gamma_summary(2.5, 40.0).p_any == pytest.approx(wanted, rel=1e-9)


def test_a_chance_of_one_in_a_million_million_keeps_its_digits() -> None:
    one = gamma_summary(1e-3, 1e12)  # first order: shape / rate = 1e-15
    assert one.p_any == pytest.approx(1e-15, rel=1e-11)


def test_quantiles_agree_with_scipy_over_the_whole_range() -> None:
    rng = np.random.default_rng(20)
    shape = np.exp(rng.uniform(*np.log(TABLE_SHAPES), 100_000))
    rate = np.exp(rng.uniform(-3.0, 3.0, shape.size))
    one = gamma_summary(shape, rate)
    for level, got in ((0.05, one.q05), (0.95, one.q95)):
        wanted = gammaincinv(shape, level) / rate
        assert np.array_equal(got == 0.0, wanted == 0.0)
        some = wanted > 0.0
        assert np.abs(got[some] / wanted[some] - 1.0).max() < 1e-7


@pytest.mark.parametrize(
    ("low", "high"), [(1e-3, 1.1e-3), (3.9e-3, 4.6e-3), (9e8, 1e9), (5e-6, 1e-3), (1e9, 1e13)]
)
def test_ends_of_the_range_and_beyond_agree_with_scipy(low: float, high: float) -> None:
    shape = np.geomspace(low, high, 20_000)
    one = gamma_summary(shape, 1.0)
    for level, got in ((0.05, one.q05), (0.95, one.q95)):
        wanted = gammaincinv(shape, level)
        assert np.array_equal(got == 0.0, wanted == 0.0)
        some = wanted > 0.0
        assert np.abs(got[some] / wanted[some] - 1.0).max(initial=0.0) < 1e-7


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000, 10_000])
def test_the_size_of_chunks_changes_no_number(chunk: int) -> None:
    rng = np.random.default_rng(21)
    shape, rate = rng.gamma(0.5, 2.0, (20, 50)), rng.gamma(2.0, 1.0, 50)
    one, other = gamma_summary(shape, rate), gamma_summary(shape, rate, chunk=chunk)
    for name in ("mean", "q05", "q95", "p_any"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_inputs_broadcast_in_any_layout_and_number_type() -> None:
    shape, rate = np.arange(1, 7).reshape(2, 3, 1), np.asfortranarray(np.linspace(0.5, 2.0, 12).reshape(3, 4))
    one = gamma_summary(shape, rate, chunk=5)
    wide = np.broadcast_arrays(shape.astype(float), rate)
    other = gamma_summary(*(np.ascontiguousarray(w) for w in wide))
    assert one.q95.shape == (2, 3, 4)
    assert np.array_equal(one.q95, other.q95)
    assert np.array_equal(one.mean, wide[0] / wide[1])
    assert gamma_summary(np.zeros((0, 3)), 1.0).mean.shape == (0, 3)
    assert gamma_summary(2.0, 1.0).mean.shape == ()


def test_unknown_stays_unknown_and_nothing_stays_nothing() -> None:
    one = gamma_summary([np.nan, 1.0, 0.0], [1.0, np.nan, 1.0])
    for values in (one.mean, one.q05, one.q95, one.p_any):
        assert np.isnan(values[:2]).all()
        assert values[2] == 0.0


def test_a_rate_near_zero_means_almost_surely_something() -> None:
    assert gamma_summary(1e9, 1e-300).p_any == 1.0
    assert gamma_summary(2.0, 5e-309).p_any == 1.0


def test_results_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gamma_summary(1.0, [1.0]).q05[0] = 0.0


@pytest.mark.parametrize(
    ("shape", "rate", "words"),
    [
        ([[1.0, 2.0], [3.0, -1.0]], 1.0, r"shape must be 0 or more and finite; .* is -1 at \(1, 1\)"),
        (np.inf, 1.0, r"shape must be 0 or more and finite; .* is inf at \(\)"),
        (1.0, [1.0, 0.0], r"rate must be above 0 and finite; .* is 0 at \(1,\)"),
        (1.0, [1.0, np.inf], r"rate must be above 0 and finite; .* is inf at \(1,\)"),
        ([np.nan, np.nan], [1.0, -2.0], r"rate must be above 0 and finite; .* is -2 at \(1,\)"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], r"must broadcast; got \(2,\) and \(3,\)"),
        ("many", 1.0, "shape must be real numbers"),
        (1.0, 1.0j, "rate must be real numbers"),
    ],
)
def test_inputs_out_of_bounds_are_refused_with_their_place(shape: object, rate: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        gamma_summary(shape, rate, chunk=2)  # type: ignore[arg-type]


def test_a_chunk_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="chunk must be 1 or more"):
        gamma_summary(1.0, 1.0, chunk=0)
