"""What is left of a delivered quantity of one type: the whole answer on one basis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.catalogue import Catalogue, OrdnanceType
from remnant.errors import InvalidInput
from remnant.fate.basis import BasisDraws, basis_draws, with_setting
from remnant.fate.items import ItemCounts, count_items
from remnant.fate.treaty import TreatyVerdict, annex_limits, judge_treaty
from remnant.units import parse_age_d

DEFAULT_AGES = ("15d", "120d", "10y")
NUM_DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FateAnswer:
    """Items of one delivered quantity over time, on one basis.

    Parameters
    ----------
    ordnance, setting
        The type, and the self-destruct setting taken (empty: it has none).
    on
        Date of delivery; None: not dated, ages only.
    dates
        Calendar date of each age; None where not dated or beyond the calendar.
    basis
        θ, and what the basis means.
    counts
        Items by age and state.
    treaty
        Verdict against CCW Amended Protocol II, Technical Annex 3(a).
    seed, num_draws, catalogue_sha256
        For the provenance.
    """

    ordnance: OrdnanceType
    setting: str
    on: dt.date | None
    dates: tuple[dt.date | None, ...]
    basis: BasisDraws
    counts: ItemCounts
    treaty: TreatyVerdict
    seed: int
    num_draws: int
    catalogue_sha256: str


def answer_fate(
    name: str,
    catalogue: Catalogue,
    *,
    quantity: int,
    on: dt.date | None,
    ages_d: Sequence[float],
    setting: str = "",
    basis: str = "catalogue",
    claim: str = "",
    seed: int = 1,
    num_draws: int = NUM_DRAWS,
) -> FateAnswer:
    """How many items of a delivered quantity are in which state at each age.

    Parameters
    ----------
    name
        Type, in any spelling of the catalogue.
    quantity
        Items delivered. [items]
    ages_d
        Ages. [d]
    setting, basis, claim
        As in `with_setting` and `basis_draws`.
    seed
        The same seed gives the same numbers.
    """
    if seed < 0:
        raise InvalidInput(f"seed must be 0 or more; got {seed}")
    ordnance, chosen = with_setting(catalogue.ordnance(name), setting)
    rng = np.random.default_rng([seed, *b"fate"])
    found = basis_draws(ordnance, basis, catalogue, num_draws=num_draws, rng=rng, claim=claim)
    ages = np.asarray(ages_d, dtype=np.float64)
    return FateAnswer(
        ordnance=ordnance,
        setting=chosen,
        on=on,
        dates=tuple(date_after(on, age) for age in ages),
        basis=found,
        counts=count_items(found.draws, quantity, ages),
        treaty=judge_treaty(found.draws, annex_limits(catalogue), is_in_scope=ordnance.treaty_scope),
        seed=seed,
        num_draws=num_draws,
        catalogue_sha256=catalogue.sha256,
    )


def date_after(on: dt.date | None, age_d: float) -> dt.date | None:
    """The calendar date of an age; None without a date, or beyond the year 9999."""
    if on is None or age_d > (dt.date.max - on).days:
        return None
    return on + dt.timedelta(days=int(age_d))


def parse_ages_d(texts: Sequence[str]) -> tuple[float, ...]:
    """Ages from texts such as ``15d``, in rising order, each once; none gives the default. [d]

    Examples
    --------
    >>> parse_ages_d(["120d", "15d"])
    (15.0, 120.0)
    """
    return tuple(sorted({parse_age_d(text) for text in (texts or DEFAULT_AGES)}))


def parse_date(text: str) -> dt.date | None:
    """A date written as year-month-day; empty is "not dated"."""
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f"--on must be a date written as year-month-day (2024-11-20); got {text!r}"
        ) from None
