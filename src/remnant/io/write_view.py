"""The files behind the map application, as a folder inside a result."""

from __future__ import annotations

import json
import math
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from remnant.assessment import RESULT_STATES
from remnant.decide import Worked
from remnant.field import GroundDraws, LeftInAreas, Summary
from remnant.io.cell_levels import CellLevel, levels_of, write_levels
from remnant.io.codes import HIGHEST, LOWEST, coded
from remnant.io.write_tables import plain, records
from remnant.releasing import HeldDraws
from remnant.viewing import View

VIEW_FOLDER = "map"
"""Name of the folder inside a result."""
VIEW_FORMAT = "remnant-map/2"
METRICS = ("mean", "q05", "q95", "p_any")
VIEW_FILES = {
    "about": "map.json",
    "areas": "areas.json",
    "area_values": "areas.values",
    "shapes": "areas.parquet",
    "levels": "cells.levels.npz",
    "cell_values": "cells.values",
    "why": "why.sqlite",
    "draws": "areas.draws.npz",
    "ground": "cells.draws.npz",
    "area_tiles": "areas.pmtiles",
    "record_tiles": "records.pmtiles",
    "record_shapes": "records.parquet",
    "shared_record_tiles": "records-shared.pmtiles",
}
_WEB, _LONLAT = "EPSG:3857", "EPSG:4326"
_MOST_ZOOM = 14
_MOST_IN_TILE = 1_000
WITHHELD = ("accident",)
"""Kinds of records that are left out of what is shared, unless they are named: accidents tell of people."""
_AREA_COLUMNS = (
    "area_id", "hazard_class", "status", "types", "layer", "row", "area_m2", "place_known", "searched_share",
    "num_found", "p_exists", "verdict", "reasons", "search_m2",
)  # fmt: skip


def write_view(view: View, folder: Path, *, progress: Callable[[float], None] | None = None) -> None:
    """Write what the map application reads into a new folder; the caller makes it appear whole.

    Parameters
    ----------
    view
        What is to be shown.
    folder
        It is created.
    progress
        Called with the share done.
    """
    tell = progress or (lambda _: None)
    folder.mkdir()
    at = {name: folder / file for name, file in VIEW_FILES.items()}
    areas = view.assessment.areas
    shapes = gpd.GeoDataFrame(
        {"i": np.arange(len(areas))}, geometry=areas.geometry.values, crs=view.assessment.crs
    )
    _write_json(at["about"], _about(view, shapes))
    _write_json(at["areas"], _area_table(view, shapes))
    at["area_values"].write_bytes(_by_state(view.areas).tobytes())
    tell(0.2)
    order = np.lexsort((view.assessment.cells["col"].to_numpy(), view.assessment.cells["row"].to_numpy()))
    _write_cells(view, order, at["cell_values"])
    write_levels(_levels(view, order), at["levels"])
    tell(0.4)
    shapes.to_crs(_WEB).to_parquet(at["shapes"], compression="zstd")
    _write_why(view, at["why"])
    _write_draws(view.held, at["draws"])
    _write_ground(view.ground, order, at["ground"])
    tell(0.5)
    _write_tiles(shapes, at["area_tiles"], "areas")
    tell(0.8)
    placed = view.records.assign(i=np.arange(len(view.records)))[["i", "kind", "geometry"]]
    _write_tiles(placed, at["record_tiles"], "records")
    is_withheld = placed["kind"].isin(WITHHELD)
    if is_withheld.any():
        _write_tiles(placed[~is_withheld], at["shared_record_tiles"], "records")
    _write_records(view.records, at["record_shapes"])
    tell(1.0)


def _by_state(values: Summary) -> np.ndarray:
    """(4 states, 4 metrics, n_dates, n) codes."""
    return np.stack([coded(getattr(values, name)).transpose(1, 0, 2) for name in METRICS], axis=1)


def _write_cells(view: View, order: np.ndarray, path: Path) -> None:
    """Codes (4 states, 4 metrics, n_cells, n_dates), cells in the order of rows and columns."""
    with path.open("wb") as file:
        for k in range(len(RESULT_STATES)):
            for name in METRICS:
                codes = coded(getattr(view.cells, name)[:, k])
                file.write(np.ascontiguousarray(codes[:, order].T).tobytes())


def _levels(view: View, order: np.ndarray) -> tuple[CellLevel, ...]:
    """Squares of all sizes; the cell that holds most explosive items on the first day stands for each."""
    cells = view.assessment.cells
    row, col = (cells[name].to_numpy()[order].astype(np.int64) for name in ("row", "col"))
    return levels_of(cells.attrs, row, col, coded(view.cells.mean[0, 3][order]))


def _about(view: View, shapes: gpd.GeoDataFrame) -> dict[str, Any]:
    """All that the page needs before it draws anything."""
    result, attributes = view.assessment, view.assessment.cells.attrs
    return {
        "format": VIEW_FORMAT,
        "name": result.name,
        "as_of": result.as_of.isoformat(),
        "asked_dates": [d.isoformat() for d in result.dates],
        "dates": [d.isoformat() for d in view.dates],
        "states": RESULT_STATES,
        "metrics": METRICS,
        "code_log10": [LOWEST, HIGHEST],
        "num_areas": len(result.areas),
        "num_cells": int(result.cells.sizes["cell"]),
        "num_records": len(view.records),
        "num_withheld": int(view.records["kind"].isin(WITHHELD).sum()),
        "cell_m": result.grid.cell_m,
        "grid": {name: attributes[name] for name in ("left_m", "top_m", "cell_m", "num_rows", "num_cols")},
        "crs": result.crs,
        "bounds": _bounds(shapes, view),
        "totals": records(result.total_results),
        "curve": records(result.curve),
        "policy": _policy(view),
        "judgements": list(result.judgements),
        "findings": records(result.findings),
        "provenance": plain(result.provenance),
        "has_release": view.release is not None,
        "release_notes": list(view.release.notes) if view.release else [],
    }


def _policy(view: View) -> dict[str, Any]:
    policy = view.assessment.policy
    return {
        "p_any_armed_max": policy.p_any_armed_max,
        "p_any_explosive_max": policy.p_any_explosive_max,
        "density_q95_max_per_km2": dict(policy.density_q95_max_per_km2),
        "individual_risk_max_per_year": policy.individual_risk_max_per_year,
        "activity": policy.activity,
    }


def _bounds(shapes: gpd.GeoDataFrame, view: View) -> list[float]:
    """West, south, east, north of all that has a place; the whole world where nothing has. [degrees]"""
    west, south, east, north = math.inf, math.inf, -math.inf, -math.inf
    for frame in (shapes, view.records):
        placed = frame[frame.geometry.notna()]
        if len(placed):
            w, s, e, n = placed.to_crs(_LONLAT).total_bounds.tolist()
            west, south, east, north = min(west, w), min(south, s), max(east, e), max(north, n)
    return [-180.0, -60.0, 180.0, 75.0] if west > east else [west, south, east, north]


def _area_table(view: View, shapes: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Columns of the table of areas, with the box of each in degrees."""
    areas = view.assessment.areas
    table: dict[str, list[Any]] = {name: _column(areas[name]) for name in _AREA_COLUMNS}
    box = shapes.geometry.to_crs(_LONLAT).bounds
    for name, column in zip(
        ("west", "south", "east", "north"), ("minx", "miny", "maxx", "maxy"), strict=True
    ):
        table[name] = _column(box[column].round(6))
    release = view.release
    if release is not None:
        told = release.tables["areas"]
        for name in ("deciding", "missing_evidence", "to_fetch", "wait_until", "search_method"):
            table[name] = _column(told[name])
    return table


def _write_draws(held: HeldDraws, path: Path) -> None:
    """Draws of areas, in half the bytes: their noise is far larger."""
    left, worked = held.left, held.worked
    numbers = {n: getattr(left, n).astype(np.float32) for n in ("exists", "p_any", "mean", "variance")}
    np.savez(
        path, num_areas=held.num_areas, area=left.area, area_m2=held.area_m2, activities=np.array(held.activities),
        swept_m2=held.swept_m2, p_functions=held.p_functions, **numbers,
        **{f"worked_{n}": getattr(worked, n) for n in Worked.__dataclass_fields__},
    )  # fmt: skip


def _write_ground(held: GroundDraws, order: np.ndarray, path: Path) -> None:
    """Draws of cells, with the cells in the order of the map."""
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    cell = place[held.cell]
    rows = np.argsort(cell, kind="stable")
    pieces = {n: getattr(held, n)[rows] for n in ("unit", "history", "ground")}
    draws = {n: getattr(held, n).astype(np.float32) for n in ("shape", "scale", "exists", "left")}
    np.savez(path, cell=cell[rows], unit_source=held.unit_source, **pieces, **draws)


def read_ground(path: Path) -> GroundDraws:
    """The draws of cells that a map folder holds."""
    with np.load(path, allow_pickle=False) as file:
        whole = {n: file[n] for n in ("cell", "unit", "history", "ground", "unit_source")}
        return GroundDraws(
            **whole, **{n: file[n].astype(np.float64) for n in ("shape", "scale", "exists", "left")}
        )


def read_draws(path: Path) -> HeldDraws:
    """The draws that a map folder holds."""
    with np.load(path, allow_pickle=False) as file:
        return HeldDraws(
            num_areas=int(file["num_areas"]),
            left=LeftInAreas(
                area=file["area"],
                **{n: file[n].astype(np.float64) for n in ("exists", "p_any", "mean", "variance")},
            ),
            area_m2=file["area_m2"],
            worked=Worked(**{n: file[f"worked_{n}"] for n in Worked.__dataclass_fields__}),
            activities=tuple(file["activities"].tolist()),
            swept_m2=file["swept_m2"],
            p_functions=file["p_functions"],
        )


def _write_why(view: View, path: Path) -> None:
    """One row per area: records that touch it, their weights, and how each criterion stands."""
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE why (i INTEGER PRIMARY KEY, told TEXT NOT NULL)")
        base.executemany("INSERT INTO why VALUES (?, ?)", _why_rows(view))
        base.execute("CREATE TABLE records (i INTEGER PRIMARY KEY, told TEXT NOT NULL)")
        rows = records(pd.DataFrame(view.records.drop(columns="geometry")))
        base.executemany("INSERT INTO records VALUES (?, ?)", ((i, _json(r)) for i, r in enumerate(rows)))
        base.commit()
        base.execute("VACUUM")
    base.close()


def _why_rows(view: View) -> Iterator[tuple[int, str]]:
    touching = {a: rows["record"].tolist() for a, rows in view.touching.groupby("area")}
    weights, criteria, methods = (_by_area(view, name) for name in ("records", "criteria", "methods"))
    for a, name in enumerate(view.assessment.areas["area_id"]):
        told = {
            "touching": touching.get(a, []),
            "weights": weights.get(name, []),
            "criteria": criteria.get(name, []),
            "methods": methods.get(name, []),
        }
        yield a, _json(told)


def _by_area(view: View, table: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of a table of the release answer by name of the area; none without one."""
    if view.release is None:
        return {}
    groups = view.release.tables[table].groupby("area_id", sort=False)
    return {str(name): records(rows.drop(columns="area_id")) for name, rows in groups}


def _write_records(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Records with their shapes as they are, for those who ask for more than a picture."""
    plainly = {name: _column(frame[name]) for name in frame.columns if name != "geometry"}
    out = gpd.GeoDataFrame(plainly, geometry=frame.geometry.to_crs(_WEB).to_numpy(), crs=_WEB)
    out.to_parquet(path, compression="zstd")


def _write_tiles(frame: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    placed = frame[frame.geometry.notna() & ~frame.geometry.is_empty].to_crs(_LONLAT)
    if placed.empty:
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="At least one tile exceeded")  # then GDAL thins that tile
        placed.to_file(path, driver="PMTiles", layer=layer, MINZOOM=_least_zoom(placed), MAXZOOM=_MOST_ZOOM)


def _least_zoom(placed: gpd.GeoDataFrame) -> int:
    """Zoom from which shapes are drawn one by one: more of them in one tile would only be in each other's way."""
    west, south, east, north = placed.total_bounds.tolist()
    across = np.sqrt(len(placed) / _MOST_IN_TILE)  # tiles side by side that hold them all
    side = max(max(east - west, 1.5 * (north - south)) / max(across, 1e-9), 1e-6)
    return int(np.clip(np.ceil(np.log2(360.0 / side)), 4, _MOST_ZOOM - 2)) if across > 1.0 else 4


def _column(values: pd.Series) -> list[Any]:
    return [plain(v) for v in values.tolist()]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _write_json(path: Path, value: object) -> None:
    path.write_text(_json(value), encoding="utf-8", newline="\n")
