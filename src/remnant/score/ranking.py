"""How well a forecast orders places: ROC, precision and recall, and finds per share of ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranked:
    """Places put in order once, so that many weightings of them cost no new sorting.

    Parameters
    ----------
    tie
        (n,) number of the distinct score of each place; 0 is the highest.
    num_ties
        Distinct scores.
    """

    tie: Ints
    num_ties: int


def ranked(score: Floats) -> Ranked:
    """Places by falling score; equal scores share one place in the order.

    Raises
    ------
    InvalidInput
        For a score that is not a number: unknown cannot be ordered.
    """
    if np.isnan(score).any():
        raise InvalidInput(
            f"a place can be ordered by a known score only; {int(np.isnan(score).sum())} of {score.size} are unknown. "
            "Leave those places out and count them."
        )
    values, inverse = np.unique(-score, return_inverse=True)
    return Ranked(tie=inverse.reshape(-1).astype(np.int64), num_ties=values.size)


def _sums(order: Ranked, happened: NDArray[np.bool_], weight: Floats | None) -> tuple[Floats, Floats]:
    """Weight of the places with and without a find at each distinct score, highest first."""
    w = np.ones(happened.size) if weight is None else weight
    yes = np.bincount(order.tie, np.where(happened, w, 0.0), order.num_ties)
    no = np.bincount(order.tie, np.where(happened, 0.0, w), order.num_ties)
    return np.asarray(yes, np.float64), np.asarray(no, np.float64)


def roc_auc(score: Floats | Ranked, happened: NDArray[np.bool_], weight: Floats | None = None) -> float:
    """Chance that a place with a find was ranked above one without; ties count half. [1]

    Parameters
    ----------
    score
        (n,) any number that grows with the expected find, or its `ranked` order.
    happened
        (n,) whether something was found.
    weight
        (n,) weight of each place; one each if left out.

    Returns
    -------
    The area under the ROC curve; NaN where all or none of the places had a find.

    Examples
    --------
    >>> roc_auc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    yes, no = _sums(score if isinstance(score, Ranked) else ranked(score), happened, weight)
    total_yes, total_no = yes.sum(), no.sum()
    if total_yes <= 0.0 or total_no <= 0.0:
        return float("nan")
    below = total_no - np.cumsum(no)
    return float((yes * (below + 0.5 * no)).sum() / (total_yes * total_no))


def average_precision(
    score: Floats | Ranked, happened: NDArray[np.bool_], weight: Floats | None = None
) -> float:
    """Area under the precision–recall curve by steps: precision at each threshold times the recall it adds. [1]

    By chance it is the share of places with a find, so it means nothing without that share beside it.

    Parameters
    ----------
    score, happened, weight
        As in `roc_auc`.

    Returns
    -------
    NaN where no place had a find.

    Examples
    --------
    >>> round(average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])), 4)
    0.8333
    """
    yes, no = _sums(score if isinstance(score, Ranked) else ranked(score), happened, weight)
    if yes.sum() <= 0.0:
        return float("nan")
    hits, taken = np.cumsum(yes), np.cumsum(yes + no)
    gain = yes > 0.0
    return float((yes[gain] * hits[gain] / taken[gain]).sum() / yes.sum())


def found_in_top(
    score: Floats | Ranked,
    found: Floats,
    share: float,
    *,
    ground: Floats | None = None,
    weight: Floats | None = None,
) -> float:
    """Share of all items found that lay in the best-ranked share of the ground. [1]

    Places of equal score are taken together, each by the same part, so that the order of a file cannot matter.

    Parameters
    ----------
    score
        (n,) as in `roc_auc`; to be compared per unit of ground where places differ in size.
    found
        (n,) items found.
    share
        Share of the ground that is worked, best first. [1]
    ground
        (n,) size of the places; equal if left out. [any]
    weight
        (n,) weight of each place; one each if left out.

    Returns
    -------
    NaN where nothing was found.

    Examples
    --------
    >>> found_in_top(np.array([3.0, 2.0, 1.0, 0.0]), np.array([5.0, 0.0, 1.0, 0.0]), 0.25) * 6
    5.0
    """
    order = score if isinstance(score, Ranked) else ranked(score)
    w = np.ones(found.size) if weight is None else weight
    size = np.bincount(order.tie, w * (1.0 if ground is None else ground), order.num_ties)
    items = np.bincount(order.tie, w * found, order.num_ties)
    if items.sum() <= 0.0 or size.sum() <= 0.0:
        return float("nan")
    before = np.concatenate([[0.0], np.cumsum(size)])
    got = np.concatenate([[0.0], np.cumsum(items)])
    return float(np.interp(share * before[-1], before, got) / got[-1])


def roc_curve(score: Floats, happened: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Share of empty places and share of places with a find that lie above each threshold, from (0, 0) to (1, 1)."""
    yes, no = _sums(ranked(score), happened, None)
    start = np.zeros(1)
    return (
        np.concatenate([start, np.cumsum(no) / max(no.sum(), 1e-300)]),
        np.concatenate([start, np.cumsum(yes) / max(yes.sum(), 1e-300)]),
    )


def precision_recall_curve(score: Floats, happened: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Recall and precision at each threshold, highest first."""
    yes, no = _sums(ranked(score), happened, None)
    hits = np.cumsum(yes)
    return hits / max(yes.sum(), 1e-300), hits / np.cumsum(yes + no)


def ground_curve(score: Floats, found: Floats, ground: Floats | None = None) -> tuple[Floats, Floats]:
    """Share of the ground worked, best first, and share of the items found in it, from (0, 0) to (1, 1)."""
    order = ranked(score)
    size = np.bincount(order.tie, ground, order.num_ties)
    items = np.bincount(order.tie, found, order.num_ties)
    start = np.zeros(1)
    return (
        np.concatenate([start, np.cumsum(size) / size.sum()]),
        np.concatenate([start, np.cumsum(items) / max(items.sum(), 1e-300)]),
    )
