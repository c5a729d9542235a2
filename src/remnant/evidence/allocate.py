"""Where finds and accidents may have been: shares over units, and units that share what cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from remnant.evidence.matching import Matches
from remnant.evidence.overlay import Overlay
from remnant.evidence.pieces import Pieces
from remnant.evidence.records import Case, Finding
from remnant.evidence.reduction import OrdnanceClass
from remnant.evidence.spread import EXACT_M
from remnant.evidence.types import is_same
from remnant.geo import Coverage
from remnant.numerics import distinct, ranges
from remnant.units import Floats, Ints

_SURE = 1.0 - 1e-9  # a share above this is a certainty
_NO_POINT = -2  # stands for "not a point" where −1 stands for "a point outside every atom"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """Items put where they may have been.

    Parameters
    ----------
    found, met
        (n_units,) items found by searches of known outcome, and items found or met outside them. [items]
    group
        (n_units,) units of one source that share finds have one number.
    log_unfound, log_unmet
        (n_sources,) logarithm of the chance that none of those items lay in the source.
    findings
        What was noticed.
    """

    found: Floats
    met: Floats
    group: Ints
    log_unfound: Floats
    log_unmet: Floats
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shares:
    """Records (events, or searches with a total) spread over units; all (n,), but for the count of those left out."""

    record: Ints
    unit: Ints
    share: Floats
    num_lost: int


def allocate(
    case: Case,
    matches: Matches,
    overlay: Overlay,
    classes: tuple[OrdnanceClass, ...],
    pieces: Pieces,
    piece_unit: Ints,
    unit_source: Ints,
    num_sources: int,
    spread: Coverage,
) -> Allocation:
    """Put finds and accidents where they may have been.

    Parameters
    ----------
    case, matches, overlay, classes
        Records, which search explains which event, the ground, and the classes that pieces name.
    pieces, piece_unit
        Ground by cell, and the unit of each piece.
    unit_source, num_sources
        (n_units,) source of each unit, and how many sources there are.
    spread
        Share of each event in each cell.
    """
    num_units = unit_source.size
    events = _event_shares(case, matches, overlay, classes, pieces, piece_unit, spread)
    totals = _search_totals(case, matches, overlay, classes, pieces, piece_unit)
    items = events.share * case.events.num_items[events.record]
    explained = matches.event_search[events.record] >= 0
    found, met = np.zeros(num_units), np.zeros(num_units)
    np.add.at(found, events.unit[explained], items[explained])
    np.add.at(met, events.unit[~explained], items[~explained])
    np.add.at(found, totals.unit, totals.share * matches.unlocated[totals.record])

    def log_absent(shares: _Shares, chosen: NDArray[np.bool_] | slice) -> Floats:
        source = unit_source[shares.unit[chosen]]
        return _log_absent(shares.record[chosen], source, shares.share[chosen], num_sources)

    one, two = (
        np.concatenate(ends)
        for ends in zip(
            _links(events.record[explained], events.unit[explained], unit_source),
            _links(totals.record, totals.unit, unit_source),
            strict=True,
        )
    )
    graph = csr_matrix((np.ones(one.size), (one, two)), shape=(num_units, num_units))
    return Allocation(
        found=found,
        met=met,
        group=connected_components(graph, directed=False)[1].astype(np.int64),
        log_unfound=log_absent(events, explained) + log_absent(totals, slice(None)),
        log_unmet=log_absent(events, ~explained),
        findings=_findings(case, events.num_lost, totals.num_lost),
    )


def _findings(case: Case, num_lost: int, num_adrift: int) -> tuple[Finding, ...]:
    notes = []
    placeless = int(shapely.is_missing(case.events.geometry).sum())
    if placeless:
        notes.append(
            Finding(
                severity="warning",
                code="events-of-unknown-place",
                count=placeless,
                asked="a place for every find and accident",
                came=f"{placeless} have none; they change no place's estimate",
                todo="add a place or an admin area",
            )
        )
    if num_lost or num_adrift:
        notes.append(
            Finding(
                severity="warning",
                code="events-without-ground",
                count=num_lost + num_adrift,
                asked="finds to lie on ground where their type may be",
                came=f"{num_lost} located records and {num_adrift} search totals had no such ground and change nothing",
                todo="check their types against those of the hazard areas",
            )
        )
    return tuple(notes)


def _event_shares(
    case: Case,
    matches: Matches,
    overlay: Overlay,
    classes: tuple[OrdnanceClass, ...],
    pieces: Pieces,
    piece_unit: Ints,
    spread: Coverage,
) -> _Shares:
    """Shares of each located event over units, by the items that the priors expect there."""
    num_events, num_searches = case.events.id.size, case.searches.id.size
    type_names, type_of = np.unique(case.events.type, return_inverse=True)
    fits = np.array([[is_same(case, str(t), c.type) for c in classes] for t in type_names], np.bool_).reshape(
        len(type_names), len(classes)
    )
    order = np.argsort(pieces.cell, kind="stable")
    sorted_cell = pieces.cell[order]
    low = np.searchsorted(sorted_cell, spread.cell)
    count = np.searchsorted(sorted_cell, spread.cell, side="right") - low
    pair = np.repeat(np.arange(spread.cell.size), count)
    piece = order[ranges(low, count)]
    event = spread.polygon[pair]
    keep = fits[type_of[event], pieces.ordnance[piece]]
    pair, piece, event = pair[keep], piece[keep], event[keep]
    covers = overlay.searches.atom * num_searches + overlay.searches.record
    search = matches.event_search
    known = search >= 0
    exact = _exact_atoms(case, overlay)
    # a precise point lies in one atom; a neighbouring atom of the same cell has no claim to it
    sharp = (case.events.precision_m < EXACT_M) & (exact != _NO_POINT)
    in_its_search = (exact >= 0) & _among(exact * num_searches + search, covers)
    atom = pieces.atom[piece]
    in_search = known[event] & (atom >= 0)
    in_search[in_search] = _among((atom * num_searches + search[event])[in_search], covers)
    keep = ~known[event] | in_search
    keep &= ~sharp[event] | (atom == exact[event]) | (known & ~in_its_search)[event]
    event, piece, pair = event[keep], piece[keep], pair[keep]
    key, _, inverse = distinct(event, piece_unit[piece])
    summed = np.bincount(inverse, spread.share[pair] * pieces.expected[piece], minlength=len(key))
    total = np.bincount(key[:, 0], summed, minlength=num_events).astype(np.float64)
    good = total[key[:, 0]] > 0.0
    record, unit = key[good].T
    located = ~shapely.is_missing(case.events.geometry)
    return _Shares(
        record=record,
        unit=unit,
        share=summed[good] / total[record],
        num_lost=int((located & (total <= 0.0)).sum()),
    )


def _among(values: Ints, ascending: Ints) -> NDArray[np.bool_]:
    """Whether each value is among others, which are in order."""
    if ascending.size == 0:
        return np.zeros(values.size, np.bool_)
    place = np.minimum(np.searchsorted(ascending, values), ascending.size - 1)
    return np.asarray(ascending[place] == values)


def _exact_atoms(case: Case, overlay: Overlay) -> Ints:
    """Atom of each point event: −1 outside all, `_NO_POINT` for events that are not points."""
    result = np.full(case.events.id.size, _NO_POINT, np.int64)
    points = np.flatnonzero(shapely.get_type_id(case.events.geometry) == 0)
    result[points] = -1
    event, atom = shapely.STRtree(overlay.geometry).query(
        case.events.geometry[points], predicate="intersects"
    )
    result[points[event[::-1]]] = atom[::-1]
    return result


def _search_totals(
    case: Case,
    matches: Matches,
    overlay: Overlay,
    classes: tuple[OrdnanceClass, ...],
    pieces: Pieces,
    piece_unit: Ints,
) -> _Shares:
    """Items that searches report without a place, as shares over the units that they cover."""
    order = np.argsort(pieces.atom, kind="stable")
    sorted_atom = pieces.atom[order]
    by_search = np.argsort(overlay.searches.record, kind="stable")
    sorted_search = overlay.searches.record[by_search]
    records, units, shares = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    num_adrift = 0
    for s in np.flatnonzero(np.nan_to_num(matches.unlocated) > 0.0).tolist():
        mine = slice(*np.searchsorted(sorted_search, [s, s + 1]).tolist())
        atoms = overlay.searches.atom[by_search[mine]]
        low = np.searchsorted(sorted_atom, atoms)
        piece = order[ranges(low, np.searchsorted(sorted_atom, atoms, side="right") - low)]
        name = str(case.searches.type[s])
        if name:
            allowed = np.array([is_same(case, name, c.type) for c in classes], np.bool_)
            piece = piece[allowed[pieces.ordnance[piece]]]
        unit, inverse = np.unique(piece_unit[piece], return_inverse=True)
        weight = np.bincount(inverse, pieces.expected[piece])
        if not weight.sum() > 0.0:
            num_adrift += 1
            continue
        records.append(np.full(unit.size, s))
        units.append(unit)
        shares.append(weight / weight.sum())
    return _Shares(
        record=np.concatenate(records),
        unit=np.concatenate(units),
        share=np.concatenate(shares),
        num_lost=num_adrift,
    )


def _log_absent(record: Ints, source: Ints, share: Floats, num_sources: int) -> Floats:
    """(n_sources,) logarithm of the chance that none of the records lay in each source."""
    key, inverse = np.unique(record * num_sources + source, return_inverse=True)
    inside = np.bincount(inverse, share, minlength=key.size)
    result = np.zeros(num_sources)
    with np.errstate(divide="ignore"):
        outside = np.where(inside >= _SURE, -np.inf, np.log1p(-np.minimum(inside, 1.0)))
    np.add.at(result, key % num_sources, outside)
    return result


def _links(record: Ints, unit: Ints, unit_source: Ints) -> tuple[Ints, Ints]:
    """Pairs of units of one source that share a record whose place is not known better."""
    order = np.lexsort((unit, unit_source[unit], record))
    record, unit = record[order], unit[order]
    joined = (record[1:] == record[:-1]) & (unit_source[unit[1:]] == unit_source[unit[:-1]])
    return unit[:-1][joined], unit[1:][joined]
