"""What a result folder holds, read with nothing but the standard library; and names that fit into a Shapefile.

Nothing here knows QGIS.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

STYLES = "layer_styles"
CELLS = "cells"
MOST_LETTERS = 10
"""Letters that the name of a column in a Shapefile may have."""
UNKNOWN_NUMBER = -9999.0
"""Stands for an unknown number in a Shapefile, which has no other way to say so: many programs read a gap as zero."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WIDE = re.compile(r"(?P<what>.+?)_(?P<date>\d{4}_\d{2}_\d{2})")
_STATES = {"explosive": "ex", "armed": "ar", "expired": "xp", "dud": "du"}
_MEASURES = {"mean": "mean", "q05": "q05", "q95": "q95", "p_any": "pany", "density_q95_per_km2": "dq95"}


class NoResult(Exception):
    """A folder holds no result; the words say what to do."""


@dataclass(frozen=True)
class StoredLayer:
    """A layer or table of a GeoPackage: name, whether it has places, and what its default style shows."""

    name: str
    has_places: bool
    shows: str

    @property
    def title(self) -> str:
        """Words for the legend."""
        plain = self.name.replace("_", " ")
        each = (
            ", per cell" if self.name == CELLS else ""
        )  # far smaller than an area: other classes in the same colours
        return f"{plain}: {self.shows[:1].lower()}{self.shows[1:]}{each}" if self.shows else plain


@dataclass(frozen=True)
class Result:
    """A result of the command: case, day of the records (empty: not said), package, layers, rasters."""

    case: str
    as_of: str
    package: Path
    layers: tuple[StoredLayer, ...]
    rasters: tuple[Path, ...]

    @property
    def title(self) -> str:
        """Words for the group in the legend."""
        return f"{self.case} (records up to {self.as_of})" if self.as_of else self.case


def read_result(place: Path) -> Result:
    """What lies in a result folder, or in the folder of a GeoPackage of a result.

    Raises
    ------
    NoResult
        There is no GeoPackage, more than one, or one that cannot be read.
    """
    packages = [place] if place.suffix.lower() == ".gpkg" else sorted(place.glob("*.gpkg"))
    if len(packages) != 1:
        what = f"{len(packages)} GeoPackages" if packages else "no GeoPackage"
        raise NoResult(
            f"A result of remnant holds one GeoPackage; {place} holds {what}. Name the folder that an assessment, "
            "plan, release or design was written to."
        )
    package = packages[0]
    try:
        # immutable: a result is never changed, and no side-car file shall be left beside it
        with closing(
            sqlite3.connect(f"{package.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as database:
            layers = _layers(database)
            facts = _facts(database)
    except sqlite3.Error as error:
        raise NoResult(
            f"{package} must be a GeoPackage; it cannot be read: {error}. Run the command anew."
        ) from error
    return Result(
        case=facts.get("case") or package.resolve().parent.name,
        as_of=facts.get("as_of", ""),
        package=package,
        layers=layers,
        rasters=tuple(sorted((package.parent / "rasters").glob("*.tif"), key=_raster_order)),
    )


def _layers(database: sqlite3.Connection) -> tuple[StoredLayer, ...]:
    rows = database.execute("SELECT table_name, data_type FROM gpkg_contents ORDER BY rowid").fetchall()
    shows = {}
    if any(name == STYLES for name, _ in rows):
        query = f"SELECT f_table_name, description FROM {STYLES} WHERE useAsDefault ORDER BY id"  # noqa: S608 - our own name
        shows = dict(database.execute(query).fetchall())
    return tuple(
        StoredLayer(name, kind == "features", shows.get(name) or "")
        for name, kind in rows
        if kind in ("features", "attributes") and name != STYLES
    )


def _facts(database: sqlite3.Connection) -> dict[str, str]:
    if not database.execute("SELECT 1 FROM gpkg_contents WHERE table_name = 'provenance'").fetchone():
        return {}
    wanted = "SELECT key, value FROM provenance WHERE key IN ('case', 'as_of')"
    return {str(key): str(value) for key, value in database.execute(wanted).fetchall()}


def date_of(path: Path) -> dt.date | None:
    """Day that a raster is about, by its name.

    Examples
    --------
    >>> date_of(Path("armed_2026-11-22.tif"))
    datetime.date(2026, 11, 22)
    >>> date_of(Path("field_mean.tif"))
    """
    found = _DATE.search(path.stem)
    return dt.date.fromisoformat(found[0]) if found else None


def raster_title(path: Path) -> str:
    """Words for a raster in the legend.

    Examples
    --------
    >>> raster_title(Path("armed_2026-11-22.tif"))
    'armed 2026-11-22: chance of at least one item per cell'
    >>> raster_title(Path("field_free_sd.tif"))
    'field free sd'
    """
    words = path.stem.replace("_", " ")
    return f"{words}: chance of at least one item per cell" if date_of(path) else words


def _raster_order(path: Path) -> tuple[str, int, str]:
    state = path.stem.split("_")[0]
    order = [*_STATES, state].index(state)
    return (str(date_of(path) or "9"), order, path.name)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Name of each column in a Shapefile: at most ten letters, no two alike, the same each time.

    Results per state and date read ``<state>_<measure>_<number of the date>``; others keep their name or are cut.

    Examples
    --------
    >>> names = ["area_id", "explosive_p_any_2026_11_22", "armed_density_q95_per_km2_2036_11_22"]
    >>> list(short_names(names).values())
    ['area_id', 'ex_pany_01', 'ar_dq95_02']
    """
    dates = sorted({found["date"] for name in names if (found := _WIDE.fullmatch(name))})
    short: dict[str, str] = {}
    taken: set[str] = set()
    # names that fit are taken first, so that no cut name can push one of them aside
    for name in sorted(names, key=lambda n: len(n) > MOST_LETTERS):
        short[name] = _free(_wide_name(name, dates) or re.sub(r"[^A-Za-z0-9_]", "_", name), taken)
        taken.add(short[name].lower())
    return {name: short[name] for name in names}


def _wide_name(name: str, dates: Sequence[str]) -> str:
    found = _WIDE.fullmatch(name)
    if found is None:
        return ""
    state, _, measure = found["what"].partition("_")
    if state not in _STATES or measure not in _MEASURES:
        return ""
    return f"{_STATES[state]}_{_MEASURES[measure]}_{dates.index(found['date']) + 1:02d}"


def _free(wanted: str, taken: Iterable[str]) -> str:
    cut = wanted[:MOST_LETTERS]
    number = 1
    while cut.lower() in taken:
        number += 1
        end = f"_{number}"
        cut = wanted[: MOST_LETTERS - len(end)] + end
    return cut
