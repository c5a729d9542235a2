"""One layer of a case: its file read, its columns resolved, its cells turned into text, numbers and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io.case_file import Layer, LonLat, near
from remnant.io.cells import Bounds, UnreadableCellError, is_blank, is_formula, number_of, text_of, truth_of
from remnant.io.dates import BLANK_DATES, Days, UnreadableDateError, read_days
from remnant.io.findings import FindingLog
from remnant.io.geometry import crs_of, parsed
from remnant.io.sheets import read_sheet, read_text
from remnant.io.table import PARQUETS, SHEETS, TEXTS, Table
from remnant.io.vector import read_parquet, read_vector
from remnant.units import day_number

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

LARGEST_AREA_M2 = 5.1e14
"""Surface of the Earth: no area is larger. [m²]"""
LARGEST_QUANTITY = 1e9
LARGEST_PRECISION_M = 1e6
BOUNDS = {
    "coverage": Bounds(low=0.0, high=1.0, words="a share in [0, 1]", is_probability=True),
    "items_found": Bounds(
        low=0.0, high=LARGEST_QUANTITY, words="a whole number of items, 0 to 1e9", is_whole=True
    ),
    "quantity": Bounds(
        low=0.0, high=LARGEST_QUANTITY, words="a whole number of items, 0 to 1e9", is_whole=True
    ),
    "quantity_low": Bounds(
        low=0.0, high=LARGEST_QUANTITY, words="a whole number of items, 0 to 1e9", is_whole=True
    ),
    "quantity_high": Bounds(
        low=0.0, high=LARGEST_QUANTITY, words="a whole number of items, 0 to 1e9", is_whole=True
    ),
    "rounds": Bounds(
        low=0.0, high=LARGEST_QUANTITY, words="a whole number of rounds, 0 to 1e9", is_whole=True
    ),
    "items_per_round": Bounds(low=0.0, high=1e6, words="items per round, 0 to 1e6"),
    "precision_m": Bounds(low=0.0, high=LARGEST_PRECISION_M, words="a radius in metres, 0 to 1e6"),
    "reported_area_m2": Bounds(low=1e-6, high=LARGEST_AREA_M2, words="an area in m², above 0"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The records of one layer, before its kind gives them a meaning.

    Parameters
    ----------
    spec
        The layer of the case file.
    table
        Cells and row numbers.
    geometry
        (n,) geometries in `crs`; None where there is no place.
    crs
        Of the geometry.
    log
        Findings of the layer; grows while the layer is read.
    """

    spec: Layer
    name: str
    table: Table
    geometry: NDArray[np.object_]
    crs: CRS
    log: FindingLog
    is_empty: NDArray[np.bool_]
    num_left_out: int = 0
    bad: set[int] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Number of records."""
        return int(self.table.row.size)

    def refuse(self, index: int, code: str, asked: str, came: str, todo: str) -> None:
        """Record an error of one record."""
        self.bad.add(index)
        self.log.refuse(code, asked, came, todo, row=int(self.table.row[index]))

    def default(self, key: str) -> object:
        """The layer's constant for a key; several names are joined by semicolons."""
        constant = getattr(self.spec.defaults, key, None)
        return ";".join(constant) if isinstance(constant, list) else constant

    def refuse_default(self, key: str, asked: str, came: str, todo: str) -> None:
        """Record an error of the layer's constant, once."""
        code = f"bad-default-{key.replace('_', '-')}"
        if code not in {f.code for f in self.log.found}:
            self.log.refuse(code, f"[layers.defaults] {asked}", came, todo)

    def cells(self, key: str) -> Texts:
        """(n,) cells of a key: mapped by the layer's values, then the default where blank; None where neither."""
        column = getattr(self.spec.columns, key)
        default = self.default(key)
        out = np.full(self.size, default, dtype=object)
        if column is None or column not in self.table.cells:
            return out
        mapping = {k.strip(): v for k, v in self.spec.values.get(key, {}).items()}
        num_blank = 0
        for index, cell in enumerate(self.table.cells[column]):
            value = None if is_blank(cell) else cell
            if value is not None and mapping:
                value = mapping.get(text_of(value), value)
                value = None if value == "" else value
            if is_formula(value):
                self.refuse(
                    index, "formula-cell", f"column {column!r} must hold a value, not a formula", f"got {value!r}",
                    "paste values only, then save again",
                )  # fmt: skip
            elif value is not None:
                out[index] = value
            else:
                num_blank += 1
        if num_blank and default is not None:
            self.log.add(
                "note", "blank-default", f"{key} may be blank where the layer has a default",
                f"{num_blank:,} blank cells of column {column!r} took {default!r}", "nothing, if that is meant",
                count=num_blank,
            )  # fmt: skip
        return out

    def texts(self, key: str, *, is_required: bool = False) -> Texts:
        """(n,) cells as text; empty where blank."""
        cells = self.cells(key)
        self._missing(key, cells, is_required)
        return np.array(["" if c is None else text_of(c) for c in cells], dtype=object)

    def numbers(self, key: str, *, is_required: bool = False) -> Floats:
        """(n,) cells as numbers within the key's bounds; NaN where blank."""
        bounds = BOUNDS[key]
        asked = f"{key} must be {bounds.words}"
        return self._read(key, asked, lambda c: number_of(c, bounds, decimal=self.spec.decimal), is_required)

    def truths(self, key: str) -> NDArray[np.bool_]:
        """(n,) cells as yes or no; no where blank."""
        return np.nan_to_num(self._read(key, f"{key} must be true or false", truth_of, False)) > 0.0

    def _read(self, key: str, asked: str, parse: Callable[[Any], float], is_required: bool) -> Floats:
        cells = self.cells(key)
        self._missing(key, cells, is_required)
        out = np.full(self.size, np.nan)
        default = self.default(key)
        for index, cell in enumerate(cells):
            if cell is None:
                continue
            try:
                out[index] = parse(cell)
            except UnreadableCellError as error:
                if cell is default:
                    self.refuse_default(key, asked, f"got {error}", error.todo)
                    continue
                self.refuse(index, f"bad-{key.replace('_', '-')}", asked, f"got {error}", error.todo)
        return out

    def _missing(self, key: str, cells: Texts, is_required: bool) -> None:
        if is_required and getattr(self.spec.columns, key) is not None:
            for index in np.flatnonzero([c is None for c in cells]):
                if int(index) not in self.bad:
                    self.refuse(
                        int(index), f"blank-{key.replace('_', '-')}", f"{key} is required", "the cell is blank",
                        f"fill it, or name [layers.defaults] {key}",
                    )  # fmt: skip

    def days(self, as_of: dt.date) -> tuple[Floats, Floats]:
        """(n,) first and last day of what the record says, NaN where unknown; errors for days after `as_of`."""
        if self._has("date"):
            return self._spans("date", as_of)
        return self.period("start", "end", as_of)

    def period(self, start_key: str, end_key: str, as_of: dt.date) -> tuple[Floats, Floats]:
        """(n,) first day of one key and last day of another, NaN where unknown."""
        start, _ = self._spans(start_key, as_of)
        _, end = self._spans(end_key, as_of)
        with np.errstate(invalid="ignore"):
            for index in np.flatnonzero(start > end):
                self.refuse(
                    int(index), "start-after-end", f"{start_key} must not lie after {end_key}", "it does",
                    "correct the two dates of the record",
                )  # fmt: skip
        return start, end

    def _has(self, key: str) -> bool:
        return getattr(self.spec.columns, key) is not None or getattr(self.spec.defaults, key) is not None

    def _spans(self, key: str, as_of: dt.date) -> tuple[Floats, Floats]:
        first, last = np.full(self.size, np.nan), np.full(self.size, np.nan)
        known: dict[object, Days | UnreadableDateError] = {}
        limit = day_number(as_of)
        blank_dates = []
        for index, cell in enumerate(self.cells(key)):
            if cell is None:
                continue
            if cell not in known:
                known[cell] = _days_or_error(cell, self.spec.date_format)
            span = known[cell]
            if cell is self.default(key) and not isinstance(span, UnreadableDateError) and span[0] > limit:
                self.refuse_default(
                    key, f"{key} must not lie after as_of ({as_of})", f"got {cell}", "correct the date"
                )
                break
            if isinstance(span, UnreadableDateError):
                self.refuse(
                    index,
                    "bad-date",
                    f"{key} must be a date that can be read one way",
                    f"got {span}",
                    span.todo,
                )
            elif span[0] > limit:
                self.refuse(
                    index, "date-after-as-of", f"{key} must not lie after as_of ({as_of})", f"got {text_of(cell)}",
                    "correct the date, or move as_of to the day up to which the records run",
                )  # fmt: skip
            else:
                first[index], last[index] = span[0], min(span[1], limit)
                if span[0] == span[1] and span[0] in _BLANK_DAYS:
                    blank_dates.append(int(self.table.row[index]))
        self.log.rows(
            "warning", "blank-looking-date", f"{key} should be a day on which something happened",
            "records carry 1899-12-30, 1900-01-01 or 1970-01-01, which is how blank dates often arrive",
            f'if they are blank, map them: [layers.values.{key}] "1900-01-01" = ""', blank_dates,
        )  # fmt: skip
        return first, last


_BLANK_DAYS = frozenset(day_number(d) for d in BLANK_DATES)


def _days_or_error(cell: object, formats: list[str]) -> Days | UnreadableDateError:
    try:
        return read_days(cell, formats)
    except UnreadableDateError as error:
        return error


def read_rows(spec: Layer, path: Path, log: FindingLog, keys: Mapping[str, bool]) -> Rows | None:
    """The records of one layer, or None when the layer as a whole is refused (the log says why).

    Parameters
    ----------
    keys
        Keys that the layer's kind knows; True where it needs a column or a default.
    """
    try:
        table = _read_file(spec, path)
        for code, words in table.notes:
            if code in _WEAKENING:
                log.add("warning", code, "files should be read without a guess", words, "check the values")
            else:
                log.add("note", code, "files are read as they are", words, "nothing")
        if not _check_columns(spec, table, log, keys):
            return None
        table, num_left_out = _filtered(spec, table)
        if not table.row.size:
            raise InvalidInput(_empty_words(num_left_out))
        crs = _layer_crs(spec, table, log)
        rows_of = Rows(
            spec=spec, name=log.layer, table=table, geometry=np.full(table.row.size, None, dtype=object), crs=crs,
            log=log, is_empty=np.zeros(table.row.size, dtype=bool), num_left_out=num_left_out,
        )  # fmt: skip
        rows_of.geometry[:] = _places(rows_of)
    except InvalidInput as error:
        log.refuse_for("layer-unreadable", error, "the layer must be readable")
        return None
    return rows_of


_WEAKENING = frozenset({"encoding-guessed", "file-warning", "formula-results"})
"""Remarks of a file reader that a person should look at."""


def _empty_words(num_left_out: int) -> str:
    if num_left_out:
        return f"a layer must hold records; the filter [layers.where] left out all {num_left_out:,}. Check its values."
    return "a layer must hold records; it is empty. Leave the layer out of the case, or name the right file."


def _read_file(spec: Layer, path: Path) -> Table:
    if not path.exists():
        hint = " Set REMNANT_DATA to the folder that holds the data." if "${REMNANT_DATA" in spec.file else ""
        folder = "" if path.parent.is_dir() else " Its folder is not there either."
        raise InvalidInput(
            f"file {spec.file!r} must exist; it is not there."
            f"{hint or ' Check the path; it starts at the case folder.'}{folder}"
        )
    suffix = path.suffix.lower()
    is_table = suffix in SHEETS | TEXTS
    if path.is_dir() and suffix != ".gdb":
        raise InvalidInput(
            f"file {spec.file!r} must be a file or a .gdb folder; it is another folder. Name the file in it."
        )
    if not is_table and spec.skip_rows:
        raise InvalidInput("skip_rows is for text tables and sheets; this file is neither. Leave it out.")
    try:
        if suffix in TEXTS:
            return read_text(path, encoding=spec.encoding, skip_rows=spec.skip_rows)
        if suffix in SHEETS:
            return read_sheet(path, sheet=spec.layer, skip_rows=spec.skip_rows)
        if suffix in PARQUETS:
            return read_parquet(path)
        return read_vector(path, layer=spec.layer, encoding=spec.encoding)
    except OSError as error:
        raise InvalidInput(
            f"file {spec.file!r} must be readable; {error.strerror or error}. Check its permissions."
        ) from None


def _check_columns(spec: Layer, table: Table, log: FindingLog, keys: Mapping[str, bool]) -> bool:
    """Findings for keys that the kind does not know, columns that are not there, and keys that nothing provides.

    Returns whether the layer can be read on, to find what is wrong in its rows.
    """
    there = [*table.cells]
    listed = ", ".join(there[:40]) or "none"
    columns = spec.columns.model_dump(exclude_none=True, exclude={"geometry"})
    named = {f"columns.{k}": k for k in columns} | {
        f"defaults.{k}": k for k in spec.defaults.model_dump(exclude_none=True)
    } | {f"values.{k}": k for k in spec.values}  # fmt: skip
    for place, key in named.items():
        if key not in keys:
            log.refuse(
                "key-not-used", f"{place} must be something that {spec.kind} layers use", "they do not use it",
                f"{near(key, list(keys))}Keys of {spec.kind}: {', '.join(keys)}",
            )  # fmt: skip
    missing = {f"columns.{k}": c for k, c in columns.items() if c not in table.cells}
    missing |= {f"where.{c}": c for c in spec.where if c not in table.cells}
    if missing:
        words = ", ".join(f"{place} = {column!r}" for place, column in missing.items())
        hints = "".join(near(c, there) for c in missing.values())
        log.refuse(
            "missing-column",
            f"{words} must be columns of the file",
            "they are not there",
            f"{hints}The file has: {listed}",
        )
    lacking = [
        k for k, need in keys.items() if need and k not in columns and getattr(spec.defaults, k, None) is None
    ]
    if lacking:
        log.refuse(
            "missing-key", f"{spec.kind} layers need {', '.join(lacking)}", "no column and no default is named",
            f"name columns under [layers.columns] or constants under [layers.defaults]. The file has: {listed}",
        )  # fmt: skip
    if {"date"} & set(named.values()) and {"start", "end"} & set(named.values()):
        log.refuse(
            "date-and-start", "either date, or start and end, may be named", "both are", "leave one out"
        )
    return not any(place.startswith("where.") for place in missing)


def _filtered(spec: Layer, table: Table) -> tuple[Table, int]:
    keep = np.ones(table.row.size, dtype=bool)
    for column, wanted in spec.where.items():
        allowed = {text_of(w) for w in (wanted if isinstance(wanted, list) else [wanted])}
        keep &= np.array(
            [text_of("" if c is None else c) in allowed for c in table.cells[column]], dtype=bool
        )
    return (table, 0) if keep.all() else (table.only(keep), int((~keep).sum()))


def _layer_crs(spec: Layer, table: Table, log: FindingLog) -> CRS:
    if spec.crs is not None:
        named = crs_of(spec.crs, "the layer's crs")
        if table.crs and not crs_of(table.crs, "the file's crs").equals(named, ignore_axis_order=True):
            log.add(
                "warning", "crs-overridden", "a layer's crs should be that of its file",
                f"the file says {crs_of(table.crs, '').name!r}, the case says {named.name!r}; the case is followed",
                "leave crs out of the layer unless the file is wrong",
            )  # fmt: skip
        return named
    if table.crs:
        return crs_of(table.crs, "the file's crs")
    if table.geometry is None:
        return crs_of("EPSG:4326", "")
    raise InvalidInput(
        'the file must name its CRS; it does not (no .prj, say). Name it in the layer: crs = "EPSG:…".'
    )


def _places(rows: Rows) -> NDArray[np.object_]:
    """Geometry from the file itself, a WKT column or two columns of coordinates."""
    place, table = rows.spec.columns.geometry, rows.table
    if place is None and table.geometry is not None:
        for index in np.flatnonzero(table.is_unreadable if table.is_unreadable is not None else []):
            rows.refuse(int(index), "bad-geometry", "geometry must be readable", "it is not", "mend the file")
        return table.geometry
    there = ", ".join(table.cells)
    if place is None:
        raise InvalidInput(
            "a table needs [layers.columns] geometry: a WKT column, or {lon = …, lat = …}, or false for records "
            f"without any place; none is named. The file has: {there}"
        )
    if place is False:
        return np.full(rows.size, None, dtype=object)
    wanted = [place.x, place.y] if isinstance(place, LonLat) else [place]
    lacking = [w for w in wanted if w not in table.cells]
    if lacking:
        hints = "".join(near(w, list(table.cells)) for w in lacking)
        raise InvalidInput(
            f"columns.geometry must name columns of the file; {', '.join(lacking)} is not there. "
            f"{hints}The file has: {there}"
        )
    return _points(rows, place) if isinstance(place, LonLat) else _from_wkt(rows, place)


_COORDINATE = Bounds(low=-1e9, high=1e9, words="a coordinate")


def _points(rows: Rows, place: LonLat) -> NDArray[np.object_]:
    xy = np.full((rows.size, 2), np.nan)
    for axis, column in enumerate((place.x, place.y)):
        for index, cell in enumerate(rows.table.cells[column]):
            if is_blank(cell):
                continue
            try:
                xy[index, axis] = number_of(cell, _COORDINATE, decimal=rows.spec.decimal)
            except UnreadableCellError as error:
                hint = "write decimal degrees, 45.1234" if any(s in str(cell) for s in "°'\"") else error.todo
                rows.refuse(
                    index, "bad-coordinate", f"column {column!r} must hold coordinates", f"got {error}", hint
                )
    half = np.isnan(xy).sum(axis=1) == 1
    for lone in np.flatnonzero(half).tolist():
        if lone not in rows.bad:
            rows.refuse(
                lone, "half-coordinate", "both coordinates, or none, are wanted", "one is blank",
                "fill it, or blank both if the place is unknown",
            )  # fmt: skip
    there = ~np.isnan(xy).any(axis=1)
    out = np.full(rows.size, None, dtype=object)
    out[there] = shapely.points(xy[there])
    return out


def _from_wkt(rows: Rows, column: str) -> NDArray[np.object_]:
    cells = rows.table.cells[column]
    texts = np.array([None if is_blank(c) else str(c).strip() for c in cells], dtype=object)
    out = parsed(texts, shapely.from_wkt, on_invalid="ignore")
    for index in np.flatnonzero(shapely.is_missing(out) & (texts != None)):  # noqa: E711
        text = texts[index]
        hint = (
            'remove "SRID=…;" and name the layer\'s crs'
            if str(text).startswith("SRID")
            else "correct the WKT"
        )
        rows.refuse(
            int(index), "bad-geometry", f"column {column!r} must hold WKT", f"got {str(text)[:40]!r}", hint
        )
    return np.asarray(shapely.force_2d(out), dtype=object)
