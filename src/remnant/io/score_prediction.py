"""A forecast from a result folder of `remnant assess`, or from any table that states chances or numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from remnant.errors import InvalidInput
from remnant.io.cells import Bounds
from remnant.io.geometry import case_crs
from remnant.io.score_tables import column, into, numbers, places, read_any, texts
from remnant.io.table import Table
from remnant.io.write_folder import MANIFEST
from remnant.score import Forecast, forecast
from remnant.units import Floats

IDS = ("area_id", "id", "cell_id", "cell", "name")
_CHANCES = ("p_any", "probability", "chance", "p", "prob")
_MEANS = ("mean", "expected", "expected_items")
_QUANTILE = re.compile(r"^q(?P<digits>\d{2,3})$", re.IGNORECASE)
_DRAW = re.compile(r"^draw_?\d+$", re.IGNORECASE)
_WIDE = re.compile(r"^(?P<state>\w+?)_(?P<measure>mean|q05|q95|p_any)_(?P<date>\d{4}_\d{2}_\d{2})$")
_CHANCE = Bounds(low=0.0, high=1.0, words="a chance in [0, 1]", is_probability=True)
_NUMBER = Bounds(low=0.0, high=1e12, words="a number of items, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """A forecast and the places it is for.

    Parameters
    ----------
    forecast
        For n places.
    id
        (n,) names of the places; None where they have none.
    geometry, crs
        (n,) in a projection, None where a place is unknown; both None for a table without places.
    columns
        The other columns, as text, for splits.
    notes
        What was left out or chosen.
    """

    forecast: Forecast
    id: tuple[str, ...] | None
    geometry: NDArray[np.object_] | None
    crs: CRS | None
    columns: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def read_prediction(
    path: Path,
    *,
    layer: str | None = None,
    what: str = "areas",
    state: str = "explosive",
    date: str = "",
    id_column: str | None = None,
    chance_column: str | None = None,
    mean_column: str | None = None,
    crs: str = "",
) -> Prediction:
    """Read a forecast.

    Parameters
    ----------
    path
        Result folder, or a CSV, sheet, GeoPackage or other GIS file.
    layer
        Layer or sheet, where a file holds several.
    what, state, date
        Of a result folder: ``areas`` or ``cells``; which state; which date (the first if empty).
    id_column, chance_column, mean_column
        Columns that are not called as usual.
    crs
        Of a table that does not say its own.
    """
    notes: list[str] = []
    if (path / MANIFEST).is_file():
        table = _result_table(path, what, state, date, notes)
        id_column = id_column if what == "cells" else "area_id"
    else:
        table = read_any(path, layer=layer)
        _say_wide(table, path)
    file = path.name
    chance = column(table, chance_column, _CHANCES, "the chance", file)
    mean = column(table, mean_column, _MEANS, "the expected number", file)
    parts: dict[str, Any] = {}
    if chance is not None:
        parts["p_any"] = numbers(table, chance, _CHANCE, file)
    if mean is not None:
        parts["mean"] = numbers(table, mean, _NUMBER, file)
    parts |= _levels(table, file)
    if not parts:
        raise InvalidInput(
            f"{file}: a forecast needs a column with a chance, an expected number, quantiles (q05, q95) or draws; "
            f"none was found among {', '.join(list(table.cells)[:20])}. Name one with --probability or --mean."
        )
    unknown = np.any(
        [np.isnan(np.atleast_2d(v)).any(axis=0) for k, v in parts.items() if k != "levels"], axis=0
    )
    if unknown.any():
        notes.append(f"places without a forecast, left out: {int(unknown.sum()):,}")
    if unknown.all():
        raise InvalidInput(f"{file}: some place must have a forecast; all {unknown.size:,} are blank.")
    keep = ~unknown
    table = table.only(keep)
    made = forecast(
        path.name or "forecast", **{k: v if k == "levels" else v[..., keep] for k, v in parts.items()}
    )
    name = None if what == "cells" and (path / MANIFEST).is_file() and id_column is None else column(
        table, id_column, IDS, "the id", file
    )  # fmt: skip
    geometry, projected = _projected(table, crs, file)
    return Prediction(
        forecast=made,
        id=None if name is None else texts(table, name),
        geometry=geometry,
        crs=projected,
        columns={c: texts(table, c) for c in table.cells if not _DRAW.match(c)},
        notes=tuple(notes),
    )


def _projected(table: Table, crs: str, file: str) -> tuple[NDArray[np.object_] | None, CRS | None]:
    found = places(table, crs, file)
    if found is None:
        return None, None
    geometry, source = found
    if source.is_projected:
        return geometry, source
    known = geometry[~shapely.is_missing(geometry)]
    if known.size == 0:
        return None, None
    to_lonlat = Transformer.from_crs(source, 4326, always_xy=True)
    west, south, east, north = to_lonlat.transform_bounds(*shapely.total_bounds(known))
    target = case_crs("auto", (west, south, east, north))
    return into(geometry, source, target, file), target


def _levels(table: Table, file: str) -> dict[str, Floats]:
    """Quantile columns (q05, q95, q975: 97.5 %) and draw columns."""
    out: dict[str, Floats] = {}
    named = {int(m["digits"]) / 10 ** len(m["digits"]): c for c in table.cells if (m := _QUANTILE.match(c))}
    if len(named) >= 2:
        levels = sorted(named)
        out["levels"] = np.array(levels)
        out["quantiles"] = np.stack([numbers(table, named[level], _NUMBER, file) for level in levels])
    draws = [c for c in table.cells if _DRAW.match(c)]
    if len(draws) >= 2:
        out["draws"] = np.stack([numbers(table, c, _NUMBER, file) for c in draws])
    return out


def _say_wide(table: Table, path: Path) -> None:
    if any(_WIDE.match(c) for c in table.cells):
        raise InvalidInput(
            f"{path.name} is a layer of a result of remnant, with a column per state and date. Name its folder instead."
        )


def _result_table(folder: Path, what: str, state: str, date: str, notes: list[str]) -> Table:
    """Areas or cells of a result folder, with the columns of one state and date under plain names."""
    if what not in ("areas", "cells"):
        raise InvalidInput(f"--what must be areas or cells; got {what!r}.")
    packages = sorted(folder.glob("*.gpkg"))
    if not packages:
        raise InvalidInput(f"{folder.name} must hold the GeoPackage of a result; it does not. Run it again.")
    table = read_any(packages[0], layer=what)
    wide = {c: m for c in table.cells if (m := _WIDE.match(c))}
    dates = sorted({m["date"].replace("_", "-") for m in wide.values()})
    states = sorted({m["state"] for m in wide.values()})
    if state not in states:
        raise InvalidInput(f"--state must be one of {', '.join(states)}; got {state!r}.")
    chosen = date or (dates[0] if dates else "")
    if chosen not in dates:
        raise InvalidInput(f"--date must be one of {', '.join(dates)}; got {date!r}.")
    if not date and len(dates) > 1:
        notes.append(f"forecast of {chosen}, the first of {len(dates)} dates (--date names another)")
    cells = {c: v for c, v in table.cells.items() if c not in wide}
    for name, m in wide.items():
        if m["state"] == state and m["date"].replace("_", "-") == chosen:
            cells[m["measure"]] = table.cells[name]
    notes.append(f"{what} of a result: {state} items on {chosen}; what remains, found or not")
    if what == "areas":
        _say_unplaced(packages[0], notes)
    return Table(cells=cells, row=table.row, geometry=table.geometry, crs=table.crs)


def _say_unplaced(package: Path, notes: list[str]) -> None:
    if "areas_unknown_place" in pyogrio.list_layers(package)[:, 0]:
        number = int(pyogrio.read_info(package, layer="areas_unknown_place")["features"])
        if number > 0:
            notes.append(f"areas of unknown place, not scored: {number:,}")
