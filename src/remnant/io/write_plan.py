"""A plan as a folder: tables, a workbook, a layer, JSON and the page; all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from openpyxl import Workbook

from remnant.io.write_answer import write_answer
from remnant.io.write_layers import FORMAT, fixed_date, write_table
from remnant.io.write_styles import LayerStyle, action_rules, write_styles
from remnant.io.write_tables import cell_text, flat

_MADE = dt.datetime(2000, 1, 1)
_STAMP = f"{_MADE.isoformat()}.000Z"
_FILLS = (3, 6)  # polygons, single and many


def write_plan(
    folder: Path,
    *,
    tables: Mapping[str, pd.DataFrame],
    outlines: gpd.GeoDataFrame,
    summary: Mapping[str, Any],
    page: str,
) -> Path:
    """Write all files of a plan into a folder: all of them, or none; returns the page.

    Parameters
    ----------
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    tables
        Name → table; each becomes a CSV and a sheet of ``plan.xlsx``. ``areas`` has a row per area.
    outlines
        ``area_id`` and geometry of the areas; those with a place become the layer ``plan``.
    summary
        Everything, for ``plan.json``.
    page
        The page as HTML.
    """
    placed = outlines[~shapely.is_missing(outlines.geometry.to_numpy())]
    more = {"plan.xlsx": partial(_write_workbook, tables)}
    if len(placed):
        rows = tables["areas"].astype({"area_id": str})
        joined = placed[["area_id", "geometry"]].astype({"area_id": str}).merge(rows, on="area_id")
        more["plan.gpkg"] = partial(_write_layer, joined, summary)
    return write_answer(folder, "plan", tables=tables, summary=summary, page=page, more=more)


def _write_layer(areas: gpd.GeoDataFrame, summary: Mapping[str, Any], path: Path) -> None:
    """Areas by action, what was asked as a table, and the style where the areas are outlines."""
    with fixed_date(_STAMP):
        pyogrio.write_dataframe(
            areas, path, layer="plan", driver="GPKG", dataset_options=FORMAT,
            layer_options={"GEOMETRY_NAME": "geom", "DESCRIPTION": "Plan. Positions of hazards: keep private."},
        )  # fmt: skip
        plain = {key: value for key, value in summary.items() if not isinstance(value, list)}
        asked = pd.DataFrame([("case", summary["name"]), *flat(plain)], columns=["key", "value"])
        write_table(asked, path, "provenance", "What was asked, and the answer")
    style = LayerStyle(
        layer="plan",
        name="action",
        description="What the plan does in each area",
        rules=action_rules(dict(zip(areas["action"], areas["action_words"], strict=True))),
        outline=True,
    )
    has_fills = set(shapely.get_type_id(areas.geometry.to_numpy())) <= set(_FILLS)
    write_styles(path, [style] if has_fills else [], changed=_STAMP)


def _write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """One sheet a table; text that begins like a formula is kept as text."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = _MADE
    for name, table in tables.items():
        sheet = book.create_sheet(name[:31])
        sheet.append(list(table.columns))
        for row in table.itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    book.save(path)


def _cell(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return None if value != value else value
    return cell_text(value)
