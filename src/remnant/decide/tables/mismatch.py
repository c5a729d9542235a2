"""Things in the records that do not add up, each named by the record that holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Grade = Literal["mismatch", "unknown", "note"]
"""``mismatch``: records contradict each other or themselves; ``unknown``: a fact that a table needs is not on record;
``note``: counted as the record says, but worth a look."""

_MANY = 20  # records of a layer from which on one line speaks for all


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
    count
        Records that it speaks for: more than one where every record of a layer lacks the same fact.
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
    count: int = 1


def by_layer(found: Sequence[Mismatch], sizes: Mapping[str, int]) -> tuple[Mismatch, ...]:
    """The same list, with one line for a whole layer where every record of it lacks the same fact.

    Contradictions stay by record; so does everything in a layer of which some records have the fact.

    Parameters
    ----------
    found
        By record.
    sizes
        Layer → number of its records.

    Examples
    --------
    >>> lack = [
    ...     Mismatch(grade="unknown", code="x", record_id=str(k), layer="a", row=k, asked="", came="", todo="")
    ...     for k in range(1, 31)
    ... ]
    >>> [(m.record_id, m.count) for m in by_layer(lack, {"a": 30})], len(by_layer(lack, {"a": 31}))
    ([('every record', 30)], 30)
    """
    members: dict[tuple[str, str], list[Mismatch]] = {}
    for one in found:
        if one.grade != "mismatch":
            members.setdefault((one.code, one.layer), []).append(one)
    whole = {
        key: replace(
            held[0], record_id="every record", row=0, count=len(held),
            area_m2=math.fsum(m.area_m2 for m in held if not math.isnan(m.area_m2)) or math.nan,
        )
        for key, held in members.items()
        if len(held) >= _MANY and len({m.row for m in held}) == sizes.get(key[1])
    }  # fmt: skip
    kept = [m for m in found if m.grade == "mismatch" or (m.code, m.layer) not in whole]
    return (*kept, *whole.values())
