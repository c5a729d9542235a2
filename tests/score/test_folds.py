"""Splits: honest ones hold out whole parts, dishonest ones are refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.score import blocks, folds_at_random, folds_by_block, folds_by_group, folds_by_time, no_folds


def test_a_random_split_is_refused_and_the_flag_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"--random-split-i-know-it-flatters"):
        folds_at_random(10, 2, rng=np.random.default_rng(1))


def test_a_random_split_that_is_asked_for_carries_its_warning() -> None:
    folds = folds_at_random(10, 3, rng=np.random.default_rng(1), i_know_it_flatters=True)
    assert "flatter" in folds.warning
    assert sorted(np.bincount(folds.label).tolist()) == [3, 3, 4]
    assert folds_by_group(["a", "b"]).warning == ""


@given(st.lists(st.sampled_from("abc"), min_size=4, max_size=30).filter(lambda g: len(set(g)) > 1))
def test_every_place_is_held_out_once_and_never_learns_from_its_own_group(group: list[str]) -> None:
    times = np.zeros(len(group))
    for name, learn, test in folds_by_group(group).held_out():
        times += test
        assert not (learn & test).any()
        assert {group[i] for i in np.flatnonzero(test)} == {name}
        assert name not in {group[i] for i in np.flatnonzero(learn)}
    assert times.tolist() == [1.0] * len(group)


def test_blocks_share_a_number_inside_a_square_and_nowhere_else() -> None:
    x, y = np.array([10.0, 990.0, 1010.0, 10.0]), np.array([10.0, 990.0, 10.0, -10.0])
    label = blocks(x, y, 1000.0)
    assert label[0] == label[1]
    assert len(set(label.tolist())) == 3
    assert blocks(x + 5000.0, y - 3000.0, 1000.0).tolist() == label.tolist()


def test_a_cut_in_time_learns_from_before_and_tests_after() -> None:
    folds = folds_by_time(np.array([1.0, 5.0, 6.0, 9.0]), 5.0)
    ((_, learn, test),) = folds.held_out()
    assert learn.tolist() == [True, True, False, False]
    assert test.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: folds_by_group(["a", None, ""], "district"), "every place must have a district; 2 of 3 have none"),
        (lambda: folds_by_group(["a", "a"]), "two or more parts; there is one group"),
        (lambda: folds_by_block(np.zeros(3), np.zeros(3), 1e4), "there is one block of 10 km"),
        (lambda: folds_by_block(np.zeros(3), np.zeros(3), -1.0), "above 0 m; got -1"),
        (lambda: blocks(np.array([np.nan]), np.zeros(1), 1.0), "need the place of every row"),
        (lambda: folds_by_time(np.array([1.0, np.nan]), 0.0), "1 of 2 have none"),
        (lambda: folds_by_time(np.array([1.0, 2.0]), 5.0), "none lies after it"),
        (lambda: folds_by_time(np.array([1.0, 2.0]), 0.0), "none lies on or before it"),
        (
            lambda: folds_at_random(3, 9, rng=np.random.default_rng(1), i_know_it_flatters=True),
            "2 to 3 parts; got 9",
        ),
    ],
)  # fmt: skip
def test_impossible_splits_are_refused(make: object, words: str) -> None:
    assert callable(make)
    with pytest.raises(InvalidInput, match=words):
        make()


def test_no_split_is_one_part() -> None:
    assert [name for name, _, _ in no_folds(3).held_out()] == ["all places"]
