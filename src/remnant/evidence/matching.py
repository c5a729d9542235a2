"""Which search made which find, and what a silent record may be taken to mean.

A search has a known outcome when its record states how many items it found, or says that the located finds are all of
them. Only then is finding nothing evidence. Everything found or met outside such searches shows presence and nothing
else: no record is not evidence of absence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.catalogue import Catalogue
from remnant.evidence.records import Events, Finding, Searches
from remnant.units import Floats, Ints

_DAY_SLACK = 1.0  # days by which a find may be dated outside its search


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Events joined to searches.

    Parameters
    ----------
    event_search
        (n_events,) search of known outcome that found the event's items; −1 where none did.
    unlocated
        (n_searches,) items that a search reports beyond its located finds; NaN where the outcome is unknown. [items]
    is_known
        (n_searches,) whether the outcome is known.
    is_use
        (n_searches,) whether it is recorded use of land.
    findings
        What was noticed.
    """

    event_search: Ints
    unlocated: Floats
    is_known: NDArray[np.bool_]
    is_use: NDArray[np.bool_]
    findings: tuple[Finding, ...]


def match_events(events: Events, searches: Searches, catalogue: Catalogue) -> Matches:
    """Join finds and accidents to the searches that explain them.

    A find belongs to the search that its record names; without a name, to the one search whose footprint holds it and
    whose dates fit (unknown dates fit); where several do, to one that reports items. Accidents are explained by
    recorded land use, finds by the rest.
    """
    is_known = searches.is_complete | ~np.isnan(searches.items_found)
    is_use = np.array([catalogue.method(str(m)).kind == "land_use" for m in searches.method], np.bool_)
    placed = ~shapely.is_missing(searches.geometry)
    usable = is_known & placed
    joined = np.full(events.id.size, -1, np.int64)
    by_name = {str(name): i for i, name in enumerate(searches.id) if usable[i]}
    for e, name in enumerate(events.search_id):
        if name and str(name) in by_name:
            joined[e] = by_name[str(name)]
    open_events = np.flatnonzero(
        (joined < 0) & ~shapely.is_missing(events.geometry) & (events.search_id == "")
    )
    candidates = np.flatnonzero(usable)
    if open_events.size and candidates.size:
        tree = shapely.STRtree(searches.geometry[candidates])
        places = shapely.centroid(events.geometry[open_events])
        e_local, s_local = tree.query(places, predicate="intersects")
        e, s = open_events[e_local], candidates[s_local]
        fits = is_use[s] == (events.kind[e] == "accident")
        day = events.day[e]
        first, last = searches.start_day[s], searches.end_day[s]
        with np.errstate(invalid="ignore"):
            fits &= ~((day < first - _DAY_SLACK) | (day > last + _DAY_SLACK))
        # where several searches fit: one that reports items before one that reports none, then by name, so that the
        # order of the records does not matter
        order = np.lexsort((s[fits], searches.id[s[fits]], searches.items_found[s[fits]] == 0.0, e[fits]))
        for event, search in zip(e[fits][order][::-1], s[fits][order][::-1], strict=True):
            joined[event] = search
    located = np.bincount(joined[joined >= 0], events.num_items[joined >= 0], minlength=searches.id.size)
    reported = searches.items_found
    findings = []
    with np.errstate(invalid="ignore"):
        more = np.flatnonzero(located > reported)
    if more.size:
        first_row = int(more[0])
        findings.append(
            Finding(
                severity="warning",
                code="more-finds-than-reported",
                count=int(more.size),
                layer=str(searches.source.layer[first_row]),
                row=int(searches.source.row[first_row]),
                asked="a search to report at least the finds that lie in it",
                came=f"{more.size} searches report fewer items than their located finds; the located finds are used",
                todo="check the counts of these searches",
            )
        )
    unlocated = np.where(
        np.isnan(reported), np.where(searches.is_complete, 0.0, np.nan), np.maximum(reported - located, 0.0)
    )
    unlocated = np.where(placed, unlocated, np.nan)
    return Matches(
        event_search=joined,
        unlocated=unlocated,
        is_known=usable,
        is_use=is_use,
        findings=tuple(findings),
    )
