"""From a case's records to ground, histories and finds: the reduction, exact in coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from remnant.evidence.matching import Matches, match_events
from remnant.evidence.records import Case, Finding
from remnant.evidence.reduction import Ground, History, OrdnanceClass, Reduction
from remnant.evidence.spread import spread_over_cells
from remnant.evidence.streams import GENERIC, SourceTable, Streams, streams_of
from remnant.geo import Atoms, Coverage, Grid, atoms_of, coverage, grid_over

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SPREAD_REACH = 1.2  # cells are laid this many 95 % radii around imprecise records
_SURE = 1.0 - 1e-9  # a share above this is a certainty


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pieces:
    """Ground of one stream, or of the background, in one cell; all (n,)."""

    cell: Ints
    atom: Ints  # −1: outside every footprint
    source: Ints
    ordnance: Ints
    history: Ints
    ground: Floats  # m², times relative density
    plain: Floats  # m²
    district: Ints


def reduce_case(case: Case) -> Reduction:
    """Ground by history, finds by unit, cells and portions of a case."""
    matches = match_events(case.events, case.searches, case.catalogue)
    grid = _grid(case)
    atoms, members = _overlay(case)
    pairs = coverage(atoms.geometry, grid)
    spread = spread_over_cells(case.events.geometry, case.events.precision_m, grid)
    background = _background_types(case)
    area_types, more = _area_types(case)
    table = SourceTable(case, (), matches.is_known)
    streams = streams_of(atoms, members, table, area_types, background, shapely.area(case.deposits.geometry))
    around = _cells_around(case, grid, pairs, spread)
    pieces = _join(
        _stream_pieces(streams, pairs, atoms, members, grid),
        _background_pieces(case, grid, pairs, around, background, table),
    )
    unit_key, _, piece_unit = _distinct(pieces.source, pieces.ordnance, grid.block(pieces.cell))
    found, met, groups, unfound, unmet, area_found, notes = _allocate(
        case, matches, table, pieces, piece_unit, len(unit_key), members, atoms, spread
    )
    placeless = _placeless(case, table, area_types)
    cells, piece_cell = np.unique(pieces.cell, return_inverse=True)
    portion_key, _, piece_portion = _distinct(pieces.source, pieces.district)
    known = np.array([h.is_known for h in table.histories], np.bool_)
    quiet = (found == 0.0) & (met == 0.0)
    quiet[piece_unit[known[pieces.history]]] = False
    by_portion, merged = _by_portion(pieces, piece_unit, piece_portion, quiet, unit_key, portion_key)
    num_new = len(placeless.source)
    first_new = len(unit_key) + len(merged.source)
    unit_source = np.concatenate([unit_key[:, 0], merged.source, placeless.source])
    unit_class = np.concatenate([unit_key[:, 1], merged.ordnance, placeless.ordnance])
    blocks = np.concatenate([np.ones(len(unit_key)), merged.blocks, placeless.blocks])
    num_added = blocks.size - len(unit_key)
    placeless_portion, _, portion_of = _distinct(placeless.source)
    num_sources = len(table.sources)
    kinds = np.array([kind for kind, _ in table.sources], dtype=str)
    numbers = np.array([number for _, number in table.sources], np.int64)
    searched = _searched_atoms(table, members, atoms)
    cell_area, cell_searched = _cell_facts(case, pieces, piece_cell, cells, table, searched, grid)
    area_m2, area_searched = _area_facts(case, members, atoms, searched)
    return Reduction(
        grid=grid,
        classes=tuple(table.classes),
        histories=table.histories,
        source_kind=kinds,
        source_area=np.where(kinds == "area", numbers, -1),
        unit_source=unit_source,
        unit_class=unit_class,
        unit_num_blocks=blocks,
        unit_group=np.concatenate([groups, groups.max(initial=-1) + 1 + np.arange(num_added)]),
        found=np.concatenate([found, np.zeros(num_added)]),
        met=np.concatenate([met, np.zeros(num_added)]),
        source_log_unfound=_padded(unfound, num_sources),
        source_log_unmet=_padded(unmet, num_sources),
        cells=cells,
        by_cell=_add_up(piece_cell.astype(np.int64), piece_unit, pieces.history, pieces.ground),
        portion_source=np.concatenate([portion_key[:, 0], placeless_portion[:, 0]]),
        portion_district=np.concatenate([portion_key[:, 1], np.full(len(placeless_portion), -1, np.int64)]),
        portion_placed=np.arange(len(portion_key) + len(placeless_portion)) < len(portion_key),
        by_portion=Ground(
            key=np.concatenate([by_portion.key, len(portion_key) + portion_of]),
            unit=np.concatenate([by_portion.unit, first_new + np.arange(num_new)]),
            history=np.concatenate([by_portion.history, placeless.history]),
            ground=np.concatenate([by_portion.ground, placeless.ground]),
        ),
        cell_area=cell_area,
        cell_searched=cell_searched,
        area_searched=area_searched,
        area_m2=area_m2,
        area_found=area_found,
        findings=matches.findings + more + notes,
    )


def _distinct(*columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct rows of integer columns (−1 allowed), where each first stands, and which row is which."""
    code = np.zeros(columns[0].size, np.int64)
    width = [int(c.max(initial=-1)) + 2 for c in columns]
    for column, size in zip(columns, width, strict=True):
        code = code * size + (column + 1)
    distinct, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    rows = (
        np.stack([c[first] for c in columns], axis=1)
        if distinct.size
        else np.zeros((0, len(columns)), np.int64)
    )
    return rows, first, inverse.reshape(-1).astype(np.int64)


def _padded(values: Floats, size: int) -> Floats:
    return np.concatenate([values, np.zeros(size - values.size)])


def _grid(case: Case) -> Grid:
    shapes = np.concatenate([case.areas.geometry, case.searches.geometry, case.deposits.geometry])
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    event_bounds = shapely.bounds(case.events.geometry).reshape(-1, 4)
    reach = (_SPREAD_REACH * case.events.precision_m)[:, None] + case.grid.cell_m
    event_bounds = event_bounds + reach * np.array([-1.0, -1.0, 1.0, 1.0])
    margin = case.grid.around_m * np.array([-1.0, -1.0, 1.0, 1.0])
    every = np.concatenate([bounds + margin, event_bounds + margin])
    every = every[~np.isnan(every).any(axis=1)]
    if every.size == 0:  # nothing has a place: one block, so that the rest still works
        every = np.zeros((1, 4))
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    return grid_over((low[0], low[1], high[0], high[1]), case.grid.cell_m, case.grid.block_m)


def _overlay(case: Case) -> tuple[Atoms, dict[str, list[list[int]]]]:
    """Atoms of all footprints, and who covers each; atoms of districts alone are left out."""
    tables = {
        "areas": case.areas.geometry,
        "searches": case.searches.geometry,
        "deposits": case.deposits.geometry,
        "districts": case.districts.geometry,
    }
    cut = atoms_of(np.concatenate(list(tables.values())))
    first_district = sum(len(g) for g in list(tables.values())[:3])
    carries = np.zeros(len(cut.geometry), np.bool_)
    carries[cut.atom[cut.member < first_district]] = True
    renumber = np.cumsum(carries) - 1
    kept = carries[cut.atom]
    atom, member = renumber[cut.atom[kept]], cut.member[kept]
    atoms = Atoms(geometry=cut.geometry[carries], atom=atom, member=member)
    members: dict[str, list[list[int]]] = {}
    start = 0
    for name, geometry in tables.items():
        lists: list[list[int]] = [[] for _ in range(len(atoms.geometry))]
        mine = (member >= start) & (member < start + len(geometry))
        for a, m in zip(atom[mine].tolist(), (member[mine] - start).tolist(), strict=True):
            lists[a].append(m)
        members[name] = lists
        start += len(geometry)
    return atoms, members


def _background_types(case: Case) -> list[str]:
    """Types that may lie outside hazard areas: those that the case names, and those met there."""
    names = list(case.default_types)
    if not names:
        names = sorted({name for types in case.areas.types for name in types})
    names += sorted({str(t) for t in case.events.type} - set(names))
    return names or ["generic AP mine"]


def _area_types(case: Case) -> tuple[list[list[str]], tuple[Finding, ...]]:
    """Types of each hazard area, with those of items found inside it added."""
    types = [list(names) for names in case.areas.types]
    placed = np.flatnonzero(~shapely.is_missing(case.areas.geometry))
    located = np.flatnonzero(~shapely.is_missing(case.events.geometry))
    added = 0
    if placed.size and located.size:
        tree = shapely.STRtree(case.areas.geometry[placed])
        events, areas = tree.query(shapely.centroid(case.events.geometry[located]), predicate="intersects")
        for event, area in zip(located[events].tolist(), placed[areas].tolist(), strict=True):
            name = str(case.events.type[event])
            if not any(_is_same(case, name, other) for other in types[area]):
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


def _is_same(case: Case, one: str, other: str) -> bool:
    """Whether items of one name may be those of another: the same, or one of them a generic entry of the category."""
    if one == other:
        return True
    either_generic = one.startswith(GENERIC) or other.startswith(GENERIC)
    return either_generic and case.catalogue.ordnance(one).category == case.catalogue.ordnance(other).category


def _cells_around(case: Case, grid: Grid, pairs: Coverage, spread: Coverage) -> Ints:
    """Cells that results are given for: touched by a record or within the asked distance of one."""
    touched = [pairs.cell, spread.cell]
    if case.grid.around_m > 0.0:
        shapes = np.concatenate(
            [case.areas.geometry, case.searches.geometry, case.deposits.geometry, case.events.geometry]
        )
        shapes = shapes[~shapely.is_missing(shapes)]
        near = shapely.union_all(shapely.buffer(shapes, case.grid.around_m, quad_segs=8))
        touched.append(coverage(shapely.get_parts(np.array([near])), grid).cell)
    return np.unique(np.concatenate(touched))


def _stream_pieces(
    streams: Streams, pairs: Coverage, atoms: Atoms, members: dict[str, list[list[int]]], grid: Grid
) -> _Pieces:
    """Every stream in every cell that its atom covers."""
    first = np.searchsorted(streams.atom, np.arange(len(atoms.geometry) + 1))
    count = (first[1:] - first[:-1])[pairs.polygon]
    pair = np.repeat(np.arange(pairs.cell.size), count)
    stream = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[pairs.polygon[pair]]
    plain = pairs.share[pair] * grid.cell_area_m2
    district = np.array([d[0] if d else -1 for d in members["districts"]], np.int64)
    return _Pieces(
        cell=pairs.cell[pair],
        atom=pairs.polygon[pair],
        source=streams.source[stream],
        ordnance=streams.ordnance[stream],
        history=streams.history[stream],
        ground=plain * streams.density[stream],
        plain=plain,
        district=district[pairs.polygon[pair]] if district.size else np.zeros(0, np.int64),
    )


def _background_pieces(
    case: Case, grid: Grid, pairs: Coverage, cells: Ints, background: list[str], table: SourceTable
) -> _Pieces:
    """The ground of each cell that no footprint covers; its district is that of the cell's centre."""
    covered = np.zeros(cells.size)
    np.add.at(covered, np.searchsorted(cells, pairs.cell), pairs.share)
    bare = np.clip(1.0 - covered, 0.0, 1.0)
    kept = bare > 1e-9
    cell, plain = cells[kept], bare[kept] * grid.cell_area_m2
    district = np.full(cell.size, -1, np.int64)
    if case.districts.name.size and cell.size:
        row, col = grid.row_col(cell)
        centre = shapely.points(
            grid.left_m + (col + 0.5) * grid.cell_m, grid.top_m - (row + 0.5) * grid.cell_m
        )
        inside, which = shapely.STRtree(case.districts.geometry).query(centre, predicate="intersects")
        district[inside[::-1]] = which[::-1]
    parts = []
    for name in background:
        ordnance = table.ordnance(OrdnanceClass(type=name))
        history = table.history(History(ordnance=ordnance, arrivals=((1.0, None, None),), searches=()))
        source = table.source("background", -1)
        parts.append(
            _Pieces(
                cell=cell,
                atom=np.full(cell.size, -1, np.int64),
                source=np.full(cell.size, source),
                ordnance=np.full(cell.size, ordnance),
                history=np.full(cell.size, history),
                ground=plain / len(background),
                plain=plain,
                district=district,
            )
        )
    return _join(*parts)


def _join(*parts: _Pieces) -> _Pieces:
    return _Pieces(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _Pieces.__dataclass_fields__}
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Units:
    """Units that stand for several blocks; all (n,)."""

    source: Ints
    ordnance: Ints
    history: Ints
    ground: Floats
    blocks: Floats


def _by_portion(
    pieces: _Pieces,
    piece_unit: Ints,
    piece_portion: Ints,
    quiet: NDArray[np.bool_],
    unit_key: Ints,
    portion_key: Ints,
) -> tuple[Ground, _Units]:
    """Ground by portion, with units that no evidence tells apart added up.

    Blocks of one portion, class and history without any find or known search have independent clumps of one
    distribution; their sum over ground G_b has the shape of n = (Σ G_b)² / Σ G_b² equal blocks (exact for equal blocks,
    of equal mean and variance otherwise). New units are numbered after the existing ones.
    """
    full = _add_up(piece_portion, piece_unit, pieces.history, pieces.ground)
    merges = quiet[full.unit]
    key, _, inverse = _distinct(full.key[merges], unit_key[full.unit[merges], 1], full.history[merges])
    ground = np.bincount(inverse, full.ground[merges], minlength=len(key)).astype(np.float64)
    squares = np.bincount(inverse, np.square(full.ground[merges]), minlength=len(key))
    with np.errstate(invalid="ignore", divide="ignore"):
        blocks = np.where(squares > 0.0, np.square(ground) / squares, 1.0)
    merged = _Units(
        source=portion_key[key[:, 0], 0], ordnance=key[:, 1], history=key[:, 2], ground=ground, blocks=blocks
    )
    table = Ground(
        key=np.concatenate([full.key[~merges], key[:, 0]]),
        unit=np.concatenate([full.unit[~merges], len(unit_key) + np.arange(len(key))]),
        history=np.concatenate([full.history[~merges], key[:, 2]]),
        ground=np.concatenate([full.ground[~merges], ground]),
    )
    return table, merged


def _add_up(key: Ints, unit: Ints, history: Ints, ground: Floats) -> Ground:
    """Add ground of equal key, unit and history."""
    order = np.lexsort((history, unit, key))
    key, unit, history, ground = key[order], unit[order], history[order], ground[order]
    if key.size == 0:
        return Ground(key=key, unit=unit, history=history, ground=ground)
    starts = np.flatnonzero(
        np.concatenate(
            [[True], (key[1:] != key[:-1]) | (unit[1:] != unit[:-1]) | (history[1:] != history[:-1])]
        )
    )
    return Ground(
        key=key[starts], unit=unit[starts], history=history[starts], ground=np.add.reduceat(ground, starts)
    )


def _allocate(
    case: Case,
    matches: Matches,
    table: SourceTable,
    pieces: _Pieces,
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
    pieces: _Pieces,
    piece_unit: Ints,
    members: dict[str, list[list[int]]],
    atoms: Atoms,
    spread: Coverage,
) -> tuple[Ints, Ints, Floats, int]:
    """Shares of each located event over units: (event, unit, share), and how many events had nowhere to go."""
    num_events = case.events.id.size
    names = [c.type for c in table.classes]
    type_names, type_of = np.unique(case.events.type, return_inverse=True)
    fits = np.array([[_is_same(case, str(t), n) for n in names] for t in type_names], np.bool_).reshape(
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
    weight = spread.share[pair] * pieces.plain[piece]
    key, _, inverse = _distinct(event, piece_unit[piece])
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
    pieces: _Pieces,
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
            allowed = np.array([_is_same(case, name, n) for n in names], np.bool_)
            piece = piece[allowed[pieces.ordnance[piece]]]
        if piece.size == 0 or pieces.ground[piece].sum() <= 0.0:
            adrift += 1
            continue
        unit, inverse = np.unique(piece_unit[piece], return_inverse=True)
        weight = np.bincount(inverse, pieces.ground[piece])
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


def _placeless(case: Case, table: SourceTable, area_types: list[list[str]]) -> _Units:
    """Units of hazard areas and deposits whose place is unknown."""
    block_m2 = case.grid.block_m**2
    size = _area_sizes(case)
    rows: list[tuple[int, int, int, float, float]] = []
    for a in np.flatnonzero(shapely.is_missing(case.areas.geometry)).tolist():
        first, last = (
            None if np.isnan(d[a]) else float(d[a]) for d in (case.areas.start_day, case.areas.end_day)
        )
        for name in area_types[a]:
            ordnance = table.ordnance(OrdnanceClass(type=name))
            history = table.history(History(ordnance=ordnance, arrivals=((1.0, first, last),), searches=()))
            rows.append(
                (
                    table.source("area", a),
                    ordnance,
                    history,
                    size[a] / len(case.areas.types[a]),
                    max(size[a] / block_m2, 1.0),
                )
            )
    for d in np.flatnonzero(shapely.is_missing(case.deposits.geometry)).tolist():
        first, last = (
            None if np.isnan(v[d]) else float(v[d]) for v in (case.deposits.start_day, case.deposits.end_day)
        )
        ordnance = table.ordnance(
            OrdnanceClass(type=str(case.deposits.type[d]), setting=str(case.deposits.setting[d]))
        )
        history = table.history(History(ordnance=ordnance, arrivals=((1.0, first, last),), searches=()))
        low, high = float(case.deposits.quantity_low[d]), float(case.deposits.quantity_high[d])
        items = float(np.sqrt(low * high)) if low > 0.0 else 0.5 * high
        rows.append((table.source("deposit", ordnance), ordnance, history, items, 1.0))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return _Units(
        source=np.array(columns[0], np.int64),
        ordnance=np.array(columns[1], np.int64),
        history=np.array(columns[2], np.int64),
        ground=np.array(columns[3], np.float64),
        blocks=np.array(columns[4], np.float64),
    )


def _area_sizes(case: Case) -> Floats:
    """Area of each hazard area: drawn, else reported, else the median of its layer, else of all. [m²]"""
    drawn = shapely.area(case.areas.geometry)
    stated = case.areas.reported_area_m2
    reported = np.where(stated > 0.0, stated, np.nan)  # 0: not filled in
    size = np.where(shapely.is_missing(case.areas.geometry), reported, drawn)
    known = ~np.isnan(size)
    overall = float(np.median(size[known])) if known.any() else case.grid.block_m**2
    for layer in np.unique(case.areas.source.layer):
        mine = case.areas.source.layer == layer
        typical = float(np.median(size[mine & known])) if (mine & known).any() else overall
        size[mine & ~known] = typical
    return np.asarray(size)


def _searched_atoms(table: SourceTable, members: dict[str, list[list[int]]], atoms: Atoms) -> Floats:
    """Share of each atom that clearance or survey worked, taking overlapping partial coverage as independent."""
    coverage_of = table.case.searches.coverage
    result = np.zeros(len(atoms.geometry))
    for atom, searches in enumerate(members["searches"]):
        missed = 1.0
        for s in searches:
            if table.searches_ground[s]:
                missed *= 1.0 - float(coverage_of[s])
        result[atom] = 1.0 - missed
    return result


def _cell_facts(
    case: Case,
    pieces: _Pieces,
    piece_cell: Ints,
    cells: Ints,
    table: SourceTable,
    searched: Floats,
    grid: Grid,
) -> tuple[Ints, Floats]:
    """Hazard area that covers most of each cell, and the share of the cell that was searched."""
    owner = np.array([n if k == "area" else -1 for k, n in table.sources], np.int64)
    # a piece is repeated for each class of its source: one of them carries the ground
    key, first, _ = _distinct(piece_cell, pieces.atom)
    atom = key[:, 1]
    worked = np.where(atom >= 0, searched[np.maximum(atom, 0)] if searched.size else 0.0, 0.0)
    share = np.bincount(key[:, 0], worked * pieces.plain[first], minlength=cells.size) / grid.cell_area_m2
    area = owner[pieces.source]
    mine = np.flatnonzero(area >= 0)
    result = np.full(cells.size, -1, np.int64)
    if mine.size:
        # an area of many types counts its ground once
        _, once, _ = _distinct(piece_cell[mine], pieces.atom[mine])
        mine = mine[once]
        key, _, inverse = _distinct(piece_cell[mine], area[mine])
        ground = np.bincount(inverse, pieces.plain[mine])
        order = np.lexsort((-key[:, 1], ground, key[:, 0]))
        result[key[order, 0]] = key[order, 1]
    return result, np.clip(share, 0.0, 1.0)


def _area_facts(
    case: Case, members: dict[str, list[list[int]]], atoms: Atoms, searched: Floats
) -> tuple[Floats, Floats]:
    """Area of each hazard area, and the share of it that was searched."""
    size = _area_sizes(case)
    worked = np.zeros(case.areas.id.size)
    ground = shapely.area(atoms.geometry) if len(atoms.geometry) else np.zeros(0)
    for atom, areas in enumerate(members["areas"]):
        for area in areas:
            worked[area] += ground[atom] * searched[atom]
    return size, np.clip(worked / np.maximum(size, 1e-9), 0.0, 1.0)
