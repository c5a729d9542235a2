"""The records of one layer: cells mapped, defaults filled in, text turned into numbers and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from remnant.io.cells import Bounds, UnreadableCellError, is_blank, is_formula, number_of, text_of, truth_of
from remnant.io.dates import BLANK_DATES, Days, read_days
from remnant.io.findings import FindingLog
from remnant.io.layer_section import Layer
from remnant.io.table import Table
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
    **dict.fromkeys(
        ("cancelled_m2", "reduced_m2", "cleared_m2", "remaining_m2"),
        Bounds(low=0.0, high=LARGEST_AREA_M2, words="an area in m², 0 or more"),
    ),
    **dict.fromkeys(
        ("num_ap_mines", "num_av_mines", "num_submunitions", "num_other_items"),
        Bounds(low=0.0, high=LARGEST_QUANTITY, words="a whole number of items, 0 to 1e9", is_whole=True),
    ),
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

    def span(self, key: str, as_of: dt.date) -> tuple[Floats, Floats]:
        """(n,) first and last day that one key may mean, NaN where unknown; errors for days after `as_of`."""
        return self._spans(key, as_of)

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
        known: dict[object, Days | UnreadableCellError] = {}
        limit = day_number(as_of)
        blank_dates = []
        for index, cell in enumerate(self.cells(key)):
            if cell is None:
                continue
            if cell not in known:
                known[cell] = _days_or_error(cell, self.spec.date_format)
            span = known[cell]
            if cell is self.default(key) and not isinstance(span, UnreadableCellError) and span[0] > limit:
                self.refuse_default(
                    key, f"{key} must not lie after as_of ({as_of})", f"got {cell}", "correct the date"
                )
                break
            if isinstance(span, UnreadableCellError):
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


def _days_or_error(cell: object, formats: list[str]) -> Days | UnreadableCellError:
    try:
        return read_days(cell, formats)
    except UnreadableCellError as error:
        return error
