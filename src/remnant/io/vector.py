"""GIS files as tables: everything that GDAL reads, and GeoParquet."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from remnant.errors import InvalidInput
from remnant.io.geometry import parsed
from remnant.io.sheets import decoded
from remnant.io.table import Table, choose

_JSON = frozenset({".geojson", ".json"})


def read_vector(path: Path, *, layer: str | None, encoding: str | None) -> Table:
    """One layer of a GIS file as a table.

    Raises
    ------
    InvalidInput
        When the file is cut off or of an unknown format, or the layer is not there.
    """
    num_geometries = _checked_json(path, encoding) if path.suffix.lower() in _JSON else None
    notes: list[tuple[str, str]] = []
    if path.suffix.lower() == ".shp":
        encoding = _shape_encoding(path, encoding, notes)
    options: dict[str, Any] = {"DATE_AS_STRING": "YES"} if path.suffix.lower() in _JSON else {}
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        try:
            name = choose("layer", layer, [str(n) for n in pyogrio.list_layers(path)[:, 0]])
            meta, _, wkb, fields = pyogrio.raw.read(
                path, layer=name, encoding=encoding, force_2d=True, datetime_as_string=True, **options
            )
        except (DataSourceError, DataLayerError, UnicodeError, ValueError, RuntimeError) as error:
            raise InvalidInput(
                f"the file must be readable; GDAL says: {_short(error, path)}. It may be cut off or of another format."
            ) from None
    notes += [("file-warning", _one_line(w.message)) for w in met if not _is_chatter(str(w.message))]
    num = len(wkb) if wkb is not None else len(fields[0]) if len(fields) else 0
    geometry, is_unreadable = _geometries(wkb)
    if (
        num_geometries is not None
        and geometry is not None
        and num_geometries != (num, _num_there(geometry, is_unreadable))
    ):
        raise InvalidInput(
            f"all {num_geometries[0]} features, {num_geometries[1]} with coordinates, must be readable; "
            f"{num} and {_num_there(geometry, is_unreadable)} are. Coordinates must be numbers."
        )
    cells = {str(n): _objects(v) for n, v in zip(meta["fields"], fields, strict=True)}
    return Table(
        cells=cells,
        row=np.arange(1, num + 1),
        geometry=geometry,
        is_unreadable=is_unreadable,
        crs=meta["crs"] or "",
        notes=tuple(notes),
    )


def read_parquet(path: Path) -> Table:
    """A GeoParquet or plain Parquet file as a table."""
    try:
        has_geometry = b"geo" in (pq.read_schema(path).metadata or {})
        frame: Any = gpd.read_parquet(path) if has_geometry else pq.read_table(path).to_pandas()
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        shapely.errors.ShapelyError,
    ) as error:
        raise InvalidInput(
            f"the file must be Parquet; the reader says: {_short(error, path)}. It may be cut off."
        ) from None
    num = len(frame)
    geometry = crs = None
    if has_geometry:
        geometry = np.array(frame.geometry.values, dtype=object)
        crs = frame.crs.to_wkt() if frame.crs is not None else ""
        frame = frame.drop(columns=frame.geometry.name)
    cells = {str(n): _objects(frame[n].astype(object).to_numpy()) for n in frame.columns}
    unreadable = None if geometry is None else np.zeros(num, dtype=bool)
    return Table(
        cells=cells, row=np.arange(1, num + 1), geometry=geometry, is_unreadable=unreadable, crs=crs or ""
    )


def _checked_json(path: Path, encoding: str | None) -> tuple[int, int] | None:
    """(features, features with a geometry) by a strict parser, since GDAL reads cut-off files in part."""
    text, _ = decoded(path.read_bytes(), encoding)
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(
            f"the file must be valid JSON; the parser says: {_short(error, path)}. It may be cut off; export it again."
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("features"), list):
        return None
    features = [f if isinstance(f, dict) else {} for f in data["features"]]
    return len(features), sum(_has_coordinates(f.get("geometry")) for f in features)


def _has_coordinates(geometry: object) -> bool:
    if not isinstance(geometry, dict):
        return False
    return bool(geometry.get("coordinates") or geometry.get("geometries"))


def _num_there(geometry: NDArray[np.object_], is_unreadable: NDArray[np.bool_] | None) -> int:
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    return int((there if is_unreadable is None else there | is_unreadable).sum())


def _geometries(
    wkb: NDArray[np.object_] | None,
) -> tuple[NDArray[np.object_] | None, NDArray[np.bool_] | None]:
    if wkb is None:
        return None, None
    geometry = parsed(wkb, shapely.from_wkb, on_invalid="fix")
    held = np.array([b is not None for b in wkb], dtype=bool)
    return geometry, held & shapely.is_missing(geometry)


def _shape_encoding(path: Path, encoding: str | None, notes: list[tuple[str, str]]) -> str | None:
    """The encoding of a shapefile's attributes: named, in its .cpg or header, or guessed from its bytes."""
    table = path.with_suffix(".dbf")
    missing = [
        s
        for s in (".dbf", ".shx")
        if not path.with_suffix(s).is_file() and not path.with_suffix(s.upper()).is_file()
    ]
    if missing:
        raise InvalidInput(
            f"a shapefile needs its {' and '.join(missing)} beside it; it is not there. Copy all its parts."
        )
    has_page = any(path.with_suffix(s).is_file() for s in (".cpg", ".CPG"))
    _check_shape_sizes(path)
    if encoding is not None or has_page or not table.is_file():
        return encoding
    data = table.read_bytes()
    if len(data) > 29 and data[29] != 0:
        return None
    try:
        data[32:].decode("utf-8")
    except UnicodeDecodeError:
        words = (
            "no .cpg and not UTF-8, so read as cp1252; "
            'if letters look wrong, name the layer\'s encoding (such as "cp1251")'
        )
        notes.append(("encoding-guessed", words))
        return "cp1252"
    return "utf-8"


def _check_shape_sizes(path: Path) -> None:
    """Refuses a shapefile whose parts are shorter than they say: GDAL would read the lost outlines as null."""
    for part in sorted(p for p in path.parent.iterdir() if p.stem == path.stem):
        suffix, size = part.suffix.lower(), part.stat().st_size
        with part.open("rb") as stream:
            header = stream.read(32)
        if suffix in (".shp", ".shx"):
            said = 2 * int.from_bytes(header[24:28], "big") if len(header) == 32 else size + 1
        elif suffix == ".dbf":
            num, start, width = (
                int.from_bytes(header[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12))
            )
            said = start + num * width if len(header) == 32 else size + 1
        else:
            continue
        if size < said:
            raise InvalidInput(
                f"{part.name} must hold {said:,} bytes; it holds {size:,}. It is cut off: copy it again."
            )


def _objects(values: NDArray[Any]) -> NDArray[np.object_]:
    """Cells as Python values; None where blank."""
    listed = [None if _is_missing(v) else v for v in map(_flat, values.tolist())]
    cells = np.empty(len(listed), dtype=object)
    cells[:] = listed
    return cells


def _flat(value: object) -> object:
    """A list in a cell as text, its parts separated by semicolons."""
    if isinstance(value, np.ndarray | list | tuple):
        return "; ".join("" if v is None else str(v) for v in value)
    return value


def _is_missing(value: object) -> bool:
    if value is None or value == "":
        return True
    return isinstance(value, float) and value != value


def _is_chatter(text: str) -> bool:
    """GDAL remarks that say nothing about the records."""
    return "driver" in text and "open option" in text


def _short(error: object, path: Path) -> str:
    """The first clause of what a library says, without the folders of this machine."""
    first = _one_line(error).replace(f"{path.parent}{os.sep}", "").split("; ")[0]
    return first.replace(". ", ", ").rstrip(". ")


def _one_line(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:197]}…"
