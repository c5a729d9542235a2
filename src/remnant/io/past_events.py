"""Events of an earlier time as a predictor: from a file, or from the case's own records without looking ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io import places
from remnant.io.case_file import near
from remnant.io.findings import FindingLog
from remnant.io.model_section import PastEventsSection
from remnant.io.rows import Rows
from remnant.units import Floats, date_of, day_number

Placed = tuple[Floats, Floats]
"""Places (n, 2) and standard deviation along one axis (n,) of events. [m]"""
_RADIUS_95 = float(np.sqrt(-2.0 * np.log(0.05)))
"""Radius that holds 95 % of a round normal, in standard deviations (Rayleigh)."""


def events_of_case(
    layer: str, section: PastEventsSection, tables: Mapping[str, Any] | None, known: tuple[str, ...],
    log: FindingLog,
) -> Placed | None:  # fmt: skip
    """Events of one of the case's own layers within the window, which must end before the searches begin.

    A find that the model must explain may not also explain it, so a later window is refused.
    """
    if layer not in known:
        raise InvalidInput(
            f"case_layer must be the name of a layer of finds or accidents; {layer!r} is none. "
            f"{near(layer, known)}There are: {', '.join(known) or 'none'}"
        )
    if tables is None:  # the records themselves are refused: nothing to add
        return None
    _check_before_searches(layer, section, tables["searches"])
    events = tables["events"]
    mine = events.source.layer == layer
    day = events.day[mine]
    return _within(events.geometry[mine], events.precision_m[mine], day, day, section, log)


def all_after(layer: str, end: dt.date, tables: Mapping[str, Any] | None) -> bool:
    """Whether all events that the case holds of a layer are dated later than a window that ends on a day."""
    if tables is None:
        return False
    day = tables["events"].day[tables["events"].source.layer == layer]
    return bool((day > day_number(end)).all())  # unknown days are not later


def _check_before_searches(layer: str, section: PastEventsSection, searches: Any) -> None:
    first = np.fmin(searches.start_day, searches.end_day)
    hint = (
        "Events that are records of the case may only predict what later searches find. Take events from another "
        "source, or date the searches"
    )
    if not first.size or np.isnan(first).any():
        came = f"{int(np.isnan(first).sum()):,} of {first.size:,} searches have no date"
        raise InvalidInput(
            f"events of the case's own layer {layer!r} need searches that are all dated; "
            f"{came if first.size else 'the case has no search'}. {hint}"
        )
    begins = date_of(float(first.min()))
    if section.end >= begins:
        raise InvalidInput(
            f"a window on the case's own layer {layer!r} must end before the first search ({begins}); "
            f"it ends on {section.end}. {hint}"
        )


def events_of_file(rows: Rows, section: PastEventsSection, crs: CRS, log: FindingLog) -> Placed | None:
    """Events of a file within the window; later ones are left out, not refused."""
    columns, defaults = rows.spec.columns, rows.spec.defaults
    if not any(getattr(s, key) is not None for s in (columns, defaults) for key in ("date", "start", "end")):
        raise InvalidInput(
            'past events need a date; none is named. Write [model.covariates.columns] date = "a column". '
            f"The file has: {', '.join(rows.table.cells)}"
        )
    geometry = places.placed_events(rows, crs)
    first, last = rows.days(dt.date(9999, 12, 31))
    precision = np.nan_to_num(rows.numbers("precision_m"))
    if log.has_errors:
        return None
    first, last = np.where(np.isnan(first), last, first), np.where(np.isnan(last), first, last)
    return _within(geometry, precision, first, last, section, log)


def _within(
    geometry: NDArray[np.object_], precision: Floats, first: Floats, last: Floats, section: PastEventsSection,
    log: FindingLog,
) -> Placed:  # fmt: skip
    """Places of the events that certainly lie in the window; the others are counted."""
    undated, placeless = np.isnan(first) | np.isnan(last), shapely.is_missing(geometry)
    with np.errstate(invalid="ignore"):
        inside = (first >= day_number(section.start)) & (last <= day_number(section.end))
    used = inside & ~placeless
    num_out = int((~inside & ~undated & ~placeless).sum())
    log.add(
        "note", "past-events-read", "every event is accounted for",
        f"{first.size:,} events: {int(used.sum()):,} between {section.start} and {section.end}, {num_out:,} outside or "
        f"only partly inside that time, {int((undated & ~placeless).sum()):,} undated, {int(placeless.sum()):,} "
        "without a place",
        "nothing", count=first.size,
    )  # fmt: skip
    lost = int((undated | placeless).sum())
    if lost:
        log.add(
            "warning", "past-events-left-out", "past events should have a date and a place",
            f"{lost:,} have not, and are left out of this covariate", "date and place them where known", count=lost,
        )  # fmt: skip
    if not used.any():
        raise InvalidInput(
            f"some event must lie between {section.start} and {section.end}; none of {first.size:,} does. "
            "Check the window and the dates"
        )
    shapes = geometry[used]
    # an area stands for a round one of its size: a uniform disc of radius r has variance r²/4 along each axis
    spread = np.sqrt((precision[used] / _RADIUS_95) ** 2 + shapely.area(shapes) / (4.0 * np.pi))
    centre = shapely.centroid(shapes)
    return np.stack([shapely.get_x(centre), shapely.get_y(centre)], axis=1), spread
