"""A realistic made-up `Assessment`, for the tests of writers and report. Every number here is invented."""

from __future__ import annotations

import dataclasses
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from remnant.assessment import RESULT_STATES, Assessment
from remnant.evidence import GridSpec, Policy
from remnant.field import FieldMaps, Told

AS_OF = dt.date(2026, 11, 22)
DATES = (AS_OF, dt.date(2027, 11, 22), dt.date(2036, 11, 22))
CRS = "EPSG:32633"
CELL_M = 50.0
LEFT_M, TOP_M = 512_300.0, 4_921_650.0
NUM_ROWS, NUM_COLS = 240, 300
SHARE = {"armed": 0.35, "expired": 0.15, "dud": 0.5, "explosive": 1.0}
FADE = {"armed": 0.93, "expired": 1.01, "dud": 1.0, "explosive": 0.975}  # per year


def assessment(*, num_areas: int = 30, seed: int = 7, name: str = "Example valley") -> Assessment:
    """Areas (two of unknown place), three dates, about 5,000 cells, unknown results as NaN."""
    rng = np.random.default_rng(seed)
    areas, level = _areas(num_areas, rng)
    return Assessment(
        name=name,
        as_of=AS_OF,
        dates=DATES,
        crs=CRS,
        grid=GridSpec(cell_m=CELL_M, block_m=200.0, around_m=300.0),
        policy=Policy(
            name="Example policy 2026", p_any_armed_max=0.05, density_q95_max_per_km2={"explosive": 40.0}
        ),
        areas=areas,
        area_results=_long({"area": np.arange(num_areas)}, level, areas["area_m2"].to_numpy()),
        districts=gpd.GeoDataFrame(
            {"district": ["Donja", "Gornja", "Srednja"]},
            geometry=list(shapely.box([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [1.0, 2.0, 3.0])),
            crs=CRS,
        ).iloc[:0],
        district_results=_long({"district": np.array(["Donja", "Gornja", "Srednja"])}, level[:3] * 8.0, None),
        total_results=_long(
            {"scope": np.array(["all", "deposits", "hazard areas", "outside hazard areas", "place unknown"])},
            np.array([np.nansum(level) + 9.0, 12.0, np.nansum(level[:-2]), 9.0, np.nansum(level[-2:])]),
            None,
        ),
        curve=_curve(float(np.nansum(level)) + 9.0),
        cells=_cells(areas, level, rng),
        parameters=_parameters(),
        findings=_findings(),
        provenance={
            "version": "0.1.0.dev0",
            "seed": 1,
            "num_draws": 1000,
            "inputs": {"areas.gpkg": "ab" * 32, "searches.csv": "cd" * 32},
            "catalogue_sha256": "ef" * 32,
            "licences": ["Example mine-action centre: CC-BY-4.0"],
        },
        judgements=(
            "The prior density of suspected areas (density.SHA) rests on judgement.",
            "How often the PMN fails to function after 30 years rests on judgement.",
        ),
    )


def _areas(n: int, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    geometry: list[BaseGeometry | None] = []
    for k in range(n):
        x = LEFT_M + 900 + (k % 6) * 2300 + rng.uniform(-500, 500)
        y = TOP_M - 1100 - (k // 6 % 5) * 2200 + rng.uniform(-500, 500)
        angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radius = rng.uniform(220, 620) * rng.uniform(0.6, 1.0, 9)
        geometry.append(Polygon(np.c_[x + radius * np.cos(angle), y + radius * np.sin(angle)]).buffer(20))
    geometry[-2:] = [None, None]
    level = np.round(10 ** rng.uniform(-2.5, 2.2, n), 4)
    level[4] = np.nan
    classes = np.where(rng.random(n) < 0.3, "CHA", "SHA")
    verdicts = np.select(
        [np.isnan(level), level < 0.1, level > 2.0],
        ["cannot tell: survey", "meets", "does not meet"],
        "cannot tell: survey",
    )
    reasons = {
        "meets": "P(any armed) is at most 3 %, the policy allows 5 %.",
        "does not meet": "P(any armed) is at least 60 %, the policy allows 5 %.",
        "cannot tell: survey": "The interval straddles the limit of 5 %; nobody has searched here.",
    }
    frame = gpd.GeoDataFrame(
        {
            "area_id": [f"HA-{k + 1:04d}" for k in range(n)],
            "hazard_class": classes,
            "status": np.where(np.arange(n) % 9 == 8, "released", "open"),
            "types": np.where(rng.random(n) < 0.5, "PMA-2; PROM-1", "PMN"),
            "layer": "areas",
            "row": np.arange(1, n + 1),
            "area_m2": [g.area if g is not None else 51_234.0 for g in geometry],
            "place_known": [g is not None for g in geometry],
            "searched_share": np.round(rng.uniform(0, 0.9, n), 3),
            "num_found": np.floor(rng.exponential(2.0, n)),
            "p_exists": np.round(rng.uniform(0.02, 0.98, n), 3),
            "verdict": verdicts,
            "reasons": [reasons[v] for v in verdicts],
            "search_m2": np.where(verdicts == "cannot tell: survey", 12_345.6, np.nan),
        },
        geometry=geometry,
        crs=CRS,
    )
    frame.loc[1, "area_id"] = '=HYPERLINK("http://example.org","open me")'
    frame.loc[2, "reasons"] = "<script>alert('x')</script> & a very " + "long " * 30 + "reason."
    return frame, level


def _long(keys: dict[str, np.ndarray], level: np.ndarray, area_m2: np.ndarray | None) -> pd.DataFrame:
    parts = []
    for date in DATES:
        years = (date - AS_OF).days / 365.25
        for state in RESULT_STATES:
            mean = level * SHARE[state] * FADE[state] ** years
            part = pd.DataFrame(keys)
            part["date"] = date
            part["state"] = state
            part["is_forecast"] = date > AS_OF
            part["mean"] = mean
            part["q05"] = np.floor(mean * 0.4)
            part["q95"] = np.ceil(mean * 2.6)
            part["p_any"] = 1 - np.exp(-mean)
            if area_m2 is not None:
                part["density_q95_per_km2"] = part["q95"] / (area_m2 / 1e6)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _curve(total: float) -> pd.DataFrame:
    rows = []
    for years in np.r_[0.0, np.geomspace(0.02, 30, 24)]:
        date = AS_OF + dt.timedelta(days=round(years * 365.25))
        for state in RESULT_STATES:
            mean = total * SHARE[state] * FADE[state] ** years
            rows.append(
                {
                    "date": date,
                    "state": state,
                    "is_forecast": date > AS_OF,
                    "mean": mean,
                    "q05": np.floor(mean * 0.4),
                    "q95": np.ceil(mean * 2.6),
                    "p_any": 1 - np.exp(-mean),
                }
            )
    return pd.DataFrame(rows)


def _cells(areas: gpd.GeoDataFrame, level: np.ndarray, rng: np.random.Generator) -> xr.Dataset:
    row, col = np.divmod(np.arange(NUM_ROWS * NUM_COLS), NUM_COLS)
    x, y = LEFT_M + (col + 0.5) * CELL_M, TOP_M - (row + 0.5) * CELL_M
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=CRS)
    around = gpd.GeoDataFrame(
        {"area": np.flatnonzero(areas["place_known"])}, geometry=areas.geometry.dropna().to_list(), crs=CRS
    )
    inside = points.sjoin(around, predicate="within").groupby(level=0)["area"].first()
    near = (
        points.sjoin(around.assign(geometry=around.buffer(120)), predicate="within")
        .index.unique()
        .sort_values()
    )
    area = inside.reindex(near).fillna(-1).astype(int).to_numpy()
    size = np.bincount(area[area >= 0], minlength=len(areas))
    share = np.where(area >= 0, level[area] / np.maximum(size[area], 1), 2e-4)
    base = share * rng.gamma(0.6, 1 / 0.6, near.size)
    mean = np.stack(
        [[base * SHARE[s] * FADE[s] ** ((d - AS_OF).days / 365.25) for s in RESULT_STATES] for d in DATES]
    )
    dims = ("date", "state", "cell")
    items = {"units": "items per cell"}
    return xr.Dataset(
        {
            "mean": (dims, mean, {**items, "long_name": "expected items"}),
            "q05": (dims, np.floor(mean * 0.4), {**items, "long_name": "5 % point of items"}),
            "q95": (dims, np.ceil(mean * 2.6), {**items, "long_name": "95 % point of items"}),
            "p_any": (dims, 1 - np.exp(-mean), {"units": "1", "long_name": "chance of at least one item"}),
            "row": ("cell", row[near], {"units": "1", "long_name": "grid row from the north"}),
            "col": ("cell", col[near], {"units": "1", "long_name": "grid column from the west"}),
            "area": ("cell", area, {"units": "1", "long_name": "hazard area"}),
            "searched_share": (
                "cell",
                np.round(rng.uniform(0, 1, near.size), 3),
                {"units": "1", "long_name": "searched"},
            ),
        },
        coords={"date": np.array(DATES, dtype="datetime64[ns]"), "state": list(RESULT_STATES)},
        attrs={
            "crs": CRS,
            "cell_m": CELL_M,
            "left_m": LEFT_M,
            "top_m": TOP_M,
            "num_rows": NUM_ROWS,
            "num_cols": NUM_COLS,
        },
    )


def _parameters() -> pd.DataFrame:
    columns = "name title unit prior_q05 prior_mean prior_q95 posterior_q05 posterior_mean posterior_q95 basis source"
    rows = [
        ("density.SHA", "Items where a suspected area holds any", "1/km2", 5.0, 60.0, 200.0, 8.0, 41.0, 99.0,
         "judgement", "our wide range"),
        ("exists.SHA", "Chance that a suspected area holds anything", "1", 0.05, 0.3, 0.6, 0.1, 0.21, 0.33,
         "second_hand", "Example report 2019, p. 4"),
        ("p_detect.manual", "Manual detector, chance to find an item", "1", 0.7, 0.85, 0.97, 0.72, 0.86, 0.96,
         "published", "Example trial 2003, table 2"),
        ("PMN.p_arms", "PMN: share that arms", "1", 0.9, 0.96, 0.99, np.nan, np.nan, np.nan, "weak", "anonymous list"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns.split())


def _findings() -> pd.DataFrame:
    columns = ["severity", "code", "count", "file", "layer", "row", "asked", "came", "todo"]
    rows = [
        ("warning", "null-geometry", 2, "areas.gpkg", "areas", 29.0, "a polygon", "nothing", "draw the area"),
        (
            "warning",
            "exact-duplicate",
            1,
            "events.csv",
            "events",
            4.0,
            "one row per event",
            "a copy of row 3",
            "check",
        ),
        (
            "note",
            "repaired-geometry",
            5,
            "areas.gpkg",
            "areas",
            np.nan,
            "a valid polygon",
            "a bow tie",
            "nothing to do",
        ),
        ("note", "=cmd|calc", 1, "+file.csv", "-x", 1.0, "@plain text", "=1+1", "nothing to do"),
    ]
    return pd.DataFrame(rows, columns=columns)


def empty() -> Assessment:
    """A case with nothing in it: no areas, no cells, no findings, one date."""
    full = assessment(num_areas=6)
    return dataclasses.replace(
        full,
        dates=(AS_OF,),
        areas=full.areas.iloc[:0],
        area_results=full.area_results.iloc[:0],
        district_results=full.district_results.iloc[:0],
        total_results=full.total_results[full.total_results["date"] == AS_OF],
        curve=full.curve.iloc[:0],
        cells=full.cells.isel(cell=slice(0, 0), date=slice(0, 1)),
        findings=full.findings.iloc[:0],
        parameters=full.parameters.iloc[:0],
        judgements=(),
    )


def with_field(*, names: tuple[str, ...] = ("",), all_untold: bool = False) -> Assessment:
    """The same with a density field and what drives each area."""
    plain = assessment()
    num = len(plain.areas)
    pixel, rows, cols = 400.0, 34, 40
    y, x = np.indices((rows, cols)) / rows
    hill = np.stack([np.sin(4.0 * x + k) * np.cos(5.0 * y) for k in range(len(names))])
    sd = np.stack([0.3 + 0.7 * np.clip(x, 0.0, 1.0)] * len(names))
    hill[:, :2, :3] = np.nan
    untold = np.full(num, all_untold) | (np.arange(num) % 3 == 0)
    placed = plain.areas["place_known"].to_numpy(dtype=bool)
    untold &= placed
    log = np.column_stack(
        [np.linspace(-1.0, 1.0, num), np.linspace(-2.0, 0.0, num), np.linspace(0.0, 2.0, num)]
    )
    log[~placed] = np.nan
    size = plain.areas["area_m2"].to_numpy()
    maps = FieldMaps(
        left_m=LEFT_M, top_m=TOP_M, pixel_m=pixel, names=names, mean=hill, sd=sd, free_sd=np.full_like(sd, 0.95),
        area_untold=untold, area_placed=placed, area_log=log, untold_m2=float(size[untold].sum()),
        placed_m2=float(size[placed].sum()),
        told=(
            Told(kind="range", name="", base="", prior_low=1, prior_high=50, low=4, middle=7, high=12),
            Told(kind="spread", name="", base="", prior_low=2, prior_high=20, low=2.1, middle=6.0, high=19.0),
            Told(kind="distance", name="the front", base="", prior_low=0.8, prior_high=6, low=1.2, middle=2, high=3.5),
            Told(
                kind="category", name="<i>wood", base="open", prior_low=0.5, prior_high=2, low=0.4, middle=0.5, high=0.8
            ),
            Told(kind="number", name="slope", base="", prior_low=0.5, prior_high=2, low=0.7, middle=1.02, high=1.4),
        ),
    )  # fmt: skip
    influence = pd.DataFrame(
        [
            (0, 0, "all", "", -1, 2.0, 4.0, 0.5, False),
            (0, 0, "elsewhere", "", -1, 5.0, 4.0, 1.25, False),
            (0, 0, "own", "own", 0, 2.0, 5.0, 0.4, False),
            (0, 1, "searched", "own", 0, 2.0, 5.0, 0.4, False),
            (0, 2, "found", "hazard area", 5, 2.0, 1.6, 1.25, True),
            (0, 3, "met", "deliveries of PFM-1S", -1, 2.0, np.nan, np.nan, True),
            (3, 0, "all", "", -1, 3.0, 3.1, 0.97, False),
            (3, 0, "elsewhere", "", -1, 3.0, 3.1, 0.97, False),
            (6, 0, "all", "", -1, 3.0, 1.0, 3.0, False),
            (6, 0, "elsewhere", "", -1, 3.0, 1.0, 3.0, False),
        ],
        columns=[
            "area", "rank", "evidence", "whose", "from_area", "mean_with", "mean_without", "factor", "is_rough",
        ],
    )  # fmt: skip
    return dataclasses.replace(
        plain, areas=plain.areas.assign(**maps.by_area), field=maps, influence=influence
    )
