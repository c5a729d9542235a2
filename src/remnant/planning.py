"""From a weighed case to the areas that a plan chooses among."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.decide.plan import PlanAreas
from remnant.errors import InvalidInput
from remnant.units import Floats, Ints, day_number
from remnant.weighing import Weighed

ARMED_ITEMS = "armed items"


def areas_to_plan(
    weighed: Weighed, assessment: Assessment, *, harm: Floats | None = None, harm_unit: str = ARMED_ITEMS
) -> tuple[PlanAreas, gpd.GeoDataFrame]:
    """The open hazard areas of a case with their draws of harm, and their outlines.

    Parameters
    ----------
    weighed, assessment
        The case, weighed and answered.
    harm
        (n_draws, n_areas, n_dates) harm rate of all areas by draw and date of the assessment, open or not; default: a
        stand-in, the expected armed items.
    harm_unit
        What `harm` is in, such as ``casualties per year``.

    Notes
    -----
    Expected armed items of a draw are its expected explosive items at the first date times the share of all draws' mean
    that is armed at each date.
    """
    counted = weighed.counted
    explosive = counted.area_exists * counted.area_moments[:, :, 0]
    if harm is None:
        harm = explosive[:, :, None] * _armed_share(assessment)[None]
    is_open = (assessment.areas["status"] == "open").to_numpy() & (explosive.mean(axis=0) > 0.0)
    keep = np.flatnonzero(is_open)
    if not keep.size:
        raise InvalidInput(
            "a plan needs open hazard areas; the case has none. Check the status of its hazard areas."
        )
    table = assessment.areas.iloc[keep].reset_index(drop=True)
    return PlanAreas(
        area_id=tuple(str(a) for a in table["area_id"]),
        area_m2=table["area_m2"].to_numpy(np.float64),
        harm=np.asarray(harm, np.float64)[:, keep],
        dates_d=np.array([day_number(d) for d in assessment.dates]),
        p_any=counted.area_any[:, keep, 0, 1].mean(axis=0, dtype=np.float64),
        items=explosive[:, keep].mean(axis=0),
        harm_unit=harm_unit,
        place_known=table["place_known"].to_numpy(np.bool_),
    ), table


def _armed_share(assessment: Assessment) -> Floats:
    """(n_areas, n_dates) mean armed items at each date over mean explosive ones at the first. [1]"""
    long, num = assessment.area_results, len(assessment.areas)
    shape = (num, len(assessment.dates))
    armed = long[long["state"] == "armed"].sort_values(["area", "date"])["mean"].to_numpy().reshape(shape)
    every = long[long["state"] == "explosive"].sort_values(["area", "date"])["mean"].to_numpy().reshape(shape)
    first = every[:, :1]
    return np.asarray(np.divide(armed, first, out=np.zeros(shape), where=first > 0.0))


def with_neighbours(areas: PlanAreas, outlines: gpd.GeoDataFrame, within_m: float) -> PlanAreas:
    """The areas with pairs of those whose outlines lie within a distance of each other. [m]

    Outlines in degrees are measured in the UTM zone of their middle.
    """
    if outlines.crs is not None and outlines.crs.is_geographic and outlines.geometry.notna().any():
        outlines = outlines.to_crs(outlines.estimate_utm_crs())
    return replace(areas, pairs=neighbours(outlines.geometry.to_numpy(), within_m))


def neighbours(geometry: NDArray[np.object_], within_m: float) -> Ints:
    """(n_pairs, 2) shapes that lie within a distance of each other, the smaller index first. [m]

    Examples
    --------
    >>> neighbours(shapely.points([0.0, 30.0, 90.0], [0.0, 0.0, 0.0]), 40.0).tolist()
    [[0, 1]]
    """
    known = np.flatnonzero(~shapely.is_missing(geometry))
    if known.size < 2:
        return np.empty((0, 2), np.int64)
    tree = shapely.STRtree(geometry[known])
    one, two = tree.query(geometry[known], predicate="dwithin", distance=within_m)
    pairs = np.stack([known[one], known[two]], axis=1)[one < two]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], np.int64)
