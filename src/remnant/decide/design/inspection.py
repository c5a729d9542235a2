"""What an inspection after clearance can tell: operating curves, and what a pass does to the belief.

An inspection watches the process of clearance. It does not certify land: with few items left, nearly every inspection
passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammaincc, gammaln

from remnant.decide.design.detection import Detection
from remnant.errors import InvalidInput, NotEstimable
from remnant.units import Floats, not_negative, probability


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AfterInspection:
    """What is believed about cleared ground before an inspection and after it passed.

    Parameters
    ----------
    left_good, left_bad
        Items expected to be left by a process that works and by one that does not. [items]
    p_bad, p_bad_after
        Chance that the process did not work, before the inspection and after its pass. [1]
    p_pass
        Chance of a pass. [1]
    left, left_after
        Items expected to be left, before and after. [items]
    p_any, p_any_after
        Chance that any is left, before and after. [1]
    """

    left_good: float
    left_bad: float
    p_bad: float
    p_bad_after: float
    p_pass: float
    left: float
    left_after: float
    p_any: float
    p_any_after: float


def p_accept(num_left: ArrayLike, share: float, detection: Detection, *, most_finds: int = 0) -> Floats:
    """Chance that an inspection of a share of the ground passes, by items left.

    Parameters
    ----------
    num_left
        (n,) items left, each lying in inspected ground with the chance `share`, independently. [items]
    share
        Share of the ground that is inspected. [1]
    detection
        Chance that the inspection finds an item in the ground it works.
    most_finds
        Finds with which the lot still passes. [items]

    Returns
    -------
    (n,) ``E over q of P(Binomial(K, share q) ≤ most_finds)``; ``(1 − share q)^K`` if no find is allowed. [1]

    Examples
    --------
    Five items, a tenth inspected at 90 %: 62 % (eod-science course 05.7).

    >>> from remnant.decide.design.detection import detection_of
    >>> p_accept([5], 0.1, detection_of(0.9, source="example")).round(3).tolist()
    [0.624]
    """
    left = not_negative("items left", np.atleast_1d(np.asarray(num_left, dtype=np.float64)))
    _check_share(share, most_finds)
    x = share * detection.draws[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        cdf = betainc(np.maximum(left - most_finds, 1e-300), most_finds + 1.0, 1.0 - x)
    return np.asarray(np.where(left <= most_finds, 1.0, cdf).mean(axis=0))


def p_accept_by_density(
    expected_left: ArrayLike, share: float, detection: Detection, *, most_finds: int = 0
) -> Floats:
    """Chance of a pass, by the number of items expected to be left (Poisson). (n,) [1]

    Examples
    --------
    >>> from remnant.decide.design.detection import detection_of
    >>> p_accept_by_density([10.0], 0.1, detection_of(1.0, source="example")).round(3).tolist()
    [0.368]
    """
    left = not_negative("items expected", np.atleast_1d(np.asarray(expected_left, dtype=np.float64)))
    _check_share(share, most_finds)
    found = share * detection.draws[:, None] * left
    return np.asarray(gammaincc(most_finds + 1.0, found).mean(axis=0))


def p_accept_lot(
    num_units: int, num_bad: ArrayLike, num_sampled: int, detection: Detection, *, most_finds: int = 0
) -> Floats:
    """Chance that a lot passes when so many of its units are inspected, by units that hold something.

    Parameters
    ----------
    num_units, num_sampled
        Units in the lot, and those drawn at random. [units]
    num_bad
        (n,) units that hold something. [units]
    detection
        Chance that inspecting such a unit shows it.
    most_finds
        Units with finds with which the lot still passes. [units]

    Returns
    -------
    (n,) ``E over q of Σ_k Hypergeometric(k; N, D, n) P(Binomial(k, q) ≤ most_finds)``. [1]

    Examples
    --------
    400 units, 5 of them bad, 40 inspected: 58.9 % (eod-science course 05.7).

    >>> from remnant.decide.design.detection import detection_of
    >>> p_accept_lot(400, [5], 40, detection_of(1.0, source="example")).round(3).tolist()
    [0.589]
    """
    bad = np.atleast_1d(np.asarray(num_bad, dtype=np.int64))
    if not 0 <= num_sampled <= num_units:
        raise InvalidInput(f"units inspected must be 0 to {num_units:,}, the lot; got {num_sampled:,}.")
    if ((bad < 0) | (bad > num_units)).any():
        raise InvalidInput(f"units that hold something must be 0 to {num_units:,}, the lot.")
    _check_share(1.0, most_finds)
    return np.array([_lot(num_units, int(d), num_sampled, detection.draws, most_finds) for d in bad])


def _lot(num_units: int, num_bad: int, num_sampled: int, q: Floats, most_finds: int) -> float:
    k = np.arange(max(0, num_sampled - (num_units - num_bad)), min(num_bad, num_sampled) + 1.0)
    log_term = (
        _log_choose(num_bad, k)
        + _log_choose(num_units - num_bad, num_sampled - k)
        - _log_choose(num_units, np.array(float(num_sampled)))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        cdf = betainc(np.maximum(k - most_finds, 1e-300), most_finds + 1.0, 1.0 - q[:, None])
    passes = np.where(k <= most_finds, 1.0, cdf)
    return min(1.0, float((np.exp(log_term) * passes).sum(axis=1).mean()))


def _log_choose(n: int, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def share_needed(num_left: int, risk: float, detection: Detection, *, most_finds: int = 0) -> float:
    """Share of ground to inspect so that ground with so many items left passes no more often than a risk. [1]

    Raises
    ------
    NotEstimable
        When a whole inspection still passes more often.

    Examples
    --------
    Five items, 10 % risk, detection 90 %: 41 % of the ground (eod-science course 05.7).

    >>> from remnant.decide.design.detection import detection_of
    >>> round(share_needed(5, 0.10, detection_of(0.9, source="example")), 2)
    0.41
    """
    if num_left < 1:
        raise InvalidInput(f"items left must be 1 or more; got {num_left}.")
    if not 0.0 < risk < 1.0:
        raise InvalidInput(f"the risk of passing lies in (0, 1); got {risk:g}. 0.1 is 10 %.")
    best = float(p_accept([num_left], 1.0, detection, most_finds=most_finds)[0])
    if best > risk:
        raise NotEstimable(
            f"a risk of {100 * risk:g} % is asked; an inspection of all ground with {num_left} items left still passes "
            f"with {100 * best:.3g} %. Inspect with a better method, or allow fewer finds."
        )
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if p_accept([num_left], middle, detection, most_finds=most_finds)[0] > risk:
            low = middle
        else:
            high = middle
    return high


def after_pass(
    items_before: float,
    *,
    cleared_share: float,
    share: float,
    detection: Detection,
    p_bad: float = 0.0,
    cleared_share_bad: float | None = None,
) -> AfterInspection:
    """What a pass without a find does to the belief about cleared ground.

    Parameters
    ----------
    items_before
        Items expected in the ground before clearance (Poisson). [items]
    cleared_share, cleared_share_bad
        Share of items that clearance removes when its process works, and when it does not. [1]
    share, detection
        Share of ground inspected, and how well.
    p_bad
        Chance that the process did not work, before the inspection. [1]

    Returns
    -------
    Items left are Poisson with mean Λ (1 − q_c), for each of the two processes; they pass with exp(−f q Λ (1 − q_c)),
    and leave that mean times 1 − f q. Bayes' rule weighs the processes and draws of q by their chance of a pass.

    Examples
    --------
    20 items, 99 % removed; a tenth of the teams removes 80 % only; a tenth inspected at 90 % (eod-science course 05.7).

    >>> from remnant.decide.design.detection import detection_of
    >>> done = after_pass(20, cleared_share=0.99, share=0.1, detection=detection_of(0.9, source="example"),
    ...                   p_bad=0.1, cleared_share_bad=0.8)
    >>> round(done.p_bad_after, 3), round(done.left_good, 2)
    (0.073, 0.2)
    """
    before = float(not_negative("items before clearance", [items_before])[0])
    worst = cleared_share if cleared_share_bad is None else cleared_share_bad
    probability("share removed and chance of a bad process", [cleared_share, worst, p_bad])
    _check_share(share, 0)
    left = before * np.array([1.0 - cleared_share, 1.0 - worst])[:, None]  # (2, 1): good, bad
    prior = np.array([1.0 - p_bad, p_bad])[:, None] / detection.draws.size
    caught = share * detection.draws
    passes = prior * np.exp(-caught * left)
    weight = passes / passes.sum()
    remaining = left * (1.0 - caught)
    return AfterInspection(
        left_good=float(left[0, 0]),
        left_bad=float(left[1, 0]),
        p_bad=p_bad,
        p_bad_after=float(weight[1].sum()),
        p_pass=float(passes.sum()),
        left=float((prior * left).sum() * detection.draws.size),
        left_after=float((weight * remaining).sum()),
        p_any=float((prior * -np.expm1(-left)).sum() * detection.draws.size),
        p_any_after=float((weight * -np.expm1(-remaining)).sum()),
    )


def _check_share(share: float, most_finds: int) -> None:
    probability("share inspected", [share])
    if most_finds < 0:
        raise InvalidInput(f"finds allowed must be 0 or more; got {most_finds}.")
