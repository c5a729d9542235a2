"""Items of a quantity: exact mixture quantiles against scipy and against simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from remnant.catalogue import FateModel
from remnant.errors import InvalidInput
from remnant.fate import ITEM_STATES, count_items, mixture_quantile, prior_draws
from remnant.fate.items import item_shares, representatives


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6),
    st.integers(0, 10_000),
    st.sampled_from([0.05, 0.5, 0.95]),
)
def test_quantiles_of_a_mixture_are_where_its_distribution_function_says(
    shares: list[float], quantity: int, level: float
) -> None:
    found = int(mixture_quantile(np.array(shares)[:, None], quantity, level)[0])
    assert 0 <= found <= quantity
    assert binom.cdf(found, quantity, shares).mean() >= level - 1e-9
    if found > 0:
        assert binom.cdf(found - 1, quantity, shares).mean() < level + 1e-9


def test_one_share_gives_the_binomial_quantile() -> None:
    shares = np.array([[0.5, 0.001, 0.0, 1.0]])
    for level in (0.05, 0.95):
        np.testing.assert_array_equal(
            mixture_quantile(shares, 1000, level), binom.ppf(level, 1000, shares[0]).clip(0)
        )


def test_counts_agree_with_simulated_items(
    make_model: Callable[..., FateModel], make_range: Callable
) -> None:
    model = make_model(p_arms=make_range(0.8, 0.99), p_sda_fails=make_range(0.1, 0.6))
    rng = np.random.default_rng(2)
    draws = prior_draws(model, 4000, rng=rng)
    ages = np.array([0.5, 28.0, 1000.0])
    found = count_items(draws, 500, ages)
    shares = item_shares(draws, ages)
    many = rng.multinomial(
        500, np.repeat(shares[..., :4] / shares[..., :4].sum(-1, keepdims=True), 10, axis=0)
    )
    many = np.concatenate([many, many[..., :3].sum(-1, keepdims=True)], axis=-1)
    np.testing.assert_allclose(found.mean, many.mean(0), atol=1.0)
    np.testing.assert_allclose(found.q05, np.quantile(many, 0.05, axis=0), atol=2.0)
    np.testing.assert_allclose(found.q95, np.quantile(many, 0.95, axis=0), atol=3.0)
    np.testing.assert_allclose(found.p_any, (many > 0).mean(0), atol=0.01)


def test_means_of_the_states_sum_to_the_quantity(make_model: Callable[..., FateModel]) -> None:
    found = count_items(
        prior_draws(make_model(), 100, rng=np.random.default_rng(1)), 12_345, np.array([0.0, 30.0])
    )
    np.testing.assert_allclose(found.mean[:, :4].sum(-1), 12_345, rtol=1e-12)
    assert found.mean.shape == (2, len(ITEM_STATES))


def test_groups_of_draws_keep_the_mean_and_nearly_the_ends() -> None:
    draws = np.random.default_rng(3).beta(1.0, 30.0, (4000, 2))
    few = representatives(draws, 400)
    assert few.shape == (400, 2)
    np.testing.assert_allclose(few.mean(0), draws.mean(0), rtol=1e-12)
    for level in (0.05, 0.95):
        np.testing.assert_allclose(
            mixture_quantile(few, 10_000, level), mixture_quantile(draws, 10_000, level), rtol=0.01, atol=1.0
        )
    assert representatives(draws[:4001:2], 1500).shape == (2000, 2)
    assert representatives(np.random.default_rng(4).random((4003, 1)), 400).shape == (400, 1)


@pytest.mark.parametrize("quantity", [-1, 10**12])
def test_impossible_quantities_are_refused(make_model: Callable[..., FateModel], quantity: int) -> None:
    draws = prior_draws(make_model(), 5, rng=np.random.default_rng(1))
    with pytest.raises(InvalidInput, match="quantity must be a whole number"):
        count_items(draws, quantity, np.array([1.0]))


@pytest.mark.parametrize("age", [-1.0, np.nan, np.inf])
def test_impossible_ages_are_refused(make_model: Callable[..., FateModel], age: float) -> None:
    draws = prior_draws(make_model(), 5, rng=np.random.default_rng(1))
    with pytest.raises(InvalidInput, match="zero or more"):
        count_items(draws, 10, np.array([age]))


def test_nothing_delivered_is_nothing_left(make_model: Callable[..., FateModel]) -> None:
    found = count_items(prior_draws(make_model(), 5, rng=np.random.default_rng(1)), 0, np.array([1.0]))
    assert (found.mean == 0.0).all()
    assert (found.q95 == 0.0).all()
    assert (found.p_any == 0.0).all()
    assert not np.signbit(found.p_any).any()  # −0 is printed as -0.0
