"""Order of places, against brute force and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.score import (
    average_precision,
    found_in_top,
    ground_curve,
    precision_recall_curve,
    roc_auc,
    roc_curve,
)

CASES = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 8), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
    )
)


def by_pairs(score: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    total = above = 0.0
    for i in np.flatnonzero(happened):
        for j in np.flatnonzero(~happened):
            w = weight[i] * weight[j]
            total += w
            above += w * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
    return above / total if total else float("nan")


@given(CASES)
def test_roc_area_is_the_share_of_pairs_in_order(case: tuple[list[int], list[bool], list[int]]) -> None:
    score, happened, weight = np.array(case[0], float), np.array(case[1]), np.array(case[2], float)
    assert roc_auc(score, happened, weight) == pytest.approx(
        by_pairs(score, happened, weight), nan_ok=True, abs=1e-12
    )


@given(CASES)
def test_only_the_order_counts_for_the_ranking_measures(
    case: tuple[list[int], list[bool], list[int]],
) -> None:
    score, happened = np.array(case[0], float), np.array(case[1])
    bent = np.exp(0.7 * score) - 3.0
    for measure in (roc_auc, average_precision):
        assert measure(score, happened) == pytest.approx(measure(bent, happened), nan_ok=True)
    assert roc_auc(-score, happened) == pytest.approx(1.0 - roc_auc(score, happened), nan_ok=True)


@given(CASES)
def test_a_weight_of_two_is_the_place_twice(case: tuple[list[int], list[bool], list[int]]) -> None:
    score, happened, times = np.array(case[0], float), np.array(case[1]), np.array(case[2])
    again, happened_again = np.repeat(score, times), np.repeat(happened, times)
    for measure in (roc_auc, average_precision):
        if times.sum():
            assert measure(score, happened, times.astype(float)) == pytest.approx(
                measure(again, happened_again), nan_ok=True
            )
    if times.sum():
        assert found_in_top(score, happened * 1.0, 0.3, weight=times.astype(float)) == pytest.approx(
            found_in_top(again, happened_again * 1.0, 0.3), nan_ok=True
        )


def test_the_published_example_gives_the_published_values() -> None:
    # scikit-learn's documentation of roc_auc_score and average_precision_score: y = [0, 0, 1, 1],
    # scores = [0.1, 0.4, 0.35, 0.8]: 0.75 and 0.83
    happened, score = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])
    assert roc_auc(score, happened) == 0.75
    assert average_precision(score, happened) == pytest.approx(0.8333, abs=5e-5)


def test_average_precision_by_hand() -> None:
    # order: find, empty, find, find, empty; precision at the finds 1/1, 2/3, 3/4
    score, happened = np.array([5.0, 4, 3, 2, 1]), np.array([True, False, True, True, False])
    assert average_precision(score, happened) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_average_precision_of_equal_scores_is_the_share_of_finds() -> None:
    assert average_precision(np.zeros(8), np.arange(8) < 3) == pytest.approx(3 / 8)


def test_one_sided_outcomes_have_no_roc_area() -> None:
    assert np.isnan(roc_auc(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(roc_auc(np.arange(3.0), np.zeros(3, bool)))
    assert np.isnan(average_precision(np.arange(3.0), np.zeros(3, bool)))


def test_areas_under_the_curves_are_the_measures() -> None:
    rng = np.random.default_rng(4)
    score, happened = rng.integers(0, 30, 400).astype(float), rng.random(400) < 0.3
    x, y = roc_curve(score, happened)
    assert np.trapezoid(y, x) == pytest.approx(roc_auc(score, happened))
    recall, precision = precision_recall_curve(score, happened)
    steps = np.diff(np.concatenate([[0.0], recall])) @ precision
    assert steps == pytest.approx(average_precision(score, happened))


def test_finds_in_the_best_ground_count_items_and_ground() -> None:
    # two places of 1 and 3 ha; the first holds 6 of 8 items and is ranked first: half of the best 50 % is its 1 ha
    score, found, ground = np.array([2.0, 1.0]), np.array([6.0, 2.0]), np.array([1.0, 3.0])
    assert found_in_top(score, found, 0.25, ground=ground) == pytest.approx(6 / 8)
    assert found_in_top(score, found, 0.5, ground=ground) == pytest.approx((6 + 2 / 3) / 8)
    x, y = ground_curve(score, found, ground)
    assert x.tolist() == [0.0, 0.25, 1.0]
    assert y.tolist() == [0.0, 0.75, 1.0]


def test_equal_scores_find_no_more_than_their_share_of_ground() -> None:
    found = np.array([9.0, 0, 0, 0])
    assert found_in_top(np.zeros(4), found, 0.25) == pytest.approx(0.25)
    assert np.isnan(found_in_top(np.zeros(4), np.zeros(4), 0.25))


def test_an_unknown_score_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"1 of 2 are unknown. Leave those places out"):
        roc_auc(np.array([np.nan, 1.0]), np.array([True, False]))
