"""A case with 50,000 evidence records: 5,000 hazard areas, 20,000 searches, 20,000 finds and 5,000 accidents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.catalogue import load_catalogue
from remnant.evidence import (
    Case,
    Deposits,
    Districts,
    Events,
    GridSpec,
    HazardAreas,
    Policy,
    Provenance,
    Reduction,
    Searches,
    reduce_case,
)
from remnant.units import day_number

TITLE = "Reduction of a case with 50,000 evidence records"
NUM_AREAS, NUM_SEARCHES, NUM_FINDS, NUM_ACCIDENTS = 5_000, 20_000, 20_000, 5_000
TYPES = ("PMN", "PMA-3", "TM-62M")
SIDE_M = 80_000.0
REPEATS = 3
LIMIT_S = 30.0
BASE = None

_START, _END = day_number(dt.date(1993, 1, 1)), day_number(dt.date(1995, 12, 31))
_SEARCH_DAYS = (day_number(dt.date(1998, 1, 1)), day_number(dt.date(2024, 1, 1)))


def blobs(
    centre_m: NDArray[np.float64],
    radius_m: NDArray[np.float64],
    *,
    num_vertices: int,
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """Star-shaped polygons about (n, 2) centres, of mean radius (n,). [m]"""
    # one vertex in each of equal sectors: the ring winds once about its centre, so it cannot cross itself
    sector = np.arange(num_vertices) + rng.uniform(0.0, 1.0, (len(centre_m), num_vertices))
    turn = 2.0 * np.pi / num_vertices * sector
    reach = radius_m[:, None] * rng.uniform(0.6, 1.4, turn.shape)
    xy = centre_m[:, None, :] + reach[:, :, None] * np.stack([np.cos(turn), np.sin(turn)], axis=2)
    return np.asarray(shapely.polygons(xy))


def records(scale: float = 1.0) -> Case:
    """The case, or a smaller one of the same density of records for warming up."""
    rng = np.random.default_rng([2026, *b"reduction"])
    areas, searches, finds, accidents = (
        max(round(n * scale), 10) for n in (NUM_AREAS, NUM_SEARCHES, NUM_FINDS, NUM_ACCIDENTS)
    )
    side = SIDE_M * np.sqrt(scale)
    area_centre = rng.uniform(0.0, side, (areas, 2))
    area_radius = rng.uniform(60.0, 300.0, areas)
    host = rng.integers(areas, size=searches)  # searches lie in and about hazard areas, and overlap there
    search_centre = area_centre[host] + area_radius[host, None] * rng.normal(0.0, 0.5, (searches, 2))
    search_shape = blobs(search_centre, rng.uniform(30.0, 120.0, searches), num_vertices=12, rng=rng)
    first = np.floor(rng.uniform(*_SEARCH_DAYS, searches))
    finder = rng.integers(searches, size=finds)
    search_id = np.array([f"s{i}" for i in range(searches)])
    precision = rng.uniform(0.0, 200.0, finds + accidents)
    precision[: finds // 5] = 0.0
    near = rng.integers(areas, size=accidents)
    place = np.concatenate(
        [
            search_centre[finder] + rng.uniform(-15.0, 15.0, (finds, 2)),
            area_centre[near] + area_radius[near, None] * rng.normal(0.0, 1.5, (accidents, 2)),
        ]
    )
    num_events = finds + accidents
    is_find = np.arange(num_events) < finds
    named = is_find & (rng.random(num_events) < 0.5)  # half of the finds name their search
    return Case(
        name="50,000 records",
        as_of=dt.date(2024, 7, 31),
        dates=(dt.date(2024, 7, 31),),
        crs="EPSG:32633",
        grid=GridSpec(cell_m=50.0, block_m=200.0),
        catalogue=load_catalogue(),
        areas=HazardAreas(
            id=np.array([f"a{i}" for i in range(areas)]),
            geometry=blobs(area_centre, area_radius, num_vertices=16, rng=rng),
            hazard_class=rng.choice(["SHA", "CHA"], areas),
            status=np.full(areas, "open"),
            types=tuple((TYPES[int(i)],) for i in rng.integers(len(TYPES), size=areas)),
            start_day=np.full(areas, _START),
            end_day=np.full(areas, _END),
            reported_area_m2=np.full(areas, np.nan),
            source=_source(areas, "areas"),
        ),
        searches=Searches(
            id=search_id,
            geometry=search_shape,
            method=rng.choice(["manual detector", "dogs"], searches),
            start_day=first,
            end_day=first + 20.0,
            coverage=rng.choice([1.0, 0.5], searches),
            items_found=np.full(searches, np.nan),
            is_complete=rng.random(searches) < 0.8,
            type=np.full(searches, ""),
            source=_source(searches, "searches"),
        ),
        events=Events(
            id=np.array([f"e{i}" for i in range(num_events)]),
            geometry=np.asarray(shapely.points(place)),
            precision_m=precision,
            kind=np.where(is_find, "find", "accident"),
            type=np.array(TYPES)[rng.integers(len(TYPES), size=num_events)],
            num_items=np.ones(num_events),
            day=np.concatenate([first[finder] + 5.0, rng.uniform(_END, _SEARCH_DAYS[1], accidents)]),
            search_id=np.where(named, np.concatenate([search_id[finder], np.full(accidents, "")]), ""),
            source=_source(num_events, "events"),
        ),
        deposits=_no_deposits(),
        districts=Districts(name=np.zeros(0, dtype=str), geometry=np.zeros(0, object), source=_source(0, "")),
        policy=Policy(),
        default_types=TYPES,
    )


def _source(num: int, layer: str) -> Provenance:
    return Provenance(layer=np.full(num, layer), row=np.arange(1, num + 1))


def _no_deposits() -> Deposits:
    none, text = np.zeros(0), np.zeros(0, dtype=str)
    return Deposits(
        id=text,
        geometry=np.zeros(0, object),
        type=text,
        setting=text,
        kind=text,
        quantity_low=none,
        quantity_high=none,
        start_day=none,
        end_day=none,
        source=_source(0, ""),
    )


def prepare() -> Case:
    """The records; a smaller case warms up the compiled code."""
    reduce_case(records(0.01))
    return records()


VARIANTS: Mapping[str, Callable[[Case], Any]] = {"reduce_case": reduce_case}


def facts(case: Case, results: Mapping[str, Reduction]) -> dict[str, str]:
    """Size of what came out, and the limit."""
    done = results["reduce_case"]
    num = case.areas.id.size + case.searches.id.size + case.events.id.size
    return {
        "records": f"{num:,}",
        "cells": f"{done.cells.size:,}",
        "units": f"{done.unit_source.size:,}",
        "histories": f"{len(done.histories):,}",
        "limit": f"{LIMIT_S:g} s",
    }
