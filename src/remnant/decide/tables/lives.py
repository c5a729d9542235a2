"""Hazard areas as a register sees them: when each came on record, what was released of it, what is left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from remnant.decide.tables.mismatch import Mismatch
from remnant.decide.tables.period import UNKNOWN_DAYS, Days
from remnant.evidence import RELEASE_KINDS, Case

NO_DISTRICT = "district not on record"
NO_CLASS = "class not on record"
CLASSES = ("CHA", "SHA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Land of one area that was released on one day, in one way.

    Parameters
    ----------
    how
        ``cancelled``, ``reduced`` or ``cleared``; empty where nobody recorded it.
    area_m2
        NaN where neither a size nor an outline is on record. [m²]
    """

    record_id: str
    layer: str
    row: int
    how: str
    days: Days
    area_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLife:
    """One hazard area from the day on which it came on record to its release.

    Parameters
    ----------
    index
        Of the record in `Case.areas`.
    hazard_class
        ``CHA``, ``SHA``, another class of the case, or `NO_CLASS`.
    categories
        Kinds of ordnance suspected there (categories of the catalogue).
    size_m2, size_from
        Land when it came on record, and where that comes from: ``record``, ``outline``, ``parts`` (what was released
        and what is left), or empty (then `size_m2` is NaN). [m²]
    remaining_m2
        Land that is left, where the record says so; NaN where it does not. [m²]
    closed, closed_as
        Day of the last release, and how; unknown for open areas.
    releases
        All that was released of it.
    is_undated
        Whether it is closed and nobody recorded when.
    """

    index: int
    record_id: str
    layer: str
    row: int
    district: str
    hazard_class: str
    categories: tuple[str, ...]
    size_m2: float
    size_from: str
    remaining_m2: float
    is_open: bool
    entered: Days
    closed: Days
    closed_as: str
    releases: tuple[Release, ...]

    @property
    def is_undated(self) -> bool:
        """Whether it is closed and nobody recorded when."""
        return not self.is_open and math.isnan(self.closed[1])

    @property
    def released_m2(self) -> float:
        """Land released of it in all, as far as it is known. [m²]"""
        return math.fsum(r.area_m2 for r in self.releases if not math.isnan(r.area_m2))


def lives_of(case: Case, districts: Sequence[str]) -> tuple[tuple[AreaLife, ...], tuple[Mismatch, ...]]:
    """Every hazard area of a case, with the released land that names it as its own part.

    Released land that names no hazard area of the case is an area of its own, released on that day.

    Parameters
    ----------
    case
        With a register (`Case.register`).
    districts
        (n,) district of every record of `Case.areas`, `NO_DISTRICT` where none is known.

    Returns
    -------
    The areas in the order of the case, and what is wrong with the links between records.
    """
    parents, wrong = _parents(case)
    parts: dict[int, list[int]] = {}
    for index, parent in parents.items():
        parts.setdefault(parent, []).append(index)
    outline = shapely.area(case.areas.geometry)
    lives = tuple(
        _life(case, index, parts.get(index, []), outline, districts[index])
        for index in range(case.areas.id.size)
        if index not in parents
    )
    return lives, tuple(wrong)


def _parents(case: Case) -> tuple[dict[int, int], list[Mismatch]]:
    """Released land → the hazard area that it was part of, by the id that it names or shares."""
    assert case.register is not None
    areas, register = case.areas, case.register
    owners: dict[str, list[int]] = {}
    for index in np.flatnonzero(~register.is_release).tolist():
        owners.setdefault(str(areas.id[index]), []).append(index)
    parents: dict[int, int] = {}
    wrong: list[Mismatch] = []
    for index in np.flatnonzero(register.is_release).tolist():
        named = str(register.parent_id[index])
        found = owners.get(named or str(areas.id[index]), [])
        if len(found) == 1:
            parents[index] = found[0]
        elif named:
            wrong.append(_broken_link(case, index, named, len(found)))
    return parents, wrong


def _broken_link(case: Case, index: int, named: str, num: int) -> Mismatch:
    came = f"{num} areas have that id" if num else "no area has that id"
    return Mismatch(
        grade="mismatch", code="unknown-area" if num == 0 else "area-named-twice",
        record_id=str(case.areas.id[index]), layer=str(case.areas.source.layer[index]),
        row=int(case.areas.source.row[index]),
        asked=f"released land should name one hazard area of the case; it names {named!r}", came=came,
        todo="correct the id; till then it stands as an area of its own, beside the one that it was part of",
        area_m2=_size(case, index, shapely.area(case.areas.geometry[index]))[0],
    )  # fmt: skip


def _life(case: Case, index: int, parts: Sequence[int], outline: np.ndarray, district: str) -> AreaLife:
    assert case.register is not None
    areas, register = case.areas, case.register
    is_open = str(areas.status[index]) == "open"
    size, size_from = _size(case, index, float(outline[index]))
    own = _own_releases(case, index)
    linked = [release for part in parts for release in _releases(case, part, float(outline[part]))]
    releases = (*own, *linked)
    closed_as = str(register.released_as[index])
    closed = UNKNOWN_DAYS if is_open else _days(case, index)
    if not is_open and math.isnan(closed[1]) and releases:
        closed = _last(releases)
    if not is_open and not releases:
        releases = (_whole(case, index, closed_as, closed, size),)
    elif not is_open and not closed_as:
        closed_as = _main_kind(releases)
    remaining = float(register.remaining_m2[index])
    if math.isnan(size):
        size, size_from = _from_parts(releases, remaining, is_open=is_open)
    return AreaLife(
        index=index, record_id=str(areas.id[index]), layer=str(areas.source.layer[index]),
        row=int(areas.source.row[index]), district=district, hazard_class=_class(case, index),
        categories=tuple(dict.fromkeys(case.catalogue.types[t].category for t in areas.types[index])),
        size_m2=size, size_from=size_from, remaining_m2=remaining, is_open=is_open,
        entered=(float(register.recorded_first[index]), float(register.recorded_last[index])),
        closed=closed, closed_as=closed_as, releases=releases,
    )  # fmt: skip


def _class(case: Case, index: int) -> str:
    """Class before any release; the name of a stratum such as ``released`` tells nothing of it."""
    assert case.register is not None
    name = str(case.register.former_class[index]) or str(case.areas.hazard_class[index])
    return NO_CLASS if name in ("", "released") else name


def _size(case: Case, index: int, outline_m2: float) -> tuple[float, str]:
    """Size as the record states it, else of its outline, else unknown. [m²]"""
    stated = float(case.areas.reported_area_m2[index])
    if not math.isnan(stated):
        return stated, "record"
    drawn = not shapely.is_missing(case.areas.geometry[index])
    return (outline_m2, "outline") if drawn else (math.nan, "")


def _from_parts(releases: Sequence[Release], remaining: float, *, is_open: bool) -> tuple[float, str]:
    """Size of an area that states none: what was released of it and what is left, where both are known. [m²]"""
    left = remaining if is_open else 0.0
    total = math.fsum(r.area_m2 for r in releases) + left
    return (math.nan, "") if math.isnan(total) else (total, "parts")


def _days(case: Case, index: int) -> Days:
    assert case.register is not None
    return float(case.register.released_first[index]), float(case.register.released_last[index])


def _own_releases(case: Case, index: int) -> tuple[Release, ...]:
    """What an area's own record says was released of it, by kind."""
    assert case.register is not None
    columns: Mapping[str, float] = {
        kind: float(getattr(case.register, f"{kind}_m2")[index]) for kind in RELEASE_KINDS
    }
    return tuple(
        _whole(case, index, kind, _days(case, index), m2) for kind, m2 in columns.items() if m2 > 0.0
    )


def _releases(case: Case, index: int, outline_m2: float) -> tuple[Release, ...]:
    """What a record of released land adds to its area: its parts by kind, else all of it."""
    assert case.register is not None
    split = _own_releases(case, index)
    if split:
        return split
    size, _ = _size(case, index, outline_m2)
    return (_whole(case, index, str(case.register.released_as[index]), _days(case, index), size),)


def _whole(case: Case, index: int, how: str, days: Days, area_m2: float) -> Release:
    source = case.areas.source
    return Release(
        record_id=str(case.areas.id[index]), layer=str(source.layer[index]), row=int(source.row[index]), how=how,
        days=days, area_m2=area_m2,
    )  # fmt: skip


def _last(releases: Sequence[Release]) -> Days:
    """Days of the last release; unknown where the day of any of them is."""
    if any(math.isnan(r.days[1]) for r in releases):
        return UNKNOWN_DAYS
    return max((r.days for r in releases), key=lambda days: (days[1], days[0]))


def _main_kind(releases: Sequence[Release]) -> str:
    """The kind by which most land was released; ties go to clearance, then to reduction."""
    total = {kind: math.fsum(r.area_m2 for r in releases if r.how == kind) for kind in RELEASE_KINDS}
    known = {kind: m2 for kind, m2 in total.items() if m2 > 0.0}
    return max(reversed(list(known)), key=lambda kind: known[kind], default="")
