"""Which types may lie where: what the records name, and what was found against them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from remnant.evidence.records import Case, Finding

GENERIC = "generic"  # types of this prefix stand for a whole category
_TOUCH_M2 = 1.0  # footprints that share less ground merely touch


def background_types(case: Case) -> list[str]:
    """Types that may lie outside hazard areas: those that the case names, and those met there."""
    names = list(case.default_types)
    if not names:
        names = sorted({name for types in case.areas.types for name in types})
    met = {str(t) for t in case.events.type} | {str(t) for t in case.searches.type if t}
    names += sorted(met - set(names))
    return names or ["generic AP mine"]


def area_types(case: Case) -> tuple[list[list[str]], tuple[Finding, ...]]:
    """Types of each hazard area, with those of items found inside it, or reported by a search of it, added."""
    types = [list(names) for names in case.areas.types]
    placed = np.flatnonzero(~shapely.is_missing(case.areas.geometry))
    located = np.flatnonzero(~shapely.is_missing(case.events.geometry))
    added = 0
    delivered = _delivered(case)
    if placed.size and located.size:
        tree = shapely.STRtree(case.areas.geometry[placed])
        events, areas = tree.query(shapely.centroid(case.events.geometry[located]), predicate="intersects")
        for event, area in zip(located[events].tolist(), placed[areas].tolist(), strict=True):
            name = str(case.events.type[event])
            explained = any(is_same(case, name, d) for d in delivered(case.events.geometry[event]))
            if not explained and not any(is_same(case, name, other) for other in types[area]):
                types[area].append(name)
                added += 1
    reports = np.flatnonzero((case.searches.type != "") & (np.nan_to_num(case.searches.items_found) > 0.0))
    if placed.size and reports.size:
        tree = shapely.STRtree(case.areas.geometry[placed])
        search, area_ = tree.query(case.searches.geometry[reports], predicate="intersects")
        for s, area in zip(reports[search].tolist(), placed[area_].tolist(), strict=True):
            name = str(case.searches.type[s])
            shared = shapely.area(shapely.intersection(case.searches.geometry[s], case.areas.geometry[area]))
            explained = any(is_same(case, name, d) for d in delivered(case.searches.geometry[s]))
            if explained or shared <= _TOUCH_M2:
                continue
            if not any(is_same(case, name, other) for other in types[area]):
                types[area].append(name)
                added += 1
    if not added:
        return types, ()
    return types, (
        Finding(
            severity="note",
            code="type-added-to-area",
            count=added,
            asked="items found in a hazard area to be of a type that its record names",
            came=f"{added} times an item of another type was found or met inside a hazard area",
            todo="nothing; the type was added to the area, which raises what may remain there",
        ),
    )


def _delivered(case: Case) -> Callable[[shapely.Geometry], list[str]]:
    """Types of the recorded deliveries that meet a shape: what they explain, the area need not."""
    tree = shapely.STRtree(case.deposits.geometry)

    def at(shape: shapely.Geometry) -> list[str]:
        return [str(case.deposits.type[d]) for d in tree.query(shape, predicate="intersects")]

    return at


def is_same(case: Case, one: str, other: str) -> bool:
    """Whether items of one name may be those of another: the same, or one of them a generic entry of the category."""
    if one == other:
        return True
    either_generic = one.startswith(GENERIC) or other.startswith(GENERIC)
    return either_generic and case.catalogue.ordnance(one).category == case.catalogue.ordnance(other).category
