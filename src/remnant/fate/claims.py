"""Who said what about which type, and whether what is public supports it, contradicts it, or cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, Claim, FateModel, FieldEvidence, OrdnanceType, TreatyLimit
from remnant.errors import NotEstimable
from remnant.fate.basis import claim_age_d, with_setting
from remnant.fate.bounds import trials_needed
from remnant.fate.evidence import as_record, evidence_on
from remnant.fate.learning import learn, learn_type
from remnant.fate.states import FateDraws, prior_draws, state_probabilities
from remnant.fate.treaty import share_of_activated

Verdict = Literal["supported", "contradicted", "not testable with what is public", "states no number"]
DECIDED_FROM = 0.9
"""Chance from which a claim is called supported, or contradicted."""
_SHARES = ("p_arms", "p_sd_fails", "p_sda_fails")
_NUM_DRAWS = 4000
_CONFIDENCE = 0.95
_DECIDING: dict[str, tuple[str, ...]] = {
    "p_dud": ("p_arms",),
    "p_sd_fails": ("p_sd_fails",),
    "p_functions": ("p_sd_fails", "p_sda_fails"),
    "p_explosive": ("p_arms", "p_sd_fails"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimVerdict:
    """One claim on one type beside the treaty's limit and the evidence.

    Parameters
    ----------
    age_d
        Age for which the claim is judged; None: for good. [d]
    share_mean, share_q05, share_q95
        The model's share in the sense of the claim: ranges of the catalogue, updated by the evidence on the type. None
        for a claim without a number. [1]
    prior_mean
        The same before the evidence; None without evidence. [1]
    p_within
        Chance that the share lies in the claim's range. [1]
    evidence
        What was published on the type, weak or not.
    treaty
        The limit of the treaty for the same quantity, if there is one.
    verdict, reason
        The answer, and why.
    num_needed
        Items tested without a failure that would support the claim; None where no such test exists. [items]
    test
        The test that would decide it, in words.
    """

    claim: Claim
    type_name: str
    age_d: float | None
    share_mean: float | None
    share_q05: float | None
    share_q95: float | None
    prior_mean: float | None
    p_within: float | None
    evidence: tuple[FieldEvidence, ...]
    treaty: TreatyLimit | None
    verdict: Verdict
    reason: str
    num_needed: int | None
    test: str


def judge_claims(
    catalogue: Catalogue, *, type_name: str = "", seed: int = 1, num_draws: int = _NUM_DRAWS
) -> tuple[ClaimVerdict, ...]:
    """Every claim of the catalogue, or those on one type, each judged for each type that it speaks of.

    Parameters
    ----------
    type_name
        Any spelling of a type; empty: all claims.
    """
    wanted = catalogue.ordnance(type_name).name if type_name else ""
    pairs = [
        (claim, name)
        for claim in catalogue.claims.values()
        for name in claim.types
        if not wanted or name == wanted
    ]
    beliefs = {
        name: _beliefs(catalogue.ordnance(name), catalogue, seed=seed, num_draws=num_draws)
        for name in dict.fromkeys(n for c, n in pairs if c.quantity != "statement")
    }
    return tuple(
        judge_claim(claim, catalogue.ordnance(name), catalogue, beliefs.get(name)) for claim, name in pairs
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beliefs:
    """What is believed of a type, on three grounds.

    Parameters
    ----------
    prior
        The catalogue's ranges.
    learned
        Those ranges updated by the citable evidence; None without any.
    alone
        The citable evidence alone: flat priors, and trials taken to show what use shows; None without any.
    """

    prior: FateDraws
    learned: FateDraws | None
    alone: FateDraws | None


def judge_claim(
    claim: Claim, ordnance: OrdnanceType, catalogue: Catalogue, beliefs: Beliefs | None
) -> ClaimVerdict:
    """One claim on one type.

    Supported: the claim's range holds the share with a chance of at least 0.9, by citable figures other than the
    claim's own. Contradicted: the share lies beyond one and the same end of the claim's range with a chance of at least
    0.9, by citable figures. Where the catalogue's range is judgement, the evidence must say so alone. A claim against
    which stands only our own judgement is not testable, and a trial refutes no report of more failures in use.

    Parameters
    ----------
    beliefs
        None only for a claim without a number.
    """
    evidence = evidence_on(ordnance, catalogue)
    if beliefs is None or claim.low is None or claim.high is None:
        return _without_number(claim, ordnance, evidence)
    model = with_setting(ordnance)[0].fate
    age_d = claim_age_d(claim, model)
    before = claim_share(claim.quantity, age_d, beliefs.prior)
    share = before if beliefs.learned is None else claim_share(claim.quantity, age_d, beliefs.learned)
    alone = None if beliefs.alone is None else claim_share(claim.quantity, age_d, beliefs.alone)
    verdict, reason = _verdict(claim, model, evidence, share, alone)
    num_needed, test = deciding_test(claim)
    low, high = np.quantile(share, [0.05, 0.95])
    return ClaimVerdict(
        claim=claim,
        type_name=ordnance.name,
        age_d=age_d,
        share_mean=float(share.mean()),
        share_q05=float(low),
        share_q95=float(high),
        prior_mean=None if beliefs.learned is None else float(before.mean()),
        p_within=_place(claim, share)[1],
        evidence=evidence,
        treaty=_treaty_beside(claim, catalogue),
        verdict=verdict,
        reason=reason,
        num_needed=num_needed,
        test=test,
    )


def claim_share(quantity: str, age_d: float | None, draws: FateDraws) -> NDArray[np.float64]:
    """The share that a claim speaks of: (n_draws,). [1]"""
    if quantity == "p_dud":
        return 1.0 - draws.p_arms
    age = 1e9 if age_d is None else age_d  # beyond every delay
    if quantity in ("p_sd_fails", "p_functions"):
        return share_of_activated(quantity, age, draws)
    return np.asarray(state_probabilities(age, draws)[:, :3].sum(axis=-1))


def deciding_test(claim: Claim) -> tuple[int | None, str]:
    """The test that would decide a claim, in words; and how many items without a failure would support it.

    A share said to be at most `high` is shown by enough items of which none fails; a share said to be at least `low`
    is refuted by the same.
    """
    if claim.low is None or claim.high is None:
        return None, "none: the claim states no number"
    failure = {
        "p_sd_fails": "still unexploded",
        "p_functions": "still functioning",
        "p_explosive": "still explosive",
        "p_dud": "a dud",
    }[claim.quantity]
    if claim.low > 0.0:
        refuting = trials_needed(claim.low, confidence=_CONFIDENCE)
        upper = (
            ""
            if claim.high >= 1.0
            else f", and counting failures until the bounds lie within {claim.high:.3g}"
        )
        return None, (
            f"{refuting:,} items of which none is {failure} would refute it at 95 %; support needs a test in which the "
            f"exact lower bound reaches {claim.low:.3g}{upper}"
        )
    try:
        needed = trials_needed(claim.high, confidence=_CONFIDENCE)
    except NotEstimable as reason:
        return None, f"{reason}"
    words = f"{needed:,} items, drawn at random from what is delivered, of which none is {failure}: supports it at 95 %"
    return needed, words


def _beliefs(ordnance: OrdnanceType, catalogue: Catalogue, *, seed: int, num_draws: int) -> Beliefs:
    chosen, _ = with_setting(ordnance)
    rng = np.random.default_rng([seed, *b"claims"])
    prior = prior_draws(chosen.fate, num_draws, rng=rng)
    found = evidence_on(ordnance, catalogue, unconfirmed=False)
    if not found:
        return Beliefs(prior=prior, learned=None, alone=None)
    learned = learn_type(chosen, found, num_draws=num_draws, rng=rng)
    open_fields = [n for n in _SHARES if not _is_by_nature(chosen.fate, n)]
    records = [as_record(e) for e in found]
    alone = learn(chosen.fate, records, num_draws=num_draws, rng=rng, flat=open_fields)
    return Beliefs(prior=prior, learned=learned.draws, alone=alone.draws)


def _place(claim: Claim, share: NDArray[np.float64]) -> tuple[float, float, float]:
    """Chances that the share lies below, within and above the claim's range."""
    assert claim.low is not None
    assert claim.high is not None
    is_below, is_above = share < claim.low, share > claim.high * (1.0 + 1e-9)
    return float(is_below.mean()), float((~is_below & ~is_above).mean()), float(is_above.mean())


def _verdict(
    claim: Claim,
    model: FateModel,
    evidence: Sequence[FieldEvidence],
    share: NDArray[np.float64],
    alone: NDArray[np.float64] | None,
) -> tuple[Verdict, str]:
    open_verdict: Verdict = "not testable with what is public"
    bearing = [e for e in evidence if e.quantity == claim.quantity]
    citable = [e for e in bearing if e.basis not in ("weak", "judgement")]
    deciding = [n for n in _DECIDING[claim.quantity] if not _is_by_nature(model, n)]
    judged = [n for n in deciding if getattr(model, n).is_judgement]
    if judged and (not citable or alone is None):
        weak = (
            f"; the only record on it is unconfirmed ({', '.join(e.name for e in bearing)})"
            if bearing
            else ""
        )
        return (
            open_verdict,
            f"nobody has published {_names(judged)}: our range is judgement and decides nothing{weak}",
        )
    grounds = [f"published evidence: {', '.join(e.name for e in citable)}"] if citable else []
    grounds += [] if judged else [f"published figures on {_names(deciding)}"]
    reason = "; ".join(grounds)
    places = [_place(claim, share)] + ([_place(claim, alone)] if judged and alone is not None else [])
    below, within, above = (min(chances) for chances in zip(*places, strict=True))
    if above >= DECIDED_FROM:
        return "contradicted", reason
    if below >= DECIDED_FROM:
        if citable and all(e.kind == "trial" for e in citable):
            return open_verdict, f"{reason}; a trial cannot refute what is reported from use"
        return "contradicted", reason
    if within < DECIDED_FROM:
        return open_verdict, f"{reason}; they leave it open"
    if not citable and any(_quotes(getattr(model, n).source, claim.source) for n in deciding):
        return open_verdict, f"{reason}, but they come from the source of the claim itself: no second witness"
    return "supported", reason


def _quotes(source: str, claimed: str) -> bool:
    """Whether a number's source names the source of a claim."""
    pieces = [piece.strip().casefold() for part in claimed.split(";") for piece in part.split(", and ")]
    return any(piece and piece in source.casefold() for piece in pieces)


def _is_by_nature(model: FateModel, name: str) -> bool:
    number = getattr(model, name)
    return bool(number.low in (0.0, 1.0))


def _names(fields: Sequence[str]) -> str:
    words = {
        "p_arms": "the share that arms or functions on impact",
        "p_sd_fails": "the share whose self-destruct fails",
        "p_sda_fails": "the share that never deactivates",
    }
    return " and ".join(words[f] for f in fields)


def _treaty_beside(claim: Claim, catalogue: Catalogue) -> TreatyLimit | None:
    return next((t for t in catalogue.treaties.values() if t.quantity == claim.quantity), None)


def _without_number(
    claim: Claim, ordnance: OrdnanceType, evidence: tuple[FieldEvidence, ...]
) -> ClaimVerdict:
    return ClaimVerdict(
        claim=claim,
        type_name=ordnance.name,
        age_d=claim.age_d,
        share_mean=None,
        share_q05=None,
        share_q95=None,
        prior_mean=None,
        p_within=None,
        evidence=evidence,
        treaty=None,
        verdict="states no number",
        reason="the claim states no number that could be tested",
        num_needed=None,
        test="none: ask the speaker for a share, an age and the test behind it",
    )
