"""Pieces: the ground of every stream in every cell, and how such tables are added up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from remnant.evidence.overlay import Overlay
from remnant.evidence.records import Case
from remnant.evidence.reduction import Ground, History, OrdnanceClass
from remnant.evidence.streams import SourceTable, Streams, background_expected
from remnant.geo import Coverage, Grid, shares_of_cells
from remnant.numerics import ranges
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Ground of one stream, or of the background, in one cell; all (n,)."""

    cell: Ints
    atom: Ints  # −1: outside every footprint
    source: Ints
    ordnance: Ints
    history: Ints
    ground: Floats  # m², times relative density
    plain: Floats  # m²
    expected: Floats  # items that the priors' centres would put there: how finds are shared out
    district: Ints


def stream_pieces(streams: Streams, pairs: Coverage, overlay: Overlay, grid: Grid) -> Pieces:
    """Every stream in every cell that its atom covers."""
    first = np.searchsorted(streams.atom, np.arange(overlay.num_atoms + 1))
    count = np.diff(first)[pairs.polygon]
    pair = np.repeat(np.arange(pairs.cell.size), count)
    stream = ranges(first[pairs.polygon], count)
    plain = pairs.share[pair] * grid.cell_area_m2
    return Pieces(
        cell=pairs.cell[pair],
        atom=pairs.polygon[pair],
        source=streams.source[stream],
        ordnance=streams.ordnance[stream],
        history=streams.history[stream],
        ground=plain * streams.density[stream],
        plain=plain,
        expected=plain * streams.expected[stream],
        district=overlay.district[pairs.polygon[pair]],
    )


def background_pieces(
    case: Case, grid: Grid, pairs: Coverage, cells: Ints, background: list[str], table: SourceTable
) -> Pieces:
    """The ground of each cell that no footprint covers, in the region; its district is that of the cell's centre."""
    covered = np.zeros(cells.size)
    np.add.at(covered, np.searchsorted(cells, pairs.cell), pairs.share)
    within = 1.0 if case.region is None else shares_of_cells(case.region, grid, cells)
    # where a footprint and the region's border meet in a cell, as much ground is bare as can be: the high side
    bare = np.clip(np.minimum(within, 1.0 - covered), 0.0, 1.0)
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
            Pieces(
                cell=cell,
                atom=np.full(cell.size, -1, np.int64),
                source=np.full(cell.size, source),
                ordnance=np.full(cell.size, ordnance),
                history=np.full(cell.size, history),
                ground=plain / len(background),
                plain=plain,
                expected=plain * background_expected(case, len(background)),
                district=district,
            )
        )
    return join(*parts)


def join(*parts: Pieces) -> Pieces:
    """Tables of pieces one after the other."""
    return Pieces(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in Pieces.__dataclass_fields__}
    )


def add_up(key: Ints, unit: Ints, history: Ints, ground: Floats) -> Ground:
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
