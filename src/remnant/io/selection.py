"""Some areas of a map as a file for other programs: GeoPackage, GeoJSON, XLSX."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np

from remnant.decide.tables import Column, Sheet
from remnant.errors import InvalidInput
from remnant.io.codes import decoded
from remnant.io.read_view import ViewFiles
from remnant.io.write_layers import fixed_date, stamp_of, told_layer_errors, write_features
from remnant.io.write_tables import records
from remnant.io.write_workbook import write_workbook

SelectionFormat = Literal["gpkg", "geojson", "xlsx"]
MEDIA_TYPES: dict[str, str] = {
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_COLUMNS = (
    "area_id", "hazard_class", "status", "types", "area_m2", "searched_share", "num_found", "p_exists", "verdict",
    "reasons", "search_m2", "layer", "row",
)  # fmt: skip
_NUMBERS = ("area_m2", "searched_share", "num_found", "p_exists", "search_m2", "row")


def selection(view: ViewFiles, areas: Sequence[int], step: int, form: SelectionFormat) -> bytes:
    """A file of some areas with what remains in them on one day of the slider.

    Parameters
    ----------
    view
        The opened map.
    areas
        Which areas, in the order of the map.
    step
        Which day.
    form
        ``gpkg`` in the case's CRS, ``geojson`` in longitude and latitude, ``xlsx`` without places.

    Raises
    ------
    InvalidInput
        For no area, one that is none, or a day that is none.
    """
    dates, num = view.about["dates"], view.about["num_areas"]
    chosen = np.unique(np.asarray(areas, np.int64))
    if not chosen.size or chosen[0] < 0 or chosen[-1] >= num:
        raise InvalidInput(f"areas must be one or more numbers from 0 to {num - 1:,}; got {list(areas)[:5]}.")
    if not 0 <= step < len(dates):
        raise InvalidInput(f"step must be from 0 to {len(dates) - 1}; got {step}.")
    frame = _frame(view, chosen, step)
    if form == "geojson":
        return _geojson(frame.to_crs("EPSG:4326"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"areas.{form}"
        if form == "gpkg":
            _write_layer(view, frame, path)
        else:
            _write_sheet(view, frame, dates[step], path)
        return path.read_bytes()


def _frame(view: ViewFiles, chosen: np.ndarray, step: int) -> gpd.GeoDataFrame:
    """Columns of the table, and results on the day."""
    table = json.loads(view.text("areas"))
    columns: dict[str, Any] = {name: [table[name][a] for a in chosen.tolist()] for name in _COLUMNS}
    columns["date"] = view.about["dates"][step]
    columns["is_forecast"] = view.about["dates"][step] > view.about["as_of"]
    for k, state in enumerate(view.about["states"]):
        for m, metric in enumerate(view.about["metrics"]):
            columns[f"{state}_{metric}"] = decoded(view.area_values[k, m, step][chosen])
    frame = gpd.GeoDataFrame(columns, geometry=view.shapes[chosen], crs="EPSG:3857")
    return frame.to_crs(view.about["crs"]).astype(dict.fromkeys(_NUMBERS, "float64"))


def _geojson(frame: gpd.GeoDataFrame) -> bytes:
    shapes = json.loads(frame.geometry.to_json())["features"]
    features = [
        {"type": "Feature", "geometry": shape["geometry"], "properties": row}
        for shape, row in zip(shapes, records(frame.drop(columns="geometry")), strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _write_layer(view: ViewFiles, frame: gpd.GeoDataFrame, path: Path) -> None:
    stamp = stamp_of(dt.date.fromisoformat(view.about["as_of"]))
    with fixed_date(stamp), told_layer_errors(path):
        write_features(frame, path, "areas", "Hazard areas chosen on the map", kind="MultiPolygon")


def _write_sheet(view: ViewFiles, frame: gpd.GeoDataFrame, day: str, path: Path) -> None:
    plain = frame.drop(columns="geometry")
    words = {
        "area_id",
        "hazard_class",
        "status",
        "types",
        "verdict",
        "reasons",
        "layer",
        "date",
        "is_forecast",
    }
    sheet = Sheet(
        name="areas",
        title=f"Hazard areas of {view.about['name']} on {day}",
        about="Numbers are means with 90 % intervals (q05 to q95). An empty cell means unknown, never zero.",
        columns=tuple(
            Column(key=n, title=n.replace("_", " "), kind="text" if n in words else "estimate")
            for n in plain.columns
        ),
        rows=tuple(
            tuple(str(v) if n in words and v is not None else v for n, v in row.items())
            for row in records(plain)
        ),
    )
    about = (
        ("case", view.about["name"]),
        ("records up to", view.about["as_of"]),
        ("made by", str(view.about["provenance"].get("program", ""))),
        ("private", "Positions and states of uncleared hazards: keep this file as you keep the records."),
        ("release", "These are probabilities. They release no land; a person with the authority does."),
    )
    write_workbook(path, [sheet], about, dt.date.fromisoformat(view.about["as_of"]))
