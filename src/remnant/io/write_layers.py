"""Layers of a GeoPackage: features, tables, and the same bytes from the same records."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from rasterio._err import CPLE_BaseError  # not exported, but raised
from rasterio.errors import RasterioError

from remnant.errors import RemnantError

FORMAT = {"VERSION": "1.3"}  # the newest that map programs of 2021 and later open without a warning
PRIVATE = "Positions of uncleared hazards: keep private."
LAYER_ERRORS = (  # what the two libraries raise beside OSError, on a full disk among other things
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    sqlite3.Error,
    RasterioError,
    CPLE_BaseError,
)


@contextmanager
def told_layer_errors(target: Path) -> Iterator[None]:
    """Say in the words of this program that layers or rasters of the folder `target` could not be written.

    Raises
    ------
    RemnantError
        The libraries refused; nothing in `target` has changed.
    """
    try:
        yield
    except LAYER_ERRORS as error:
        raise RemnantError(
            f"the map layers could not be written: {error}. Nothing in {target} changed; is the disk full?"
        ) from error


def stamp_of(day: dt.date) -> str:
    """A day as the time stamp of a GeoPackage.

    Examples
    --------
    >>> stamp_of(dt.date(2026, 11, 22))
    '2026-11-22T00:00:00.000Z'
    """
    return f"{day.isoformat()}T00:00:00.000Z"


@contextmanager
def fixed_date(stamp: str) -> Iterator[None]:
    """Let the format's own time stamps be the date of the records, so that two runs give the same bytes."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def write_features(frame: gpd.GeoDataFrame, path: Path, layer: str, description: str, *, kind: str) -> None:
    """Add a layer of features of one kind, such as ``MultiPolygon``; single ones are made multiple for such a kind."""
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        dataset_options=FORMAT,
        geometry_type=kind,
        promote_to_multi=kind.startswith("Multi"),
        layer_options={"SPATIAL_INDEX": "YES", "DESCRIPTION": description, "GEOMETRY_NAME": "geom"},
    )


def write_table(table: pd.DataFrame, path: Path, layer: str, description: str) -> None:
    """Add a table without places; its dates become text."""
    texts = table.copy()
    if "date" in texts:
        texts["date"] = texts["date"].astype(str)
    pyogrio.write_dataframe(
        texts,
        path,
        layer=layer,
        driver="GPKG",
        dataset_options=FORMAT,
        layer_options={"DESCRIPTION": description, "ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"},
    )
