"""How sure one may be that areas keep each limit of a policy.

Every criterion comes down to one number per area: the chance that its limit is kept. A limit on a chance or on a risk
is kept in those posterior draws in which the chance, given the draw, stays within it; a limit on density is kept when
the items that are really there are few enough. Minimum evidence is there or it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from remnant.evidence import POLICY_STATES, Criterion, Policy
from remnant.field import LeftInAreas
from remnant.units import KM2_M2, Floats

_LOW, _HIGH = 0.05, 0.95
_LEAST_SIZE, _MOST_SIZE = 1e-9, 1e9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worked:
    """What records say was done in areas; all (n_areas,).

    Parameters
    ----------
    hazard_class
        Class of the area.
    place_known
        Whether it can be pointed at.
    searched_share, cleared_share, told_share
        Share of its ground that clearance or survey worked, that clearance worked, and that a search of known outcome
        tells of. [1]
    """

    hazard_class: NDArray[np.str_]
    place_known: NDArray[np.bool_]
    searched_share: Floats
    cleared_share: Floats
    told_share: Floats

    def of(self, areas: NDArray[np.int64]) -> Worked:
        """The same of some areas."""
        return Worked(**{name: getattr(self, name)[areas] for name in Worked.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Check:
    """One criterion over areas.

    Parameters
    ----------
    limit
        What the policy allows; NaN for minimum evidence.
    sure
        (n_areas,) chance that it is kept; NaN unknown. [1]
    mean, low, high
        (n_areas,) of the limited quantity: its mean, and its 5 % and 95 % points over draws; NaN where not worked out.
    """

    limit: float
    sure: Floats
    mean: Floats
    low: Floats
    high: Floats


def checks_of(
    policy: Policy,
    left: LeftInAreas,
    area_m2: Floats,
    worked: Worked,
    *,
    risk: Floats | None = None,
    weight: Floats | None = None,
) -> dict[Criterion, Check]:
    """Every criterion of a policy over the areas of a block, in the order of `remnant.evidence.CRITERIA`.

    Parameters
    ----------
    left
        What is left in the areas.
    area_m2
        (n_areas,) ground that the estimate speaks of. [m²]
    worked
        What was done there.
    risk
        (n_draws, n_areas) yearly risk of a person; None where the policy does not limit it. [1]
    weight
        (n_draws, n_areas) of draws, columns adding up to 1; default: all alike. Intervals are worked out without
        weights only.
    """
    out: dict[Criterion, Check] = {}
    for criterion, limit in policy.limits.items():
        if criterion in ("p_any_armed", "p_any_explosive"):
            state = 0 if criterion == "p_any_armed" else 3
            out[criterion] = _by_draws(limit, left.p_any[:, :, state], weight)
        elif criterion == "individual_risk":
            if risk is None:
                raise ValueError("a policy that limits individual risk needs the risk of areas")
            out[criterion] = _by_draws(limit, risk, weight)
        else:
            state = POLICY_STATES.index(criterion.removeprefix("density_"))
            out[criterion] = _density(limit, left, state, area_m2, weight)
    if policy.minimum:
        kept = (missing_evidence(policy, worked) == "").astype(np.float64)
        nothing = np.full(kept.size, np.nan)
        out["evidence"] = Check(limit=np.nan, sure=kept, mean=nothing, low=nothing, high=nothing)
    return out


def missing_evidence(policy: Policy, worked: Worked) -> NDArray[np.str_]:
    """(n_areas,) what the policy's minimum of evidence still asks for, in words; empty where nothing."""
    words = []
    for i, name in enumerate(worked.hazard_class.tolist()):
        least, parts = policy.least_evidence(str(name)), []
        for share, wanted, what in (
            (worked.searched_share[i], least.searched_share_min, "searched"),
            (worked.cleared_share[i], least.cleared_share_min, "cleared"),
        ):
            if wanted > 0.0 and not share >= wanted * (1.0 - 1e-6):
                parts.append(
                    f"{100 * share:.0f} % of its ground is {what}, the policy asks for {100 * wanted:.0f} %"
                )
        if least.known_outcome and not worked.told_share[i] > 0.0:
            parts.append("no search with a recorded outcome tells of it")
        words.append(", and ".join(parts))
    return np.array(words, dtype=str)


def _by_draws(limit: float, value: Floats, weight: Floats | None) -> Check:
    """A limit on a number that is known given the draw."""
    kept = (value <= limit).astype(np.float64)
    kept[np.isnan(value)] = np.nan
    if weight is not None:
        blank = np.full(value.shape[1], np.nan)
        return Check(
            limit=limit,
            sure=(weight * kept).sum(axis=0),
            mean=(weight * value).sum(axis=0),
            low=blank,
            high=blank,
        )
    low, high = np.quantile(value, [_LOW, _HIGH], axis=0)
    return Check(limit=limit, sure=kept.mean(axis=0), mean=value.mean(axis=0), low=low, high=high)


def _density(limit: float, left: LeftInAreas, state: int, area_m2: Floats, weight: Floats | None) -> Check:
    """A limit on items per square kilometre: negative binomials of the draws' means and variances, mixed."""
    km2 = area_m2 / KM2_M2
    with np.errstate(invalid="ignore", divide="ignore"):
        most = np.floor(limit * km2 * (1.0 + 1e-12))
        density = left.expected[:, :, state] / km2
    within = 1.0 - left.exists * (1.0 - _at_most(most, left.mean[:, :, state], left.variance[:, :, state]))
    share = np.full(len(density), 1.0 / len(density))[:, None] if weight is None else weight
    sure = np.where(km2 > 0.0, (share * within).sum(axis=0), np.nan)
    low, high = (
        np.quantile(density, [_LOW, _HIGH], axis=0) if weight is None else np.full((2, km2.size), np.nan)
    )
    return Check(limit=limit, sure=sure, mean=(share * density).sum(axis=0), low=low, high=high)


def _at_most(most: Floats, mean: Floats, variance: Floats) -> Floats:
    """(n_draws, n_areas) chance of at most so many items under negative binomials."""
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.clip(
            np.where(variance > mean, np.square(mean) / (variance - mean), _MOST_SIZE),
            _LEAST_SIZE,
            _MOST_SIZE,
        )
        chance = betainc(size, most + 1.0, size / (size + mean))
    return np.where(mean > 0.0, chance, 1.0)
