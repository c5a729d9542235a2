"""Records that speak of hazard areas, and cases in which some of them are left out or say something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.evidence.matching import match_events
from remnant.evidence.provenance import Provenance
from remnant.evidence.records import Case, Geometries
from remnant.units import Ints

RecordKind = Literal["search", "find", "accident", "delivery"]
Change = Literal["left out", "nothing found"]
_RANK: dict[str, int] = {"search": 0, "accident": 1, "find": 2, "delivery": 3}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaRecord:
    """One record that speaks of hazard areas, and what is asked of it.

    Parameters
    ----------
    kind, index
        Which table it stands in (``search``, ``delivery``, else the events), and its place there. A search stands for
        the finds that it made as well.
    change
        ``left out``; or ``nothing found``, for a search whose outcome nobody recorded.
    areas
        Hazard areas that it touches.
    """

    kind: RecordKind
    index: int
    change: Change
    areas: Ints


def records_of_areas(case: Case, *, most: int) -> tuple[list[AreaRecord], int]:
    """Records that speak of hazard areas, and how many more there are than are asked for.

    Parameters
    ----------
    most
        Records of one area, at most; searches come before accidents, finds and deliveries, then by their order.

    Returns
    -------
    Records, and the number of pairs of area and record that are left aside.
    """
    matches = match_events(case.events, case.searches, case.catalogue)
    loose = np.flatnonzero(matches.event_search < 0)
    events = case.events
    with np.errstate(invalid="ignore"):
        near = shapely.buffer(events.geometry[loose], np.maximum(events.precision_m[loose], 1e-3))
    found: list[AreaRecord] = []
    for kind, index, shapes in (
        ("search", np.arange(case.searches.id.size), case.searches.geometry),
        ("event", loose, near),
        ("delivery", np.arange(case.deposits.id.size), case.deposits.geometry),
    ):
        for place, areas in _touched(shapes, case.areas.geometry):
            i = int(index[place])
            name = str(events.kind[i]) if kind == "event" else kind
            change = "nothing found" if kind == "search" and not matches.is_known[i] else "left out"
            if kind == "search" and matches.is_use[i] and not matches.is_known[i]:
                continue  # use of land whose accidents nobody recorded says nothing
            found.append(AreaRecord(kind=name, index=i, change=change, areas=areas))  # type: ignore[arg-type]
    found.sort(key=lambda r: (_RANK[r.kind], r.index))
    held = np.zeros(case.areas.id.size, np.int64)
    kept, num_more = [], 0
    for record in found:
        room = held[record.areas] < most
        if room.any():
            kept.append(record)
            held[record.areas] += 1
        num_more += int((~room).sum()) if not room.any() else 0
    return kept, num_more


def batches_of(records: Sequence[AreaRecord], num_areas: int) -> list[list[int]]:
    """Records sorted into batches in which no two touch one area, so that a batch can be changed at once.

    Examples
    --------
    >>> one = AreaRecord(kind="search", index=0, change="left out", areas=np.array([0, 1]))
    >>> batches_of([one, replace(one, index=1, areas=np.array([1])), replace(one, index=2, areas=np.array([2]))], 3)
    [[0, 2], [1]]
    """
    next_free = np.zeros(num_areas, np.int64)
    batches: list[list[int]] = []
    for i, record in enumerate(records):
        batch = int(next_free[record.areas].max())
        if batch == len(batches):
            batches.append([])
        batches[batch].append(i)
        next_free[record.areas] = batch + 1
    return batches


def with_changed_records(case: Case, records: Sequence[AreaRecord]) -> Case:
    """The case with records left out, or with nothing found by searches of unknown outcome.

    A search is left out with the finds that it made. What only the tables for programmes use is left out too.
    """
    matches = match_events(case.events, case.searches, case.catalogue)
    out: dict[str, set[int]] = {"search": set(), "event": set(), "delivery": set()}
    for record in records:
        if record.change == "left out":
            out[record.kind if record.kind in out else "event"].add(record.index)
    silent = [r.index for r in records if r.change == "nothing found"]
    searches = case.searches
    if silent:
        items, complete = searches.items_found.copy(), searches.is_complete.copy()
        items[silent], complete[silent] = 0.0, True
        searches = replace(searches, items_found=items, is_complete=complete)
    with_search = np.flatnonzero(np.isin(matches.event_search, sorted(out["search"])))
    gone = np.union1d(with_search, np.array(sorted(out["event"]), np.int64))
    return replace(
        case,
        searches=_rest(searches, np.array(sorted(out["search"]), np.int64)),
        events=_rest(case.events, gone),
        deposits=_rest(case.deposits, np.array(sorted(out["delivery"]), np.int64)),
        register=None,
        destroyed=None,
        laying=None,
    )


def _rest(table: _T, gone: Ints) -> _T:
    """A table without some of its records."""
    source: Any = table
    keep = np.setdiff1d(np.arange(source.id.size), gone)
    if keep.size == source.id.size:
        return table
    columns: dict[str, Any] = {}
    for name in source.__dataclass_fields__:
        value = getattr(source, name)
        if isinstance(value, Provenance):
            columns[name] = Provenance(layer=value.layer[keep], row=value.row[keep])
        elif isinstance(value, np.ndarray):
            columns[name] = value[keep]
        else:
            columns[name] = tuple(value[i] for i in keep.tolist())
    return type(table)(**columns)


def _touched(shapes: Geometries, areas: Geometries) -> list[tuple[int, NDArray[np.int64]]]:
    """Place of each shape that touches hazard areas, and which."""
    placed = np.flatnonzero(~shapely.is_missing(shapes))
    known = np.flatnonzero(~shapely.is_missing(areas))
    if not placed.size or not known.size:
        return []
    tree = shapely.STRtree(areas[known])
    one, two = tree.query(shapes[placed], predicate="intersects")
    flat = shapely.touches(shapes[placed[one]], areas[known[two]])  # a common edge is no common ground
    pairs = np.stack([placed[one], known[two]], axis=1)[~flat]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    if not len(pairs):
        return []
    first = np.flatnonzero(np.diff(pairs[:, 0])) + 1
    return [(int(part[0, 0]), part[:, 1]) for part in np.split(pairs, first)]
