"""From a case's records to ground, histories and finds: the reduction, exact in coverage."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.evidence.allocate import allocate
from remnant.evidence.matching import match_events
from remnant.evidence.overlay import Overlay, overlay_of
from remnant.evidence.pieces import Pieces, add_up, background_pieces, join, stream_pieces
from remnant.evidence.records import Case
from remnant.evidence.reduction import Ground, Reduction
from remnant.evidence.spread import spread_over_cells
from remnant.evidence.streams import SourceTable, streams_of
from remnant.evidence.types import area_types, background_types
from remnant.evidence.units import area_sizes, by_portion, placeless_units
from remnant.geo import (
    Coverage,
    Grid,
    cells_inside,
    coverage,
    grid_over,
    num_cells_inside,
    whole_blocks,
)
from remnant.numerics import distinct
from remnant.units import Floats, Ints

_MOST_CELLS = 5_000_000  # of a region that is held in memory
_SPREAD_REACH = 1.2  # cells are laid this many 95 % radii around imprecise records


def reduce_case(case: Case, *, by_tiles: bool = False) -> Reduction:
    """Ground by history, finds by unit, cells and portions of a case.

    Parameters
    ----------
    by_tiles
        Of the case's region, take only blocks that a record touches: the rest, of which nothing is known but its
        place, is worked out tile by tile.
    """
    matches = match_events(case.events, case.searches, case.catalogue)
    grid = _grid(case)
    overlay = overlay_of(case)
    pairs = coverage(overlay.geometry, grid)
    spread = spread_over_cells(case.events.geometry, case.events.precision_m, grid)
    background = background_types(case)
    types, type_notes = area_types(case)
    area_m2 = area_sizes(case)
    table = SourceTable(case, matches)
    pieces = join(
        stream_pieces(streams_of(overlay, table, types, background), pairs, overlay, grid),
        background_pieces(
            case, grid, pairs, _cells_wanted(case, grid, pairs, spread, by_tiles=by_tiles), background, table
        ),
    )
    placeless = placeless_units(case, table, types, area_m2)
    kinds = np.array([kind for kind, _ in table.sources], dtype=str)
    source_area = np.array([number if kind == "area" else -1 for kind, number in table.sources], np.int64)
    # units: one source × class × block; then those that stand for several blocks
    unit_key, _, piece_unit = distinct(pieces.source, pieces.ordnance, grid.block(pieces.cell))
    given = allocate(
        case, matches, overlay, table.classes, pieces, piece_unit, unit_key[:, 0], kinds.size, spread
    )
    cells, piece_cell = np.unique(pieces.cell, return_inverse=True)
    piece_area = np.where(pieces.atom >= 0, np.append(overlay.owner, -1)[pieces.atom], -1)
    portion_key, _, piece_portion = distinct(pieces.source, pieces.district, piece_area)
    known = np.array([h.is_known for h in table.histories], np.bool_)
    quiet = (given.found == 0.0) & (given.met == 0.0)
    quiet[piece_unit[known[pieces.history]]] = False
    if (
        case.model.kind == "field"
    ):  # with a field, blocks differ by where they lie; a delivery has its own density
        quiet &= kinds[unit_key[:, 0]] == "deposit"
    ground, merged = by_portion(pieces, piece_unit, piece_portion, quiet, unit_key, portion_key)
    placeless_portion, _, portion_of = distinct(placeless.source)
    num_added, num_portions = len(merged.source) + len(placeless.source), len(portion_key)
    unit_source = np.concatenate([unit_key[:, 0], merged.source, placeless.source])
    found, met = (np.concatenate([items, np.zeros(num_added)]) for items in (given.found, given.met))
    is_clearance = np.array(
        [case.catalogue.method(str(m)).kind == "clearance" for m in case.searches.method], bool
    )
    searched = _worked_share(case, overlay, ~matches.is_use)
    cleared = _worked_share(case, overlay, is_clearance)
    told = _worked_share(case, overlay, matches.is_known)
    cell_area, cell_searched = _cell_facts(pieces, piece_cell, piece_area, cells, searched, grid)
    return Reduction(
        grid=grid,
        classes=table.classes,
        histories=table.histories,
        source_kind=kinds,
        source_area=source_area,
        unit_source=unit_source,
        unit_class=np.concatenate([unit_key[:, 1], merged.ordnance, placeless.ordnance]),
        unit_num_blocks=np.concatenate([np.ones(len(unit_key)), merged.blocks, placeless.blocks]),
        unit_block=np.concatenate([unit_key[:, 2], np.full(num_added, -1, np.int64)]),
        unit_group=np.concatenate([given.group, given.group.max(initial=-1) + 1 + np.arange(num_added)]),
        found=found,
        met=met,
        source_log_unfound=given.log_unfound,
        source_log_unmet=given.log_unmet,
        cells=cells,
        by_cell=add_up(piece_cell.astype(np.int64), piece_unit, pieces.history, pieces.ground),
        portion_source=np.concatenate([portion_key[:, 0], placeless_portion[:, 0]]),
        portion_district=np.concatenate([portion_key[:, 1], np.full(len(placeless_portion), -1, np.int64)]),
        portion_area=np.concatenate([portion_key[:, 2], source_area[placeless_portion[:, 0]]]),
        portion_placed=np.arange(num_portions + len(placeless_portion)) < num_portions,
        by_portion=Ground(
            key=np.concatenate([ground.key, num_portions + portion_of]),
            unit=np.concatenate(
                [ground.unit, unit_source.size - len(placeless.source) + np.arange(len(placeless.source))]
            ),
            history=np.concatenate([ground.history, placeless.history]),
            ground=np.concatenate([ground.ground, placeless.ground]),
        ),
        cell_area=cell_area,
        cell_searched=cell_searched,
        area_searched=_area_share(overlay, searched, area_m2),
        area_cleared=_area_share(overlay, cleared, area_m2),
        area_told=_area_share(overlay, told, area_m2),
        area_m2=area_m2,
        area_owned_m2=_owned(case, overlay, area_m2),
        area_found=_area_items(source_area[unit_source], found + met, area_m2.size),
        findings=matches.findings + type_notes + given.findings,
    )


def _grid(case: Case) -> Grid:
    shapes = np.concatenate([case.areas.geometry, case.searches.geometry, case.deposits.geometry])
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    event_bounds = shapely.bounds(case.events.geometry).reshape(-1, 4)
    reach = (_SPREAD_REACH * case.events.precision_m)[:, None] + case.grid.cell_m
    event_bounds = event_bounds + reach * np.array([-1.0, -1.0, 1.0, 1.0])
    margin = case.grid.around_m * np.array([-1.0, -1.0, 1.0, 1.0])
    every = np.concatenate([bounds + margin, event_bounds + margin])
    if case.region is not None:
        every = np.concatenate([every, [shapely.bounds(case.region)]])
    every = every[~np.isnan(every).any(axis=1)]
    if every.size == 0:  # nothing has a place: one block, so that the rest still works
        every = np.zeros((1, 4))
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    return grid_over((low[0], low[1], high[0], high[1]), case.grid.cell_m, case.grid.block_m)


def _cells_wanted(case: Case, grid: Grid, pairs: Coverage, spread: Coverage, *, by_tiles: bool) -> Ints:
    """Cells that results are given for: of the region, or where records are."""
    near = _cells_around(case, grid, pairs, spread)
    if case.region is None:
        return near
    if by_tiles:
        return whole_blocks(near, grid)
    num = num_cells_inside(case.region, grid)
    if num > _MOST_CELLS:
        raise InvalidInput(
            f"the region has about {num:,} cells of {grid.cell_m:g} m; at most {_MOST_CELLS:,} are worked out in "
            "memory. Run the case by tiles (remnant assess CASE --tiles), or take larger cells."
        )
    return np.union1d(near, cells_inside(case.region, grid))


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


def _worked_share(case: Case, overlay: Overlay, is_meant: NDArray[np.bool_]) -> Floats:
    """Share of each atom that the meant searches worked, taking overlapping partial coverage as independent."""
    missed = np.ones(overlay.num_atoms)
    works = is_meant[overlay.searches.record]
    atom, search = overlay.searches.atom[works], overlay.searches.record[works]
    np.multiply.at(missed, atom, 1.0 - case.searches.coverage[search])
    return np.asarray(1.0 - missed)


def _cell_facts(
    pieces: Pieces, piece_cell: Ints, piece_area: Ints, cells: Ints, searched: Floats, grid: Grid
) -> tuple[Ints, Floats]:
    """Hazard area that covers most of each cell, and the share of the cell that was searched."""
    # a piece is repeated for each source and class on its ground: one of them carries the ground
    key, first, _ = distinct(piece_cell, pieces.atom)
    cell, ground, area = key[:, 0], pieces.plain[first], piece_area[first]
    worked = np.where(key[:, 1] >= 0, np.append(searched, 0.0)[key[:, 1]], 0.0)
    share = np.bincount(cell, worked * ground, minlength=cells.size) / grid.cell_area_m2
    mine = area >= 0
    key, _, inverse = distinct(cell[mine], area[mine])
    order = np.lexsort((-key[:, 1], np.bincount(inverse, ground[mine]), key[:, 0]))
    result = np.full(cells.size, -1, np.int64)
    result[key[order, 0]] = key[order, 1]
    return result, np.clip(share, 0.0, 1.0)


def _area_share(overlay: Overlay, searched: Floats, area_m2: Floats) -> Floats:
    """Share of each hazard area from shares of atoms."""
    worked = np.zeros(area_m2.size)
    np.add.at(worked, overlay.areas.record, (overlay.ground_m2 * searched)[overlay.areas.atom])
    return np.clip(worked / np.maximum(area_m2, 1e-9), 0.0, 1.0)


def _owned(case: Case, overlay: Overlay, area_m2: Floats) -> Floats:
    """Ground whose estimate each hazard area carries: its own less what an overlapping area owns. [m²]"""
    mine = overlay.owner >= 0
    ground = np.bincount(overlay.owner[mine], overlay.ground_m2[mine], minlength=area_m2.size)
    return np.where(shapely.is_missing(case.areas.geometry), area_m2, ground)


def _area_items(unit_area: Ints, items: Floats, num_areas: int) -> Floats:
    """Items found or met in each hazard area."""
    mine = unit_area >= 0
    return np.bincount(unit_area[mine], items[mine], minlength=num_areas).astype(np.float64)
