"""On whose word: θ from the catalogue's ranges, from a claim, from the treaty's limits, or learned from evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, Claim, FateModel, OrdnanceType
from remnant.errors import InvalidInput, NotEstimable
from remnant.fate.evidence import evidence_on
from remnant.fate.learning import BATCH_SPREAD, TRIAL_TO_USE, learn_type
from remnant.fate.states import FateDraws, prior_draws
from remnant.fate.treaty import annex_limits
from remnant.units import DAY_H

FateBasis = Literal["catalogue", "claim", "treaty", "learned"]
BASES: tuple[str, ...] = get_args(FateBasis)
_TAIL_SD = 8.0  # log-spreads between the median and an age by which a delay has passed: 1e-15 remains


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BasisDraws:
    """θ on one basis, and what a reader must know about it.

    Parameters
    ----------
    basis
        One of `BASES`.
    draws
        θ.
    note
        What the basis means here, in a sentence.
    judgement_fields
        Fields of the fate model that still rest on judgement or a weak source; for ``learned`` also what was assumed
        to learn (``batch_spread``, ``trial_to_use``).
    sources
        Where the numbers come from: what (a field, a claim, a limit, a trial), source.
    """

    basis: str
    draws: FateDraws
    note: str
    judgement_fields: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]


def with_setting(ordnance: OrdnanceType, setting: str = "") -> tuple[OrdnanceType, str]:
    """The type with its self-destruct window set, and the name of that setting (empty: it has none).

    Without a setting the default of the catalogue is taken: the longest, so that doubt does not lower the hazard.
    """
    if not ordnance.settings:
        if setting:
            raise InvalidInput(
                f"{ordnance.name} has no self-destruct settings; got {setting!r}. Leave --setting out."
            )
        return ordnance, ""
    chosen = setting or ordnance.default_setting
    if chosen not in ordnance.settings:
        raise InvalidInput(
            f"setting {chosen!r} is not one of {ordnance.name}: {', '.join(ordnance.settings)}. Take one of these."
        )
    return replace(ordnance, fate=replace(ordnance.fate, sd_delay=ordnance.settings[chosen])), chosen


def basis_draws(
    ordnance: OrdnanceType,
    basis: str,
    catalogue: Catalogue,
    *,
    num_draws: int,
    rng: np.random.Generator,
    claim: str = "",
    unconfirmed: bool = False,
) -> BasisDraws:
    """θ of a type on a basis.

    Parameters
    ----------
    ordnance
        The type, its setting chosen (`with_setting`).
    basis
        ``catalogue``: the sourced ranges. ``claim``: the number that the claims on the type imply, taken at its word.
        ``treaty``: a design exactly at the limits of Technical Annex 3(a). ``learned``: the ranges after the
        published trials and field results on the type.
    claim
        Name of the claim to take, for basis ``claim``; empty: the strongest assurance for each quantity.
    unconfirmed
        For basis ``learned``: also learn from records that nobody can cite (remembered, weak).

    Raises
    ------
    NotEstimable
        If there is no claim, or no evidence, on the type.
    """
    if basis not in BASES:
        raise InvalidInput(f"basis must be one of {', '.join(BASES)}; got {basis!r}")
    prior = prior_draws(ordnance.fate, num_draws, rng=rng)
    if basis == "catalogue":
        note = "sourced ranges of the catalogue"
        return _described(ordnance, basis, prior, note, sources=(), replaced=())
    if basis == "treaty":
        return _at_treaty_limits(ordnance, prior, catalogue)
    if basis == "claim":
        return _at_claims(ordnance, prior, claims_on(ordnance, catalogue, claim), rng=rng)
    return _learned(ordnance, catalogue, num_draws=num_draws, rng=rng, unconfirmed=unconfirmed)


def hold_to(draws: FateDraws, quantity: str, share: NDArray[np.float64], age_d: float | None) -> FateDraws:
    """θ changed as little as needed so that a share is exactly what somebody states.

    Parameters
    ----------
    draws
        θ before.
    quantity
        ``p_sd_fails``: activated items not self-destructed by `age_d`; every working mechanism has then acted.
        ``p_functions``: activated items that still function at `age_d`; the rest of the failed ones have lost their
        power. ``p_dud``: items that never armed. ``p_explosive``: delivered items that are still explosive.
    share
        (n_draws,) what is stated. [1]
    age_d
        Age for which it is stated; None: for good. [d]
    """
    changed = {name: getattr(draws, name) for name in FateDraws.__dataclass_fields__}
    if quantity == "p_dud":
        return FateDraws(**{**changed, "p_arms": 1.0 - share})
    is_fired = bool((draws.p_sd_fails == 0.0).all())
    if quantity == "p_explosive" and is_fired:
        return FateDraws(**{**changed, "p_arms": 1.0 - share})
    none = np.zeros_like(share)
    if age_d is not None:
        changed["sd_median_d"], changed["sd_log_sd"] = _done_by(
            age_d, draws.sd_median_d, draws.sd_log_sd, has_mechanism=draws.p_sd_fails < 1.0
        )
        changed["p_sd_late"] = none
    if quantity == "p_functions":
        fails = np.maximum(draws.p_sd_fails, share)
        changed["p_sd_fails"] = fails
        changed["p_sda_fails"] = np.divide(share, fails, out=none.copy(), where=fails > 0.0)
        if age_d is not None:
            changed["sda_median_d"], changed["sda_log_sd"] = _done_by(
                age_d, draws.sda_median_d, draws.sda_log_sd, has_mechanism=draws.p_sda_fails < 1.0
            )
        return FateDraws(**changed)
    if quantity == "p_explosive":
        changed["p_arms"] = np.ones_like(share)
    changed["p_sd_fails"] = np.array(share)
    return FateDraws(**changed)


def in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Claims in the order in which `hold_to` is applied."""
    order = {"p_dud": 0, "p_explosive": 1, "p_sd_fails": 2, "p_functions": 3}
    return sorted(claims, key=lambda c: order[c.quantity])


def claimed_share(claim: Claim, num_draws: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """The share that a claim implies, at its word: the limit of an "at most", else evenly between its ends. (n,) [1]"""
    if claim.low is None or claim.high is None:
        raise InvalidInput(f"claim {claim.name!r} states no number")
    if claim.low == 0.0 or claim.low == claim.high:
        return np.full(num_draws, claim.high)
    return rng.uniform(claim.low, claim.high, num_draws)


def claim_age_d(claim: Claim, model: FateModel) -> float | None:
    """Age for which a claim speaks: its own, else the end of the preset window (``after its preset period``). [d]"""
    if claim.age_d is not None or claim.quantity == "p_dud":
        return claim.age_d
    return model.sd_delay.high / DAY_H or None


def _learned(
    ordnance: OrdnanceType,
    catalogue: Catalogue,
    *,
    num_draws: int,
    rng: np.random.Generator,
    unconfirmed: bool,
) -> BasisDraws:
    everything = evidence_on(ordnance, catalogue)
    found = evidence_on(ordnance, catalogue, unconfirmed=unconfirmed)
    if not found and everything:
        raise NotEstimable(
            f"what is known of trials and field results on {ordnance.name} is unconfirmed: "
            f"{', '.join(e.name for e in everything)}. Add --unconfirmed to learn from it all the same, or take "
            "--basis catalogue."
        )
    if not found:
        raise NotEstimable(
            f"nothing has been published from which to learn about {ordnance.name}: the catalogue holds no trial or "
            "field result on it. Take --basis catalogue, or add evidence in a catalogue file of your own (--catalogue)."
        )
    learned = learn_type(ordnance, found, num_draws=num_draws, rng=rng)
    doubtful = [e.name for e in found if e.basis in ("weak", "judgement")]
    note = "the catalogue's ranges updated by " + ", ".join(e.name for e in found)
    note += "; shown is a batch that nobody has tested, and use that is harder than a trial"
    if doubtful:
        note += f"; unconfirmed, check before use: {', '.join(doubtful)}"
    if learned.pulled:
        note += f"; the evidence lies far outside the catalogue's range of {', '.join(learned.pulled)}: one is wrong"
    own = _described(ordnance, "learned", learned.new_batch, note, sources=(), replaced=())
    sources = tuple((e.name, e.source) for e in found)
    assumed = (("batch_spread", BATCH_SPREAD), ("trial_to_use", TRIAL_TO_USE))
    return replace(
        own,
        judgement_fields=(*own.judgement_fields, *(name for name, _ in assumed)),
        sources=(*sources, *((name, number.source) for name, number in assumed), *own.sources),
    )


def _at_treaty_limits(ordnance: OrdnanceType, prior: FateDraws, catalogue: Catalogue) -> BasisDraws:
    if ordnance.fate.p_sd_fails.high == 0.0:
        raise NotEstimable(
            f"the limits of CCW Amended Protocol II, Technical Annex 3(a), are for mines; what is left of "
            f"{ordnance.name} are duds, which the text does not bound. Take --basis catalogue, claim or learned."
        )
    destruct, functions = annex_limits(catalogue)
    ones = np.ones(prior.num_draws)
    draws = hold_to(prior, destruct.quantity, destruct.limit.high * ones, destruct.age_d)
    draws = hold_to(draws, functions.quantity, functions.limit.high * ones, functions.age_d)
    note = (
        f"a design exactly at the limits: {100 * destruct.limit.high:g} % of activated mines not self-destructed at "
        f"{destruct.age_d:g} days, {100 * functions.limit.high:g} % still functioning at {functions.age_d:g} days and "
        "ever after; the text does not bound duds, which keep the catalogue's range"
    )
    if not ordnance.treaty_scope:
        note += "; the text does not cover this type: as if it did"
    sources = tuple((limit.name, limit.limit.source) for limit in (destruct, functions))
    replaced = ("p_sd_fails", "p_sd_late", "sd_late_delay", "p_sda_fails", "sd_delay_factor")
    return _described(ordnance, "treaty", draws, note, sources=sources, replaced=replaced)


def _at_claims(
    ordnance: OrdnanceType, prior: FateDraws, claims: Sequence[Claim], *, rng: np.random.Generator
) -> BasisDraws:
    draws, replaced = prior, set[str]()
    for claim in in_order(claims):
        share = claimed_share(claim, prior.num_draws, rng=rng)
        draws = hold_to(draws, claim.quantity, share, claim_age_d(claim, ordnance.fate))
        replaced |= {
            "p_dud": {"p_arms"},
            "p_explosive": {"p_arms", "p_sd_fails"},
            "p_sd_fails": {"p_sd_fails", "p_sd_late", "sd_late_delay"},
            "p_functions": {"p_sda_fails", "sda_delay", "p_sd_late", "sd_late_delay"},
        }[claim.quantity]
    words = "; ".join(f"{c.name} ({c.speaker}, {c.date}: “{c.text}”)" for c in claims)
    note = f"taken at its word: {words}; what the claim does not speak of keeps the catalogue's range"
    return _described(
        ordnance,
        "claim",
        draws,
        note,
        sources=tuple((c.name, c.source) for c in claims),
        replaced=tuple(sorted(replaced)),
    )


def claims_on(ordnance: OrdnanceType, catalogue: Catalogue, name: str = "") -> tuple[Claim, ...]:
    """The claims that a basis takes: the named one, else the strongest assurance for each quantity."""
    numbered = [c for c in catalogue.claims.values() if ordnance.name in c.types and c.high is not None]
    numbered = [c for c in numbered if c.quantity != "statement" and c.low is not None]
    if name:
        if name not in catalogue.claims:
            raise InvalidInput(f"claim {name!r} is not in the catalogue; `remnant claims` lists all")
        chosen = [c for c in numbered if c.name == name]
        if not chosen:
            raise NotEstimable(
                f"claim {name!r} states no number for {ordnance.name}; `remnant claims` shows what it says"
            )
        return tuple(chosen)
    strongest: dict[str, Claim] = {}
    for claim in numbered:
        best = strongest.get(claim.quantity)
        if claim.stance == "assurance" and (best is None or (claim.high or 0.0) < (best.high or 0.0)):
            strongest[claim.quantity] = claim
    if not strongest:
        others = (
            f" Others say: {', '.join(c.name for c in numbered)} (take one with --claim)." if numbered else ""
        )
        raise NotEstimable(
            f"nobody is on record with an assurance in numbers about {ordnance.name}.{others} "
            "Take --basis catalogue or treaty."
        )
    return tuple(strongest.values())


def _described(
    ordnance: OrdnanceType,
    basis: str,
    draws: FateDraws,
    note: str,
    *,
    sources: tuple[tuple[str, str], ...],
    replaced: tuple[str, ...],
) -> BasisDraws:
    kept = [n for n in FateModel.__dataclass_fields__ if n not in replaced]
    own = tuple((n, getattr(ordnance.fate, n).source) for n in kept)
    return BasisDraws(
        basis=basis,
        draws=draws,
        note=note,
        judgement_fields=tuple(n for n in ordnance.judgement_fields if n in kept),
        sources=(*sources, *own),
    )


def _done_by(
    age_d: float,
    median_d: NDArray[np.float64],
    log_sd: NDArray[np.float64],
    *,
    has_mechanism: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A delay that has passed at `age_d`: narrowed where it would not have, a step at that age where there is none."""
    is_earlier = has_mechanism & (median_d < 0.95 * age_d)
    with np.errstate(divide="ignore", invalid="ignore"):
        widest = np.log(age_d / np.maximum(median_d, 1e-300)) / _TAIL_SD
    return (
        np.where(is_earlier, median_d, age_d),
        np.where(is_earlier, np.minimum(log_sd, np.abs(widest)), 0.0),
    )
