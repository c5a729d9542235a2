"""A plan as a folder: tables, a workbook, a layer, JSON and the page; all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from openpyxl import Workbook

from remnant.errors import RemnantError
from remnant.io.write_folder import whole_folder
from remnant.io.write_layers import FORMAT, LAYER_ERRORS
from remnant.io.write_tables import cell_text, write_csv, write_json

PAGE, LAYER = "plan.html", "plan.gpkg"
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
    with whole_folder(folder) as scratch:
        for name, table in tables.items():
            write_csv(table, scratch / f"{name}.csv")
        _write_workbook(tables, scratch / "plan.xlsx")
        placed = outlines[~shapely.is_missing(outlines.geometry.to_numpy())]
        if len(placed):
            rows = tables["areas"].astype({"area_id": str})
            joined = placed[["area_id", "geometry"]].astype({"area_id": str}).merge(rows, on="area_id")
            try:
                pyogrio.write_dataframe(
                    joined, scratch / LAYER, layer="plan", driver="GPKG", dataset_options=FORMAT,
                    layer_options={"GEOMETRY_NAME": "geom", "DESCRIPTION": "Plan. Positions of hazards: keep private."},
                )  # fmt: skip
            except LAYER_ERRORS as error:
                raise RemnantError(
                    f"the map layer could not be written: {error}. Is the disk full?"
                ) from error
        write_json(summary, scratch / "plan.json")
        (scratch / PAGE).write_text(page, encoding="utf-8", newline="\n")
    return folder / PAGE


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
