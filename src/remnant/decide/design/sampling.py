"""Accept-on-zero sampling: how much ground to look at again, and what it shows if nothing is found.

A lot of N units is accepted if n of them, drawn at random without replacement, hold no find; one find rejects it. The
statement to be supported is "at least X of the units hold nothing". It is false when ``D = floor(N (1 − X)) + 1`` units
or more hold something, and the plan must then reject with the asked confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.special import gammaln

from remnant.decide.design.detection import Detection
from remnant.errors import InvalidInput, NotEstimable
from remnant.units import Floats

MOST_UNITS = 10**9
"""Largest lot; beyond it, logarithms of factorials lose the digits that the answer needs. [units]"""
_MOST_TERMS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """A plan of accept-on-zero sampling and what it achieves.

    Parameters
    ----------
    num_units, num_to_catch
        Units in the lot, and the least number of units with something in them that contradicts the statement. [units]
    clean_share, confidence
        Share of units that shall hold nothing, and the confidence asked. [1]
    num_sampled
        Units to inspect. [units]
    reached
        Confidence that this number reaches. [1]
    num_if_perfect
        Units to inspect if nothing were ever missed; None where even a whole inspection would not do. [units]
    """

    num_units: int
    num_to_catch: int
    clean_share: float
    confidence: float
    num_sampled: int
    reached: float
    num_if_perfect: int | None


def units_to_catch(num_units: int, clean_share: float) -> int:
    """Fewest units with something in them for which "at least that share holds nothing" is false. [units]

    The share is taken as it is written in decimals, so that 99 % of 1,000 leaves 10 units and not 9.999….

    Examples
    --------
    >>> units_to_catch(1000, 0.99), units_to_catch(10_000, 0.999), units_to_catch(50, 0.99)
    (11, 11, 1)
    """
    _check_lot(num_units)
    if not 0.0 < clean_share <= 1.0:
        raise InvalidInput(f"the share of units without items lies in (0, 1]; got {clean_share:g}.")
    return math.floor(num_units * (1 - Fraction(repr(float(clean_share))))) + 1


def p_no_find(num_units: int, num_bad: int, num_sampled: int, detection: Detection) -> float:
    """Chance that inspecting a random part of a lot finds nothing although some units hold something.

    Units are drawn without replacement [1]_; what is hard to find in one is hard to find in the others.

    Parameters
    ----------
    num_units, num_bad, num_sampled
        Units in the lot, those that hold something, those inspected. [units]
    detection
        Chance that inspecting a unit that holds something shows it.

    Returns
    -------
    ``E over q of Σ_k Hypergeometric(k; N, D, n) (1 − q)^k``: the number of bad units in the sample is hypergeometric,
    and each of them is missed with chance 1 − q; q is shared by the whole inspection. [1]

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley, 1977, sec. 3.5.

    Examples
    --------
    One unit of ten, half of the lot looked at with 90 %: 1 − 0.5 × 0.9.

    >>> from remnant.decide.design.detection import detection_of
    >>> round(p_no_find(10, 1, 5, detection_of(0.9, source="example")), 12)
    0.55
    """
    _check_counts(num_units, num_bad, num_sampled)
    return float(_p_missed(num_units, num_bad, num_sampled, detection.draws).mean())


def _p_missed(num_units: int, num_bad: int, num_sampled: int, q: Floats) -> Floats:
    """(n_draws,) Σ_k Hypergeometric(k) (1 − q)^k."""
    first, last = max(0, num_sampled - (num_units - num_bad)), min(num_bad, num_sampled)
    if last - first > _MOST_TERMS:  # drawing with replacement misses no less, so this errs towards more units
        return np.asarray((1.0 - q * num_sampled / num_units) ** num_bad)
    k = np.arange(first, last + 1, dtype=np.float64)
    log_term = (
        _log_choose(float(num_bad), k)
        + _log_choose(float(num_units - num_bad), num_sampled - k)
        - _log_choose(float(num_units), np.array(float(num_sampled)))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        log_missed = np.where(k == 0.0, 0.0, k * np.log1p(-q)[:, None])
    return np.asarray(np.minimum(np.exp(log_term + log_missed).sum(axis=1), 1.0))


def _log_choose(n: float, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def plan_sample(num_units: int, *, confidence: float, clean_share: float, detection: Detection) -> SamplePlan:
    """The smallest random sample whose zero finds support "at least this share of the units holds nothing".

    Parameters
    ----------
    num_units
        Units in the lot. [units]
    confidence, clean_share
        0.95 and 0.99: 95 % confident that at least 99 % of the units hold nothing. [1]
    detection
        Chance that inspecting a unit that holds something shows it.

    Raises
    ------
    NotEstimable
        When even an inspection of the whole lot does not reach the confidence, because items are missed.

    References
    ----------
    The plan of "compliance sampling" as Visual Sample Plan states it, with detection inside: no find in n of N units.
    The hypergeometric reading agrees with the closed form ``n ≈ ½ [1 − (1−Y)^(1/D)] (2N − D + 1)``.

    Examples
    --------
    >>> from remnant.decide.design.detection import detection_of
    >>> sure = detection_of(1.0, source="example")
    >>> plan_sample(1000, confidence=0.95, clean_share=0.99, detection=sure).num_sampled
    238
    """
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(f"confidence lies in (0, 1); got {confidence:g}. 0.95 is 95 %.")
    num_bad = units_to_catch(num_units, clean_share)
    allowed = 1.0 - confidence
    if _p_missed(num_units, num_bad, num_units, detection.draws).mean() > allowed * (1.0 + 1e-9):
        best = 1.0 - float(np.mean((1.0 - detection.draws) ** num_bad))
        raise NotEstimable(
            f"{100 * confidence:g} % confidence is asked; one inspection of all {num_units:,} units reaches "
            f"{100 * best:.4g} %, because it misses items (detection {detection.words}). "
            "Inspect with a better or a second, different method, or ask for less."
        )
    num = _smallest(num_units, num_bad, allowed, detection.draws)
    perfect = _smallest(num_units, num_bad, allowed, np.ones(1))
    return SamplePlan(
        num_units=num_units,
        num_to_catch=num_bad,
        clean_share=clean_share,
        confidence=confidence,
        num_sampled=num,
        reached=1.0 - float(_p_missed(num_units, num_bad, num, detection.draws).mean()),
        num_if_perfect=perfect,
    )


def _smallest(num_units: int, num_bad: int, allowed: float, q: Floats) -> int:
    """Bisection: a larger sample never misses more."""
    low, high = 0, num_units
    while high - low > 1:
        middle = (low + high) // 2
        if _p_missed(num_units, num_bad, middle, q).mean() <= allowed * (1.0 + 1e-9):
            high = middle
        else:
            low = middle
    return high


def density_bound_without_find(searched_m2: float, *, confidence: float, detection: Detection) -> float:
    """Upper bound on the density of items in ground like that which was searched without a find. [1/m²]

    The rule of three [1]_ with detection inside.

    Parameters
    ----------
    searched_m2
        Ground searched, spread over the area at random or evenly. [m²]
    confidence
        Of the bound. [1]
    detection
        Chance that an item there is found.

    Returns
    -------
    The density λ at which ``E over q of exp(−λ q a)`` falls to 1 − confidence; ``−ln(1 − confidence) / (q a)``, three
    over the area searched at 95 %, if q is known.

    References
    ----------
    .. [1] B. D. Jovanovic, P. S. Levy, "A look at the rule of three", Am. Stat. 51 (1997) 137-139.

    Examples
    --------
    5 km² at 90 %: 0.67 items per km² (eod-science course, cs04).

    >>> from remnant.decide.design.detection import detection_of
    >>> bound = density_bound_without_find(5e6, confidence=0.95, detection=detection_of(0.9, source="example"))
    >>> round(bound * 1e6, 2)
    0.67
    """
    if not (searched_m2 > 0.0 and math.isfinite(searched_m2)):
        raise InvalidInput(f"searched ground must be above 0 m²; got {searched_m2:g}.")
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(f"confidence lies in (0, 1); got {confidence:g}. 0.95 is 95 %.")
    q, goal = detection.draws, 1.0 - confidence
    low, high = (-math.log(goal) / (end * searched_m2) for end in (float(q.max()), float(q.min())))
    for _ in range(200):
        middle = 0.5 * (low + high)
        if np.exp(-middle * q * searched_m2).mean() > goal:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * high:
            break
    return high


def _check_lot(num_units: int) -> None:
    if not 1 <= num_units <= MOST_UNITS:
        raise InvalidInput(f"a lot has 1 to {MOST_UNITS:,} units; got {num_units:,}. Use larger units.")


def _check_counts(num_units: int, num_bad: int, num_sampled: int) -> None:
    _check_lot(num_units)
    for words, number in (("units that hold something", num_bad), ("units inspected", num_sampled)):
        if not 0 <= number <= num_units:
            raise InvalidInput(f"{words} must be 0 to {num_units:,}, the lot; got {number:,}.")
