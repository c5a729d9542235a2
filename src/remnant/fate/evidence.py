"""What can be learned from: trials, repeated inspections and field results on one type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.catalogue import Catalogue, FieldEvidence, OrdnanceType, Range
from remnant.errors import InvalidInput
from remnant.units import frozen, not_negative

Quantity = Literal["p_sd_fails", "p_functions", "p_explosive", "p_dud"]
"""``p_sd_fails``: activated items not self-destructed; ``p_functions``: activated items that still function;
``p_explosive``: delivered items that are still explosive; ``p_dud``: delivered items that never armed."""
_QUANTITIES = get_args(Quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test: of `num_tested` items `num_failed` failed in the sense of `quantity` by `window_d`.

    Parameters
    ----------
    window_d
        Age at which the items were judged; None: after every delay has passed. [d]
    batch
        Production lot or delivery; records of one name share their lot's share. Empty: a lot of its own.
    """

    num_tested: int
    num_failed: int
    quantity: Quantity
    window_d: float | None = None
    batch: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        _check_quantity(self.quantity)
        if self.num_tested < 1:
            raise InvalidInput(f"a trial needs at least 1 item tested; got {self.num_tested}")
        if not 0 <= self.num_failed <= self.num_tested:
            raise InvalidInput(
                f"the failures of a trial lie between 0 and the {self.num_tested} tested; got {self.num_failed}"
            )
        _check_age("window_d", self.window_d)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspections:
    """Items looked at again and again: the time at which each acted is known only between two visits.

    Parameters
    ----------
    last_seen_d
        (n,) age at the last visit at which the item was seen not to have acted; 0 if never seen. [d]
    first_gone_d
        (n,) age at the first visit at which it was seen gone; inf: never seen gone. [d]
    count
        (n,) items that each row stands for. [items]
    of
        ``activated``: items known to have armed; ``delivered``: duds among them.
    batch
        As in `Trial`.
    """

    last_seen_d: NDArray[np.float64]
    first_gone_d: NDArray[np.float64]
    count: NDArray[np.float64]
    of: Literal["activated", "delivered"] = "activated"
    batch: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "last_seen_d", not_negative("last_seen_d", np.atleast_1d(self.last_seen_d)))
        object.__setattr__(self, "first_gone_d", frozen(np.atleast_1d(self.first_gone_d)))
        object.__setattr__(self, "count", not_negative("count", np.atleast_1d(self.count)))
        if not self.last_seen_d.shape == self.first_gone_d.shape == self.count.shape:
            raise InvalidInput(
                "inspections need one last_seen_d, first_gone_d and count per row; "
                f"got {self.last_seen_d.size}, {self.first_gone_d.size} and {self.count.size}"
            )
        if not (self.first_gone_d > self.last_seen_d).all():
            row = int(np.argmin(self.first_gone_d > self.last_seen_d))
            raise InvalidInput(
                f"first_gone_d must lie after last_seen_d; row {row} has {self.first_gone_d[row]:g} after "
                f"{self.last_seen_d[row]:g}. Never seen gone is inf."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """What was found where a type had been delivered.

    Parameters
    ----------
    num_found
        Items found in the searched part. [items]
    delivered
        Items delivered to the whole footprint. [items]
    share_searched
        Share of the footprint that was searched. [1]
    p_detect
        Chance that an item present there was found. [1]
    age_d
        Age of the items when it was searched. [d]
    quantity
        What is counted: ``p_explosive``, or one of the others.
    batch
        As in `Trial`.
    """

    num_found: int
    delivered: Range
    share_searched: Range
    p_detect: Range
    age_d: float
    quantity: Quantity = "p_explosive"
    batch: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        _check_quantity(self.quantity)
        _check_age("age_d", self.age_d)
        if self.num_found < 0:
            raise InvalidInput(f"the number found must be 0 or more; got {self.num_found}")
        if self.delivered.high < self.num_found:
            raise InvalidInput(
                f"more were found ({self.num_found}) than delivered (at most {self.delivered.high:g}): check both"
            )


Evidence = Trial | Inspections | FieldResult


def group_visits(
    last_seen_d: ArrayLike, first_gone_d: ArrayLike, *, of: Literal["activated", "delivered"] = "activated"
) -> Inspections:
    """Inspections of single items, equal rows counted together.

    Parameters
    ----------
    last_seen_d, first_gone_d
        (n,) one entry per item, as in `Inspections`. [d]

    Examples
    --------
    >>> group_visits([7, 7, 90], [14, 14, np.inf]).count.tolist()
    [2.0, 1.0]
    """
    pairs = np.column_stack([np.asarray(last_seen_d, float), np.asarray(first_gone_d, float)])
    rows, count = np.unique(pairs, axis=0, return_counts=True)
    return Inspections(last_seen_d=rows[:, 0], first_gone_d=rows[:, 1], count=count.astype(float), of=of)


def evidence_on(
    ordnance: OrdnanceType, catalogue: Catalogue, *, unconfirmed: bool = True
) -> tuple[FieldEvidence, ...]:
    """The trials and field results on a type; without the `unconfirmed` ones only what can be cited."""
    return tuple(
        e
        for e in catalogue.evidence.values()
        if ordnance.name in e.types and (unconfirmed or e.basis not in ("weak", "judgement"))
    )


def as_record(published: FieldEvidence) -> Trial | FieldResult:
    """A published trial or field result as the record that is learned from."""
    if published.kind == "trial":
        if published.num_tested is None or published.num_failed is None:
            raise InvalidInput(f"trial {published.name!r} needs num_tested and num_failed")
        return Trial(
            num_tested=published.num_tested,
            num_failed=published.num_failed,
            quantity=published.quantity,
            window_d=published.window_d,
            name=published.name,
        )
    if published.num_delivered is None or published.num_found is None or published.age_d is None:
        raise InvalidInput(f"field result {published.name!r} needs num_delivered, num_found and age_d")
    unknown = Range(
        low=0.02, high=0.98, unit="1", basis="judgement", source="not stated by the source: unknown"
    )
    delivered = Range(
        low=published.num_delivered, high=published.num_delivered, unit="items", basis=published.basis,
        source=published.source,
    )  # fmt: skip
    return FieldResult(
        num_found=published.num_found,
        delivered=delivered,
        share_searched=published.share_searched or unknown,
        p_detect=published.p_detect or unknown,
        age_d=published.age_d,
        quantity=published.quantity,
        name=published.name,
    )


def _check_quantity(quantity: str) -> None:
    if quantity not in _QUANTITIES:
        raise InvalidInput(f"quantity must be one of {', '.join(_QUANTITIES)}; got {quantity!r}")


def _check_age(name: str, age_d: float | None) -> None:
    if age_d is not None and not (np.isfinite(age_d) and age_d >= 0.0):
        raise InvalidInput(f"{name} must be a number of days, zero or more; got {age_d:g}")
