"""Does a type meet CCW Amended Protocol II, Technical Annex 3(a)? The answer as a probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, TreatyLimit
from remnant.errors import InvalidInput
from remnant.fate.states import FateDraws, state_probabilities

_ROUNDING = 1e-9  # a design exactly at a limit meets it


@dataclass(frozen=True, slots=True, kw_only=True)
class LimbVerdict:
    """One limit of the treaty beside the type's share.

    Parameters
    ----------
    limit
        The bound of the treaty text. [1]
    age_d
        Age at which it is judged. [d]
    share_mean, share_q05, share_q95
        Share of activated items, doubt about θ. [1]
    p_meets
        Chance that the share is at or below the limit. [1]
    """

    quantity: str
    text: str
    source: str
    limit: float
    age_d: float
    share_mean: float
    share_q05: float
    share_q95: float
    p_meets: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatyVerdict:
    """Both limits, alone and together.

    Parameters
    ----------
    is_in_scope
        Whether the text covers the type (remotely delivered anti-personnel mines); else the numbers are "as if".
    p_meets
        Chance that both limits are met. [1]
    """

    is_in_scope: bool
    self_destruct: LimbVerdict
    functions: LimbVerdict
    p_meets: float


def annex_limits(catalogue: Catalogue) -> tuple[TreatyLimit, TreatyLimit]:
    """The two limits of Technical Annex 3(a) in the catalogue: self-destruct, then functioning."""
    found: dict[str, TreatyLimit] = {}
    for limit in catalogue.treaties.values():
        words = f"{limit.name} {limit.title} {limit.text}".casefold()
        if "3(a)" in words or "3a" in words or len(catalogue.treaties) == 2:
            found.setdefault(limit.quantity, limit)
    if set(found) != {"p_sd_fails", "p_functions"}:
        raise InvalidInput(
            "the catalogue must hold both limits of CCW Amended Protocol II, Technical Annex 3(a) "
            f"(p_sd_fails and p_functions); it holds {sorted(found) or 'none'}"
        )
    return found["p_sd_fails"], found["p_functions"]


def judge_treaty(
    draws: FateDraws, limits: tuple[TreatyLimit, TreatyLimit], *, is_in_scope: bool
) -> TreatyVerdict:
    """Chance that a type meets the annex, limb by limb and jointly.

    Both limits are shares *of activated mines*: items that armed. The first counts activated items that have not
    self-destructed (armed or expired), the second those that still function (armed).

    Parameters
    ----------
    draws
        θ of the type.
    limits
        Self-destruct and functioning, as of `annex_limits`.
    is_in_scope
        See `TreatyVerdict`.
    """
    limbs, are_met = zip(*(_judge(draws, limit) for limit in limits), strict=True)
    return TreatyVerdict(
        is_in_scope=is_in_scope,
        self_destruct=limbs[0],
        functions=limbs[1],
        p_meets=float((are_met[0] & are_met[1]).mean()),
    )


def share_of_activated(quantity: str, age_d: float, draws: FateDraws) -> NDArray[np.float64]:
    """Share of activated items not self-destructed (``p_sd_fails``) or functioning (``p_functions``): (n,). [1]"""
    activated = FateDraws(
        **{
            name: np.ones(draws.num_draws) if name == "p_arms" else getattr(draws, name)
            for name in FateDraws.__dataclass_fields__
        }
    )
    share = state_probabilities(age_d, activated)
    return np.asarray(share[:, 0] + share[:, 1] if quantity == "p_sd_fails" else share[:, 0])


def _judge(draws: FateDraws, limit: TreatyLimit) -> tuple[LimbVerdict, NDArray[np.bool_]]:
    share = share_of_activated(limit.quantity, limit.age_d, draws)
    bound = limit.limit.high
    is_met = share <= bound * (1.0 + _ROUNDING)
    low, high = np.quantile(share, [0.05, 0.95])
    verdict = LimbVerdict(
        quantity=limit.quantity,
        text=limit.text,
        source=limit.limit.source,
        limit=bound,
        age_d=limit.age_d,
        share_mean=float(share.mean()),
        share_q05=float(low),
        share_q95=float(high),
        p_meets=float(is_met.mean()),
    )
    return verdict, is_met
