"""What the kinds of layers mean: rows into the columns of the case's records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.catalogue import Catalogue
from remnant.errors import InvalidInput
from remnant.io import places
from remnant.io.labels import labelled_cells
from remnant.io.register import area_register, items_by_kind, released_register
from remnant.io.rows import Rows

Part = Mapping[str, Any]
"""Columns of one record table, from one layer; each (n,)."""
Floats = NDArray[np.float64]
_OPEN = frozenset({"open", "active", "suspended", "ongoing"})
_RELEASED = frozenset({"released", "cancelled", "canceled", "reduced", "cleared"})
_DELIVERIES = ("emplaced", "remotely_delivered", "fired")

_DATES = ("date", "start", "end")
_ITEMS = ("items_start", "items_end", "items_found", "is_complete")
_SIZE = ("reported_area_m2", "precision_m")
_EVENT = ("precision_m", "quantity", "search_id", *_DATES)
_REGISTER = (
    "district", "recorded", "released", "released_as", "cancelled_m2", "reduced_m2", "cleared_m2", "remaining_m2",
)  # fmt: skip
_KINDS_OF_ITEMS = ("num_ap_mines", "num_av_mines", "num_submunitions", "num_other_items")
_LAYING = ("time_of_day", "fuze", "anti_handling", "self_destruct")
_AMOUNT = ("quantity", "quantity_low", "quantity_high", "rounds", "items_per_round")


def _keys(needed: Sequence[str], others: Sequence[str]) -> Mapping[str, bool]:
    return {key: key in needed for key in (*needed, *others)}


KEYS: Mapping[str, Mapping[str, bool]] = {
    "hazard_areas": _keys(("hazard_class", "type"), ("id", "status", *_DATES, *_SIZE, *_REGISTER)),
    "released_areas": _keys(
        ("type", "method", "coverage"),
        (
            "id",
            "hazard_class",
            *_ITEMS,
            *_DATES,
            *_SIZE,
            "area_id",
            "former_class",
            *_REGISTER,
            *_KINDS_OF_ITEMS,
        ),
    ),
    "searches": _keys(
        ("method", "coverage"), ("id", "items_found", "is_complete", "type", *_DATES, *_KINDS_OF_ITEMS)
    ),
    "land_use": _keys(("method", "coverage"), ("id", *_DATES)),
    "finds": _keys(("type",), ("id", *_EVENT)),
    "accidents": _keys(("type",), ("id", *_EVENT)),
    "deposits": _keys(("type",), ("id", "setting", "delivery", *_AMOUNT, *_DATES, "precision_m", *_LAYING)),
    "districts": _keys(("name",), ()),
    "labelled_cells": _keys(("outcome",), ("id", "reported_area_m2", *_DATES)),
}
"""Keys that each kind of layer uses, after IMAS minimum data; True where a column or a default is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every kind needs to know of its case."""

    as_of: dt.date
    crs: CRS
    catalogue: Catalogue


def parts_of(rows: Rows, context: Context) -> dict[str, Part]:
    """The columns that a layer adds to each table of the case: ``areas``, ``searches``, ``events`` …"""
    return _READERS[rows.spec.kind](rows, context)


def _hazard_areas(rows: Rows, context: Context) -> dict[str, Part]:
    words = rows.texts("status")
    area = _areas(rows, context, _status(rows, words), "SHA")[0]
    return {"areas": area, "register": area_register(rows, context.as_of, area["status"], words)}


def _released_areas(rows: Rows, context: Context) -> dict[str, Part]:
    area, is_circle = _areas(rows, context, np.full(rows.size, "released", dtype=object), "released")
    shape = np.asarray(area["geometry"]).copy()
    shape[is_circle] = None
    start, end = rows.days(context.as_of)
    search = _search(rows, context, shape, start, end)
    search["type"] = np.array([names[0] if len(names) == 1 else "" for names in area["types"]], dtype=object)
    register = released_register(
        rows, context.as_of, context.catalogue, search["method"], (search["start_day"], search["end_day"])
    )
    return {
        "areas": area, "searches": search, "register": register, "destroyed": items_by_kind(rows, has_kinds=True),
    }  # fmt: skip


def _areas(
    rows: Rows, context: Context, status: NDArray[np.object_], otherwise: str
) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    reported = rows.numbers("reported_area_m2")
    precision = rows.numbers("precision_m")
    radius = np.fmax(precision, np.sqrt(reported / np.pi))
    is_circle = np.isin(shapely.get_type_id(rows.geometry), [0, 1, 2, 4, 5])
    geometry = places.placed_areas(rows, context.crs, radius)
    is_released = rows.spec.kind == "released_areas"
    start, end = (
        rows.period("items_start", "items_end", context.as_of) if is_released else rows.days(context.as_of)
    )
    classes = rows.texts("hazard_class", is_required=not is_released)
    _compare_sizes(rows, geometry, reported, is_circle)
    rows.log.rows(
        "note", "precision-not-used", "outlines are taken as they are drawn",
        "outlines state a precision_m, which only points use", "widen the outlines in the source if that is meant",
        rows.table.row[~is_circle & (precision > 0.0)].tolist(),
    )  # fmt: skip
    _count_undated(rows, start, end)
    places.count_duplicates(rows, geometry)
    places.count_unknown(rows, geometry, "they stay in the totals as areas of unknown place")
    columns = {
        "id": _ids(rows), "geometry": geometry, "hazard_class": np.where(classes == "", otherwise, classes),
        "status": status, "types": _type_lists(rows, context.catalogue), "start_day": start, "end_day": end,
        "reported_area_m2": reported,
    }  # fmt: skip
    return columns, is_circle


def _searches(rows: Rows, context: Context) -> dict[str, Part]:
    geometry = places.placed_areas(rows, context.crs, np.full(rows.size, np.nan))
    start, end = rows.days(context.as_of)
    _count_undated(rows, start, end)
    places.count_duplicates(rows, geometry)
    places.count_unknown(rows, geometry, "they lower nothing")
    return {
        "searches": _search(rows, context, geometry, start, end),
        "destroyed": items_by_kind(rows, has_kinds=rows.spec.kind == "searches"),
    }


def _search(
    rows: Rows, context: Context, geometry: NDArray[np.object_], start: Floats, end: Floats
) -> dict[str, Any]:
    is_released = rows.spec.kind == "released_areas"
    complete = (
        rows.truths("is_complete")
        if "is_complete" in KEYS[rows.spec.kind]
        else np.zeros(rows.size, dtype=bool)
    )
    found = (
        rows.numbers("items_found") if "items_found" in KEYS[rows.spec.kind] else np.full(rows.size, np.nan)
    )
    one_type = np.full(rows.size, "", dtype=object)
    if not is_released and "type" in KEYS[rows.spec.kind]:
        one_type = _types(rows, context.catalogue, is_required=False)
    return {
        "id": _ids(rows), "geometry": geometry, "method": _methods(rows, context.catalogue),
        "start_day": start, "end_day": end,
        "coverage": np.nan_to_num(rows.numbers("coverage", is_required=True)), "items_found": found,
        "is_complete": complete, "type": one_type,
    }  # fmt: skip


def _events(rows: Rows, context: Context) -> dict[str, Part]:
    geometry = places.placed_events(rows, context.crs)
    precision = rows.numbers("precision_m")
    points = shapely.get_type_id(geometry) == 0
    for index in np.flatnonzero(points & np.isnan(precision)):
        rows.refuse(
            int(index), "blank-precision-m", "points need precision_m, the radius within which the true place lies",
            "none is given", "name a column, or [layers.defaults] precision_m = 100",
        )  # fmt: skip
    first, last = rows.days(context.as_of)
    with np.errstate(invalid="ignore"):
        broad = last > first
    rows.log.rows(
        "note", "event-period", "an event should have one day",
        "events name a month or a year; its middle day is taken",
        "give the day where it is known", rows.table.row[broad].tolist(),
    )  # fmt: skip
    day = np.floor(0.5 * (first + last))
    _count_undated(rows, first, last)
    repeats = places.count_duplicates(rows, geometry)
    places.count_near(rows, geometry, day, repeats)
    columns = {
        "id": _ids(rows), "geometry": geometry, "precision_m": np.nan_to_num(precision),
        "kind": np.full(rows.size, "find" if rows.spec.kind == "finds" else "accident", dtype=object),
        "type": _types(rows, context.catalogue, is_required=True), "num_items": _event_items(rows), "day": day,
        "search_id": rows.texts("search_id"),
    }  # fmt: skip
    places.count_unknown(rows, geometry, "they are counted and change nothing elsewhere")
    return {"events": columns}


def _event_items(rows: Rows) -> Floats:
    """Items per event: as recorded, or one, which is the least that an event can stand for."""
    number = rows.numbers("quantity")
    for index in np.flatnonzero(number == 0.0):
        rows.refuse(
            int(index), "bad-quantity", "an event must stand for at least one item", "got 0",
            "a search that found nothing belongs in a searches layer",
        )  # fmt: skip
    silent = np.isnan(number)
    if rows.spec.kind == "accidents" and rows.spec.columns.quantity is None:
        return np.where(silent, 1.0, number)
    rows.log.rows(
        "note", "quantity-of-one", "events should say how many items they stand for",
        "events do not say; one item each is taken, which is the least that it can be",
        "name a quantity column if the file has one", rows.table.row[silent].tolist(),
    )  # fmt: skip
    return np.where(silent, 1.0, number)


def _deposits(rows: Rows, context: Context) -> dict[str, Part]:
    geometry = places.placed_areas(rows, context.crs, rows.numbers("precision_m"))
    types = _types(rows, context.catalogue, is_required=True)
    low, high = _quantities(rows)
    start, end = rows.days(context.as_of)
    columns = {
        "id": _ids(rows), "geometry": geometry, "type": types, "setting": _settings(rows, types, context.catalogue),
        "kind": _deliveries(rows, types, context.catalogue), "quantity_low": low, "quantity_high": high,
        "start_day": start, "end_day": end,
    }  # fmt: skip
    _count_undated(rows, start, end)
    places.count_duplicates(rows, geometry)
    places.count_unknown(rows, geometry, "they stay in the totals as deposits of unknown place")
    return {"deposits": columns, "laying": {key: rows.texts(key) for key in _LAYING}}


def _quantities(rows: Rows) -> tuple[Floats, Floats]:
    """90 % interval of the items delivered: a number, two numbers, or rounds × items per round."""
    number = rows.numbers("quantity")
    fired = rows.numbers("rounds") * rows.numbers("items_per_round")
    number = np.where(np.isnan(number), fired, number)
    low, high = rows.numbers("quantity_low"), rows.numbers("quantity_high")
    low, high = np.where(np.isnan(low), number, low), np.where(np.isnan(high), number, high)
    for index in np.flatnonzero(np.isnan(low) | np.isnan(high)):
        if int(index) not in rows.bad:
            rows.refuse(
                int(index), "blank-quantity",
                "deposits need quantity, or quantity_low and quantity_high, or rounds and items_per_round",
                "none is given", "give a wide low and high if it is not known",
            )  # fmt: skip
    with np.errstate(invalid="ignore"):
        for index in np.flatnonzero(low > high):
            rows.refuse(
                int(index), "bad-quantity", "quantity_low must not exceed quantity_high",
                f"got {low[index]:g} and {high[index]:g}", "swap them",
            )  # fmt: skip
    return np.nan_to_num(low), np.nan_to_num(high)


def _districts(rows: Rows, context: Context) -> dict[str, Part]:
    geometry = places.placed_areas(rows, context.crs, np.full(rows.size, np.nan))
    for index in np.flatnonzero(shapely.is_missing(geometry)):
        if int(index) not in rows.bad:
            rows.refuse(
                int(index), "null-geometry", "districts must have a place", "none is given", "add its polygon"
            )
    places.count_unknown(rows, geometry, "")
    return {"districts": {"name": rows.texts("name", is_required=True), "geometry": geometry}}


def _labels(rows: Rows, context: Context) -> dict[str, Part]:
    return {"labels": {"id": _ids(rows), **labelled_cells(rows, context.crs, context.as_of)}}


_READERS: Mapping[str, Callable[[Rows, Context], dict[str, Part]]] = {
    "hazard_areas": _hazard_areas, "released_areas": _released_areas, "searches": _searches, "land_use": _searches,
    "finds": _events, "accidents": _events, "deposits": _deposits, "districts": _districts,
    "labelled_cells": _labels,
}  # fmt: skip


def _ids(rows: Rows) -> NDArray[np.object_]:
    """The records' own ids, or layer and row where there are none; repeated ones are counted."""
    ids = rows.texts("id")
    own = np.array([f"{rows.name}:{row}" for row in rows.table.row], dtype=object)
    named, counts = np.unique(ids[ids != ""].astype(str), return_counts=True)
    if (counts > 1).any() and "repeated-id" not in {f.code for f in rows.log.found}:
        shown = ", ".join(named[counts > 1][:20])
        rows.log.add(
            "warning", "repeated-id", "ids should differ",
            f"{int((counts > 1).sum()):,} ids come more than once: {shown}",
            "check whether the records are the same thing", count=int(counts[counts > 1].sum()),
        )  # fmt: skip
    return np.where(ids == "", own, ids)


def _status(rows: Rows, words: NDArray[np.object_]) -> NDArray[np.object_]:
    out = np.full(rows.size, "open", dtype=object)
    for index, text in enumerate(words):
        key = text.casefold()
        if key in _RELEASED:
            out[index] = "released"
        elif key and key not in _OPEN:
            rows.refuse(
                index, "unknown-status", f"status must be one of {', '.join(sorted(_OPEN | _RELEASED))}",
                f"got {text!r}",
                f'map it: [layers.values.status] "{text}" = "open"',
            )  # fmt: skip
    return out


def _resolved(rows: Rows, key: str, names: list[str], look_up: Callable[[str], Any]) -> dict[str, Any]:
    """Each name's catalogue entry, or the error that tells why there is none."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = look_up(name)
        except InvalidInput as error:
            found[name] = error
    return found


def _refuse_name(rows: Rows, index: int, key: str, name: str, error: InvalidInput) -> None:
    _, _, hint = str(error).partition(". ")
    constant = rows.default(key)
    if constant is not None and name in [part.strip() for part in str(constant).split(";")]:
        rows.refuse_default(key, f"{key} must be a name of the catalogue", f"got {name!r}", hint.strip())
        return
    rows.refuse(
        index, f"unknown-{key}", f"{key} must be a name of the catalogue", f"got {name!r}",
        f'{hint.strip()} Map it: [layers.values.{key}] "{name}" = "a catalogue name"'.strip(),
    )  # fmt: skip


def _type_lists(rows: Rows, catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    texts = rows.texts("type", is_required=True)
    lists = [[part.strip() for part in text.split(";") if part.strip()] for text in texts]
    found = _resolved(rows, "type", [name for names in lists for name in names], catalogue.ordnance)
    out: list[tuple[str, ...]] = []
    for index, names in enumerate(lists):
        good: list[str] = []
        for name in names:
            if isinstance(found[name], InvalidInput):
                _refuse_name(rows, index, "type", name, found[name])
            else:
                good.append(found[name].name)
        out.append(tuple(dict.fromkeys(good)))
    return tuple(out)


def _types(rows: Rows, catalogue: Catalogue, *, is_required: bool) -> NDArray[np.object_]:
    return _names(rows, "type", catalogue.ordnance, is_required)


def _methods(rows: Rows, catalogue: Catalogue) -> NDArray[np.object_]:
    names = _names(rows, "method", catalogue.method, True)
    if rows.spec.kind == "land_use":
        for index, name in enumerate(names):
            if name and catalogue.method(name).kind != "land_use":
                rows.refuse(
                    index, "not-a-land-use", "land_use layers need a method of kind land_use", f"got {name!r}",
                    "`remnant methods` lists them; a true search belongs in a searches layer",
                )  # fmt: skip
    return names


def _names(rows: Rows, key: str, look_up: Callable[[str], Any], is_required: bool) -> NDArray[np.object_]:
    texts = rows.texts(key, is_required=is_required)
    found = _resolved(rows, key, [t for t in texts if t], look_up)
    out = np.full(rows.size, "", dtype=object)
    for index, text in enumerate(texts):
        if text and isinstance(found[text], InvalidInput):
            _refuse_name(rows, index, key, text, found[text])
        elif text:
            out[index] = found[text].name
    return out


def _settings(rows: Rows, types: NDArray[np.object_], catalogue: Catalogue) -> NDArray[np.object_]:
    settings = rows.texts("setting")
    for index, (name, setting) in enumerate(zip(types, settings, strict=True)):
        known = catalogue.types[name].settings if name else {}
        if name and setting and setting not in known:
            rows.refuse(
                index, "unknown-setting", f"setting must be one of {name}'s: {', '.join(known) or 'it has none'}",
                f"got {setting!r}", "correct it, or leave it blank for the longest",
            )  # fmt: skip
    return settings


def _deliveries(rows: Rows, types: NDArray[np.object_], catalogue: Catalogue) -> NDArray[np.object_]:
    """How each deposit came: as recorded, or as its type usually does."""
    named = rows.texts("delivery")
    out = np.full(rows.size, "emplaced", dtype=object)
    for index, (name, text) in enumerate(zip(types, named, strict=True)):
        key = text.casefold().replace(" ", "_").replace("-", "_")
        if text and key not in _DELIVERIES:
            rows.refuse(
                index, "unknown-delivery", f"delivery must be one of {', '.join(_DELIVERIES)}", f"got {text!r}",
                f'map it: [layers.values.delivery] "{text}" = "fired"',
            )  # fmt: skip
        elif text:
            out[index] = key
        elif name:
            out[index] = catalogue.types[name].delivery
    return out


def _count_undated(rows: Rows, start: Floats, end: Floats) -> None:
    unknown = np.isnan(start) & np.isnan(end)
    half = np.isnan(start) ^ np.isnan(end)
    rows.log.rows(
        "note", "unknown-date", "records should be dated", "records have no date; it stays unknown",
        "name a date column or default if it is known", rows.table.row[unknown].tolist(),
    )  # fmt: skip
    rows.log.rows(
        "note", "half-date", "records should have a start and an end", "records have only one of the two",
        "nothing, if the other is unknown", rows.table.row[half].tolist(),
    )  # fmt: skip


def _compare_sizes(
    rows: Rows, geometry: NDArray[np.object_], reported: Floats, is_circle: NDArray[np.bool_]
) -> None:
    drawn = shapely.area(geometry)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = reported / drawn
        apart = ~is_circle & ((ratio > 10.0) | (ratio < 0.1))
    rows.log.rows(
        "warning", "size-mismatch", "reported_area_m2 should agree with the outline within a factor of ten",
        "records do not; the outline is used", "check the unit (hectares? km²?) and the crs",
        rows.table.row[apart].tolist(),
    )  # fmt: skip
