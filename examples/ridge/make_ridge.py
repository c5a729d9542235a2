"""Makes the records of the field example from a simulated truth: `python examples/ridge/make_ridge.py`.

The ridge is fictional and lies in the middle of a sea. How dense its areas were mined varies smoothly over the land and
grows towards the old front line, so that what was found in one place says something about the next.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from remnant.catalogue import Range, load_catalogue
from remnant.evidence import Case, Deposits, Districts, Events, GridSpec, HazardAreas, Provenance, Searches
from remnant.field import field_draws, lattice_over
from remnant.simulate import simulate_case
from remnant.units import Floats, date_of, day_number

HERE = Path(__file__).parent
SEED = 2
AS_OF = dt.date(2026, 6, 30)
CRS = "EPSG:32636"
LEFT_M, BOTTOM_M, WIDTH_M, HEIGHT_M = 560_000.0, 4_790_000.0, 22_000.0, 13_000.0
WAR = (day_number(dt.date(2022, 3, 10)), day_number(dt.date(2022, 11, 20)))
NUM_AREAS = 110
RANGE_M, SPREAD, NEAR_FRONT = 5_000.0, float(np.log(3.0)), 3.0
DENSITY = {"SHA": 350.0, "CHA": 900.0, "released": 350.0}
EXISTS = {"SHA": 0.5, "CHA": 0.9, "released": 0.6}


def _source(num: int, layer: str) -> Provenance:
    return Provenance(layer=np.full(num, layer), row=np.arange(1, num + 1))


def _exactly(value: float, unit: str) -> Range:
    return Range(low=value, high=value, unit=unit, basis="judgement", source="judgement: the simulated truth")


def _blob(x_m: float, y_m: float, size_m: float, rng: np.random.Generator) -> shapely.Polygon:
    """An outline as a survey team would walk it."""
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, 11))
    reach = size_m * rng.uniform(0.6, 1.2, 11)
    ring = np.column_stack([x_m + reach * np.cos(angle), y_m + rng.uniform(0.5, 1.0) * reach * np.sin(angle)])
    return shapely.make_valid(shapely.Polygon(ring.round(1))).convex_hull


def _front() -> shapely.LineString:
    x = np.linspace(0.0, WIDTH_M, 45)
    y = 0.5 * HEIGHT_M + 2200.0 * np.sin(x / 4200.0)
    return shapely.LineString(np.column_stack([LEFT_M + x, BOTTOM_M + y]).round(0))


def _factor(x_m: Floats, y_m: Floats, front: shapely.LineString, rng: np.random.Generator) -> Floats:
    """Density over its average: a smooth field, and more near the front."""
    lattice = lattice_over(x_m, y_m, 500.0, 2000.0)
    field = lattice.interpolation(x_m, y_m) @ field_draws(lattice, RANGE_M, SPREAD, 1, rng=rng)[0]
    away = shapely.distance(shapely.points(x_m, y_m), front)
    near = -np.log(NEAR_FRONT) * (away - away.mean()) / (2.0 * away.std())
    return np.asarray(np.exp(field - field.mean() + near))


def _areas(rng: np.random.Generator) -> tuple[list[shapely.Polygon], list[str]]:
    shapes: list[shapely.Polygon] = []
    kinds: list[str] = []
    while len(shapes) < NUM_AREAS:
        x = rng.uniform(500.0, WIDTH_M - 500.0)
        y = rng.uniform(500.0, HEIGHT_M - 500.0)
        shape = _blob(LEFT_M + x, BOTTOM_M + y, rng.uniform(110.0, 300.0), rng)
        if any(shapely.distance(shape, other) < 50.0 for other in shapes):
            continue
        shapes.append(shape)
        # the programme works from the west; in the far east it has hardly begun
        is_released = rng.random() < (0.6 if x < 0.62 * WIDTH_M else 0.04)
        kinds.append("released" if is_released else ("CHA" if rng.random() < 0.3 else "SHA"))
    return shapes, kinds


def _case(front: shapely.LineString, rng: np.random.Generator) -> tuple[Case, list[str]]:
    """Every area has a class of its own, so that each can have a density of its own in the simulation."""
    shapes, kinds = _areas(rng)
    middle = shapely.centroid(np.array(shapes))
    factor = _factor(shapely.get_x(middle), shapely.get_y(middle), front, rng)
    num = len(shapes)
    worked = [a for a in range(num) if kinds[a] == "released"]
    days = rng.integers(
        int(day_number(dt.date(2023, 9, 1))), int(day_number(dt.date(2026, 5, 31))), len(worked)
    )
    none, text = np.zeros(0), np.zeros(0, dtype=str)
    priors = {"clump_shape": _exactly(0.8, "ratio")}
    for a, kind in enumerate(kinds):
        priors[f"density.{a}"] = _exactly(DENSITY[kind] * float(factor[a]), "1/km2")
        priors[f"exists.{a}"] = _exactly(EXISTS[kind], "1")
    case = Case(
        name="The ridge",
        as_of=AS_OF,
        dates=(AS_OF,),
        crs=CRS,
        grid=GridSpec(cell_m=50.0, block_m=100.0),
        catalogue=load_catalogue(),
        areas=HazardAreas(
            id=np.array([f"R-{i + 1:03d}" for i in range(num)]),
            geometry=np.array(shapes, dtype=object),
            hazard_class=np.array([str(a) for a in range(num)]),
            status=np.array(["released" if k == "released" else "open" for k in kinds]),
            types=(("PMN",),) * num,
            start_day=np.full(num, WAR[0]),
            end_day=np.full(num, WAR[1]),
            reported_area_m2=np.full(num, np.nan),
            source=_source(num, "areas"),
        ),
        searches=Searches(
            id=np.array([f"R-{a + 1:03d}" for a in worked]),
            geometry=np.array([shapes[a] for a in worked], dtype=object),
            method=np.full(len(worked), "manual detector"),
            start_day=days - 20.0,
            end_day=days.astype(float),
            coverage=np.ones(len(worked)),
            items_found=np.zeros(len(worked)),
            is_complete=np.ones(len(worked), np.bool_),
            type=np.full(len(worked), ""),
            source=_source(len(worked), "searches"),
        ),
        events=Events(
            id=text, geometry=np.zeros(0, object), precision_m=none, kind=text, type=text, num_items=none,
            day=none, search_id=text, source=_source(0, ""),
        ),
        deposits=Deposits(
            id=text, geometry=np.zeros(0, object), type=text, setting=text, kind=text, quantity_low=none,
            quantity_high=none, start_day=none, end_day=none, source=_source(0, ""),
        ),
        districts=Districts(name=text, geometry=np.zeros(0, object), source=_source(0, "")),
        priors=priors,
    )  # fmt: skip
    return case, kinds


def main() -> None:
    """Write the records beside this file."""
    rng = np.random.default_rng(SEED)
    front = _front()
    design, kinds = _case(front, rng)
    case, truth = simulate_case(design, rng=rng)
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    kind = np.array(kinds)
    released = kind == "released"
    frame = gpd.GeoDataFrame(
        {"hazard_id": case.areas.id, "class": kind}, geometry=list(case.areas.geometry), crs=CRS
    )
    (data / "hazards.gpkg").unlink(missing_ok=True)
    frame[~released].to_file(data / "hazards.gpkg", layer="hazard_areas", driver="GPKG")
    searches, events = case.searches, case.events
    done = frame[released].assign(
        started=[date_of(d) for d in searches.start_day],
        completed=[date_of(d) for d in searches.end_day],
        items_found=searches.items_found.astype(int),
    )
    done.drop(columns="class").to_crs("EPSG:4326").to_file(
        data / "released_areas.geojson", driver="GeoJSON", COORDINATE_PRECISION=6
    )
    points = gpd.GeoSeries(list(events.geometry), crs=CRS).to_crs("EPSG:4326")
    pd.DataFrame(
        {
            "find": events.id,
            "area": events.search_id,
            "date": [date_of(d) for d in events.day],
            "lat": points.y.round(7),
            "lon": points.x.round(7),
        }
    ).to_csv(data / "finds.csv", index=False)
    line = gpd.GeoDataFrame({"name": ["front line, autumn 2022"]}, geometry=[front], crs=CRS)
    line.to_crs("EPSG:4326").to_file(data / "front.geojson", driver="GeoJSON", COORDINATE_PRECISION=6)
    left = truth.remaining[:-1, 0].sum(axis=1)
    print(
        f"made with seed {SEED}: {released.sum()} released areas, {len(events.id)} finds; on {AS_OF} there remain "
        f"{left.sum()} items, {left[~released].sum()} of them in the {(~released).sum()} open areas"
    )
    places = pd.DataFrame({"hazard_id": case.areas.id, "items_left": left})
    places.to_csv(HERE / "truth.csv", index=False)


if __name__ == "__main__":
    main()
