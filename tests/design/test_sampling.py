"""Accept-on-zero samples, bounds from no find, inspections: published values, properties, enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.decide import (
    after_pass,
    answer_inspection,
    density_bound_without_find,
    detection_of,
    p_accept,
    p_accept_by_density,
    p_accept_lot,
    p_no_find,
    plan_sample,
    share_needed,
    units_to_catch,
)
from remnant.errors import InvalidInput, NotEstimable

SURE = detection_of(1.0, source="test")
GOOD = detection_of(0.9, source="test")
WIDE = detection_of(0.5, 0.95, source="test")
lots = st.integers(1, 300)
shares = st.floats(0.01, 1.0)


# hypergeometric reading of Visual Sample Plan's compliance sampling: the first five as listed with its statement, the
# others from the table of exact values at 95 % (lots to be caught: more than floor(N (1 − X)) units)
@pytest.mark.parametrize(
    ("num", "confidence", "clean", "wanted"),
    [
        (100, 0.95, 0.95, 39),
        (500, 0.95, 0.99, 196),
        (1000, 0.95, 0.99, 238),
        (1000, 0.99, 0.99, 341),
        (10_000, 0.95, 0.999, 2383),
        (100, 0.95, 0.99, 78),
        (1000, 0.95, 0.95, 56),
        (10_000, 0.95, 0.99, 291),
    ],
)
def test_sample_sizes_are_the_published_ones(num: int, confidence: float, clean: float, wanted: int) -> None:
    plan = plan_sample(num, confidence=confidence, clean_share=clean, detection=SURE)
    assert plan.num_sampled == plan.num_if_perfect == wanted
    bad = plan.num_to_catch
    closed = (
        0.5 * (1.0 - (1.0 - confidence) ** (1.0 / bad)) * (2 * num - bad + 1)
    )  # the closed form beside them
    assert math.ceil(closed) == wanted
    misses = [math.comb(num - bad, n) / math.comb(num, n) for n in (wanted, wanted - 1)]  # in whole numbers
    assert misses[0] <= 1.0 - confidence < misses[1]


@given(lots, st.floats(0.5, 0.99), st.sampled_from([0.9, 0.95, 0.99]), st.floats(0.3, 1.0))
def test_the_plan_is_the_smallest_that_reaches_its_confidence(
    num: int, clean: float, confidence: float, q: float
) -> None:
    found = detection_of(q, source="test")
    try:
        plan = plan_sample(num, confidence=confidence, clean_share=clean, detection=found)
    except NotEstimable:
        assert (1.0 - q) ** units_to_catch(num, clean) > 1.0 - confidence
        return
    assert plan.reached >= confidence - 1e-9
    assert p_no_find(num, plan.num_to_catch, plan.num_sampled - 1, found) > 1.0 - confidence
    assert plan.num_if_perfect is not None
    assert plan.num_if_perfect <= plan.num_sampled


@given(lots, st.data(), st.floats(0.2, 0.9))
def test_more_units_with_items_or_more_looks_never_pass_more_often(
    num: int, data: st.DataObject, q: float
) -> None:
    bad, sampled = data.draw(st.integers(0, num)), data.draw(st.integers(0, num))
    found = detection_of(q, source="test")
    here = p_no_find(num, bad, sampled, found)
    assert 0.0 <= here <= 1.0
    assert p_no_find(num, min(bad + 1, num), sampled, found) <= here + 1e-12
    assert p_no_find(num, bad, min(sampled + 1, num), found) <= here + 1e-12
    assert p_no_find(num, bad, sampled, SURE) <= here + 1e-12


def test_chance_of_no_find_agrees_with_every_sample_written_out() -> None:
    num, bad, sampled, q = 7, 3, 4, 0.7
    samples = list(itertools.combinations(range(num), sampled))
    dense = np.mean([(1.0 - q) ** sum(u < bad for u in s) for s in samples])
    assert p_no_find(num, bad, sampled, detection_of(q, source="test")) == pytest.approx(dense, rel=1e-12)
    assert p_accept_lot(num, [bad], sampled, detection_of(q, source="test"))[0] == pytest.approx(
        dense, rel=1e-12
    )


def test_shared_detection_needs_more_units_than_its_mean() -> None:
    wide = plan_sample(500, confidence=0.95, clean_share=0.99, detection=WIDE)
    mean = plan_sample(
        500, confidence=0.95, clean_share=0.99, detection=detection_of(WIDE.mean, source="test")
    )
    assert wide.num_sampled > mean.num_sampled


def test_a_lot_that_no_inspection_can_show_is_refused_with_what_it_reaches() -> None:
    with pytest.raises(NotEstimable, match=r"all 50 units reaches 90 %.*better or a second"):
        plan_sample(50, confidence=0.95, clean_share=0.99, detection=GOOD)


def test_area_bound_is_three_over_the_area_searched() -> None:
    # eod-science course, cs04: 5 km² without a find at 90 % detection: 0.67 per km²
    assert density_bound_without_find(5e6, confidence=0.95, detection=GOOD) * 1e6 == pytest.approx(
        0.6657, abs=1e-4
    )
    # zero-find areas of the US Army matrix, at detection 1: 247, 124, 62 per km² ↔ 1.21, 2.43, 4.86 ha
    for per_km2, ha in ((247.1, 1.21), (123.6, 2.43), (61.8, 4.86)):
        bound = density_bound_without_find(ha * 1e4, confidence=0.95, detection=SURE) * 1e6
        assert bound == pytest.approx(per_km2, rel=5e-3)


@given(st.floats(1.0, 1e8), st.floats(0.5, 0.999))
def test_the_bound_with_uncertain_detection_solves_its_equation(area: float, confidence: float) -> None:
    bound = density_bound_without_find(area, confidence=confidence, detection=WIDE)
    assert np.exp(-bound * area * WIDE.draws).mean() == pytest.approx(1.0 - confidence, rel=1e-6)
    assert bound >= -math.log(1.0 - confidence) / (WIDE.draws.max() * area)
    twice = density_bound_without_find(2 * area, confidence=confidence, detection=WIDE)
    assert twice == pytest.approx(0.5 * bound, rel=1e-6)


def test_operating_curves_are_those_of_the_course() -> None:
    # eod-science course 05.7
    assert p_accept([5], 0.1, GOOD)[0] == pytest.approx(0.624, abs=5e-4)
    assert share_needed(5, 0.10, GOOD) == pytest.approx(0.41, abs=5e-3)
    assert p_accept_lot(400, [5], 40, SURE)[0] == pytest.approx(0.589, abs=5e-4)
    before = after_pass(20.0, cleared_share=0.99, share=0.1, detection=GOOD)
    assert before.left == pytest.approx(0.20)
    assert before.p_any == pytest.approx(0.181, abs=5e-4)
    assert before.p_any_after == pytest.approx(0.166, abs=5e-4)
    mixed = after_pass(20.0, cleared_share=0.99, share=0.1, detection=GOOD, p_bad=0.1, cleared_share_bad=0.8)
    assert mixed.p_bad_after == pytest.approx(0.073, abs=5e-4)


@given(st.integers(1, 60), shares, st.integers(0, 4), st.floats(0.05, 1.0))
def test_operating_curves_fall_with_items_and_rise_with_finds_allowed(
    left: int, share: float, finds: int, q: float
) -> None:
    found = detection_of(q, source="test")
    here = p_accept([left, left + 1], share, found, most_finds=finds)
    assert 0.0 <= here[1] <= here[0] + 1e-12
    assert here[0] <= p_accept([left], share, found, most_finds=finds + 1)[0] + 1e-12
    direct = sum(
        math.comb(left, k) * (share * q) ** k * (1 - share * q) ** (left - k)
        for k in range(min(finds, left) + 1)
    )
    assert here[0] == pytest.approx(direct, abs=1e-9)


def test_inspection_agrees_with_simulation() -> None:
    rng = np.random.default_rng(5)
    num, draws = 200_000, rng.choice(WIDE.draws, 200_000)
    found = rng.binomial(rng.hypergeometric(6, 94, 30, num), draws)
    for finds in (0, 1):
        exact = p_accept_lot(100, [6], 30, WIDE, most_finds=finds)[0]
        error = math.sqrt(exact * (1 - exact) / num)
        assert abs((found <= finds).mean() - exact) < 4 * error
    poisson = rng.poisson(8.0, num)
    passed = (rng.binomial(poisson, 0.3 * draws) == 0).mean()
    exact = p_accept_by_density([8.0], 0.3, WIDE)[0]
    assert abs(passed - exact) < 4 * math.sqrt(exact * (1 - exact) / num)


def test_a_pass_agrees_with_simulation() -> None:
    rng = np.random.default_rng(6)
    num = 400_000
    is_bad, q = rng.uniform(size=num) < 0.2, rng.choice(WIDE.draws, num)
    left = rng.poisson(np.where(is_bad, 6.0, 0.6))
    found = rng.binomial(left, 0.25 * q)
    passed = found == 0
    answer = after_pass(
        12.0, cleared_share=0.95, share=0.25, detection=WIDE, p_bad=0.2, cleared_share_bad=0.5
    )
    assert passed.mean() == pytest.approx(answer.p_pass, abs=0.004)
    assert is_bad[passed].mean() == pytest.approx(answer.p_bad_after, abs=0.004)
    assert left[passed].mean() == pytest.approx(answer.left_after, abs=0.02)
    assert (left[passed] > 0).mean() == pytest.approx(answer.p_any_after, abs=0.005)
    assert left.mean() == pytest.approx(answer.left, abs=0.02)


@given(st.floats(0.0, 50.0), shares, shares, st.floats(0.0, 1.0))
def test_a_pass_never_raises_the_belief_in_items(
    before: float, cleared: float, share: float, bad: float
) -> None:
    answer = after_pass(
        before, cleared_share=cleared, share=share, detection=WIDE, p_bad=bad, cleared_share_bad=cleared * 0.5
    )
    assert answer.left_after <= answer.left + 1e-9
    assert answer.p_any_after <= answer.p_any + 1e-9
    assert answer.p_bad_after <= answer.p_bad + 1e-9


def test_inspections_without_a_definite_extent_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"a share of the ground, or a sample"):
        answer_inspection(GOOD)
    with pytest.raises(InvalidInput, match=r"one of a pair is missing"):
        answer_inspection(GOOD, share=0.1, items_before=3.0)
    with pytest.raises(InvalidInput, match=r"1 or more; a lower number"):
        answer_inspection(GOOD, share=0.1, num_left=(0,))


def test_detection_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"finds nothing shows nothing"):
        detection_of(0.0, source="test")
    with pytest.raises(InvalidInput, match=r"Percent\? Divide by 100"):
        detection_of(90.0, source="test")
    with pytest.raises(InvalidInput, match=r"needs a source"):
        detection_of(0.9, source=" ")
