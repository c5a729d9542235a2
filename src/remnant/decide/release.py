"""Does an area meet the user's written release policy, and what would change the answer.

The chance that an area still holds an item is itself uncertain, because levels, detection and fate are. A limit is met
when the area was searched and the chance stays within the limit for 95 % of the draws; it is failed when the chance
exceeds the limit for 95 % of the draws; between the two, the evidence cannot tell. The program states this; a person
releases land.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np

from remnant.evidence import Policy
from remnant.units import Floats

Verdict = Literal["meets", "does not meet", "cannot tell: survey", "no policy stated"]
_LOW, _HIGH = 0.05, 0.95
_POISSON_SIZE = 1e9  # a size so large that the negative binomial is a Poisson
_BISECTIONS = 20  # to a millionth of the area


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaEvidence:
    """What the verdict on one area reads.

    Parameters
    ----------
    p_any_armed, p_any_explosive
        (n_draws,) chance that any is left, given a draw. [1]
    density_q95_per_km2
        95 % point of explosive items per square kilometre. [1/km²]
    place_known
        Whether the area can be pointed at.
    searched_share
        Share of its ground that clearance or survey worked. [1]
    """

    p_any_armed: Floats
    p_any_explosive: Floats
    density_q95_per_km2: float
    place_known: bool
    searched_share: float


def release_verdict(policy: Policy, area: AreaEvidence) -> tuple[Verdict, str]:
    """The verdict on an area, and its reasons in plain words."""
    checks: list[tuple[Verdict, str]] = []
    for limit, chance, what in (
        (policy.p_any_armed_max, area.p_any_armed, "an armed item"),
        (policy.p_any_explosive_max, area.p_any_explosive, "any explosive item"),
    ):
        if limit is not None:
            checks.append(_chance_check(limit, chance, what))
    if policy.density_q95_max_per_km2 is not None:
        checks.append(_density_check(policy.density_q95_max_per_km2, area))
    if policy.individual_risk_max_per_year is not None:
        words = "the policy limits the yearly risk of a person: `remnant harm` compares with it, this verdict does not"
        checks.append(("cannot tell: survey", words))
    if not checks:
        return "no policy stated", "the case states no release policy"
    verdicts = [v for v, _ in checks]
    reasons = [words for _, words in checks]
    if "does not meet" in verdicts:
        verdict: Verdict = "does not meet"
    elif "cannot tell: survey" in verdicts:
        verdict = "cannot tell: survey"
    else:
        verdict = "meets"
    if verdict == "meets" and not area.place_known:
        verdict = "cannot tell: survey"
        reasons.append("its place is unknown, so nothing can be checked on the ground")
    if verdict == "meets" and area.searched_share <= 0.0:
        verdict = "cannot tell: survey"
        reasons.append("no recorded search has worked any of it: this rests on prior knowledge alone")
    return verdict, "; ".join(reasons)


def _chance_check(limit: float, chance: Floats, what: str) -> tuple[Verdict, str]:
    low, high = np.quantile(chance, [_LOW, _HIGH])
    words = f"chance of {what} {_percent(chance.mean())} ({_percent(low)} to {_percent(high)}), limit {_percent(limit)}"
    if high <= limit:
        return "meets", words
    if low > limit:
        return "does not meet", words
    return "cannot tell: survey", words


def _density_check(limit: float, area: AreaEvidence) -> tuple[Verdict, str]:
    density = area.density_q95_per_km2
    words = f"95 % point of {density:.3g} explosive items per km², limit {limit:.3g}"
    if density <= limit:
        return "meets", words
    # a high upper point is a failure only when something is likely to be there at all
    sure = float(np.quantile(area.p_any_explosive, _LOW)) > 0.5
    return ("does not meet" if sure else "cannot tell: survey"), words


def _percent(share: float) -> str:
    if share <= 0.0:
        return "0 %"
    if share < 1e-3:
        return f"{100 * share:.1g} %"
    return f"{100 * share:.2g} %" if share < 0.995 else ("over 99 %" if share < 1.0 else "100 %")


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

    The limit is met, as in `release_verdict`, when no more than 5 % of the weight lies on draws above it.

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
            1.0 - _HIGH,
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
