"""Any supported file as one table: columns of cells, geometry as it stands, and the CRS that the file names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.io.case_file import near

SHEETS = frozenset({".xlsx", ".xlsm", ".ods"})
TEXTS = frozenset({".csv", ".tsv", ".txt"})
PARQUETS = frozenset({".parquet", ".geoparquet", ".pq"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """What a file holds, before anything is concluded from it.

    Parameters
    ----------
    cells
        Column name → (n,) object array; None where blank.
    row
        (n,) record numbers in the file; the first record is 1.
    geometry
        (n,) shapely geometries as read, None where null; or None when the file has no geometry of its own.
    is_unreadable
        (n,) whether the file holds a geometry there that could not be read.
    crs
        What the file says, as text that PROJ understands; empty where it says nothing.
    notes
        (code, words) of what the reader did: encoding guessed, tag row skipped.
    """

    cells: Mapping[str, NDArray[np.object_]]
    row: NDArray[np.int64]
    geometry: NDArray[np.object_] | None = None
    is_unreadable: NDArray[np.bool_] | None = None
    crs: str = ""
    notes: tuple[tuple[str, str], ...] = ()

    def only(self, keep: NDArray[np.bool_]) -> Table:
        """The rows of a mask."""
        return replace(
            self,
            cells={name: column[keep] for name, column in self.cells.items()},
            row=self.row[keep],
            geometry=None if self.geometry is None else self.geometry[keep],
            is_unreadable=None if self.is_unreadable is None else self.is_unreadable[keep],
        )


def table_of(header: list[str], records: list[list[object]], notes: list[tuple[str, str]]) -> Table:
    """A table from rows of cells, without a tag row if there is one.

    Raises
    ------
    InvalidInput
        For a header with the same name twice, or none.
    """
    twice = sorted({h for h in header if h and header.count(h) > 1})
    if twice:
        raise InvalidInput(f"column names must differ; {', '.join(twice)} comes more than once. Rename one.")
    if not any(header):
        raise InvalidInput("a header row with column names is wanted; none was found. Check skip_rows.")
    if records and _is_tag_row(records[0]):
        records = records[1:]
        notes = [*notes, ("tag-row-skipped", "1 row of HXL tags skipped")]
    cells: dict[str, NDArray[np.object_]] = {}
    for index, name in enumerate(header):
        if name:
            column = np.empty(len(records), dtype=object)
            for i, record in enumerate(records):
                column[i] = record[index]
            cells[name] = column
    return Table(cells=cells, row=np.arange(1, len(records) + 1), notes=tuple(notes))


def _is_tag_row(record: list[object]) -> bool:
    """Whether every cell that says something is an HXL tag (``#date+start``)."""
    said = [c for c in record if c is not None and c != ""]
    return (
        bool(said)
        and all(isinstance(c, str) and c.startswith("#") and c[1:2].isalpha() for c in said)
        and not any(str(c).isupper() for c in said)
    )


def choose(what: str, name: str | None, there: list[str]) -> str:
    """The layer or sheet to read: the one asked for, or the only one."""
    listed = ", ".join(there[:20]) or "none"
    if name is None:
        if len(there) == 1:
            return there[0]
        raise InvalidInput(
            f'one {what} must be named; the file holds {len(there)}: {listed}. Write layer = "…".'
        )
    if name not in there:
        raise InvalidInput(
            f"{what} {name!r} must be in the file; it is not. {near(name, there)}There are: {listed}."
        )
    return name


def file_parts(path: Path) -> list[Path]:
    """Every file that a source consists of: the parts of a shapefile, the content of a geodatabase folder."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and not p.name.endswith(".lock"))
    if path.suffix.lower() == ".shp":
        return sorted(
            p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in _SHAPE_PARTS
        )
    if path.suffix.lower() in _RASTERS:
        beside = [path.with_suffix(s) for s in (".prj", ".tfw")] + [path.with_name(f"{path.name}.aux.xml")]
        return [path, *(p for p in beside if p.is_file())]
    return [path]


_RASTERS = frozenset({".tif", ".tiff", ".asc", ".bil", ".flt", ".vrt", ".img"})
_SHAPE_PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
