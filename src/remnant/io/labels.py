"""Labelled cells: places where something was found, where a search found nothing, and where nobody knows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from remnant.io import places
from remnant.io.rows import Rows
from remnant.units import Floats

_OUTCOMES = {
    "found": 1.0, "1": 1.0, "1.0": 1.0, "nothing": 0.0, "0": 0.0, "0.0": 0.0, "unknown": np.nan, "": np.nan,
}  # fmt: skip
"""Spellings of outcomes; a blank one is unknown, never nothing."""


def labelled_cells(rows: Rows, crs: CRS, as_of: dt.date) -> dict[str, Any]:
    """Columns of `remnant.evidence.LabelledCells`, but for the ids."""
    geometry = places.placed_events(rows, crs)
    drawn = np.where(shapely.get_dimensions(geometry) == 2, shapely.area(geometry), np.nan)
    area = np.where(np.isnan(drawn), rows.numbers("reported_area_m2"), drawn)
    start, end = rows.days(as_of)
    outcome = _outcomes(rows)
    for index in np.flatnonzero(np.isnan(area) & ~np.isnan(outcome) & ~shapely.is_missing(geometry)):
        rows.refuse(
            int(index), "blank-area", "labelled points need reported_area_m2, the ground that the label speaks of",
            "none is given", "draw the cell, or give [layers.defaults] reported_area_m2 = 1000000",
        )  # fmt: skip
    places.count_unknown(rows, geometry, "they teach nothing")
    return {"geometry": geometry, "outcome": outcome, "area_m2": area, "start_day": start, "end_day": end}


def _outcomes(rows: Rows) -> Floats:
    """1 found, 0 searched and nothing found, NaN unknown; anything else is refused, not guessed."""
    out = np.full(rows.size, np.nan)
    for index, text in enumerate(rows.texts("outcome")):
        key = text.casefold()
        if key in _OUTCOMES:
            out[index] = _OUTCOMES[key]
        else:
            rows.refuse(
                index, "unknown-outcome", "outcome must be found, nothing or unknown", f"got {text!r}",
                f'map it: [layers.values.outcome] "{text}" = "unknown"',
            )  # fmt: skip
    return out
