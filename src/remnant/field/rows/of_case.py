"""One area of a case as the row model takes it: finds at points, and the chance of having been found, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from remnant.errors import InvalidInput
from remnant.evidence import Case
from remnant.field.rows.ground import PointFinds, SearchedGround
from remnant.numerics import even_normals, link_of

PRECISION_MAX_M = 5.0
"""Finds that are known less precisely than this cannot show a row."""
_RADIUS_95 = 2.4477  # standard deviations within which a point of a plane lies with 95 % probability
_LEAST_SD_M = 0.05  # no position is better known than this
_EDGE_M = 2.0
_NUM_LEVELS = 12
_MOST_CELLS = 400_000
_LARGEST_CELL_M = 3.0
_MOST_FINDS = 3000
_MOST_FOUND = 0.9999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaEvidence:
    """What a case knows within one area.

    Parameters
    ----------
    area_id, geometry
        The area.
    finds, find_ids
        Finds that are placed well enough, and the ids of their records.
    ground
        The searched ground.
    searched_share
        Share of the area that any search of known outcome covered. [1]
    notes
        What was left out, and why, in words.
    """

    area_id: str
    geometry: Any
    finds: PointFinds
    find_ids: tuple[str, ...]
    ground: SearchedGround
    searched_share: float
    notes: tuple[str, ...]


def area_evidence(case: Case, area_id: str, *, rng: np.random.Generator) -> AreaEvidence:
    """Finds and searches of one hazard area.

    Parameters
    ----------
    case
        The case.
    area_id
        Id of a hazard area of the case.
    rng
        Draws the levels of detection from the ranges of the methods.
    """
    ids = case.areas.id.astype(str)
    mine = np.flatnonzero(ids == area_id)
    if mine.size != 1:
        known = ", ".join(sorted(set(ids.tolist()))[:8]) or "none"
        what = "no hazard area" if mine.size == 0 else f"{mine.size} hazard areas"
        raise InvalidInput(
            f"--area must be the id of one hazard area of the case; {what} of it has id {area_id!r}. Known: {known}"
            f"{' …' if len(set(ids.tolist())) > 8 else ''}."
        )
    geometry = case.areas.geometry[int(mine[0])]
    if geometry is None or geometry.is_empty:
        raise InvalidInput(f"area {area_id!r} has no place; rows need one. Give its polygon.")
    finds, find_ids, notes = _finds(case, geometry)
    ground, searched, more = _ground(case, geometry, rng)
    return AreaEvidence(
        area_id=area_id,
        geometry=geometry,
        finds=finds,
        find_ids=find_ids,
        ground=ground,
        searched_share=searched,
        notes=(*notes, *more),
    )


def _finds(case: Case, geometry: Any) -> tuple[PointFinds, tuple[str, ...], tuple[str, ...]]:
    events = case.events
    near = np.flatnonzero(shapely.intersects(events.geometry, shapely.buffer(geometry, _EDGE_M)))
    is_point = shapely.get_type_id(events.geometry[near]) == 0
    sharp = is_point & (events.precision_m[near] <= PRECISION_MAX_M)
    kept = near[sharp]
    notes = []
    if near.size > kept.size:
        notes.append(
            f"{near.size - kept.size} of {near.size} finds are placed less precisely than {PRECISION_MAX_M:g} m: they "
            "show no row and are left out here. The number of items missing does not know of them."
        )
    several = int((events.num_items[kept] > 1).sum())
    if several:
        notes.append(f"{several} finds stand for more than one item each; each counts as one place.")
    if kept.size > _MOST_FINDS:
        raise InvalidInput(
            f"rows are inferred within one task of at most {_MOST_FINDS:,} finds; this area has {kept.size:,}. "
            "Split the area."
        )
    points = events.geometry[kept]
    finds = PointFinds(
        x_m=np.ascontiguousarray(shapely.get_x(points), dtype=np.float64),
        y_m=np.ascontiguousarray(shapely.get_y(points), dtype=np.float64),
        sd_m=np.maximum(events.precision_m[kept] / _RADIUS_95, _LEAST_SD_M),
    )
    return finds, tuple(events.id[kept].astype(str).tolist()), tuple(notes)


def _ground(
    case: Case, geometry: Any, rng: np.random.Generator
) -> tuple[SearchedGround, float, tuple[str, ...]]:
    left, bottom, right, top = shapely.bounds(geometry)
    cell = max(1.0, float(np.ceil(2.0 * np.sqrt((right - left) * (top - bottom) / _MOST_CELLS)) / 2.0))
    if cell > _LARGEST_CELL_M:
        raise InvalidInput(
            f"rows are inferred within one task; this area spans {(right - left) / 1000:.1f} by "
            f"{(top - bottom) / 1000:.1f} km. Give a smaller area."
        )
    left, top = float(np.floor(left / cell) * cell), float(np.ceil(top / cell) * cell)
    nx, ny = int(np.ceil((right - left) / cell)), int(np.ceil((top - bottom) / cell))
    x, y = np.meshgrid(left + (np.arange(nx) + 0.5) * cell, top - (np.arange(ny) + 0.5) * cell)
    inside = shapely.contains_xy(geometry, x, y)
    missed = np.ones((_NUM_LEVELS, ny, nx))
    chosen, notes = _searches(case, geometry)
    methods = sorted({str(case.searches.method[s]) for s in chosen})
    z = even_normals(_NUM_LEVELS, len(methods), rng=rng)
    covered = np.zeros((ny, nx), np.bool_)
    for s in chosen:
        name = str(case.searches.method[s])
        p = case.catalogue.method(name).p_detect
        chance = link_of(p.low, p.high, is_probability=True).value(z[:, methods.index(name)])
        there = shapely.contains_xy(case.searches.geometry[s], x, y) & inside
        missed[:, there] *= (1.0 - case.searches.coverage[s] * chance)[:, None]
        covered |= there
    p_found = np.clip(np.where(covered & inside, 1.0 - missed, 0.0), 0.0, _MOST_FOUND)
    ground = SearchedGround(left_m=left, top_m=top, cell_m=cell, inside=inside, p_found=p_found)
    return ground, float(covered.sum() / inside.sum()), notes


def _searches(case: Case, geometry: Any) -> tuple[list[int], tuple[str, ...]]:
    """Searches of known outcome whose finds all have places, and words about the others."""
    searches, events = case.searches, case.events
    meets = np.flatnonzero(shapely.intersects(searches.geometry, geometry))
    chosen, silent, unplaced = [], 0, 0
    for s in meets.tolist():
        linked = (events.search_id == searches.id[s]) & ~shapely.is_missing(events.geometry)
        stated = searches.items_found[s]
        if not searches.is_complete[s] and np.isnan(stated):
            silent += 1
        elif not np.isnan(stated) and stated > events.num_items[linked].sum():
            unplaced += 1
        else:
            chosen.append(s)
    notes = []
    if silent:
        notes.append(f"{silent} searches state no outcome: they are not read as having found nothing.")
    if unplaced:
        notes.append(
            f"{unplaced} searches state more finds than have a place: their empty ground says nothing here, and is "
            "treated as not searched."
        )
    return chosen, tuple(notes)
