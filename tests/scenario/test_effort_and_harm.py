"""Cost, years, a search to come, and casualties that add up: hand values, limits, and simulation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from remnant.catalogue import Range
from remnant.decide.plan import Period
from remnant.decide.scenario import (
    Effort,
    p_below,
    p_nothing_found,
    search_left,
    spread,
    to_date,
    work_for,
)
from remnant.decide.scenario.effort import _until
from remnant.errors import InvalidInput
from remnant.units import YEAR_D


def _range(low: float, high: float, unit: str) -> Range:
    return Range(low=low, high=high, unit=unit, basis="judgement", source="test")


def _effort(**more: float) -> Effort:
    return Effort(
        m2_per_day=_range(200, 1000, "m2/d"), usd_per_day=_range(1200, 2200, "USD/d"), num_teams=2,
        days_per_year=200.0, **more,
    )  # fmt: skip


def test_cost_and_years_have_the_moments_of_their_ranges() -> None:
    # by hand: 100,000 m² / m with ln m ~ N(ln √(200·1000), (ln 5 / 3.2897)²): mean days 100,000/447.2 · e^{0.489²/2}
    work = work_for(_effort(), np.full(200_000, 1e5), rng=np.random.default_rng(1))
    days = 1e5 / np.sqrt(200.0 * 1000.0) * np.exp(0.5 * (np.log(5.0) / 3.28971) ** 2)
    assert work.years.mean() == pytest.approx(days / 400.0, rel=0.01)
    assert work.usd.mean() == pytest.approx(days * 1700.0, rel=0.01)
    assert np.quantile(work.years, [0.05, 0.95]) == pytest.approx(
        [1e5 / 1000 / 400, 1e5 / 200 / 400], rel=0.02
    )


@given(st.floats(0.0, 1e7), st.floats(0.1, 10.0))
def test_cost_and_years_grow_with_ground(area: float, factor: float) -> None:
    one, two = (
        work_for(_effort(), np.full(8, a), rng=np.random.default_rng(2)) for a in (area, factor * area)
    )
    assert np.allclose(two.usd, factor * one.usd)
    assert np.allclose(two.years, factor * one.years)


def test_a_budget_makes_it_slower_never_dearer() -> None:
    area, rng = np.full(64, 1e5), np.random.default_rng
    free, poor = work_for(_effort(), area, rng=rng(1)), work_for(_effort(usd_per_year=1e4), area, rng=rng(1))
    assert np.array_equal(free.usd, poor.usd)
    assert np.allclose(poor.years, np.maximum(free.years, free.usd / 1e4))
    assert np.isinf(work_for(_effort(usd_per_year=0.0), area, rng=rng(1)).years).all()


def test_nonsense_means_are_refused() -> None:
    with pytest.raises(InvalidInput, match="days_per_year must be above 0"):
        replace(_effort(), days_per_year=400.0)
    with pytest.raises(InvalidInput, match="m2_per_day must be above 0"):
        replace(_effort(), m2_per_day=_range(0.0, 0.0, "m2/d"))


def test_a_period_keeps_its_part_before_the_end_of_money() -> None:
    year = Period(name="2026", start=dt.date(2026, 1, 1), end=dt.date(2027, 1, 1), budget_usd=365.0)
    assert _until(year, dt.date(2026, 4, 11)) == pytest.approx(100 / 365)
    assert (_until(year, dt.date(2020, 1, 1)), _until(year, dt.date(2030, 1, 1))) == (0.0, 1.0)


def test_the_chance_of_finding_nothing_is_that_of_simulated_searches() -> None:
    rng, num = np.random.default_rng(3), 400_000
    exists, mean, size, coverage, p = 0.6, 4.0, 0.7, 0.5, 0.8
    items = rng.poisson(rng.gamma(size, mean / size, num)) * (rng.random(num) < exists)
    nothing = (rng.binomial(items, coverage * p) == 0).mean()
    told = p_nothing_found(coverage, *(np.array([[v]]) for v in (exists, mean, size)), np.array([p]))
    assert told.item() == pytest.approx(nothing, abs=4.0 * np.sqrt(0.25 / num))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.1, 3.0))
def test_what_is_left_is_never_more_than_was_not_worked(needed: float, coverage: float, worth: float) -> None:
    left = search_left(
        np.array([needed]), np.array([coverage]), worth, np.array([[True], [False]]), np.array([100.0])
    )
    assert (left >= 0.0).all()
    assert (left <= (1.0 - coverage) * 100.0 + 1e-9).all()
    assert left[0, 0] <= left[1, 0] + 1e-9


def test_an_area_that_no_pass_is_enough_for_is_left_whole() -> None:
    assert (
        search_left(np.array([np.nan]), np.array([0.0]), 1.0, np.array([[True]]), np.array([7.0])).item()
        == 7.0
    )


def test_casualties_add_up_as_a_differential_equation_says() -> None:
    # items fade as e^{-t/3}, each still there functions at 0.4 a year and hurts 1.5; what functions is gone
    days = np.linspace(0.0, 10.0 * YEAR_D, 400)
    years = days / YEAR_D
    items = 50.0 * np.exp(-years / 3.0)[None, None]
    accidents = items * -np.expm1(-0.4)
    told = to_date(1.5 * accidents, accidents, items, days)[0, -1]
    exact = solve_ivp(
        lambda _t, y: [-y[0] / 3.0 - 0.4 * y[0], 1.5 * 0.4 * y[0]], (0.0, 10.0), [50.0, 0.0], rtol=1e-9
    )
    assert told == pytest.approx(exact.y[1, -1], rel=1e-3)


@given(st.floats(0.0, 0.999), st.floats(0.5, 3.0))
def test_no_more_is_hurt_than_items_can_hurt(share: float, hurt: float) -> None:
    items = np.full((1, 1, 6), 20.0)
    days = np.array([0.0, 1.0, 30.0, 365.0, 3650.0, 36500.0])
    total = to_date(hurt * share * items, share * items, items, days)[0]
    assert (np.diff(total) >= -1e-9).all()
    assert total[-1] <= hurt * 20.0 * (1.0 + 1e-9)


def test_without_items_nobody_is_hurt_and_unknown_stays_unknown() -> None:
    nothing = np.zeros((2, 1, 3))
    assert to_date(nothing, nothing, nothing, np.array([0.0, 1.0, 2.0])).max() == 0.0
    assert np.isnan(spread(np.array([1.0, np.nan])).mean)
    assert np.isnan(p_below(np.array([np.nan]), np.array([1.0])))
