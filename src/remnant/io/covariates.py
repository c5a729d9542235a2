"""The covariates of a case file, read and checked: rasters, shapes, past events and kinds of ground."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence import (
    CategoryCovariate,
    Covariate,
    DistanceCovariate,
    PastEventsCovariate,
    RasterCovariate,
    Surface,
    Zones,
)
from remnant.evidence.nearest import segments_of
from remnant.io import geometry as geo
from remnant.io import places
from remnant.io.case_file import expand, near
from remnant.io.cells import is_blank, text_of
from remnant.io.findings import FindingLog
from remnant.io.layers import read_rows
from remnant.io.model_section import (
    CategorySection,
    CovariateSection,
    DistanceSection,
    PastEventsSection,
    RasterSection,
    Sourced,
    as_layer,
)
from remnant.io.past_events import all_after, events_of_case, events_of_file
from remnant.io.raster import Bounds, read_surface
from remnant.io.rows import Rows
from remnant.units import Floats, day_number

_FAR_M = 50_000.0
"""Shapes further from the case than this, and than the case is wide, are taken for a wrong CRS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a covariate must know of its case.

    Parameters
    ----------
    extent
        Ground of the case and some around it. [m]
    event_files
        Resolved path and layer in the file, of every layer of finds or accidents → its name in the case.
    tables
        The case's tables by name, or None where the records themselves are refused.
    """

    folder: Path
    as_of: dt.date
    crs: CRS
    extent: Bounds
    event_files: Mapping[tuple[Path, str | None], str]
    tables: Mapping[str, Any] | None

    def own_layer(self, section: DistanceSection | PastEventsSection) -> str | None:
        """Name of the layer of finds or accidents that is this file, however its path is written."""
        mine = expand(section.file, self.folder).resolve()
        for (path, layer), name in self.event_files.items():
            if path == mine and (layer is None or section.layer is None or layer == section.layer):
                return name
        return None


def read_covariates(
    sections: Sequence[CovariateSection], around: Surroundings
) -> tuple[tuple[Covariate, ...], list[FindingLog]]:
    """Every covariate that can be read, and what was met in each; errors of all come out in one go."""
    read: list[Covariate] = []
    logs = []
    for section in sections:
        log = FindingLog(file=Path(section.file).name, layer=section.name)
        logs.append(log)
        try:
            made = _READERS[type(section)](section, around, log)
        except InvalidInput as error:
            log.refuse_for("covariate-unreadable", error, f"covariate {section.name!r} must be readable")
            continue
        if made is not None and not log.has_errors:
            read.append(made)
    return tuple(read), logs


def as_range(given: Sourced, unit: str) -> Range:
    """A range of the case file as a sourced number."""
    return Range(unit=unit, **given.model_dump())


def _raster(section: RasterSection, around: Surroundings, log: FindingLog) -> RasterCovariate:
    surface = _surface(section, around)
    lowest = float(np.nanmin(surface.values)) + section.offset
    if (section.transform == "log" and lowest <= 0.0) or (section.transform == "sqrt" and lowest < 0.0):
        bound = "above 0" if section.transform == "log" else "0 or more"
        raise InvalidInput(
            f'values must be {bound} for transform = "{section.transform}"; the least is {lowest:g}. '
            "Add an offset (offset = 1, say), or take another transform"
        )
    return RasterCovariate(
        name=section.name, effect=as_range(section.effect, "ratio"), surface=surface, transform=section.transform,
        offset=section.offset, file=log.file,
    )  # fmt: skip


def _surface(section: RasterSection | CategorySection, around: Surroundings) -> Surface:
    path = _existing(section.file, around.folder)
    return read_surface(
        path, crs=around.crs, extent=around.extent, file_crs=section.crs, band=section.band, nodata=section.nodata
    )  # fmt: skip


def _existing(text: str, folder: Path) -> Path:
    path = expand(text, folder)
    if not path.is_file():
        raise InvalidInput(
            f"file {text!r} must exist; it is not there. Check the path; it starts at the case folder"
        )
    return path


def _distance(section: DistanceSection, around: Surroundings, log: FindingLog) -> DistanceCovariate | None:
    own = around.own_layer(section)
    if own is not None:
        raise InvalidInput(
            f"finds and accidents of the case may not predict themselves; the file is its layer {own!r}, and a "
            "distance knows no dates. Use past_events with a window that ends before the searches, or other shapes"
        )
    rows = _rows(section, around, log, {})
    if rows is None:
        return None
    moved = places.placed_shapes(rows, around.crs)
    if log.has_errors:
        return None
    there = moved[~shapely.is_missing(moved)]
    if not there.size:
        raise InvalidInput("distance needs at least one shape with a place; there is none. Check the file")
    _check_near(there, around, section.max_m)
    parts = shapely.get_parts(shapely.get_parts(there))
    return DistanceCovariate(
        name=section.name, effect=as_range(section.effect, "ratio"), segments=segments_of(there),
        polygons=parts[shapely.get_dimensions(parts) == 2], transform=section.transform, scale_m=section.scale_m,
        max_m=section.max_m, file=log.file,
    )  # fmt: skip


def _check_near(shapes: NDArray[np.object_], around: Surroundings, max_m: float | None) -> None:
    """Refuses shapes so far away that a wrong CRS is likely, or that every place lies beyond the greatest distance."""
    left, bottom, right, top = around.extent
    apart = float(shapely.distance(shapely.box(*around.extent), shapely.box(*shapely.total_bounds(shapes))))
    if apart > max(float(np.hypot(right - left, top - bottom)), _FAR_M):
        raise InvalidInput(
            f"shapes must lie near the case; the nearest is {apart / 1e3:,.0f} km away. Check the file's crs, and "
            "whether longitude and latitude are swapped"
        )
    if max_m is not None and apart > max_m:
        raise InvalidInput(
            f"some shape must lie within max_m ({max_m:g} m) of the case; the nearest is {apart:,.0f} m away. "
            "Raise max_m, or leave the covariate out"
        )


def _rows(
    section: DistanceSection | PastEventsSection | CategorySection, around: Surroundings, log: FindingLog,
    keys: Mapping[str, bool],
) -> Rows | None:  # fmt: skip
    # the kind stands in messages: "distance layers …"
    layer = as_layer(section).model_copy(update={"kind": section.kind})
    rows = read_rows(layer, expand(section.file, around.folder), log, keys)
    if rows is None:
        return None
    places.check_places(rows)
    return rows


def _past_events(
    section: PastEventsSection, around: Surroundings, log: FindingLog
) -> PastEventsCovariate | None:
    if section.end > around.as_of:
        raise InvalidInput(
            f"the window must not reach past as_of ({around.as_of}), up to which the case knows anything; "
            f"it ends on {section.end}. Move `to` back"
        )
    own = around.own_layer(section) if section.file else section.case_layer
    if section.file and own is not None and all_after(own, section.end, around.tables):
        own = None  # the case holds only later events of the file, so none of them is its own predictor
    if own is not None:
        found = events_of_case(own, section, around.tables, tuple(around.event_files.values()), log)
    else:
        rows = _rows(
            section, around, log, dict.fromkeys(("id", "date", "start", "end", "precision_m"), False)
        )
        found = None if rows is None else events_of_file(rows, section, around.crs, log)
    if found is None:
        return None
    xy, spread = found
    left, bottom, right, top = around.extent
    reach = section.within_m + spread.max(initial=0.0) * 3.0
    close = (xy >= [left - reach, bottom - reach]).all(axis=1) & (xy <= [right + reach, top + reach]).all(
        axis=1
    )
    if not close.any():
        raise InvalidInput(
            f"some event of {section.start} to {section.end} must lie within {section.within_m:g} m of the case; "
            f"none of {len(xy):,} does. Check the window, and the file's crs"
        )
    return PastEventsCovariate(
        name=section.name, effect=as_range(section.effect, "ratio"), x_m=xy[close, 0], y_m=xy[close, 1],
        spread_m=spread[close], within_m=section.within_m, start_day=day_number(section.start),
        end_day=day_number(section.end), transform=section.transform, file=log.file,
    )  # fmt: skip


def _category(section: CategorySection, around: Surroundings, log: FindingLog) -> CategoryCovariate | None:
    if section.classes:
        names, place = _classes(section, around, log)
    else:
        zones = _zones(section, around, log)
        if zones is None:
            return None
        names, place = zones
    others = tuple(n for n in names if n != section.base)
    if section.base not in names or not others:
        held = ", ".join(names) or "none"
        raise InvalidInput(
            f"base must be one of at least two categories; {section.base!r} among {held} is not. "
            f"{near(section.base, names)}Correct base"
        )
    strange = [n for n in section.effects if n not in others]
    silent = [n for n in others if n not in section.effects and section.effect is None]
    if strange or silent:
        raise InvalidInput(
            f"effects must speak of the categories besides the base; "
            f"{'there is no ' + ', '.join(strange) if strange else 'there is none for ' + ', '.join(silent)}. "
            f"Categories: {', '.join(others)}. An `effect` speaks for those that `effects` does not name"
        )
    given = [section.effects.get(n, section.effect) for n in others]
    return CategoryCovariate(
        name=section.name, base=section.base, categories=others, file=log.file,
        effects=tuple(as_range(e, "ratio") for e in given if e is not None),
        place=place({section.base: 0.0} | {n: i + 1.0 for i, n in enumerate(others)}),
    )  # fmt: skip


_Placed = tuple[tuple[str, ...], Callable[[Mapping[str, float]], Surface | Zones]]
"""Names of the categories, and how to place them once each has a number."""


def _classes(section: CategorySection, around: Surroundings, log: FindingLog) -> _Placed:
    surface = _surface(section, around)
    held = [int(v) for v in np.unique(surface.values[~np.isnan(surface.values)]) if v == np.floor(v)]
    nameless = [str(v) for v in held if str(v) not in section.classes]
    if nameless:
        num = int(np.isin(surface.values, [float(v) for v in nameless]).sum())
        log.add(
            "warning", "class-without-name", "classes should name every number of the raster",
            f"{num:,} pixels hold {', '.join(nameless[:20])}, which have no name; they are unknown",
            "name them in classes", count=num,
        )  # fmt: skip
    names = tuple(dict.fromkeys(n for code, n in section.classes.items() if int(code) in held))

    def place(number: Mapping[str, float]) -> Surface:
        codes = np.full(surface.values.shape, np.nan, np.float32)
        for code, name in section.classes.items():
            if name in number:
                codes[surface.values == int(code)] = number[name]
        return Surface(
            values=codes, left_m=surface.left_m, top_m=surface.top_m, step_m=surface.step_m, column=surface.column,
            row=surface.row,
        )  # fmt: skip

    return names, place


def _zones(section: CategorySection, around: Surroundings, log: FindingLog) -> _Placed | None:
    rows = _rows(section, around, log, {})
    if rows is None:
        return None
    cells, column = rows.table.cells, str(section.column)
    if column not in cells:
        raise InvalidInput(
            f"column {column!r} must be in the file; it is not. {near(column, list(cells))}"
            f"The file has: {', '.join(cells)}"
        )
    geometry = places.placed_areas(rows, around.crs, np.full(rows.size, np.nan))
    if log.has_errors:
        return None
    texts = np.full(rows.size, "", dtype=np.object_)
    texts[:] = ["" if is_blank(c) else text_of(c) for c in cells[column]]
    log.rows(
        "warning", "blank-category", f"column {column!r} should name a category",
        "polygons have a blank one; their ground is unknown", "fill it", rows.table.row[texts == ""].tolist(),
    )  # fmt: skip
    there = ~shapely.is_missing(geometry)
    near_case = np.zeros(rows.size, dtype=bool)
    near_case[there] = geo.touches(geo.boxes(geometry[there]), around.extent)
    if not near_case.any():
        raise InvalidInput("some polygon must lie in the case; none does. Check the file's crs")
    shapes, held = geometry[near_case], texts[near_case]
    names = tuple(dict.fromkeys(t for t in held if t))
    names += (section.outside,) if section.outside is not None and section.outside not in names else ()
    _count_overlaps(shapes, held, log)

    def place(number: Mapping[str, float]) -> Zones:
        code: Floats = np.array([number.get(t, np.nan) for t in held])
        outside = np.nan if section.outside is None else number[section.outside]
        return Zones.of(shapes, code, outside)

    return names, place


def _count_overlaps(shapes: NDArray[np.object_], names: NDArray[np.object_], log: FindingLog) -> None:
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    keep = (one < other) & (names[one] != names[other])
    shared = shapely.area(shapely.intersection(shapes[one[keep]], shapes[other[keep]]))
    num = int((shared > 1.0).sum())
    if num:
        log.add(
            "warning", "overlapping-categories", "ground should belong to one category",
            f"{num:,} pairs of polygons of different categories share {shared.sum() / 1e6:,.3f} km²; the first in the "
            "file is taken there", "mend the polygons", count=num,
        )  # fmt: skip


_READERS: Mapping[type[CovariateSection], Callable[[Any, Surroundings, FindingLog], Covariate | None]] = {
    RasterSection: _raster, DistanceSection: _distance, PastEventsSection: _past_events, CategorySection: _category,
}  # fmt: skip
