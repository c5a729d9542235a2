"""What a model says remains, for a table of its own beside the counts from records."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Items that remain in one place on one date, in one state.

    Parameters
    ----------
    place
        District, or the name of a total.
    is_total
        Whether it is a total over all districts.
    mean, q05, q95
        Expected items, and the 90 % interval. [items]
    p_any
        Chance of at least one. [1]
    """

    place: str
    is_total: bool
    date: dt.date
    state: str
    is_forecast: bool
    mean: float
    q05: float
    q95: float
    p_any: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The answer of one assessment.

    Parameters
    ----------
    as_of
        Day up to which the records of the assessment run.
    program, model, seed
        What made it.
    is_same_records
        Whether it was made from the very files that the tables are made from.
    """

    name: str
    as_of: dt.date
    program: str
    model: str
    seed: int
    catalogue_sha256: str
    is_same_records: bool
    rows: tuple[Estimate, ...]
