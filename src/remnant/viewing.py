"""What the map application shows of a case: the assessment, areas and cells over time, and why each value is so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from remnant.assessment import Assessment, answer
from remnant.evidence import Case, Provenance
from remnant.field import GroundDraws, Summary, areas_over_time, cells_remaining, ground_draws, thinned
from remnant.releasing import HeldDraws, ReleaseAnswer, held_draws, release_of
from remnant.units import YEAR_D, Floats, date_of, day_number
from remnant.weighing import Progress, Weighed

_DAYS = (1, 2, 5, 10, 15, 30, 60, 120, 180)
_YEARS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30)
_LEAST_DRAWS = 256
_AREAS_TIMES_DRAWS = 1_000_000
_MOST_RECORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A case as the map application shows it.

    Parameters
    ----------
    assessment
        The answer on the asked dates.
    dates
        Days of the time slider, ascending; the first is the last day of the records.
    areas
        (n_dates, 4, n_areas) what remains in each hazard area by date and state; NaN: its ground belongs to others.
        [items]
    cells
        (n_dates, 4, n_cells) the same of each cell.
    cell_row, cell_col
        (n_cells,) place of the cells in the grid of `assessment.cells`.
    records
        What the case holds: ``kind`` (search, find, accident, delivery), ``record_id, what, date, items,
        precision_m`` (the place lies within it; NaN: the shape is the place)``, layer, row`` and geometry.
    touching
        Area and record that touch: ``area`` (index), ``record`` (index).
    release
        Verdicts, criteria and weights of records; None for a case without a policy or without hazard areas.
    held
        Draws from which verdicts under another policy can be given.
    ground
        Draws of the cells on the asked dates, from which any ground can be added up.
    """

    assessment: Assessment
    dates: tuple[dt.date, ...]
    areas: Summary
    cells: Summary
    records: gpd.GeoDataFrame
    touching: pd.DataFrame
    release: ReleaseAnswer | None
    held: HeldDraws
    ground: GroundDraws


def view_of(weighed: Weighed, *, progress: Progress | None = None) -> View:
    """What the map application shows of a weighed case.

    Parameters
    ----------
    weighed
        The case, weighed.
    progress
        Called with the name of the step and the share done of it.
    """
    case, reduction = weighed.case, weighed.reduction
    days = timeline_days(case)
    num = case.areas.id.size
    own = np.flatnonzero(np.isin(np.arange(num), reduction.source_area))
    total = weighed.counted.group_draws["all"][:, 0, 3].astype(np.float64)
    some = thinned(len(weighed.posterior.z), max(_LEAST_DRAWS, _AREAS_TIMES_DRAWS // max(own.size, 1)), total)
    known = areas_over_time(
        weighed.posterior, days, weighed.as_of_day, own, draws=some, progress=_telling(progress, "areas")
    )
    cells = cells_remaining(
        weighed.posterior,
        days,
        weighed.as_of_day,
        draws=weighed.mixed,
        progress=_telling(progress, "over time"),
    )
    records = _records(case)
    has_verdicts = num > 0 and bool(case.policy.criteria)
    return View(
        assessment=answer(weighed),
        dates=tuple(date_of(d) for d in days),
        areas=Summary(
            **{name: _spread(getattr(known, name), own, num) for name in Summary.__dataclass_fields__}
        ),
        cells=cells,
        records=records,
        touching=_touching(case, records),
        release=release_of(weighed, most_records=_MOST_RECORDS, progress=progress) if has_verdicts else None,
        held=held_draws(weighed, own, some),
        ground=ground_draws(weighed.posterior, weighed.days, weighed.as_of_day, weighed.mixed),
    )


def timeline_days(case: Case) -> list[float]:
    """Days of the time slider: the last of the records, days, months and years after it, and the asked dates. [d]"""
    as_of = day_number(case.as_of)
    ahead = [as_of, *(as_of + d for d in _DAYS), *(as_of + YEAR_D * y for y in _YEARS)]
    asked = [day_number(d) for d in case.dates]
    return sorted({float(np.floor(d)) for d in ahead + asked})


def _telling(progress: Progress | None, step: str) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(step, share)


def _spread(values: Floats, own: np.ndarray, num: int) -> Floats:
    """The values of some areas among all, NaN elsewhere."""
    out = np.full((*values.shape[:2], num), np.nan)
    out[:, :, own] = values
    return out


def _records(case: Case) -> gpd.GeoDataFrame:
    """One row per record of evidence."""
    searches, events, deposits = case.searches, case.events, case.deposits
    parts = [
        _table("search", searches.id, searches.geometry, searches.method, searches.end_day, searches.items_found,
               searches.source),
        _table(events.kind, events.id, events.geometry, events.type, events.day, events.num_items, events.source,
               precision_m=events.precision_m),
        _table("delivery", deposits.id, deposits.geometry, deposits.type, deposits.end_day, deposits.quantity_high,
               deposits.source),
    ]  # fmt: skip
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=case.crs)


def _table(
    kind: object, ids: np.ndarray, geometry: np.ndarray, what: np.ndarray, day: Floats, items: Floats,
    source: Provenance, *, precision_m: Floats | None = None,
) -> gpd.GeoDataFrame:  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "kind": np.broadcast_to(np.asarray(kind, dtype=object), ids.shape),
            "record_id": ids.astype(object),
            "what": what.astype(object),
            "date": [None if np.isnan(d) else date_of(d) for d in day.tolist()],
            "items": items,
            "precision_m": np.full(ids.size, np.nan) if precision_m is None else precision_m,
            "layer": source.layer.astype(object),
            "row": source.row,
        },
        geometry=list(geometry),
    )


def _touching(case: Case, records: gpd.GeoDataFrame) -> pd.DataFrame:
    """Pairs of area and record whose shapes meet, in order of area and record."""
    areas = gpd.GeoSeries(list(case.areas.geometry), crs=case.crs)
    if areas.empty or records.empty:
        return pd.DataFrame({"area": [], "record": []}, dtype="int64")
    record, area = areas.sindex.query(records.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((record, area))
    return pd.DataFrame({"area": area[order], "record": record[order]})
