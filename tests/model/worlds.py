"""Small worlds for calibration and identities: designs without outcomes, priors tight enough to give a few items."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import shapely

from remnant.catalogue import Range, load_catalogue
from remnant.evidence import (
    Case,
    Deposits,
    Districts,
    Events,
    GridSpec,
    HazardAreas,
    Policy,
    Provenance,
    Searches,
)
from remnant.units import day_number

D0 = day_number(dt.date(2022, 3, 1))


def prior(low: float, high: float, unit: str = "1") -> Range:
    return Range(low=low, high=high, unit=unit, basis="judgement", source="judgement: test world")


PRIORS = {
    "density.SHA": prior(60, 600, "1/km2"),
    "density.CHA": prior(100, 1500, "1/km2"),
    "density.released": prior(60, 600, "1/km2"),
    "density.background": prior(1e-7, 1e-6, "1/km2"),
    "exists.SHA": prior(0.1, 0.7),
    "exists.CHA": prior(0.6, 0.95),
    "exists.released": prior(0.1, 0.7),
    "clump_shape": prior(0.2, 2.0, "ratio"),
    "clump_shape.deposits": prior(0.5, 10.0, "ratio"),
    "deposit_factor": prior(0.5, 2.0, "ratio"),
}


def source(num: int, layer: str) -> Provenance:
    return Provenance(layer=np.full(num, layer), row=np.arange(1, num + 1))


def areas(shapes, kinds, types, start=D0, end=D0 + 60.0, status="open") -> HazardAreas:
    num = len(shapes)
    return HazardAreas(
        id=np.array([f"area {i}" for i in range(num)]),
        geometry=np.array(shapes, dtype=object),
        hazard_class=np.array(kinds),
        status=np.full(num, status),
        types=tuple(types),
        start_day=np.full(num, start),
        end_day=np.full(num, end),
        reported_area_m2=np.full(num, np.nan),
        source=source(num, "areas"),
    )


def searches(shapes, methods, days, coverage, known) -> Searches:
    num = len(shapes)
    return Searches(
        id=np.array([f"search {i}" for i in range(num)], dtype=str),
        geometry=np.array(shapes, dtype=object),
        method=np.array(methods, dtype=str),
        start_day=np.array(days, float),
        end_day=np.array(days, float),
        coverage=np.array(coverage, float),
        items_found=np.where(known, 0.0, np.nan) if num else np.zeros(0),
        is_complete=np.array(known, bool),
        type=np.full(num, ""),
        source=source(num, "searches"),
    )


def events(shapes=(), **given) -> Events:
    """Finds of one PMN each, at exact places and unknown days, save for the columns given."""
    num = len(shapes)
    columns = {
        "id": np.array([f"e{i}" for i in range(num)], dtype=str),
        "geometry": np.array(shapes, dtype=object),
        "precision_m": np.zeros(num),
        "kind": np.full(num, "find"),
        "type": np.full(num, "PMN"),
        "num_items": np.ones(num),
        "day": np.full(num, np.nan),
        "search_id": np.full(num, ""),
        "source": source(num, "events"),
    }
    columns |= {name: np.broadcast_to(np.asarray(value), (num,)).copy() for name, value in given.items()}
    return Events(**columns)


def deposits(shapes=(), types=(), low=(), high=(), day=D0, settings=None) -> Deposits:
    num = len(shapes)
    return Deposits(
        id=np.array([f"deposit {i}" for i in range(num)], dtype=str),
        geometry=np.array(shapes, dtype=object),
        type=np.array(types, dtype=str),
        setting=np.array(settings or [""] * num, dtype=str),
        kind=np.full(num, "remotely_delivered"),
        quantity_low=np.array(low, float),
        quantity_high=np.array(high, float),
        start_day=np.full(num, day),
        end_day=np.full(num, day),
        source=source(num, "deposits"),
    )


def case_of(area_table, search_table, deposit_table=None, **options) -> Case:
    base = Case(
        name="world",
        as_of=dt.date(2023, 6, 1),
        dates=(dt.date(2023, 6, 1), dt.date(2033, 6, 1)),
        crs="EPSG:32636",
        grid=GridSpec(cell_m=50.0, block_m=100.0, around_m=0.0),
        catalogue=load_catalogue(),
        areas=area_table,
        searches=search_table,
        events=events(),
        deposits=deposit_table or deposits(),
        districts=Districts(name=np.zeros(0, dtype=str), geometry=np.zeros(0, object), source=source(0, "")),
        policy=Policy(name="test", p_any_armed_max=0.05),
        priors=PRIORS,
        num_draws=400,
        seed=1,
        default_types=("PMN",),
    )
    return replace(base, **options)


def world(rng: np.random.Generator) -> Case:
    """A design drawn at random: a dozen areas, overlapping searches, a deposit of non-persistent mines."""
    shapes, kinds, types = [], [], []
    for i in range(14):
        x, y = 900.0 * (i % 4) + rng.uniform(0, 150), 900.0 * (i // 4) + rng.uniform(0, 150)
        w, h = rng.uniform(150, 450, 2)
        shapes.append(shapely.affinity.rotate(shapely.box(x, y, x + w, y + h), rng.uniform(0, 60)))
        kinds.append(["SHA", "CHA", "SHA", "released"][i % 4])
        types.append([("PMN",), ("PMN", "PFM-1S"), ("PMN",), ("PMN",)][i % 4])
    sweeps, methods, days, cover, known = [], [], [], [], []
    for i, shape in enumerate(shapes):
        if kinds[i] == "released" or rng.random() < 0.5:
            x0, y0, x1, y1 = shape.bounds
            reach = 1.0 if kinds[i] == "released" else rng.uniform(0.3, 1.0)
            sweeps.append(shapely.intersection(shape, shapely.box(x0, y0, x0 + reach * (x1 - x0), y1)))
            methods.append("manual detector")
            days.append(float(np.round(D0 + rng.uniform(90, 400))))
            cover.append(float(rng.choice([1.0, 0.5])))
            known.append(bool(rng.random() < 0.85))
        if rng.random() < 0.3:
            sweeps.append(shape.buffer(20).intersection(shape.centroid.buffer(150)))
            methods.append("dogs")
            days.append(float(np.round(D0 + rng.uniform(90, 400))))
            cover.append(0.8)
            known.append(True)
    drop = shapely.Point(1400, 4200).buffer(220)
    sweeps.append(shapely.box(1200, 4000, 1450, 4400))
    methods.append("manual detector")
    days.append(D0 + 200.0)
    cover.append(1.0)
    known.append(True)
    return case_of(
        areas(shapes, kinds, types),
        searches(sweeps, methods, days, cover, known),
        deposits([drop], ["PFM-1S"], [150.0], [300.0]),
    )
