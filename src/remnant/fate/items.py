"""From shares to items: how many of a delivered quantity are in which state, at which age, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc

from remnant.errors import InvalidInput
from remnant.fate.states import STATES, FateDraws, state_probabilities

ITEM_STATES = (*STATES, "explosive")
"""States in results; ``explosive`` is any of the first three: everything that has to be found."""
MOST_ITEMS = 1_000_000_000
"""Quantities above this are refused: more than were ever delivered anywhere."""
_NUM_GROUPS = (
    400  # stand for thousands of draws in the mixture; against all of them the ends move by under 1 %
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemCounts:
    """Items of a delivered quantity by age and state. Arrays (n_ages, 5), states in the order of `ITEM_STATES`.

    Parameters
    ----------
    quantity
        Items delivered. [items]
    age_d
        (n_ages,) ages. [d]
    mean, q05, q95
        Mean and 90 % interval of the number of items: doubt about θ and chance from item to item together. [items]
    p_any
        Chance of at least one item. [1]
    share_q05, share_mean, share_q95
        The same for the share of items, doubt about θ alone. [1]
    """

    quantity: int
    age_d: NDArray[np.float64]
    mean: NDArray[np.float64]
    q05: NDArray[np.float64]
    q95: NDArray[np.float64]
    p_any: NDArray[np.float64]
    share_q05: NDArray[np.float64]
    share_mean: NDArray[np.float64]
    share_q95: NDArray[np.float64]


def count_items(draws: FateDraws, quantity: int, age_d: NDArray[np.float64]) -> ItemCounts:
    """Items of a delivered quantity in each state at each age.

    Given θ the items are independent, so the number in a state is binomial; the answer is the mixture of those
    binomials over the draws, whose quantiles are found exactly (no noise is simulated).

    Parameters
    ----------
    draws
        θ of the type.
    quantity
        Items delivered, 0 to `MOST_ITEMS`. [items]
    age_d
        (n_ages,) ages of zero or more. [d]
    """
    if not 0 <= quantity <= MOST_ITEMS:
        raise InvalidInput(f"quantity must be a whole number from 0 to {MOST_ITEMS:,}; got {quantity:,}")
    age = np.asarray(age_d, dtype=np.float64)
    if age.ndim != 1 or not (np.isfinite(age) & (age >= 0.0)).all():
        raise InvalidInput("ages must be a list of finite numbers of days, zero or more")
    share = item_shares(draws, age)
    grouped = representatives(share, _NUM_GROUPS)
    low, high = np.quantile(share, [0.05, 0.95], axis=0)
    return ItemCounts(
        quantity=quantity,
        age_d=age,
        mean=quantity * share.mean(axis=0),
        q05=mixture_quantile(grouped, quantity, 0.05),
        q95=mixture_quantile(grouped, quantity, 0.95),
        # 0 − x, so that no items are 0 and not −0
        p_any=0.0 - np.expm1(quantity * np.log1p(-np.minimum(share, 1.0 - 1e-16))).mean(axis=0),
        share_q05=low,
        share_mean=share.mean(axis=0),
        share_q95=high,
    )


def item_shares(draws: FateDraws, age_d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of items in each of `ITEM_STATES`: (n_draws, n_ages, 5). [1]"""
    share = state_probabilities(age_d, draws)
    return np.concatenate([share, share[..., :3].sum(axis=-1, keepdims=True)], axis=-1).clip(0.0, 1.0)


def representatives(share: NDArray[np.float64], num_groups: int) -> NDArray[np.float64]:
    """Fewer equal-weight draws that stand for many: means of runs of the sorted draws, one column at a time.

    Parameters
    ----------
    share
        (n_draws, ...) draws. [1]
    num_groups
        Draws wanted; with as many or fewer draws they come back sorted, all of them.

    Returns
    -------
    (num_groups, ...) sorted along the first axis; the mean is kept. [1]
    """
    ordered = np.sort(share, axis=0)
    size = len(ordered) // num_groups
    if size < 2:
        return ordered
    kept = ordered if len(ordered) % num_groups == 0 else ordered[_evenly(len(ordered), size * num_groups)]
    return np.asarray(kept.reshape(num_groups, size, *share.shape[1:]).mean(axis=1))


def _evenly(num: int, num_kept: int) -> NDArray[np.intp]:
    return np.floor((np.arange(num_kept) + 0.5) * num / num_kept).astype(np.intp)


def mixture_quantile(share: NDArray[np.float64], quantity: int, level: float) -> NDArray[np.float64]:
    """Quantile of a mixture of binomials with equal weights.

    Parameters
    ----------
    share
        (n_draws, ...) success probabilities. [1]
    quantity
        Trials of every binomial. [items]
    level
        Of the quantile. [1]

    Returns
    -------
    (...) smallest counts whose distribution function reaches `level`. [items]

    Examples
    --------
    >>> mixture_quantile(np.full((1, 1), 0.5), 100, 0.95).tolist()  # binomial(100, 0.5): 58
    [58.0]
    """
    low = np.full(share.shape[1:], -1.0)  # distribution function below the level
    high = np.full(share.shape[1:], float(quantity))  # at or above it
    for _ in range(int(quantity).bit_length() + 1):
        middle = np.floor(0.5 * (low + high))
        below = np.where(
            middle >= quantity, 1.0, betaincc(middle + 1.0, np.maximum(quantity - middle, 1e-9), share)
        ).mean(axis=0)
        is_reached = (below >= level - 1e-12) & (middle >= 0.0)
        is_open = high - low > 1.0
        high = np.where(is_open & is_reached, middle, high)
        low = np.where(is_open & ~is_reached, middle, low)
    return high
