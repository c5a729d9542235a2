"""In which district each record lies, and where areas lie on one another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.decide.tables.lives import NO_DISTRICT, AreaLife
from remnant.decide.tables.mismatch import Mismatch
from remnant.evidence import Case, Districts

_SHARE = 0.01  # less than this of an area beyond a border is how borders are drawn
_POINTS = (0, 4)
_DOUBTS = {
    "two-districts": (
        "an area should lie in one district", "it counts where most of it lies; split it if need be",
    ),
    "district-differs": (
        "an area should lie in the district that it names", "it counts where it is named; mend one of the two",
    ),
    "district-without-outline": (
        "an area should name a district of the case", "it counts under that name; correct the spelling if it is one",
    ),
}  # fmt: skip
"""What is expected, and what to do, where the district of a record is in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """District of every record of `Case.areas`, and what is doubtful about it.

    Parameters
    ----------
    names
        (n,) names; `NO_DISTRICT` where none is known.
    """

    names: tuple[str, ...]
    wrong: tuple[Mismatch, ...]


def name_key(name: str) -> str:
    """A district's name without what differs between two spellings of it.

    Examples
    --------
    >>> name_key("  Donji  Vakuf ") == name_key("DONJI VAKUF")
    True
    """
    return " ".join(name.casefold().split())


def district_of(districts: Districts, geometry: NDArray[np.object_]) -> tuple[tuple[str, ...], ...]:
    """(n,) districts that each place lies in, the one that holds most of it first; empty where none does.

    A district counts when it holds at least 1 % of the place.
    """
    out: list[list[tuple[float, str]]] = [[] for _ in range(len(geometry))]
    known = np.flatnonzero(~shapely.is_missing(geometry))
    if districts.name.size and known.size:
        tree = shapely.STRtree(districts.geometry)
        hit, district = tree.query(geometry[known], predicate="intersects")
        for index, which in zip(known[hit].tolist(), district.tolist(), strict=True):
            out[index].append(
                (_share(geometry[index], districts.geometry[which]), str(districts.name[which]))
            )
    return tuple(
        tuple(name for share, name in sorted(found, key=lambda item: (-item[0], item[1])) if share >= _SHARE)
        for found in out
    )


def _share(place: shapely.Geometry, district: shapely.Geometry) -> float:
    if shapely.get_type_id(place) in _POINTS:
        return 1.0
    whole = shapely.area(place)
    return float(shapely.area(shapely.intersection(place, district)) / whole) if whole else 1.0


def locate(case: Case) -> Located:
    """The district of every record of `Case.areas`: as the record names it, else by its place."""
    assert case.register is not None
    lies_in = district_of(case.districts, case.areas.geometry)
    spelled: dict[str, str] = {name_key(str(name)): str(name) for name in case.districts.name}
    has_layer = bool(spelled)
    names: list[str] = []
    wrong: list[Mismatch] = []
    for index, found in enumerate(lies_in):
        named = str(case.register.district[index]).strip()
        if named:
            name = spelled.setdefault(name_key(named), named)
            if has_layer and name not in {str(n) for n in case.districts.name}:
                wrong.append(
                    _doubt(case, index, "district-without-outline", f"it names {named!r}, which is none")
                )
            elif found and name not in found:
                wrong.append(
                    _doubt(case, index, "district-differs", f"it names {named!r} and lies in {found[0]!r}")
                )
            names.append(name)
            continue
        names.append(found[0] if found else NO_DISTRICT)
        if len(found) > 1:
            wrong.append(_doubt(case, index, "two-districts", f"it lies in {', '.join(found)}"))
    return Located(names=tuple(names), wrong=tuple(wrong))


def _doubt(case: Case, index: int, code: str, came: str) -> Mismatch:
    source = case.areas.source
    asked, todo = _DOUBTS[code]
    return Mismatch(
        grade="mismatch" if code == "district-differs" else "note", code=code, record_id=str(case.areas.id[index]),
        layer=str(source.layer[index]), row=int(source.row[index]), asked=asked, came=came, todo=todo,
        area_m2=float(shapely.area(case.areas.geometry[index])),
    )  # fmt: skip


def overlaps(case: Case, lives: Sequence[AreaLife], *, tolerance_m2: float) -> tuple[Mismatch, ...]:
    """Open areas that lie on one another, and released land that lies in an open area of which it names no part."""
    open_ = [life.index for life in lives if life.is_open]
    alone = [life.index for life in lives if not life.is_open and _is_release(case, life.index)]
    shapes = case.areas.geometry
    return (
        *(
            _pair(case, a, b, m2, "overlap", "areas should not lie on one another",
                  "their common land is counted twice; redraw one, or take the repeat out")
            for a, b, m2 in _common(shapes, open_, open_, tolerance_m2) if a < b
        ),
        *(
            _pair(case, a, b, m2, "released-inside-open", "released land should not lie in an open area",
                  "name its hazard area (area_id), or redraw the open one: till then that land counts as open")
            for a, b, m2 in _common(shapes, alone, open_, tolerance_m2)
        ),
    )  # fmt: skip


def _is_release(case: Case, index: int) -> bool:
    assert case.register is not None
    return bool(case.register.is_release[index])


def _common(
    shapes: NDArray[np.object_], left: Sequence[int], right: Sequence[int], least_m2: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs of records that share land, and how much. [m²]"""
    mine = np.array([i for i in left if shapes[i] is not None], dtype=np.int64)
    theirs = np.array([i for i in right if shapes[i] is not None], dtype=np.int64)
    if not mine.size or not theirs.size:
        return
    a, b = shapely.STRtree(shapes[theirs]).query(shapes[mine], predicate="intersects")
    first, second = mine[a], theirs[b]
    keep = first != second
    first, second = first[keep], second[keep]
    area = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    for k in np.flatnonzero(area > least_m2):
        yield int(first[k]), int(second[k]), float(area[k])


def _pair(case: Case, a: int, b: int, m2: float, code: str, asked: str, todo: str) -> Mismatch:
    ids, source = case.areas.id, case.areas.source
    return Mismatch(
        grade="mismatch", code=code, record_id=str(ids[a]), layer=str(source.layer[a]), row=int(source.row[a]),
        asked=asked,
        came=f"{m2:,.0f} m² lie in {ids[b]} too ({source.layer[b]}, row {source.row[b]})", todo=todo, area_m2=m2,
    )  # fmt: skip


def open_ground_m2(case: Case, lives: Sequence[AreaLife]) -> float:
    """Ground under the outlines of open areas, every square metre once; NaN where no open area has an outline. [m²]"""
    shapes = [case.areas.geometry[life.index] for life in lives if life.is_open]
    drawn = [shape for shape in shapes if shape is not None]
    return float(shapely.area(shapely.union_all(drawn))) if drawn else math.nan
