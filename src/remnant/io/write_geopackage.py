"""Results as one GeoPackage: areas, cells, tables, and the styles to look at them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.io.write_colours import AREA_BREAKS, CELL_BREAKS
from remnant.io.write_layers import PRIVATE, fixed_date, stamp_of, write_features, write_table
from remnant.io.write_styles import LayerStyle, chance_rules, verdict_rules, write_styles
from remnant.io.write_tables import flat, result_tables

MAX_CELLS = 1_000_000
"""Most cells that the layer ``cells`` holds; the rasters hold all."""
_MEASURES = ("mean", "q05", "q95", "p_any", "density_q95_per_km2")
_UNITS = {
    "mean": ("items", "expected number"),
    "q05": ("items", "5 % point of the number"),
    "q95": ("items", "95 % point of the number"),
    "p_any": ("1", "chance of at least one"),
    "density_q95_per_km2": ("1/km2", "95 % point of the number per square kilometre"),
}


def write_geopackage(result: Assessment, path: Path, *, max_cells: int = MAX_CELLS) -> tuple[str, ...]:
    """Write all layers and styles; returns what a reader must know about them (cells left out).

    Parameters
    ----------
    result
        The assessment.
    path
        A file that does not exist yet.
    max_cells
        Above this number only the cells with most expected explosive items go into the layer ``cells``; cells whose
        result is unknown come first. [cells]
    """
    changed = stamp_of(result.as_of)
    cells, notes = _cells_layer(result, max_cells)
    known = result.areas["place_known"].to_numpy(dtype=bool)
    areas = _areas_layer(result)
    with fixed_date(changed):
        words = f"Hazard areas with results per date and state. {PRIVATE}"
        write_features(areas[known], path, "areas", words, kind="MultiPolygon")
        words = " ".join([f"Grid cells with results. {PRIVATE}", *notes])
        write_features(cells, path, "cells", words, kind="Polygon")
        unknown = pd.DataFrame(areas[~known].drop(columns="geometry"))
        write_table(unknown, path, "areas_unknown_place", "Hazard areas whose place nobody recorded")
        tables = result_tables(result)
        if len(tables["districts"]):
            write_table(tables["districts"], path, "districts", "Results per district")
        for name in ("totals", "curve", "parameters", "findings"):
            write_table(tables[name], path, name, f"{name.capitalize()} of the assessment")
        if "influence" in tables:
            write_table(tables["influence"], path, "influence", "What evidence drives each hazard area")
        provenance = pd.DataFrame(
            [("case", result.name), ("as_of", result.as_of.isoformat()), *flat(result.provenance)]
            + [("note", note) for note in notes],
            columns=["key", "value"],
        )
        write_table(provenance, path, "provenance", "Where these numbers come from")
        write_table(_columns_table(result), path, "columns", "What the result columns mean")
    write_styles(path, _styles(result), changed=changed)
    return notes


def column_name(state: str, measure: str, date: object) -> str:
    """Name of a wide column.

    Examples
    --------
    >>> column_name("explosive", "mean", "2026-11-22")
    'explosive_mean_2026_11_22'
    """
    return f"{state}_{measure}_{str(date).replace('-', '_')}"


def _areas_layer(result: Assessment) -> gpd.GeoDataFrame:
    long = result.area_results
    index = np.arange(len(result.areas))
    wide: dict[str, NDArray[np.float64]] = {}
    for (date, state), part in long.groupby(["date", "state"], sort=False):
        by_area = part.set_index("area").reindex(index)
        for measure in _MEASURES:
            if measure in by_area:
                wide[column_name(str(state), measure, date)] = by_area[measure].to_numpy(dtype=np.float64)
    plain = result.areas.reset_index(drop=True)
    table = pd.concat(
        [pd.DataFrame(plain.drop(columns="geometry")), pd.DataFrame(wide, index=plain.index)], axis=1
    )
    return gpd.GeoDataFrame(table, geometry=plain.geometry.to_numpy(), crs=result.crs)


def _cells_layer(result: Assessment, max_cells: int) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    cells = result.cells
    keep = _with_content(cells)
    notes = []
    if keep.size > max_cells:
        weight = _explosive_mean(cells)[keep]
        order = np.argsort(np.where(np.isnan(weight), -np.inf, -weight), kind="stable")
        notes.append(
            f"The layer cells holds the {max_cells:,} cells with most expected explosive items; "
            f"the other {keep.size - max_cells:,} are in the rasters only."
        )
        keep = np.sort(keep[order[:max_cells]])
    row, col, area = (cells[n].values[keep].astype(np.int64) for n in ("row", "col", "area"))
    ids = np.array([*result.areas["area_id"], None], dtype=object)  # the last one is what index −1 means
    columns: dict[str, NDArray[np.generic]] = {
        "row": row,
        "col": col,
        "area_id": ids[area],
        "searched_share": cells["searched_share"].values[keep],
    }
    for i, date in enumerate(_dates(cells)):
        for j, state in enumerate(cells["state"].values.astype(str)):
            for measure in _MEASURES[:4]:
                columns[column_name(state, measure, date)] = cells[measure].values[i, j, keep]
    size = float(cells.attrs["cell_m"])
    left = float(cells.attrs["left_m"]) + col * size
    top = float(cells.attrs["top_m"]) - row * size
    squares = shapely.box(left, top - size, left + size, top)
    return gpd.GeoDataFrame(columns, geometry=squares, crs=cells.attrs["crs"]), tuple(notes)


def _with_content(cells: xr.Dataset) -> NDArray[np.int64]:
    """Positions of the cells where something may lie, or nobody knows."""
    mean = cells["mean"].values
    return np.flatnonzero(((mean > 0.0) | np.isnan(mean)).any(axis=(0, 1)))


def _explosive_mean(cells: xr.Dataset) -> NDArray[np.float64]:
    states = cells["state"].values.astype(str).tolist()
    return np.asarray(cells["mean"].values[0, states.index("explosive")])


def _dates(cells: xr.Dataset) -> list[str]:
    return [str(d) for d in cells["date"].values.astype("datetime64[D]")]


def _columns_table(result: Assessment) -> pd.DataFrame:
    rows = [
        (column_name(state, measure, date), state, str(date), date > result.as_of, *_UNITS[measure])
        for date in result.dates
        for state in ("armed", "expired", "dud", "explosive")
        for measure in _MEASURES
    ]
    return pd.DataFrame(rows, columns=["column", "state", "date", "is_forecast", "unit", "meaning"])


def _styles(result: Assessment) -> list[LayerStyle]:
    styles = []
    for layer, breaks, outline in (("areas", AREA_BREAKS, True), ("cells", CELL_BREAKS, False)):
        for date in result.dates:
            for state in ("explosive", "armed", "expired", "dud"):
                column = column_name(state, "p_any", date)
                styles.append(
                    LayerStyle(
                        layer=layer,
                        name=f"{state} {date}",
                        description=f"Chance of at least one {state} item on {date}"
                        + (" (forecast)" if date > result.as_of else ""),
                        rules=chance_rules(column, breaks),
                        outline=outline,
                    )
                )
    verdict = LayerStyle(
        layer="areas", name="verdict", description="Release verdict", rules=verdict_rules(), outline=True
    )
    return [*styles, verdict]
