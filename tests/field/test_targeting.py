"""Targeted survey: the diagnostic, its words, and the likelihood of where was searched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.field.targeting import SearchPlaces, targeting, targeting_findings


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_shares_add_up_to_what_was_searched_whatever_the_sizes(seed: int, num: int) -> None:
    rng = np.random.default_rng(seed)
    share, ground = rng.random(num), rng.uniform(0.1, 5.0, num)
    made = targeting(share, rng.standard_normal(num), ground)
    assert made.searched_share.mean() == pytest.approx((share * ground).sum() / ground.sum())
    assert -1.0 <= made.correlation <= 1.0


def test_splitting_places_changes_no_share() -> None:
    rng = np.random.default_rng(1)
    share, log_density = rng.random(23), rng.standard_normal(23)
    whole = targeting(share, log_density, np.ones(23))
    halves = targeting(np.repeat(share, 2), np.repeat(log_density, 2), np.full(46, 0.5))
    np.testing.assert_allclose(whole.searched_share, halves.searched_share)


def test_searches_at_random_raise_no_warning_and_lopsided_ones_do() -> None:
    rng = np.random.default_rng(2)
    log_density = rng.standard_normal(2000)
    blind = (rng.random(2000) < 0.3).astype(float)
    assert targeting_findings(targeting(blind, log_density, np.ones(2000))) == ()
    keen = (rng.random(2000) < 1.0 / (1.0 + np.exp(-2.0 * log_density))).astype(float)
    found = targeting_findings(targeting(keen, log_density, np.ones(2000), log_field=log_density))
    assert [f.code for f in found] == ["targeted-survey", "targeted-beyond-covariates"]
    assert "too high" in found[1].came


def test_ground_that_was_never_searched_is_told() -> None:
    order = np.arange(100.0)
    found = targeting_findings(targeting((order >= 20).astype(float), order, np.ones(100)))
    assert found[-1].code == "thin-ground-unsearched"
    assert "0%, 100%" in found[-1].came


def test_search_places_have_exact_slopes_and_a_blind_prior() -> None:
    rng = np.random.default_rng(3)
    places = SearchPlaces(is_searched=rng.integers(0, 2, 25).astype(float), guides=rng.normal(size=(25, 1)))
    field, z = rng.normal(size=(25, 2)), rng.normal(size=(3, 2))
    _, by_field, by_z = places.gradient(field, z)
    step = 1e-5
    for r in range(25):
        nudge = np.zeros_like(field)
        nudge[r] = step
        slope = (places.value(field + nudge, z) - places.value(field - nudge, z)) / (2 * step)
        np.testing.assert_allclose(by_field[r], slope, atol=1e-7)
    for i in range(3):
        nudge = np.zeros_like(z)
        nudge[i] = step
        slope = (places.value(field, z + nudge) - places.value(field, z - nudge)) / (2 * step)
        np.testing.assert_allclose(by_z[i], slope, atol=1e-6)
    blind = np.zeros((3, 1))
    share = (places.is_searched.sum() + 0.5) / 26.0
    expected = places.is_searched * np.log(share) + (1.0 - places.is_searched) * np.log1p(-share)
    assert places.value(field[:, :1], blind)[0] == pytest.approx(expected.sum())
    assert not places.gradient(field[:, :1], blind)[1].any()


def test_half_a_search_is_refused_as_a_place() -> None:
    with pytest.raises(InvalidInput, match="is_searched must be 0 or 1"):
        SearchPlaces(is_searched=np.array([0.5]))
