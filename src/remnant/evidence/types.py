"""Which types may lie where: what the records name, and what was found against them."""

from __future__ import annotations

import numpy as np
import shapely

from remnant.evidence.records import Case, Finding
from remnant.evidence.reduction import OrdnanceClass

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


def background_classes(case: Case) -> tuple[OrdnanceClass, ...]:
    """Classes that may lie outside hazard areas, each with an equal share of the density there."""
    return tuple(OrdnanceClass(type=name) for name in background_types(case))


def area_types(case: Case) -> tuple[list[list[str]], tuple[Finding, ...]]:
    """Types of each hazard area, with those of items found inside it, or reported by a search of it, added.

    What a recorded delivery on the spot explains is not added: the delivery carries it.
    """
    types = [list(names) for names in case.areas.types]
    placed = np.flatnonzero(~shapely.is_missing(case.areas.geometry))
    areas, deposits = shapely.STRtree(case.areas.geometry[placed]), shapely.STRtree(case.deposits.geometry)
    added = 0

    def add(name: str, where: shapely.Geometry, area: int) -> int:
        delivered = case.deposits.type[deposits.query(where, predicate="intersects")]
        if any(is_same(case, name, other) for other in (*delivered.tolist(), *types[area])):
            return 0
        types[area].append(name)
        return 1

    events = np.flatnonzero(~shapely.is_missing(case.events.geometry))
    inside, which = areas.query(shapely.centroid(case.events.geometry[events]), predicate="intersects")
    for e, area in zip(events[inside].tolist(), placed[which].tolist(), strict=True):
        added += add(str(case.events.type[e]), case.events.geometry[e], area)
    searches = np.flatnonzero((case.searches.type != "") & (np.nan_to_num(case.searches.items_found) > 0.0))
    meets, which = areas.query(case.searches.geometry[searches], predicate="intersects")
    for s, area in zip(searches[meets].tolist(), placed[which].tolist(), strict=True):
        footprint = case.searches.geometry[s]
        if shapely.area(shapely.intersection(footprint, case.areas.geometry[area])) > _TOUCH_M2:
            added += add(str(case.searches.type[s]), footprint, area)
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


def is_same(case: Case, one: str, other: str) -> bool:
    """Whether items of one name may be those of another: the same, or one of them a generic entry of the category."""
    if one == other:
        return True
    either_generic = one.startswith(GENERIC) or other.startswith(GENERIC)
    return either_generic and case.catalogue.ordnance(one).category == case.catalogue.ordnance(other).category
