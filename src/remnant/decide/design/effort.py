"""The split of search effort over areas that finds most, after Koopman and Stone.

Searching area i for z hours finds an item there with chance ``q (1 − exp(−a z))`` where the search wanders (Koopman's
law of random search, with a = ground worked per hour over area), or ``q min(a z, 1)`` where it works lane by lane. The
first is the pessimistic one. Expected finds are then a sum of concave functions of the hours, and the split that finds
most brings the marginal finds per hour of all searched areas to one level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from remnant.errors import InvalidInput
from remnant.units import Floats, not_negative, probability

Law = Literal["random", "lanes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffortSplit:
    """A split of hours over areas and what it finds.

    Parameters
    ----------
    hours
        (n,) hours per area. [h]
    found
        (n,) what is expected to be found there, in the unit of the weights. [items]
    marginal
        What one more hour would find in the best area. [items/h]
    found_even
        What the same hours would find, spread in proportion to area. [items]
    """

    hours: Floats
    found: Floats
    marginal: float
    found_even: float


def split_effort(
    weight: ArrayLike, rate: ArrayLike, total_h: float, *, ceiling: ArrayLike = 1.0, law: Law = "random"
) -> EffortSplit:
    """Hours per area that find most in all.

    Parameters
    ----------
    weight
        (n,) what is there to find: expected items, or the chance that the one object of a search is there. [items]
    rate
        (n,) share of the area that one hour works; 0 where it cannot be searched. [1/h]
    total_h
        Hours to spend. [h]
    ceiling
        (n,) or number: chance that an item in worked ground is found. With the law ``random``, repeated looks are no
        second chance for items that are hard to find: the share found tends to it, not to 1. [1]
    law
        ``random``: ``q (1 − exp(−a z))``; ``lanes``: ``q min(a z, 1)``.

    Returns
    -------
    The split; hours sum to `total_h`, unless lanes have covered all ground before.

    Raises
    ------
    InvalidInput
        When a value is out of bounds, or no area can be searched with a result.

    References
    ----------
    B. O. Koopman, "The theory of search III", Oper. Res. 5 (1957) 613-626; L. D. Stone, "Theory of Optimal Search",
    Academic Press, 1975, ch. 2.

    Examples
    --------
    Four places, chances 0.4 to 0.1, two units of effort (eod-science course 05.7): 0.994, 0.706, 0.300, 0; 0.456 found.

    >>> split = split_effort([0.4, 0.3, 0.2, 0.1], [1.0] * 4, 2.0)
    >>> split.hours.round(3).tolist(), round(float(split.found.sum()), 3)
    ([0.994, 0.706, 0.3, 0.0], 0.456)
    """
    weight, rate, ceiling = _checked(weight, rate, ceiling)
    if not (total_h >= 0.0 and np.isfinite(total_h)):
        raise InvalidInput(f"hours to spend must be 0 or more; got {total_h:g}.")
    if law not in get_args(Law):
        raise InvalidInput(f"law must be one of {', '.join(get_args(Law))}; got {law!r}.")
    worth = weight * ceiling
    gain = worth * rate  # what the first hour finds
    if not (gain > 0.0).any():
        raise InvalidInput(
            "some area must hold something to find and be searchable; none does. Check the items expected."
        )
    hours = _water_level(gain, rate, total_h) if law == "random" else _best_first(gain, rate, total_h)
    found = worth * share_worked(hours * rate, law)
    return EffortSplit(
        hours=hours,
        found=found,
        marginal=float(np.max(_marginal(gain, rate, hours, law))),
        found_even=float((worth * share_worked(_even(rate, total_h) * rate, law)).sum()),
    )


def share_worked(cover: Floats, law: Law) -> Floats:
    """Share of an area that is worked at least once, by ground worked over area. (n,) [1]

    Examples
    --------
    Random search at coverage 1, 2, 3 (Koopman): 63.2, 86.5 and 95.0 %.

    >>> share_worked(np.array([1.0, 2.0, 3.0]), "random").round(3).tolist()
    [0.632, 0.865, 0.95]
    """
    return np.asarray(-np.expm1(-cover) if law == "random" else np.minimum(cover, 1.0))


def release_effort(prior: float, limit: float, rate: float) -> float:
    """Random search without a find that brings the chance of an item within a limit. [h]

    Parameters
    ----------
    prior, limit
        Chance that the area holds its one item, before the search and at most after it. [1]
    rate
        ``q`` times the ground worked per hour over area. [1/h]

    Returns
    -------
    ``(1/α) ln[p (1 − t) / (t (1 − p))]``, not below zero.

    Examples
    --------
    >>> round(release_effort(0.5, 0.05, 1.0), 3), release_effort(0.01, 0.05, 1.0)
    (2.944, 0.0)
    """
    probability("chance before and limit", [prior, limit])
    if not 0.0 < limit < 1.0 or prior >= 1.0:
        raise InvalidInput(f"limit lies in (0, 1) and the chance below 1; got {limit:g} and {prior:g}.")
    if not rate > 0.0:
        raise InvalidInput(f"rate must be above 0 per hour; got {rate:g}.")
    if prior <= limit:
        return 0.0
    return float(np.log(prior * (1.0 - limit) / (limit * (1.0 - prior))) / rate)


def _checked(weight: ArrayLike, rate: ArrayLike, ceiling: ArrayLike) -> tuple[Floats, Floats, Floats]:
    weights = not_negative("what is there to find", np.atleast_1d(np.asarray(weight, dtype=np.float64)))
    rates = not_negative("share worked per hour", np.atleast_1d(np.asarray(rate, dtype=np.float64)))
    tops = np.broadcast_to(probability("detection", ceiling), weights.shape)
    if weights.shape != rates.shape or weights.ndim != 1 or not weights.size:
        raise InvalidInput(
            f"every area needs a weight and a rate; got {weights.size} and {rates.size}. Give both for each."
        )
    return weights, rates, tops


def _water_level(gain: Floats, rate: Floats, total: float) -> Floats:
    """Koopman's split in closed form: log marginal gains of the searched areas come down to one level."""
    hours = np.zeros(gain.size)
    order = np.argsort(-gain, kind="stable")
    order = order[gain[order] > 0.0]
    log_gain, slope = np.log(gain[order]), 1.0 / rate[order]
    levels = (np.cumsum(slope * log_gain) - total) / np.cumsum(slope)  # the level if the first k are searched
    after = np.append(log_gain[1:], -np.inf)
    num = int(np.argmax(levels >= after)) + 1  # the first k whose level stays above the next area's gain
    hours[order[:num]] = np.maximum(slope[:num] * (log_gain[:num] - levels[num - 1]), 0.0)
    return hours


def _best_first(gain: Floats, rate: Floats, total: float) -> Floats:
    """Lanes: the area with most finds per hour is worked to its end, then the next."""
    hours = np.zeros(gain.size)
    left = total
    for i in np.argsort(-gain, kind="stable"):
        if gain[i] > 0.0:
            hours[i] = min(left, 1.0 / rate[i])
            left -= hours[i]
    return hours


def _even(rate: Floats, total: float) -> Floats:
    """Hours in proportion to the hours that one pass takes."""
    one_pass = np.where(rate > 0.0, 1.0 / np.where(rate > 0.0, rate, 1.0), 0.0)
    return np.asarray(total * one_pass / one_pass.sum())


def _marginal(gain: Floats, rate: Floats, hours: Floats, law: Law) -> Floats:
    if law == "random":
        return np.asarray(gain * np.exp(-rate * hours))
    return np.where(rate * hours < 1.0 - 1e-12, gain, 0.0)
