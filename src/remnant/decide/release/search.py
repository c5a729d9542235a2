"""How much more to search, without a find, before an area meets a limit."""

from __future__ import annotations

import numba
import numpy as np

from remnant.decide.release.verdict import SURE
from remnant.units import Floats

_POISSON_SIZE = 1e9  # a size so large that the negative binomial is a Poisson
_BISECTIONS = 20  # to a millionth of the area


def search_share_needed(
    limit: float, exists: Floats, mean: Floats, variance: Floats, p_detect: Floats
) -> Floats:
    """Share of each area to search without a find before the area meets a limit on any explosive item.

    Parameters
    ----------
    limit
        Greatest chance allowed. [1]
    exists
        (n_draws, n_areas) chance that each area holds anything. [1]
    mean, variance
        (n_draws, n_areas) of the explosive items in it if it does. [items, items²]
    p_detect
        (n_draws,) chance that the method finds an item. [1]

    Returns
    -------
    (n_areas,) shares in [0, 1]; NaN if one whole pass is not enough.

    Notes
    -----
    Given draw j and a share c searched without a find, with x = c p and r the size of the negative binomial of that
    mean and variance, "nothing is left and nothing was found" is "nothing was there", so::

        weight_j      ∝ 1 − q_j + q_j (1 + x_j m_j / r_j)^−r_j                   (no find is what was seen)
        P_j(any left) = 1 − [1 − q_j + q_j (1 + m_j / r_j)^−r_j] / weight_j

    The limit is met, as in `verdicts_of`, when no more than 5 % of the weight lies on draws above it.

    Examples
    --------
    >>> surely, few = np.full((200, 1), 0.2), np.full((200, 1), 3.0)
    >>> search_share_needed(0.05, surely, few, 2.0 * few, np.full(200, 0.9)).round(2).tolist()
    [0.48]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(variance > mean * (1.0 + 1e-9), np.square(mean) / (variance - mean), _POISSON_SIZE)
    size = np.maximum(size, 1e-12)
    return np.asarray(
        _shares_needed(
            limit,
            1.0 - SURE,
            np.ascontiguousarray(exists.T),
            np.ascontiguousarray(mean.T),
            np.ascontiguousarray(size.T),
            p_detect,
        )
    )


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def _shares_needed(
    limit: float, tail: float, exists: Floats, mean: Floats, size: Floats, p_detect: Floats
) -> Floats:
    """Bisection for every area (first axis of the arrays)."""
    num_areas = len(exists)
    out = np.full(num_areas, np.nan)
    for a in numba.prange(num_areas):
        low, high = 0.0, 1.0
        nothing = 1.0 - exists[a] + exists[a] * np.exp(-size[a] * np.log1p(mean[a] / size[a]))
        if _share_above(1.0, limit, exists[a], mean[a], size[a], nothing, p_detect) > tail:
            continue
        if _share_above(0.0, limit, exists[a], mean[a], size[a], nothing, p_detect) <= tail:
            out[a] = 0.0
            continue
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            if _share_above(middle, limit, exists[a], mean[a], size[a], nothing, p_detect) <= tail:
                high = middle
            else:
                low = middle
        out[a] = high
    return out


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _share_above(
    share: float, limit: float, exists: Floats, mean: Floats, size: Floats, nothing: Floats, p_detect: Floats
) -> float:
    """Weight of the draws whose chance of any item left exceeds the limit, after a search without a find."""
    above, total = 0.0, 0.0
    for j in range(len(exists)):
        q, m, r = exists[j], mean[j], size[j]
        unseen = 1.0 - q + q * np.exp(-r * np.log1p(share * p_detect[j] * m / r))
        total += unseen
        if 1.0 - nothing[j] / unseen > limit:
            above += unseen
    return above / total if total > 0.0 else 1.0
