"""Things in the records that do not add up, each named by the record that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["mismatch", "unknown", "note"]
"""``mismatch``: records contradict each other or themselves; ``unknown``: a fact that a table needs is not on record;
``note``: counted as the record says, but worth a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that a person has to settle, and the record that holds it.

    Parameters
    ----------
    code
        Short stable name, one per kind.
    record_id, layer, row
        Which record; `row` is its number in the file (the first is 1), 0 where it is not one row.
    asked, came, todo
        What was expected, what the record says, what to do.
    area_m2
        Land in question; NaN where it is not about land, or not known. [m²]
    """

    grade: Grade
    code: str
    record_id: str
    layer: str
    row: int
    asked: str
    came: str
    todo: str
    area_m2: float = float("nan")
