"""Where finds and accidents may have been: shares over units, and units that share what cannot be told apart."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from remnant.evidence.matching import Matches
from remnant.evidence.pieces import Pieces, distinct
from remnant.evidence.records import Case, Finding
from remnant.evidence.streams import SourceTable
from remnant.evidence.types import is_same
from remnant.geo import Atoms, Coverage

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SURE = 1.0 - 1e-9  # a share above this is a certainty


def allocate(
    case: Case,
    matches: Matches,
    table: SourceTable,
    pieces: Pieces,
    piece_unit: Ints,
    num_units: int,
    members: dict[str, list[list[int]]],
    atoms: Atoms,
    spread: Coverage,
) -> tuple[Floats, Floats, Ints, Floats, Floats, Floats, tuple[Finding, ...]]:
    """Put finds and accidents where they may have been: shares over units, groups of units that share finds."""
    num_sources = len(table.sources)
    found, met = np.zeros(num_units), np.zeros(num_units)
    unfound, unmet = np.zeros(num_sources), np.zeros(num_sources)
    unit_source = np.zeros(num_units, np.int64)
    unit_source[piece_unit] = pieces.source
    links: list[tuple[Ints, Ints]] = []
    event, unit, share, lost = _event_shares(case, matches, table, pieces, piece_unit, members, atoms, spread)
    items = case.events.num_items[event]
    explained = matches.event_search[event] >= 0
    np.add.at(found, unit[explained], (share * items)[explained])
    np.add.at(met, unit[~explained], (share * items)[~explained])
    for chosen, log_absent in ((explained, unfound), (~explained, unmet)):
        _note_absence(log_absent, event[chosen], unit_source[unit[chosen]], share[chosen], num_sources)
    links.append(_links(event[explained], unit[explained], unit_source))
    total = _search_totals(case, matches, table, pieces, piece_unit, members, atoms)
    search, unit_t, share_t, items_t, adrift = total
    np.add.at(found, unit_t, share_t * items_t)
    _note_absence(unfound, search, unit_source[unit_t], share_t, num_sources)
    links.append(_links(search, unit_t, unit_source))
    one, two = (np.concatenate(part) for part in zip(*links, strict=True))
    graph = csr_matrix((np.ones(one.size), (one, two)), shape=(num_units, num_units))
    _, groups = connected_components(graph, directed=False)
    in_area = np.zeros(case.areas.id.size)
    owner = np.array([n if k == "area" else -1 for k, n in table.sources], np.int64)
    per_source = np.bincount(unit_source, found + met, minlength=num_sources)
    mine = owner >= 0
    in_area[owner[mine]] = per_source[mine]
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
    if lost or adrift:
        notes.append(
            Finding(
                severity="warning",
                code="events-without-ground",
                count=lost + adrift,
                asked="finds to lie on ground where their type may be",
                came=f"{lost} located records and {adrift} search totals had no such ground and change nothing",
                todo="check their types against those of the hazard areas",
            )
        )
    return found, met, groups.astype(np.int64), unfound, unmet, in_area, tuple(notes)


def _event_shares(
    case: Case,
    matches: Matches,
    table: SourceTable,
    pieces: Pieces,
    piece_unit: Ints,
    members: dict[str, list[list[int]]],
    atoms: Atoms,
    spread: Coverage,
) -> tuple[Ints, Ints, Floats, int]:
    """Shares of each located event over units: (event, unit, share), and how many events had nowhere to go."""
    num_events = case.events.id.size
    names = [c.type for c in table.classes]
    type_names, type_of = np.unique(case.events.type, return_inverse=True)
    fits = np.array([[is_same(case, str(t), n) for n in names] for t in type_names], np.bool_).reshape(
        len(type_names), len(names)
    )
    order = np.argsort(pieces.cell, kind="stable")
    sorted_cell = pieces.cell[order]
    low, high = (
        np.searchsorted(sorted_cell, spread.cell),
        np.searchsorted(sorted_cell, spread.cell, side="right"),
    )
    count = high - low
    pair = np.repeat(np.arange(spread.cell.size), count)
    piece = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + low[pair]]
    event = spread.polygon[pair]
    keep = fits[type_of[event], pieces.ordnance[piece]]
    pair, piece, event = pair[keep], piece[keep], event[keep]
    num_searches = case.searches.id.size
    # sorted, because atoms are walked in order and the searches of each are
    covers = np.array(
        [a * num_searches + s for a, mine in enumerate(members["searches"]) for s in mine], np.int64
    )
    search = matches.event_search
    known = search >= 0
    exact = _exact_atoms(case, atoms)
    # a precise point lies in one atom; a neighbouring atom of the same cell has no claim to it
    sharp = (case.events.precision_m < 0.01) & (exact != -2)
    in_its_search = (exact >= 0) & _among(exact * num_searches + search, covers)
    atom = pieces.atom[piece]
    in_search = known[event] & (atom >= 0)
    in_search[in_search] = _among((atom * num_searches + search[event])[in_search], covers)
    keep = ~known[event] | in_search
    keep &= ~sharp[event] | (atom == exact[event]) | (known & ~in_its_search)[event]
    event, piece, pair = event[keep], piece[keep], pair[keep]
    weight = spread.share[pair] * pieces.expected[piece]
    key, _, inverse = distinct(event, piece_unit[piece])
    summed = np.bincount(inverse, weight, minlength=len(key))
    total = np.bincount(key[:, 0], summed, minlength=num_events) if len(key) else np.zeros(num_events)
    good = total[key[:, 0]] > 0.0
    key, summed = key[good], summed[good]
    located = ~shapely.is_missing(case.events.geometry)
    lost = int((located & (total <= 0.0)).sum())
    return key[:, 0], key[:, 1], summed / total[key[:, 0]], lost


def _among(values: Ints, ascending: Ints) -> NDArray[np.bool_]:
    """Whether each value is among others, which are in order."""
    if ascending.size == 0:
        return np.zeros(values.size, np.bool_)
    place = np.minimum(np.searchsorted(ascending, values), ascending.size - 1)
    return np.asarray(ascending[place] == values)


def _exact_atoms(case: Case, atoms: Atoms) -> Ints:
    """Atom of each point event: −1 outside all, −2 for events that are not points."""
    result = np.full(case.events.id.size, -2, np.int64)
    points = np.flatnonzero(shapely.get_type_id(case.events.geometry) == 0)
    result[points] = -1
    if points.size and len(atoms.geometry):
        event, atom = shapely.STRtree(atoms.geometry).query(
            case.events.geometry[points], predicate="intersects"
        )
        result[points[event[::-1]]] = atom[::-1]
    return result


def _membership(lists: list[list[int]], rows: int, cols: int) -> csr_matrix:
    size = [len(members) for members in lists]
    flat = np.array([m for members in lists for m in members], np.int64)
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return csr_matrix((np.ones(flat.size, np.int8), flat, start), shape=(rows, max(cols, 1)))


def _search_totals(
    case: Case,
    matches: Matches,
    table: SourceTable,
    pieces: Pieces,
    piece_unit: Ints,
    members: dict[str, list[list[int]]],
    atoms: Atoms,
) -> tuple[Ints, Ints, Floats, Floats, int]:
    """Items that searches report without a place, as shares over the units that they cover."""
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), 0)
    wanted = np.flatnonzero(np.nan_to_num(matches.unlocated) > 0.0)
    if wanted.size == 0:
        return empty
    has = _membership(members["searches"], len(atoms.geometry), case.searches.id.size).tocsc()
    order = np.argsort(pieces.atom, kind="stable")
    sorted_atom = pieces.atom[order]
    names = [c.type for c in table.classes]
    searches, units, shares, items, adrift = [], [], [], [], 0
    for s in wanted.tolist():
        covered = has.indices[has.indptr[s] : has.indptr[s + 1]]
        low, high = np.searchsorted(sorted_atom, covered), np.searchsorted(sorted_atom, covered, side="right")
        spans = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
        piece = order[np.concatenate([np.zeros(0, np.int64), *spans])]
        name = str(case.searches.type[s])
        if name:
            allowed = np.array([is_same(case, name, n) for n in names], np.bool_)
            piece = piece[allowed[pieces.ordnance[piece]]]
        if piece.size == 0 or pieces.expected[piece].sum() <= 0.0:
            adrift += 1
            continue
        unit, inverse = np.unique(piece_unit[piece], return_inverse=True)
        weight = np.bincount(inverse, pieces.expected[piece])
        searches.append(np.full(unit.size, s))
        units.append(unit)
        shares.append(weight / weight.sum())
        items.append(np.full(unit.size, matches.unlocated[s]))
    if not searches:
        return (*empty[:4], adrift)
    return (
        np.concatenate(searches),
        np.concatenate(units),
        np.concatenate(shares),
        np.concatenate(items),
        adrift,
    )


def _note_absence(log_absent: Floats, record: Ints, source: Ints, share: Floats, num_sources: int) -> None:
    """Add, per source, the logarithm of the chance that none of the records lay in it."""
    key, inverse = np.unique(record * num_sources + source, return_inverse=True)
    inside = np.bincount(inverse, share, minlength=key.size)
    with np.errstate(divide="ignore"):
        np.add.at(
            log_absent,
            key % num_sources,
            np.where(inside >= _SURE, -np.inf, np.log1p(-np.minimum(inside, 1.0))),
        )


def _links(record: Ints, unit: Ints, unit_source: Ints) -> tuple[Ints, Ints]:
    """Pairs of units of one source that share a record whose place is not known better."""
    order = np.lexsort((unit, unit_source[unit], record))
    record, unit = record[order], unit[order]
    joined = (record[1:] == record[:-1]) & (unit_source[unit[1:]] == unit_source[unit[:-1]])
    return unit[:-1][joined], unit[1:][joined]
