"""The region of a case as ground in the case's CRS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from remnant.errors import InvalidInput
from remnant.io import geometry as geo
from remnant.io import places
from remnant.io.case_file import case_path, expand, read_case_file
from remnant.io.findings import FindingLog
from remnant.io.layer_section import Layer
from remnant.io.layers import read_rows

_STEP_DEG = 0.05  # sides of a box in degrees are no straight lines in the plane


def read_region(path: Path | str, crs: str) -> shapely.Geometry | None:
    """The [region] of a case: its polygons as one, or its box; None where the case names none. [m]

    Parameters
    ----------
    path
        Case folder or case.toml.
    crs
        Projected CRS of the case.
    """
    file = case_path(Path(path))
    region = read_case_file(file).region
    if region is None:
        return None
    target = geo.crs_of(crs, "the case")
    if region.bbox is not None:
        box = np.array([shapely.segmentize(shapely.box(*region.bbox), _STEP_DEG)], dtype=object)
        return geo.moved(box, geo.LONLAT, target).geometry[0]
    assert region.file is not None
    log = FindingLog(layer="region")
    layer = Layer(kind="districts", file=region.file, layer=region.layer, crs=region.crs)
    rows = read_rows(layer, expand(region.file, file.parent), log, {})
    if rows is not None:
        places.check_places(rows)
        outline = places.placed_areas(rows, target, np.full(rows.size, np.nan))
        there = outline[~shapely.is_missing(outline)]
        if there.size and not log.has_errors:
            return shapely.union_all(there)
    raise InvalidInput(
        "region must hold polygons with usable coordinates; it does not. Check its file and crs."
    )
