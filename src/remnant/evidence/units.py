"""Units that stand for several blocks: ground without evidence, and records of unknown place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.evidence.pieces import Pieces, add_up
from remnant.evidence.records import Case
from remnant.evidence.reduction import Ground, History, OrdnanceClass, SourceKind
from remnant.evidence.streams import SourceTable, deposit_class, known_day, quantity_centre
from remnant.numerics import distinct
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Units that stand for several blocks; all (n,)."""

    source: Ints
    ordnance: Ints
    history: Ints
    ground: Floats
    blocks: Floats


def by_portion(
    pieces: Pieces,
    piece_unit: Ints,
    piece_portion: Ints,
    quiet: NDArray[np.bool_],
    unit_key: Ints,
    portion_key: Ints,
) -> tuple[Ground, Units]:
    """Ground by portion, with units that no evidence tells apart added up.

    Blocks of one portion, class and history without any find or known search have independent clumps of one
    distribution; their sum over ground G_b has the shape of n = (Σ G_b)² / Σ G_b² equal blocks (exact for equal blocks,
    of equal mean and variance otherwise). New units are numbered after the existing ones.
    """
    full = add_up(piece_portion, piece_unit, pieces.history, pieces.ground)
    merges = quiet[full.unit]
    key, _, inverse = distinct(full.key[merges], unit_key[full.unit[merges], 1], full.history[merges])
    ground = np.bincount(inverse, full.ground[merges], minlength=len(key)).astype(np.float64)
    squares = np.bincount(inverse, np.square(full.ground[merges]), minlength=len(key))
    with np.errstate(invalid="ignore", divide="ignore"):
        blocks = np.where(squares > 0.0, np.square(ground) / squares, 1.0)
    merged = Units(
        source=portion_key[key[:, 0], 0], ordnance=key[:, 1], history=key[:, 2], ground=ground, blocks=blocks
    )
    table = Ground(
        key=np.concatenate([full.key[~merges], key[:, 0]]),
        unit=np.concatenate([full.unit[~merges], len(unit_key) + np.arange(len(key))]),
        history=np.concatenate([full.history[~merges], key[:, 2]]),
        ground=np.concatenate([full.ground[~merges], ground]),
    )
    return table, merged


def placeless_units(case: Case, table: SourceTable, area_types: list[list[str]], area_m2: Floats) -> Units:
    """Units of hazard areas and deposits whose place is unknown."""
    areas, deposits = case.areas, case.deposits
    rows: list[tuple[int, int, int, float, float]] = []

    def add(
        kind: SourceKind,
        number: int,
        entry: OrdnanceClass,
        days: tuple[float, float],
        ground: float,
        blocks: float,
    ) -> None:
        ordnance = table.ordnance(entry)
        arrivals = ((1.0, known_day(days[0]), known_day(days[1])),)
        history = table.history(History(ordnance=ordnance, arrivals=arrivals, searches=()))
        rows.append(
            (table.source(kind, ordnance if kind == "deposit" else number), ordnance, history, ground, blocks)
        )

    for a in np.flatnonzero(shapely.is_missing(areas.geometry)).tolist():
        blocks = max(float(area_m2[a]) / case.grid.block_m**2, 1.0)
        for name in area_types[a]:
            ground = float(area_m2[a]) / len(areas.types[a])
            add("area", a, OrdnanceClass(type=name), (areas.start_day[a], areas.end_day[a]), ground, blocks)
    for d in np.flatnonzero(shapely.is_missing(deposits.geometry)).tolist():
        days = (deposits.start_day[d], deposits.end_day[d])
        add("deposit", d, deposit_class(deposits, d), days, quantity_centre(deposits, d), 1.0)
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return Units(
        source=np.array(columns[0], np.int64),
        ordnance=np.array(columns[1], np.int64),
        history=np.array(columns[2], np.int64),
        ground=np.array(columns[3], np.float64),
        blocks=np.array(columns[4], np.float64),
    )


def area_sizes(case: Case) -> Floats:
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
