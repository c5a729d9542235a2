"""What a test can show: exact bounds on a share, and the tests that a claim would need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincc, betaincinv, gammaincinv

from remnant.errors import InvalidInput, NotEstimable

_MOST_TRIALS = 10**15  # beyond this nothing is ever tested, and float arithmetic loses whole numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """What a test of `num_tested` items with `num_failed` failures shows, and what a claim would need.

    Parameters
    ----------
    upper, lower
        Exact one-sided bounds on the share that fails. [1]
    claim
        Share that somebody claims is not exceeded, if any. [1]
    num_needed
        Items that would have to be tested, all without a failure, to support the claim. [items]
    num_needed_with_failures
        The same with the number of failures that this test had. [items]
    is_supported
        Whether the upper bound is at or below the claim; None without a claim.
    is_contradicted
        Whether the lower bound is above the claim; None without a claim.
    """

    num_tested: int
    num_failed: int
    confidence: float
    observed: float
    upper: float
    lower: float
    claim: float | None
    num_needed: int | None
    num_needed_with_failures: int | None
    is_supported: bool | None
    is_contradicted: bool | None

    @property
    def is_out_of_reach(self) -> bool:
        """Whether no test of this size, even without a single failure, could support the claim."""
        return self.num_needed is not None and self.num_tested < self.num_needed


def upper_bound(num_tested: int, num_failed: int, *, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound on a share (Clopper–Pearson [1]_).

    Parameters
    ----------
    num_tested, num_failed
        Items tested, and those that failed. [items]
    confidence
        Chance that the bound lies above the true share, at least. [1]

    References
    ----------
    .. [1] C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
       binomial", Biometrika 26 (1934) 404-413.

    Examples
    --------
    >>> round(upper_bound(400, 0), 5)
    0.00746
    """
    _check_counts(num_tested, num_failed)
    _check_confidence(confidence)
    if num_failed == num_tested:
        return 1.0
    if num_failed == 0:
        return -math.expm1(math.log1p(-confidence) / num_tested)
    return float(betaincinv(num_failed + 1.0, float(num_tested - num_failed), confidence))


def lower_bound(num_tested: int, num_failed: int, *, confidence: float = 0.95) -> float:
    """Exact one-sided lower bound on a share (Clopper–Pearson).

    Examples
    --------
    >>> lower_bound(400, 0), round(lower_bound(100, 10), 4)
    (0.0, 0.0553)
    """
    _check_counts(num_tested, num_failed)
    _check_confidence(confidence)
    if num_failed == 0:
        return 0.0
    return float(betaincinv(float(num_failed), num_tested - num_failed + 1.0, 1.0 - confidence))


def trials_needed(claim: float, *, num_failed: int = 0, confidence: float = 0.95) -> int:
    """The fewest items that must be tested, with `num_failed` failures, to support a claimed share.

    Parameters
    ----------
    claim
        Share that is claimed not to be exceeded; above 0, below 1. [1]
    num_failed
        Failures that the test has. [items]
    confidence
        As in `upper_bound`. [1]

    Raises
    ------
    NotEstimable
        If the claim is 0: no test of any size can show that a share is nought.

    Examples
    --------
    >>> trials_needed(6e-6), trials_needed(0.1), trials_needed(0.1, num_failed=1)
    (499288, 29, 46)
    """
    _check_confidence(confidence)
    if num_failed < 0:
        raise InvalidInput(f"the number of failures must be 0 or more; got {num_failed}")
    if claim == 0.0:
        raise NotEstimable(
            "no test of any size can show that a share is exactly 0; state the share that is allowed"
        )
    if not 0.0 < claim < 1.0:
        raise InvalidInput(f"a claimed share lies between 0 and 1; got {claim:g}. Percent? Divide by 100.")
    if num_failed == 0:
        estimate = math.log1p(-confidence) / math.log1p(-claim)
    else:
        estimate = float(gammaincinv(num_failed + 1.0, confidence)) / claim  # Poisson limit, a start
    if estimate > _MOST_TRIALS:
        raise NotEstimable(
            f"a claim of {claim:g} would need more than {_MOST_TRIALS:g} trials: no test can show it"
        )
    return _fewest(claim, num_failed, confidence, start=math.ceil(estimate))


def judge_trials(
    num_tested: int, num_failed: int, *, claim: float | None = None, confidence: float = 0.95
) -> TrialAnswer:
    """What a test shows, and whether it could have shown what is claimed.

    Examples
    --------
    >>> judge_trials(67_000, 6, claim=6e-6).is_out_of_reach
    True
    """
    upper = upper_bound(num_tested, num_failed, confidence=confidence)
    lower = lower_bound(num_tested, num_failed, confidence=confidence)
    return TrialAnswer(
        num_tested=num_tested,
        num_failed=num_failed,
        confidence=confidence,
        observed=num_failed / num_tested,
        upper=upper,
        lower=lower,
        claim=claim,
        num_needed=None if claim is None else trials_needed(claim, confidence=confidence),
        num_needed_with_failures=(
            None if claim is None else trials_needed(claim, num_failed=num_failed, confidence=confidence)
        ),
        is_supported=None if claim is None else upper <= claim,
        is_contradicted=None if claim is None else lower > claim,
    )


def _fewest(claim: float, num_failed: int, confidence: float, *, start: int) -> int:
    """Smallest n with P(at most `num_failed` of n | claim) ≤ 1 − confidence, by doubling and bisection."""

    def is_enough(n: int) -> bool:
        if n <= num_failed:
            return False
        if num_failed == 0:
            return n * math.log1p(-claim) <= math.log1p(-confidence)
        return float(betaincc(num_failed + 1.0, float(n - num_failed), claim)) <= 1.0 - confidence

    high = max(start, num_failed + 1)
    while not is_enough(high):
        high *= 2
    low = num_failed
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _check_counts(num_tested: int, num_failed: int) -> None:
    if num_tested < 1:
        raise InvalidInput(f"the number of items tested must be 1 or more; got {num_tested}")
    if not 0 <= num_failed <= num_tested:
        raise InvalidInput(
            f"the number of failures must lie between 0 and the {num_tested} tested; got {num_failed}"
        )


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0 or not np.isfinite(confidence):
        raise InvalidInput(
            f"confidence lies between 0 and 1 (0.95 is 95 %); got {confidence:g}. Percent? Divide by 100."
        )
