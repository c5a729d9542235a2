"""One layer of a case: its file read, its columns checked, its places found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io.case_file import near
from remnant.io.cells import Bounds, UnreadableCellError, is_blank, number_of, text_of
from remnant.io.findings import FindingLog
from remnant.io.geometry import crs_of, parsed
from remnant.io.layer_section import Layer, LonLat
from remnant.io.rows import Rows
from remnant.io.sheets import read_sheet, read_text
from remnant.io.table import PARQUETS, SHEETS, TEXTS, Table
from remnant.io.vector import read_parquet, read_vector


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
