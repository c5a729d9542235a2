"""A survey design as a folder: layers, tables, plot and figures, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.io.write_folder import whole_folder
from remnant.io.write_layers import fixed_date, told_layer_errors, write_features, write_table
from remnant.io.write_tables import flat, write_csv, write_json

PACKAGE = "design.gpkg"
_STAMP = "1970-01-01T00:00:00.000Z"  # a design has no date of its own: two runs give the same bytes
_KINDS = {0: "Point", 1: "LineString", 3: "Polygon", 5: "MultiLineString", 6: "MultiPolygon"}
_SINGLE_TO_MULTI = {1: 5, 3: 6}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignLayer:
    """One layer of a design.

    Parameters
    ----------
    name, description
        For people who open it.
    table
        n rows of attributes, with units in the column names.
    geometry, crs
        (n,) shapes of one kind, None for a row without a place, and their projection; both None for a table without
        places.
    """

    name: str
    description: str
    table: pd.DataFrame
    geometry: NDArray[np.object_] | None = None
    crs: CRS | None = None


def write_design(
    folder: Path, *, layers: Sequence[DesignLayer], summary: Mapping[str, Any], words: str, picture: bytes
) -> Path:
    """Write all files of a design into a folder, whole or not at all; returns the folder.

    Parameters
    ----------
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    layers
        Each becomes a layer of ``design.gpkg`` (if it has places) and a table.
    summary, words
        The answer as plain values and as text.
    picture
        The plot, PNG.

    Raises
    ------
    InvalidInput
        `folder` holds files that are not a previous result.
    RemnantError
        A file could not be written; what was in `folder` before is unchanged.
    """
    target = Path(folder).expanduser().resolve()
    with whole_folder(target) as scratch:
        with told_layer_errors(target):
            _write_package(layers, summary, scratch / PACKAGE)
        for layer in layers:
            write_csv(layer.table, scratch / f"{layer.name}.csv")
        write_json(summary, scratch / "design.json")
        (scratch / "design.txt").write_text(words + "\n", encoding="utf-8", newline="\n")
        (scratch / "design.png").write_bytes(picture)
    return target


def _write_package(layers: Sequence[DesignLayer], summary: Mapping[str, Any], path: Path) -> None:
    placed = [layer for layer in layers if layer.geometry is not None and len(layer.table)]
    if not placed:
        return
    with fixed_date(_STAMP):
        for layer in placed:
            shapes, kind = _of_one_kind(layer.geometry)
            frame = gpd.GeoDataFrame(layer.table, geometry=shapes, crs=layer.crs)
            write_features(frame, path, layer.name, layer.description, kind=kind)
        answer = pd.DataFrame(flat(summary), columns=["key", "value"])
        write_table(answer, path, "provenance", "What was asked, and the answer")


def _of_one_kind(geometry: Any) -> tuple[Any, str]:
    """Shapes, single ones made multiple where both come, and the name of their kind."""
    kinds = {int(k) for k in shapely.get_type_id(geometry) if k >= 0}
    top = max(kinds)
    if kinds == {top}:
        return geometry, _KINDS[top]
    multi = _SINGLE_TO_MULTI.get(top, top)
    made = [None if g is None else g if shapely.get_type_id(g) == multi else _multi(g) for g in geometry]
    return made, _KINDS[multi]


def _multi(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return (
        shapely.multilinestrings(parts)
        if shapely.get_type_id(parts[0]) == 1
        else shapely.multipolygons(parts)
    )
