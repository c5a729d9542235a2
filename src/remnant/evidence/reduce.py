"""From a case's records to ground, histories and finds: the reduction, exact in coverage."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.evidence.allocate import allocate
from remnant.evidence.matching import match_events
from remnant.evidence.pieces import Pieces, add_up, background_pieces, distinct, join, stream_pieces
from remnant.evidence.records import Case
from remnant.evidence.reduction import Ground, Reduction
from remnant.evidence.spread import spread_over_cells
from remnant.evidence.streams import SourceTable, area_owner, streams_of
from remnant.evidence.types import area_types, background_types
from remnant.evidence.units import area_sizes, by_portion, placeless_units
from remnant.geo import Atoms, Coverage, Grid, atoms_of, coverage, grid_over

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SPREAD_REACH = 1.2  # cells are laid this many 95 % radii around imprecise records


def reduce_case(case: Case) -> Reduction:
    """Ground by history, finds by unit, cells and portions of a case."""
    matches = match_events(case.events, case.searches, case.catalogue)
    grid = _grid(case)
    atoms, members = _overlay(case)
    pairs = coverage(atoms.geometry, grid)
    spread = spread_over_cells(case.events.geometry, case.events.precision_m, grid)
    background = background_types(case)
    types, more = area_types(case)
    table = SourceTable(case, (), matches.is_known)
    streams = streams_of(atoms, members, table, types, background, shapely.area(case.deposits.geometry))
    around = _cells_around(case, grid, pairs, spread)
    pieces = join(
        stream_pieces(streams, pairs, atoms, members, grid),
        background_pieces(case, grid, pairs, around, background, table),
    )
    unit_key, _, piece_unit = distinct(pieces.source, pieces.ordnance, grid.block(pieces.cell))
    found, met, groups, unfound, unmet, area_found, notes = allocate(
        case, matches, table, pieces, piece_unit, len(unit_key), members, atoms, spread
    )
    placeless = placeless_units(case, table, types)
    cells, piece_cell = np.unique(pieces.cell, return_inverse=True)
    owner = np.array([area_owner(case, a) if a else -1 for a in members["areas"]], np.int64)
    piece_area = np.where(pieces.atom >= 0, np.append(owner, -1)[pieces.atom], -1)
    portion_key, _, piece_portion = distinct(pieces.source, pieces.district, piece_area)
    known = np.array([h.is_known for h in table.histories], np.bool_)
    quiet = (found == 0.0) & (met == 0.0)
    quiet[piece_unit[known[pieces.history]]] = False
    ground, merged = by_portion(pieces, piece_unit, piece_portion, quiet, unit_key, portion_key)
    num_new = len(placeless.source)
    first_new = len(unit_key) + len(merged.source)
    unit_source = np.concatenate([unit_key[:, 0], merged.source, placeless.source])
    unit_class = np.concatenate([unit_key[:, 1], merged.ordnance, placeless.ordnance])
    blocks = np.concatenate([np.ones(len(unit_key)), merged.blocks, placeless.blocks])
    num_added = blocks.size - len(unit_key)
    placeless_portion, _, portion_of = distinct(placeless.source)
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
        by_cell=add_up(piece_cell.astype(np.int64), piece_unit, pieces.history, pieces.ground),
        portion_source=np.concatenate([portion_key[:, 0], placeless_portion[:, 0]]),
        portion_district=np.concatenate([portion_key[:, 1], np.full(len(placeless_portion), -1, np.int64)]),
        portion_area=np.concatenate(
            [portion_key[:, 2], np.where(kinds == "area", numbers, -1)[placeless_portion[:, 0]]]
        ),
        portion_placed=np.arange(len(portion_key) + len(placeless_portion)) < len(portion_key),
        by_portion=Ground(
            key=np.concatenate([ground.key, len(portion_key) + portion_of]),
            unit=np.concatenate([ground.unit, first_new + np.arange(num_new)]),
            history=np.concatenate([ground.history, placeless.history]),
            ground=np.concatenate([ground.ground, placeless.ground]),
        ),
        cell_area=cell_area,
        cell_searched=cell_searched,
        area_searched=area_searched,
        area_m2=area_m2,
        area_owned_m2=_owned(case, owner, atoms, area_m2),
        area_found=area_found,
        findings=matches.findings + more + notes,
    )


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
    pieces: Pieces,
    piece_cell: Ints,
    cells: Ints,
    table: SourceTable,
    searched: Floats,
    grid: Grid,
) -> tuple[Ints, Floats]:
    """Hazard area that covers most of each cell, and the share of the cell that was searched."""
    owner = np.array([n if k == "area" else -1 for k, n in table.sources], np.int64)
    # a piece is repeated for each class of its source: one of them carries the ground
    key, first, _ = distinct(piece_cell, pieces.atom)
    atom = key[:, 1]
    worked = np.where(atom >= 0, searched[np.maximum(atom, 0)] if searched.size else 0.0, 0.0)
    share = np.bincount(key[:, 0], worked * pieces.plain[first], minlength=cells.size) / grid.cell_area_m2
    area = owner[pieces.source]
    mine = np.flatnonzero(area >= 0)
    result = np.full(cells.size, -1, np.int64)
    if mine.size:
        # an area of many types counts its ground once
        _, once, _ = distinct(piece_cell[mine], pieces.atom[mine])
        mine = mine[once]
        key, _, inverse = distinct(piece_cell[mine], area[mine])
        ground = np.bincount(inverse, pieces.plain[mine])
        order = np.lexsort((-key[:, 1], ground, key[:, 0]))
        result[key[order, 0]] = key[order, 1]
    return result, np.clip(share, 0.0, 1.0)


def _area_facts(
    case: Case, members: dict[str, list[list[int]]], atoms: Atoms, searched: Floats
) -> tuple[Floats, Floats]:
    """Area of each hazard area, and the share of it that was searched."""
    size = area_sizes(case)
    worked = np.zeros(case.areas.id.size)
    ground = shapely.area(atoms.geometry) if len(atoms.geometry) else np.zeros(0)
    for atom, areas in enumerate(members["areas"]):
        for area in areas:
            worked[area] += ground[atom] * searched[atom]
    return size, np.clip(worked / np.maximum(size, 1e-9), 0.0, 1.0)


def _owned(case: Case, owner: Ints, atoms: Atoms, area_m2: Floats) -> Floats:
    """Ground whose estimate each hazard area carries: its own less what an overlapping area owns. [m²]"""
    placed = ~shapely.is_missing(case.areas.geometry)
    mine = owner >= 0
    ground = np.bincount(owner[mine], shapely.area(atoms.geometry)[mine], minlength=placed.size)
    return np.where(placed, ground, area_m2)
