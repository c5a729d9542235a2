"""Makes the records of the shipped example from a simulated truth: `python examples/valley/make_valley.py`.

The valley is fictional and lies in the middle of a sea, so that nobody takes it for a place. What is in its ground was
drawn from the model's own priors with the seed below; the records are what such a programme would hold.
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
from remnant.simulate import Truth, simulate_case
from remnant.units import date_of, day_number

HERE = Path(__file__).parent
SEED = 2026
AS_OF = dt.date(2026, 6, 30)
CRS = "EPSG:32636"
LEFT_M, BOTTOM_M, WIDTH_M, HEIGHT_M = 580_000.0, 4_765_000.0, 12_000.0, 9_000.0
_DELIVERED = (dt.date(2022, 8, 3), dt.date(2023, 7, 20), dt.date(2026, 6, 21))
WAR = (day_number(dt.date(2022, 3, 10)), day_number(dt.date(2022, 11, 20)))


def _source(num: int, layer: str) -> Provenance:
    return Provenance(layer=np.full(num, layer), row=np.arange(1, num + 1))


def _prior(low: float, high: float, unit: str) -> Range:
    return Range(
        low=low, high=high, unit=unit, basis="judgement", source="judgement: for the simulated truth only"
    )


def _blob(x_m: float, y_m: float, size_m: float, rng: np.random.Generator) -> shapely.Polygon:
    """An outline as a survey team would walk it."""
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, 11))
    reach = size_m * rng.uniform(0.6, 1.2, 11)
    stretch = rng.uniform(0.5, 1.0)
    ring = np.column_stack([x_m + reach * np.cos(angle), y_m + stretch * reach * np.sin(angle)])
    return shapely.make_valid(shapely.Polygon(ring.round(1))).convex_hull


def _design(rng: np.random.Generator) -> Case:
    """Areas along a front line across the valley, searches where teams could work, three recorded deliveries."""
    shapes, kinds, status, types = [], [], [], []
    while len(shapes) < 64:
        x = rng.uniform(600.0, WIDTH_M - 600.0)
        front = 0.5 * HEIGHT_M + 1500.0 * np.sin(x / 2500.0)
        y = float(np.clip(front + rng.normal(0.0, 1300.0), 500.0, HEIGHT_M - 500.0))
        shape = _blob(LEFT_M + x, BOTTOM_M + y, rng.uniform(90.0, 330.0), rng)
        if any(shapely.intersects(shape, other) for other in shapes):
            continue
        shapes.append(shape)
        kind = rng.choice(["SHA", "CHA", "released"], p=[0.5, 0.2, 0.3])
        kinds.append(str(kind))
        status.append("released" if kind == "released" else "open")
        types.append(
            ("PMN", "POM-2") if rng.random() < 0.25 else (("TM-62",) if rng.random() < 0.2 else ("PMN",))
        )
    areas = HazardAreas(
        id=np.array([f"HA-{i + 1:03d}" for i in range(len(shapes))]),
        geometry=np.array(shapes, dtype=object),
        hazard_class=np.array(kinds),
        status=np.array(status),
        types=tuple(types),
        start_day=np.full(len(shapes), WAR[0]),
        end_day=np.full(len(shapes), WAR[1]),
        reported_area_m2=np.full(len(shapes), np.nan),
        source=_source(len(shapes), "areas"),
    )
    deposits = Deposits(
        id=np.array(["D-1", "D-2", "D-3"]),
        geometry=np.array(
            [
                _blob(LEFT_M + 3200.0, BOTTOM_M + 6900.0, 520.0, rng),
                _blob(LEFT_M + 8900.0, BOTTOM_M + 2100.0, 420.0, rng),
                _blob(LEFT_M + 5600.0, BOTTOM_M + 1500.0, 380.0, rng),
            ],
            dtype=object,
        ),
        type=np.array(["PFM-1S", "M42/M46", "BLU-92/B"]),
        setting=np.array(["", "", "15d"]),
        kind=np.array(["remotely_delivered", "fired", "remotely_delivered"]),
        quantity_low=np.array([432.0, 1400.0, 900.0]),
        quantity_high=np.array([648.0, 2200.0, 1200.0]),
        start_day=np.array([day_number(d) for d in _DELIVERED]),
        end_day=np.array([day_number(d) for d in _DELIVERED]),
        source=_source(3, "deliveries"),
    )
    rows = []
    for a, shape in enumerate(shapes):
        if kinds[a] == "released":
            rows.append((areas.id[a], shape, "manual detector", 1.0, True))
        elif rng.random() < 0.4:
            x0, y0, x1, y1 = shape.bounds
            lane = shapely.intersection(
                shape, shapely.box(x0, y0, x0 + rng.uniform(0.2, 0.6) * (x1 - x0), y1)
            )
            method = str(rng.choice(["technical survey", "dogs", "mechanical"]))
            rows.append((f"TS-{len(rows) + 1:03d}", lane, method, 1.0, True))
    rows.append(
        (
            "BAC-1",
            shapely.intersection(
                deposits.geometry[1], shapely.box(LEFT_M, BOTTOM_M, LEFT_M + 8900.0, BOTTOM_M + HEIGHT_M)
            ),
            "battle area clearance",
            1.0,
            True,
        )
    )
    days = rng.integers(
        int(day_number(dt.date(2023, 9, 1))), int(day_number(dt.date(2026, 5, 31))), len(rows)
    )
    known = np.array([r[4] for r in rows])
    searches = Searches(
        id=np.array([r[0] for r in rows]),
        geometry=np.array([r[1] for r in rows], dtype=object),
        method=np.array([r[2] for r in rows]),
        start_day=days - 20.0,
        end_day=days.astype(float),
        coverage=np.array([r[3] for r in rows]),
        items_found=np.where(known, 0.0, np.nan),
        is_complete=known,
        type=np.full(len(rows), ""),
        source=_source(len(rows), "searches"),
    )
    none, text = np.zeros(0), np.zeros(0, dtype=str)
    return Case(
        name="The valley",
        as_of=AS_OF,
        dates=(AS_OF,),
        crs=CRS,
        grid=GridSpec(cell_m=25.0, block_m=100.0),
        catalogue=load_catalogue(),
        areas=areas,
        searches=searches,
        events=Events(
            id=text,
            geometry=np.zeros(0, object),
            precision_m=none,
            kind=text,
            type=text,
            num_items=none,
            day=none,
            search_id=text,
            source=_source(0, ""),
        ),
        deposits=deposits,
        districts=Districts(name=text, geometry=np.zeros(0, object), source=_source(0, "")),
        priors={
            "density.SHA": _prior(150.0, 900.0, "1/km2"),
            "density.CHA": _prior(500.0, 2500.0, "1/km2"),
            "density.released": _prior(150.0, 900.0, "1/km2"),
            "exists.SHA": _prior(0.1, 0.25, "1"),
            "exists.CHA": _prior(0.75, 0.95, "1"),
            "exists.released": _prior(0.3, 0.5, "1"),
            "clump_shape": _prior(0.2, 0.6, "ratio"),
        },
    )


def _accidents(case: Case, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """A few items met the wrong way before anybody searched, placed as a report would place them."""
    state, _ = truth.items.state_counts(day_number(AS_OF))
    chosen = rng.choice(np.flatnonzero(state == 0), 4, replace=False)
    precision = np.array([50.0, 150.0, 300.0, 100.0])
    noise = rng.standard_normal((2, 4)) * precision / 2.45
    points = gpd.GeoSeries(
        shapely.points(truth.items.x_m[chosen] + noise[0], truth.items.y_m[chosen] + noise[1]), crs=CRS
    ).to_crs("EPSG:4326")
    return pd.DataFrame(
        {
            "Accident ID": [f"ACC-{i + 1}" for i in range(4)],
            "Date": ["17/04/2023", "02/09/2023", "", "28/03/2025"],
            "Latitude": points.y.round(6),
            "Longitude": points.x.round(6),
            "Device": ["PMN" if t == "PMN" else "unknown AP mine" for t in truth.items.type[chosen]],
            "Location accuracy (m)": precision.astype(int),
        }
    )


def main() -> None:
    """Write the records beside this file."""
    rng = np.random.default_rng(SEED)
    design = _design(rng)
    case, truth = simulate_case(design, rng=rng)
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    areas, searches, events = case.areas, case.searches, case.events
    released = areas.status == "released"
    to_search = {str(name): i for i, name in enumerate(searches.id)}
    frame = gpd.GeoDataFrame(
        {
            "hazard_id": areas.id,
            "class": areas.hazard_class,
            "status": np.where(released, "Closed", "Open"),
            "devices": [";".join(t) for t in areas.types],
        },
        geometry=list(areas.geometry),
        crs=CRS,
    )
    # an Excel habit: one area is known by its size alone
    extra = gpd.GeoDataFrame(
        {
            "hazard_id": ["HA-065"],
            "class": ["SHA"],
            "status": ["Open"],
            "devices": ["PMN"],
            "reported_m2": [18_500.0],
        },
        geometry=[None],
        crs=CRS,
    )
    open_areas = pd.concat([frame[~released].assign(reported_m2=frame[~released].area.round(0)), extra])
    for name in ("hazards.gpkg",):
        (data / name).unlink(missing_ok=True)
    open_areas.to_file(data / "hazards.gpkg", layer="hazard_areas", driver="GPKG")
    row = [to_search[str(i)] for i in areas.id[released]]
    done = frame[released].assign(
        method="manual clearance",
        started=[date_of(d) for d in searches.start_day[row]],
        completed=[date_of(d) for d in searches.end_day[row]],
        items_found=searches.items_found[row].astype(int),
    )
    done.to_crs("EPSG:4326").to_file(
        data / "released_areas.geojson", driver="GeoJSON", COORDINATE_PRECISION=6
    )
    surveys = np.array([not str(i).startswith("HA-") for i in searches.id])
    polygons = gpd.GeoSeries(list(searches.geometry[surveys]), crs=CRS)
    pd.DataFrame(
        {
            "task": searches.id[surveys],
            "method": searches.method[surveys],
            "from": [date_of(d) for d in searches.start_day[surveys]],
            "to": [date_of(d) for d in searches.end_day[surveys]],
            "found": searches.items_found[surveys].astype(int),
            "wkt": [shapely.to_wkt(g, rounding_precision=1) for g in polygons],
        }
    ).to_csv(data / "surveys.csv", index=False)
    points = gpd.GeoSeries(list(events.geometry), crs=CRS).to_crs("EPSG:4326")
    pd.DataFrame(
        {
            "find": events.id,
            "task": events.search_id,
            "model": events.type,
            "date": [date_of(d) for d in events.day],
            "lat": points.y.round(7),
            "lon": points.x.round(7),
        }
    ).to_csv(data / "finds.csv", index=False)
    _accidents(case, truth, rng).to_excel(data / "accidents.xlsx", sheet_name="accidents", index=False)
    deliveries = gpd.GeoDataFrame(
        {
            "delivery": case.deposits.id,
            "device": case.deposits.type,
            "setting": case.deposits.setting,
            "kind": case.deposits.kind,
            "low": case.deposits.quantity_low,
            "high": case.deposits.quantity_high,
            "from": [date_of(d).isoformat() for d in case.deposits.start_day],
            "to": [date_of(d).isoformat() for d in case.deposits.end_day],
        },
        geometry=list(case.deposits.geometry),
        crs=CRS,
    )
    deliveries.to_crs("EPSG:4326").to_file(
        data / "deliveries.geojson", driver="GeoJSON", COORDINATE_PRECISION=6
    )
    middle, corner = WIDTH_M / 2.0, (LEFT_M, BOTTOM_M)
    halves = gpd.GeoDataFrame(
        {"district": ["West bank", "East bank"]},
        geometry=[
            shapely.box(corner[0], corner[1], corner[0] + middle, corner[1] + HEIGHT_M),
            shapely.box(corner[0] + middle, corner[1], corner[0] + WIDTH_M, corner[1] + HEIGHT_M),
        ],
        crs=CRS,
    )
    halves.to_crs("EPSG:4326").to_file(data / "districts.geojson", driver="GeoJSON", COORDINATE_PRECISION=6)
    counts = truth.remaining[:, 0].sum(axis=0)
    print(
        f"made with seed {SEED}: {len(events.id)} finds; on {AS_OF} there remain {counts[0]} armed, "
        f"{counts[1]} expired, {counts[2]} dud; {truth.exists.sum()} of {areas.id.size} areas ever held anything"
    )


if __name__ == "__main__":
    main()
