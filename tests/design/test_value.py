"""The value of more survey: simulation of every step, properties, hand values, and the release policy's own numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.decide import AreaLaws, laws_from_summary, survey_value, value_of_hours
from remnant.errors import InvalidInput

NUM = 5


@pytest.fixture(scope="module")
def laws() -> AreaLaws:
    rng = np.random.default_rng(3)
    return AreaLaws(
        exists=rng.uniform(0.1, 0.9, (NUM, 1)),
        mean=rng.uniform(0.5, 6.0, (NUM, 1)),
        size=rng.uniform(0.3, 3.0, (NUM, 1)),
        p_detect=rng.uniform(0.5, 0.95, NUM),
    )


@pytest.mark.parametrize(("loss", "cost"), [(10.0, 8.0), (1.0, 8.0), (10.0, 0.5)])
def test_value_agrees_with_searches_simulated_one_by_one(laws: AreaLaws, loss: float, cost: float) -> None:
    share, num = 0.4, 1_000_000
    value = survey_value(laws, [share], loss_per_item=loss, clear_cost=cost)
    rng = np.random.default_rng(9)
    j = rng.integers(0, NUM, num)
    there = rng.uniform(size=num) < laws.exists[j, 0]
    density = rng.gamma(laws.size[j, 0], laws.mean[j, 0] / laws.size[j, 0])
    items = np.where(there, rng.poisson(density), 0)
    found = rng.binomial(items, laws.p_detect[j] * share)
    left = items - found
    missed = 1.0 - laws.p_detect.mean()
    seen = np.bincount(found)
    after = np.bincount(found, left) / np.maximum(seen, 1)
    best = np.minimum(loss * after, cost + loss * missed * after)
    now = min(loss * items.mean(), cost + loss * missed * items.mean())
    avoided = now - (best * seen).sum() / num
    error = 4.0 * (loss + 1.0) * items.std() / math.sqrt(num)
    assert value.loss_avoided[0] == pytest.approx(avoided, abs=error)
    assert value.found[0] == pytest.approx(found.mean(), abs=4 * found.std() / math.sqrt(num))
    assert value.p_find[0] == pytest.approx((found > 0).mean(), abs=0.002)
    assert value.p_any_after_none[0] == pytest.approx((left[found == 0] > 0).mean(), abs=0.002)


def test_one_certain_item_has_the_value_that_a_hand_reckons() -> None:
    # existence is the only doubt: an item is there with 1/2 (a Poisson number with mean 20 stands for "surely some");
    # a whole pass at detection 1 removes all, so the loss before, min(10 · 10, 30) = 30, is avoided
    law = laws_from_summary([10.0], [0.5], [0.5], [1.0])
    whole = survey_value(law, [1.0], loss_per_item=10.0, clear_cost=30.0)
    assert whole.loss_avoided[0] == pytest.approx(30.0, rel=1e-6)
    # half a pass at detection 1: with 1/2 nothing is there and none found; with 1/2 ten items are left (20 · ½) and
    # clearing costs 30; so 30 before, 15 after
    half = survey_value(law, [0.5], loss_per_item=10.0, clear_cost=30.0)
    assert half.loss_avoided[0] == pytest.approx(15.0, abs=0.02)


@given(
    st.floats(0.01, 0.99), st.floats(0.1, 30.0), st.floats(0.05, 50.0), st.floats(0.1, 1.0), st.floats(0.0, 1.0),
    st.floats(0.0, 100.0), st.floats(0.0, 300.0),
)  # fmt: skip
@settings(max_examples=60)
def test_more_survey_is_never_worth_less_and_never_more_than_all_loss(
    exists: float, mean: float, size: float, q: float, share: float, loss: float, cost: float
) -> None:
    law = AreaLaws(
        exists=np.full((1, 1), exists),
        mean=np.full((1, 1), mean),
        size=np.full((1, 1), size),
        p_detect=np.array([q]),
    )
    some, more = (
        survey_value(law, [s], loss_per_item=loss, clear_cost=cost) for s in (share, min(1.0, share + 0.1))
    )
    expected = float(law.expected[0])
    before = min(loss * expected, cost + loss * (1.0 - q) * expected)
    assert -1e-9 <= some.loss_avoided[0] <= before + 1e-9
    assert some.loss_avoided[0] <= more.loss_avoided[0] + 1e-6 * (1.0 + before)
    assert some.p_any_after_none[0] <= law.p_any[0] + 1e-9
    assert more.p_any_after_none[0] <= some.p_any_after_none[0] + 1e-9
    assert some.found[0] == pytest.approx(expected * q * share, rel=1e-9)


@given(st.floats(0.05, 0.95), st.floats(0.0, 1.0), st.floats(1.0, 40.0))
def test_laws_have_the_mean_and_chance_that_they_were_made_from(
    chance: float, spare: float, over: float
) -> None:
    exists = chance + spare * (1.0 - chance)
    least = (
        -math.log1p(-min(chance / exists, 1.0 - 1e-9)) * exists
    )  # a Poisson number's mean; below it, none has it
    laws = laws_from_summary([least * over], [chance], [exists], [0.7, 0.9])
    assert laws.expected[0] == pytest.approx(least * over, rel=1e-9)
    assert laws.p_any[0] == pytest.approx(chance, abs=1e-6)
    assert laws.exists.shape == (2, 1)


def test_what_is_not_stated_is_never_taken_for_nothing() -> None:
    laws = laws_from_summary([2.0], [np.nan], [np.nan], [0.9])
    assert laws.p_any[0] == pytest.approx(1.0 - math.exp(-2.0), rel=1e-6)
    assert laws.exists[0, 0] == 1.0


def test_a_limit_is_met_after_the_hours_that_are_said() -> None:
    law = laws_from_summary([2.0], [0.3], [0.4], [0.9])
    value = value_of_hours(law, [5000.0], 50.0, 1.0, limit=0.05)
    there = survey_value(law, [float(value.limit_h[0]) * 50.0 / 5000.0])
    assert there.p_any_after_none[0] == pytest.approx(0.05, abs=1e-5)
    assert value.p_limit[0] == pytest.approx(1.0 - there.p_find[0], rel=1e-9)
    assert value.m2_per_h[0] == pytest.approx(5000.0 * value.p_limit[0] / value.limit_h[0], rel=1e-9)


def test_the_best_stretch_beats_the_hour_where_an_hour_changes_nothing() -> None:
    law = laws_from_summary(
        [0.2], [0.1], [0.1], [0.95]
    )  # far too little to clear for; so survey only removes
    poor = value_of_hours(law, [10_000.0], 50.0, 1.0, loss_per_item=100.0, clear_cost_per_m2=0.0018)
    assert poor.best_rate[0] >= poor.next_hours.loss_avoided[0] - 1e-9
    assert 1.0 <= poor.best_h[0] <= 200.0


def test_losses_come_in_pairs_and_areas_have_ground() -> None:
    law = laws_from_summary([0.2], [0.1], [0.1], [0.95])
    with pytest.raises(InvalidInput, match=r"belong together; one came"):
        value_of_hours(law, [100.0], 50.0, 1.0, loss_per_item=3.0)
    with pytest.raises(InvalidInput, match=r"ground above 0 m²"):
        value_of_hours(law, [0.0], 50.0, 1.0)
    with pytest.raises(InvalidInput, match=r"limit on the chance of any item lies in \(0, 1\); got 5"):
        value_of_hours(law, [10.0], 50.0, 1.0, limit=5.0)
