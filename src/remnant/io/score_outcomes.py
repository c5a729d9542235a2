"""What was found later, and its joining to a forecast by name or by place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io.cells import Bounds, UnreadableCellError, is_blank, number_of, text_of
from remnant.io.dates import read_days
from remnant.io.findings import spell_rows
from remnant.io.score_prediction import IDS, Prediction
from remnant.io.score_tables import column, into, places, read_any, texts
from remnant.io.table import Table
from remnant.score import ScoreCase
from remnant.units import Floats, Ints

_FOUND = ("found", "items_found", "num_found", "outcome", "finds", "result")
_DATES = ("date", "found_on", "day", "year")
_YES = frozenset({"found", "yes", "true", "find", "positive", "hazard", "items found"})
_NO = frozenset({
    "nothing", "none", "no", "false", "nothing found", "searched and nothing found", "searched, nothing found",
    "negative", "empty",
})  # fmt: skip
_UNKNOWN = frozenset({"unknown", "not searched", "na", "n/a", "nan", "?"})
_COUNT = Bounds(low=0.0, high=1e9, words="0, a number of items, 'found', 'nothing' or 'unknown'")
_FEWEST_SHARE = 0.5  # of the outcomes that must find their place in the forecast


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Records of what was found.

    Parameters
    ----------
    found
        (m,) items, or 1 and 0 from words; NaN where unknown. [items]
    are_counts
        Whether the column holds numbers above 1.
    table
        The records.
    notes
        What was left out.
    """

    found: Floats
    are_counts: bool
    table: Table
    notes: tuple[str, ...]


def read_outcomes(
    path: Path,
    *,
    layer: str | None = None,
    found_column: str | None = None,
    unknown: str = "",
    after: str = "",
    date_column: str | None = None,
) -> Outcomes:
    """Read outcomes: numbers of items, or the words found, nothing, unknown; blank is unknown.

    Parameters
    ----------
    path, layer
        File, and layer or sheet where it holds several.
    found_column
        Column, where it is not called as usual.
    unknown
        A value that also means unknown, such as ``-1``.
    after
        Day; records up to it, which a forecast could have known, are left out and counted.
    date_column
        Their date, where it is not called as usual.
    """
    table = read_any(path, layer=layer)
    file = path.name
    name = column(table, found_column, _FOUND, "what was found", file)
    if name is None:
        raise InvalidInput(
            f"{file}: a column that says what was found is needed; there are {', '.join(list(table.cells)[:20])}. "
            "Name it with --found."
        )
    notes: list[str] = []
    if after:
        first, _, limit = _days(table, after, "--after", date_column, file)
        keep = first > limit
        if not keep.any():
            raise InvalidInput(f"{file}: some outcome must be dated after {after}; none is. Move --after.")
        notes.append(
            f"outcomes dated up to {after}, left out because they could be known by then: {int((~keep).sum()):,}"
        )
        table = table.only(keep)
    found, are_numbers = _found(table, name, unknown, file)
    return Outcomes(
        found=found,
        are_counts=are_numbers and bool((found[~np.isnan(found)] > 1).any()),
        table=table,
        notes=tuple(notes),
    )


def _found(table: Table, name: str, unknown: str, file: str) -> tuple[Floats, bool]:
    out, are_numbers = np.full(table.row.size, np.nan), True
    for i, cell in enumerate(table.cells[name]):
        if is_blank(cell):
            continue
        text = text_of(cell).lower()
        if text in _UNKNOWN or (unknown and text == unknown.strip().lower()):
            continue
        if text in _YES | _NO:
            out[i], are_numbers = float(text in _YES), False
            continue
        try:
            out[i] = number_of(cell, _COUNT)
        except UnreadableCellError as error:
            hint = f" If {text} means unknown, write --unknown {text}." if text.startswith("-") else ""
            raise InvalidInput(
                f"{file}, row {table.row[i]}: {name} must be {_COUNT.words}; got {error}.{hint}"
            ) from None
    return out, are_numbers


def _days(
    table: Table, limit_text: str, option: str, date_column: str | None, file: str
) -> tuple[Floats, Floats, float]:
    """First and last day of every record, and the last day of the limit; a record without a date refuses the file."""
    name = column(table, date_column, _DATES, "the date", file)
    if name is None:
        raise InvalidInput(
            f"{file}: {option} needs a column with dates; none was found. Name it with --date-column."
        )
    try:
        limit = read_days(limit_text, [])[1]
    except UnreadableCellError as error:
        raise InvalidInput(f"{option} must be a day such as 2026-11-22; got {error}.") from None
    first, last = np.empty(table.row.size), np.empty(table.row.size)
    for i, cell in enumerate(table.cells[name]):
        try:
            if is_blank(cell):
                raise UnreadableCellError("a blank cell", "Fill it, or leave the row out")
            first[i], last[i] = read_days(int(cell) if str(cell).isdigit() else cell, [])
        except UnreadableCellError as error:
            raise InvalidInput(
                f"{file}, row {table.row[i]}: {name} must be a date, because it decides on which side of {limit_text} "
                f"the record lies; got {error}. {error.todo}."
            ) from None
    return first, last, limit


def read_events(path: Path, crs: CRS, *, layer: str | None, until: str) -> tuple[Floats, Floats]:
    """Places of past events up to a day, in the CRS of the forecast. [m]"""
    table = read_any(path, layer=layer)
    if not until:
        raise InvalidInput(
            "--events needs --until: the last day that the forecast could know. Events after it are cut."
        )
    _, last, limit = _days(table, until, "--until", None, path.name)
    keep = (
        last <= limit
    )  # a record that only names the year of the limit may lie on either side: it is left out
    if not keep.any():
        raise InvalidInput(f"{path.name}: some event must be dated up to {until}; none is. Move --until.")
    found = places(table.only(keep), "", path.name)
    if found is None:
        raise InvalidInput(f"{path.name}: events need places; no geometry or lon and lat columns were found.")
    geometry = into(*found, crs, path.name)
    middle = shapely.centroid(geometry[~shapely.is_missing(geometry)])
    return shapely.get_x(middle), shapely.get_y(middle)


def join(
    prediction: Prediction,
    outcomes: Outcomes,
    *,
    by: str = "",
    id_column: str | None = None,
    within_m: float | None = None,
    crs: str = "",
    group_column: str = "",
    as_counts: bool | None = None,
    file: str = "outcomes",
) -> ScoreCase:
    """Forecast and outcome of the same places.

    Parameters
    ----------
    prediction, outcomes
        What was read.
    by
        ``id`` or ``place``; empty: by id where both have one, else by place.
    id_column
        Of the outcomes, where it is not called as usual.
    within_m
        For forecasts at points: how far an outcome may lie from its point. [m]
    crs
        Of outcomes that do not say their own.
    group_column
        Column of the forecast, or of the outcomes, by which parts are held out.
    as_counts
        Whether outcomes are numbers; None: if any is above 1.
    file
        Name of the outcomes for messages.
    """
    name = column(outcomes.table, id_column, IDS, "the id", file)
    if by not in ("", "id", "place"):
        raise InvalidInput(f"--join must be id or place; got {by!r}.")
    if by == "id" or (not by and prediction.id is not None and name is not None):
        place, words = _by_id(prediction, outcomes, name, file), "by id"
    else:
        place, words = _by_place(prediction, outcomes, within_m, crs, file), "by place"
    num = prediction.forecast.num_places
    rows, at = place
    found, doubt = _gathered(rows, at, outcomes.found, num)
    lost = np.setdiff1d(np.arange(outcomes.found.size), rows)
    if lost.size > (1.0 - _FEWEST_SHARE) * outcomes.found.size:
        raise InvalidInput(
            f"outcomes must belong to places of the forecast; joined {words}, {lost.size:,} of {outcomes.found.size:,} "
            f"do not ({spell_rows(outcomes.table.row[lost].tolist())}). Do both files speak of the same ground and "
            f"write the ids alike?{_examples(prediction, outcomes, name) if words == 'by id' else ''}"
        )
    notes = [*prediction.notes, *outcomes.notes, f"joined {words}: {rows.size:,} outcomes, {num:,} places"]
    if lost.size:
        finds = int((outcomes.found[lost] > 0).sum())
        notes.append(
            f"outcomes that belong to no place of the forecast, not scored: {lost.size:,}; finds among them: {finds:,}"
        )
    if doubt:
        notes.append(f"places with an empty and an unknown record, taken as unknown: {doubt:,}")
    x, y, ground = _xy(prediction)
    return ScoreCase(
        forecast=prediction.forecast,
        found=found,
        is_count=outcomes.are_counts if as_counts is None else as_counts,
        x_m=x,
        y_m=y,
        ground_m2=ground,
        group=_group(prediction, outcomes, rows, at, group_column, file) if group_column else None,
        group_name=group_column,
        notes=tuple(notes),
    )


def _by_id(prediction: Prediction, outcomes: Outcomes, name: str | None, file: str) -> tuple[Ints, Ints]:
    if prediction.id is None or name is None:
        lacking = "the forecast" if prediction.id is None else file
        raise InvalidInput(
            f"joining by id needs an id column in both files; {lacking} has none. Use --join place."
        )
    twice = [i for i, n in Counter(prediction.id).items() if n > 1]
    if twice:
        raise InvalidInput(
            f"ids of the forecast must differ; {len(twice):,} come more than once, such as {twice[0]!r}. "
            "Name another column with --id, or use --join place."
        )
    number = {key: i for i, key in enumerate(prediction.id)}
    pairs = [(r, number[k]) for r, k in enumerate(texts(outcomes.table, name)) if k in number]
    rows, at = (np.array([p[i] for p in pairs], dtype=np.int64) for i in (0, 1))
    return rows, at


def _by_place(
    prediction: Prediction, outcomes: Outcomes, within_m: float | None, crs: str, file: str
) -> tuple[Ints, Ints]:
    if prediction.geometry is None or prediction.crs is None:
        raise InvalidInput(
            "joining by place needs places in the forecast; it has none. Give ids in both files."
        )
    found = places(outcomes.table, crs, file)
    if found is None:
        raise InvalidInput(
            f"joining by place needs places in {file}; there is no geometry, nor lon and lat columns."
        )
    geometry = into(*found, prediction.crs, file)
    middle = shapely.point_on_surface(geometry)
    tree = shapely.STRtree(prediction.geometry)
    is_point = set(shapely.get_type_id(prediction.geometry[~shapely.is_missing(prediction.geometry)])) <= {0}
    if is_point:
        if within_m is None:
            raise InvalidInput(
                "the forecast is at points: say how far an outcome may lie from its point. Write --within-m 500, "
                "for example half of the distance between points."
            )
        there = np.flatnonzero(~shapely.is_missing(middle))
        rows, at = tree.query_nearest(middle[there], max_distance=within_m, all_matches=False)
        return there[rows], at
    rows, at = tree.query(middle, predicate="intersects")
    return rows, at


def _gathered(rows: Ints, at: Ints, found: Floats, num: int) -> tuple[Floats, int]:
    """Outcome per place: finds add up; an unknown record beside an empty one leaves the place unknown."""
    value = found[rows]
    is_known = ~np.isnan(value)
    total = np.bincount(at[is_known], value[is_known], num)
    num_known, num_unknown = (
        np.bincount(at[is_known], minlength=num),
        np.bincount(at[~is_known], minlength=num),
    )
    in_doubt = (num_known > 0) & (num_unknown > 0) & (total == 0)
    return np.where((num_known > 0) & ~in_doubt, total, np.nan), int(in_doubt.sum())


def _examples(prediction: Prediction, outcomes: Outcomes, name: str | None) -> str:
    if prediction.id is None or name is None:
        return ""
    theirs = [t for t in texts(outcomes.table, name) if t and t not in set(prediction.id)]
    return f" The forecast has {prediction.id[0]!r}, the outcomes have {theirs[0]!r}." if theirs else ""


def _xy(prediction: Prediction) -> tuple[Floats | None, Floats | None, Floats | None]:
    if prediction.geometry is None:
        return None, None, None
    middle = shapely.centroid(prediction.geometry)
    area = shapely.area(prediction.geometry)
    return shapely.get_x(middle), shapely.get_y(middle), area if (area > 0.0).all() else None


def _group(
    prediction: Prediction, outcomes: Outcomes, rows: Ints, at: Ints, name: str, file: str
) -> tuple[str, ...]:
    if name in prediction.columns:
        return prediction.columns[name]
    if name not in outcomes.table.cells:
        both = sorted({*prediction.columns, *outcomes.table.cells})
        raise InvalidInput(
            f"--fold-by must name a column of the forecast or of {file}; {name!r} is neither. There are: "
            f"{', '.join(both[:30])}."
        )
    group = ["no outcome"] * prediction.forecast.num_places
    values = texts(outcomes.table, name)
    for r, a in zip(rows.tolist(), at.tolist(), strict=True):
        group[a] = values[r]
    return tuple(group)
