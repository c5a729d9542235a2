"""What a request of the OGC API asks for, read strictly: what it does not know it refuses."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request

from remnant.errors import InvalidInput
from remnant.io.feature_columns import Column
from remnant.io.feature_places import LONLAT, Box, epsg_of

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MOST_FEATURES = 10_000
"""Most features on a page; who asks for more gets that many."""
_USUAL_FEATURES = 100
_EVERYWHERE = ("f", "token")
_ITEMS = ("limit", "offset", "bbox", "bbox-crs", "datetime", "crs")
_HTML_NAMES = ("text/html", "application/xhtml+xml")

Format = Literal["json", "html"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsAsked:
    """What a request for features asks for.

    Parameters
    ----------
    limit, offset
        Most features, and how many come before them.
    box, box_crs
        Corners as given, and their coordinates; None: anywhere.
    first, last
        Days; empty: no bound.
    where
        Column → value.
    crs
        Address of the coordinates of the answer.
    """

    limit: int
    offset: int
    box: Box | None
    box_crs: str
    first: str
    last: str
    where: Mapping[str, object]
    crs: str


def known_crs(case_crs: str) -> dict[str, str]:
    """Address → name of the coordinates that can be asked for: degrees, and the case's own where it has a code."""
    code = epsg_of(case_crs)
    own = {} if code is None else {f"http://www.opengis.net/def/crs/EPSG/0/{code}": f"EPSG:{code}"}
    return {CRS84: LONLAT, **own}


def format_of(request: Request) -> Format:
    """HTML for people, JSON for programs: as ``f`` says, else as the ``Accept`` header does.

    Raises
    ------
    InvalidInput
        ``f`` is neither.
    """
    asked = request.query_params.get("f")
    if asked is None:
        return _accepted(request.headers.get("accept", ""))
    if asked not in ("json", "html"):
        raise InvalidInput(f"f must be json or html; got {asked[:80]!r}.")
    return "json" if asked == "json" else "html"


def check_names(request: Request, *more: str) -> None:
    """Refuse parameters that nobody knows, and those given twice: a filter that is not read would be taken for one."""
    names = [name for name, _ in request.query_params.multi_items()]
    known = (*_EVERYWHERE, *more)
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"{name[:80]!r} is no parameter here; these are: {', '.join(sorted(set(known) - {'token'}))}."
            )
        if names.count(name) > 1:
            raise InvalidInput(f"{name} must be given once; got it {names.count(name)} times.")


def items_asked(request: Request, columns: Mapping[str, Column], crs: Mapping[str, str]) -> ItemsAsked:
    """What a request for features asks for.

    Parameters
    ----------
    request
        Its query is read.
    columns
        Columns that may be asked for.
    crs
        Coordinates that may be asked for, by address.

    Raises
    ------
    InvalidInput
        A parameter is unknown or has no meaning.
    """
    check_names(request, *_ITEMS, *columns)
    given = request.query_params
    first, last = _days(given["datetime"]) if "datetime" in given else ("", "")
    return ItemsAsked(
        limit=min(_whole("limit", given.get("limit", str(_USUAL_FEATURES)), 1), MOST_FEATURES),
        offset=_whole("offset", given.get("offset", "0"), 0),
        box=_box(given["bbox"]) if "bbox" in given else None,
        box_crs=crs_asked(request, "bbox-crs", crs),
        first=first,
        last=last,
        where={name: column.read(name, given[name]) for name, column in columns.items() if name in given},
        crs=crs_asked(request, "crs", crs),
    )


def crs_asked(request: Request, name: str, crs: Mapping[str, str]) -> str:
    """Address of the coordinates that a parameter names; degrees where it is not there."""
    asked = request.query_params.get(name, CRS84)
    if asked not in crs:
        raise InvalidInput(f"{name} must be one of {', '.join(crs)}; got {asked[:80]!r}.")
    return asked


def items_parameters(columns: Mapping[str, Column], crs: Mapping[str, str]) -> list[dict[str, Any]]:
    """The same parameters as the page of routes says them."""
    addresses = {"type": "string", "format": "uri", "enum": list(crs), "default": CRS84}
    whole = {"type": "integer", "minimum": 0, "default": 0}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": _USUAL_FEATURES}
    corners = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    said: list[tuple[str, dict[str, Any], str]] = [
        ("limit", limit, "most features on a page"),
        ("offset", whole, "features before the page"),
        ("bbox", corners, "lower and upper corner; features without a place match every box"),
        ("bbox-crs", addresses, "coordinates of bbox"),
        ("datetime", {"type": "string"}, "a day, or two with / between; .. is open"),
        ("crs", addresses, "coordinates of the answer"),
        *((name, column.schema, column.meaning) for name, column in columns.items()),
    ]
    return [format_parameter(), *(_parameter(*one) for one in said)]


def format_parameter() -> dict[str, Any]:
    """The parameter for the format of the answer, as the page of routes says it."""
    return _parameter("f", {"type": "string", "enum": ["json", "html"]}, "json for programs, html for people")


def crs_parameter(crs: Mapping[str, str]) -> dict[str, Any]:
    """The parameter for the coordinates of the answer, as the page of routes says it."""
    schema = {"type": "string", "format": "uri", "enum": list(crs), "default": CRS84}
    return _parameter("crs", schema, "coordinates of the answer")


def _parameter(name: str, schema: dict[str, Any], meaning: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": meaning,
        "style": "form",
        "explode": False,
    }


def _accepted(header: str) -> Format:
    """HTML only where it is wanted more than JSON: browsers do."""
    weights = {"html": 0.0, "json": 0.0}
    for part in header.split(","):
        name, *details = (word.strip().lower() for word in part.split(";"))
        kind = "html" if name in _HTML_NAMES else "json"
        weight = next((d[2:] for d in details if d.startswith("q=")), "1")
        try:
            weights[kind] = max(weights[kind], float(weight))
        except ValueError:
            continue
    return "html" if weights["html"] > weights["json"] else "json"


def _whole(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        raise InvalidInput(f"{name} must be a whole number from {least}; got {text[:80]!r}.")
    return int(text)


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(math.isfinite(v) for v in numbers):
        raise InvalidInput(f"bbox must be four or six numbers with commas between; got {text[:80]!r}.")
    half = len(numbers) // 2
    return numbers[0], numbers[1], numbers[half], numbers[half + 1]


def _days(text: str) -> tuple[str, str]:
    """First and last day of a day, a time or an interval; empty where it is open."""
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 2 and all(part in ("", "..") for part in parts)):
        raise InvalidInput(f"datetime must be a day or two with / between; got {text[:80]!r}.")
    days = ["" if len(parts) == 2 and part in ("", "..") else _day(part) for part in parts]
    first, last = days[0], days[-1]
    if first and last and first > last:
        raise InvalidInput(f"datetime must begin before it ends; got {text[:80]!r}.")
    return first, last


def _day(text: str) -> str:
    try:
        time = dt.datetime.fromisoformat(text.replace("t", "T").replace("z", "Z"))
        return (time if time.tzinfo is None else time.astimezone(dt.UTC)).date().isoformat()
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"datetime must be written as 2026-06-30 or 2026-06-30T12:00:00Z; got {text[:80]!r}."
        ) from None
