"""Hazard areas of an answer as a GeoPackage, with its styles and where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.harming import HarmAnswer
from remnant.io.write_layers import PRIVATE, fixed_date, stamp_of, write_features, write_table
from remnant.io.write_styles import LayerStyle, write_styles
from remnant.io.write_tables import flat
from remnant.releasing import ReleaseAnswer


def write_areas(
    answer: HarmAnswer | ReleaseAnswer,
    areas: pd.DataFrame,
    geometry: NDArray[np.object_],
    path: Path,
    *,
    crs: str | CRS | None,
    words: str,
    styles: Sequence[LayerStyle],
    tables: Mapping[str, tuple[pd.DataFrame, str]] | None = None,
) -> None:
    """Write areas into a GeoPackage: a layer, those without a place as a table, other tables, provenance and styles.

    Parameters
    ----------
    answer
        Its name, day, provenance and notes are said in the file.
    areas, geometry
        n rows, and the (n,) outlines of the areas; missing where nobody knows the place.
    words
        What the layer shows.
    styles
        Of the layer, the default first.
    tables
        Name → table, and what it shows.
    """
    changed, placed = stamp_of(answer.as_of), ~shapely.is_missing(geometry)
    with fixed_date(changed):
        if placed.any():
            frame = gpd.GeoDataFrame(areas[placed], geometry=geometry[placed], crs=crs)
            write_features(frame, path, "areas", f"{words} {PRIVATE}", kind="MultiPolygon")
        write_table(areas[~placed], path, "areas_unknown_place", "Hazard areas whose place nobody recorded")
        for name, (table, title) in (tables or {}).items():
            write_table(table, path, name, title)
        rows = [("case", answer.name), *flat(answer.provenance), *(("note", note) for note in answer.notes)]
        provenance = pd.DataFrame(rows, columns=["key", "value"])
        write_table(provenance, path, "provenance", "Where these numbers come from")
    write_styles(path, styles if placed.any() else [], changed=changed)
