"""A type as somebody has it: the same bases as `remnant fate`, as a catalogue entry that a case can use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from remnant.catalogue import Catalogue, Claim, HeldShare, OrdnanceType, Range
from remnant.errors import InvalidInput, NotEstimable
from remnant.fate.basis import BASES, basis_draws, claim_age_d, claims_on, in_order
from remnant.fate.states import WHITENED_FIELDS, FateDraws
from remnant.fate.treaty import annex_limits
from remnant.units import DAY_H

_DRAWS = 4000
_SMALLEST = 1e-12  # a range may not end at exactly 0 or 1


def type_on_basis(
    ordnance: OrdnanceType,
    basis: str,
    catalogue: Catalogue,
    *,
    claim: str = "",
    unconfirmed: bool = False,
    rng: np.random.Generator,
) -> tuple[OrdnanceType, str]:
    """The type on a basis, and what that means in a sentence.

    Parameters
    ----------
    ordnance
        The type.
    basis, claim, unconfirmed
        As for `basis_draws`.
    rng
        Source of the draws that ``learned`` is read from.

    Notes
    -----
    ``claim`` and ``treaty`` hold the stated shares, as `basis_draws` does. A claim that states a range is read as a
    90 % interval, like every range of the catalogue. ``learned`` takes the 90 % interval of what was learned of each
    number, and treats the numbers as independent.
    """
    if basis not in BASES:
        raise InvalidInput(f"basis must be one of {', '.join(BASES)}; got {basis!r}. Take one of these.")
    note = basis_draws(
        ordnance, basis, catalogue, num_draws=1 if basis != "learned" else _DRAWS, rng=rng, claim=claim,
        unconfirmed=unconfirmed,
    )  # fmt: skip
    if basis == "learned":
        return _with_ranges(ordnance, note.draws), note.note
    if basis == "catalogue":
        return replace(ordnance, held=()), note.note
    if basis == "treaty":
        limits = annex_limits(catalogue)
        held = tuple(
            HeldShare(
                quantity=limit.quantity, share=_certain(limit.limit, limit.limit.high), age_d=limit.age_d
            )
            for limit in limits
        )
    else:
        held = tuple(_held(c, ordnance) for c in in_order(claims_on(ordnance, catalogue, claim)))
    return replace(ordnance, held=held), note.note


def _held(claim: Claim, ordnance: OrdnanceType) -> HeldShare:
    assert claim.low is not None
    assert claim.high is not None
    assert claim.quantity != "statement"
    whole = Range(low=claim.high, high=claim.high, unit="1", basis=claim.basis, source=claim.source)
    if claim.low not in (0.0, claim.high):
        whole = replace(whole, low=claim.low, high=min(claim.high, 1.0 - _SMALLEST))
    return HeldShare(quantity=claim.quantity, share=whole, age_d=claim_age_d(claim, ordnance.fate))


def _certain(stated: Range, value: float) -> Range:
    return replace(stated, low=value, high=value, value=None)


def _with_ranges(ordnance: OrdnanceType, draws: FateDraws) -> OrdnanceType:
    """The type with the 90 % interval of what was learned of each of its uncertain numbers."""
    nominal = float(np.sqrt(ordnance.fate.sd_delay.low * ordnance.fate.sd_delay.high) / DAY_H)
    learned = {
        "p_arms": draws.p_arms,
        "p_sd_fails": draws.p_sd_fails,
        "sd_delay_factor": draws.sd_median_d / nominal if nominal > 0.0 else np.ones(1),
        "p_sd_late": draws.p_sd_late,
        "p_sda_fails": draws.p_sda_fails,
    }
    fate = ordnance.fate
    for name in WHITENED_FIELDS:
        was: Range = getattr(fate, name)
        if was.is_certain:
            continue
        low, high = (float(v) for v in np.quantile(learned[name], [0.05, 0.95]))
        if was.unit == "1":
            low, high = max(low, _SMALLEST), min(high, 1.0 - _SMALLEST)
        if not low < high:
            raise NotEstimable(
                f"what was learned of {name} of {ordnance.name} has no width; take --basis catalogue or claim."
            )
        words = f"learned from the trials and field results on {ordnance.name} in the catalogue"
        fate = replace(
            fate, **{name: replace(was, low=low, high=high, value=None, basis="derived", source=words)}
        )
    return replace(ordnance, fate=fate, held=())
