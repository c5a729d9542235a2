"""A search whose outcome nobody knows yet: how likely it finds nothing, and what is left to search after it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remnant.units import Floats


def p_nothing_found(coverage: float, exists: Floats, mean: Floats, size: Floats, p_detect: Floats) -> Floats:
    """Chance that a search of a share of an area finds nothing.

    Parameters
    ----------
    coverage
        Share of the area that is searched, at random places. [1]
    exists, mean, size
        (n_draws, n_areas) chance that it holds any, and mean and size of the negative binomial number if it does.
    p_detect
        (n_draws,) chance that the method finds an item. [1]

    Notes
    -----
    ``1 − q + q (1 + c p m / r)^−r``: the weight of a draw in `remnant.decide.search_share_needed`.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> p_nothing_found(0.5, 0.4 * one, 2.0 * one, 1e9 * one, np.ones(1)).round(6).tolist()
    [[0.747152]]
    """
    found = coverage * p_detect[:, None] * mean
    return np.asarray(1.0 - exists + exists * np.exp(-size * np.log1p(found / size)))


def search_left(
    share_needed: Floats, coverage: Floats, worth: float, finds_nothing: NDArray[np.bool_], area_m2: Floats
) -> Floats:
    """Ground that is left to search after a search of unknown outcome.

    Parameters
    ----------
    share_needed
        (n_areas,) share to search without a find before the policy is met; NaN: a whole pass is not enough. [1]
    coverage
        (n_areas,) share that the search works. [1]
    worth
        What a square metre of it counts beside one of the method that `share_needed` is reckoned with: the ratio of
        their chances to find an item. [1]
    finds_nothing
        (n_draws, n_areas) whether it finds nothing.
    area_m2
        (n_areas,) ground. [m²]

    Returns
    -------
    (n_draws, n_areas) ground. [m²] Where nothing is found, what `share_needed` still asks for; where something is, all
    ground that the search did not work.

    Examples
    --------
    >>> outcome = np.array([[True], [False]])
    >>> search_left(np.array([0.5]), np.array([0.2]), 1.0, outcome, np.array([1000.0])).tolist()
    [[300.0], [800.0]]
    """
    rest = (1.0 - coverage) * area_m2
    asked = np.where(np.isnan(share_needed), 1.0, np.maximum(share_needed - worth * coverage, 0.0)) * area_m2
    return np.asarray(np.where(finds_nothing, np.minimum(asked, rest), rest))
