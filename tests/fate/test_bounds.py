"""Exact bounds: published values, the definition as second route, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from remnant.errors import InvalidInput, NotEstimable
from remnant.fate import judge_trials, lower_bound, trials_needed, upper_bound


def test_values_of_the_public_debate() -> None:
    # rule of three, exact: 1 − 0.05^(1/n) (Jovanovic & Levy 1997)
    assert upper_bound(400, 0) == pytest.approx(0.00746, abs=5e-6)
    assert upper_bound(67_000, 0) == pytest.approx(4.5e-5, abs=5e-7)
    assert upper_bound(67_000, 6) == pytest.approx(1.8e-4, abs=5e-6)
    assert trials_needed(6e-6) == pytest.approx(499_300, abs=50)


def test_published_table_of_clopper_and_pearson() -> None:
    # 95 % two-sided for 1 of 10: 0.25 % to 44.5 % (any table of exact binomial limits)
    assert lower_bound(10, 1, confidence=0.975) == pytest.approx(0.002529, abs=1e-6)
    assert upper_bound(10, 1, confidence=0.975) == pytest.approx(0.445016, abs=1e-6)


@given(st.integers(1, 5000), st.data(), st.floats(0.5, 0.999))
def test_bounds_are_where_the_test_has_exactly_the_stated_chance(
    n: int, data: st.DataObject, level: float
) -> None:
    k = data.draw(st.integers(0, n))
    upper, lower = upper_bound(n, k, confidence=level), lower_bound(n, k, confidence=level)
    assert 0.0 <= lower <= upper <= 1.0
    if k < n:
        assert binom.cdf(k, n, upper) == pytest.approx(1.0 - level, rel=1e-6)
    if k > 0:
        assert binom.sf(k - 1, n, lower) == pytest.approx(1.0 - level, rel=1e-6)


@given(st.floats(1e-6, 0.5), st.integers(0, 20))
def test_the_fewest_trials_are_enough_and_one_fewer_is_not(claim: float, k: int) -> None:
    n = trials_needed(claim, num_failed=k)
    assert upper_bound(n, k) <= claim * (1 + 1e-9)
    if n - 1 > k:
        assert upper_bound(n - 1, k) > claim * (1 - 1e-9)


@given(st.integers(2, 2000), st.data())
def test_more_failures_and_fewer_trials_never_lower_the_bound(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert upper_bound(n, k + 1) > upper_bound(n, k)
    assert upper_bound(n - 1, k) >= upper_bound(n, k)


def test_a_claim_beyond_the_test_is_said_to_be_so() -> None:
    answer = judge_trials(400, 0, claim=6e-6)
    assert answer.is_out_of_reach
    assert answer.is_supported is False
    assert answer.is_contradicted is False
    assert not judge_trials(500_000, 0, claim=6e-6).is_out_of_reach
    assert judge_trials(500_000, 0, claim=6e-6).is_supported
    assert judge_trials(67_000, 6, claim=6e-6).is_contradicted


def test_all_failed_gives_one() -> None:
    assert upper_bound(7, 7) == 1.0


@pytest.mark.parametrize(
    ("n", "k", "words"),
    [(0, 0, "1 or more"), (10, 11, "between 0 and the 10"), (10, -1, "between 0 and the 10")],
)
def test_impossible_counts_are_refused(n: int, k: int, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        upper_bound(n, k)


def test_percent_is_refused_with_a_hint() -> None:
    with pytest.raises(InvalidInput, match="Divide by 100"):
        upper_bound(10, 0, confidence=95)
    with pytest.raises(InvalidInput, match="Divide by 100"):
        trials_needed(2.35)
    with pytest.raises(InvalidInput, match="0 or more"):
        trials_needed(0.1, num_failed=-1)


def test_no_test_shows_that_a_share_is_nought() -> None:
    with pytest.raises(NotEstimable, match="no test of any size"):
        trials_needed(0.0)
    with pytest.raises(NotEstimable, match="no test can show it"):
        trials_needed(1e-18)
