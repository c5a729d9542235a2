"""From a weighed case to the areas that a plan chooses among."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.decide.plan import PlanAreas
from remnant.errors import InvalidInput, NotEstimable
from remnant.field import left_in_all
from remnant.releasing import Judge
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
        (n_draws, n_areas, n_dates) harm rate of all areas by draw and date of the assessment, open or not, NaN unknown
        (see `harm_of_unknown`); default: a stand-in, the expected armed items.
    harm_unit
        What `harm` is in, such as ``casualties per year``.

    Raises
    ------
    NotEstimable
        When `harm` is unknown for areas and nothing is known to stand in for it.

    Notes
    -----
    Expected armed items of a draw are its expected explosive items at the first date times the share of all draws' mean
    that is armed at each date.
    """
    posterior, every = weighed.posterior, np.arange(weighed.case.areas.id.size)
    left = left_in_all(posterior, weighed.days[0], weighed.as_of_day, every)
    explosive = left.expected[:, :, 3]
    is_open = (assessment.areas["status"] == "open").to_numpy() & (explosive.mean(axis=0) > 0.0)
    keep = np.flatnonzero(is_open)
    if not keep.size:
        raise InvalidInput(
            "a plan needs open hazard areas; the case has none. Check the status of its hazard areas."
        )
    table = assessment.areas.iloc[keep].reset_index(drop=True)
    armed = explosive[:, keep, None] * _armed_share(assessment)[None, keep]
    if harm is None:
        rate, is_assumed = armed, np.zeros(keep.size, np.bool_)
    else:
        rate, is_assumed = harm_of_unknown(np.asarray(harm, np.float64)[:, keep], armed, explosive[:, keep])
    return PlanAreas(
        area_id=tuple(str(a) for a in table["area_id"]),
        area_m2=table["area_m2"].to_numpy(np.float64),
        harm=rate,
        dates_d=np.array([day_number(d) for d in assessment.dates]),
        p_any=left.p_any[:, keep, 3].mean(axis=0),
        items=explosive[:, keep].mean(axis=0),
        harm_unit=harm_unit,
        place_known=table["place_known"].to_numpy(np.bool_),
        wait_until_d=_waits(weighed, keep),
        harm_assumed=is_assumed if is_assumed.any() else None,
    ), table


def _waits(weighed: Weighed, areas: Ints) -> Floats | None:
    """(n_chosen,) day by which time alone keeps the limits of the case's policy, NaN for none; None without one. [d]"""
    judge = Judge(weighed)
    if not judge.policy.limits or not judge.has_clock:
        return None
    until = judge.wait(areas).until
    return None if np.isnan(until).all() else until


def harm_of_unknown(
    harm: Floats, armed_items: Floats, explosive_items: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Harm with a stand-in where it is unknown: what the areas with known harm do per item.

    Parameters
    ----------
    harm
        (n_draws, n_areas, n_dates) rate; an area with NaN in any draw or date is unknown. [any]
    armed_items, explosive_items
        (n_draws, n_areas, n_dates) and (n_draws, n_areas) expected items. [items]

    Returns
    -------
    The harm without NaN, and (n_areas,) whether it stands in.

    Raises
    ------
    NotEstimable
        When no area has known harm, or none above 0: nothing tells what the others may do.

    Notes
    -----
    Draw by draw and date by date, the harm of all known areas together over their armed items, times the armed items
    of the unknown one; or the same with explosive items, where that is more. So an area that may hold items is never
    left out, and never counted as harmless, because nobody knows who lives near.

    Examples
    --------
    >>> harm, items = np.array([[[2.0], [1.0], [np.nan]]]), np.array([[[4.0], [2.0], [3.0]]])
    >>> [v.tolist() for v in harm_of_unknown(harm, items, items[:, :, 0])]
    [[[[2.0], [1.0], [1.5]]], [False, False, True]]
    """
    is_unknown = np.asarray(np.isnan(harm).any(axis=(0, 2)))
    if not is_unknown.any():
        return harm, is_unknown
    known = harm[:, ~is_unknown].sum(axis=1)
    if not known.mean() > 0.0:
        what = "0 in all the others" if known.size and (~is_unknown).any() else "known for none"
        raise NotEstimable(
            f"harm is unknown for {int(is_unknown.sum()):,} of the {is_unknown.size:,} areas to plan and {what}, so "
            "nothing tells what they may do. Give the number of people near some of them, or plan without people: "
            "then armed items count."
        )
    out = harm.copy()
    out[:, is_unknown] = np.maximum(
        _per_item(known, armed_items, is_unknown),
        _per_item(known, np.broadcast_to(explosive_items[:, :, None], harm.shape), is_unknown),
    )
    return out, is_unknown


def _per_item(known: Floats, items: Floats, is_unknown: NDArray[np.bool_]) -> Floats:
    """(n_draws, n_unknown, n_dates) items of the unknown areas times the known harm per item of the others."""
    theirs = items[:, ~is_unknown].sum(axis=1)
    rate = np.divide(known, theirs, out=np.zeros_like(known), where=theirs > 0.0)
    return np.asarray(items[:, is_unknown] * rate[:, None, :])


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
