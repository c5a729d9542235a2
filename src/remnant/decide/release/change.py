"""What would change a verdict: ground searched without a find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from remnant.decide.release.checks import Worked, checks_of
from remnant.decide.release.search import search_share_needed
from remnant.decide.release.verdict import stands
from remnant.evidence import Criterion, Policy
from remnant.field import LeftInAreas
from remnant.units import Floats

_CHANCES: Mapping[Criterion, int] = {"p_any_armed": 0, "p_any_explosive": 3}
_HALVINGS = 10  # to a thousandth of the area
_LEAST_SIZE, _MOST_SIZE = 1e-12, 1e9
RiskOf = Callable[[LeftInAreas], Floats]
"""Yearly risk of a person (n_draws, n_areas) from what is left."""


def after_clean_search(left: LeftInAreas, share: Floats, p_detect: Floats) -> tuple[LeftInAreas, Floats]:
    """What is left after a share of each area was searched without a find, and weights of the draws.

    Parameters
    ----------
    left
        Before the search.
    share
        (n_areas,) of the ground. [1]
    p_detect
        (n_draws,) chance that the method finds an item that is there. [1]

    Returns
    -------
    What is left, and (n_draws, n_areas) weights, columns adding up to 1.

    Notes
    -----
    With x = c p and the explosive items of draw j negative binomial of mean m and size r where anything ever lay, "no
    find" has the chance w = 1 − q + q (1 + x m / r)^−r. Given it, existence is q (1 + x m / r)^−r / w, and every mean
    is multiplied by (1 − x) / (1 + x m / r): the density is lower, and what the search would have found is not there.
    """
    reached = share[None, :] * p_detect[:, None]
    mean, variance = left.mean[:, :, 3], left.variance[:, :, 3]
    size = _size(mean, variance)
    factor = 1.0 / (1.0 + reached * mean / size)
    unseen = np.exp(size * np.log(factor))
    chance = 1.0 - left.exists + left.exists * unseen
    with np.errstate(invalid="ignore", divide="ignore"):
        exists = np.where(chance > 0.0, left.exists * unseen / chance, 0.0)
        weight = chance / chance.sum(axis=0)
    times = ((1.0 - reached) * factor)[:, :, None]
    means = left.mean * times
    sizes = _size(left.mean, left.variance)
    p_any = exists[:, :, None] * -np.expm1(-sizes * np.log1p(means / sizes))
    after = replace(left, exists=exists, p_any=p_any, mean=means, variance=means * (1.0 + means / sizes))
    return after, weight


def share_to_search(
    policy: Policy, left: LeftInAreas, area_m2: Floats, worked: Worked, p_detect: Floats, risk_of: RiskOf
) -> Floats:
    """(n_areas,) share of each area to search without a find until all deciding limits are kept; NaN: more than all.

    Limits on chances alone are solved draw by draw (`search_share_needed`), each state for itself, which errs to the
    high side; with limits on density or risk, by halving over `after_clean_search`.
    """
    asked = [c for c in policy.limits if policy.decides(c)]
    if not asked:
        return np.full(area_m2.size, np.nan)
    if all(c in _CHANCES for c in asked):
        shares = [
            search_share_needed(
                policy.limits[c],
                left.exists,
                left.mean[:, :, _CHANCES[c]],
                left.variance[:, :, _CHANCES[c]],
                p_detect,
            )
            for c in asked
        ]
        return np.asarray(np.max(shares, axis=0))
    numbers_only = replace(policy, minimum=(), must_hold=tuple(asked))

    def kept(share: Floats) -> NDArray[np.bool_]:
        after, weight = after_clean_search(left, share, p_detect)
        risk = risk_of(after) if policy.individual_risk_max_per_year is not None else None
        checks = checks_of(numbers_only, after, area_m2, worked, risk=risk, weight=weight)
        return np.asarray(np.all([stands(checks[c].sure) == 2 for c in asked], axis=0))

    low, high = np.zeros(area_m2.size), np.ones(area_m2.size)
    at_once, at_all = kept(low), kept(high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = kept(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(at_once, 0.0, np.where(at_all, high, np.nan))


def _size(mean: Floats, variance: Floats) -> Floats:
    """Size of the negative binomial of a mean and variance; a Poisson's is very large."""
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(variance > mean * (1.0 + 1e-9), np.square(mean) / (variance - mean), _MOST_SIZE)
    return np.clip(size, _LEAST_SIZE, _MOST_SIZE)
