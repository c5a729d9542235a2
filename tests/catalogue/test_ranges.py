from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from remnant.catalogue import Range
from remnant.errors import CatalogueError

inside = st.floats(1e-9, 1.0 - 1e-9)
positive = st.floats(1e-6, 1e9)


def make(**given_fields: Any) -> Range:
    return Range(
        **({"low": 0.1, "high": 0.2, "unit": "1", "basis": "judgement", "source": "somebody"} | given_fields)
    )


@given(inside, inside)
def test_any_ordered_pair_inside_zero_and_one_is_a_probability(a: float, b: float) -> None:
    given_range = make(low=min(a, b), high=max(a, b))
    assert given_range.is_certain == (a == b)


@given(inside, inside)
def test_a_swapped_pair_is_refused(a: float, b: float) -> None:
    assume(a < b)
    with pytest.raises(CatalogueError, match="low must not exceed high"):
        make(low=b, high=a)


@given(positive, positive, st.sampled_from(["h", "ratio", "1/km2"]))
def test_a_quantity_may_be_any_size(a: float, b: float, unit: str) -> None:
    assert make(low=min(a, b), high=max(a, b), unit=unit).high == max(a, b)


@given(st.floats(1.0, 1e6, exclude_min=True))
def test_a_probability_above_one_is_refused(high: float) -> None:
    with pytest.raises(CatalogueError, match=r"a probability lies in \[0, 1\]"):
        make(high=high)


@given(inside, inside, inside)
def test_a_point_lies_inside_its_range_or_is_refused(a: float, b: float, value: float) -> None:
    low, high = min(a, b), max(a, b)
    if low <= value <= high:
        assert make(low=low, high=high, value=value).value == value
    else:
        with pytest.raises(CatalogueError, match="lies outside its range"):
            make(low=low, high=high, value=value)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_number_without_a_source_does_not_exist(blank: str) -> None:
    with pytest.raises(CatalogueError, match="every number needs a source"):
        make(source=blank)


@pytest.mark.parametrize(("low", "high", "unit"), [(0.0, 0.1, "1"), (0.9, 1.0, "1"), (0.0, 5.0, "h")])
def test_a_range_that_ends_at_certainty_is_refused(low: float, high: float, unit: str) -> None:
    with pytest.raises(CatalogueError, match="nothing is that certain"):
        make(low=low, high=high, unit=unit)


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(CatalogueError, match="a quantity in h is not negative; got -1"):
        make(low=-1.0, high=2.0, unit="h")


@pytest.mark.parametrize("bound", ["low", "high"])
def test_a_number_that_is_not_a_number_is_refused(bound: str) -> None:
    with pytest.raises(CatalogueError, match="low must not exceed high"):
        make(**{bound: float("nan")})
