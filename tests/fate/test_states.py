"""Closed form of one item over time: identities, hand values, and a simulation of items as second route."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.fate import STATES, FateDraws, hold_to, item_shares, prior_draws, state_probabilities
from remnant.units import YEAR_D

ARMED, EXPIRED, DUD, GONE = range(4)
MINUTE_D = 1 / 1440
MILLENNIUM_D = 1000 * YEAR_D

shares = st.floats(0.0, 1.0)
medians = st.floats(1e-4, 1e5)
spreads = st.one_of(st.just(0.0), st.floats(1e-3, 3.0))


@st.composite
def thetas(draw: st.DrawFn) -> FateDraws:
    def one(value: float) -> np.ndarray:
        return np.array([value])

    return FateDraws(
        p_arms=one(draw(shares)),
        p_sd_fails=one(draw(shares)),
        sd_median_d=one(draw(medians)),
        sd_log_sd=one(draw(spreads)),
        p_sd_late=one(draw(shares)),
        late_median_d=one(draw(medians)),
        late_log_sd=one(draw(spreads)),
        p_sda_fails=one(draw(shares)),
        sda_median_d=one(draw(medians)),
        sda_log_sd=one(draw(spreads)),
    )


def theta(**changed: float) -> FateDraws:
    plain = {
        "p_arms": 0.95,
        "p_sd_fails": 0.1,
        "sd_median_d": 10.0,
        "sd_log_sd": 0.2,
        "p_sd_late": 0.05,
        "late_median_d": 40.0,
        "late_log_sd": 0.5,
        "p_sda_fails": 0.02,
        "sda_median_d": 60.0,
        "sda_log_sd": 0.3,
    }
    return FateDraws(**{name: np.array([value]) for name, value in {**plain, **changed}.items()})


@given(thetas(), st.lists(st.floats(0.0, MILLENNIUM_D), min_size=1, max_size=5))
def test_states_are_probabilities_and_sum_to_one_at_any_age(draws: FateDraws, ages: list[float]) -> None:
    found = state_probabilities(ages, draws)
    assert found.shape == (1, len(ages), len(STATES))
    assert (found >= 0.0).all()
    assert (found <= 1.0).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-13)


@given(thetas(), st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_what_is_gone_never_comes_back_and_armed_never_grows(draws: FateDraws, a: float, b: float) -> None:
    early, late = state_probabilities(sorted([a, b]), draws)[0]
    assert late[GONE] >= early[GONE] - 1e-15
    assert late[ARMED] <= early[ARMED] + 1e-15
    assert late[EXPIRED] >= early[EXPIRED] - 1e-15
    assert late[DUD] == early[DUD]


@given(thetas(), st.floats(1e-3, 1e4), st.floats(1e-3, 1e3))
def test_units_of_time_do_not_matter(draws: FateDraws, age: float, factor: float) -> None:
    names = ("sd_median_d", "late_median_d", "sda_median_d")
    scaled = FateDraws(
        **{n: getattr(draws, n) * (factor if n in names else 1.0) for n in FateDraws.__dataclass_fields__}
    )
    one, other = state_probabilities(age, draws), state_probabilities(age * factor, scaled)
    if 0.0 not in (draws.sd_log_sd[0], draws.late_log_sd[0], draws.sda_log_sd[0]):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_hand_values_at_the_medians() -> None:
    # one mode, at its median half of the working mechanisms have acted; by hand:
    # armed = 0.95 (0.9 · 0.5 + 0.1 · 1), gone = 0.95 · 0.9 · 0.5, dud = 0.05
    draws = theta(p_sd_late=0.0, sda_median_d=1e9)
    np.testing.assert_allclose(state_probabilities(10.0, draws)[0], [0.5225, 0.0, 0.05, 0.4275], atol=1e-12)
    # much later only the failed remain: 2 % of them powered for good
    late = state_probabilities(1e7, theta())[0]
    np.testing.assert_allclose(late, [0.95 * 0.1 * 0.02, 0.95 * 0.1 * 0.98, 0.05, 0.95 * 0.9], atol=1e-12)


def test_simulated_items_agree_with_the_closed_form() -> None:
    rng = np.random.default_rng(20)
    num = 400_000
    arms = rng.random(num) < 0.95
    fails = rng.random(num) < 0.1
    is_late = rng.random(num) < 0.05
    delay = np.where(
        is_late, 40.0 * np.exp(0.5 * rng.standard_normal(num)), 10.0 * np.exp(0.2 * rng.standard_normal(num))
    )
    off = np.where(rng.random(num) < 0.02, np.inf, 60.0 * np.exp(0.3 * rng.standard_normal(num)))
    for age in (MINUTE_D, 9.0, 12.0, 50.0, 80.0, MILLENNIUM_D):
        gone = arms & ~fails & (delay <= age)
        expired = arms & fails & (off <= age)
        armed = arms & ~gone & ~expired
        seen = np.array([armed.mean(), expired.mean(), (~arms).mean(), gone.mean()])
        exact = state_probabilities(age, theta())[0]
        error = np.sqrt(exact * (1.0 - exact) / num)
        assert (np.abs(seen - exact) <= 4.5 * error + 1e-12).all()


def test_a_type_without_a_mechanism_stays_armed_for_a_thousand_years() -> None:
    draws = theta(p_sd_fails=1.0, p_sda_fails=1.0)
    for age in (0.0, MINUTE_D, 1.0, MILLENNIUM_D):
        np.testing.assert_array_equal(state_probabilities(age, draws)[0], [0.95, 0.0, 1.0 - 0.95, 0.0])


def test_fired_ordnance_that_functions_is_gone_at_once() -> None:
    draws = theta(p_arms=0.9, p_sd_fails=0.0, sd_median_d=0.0, sd_log_sd=0.0, p_sd_late=0.0)
    np.testing.assert_allclose(state_probabilities(0.0, draws)[0], [0.0, 0.0, 0.1, 0.9], atol=1e-15)


def test_ages_before_delivery_hold_nothing() -> None:
    assert (state_probabilities([-1.0, -1e-9], theta()) == 0.0).all()


@pytest.mark.parametrize("score", [5.0, 6.0, 7.0])
def test_small_chances_keep_their_digits(score: float) -> None:
    # survival of a log-normal beyond `score` log-spreads is erfc(score/√2)/2, down to 1.3e-12
    draws = theta(p_arms=1.0, p_sd_fails=0.0, p_sd_late=0.0)
    found = state_probabilities(10.0 * math.exp(0.2 * score), draws)[0, ARMED]
    assert found == pytest.approx(0.5 * math.erfc(score / math.sqrt(2.0)), rel=1e-9)
    early = state_probabilities(10.0 * math.exp(-0.2 * score), draws)[0, GONE]
    assert early == pytest.approx(0.5 * math.erfc(score / math.sqrt(2.0)), rel=1e-9)


def test_extreme_parameters_give_numbers() -> None:
    for draws in (
        theta(sd_log_sd=1e-9),
        theta(sd_median_d=1e-300),
        theta(sd_median_d=1e300),
        theta(sda_log_sd=50.0),
    ):
        found = state_probabilities([0.0, MINUTE_D, 10.0, MILLENNIUM_D, 1e300], draws)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-13)


def test_explosive_is_everything_that_is_not_gone(make_model) -> None:
    draws = prior_draws(make_model(), 50, rng=np.random.default_rng(1))
    found = item_shares(draws, np.array([0.0, 30.0, 1e4]))
    np.testing.assert_allclose(found[..., 4], 1.0 - found[..., 3], atol=1e-14)


@pytest.mark.parametrize("quantity", ["p_sd_fails", "p_functions", "p_explosive", "p_dud"])
@pytest.mark.parametrize("stated", [0.0, 6e-6, 0.3])
def test_holding_to_a_statement_gives_exactly_the_stated_share(quantity: str, stated: float) -> None:
    draws = hold_to(theta(), quantity, np.array([stated]), 45.0)
    armed, expired, dud, _ = state_probabilities(45.0, draws)[0]
    found = {
        "p_sd_fails": (armed + expired) / draws.p_arms[0],
        "p_functions": armed / draws.p_arms[0],
        "p_explosive": armed + expired + dud,
        "p_dud": dud,
    }[quantity]
    assert found == pytest.approx(stated, rel=1e-9, abs=1e-14)
