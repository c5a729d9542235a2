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
from remnant.io.write_layers import FORMAT
from remnant.io.write_tables import cell_text

_MADE = dt.datetime(2000, 1, 1)


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
        more["plan.gpkg"] = partial(_write_layer, placed, tables["areas"])
    return write_answer(folder, "plan", tables=tables, summary=summary, page=page, more=more)


def _write_layer(placed: gpd.GeoDataFrame, areas: pd.DataFrame, path: Path) -> None:
    rows = areas.astype({"area_id": str})
    joined = placed[["area_id", "geometry"]].astype({"area_id": str}).merge(rows, on="area_id")
    pyogrio.write_dataframe(
        joined, path, layer="plan", driver="GPKG", dataset_options=FORMAT,
        layer_options={"GEOMETRY_NAME": "geom", "DESCRIPTION": "Plan. Positions of hazards: keep private."},
    )  # fmt: skip


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
