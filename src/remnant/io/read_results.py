"""A result folder of ``remnant assess``, read back."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.evidence import MinimumEvidence, Policy
from remnant.io.write_folder import previous_files
from remnant.io.write_geopackage import column_name

_SUMMARY = "summary.json"
_FORMAT = "remnant-summary/1"
_AGAIN = "Run `remnant assess` on the case again."
_NUMBERS = ("mean", "q05", "q95", "p_any")
_LONG = ("state", "is_forecast", *_NUMBERS)
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "areas": (
        *("area", "area_id", "hazard_class", "status", "types", "layer", "row", "area_m2", "place_known"),
        *("searched_share", "num_found", "p_exists", "verdict", "reasons", "search_m2"),
    ),
    "area_results": ("area", "date", *_LONG),
    "districts": ("district", "date", *_LONG),
    "totals": ("scope", "date", *_LONG),
    "curve": ("date", *_LONG),
    "parameters": (
        *("name", "title", "unit", "prior_q05", "prior_mean", "prior_q95"),
        *("posterior_q05", "posterior_mean", "posterior_q95", "basis", "source"),
    ),
    "findings": ("severity", "code", "count", "file", "layer", "row", "asked", "came", "todo"),
}
_INFLUENCE = (
    *("area", "area_id", "rank", "evidence", "whose", "from_area_id"),
    *("mean_with", "mean_without", "factor", "is_rough"),
)
_LAYER_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FieldError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultCells:
    """The cells of a result on its first date; all arrays are (n_cells,).

    Parameters
    ----------
    cell_m
        Side of a cell. [m]
    west_m, south_m
        Lower left corner of each cell, in the CRS of the result. [m]
    p_any
        Chance of at least one explosive item; NaN unknown. [1]
    searched_share
        Share of the cell that a search worked. [1]
    """

    cell_m: float
    west_m: NDArray[np.float64]
    south_m: NDArray[np.float64]
    p_any: NDArray[np.float64]
    searched_share: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """What a result folder says; tables are those of `remnant.assessment.Assessment`, NaN is unknown.

    Parameters
    ----------
    areas
        One row per hazard area, with its outline (None where the place is unknown).
    influence
        What drives each area, with the names of areas; empty for a model without a field.
    cells
        Cells on the first date; those of a country are the ones that records touch.
    num_cells
        Cells of the assessment, in the folder or not.
    summary_sha256
        Hash of the file that the numbers come from.
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    crs: str
    policy: Policy
    areas: gpd.GeoDataFrame
    area_results: pd.DataFrame
    districts: pd.DataFrame
    totals: pd.DataFrame
    curve: pd.DataFrame
    parameters: pd.DataFrame
    findings: pd.DataFrame
    influence: pd.DataFrame
    judgements: tuple[str, ...]
    provenance: Mapping[str, object]
    cells: ResultCells
    num_cells: int
    summary_sha256: str


def read_results(folder: Path) -> Results:
    """What ``remnant assess`` wrote into a folder.

    Parameters
    ----------
    folder
        The result folder.

    Raises
    ------
    InvalidInput
        The folder is not there, is no result, lacks a file, or is of another version.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        came = "it is a file" if path.exists() else "it is not there"
        raise InvalidInput(
            f"the result must be a folder that `remnant assess` wrote; {path}: {came}. Check the path."
        )
    held, digest = _summary(path)
    try:
        tables = {name: _table(held, name, columns) for name, columns in _COLUMNS.items()}
        influence = _table({"influence": [], **held}, "influence", _INFLUENCE)
        dates = tuple(dt.date.fromisoformat(d["date"]) for d in held["dates"])
        as_of = dt.date.fromisoformat(held["as_of"])
        name, crs, policy = str(held["name"]), str(held["crs"]), _policy(held["policy"])
        cell_m, num_cells = float(held["grid"]["cell_m"]), int(held["num_cells"])
        judgements, provenance = tuple(str(j) for j in held["judgements"]), dict(held["provenance"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(
            f"{path / _SUMMARY} must be as this version of `remnant assess` writes it; {error!r} is wrong. {_AGAIN}"
        ) from None
    package = _package(path)
    return Results(
        name=name, as_of=as_of, dates=dates, crs=crs, policy=policy,
        areas=_with_outlines(tables.pop("areas"), package, crs), **tables, influence=influence,
        judgements=judgements, provenance=provenance, cells=_cells(package, cell_m, dates[0]),
        num_cells=num_cells, summary_sha256=digest,
    )  # fmt: skip


def _summary(folder: Path) -> tuple[dict[str, Any], str]:
    """The summary of a result, and the hash of its file."""
    path = folder / _SUMMARY
    if not path.is_file():
        raise InvalidInput(
            f"the result must hold {_SUMMARY}, as `remnant assess` writes it; {folder} does not. Name the folder that "
            "its line `Report: …` showed."
        )
    try:
        raw = path.read_bytes()
        held = json.loads(raw)
    except OSError as error:
        raise InvalidInput(f"{path} must be readable; {error.strerror or error}.") from None
    except ValueError as error:
        raise InvalidInput(f"{path} must be JSON; {error}. {_AGAIN}") from None
    came = held.get("format") if isinstance(held, dict) else None
    if came != _FORMAT:
        raise InvalidInput(
            f"{path} must be of format {_FORMAT}; got {came!r}, of another version or program. {_AGAIN}"
        )
    return held, hashlib.sha256(raw).hexdigest()


def _table(held: Mapping[str, Any], name: str, columns: Sequence[str]) -> pd.DataFrame:
    """One table with at least these columns; unknown numbers as NaN."""
    rows = held[name]
    absent = [c for c in columns if rows and c not in rows[0]]
    if absent:
        raise KeyError(f"{name}.{absent[0]}")
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else list(columns))
    if "date" in table:
        table["date"] = [dt.date.fromisoformat(d) for d in table["date"]]
    numbers = [c for c in table if str(c).startswith(("prior_", "posterior_", "mean", "q05", "q95", "p_"))]
    for column in (*numbers, "area_m2", "searched_share", "num_found", "search_m2", "factor"):
        if column in table and column != "place_known":
            table[column] = table[column].astype(np.float64)
    return table


def _policy(held: Mapping[str, Any]) -> Policy:
    given = {k: v for k, v in held.items() if k in Policy.__dataclass_fields__}
    minimum = tuple(MinimumEvidence(**m) for m in given.pop("minimum", ()))
    must = given.pop("must_hold", None)
    return Policy(**given, minimum=minimum, must_hold=None if must is None else tuple(must))


def _package(folder: Path) -> Path:
    """The GeoPackage of the result, named by its manifest."""
    names = sorted(n for n in previous_files(folder) if n.endswith(".gpkg") and "/" not in n)
    if len(names) != 1:
        raise InvalidInput(
            f"the result must hold a manifest.json that names one GeoPackage; that of {folder} names {len(names)}. "
            f"{_AGAIN}"
        )
    if not (folder / names[0]).is_file():
        raise InvalidInput(
            f"the result must hold {names[0]}, as its manifest says; it is not in {folder}. Put it back. {_AGAIN}"
        )
    return folder / names[0]


def _with_outlines(areas: pd.DataFrame, package: Path, crs: str) -> gpd.GeoDataFrame:
    """The areas with their outlines, which the layer holds in the same order."""
    placed = areas["place_known"].to_numpy(dtype=bool)
    outlines = np.full(len(areas), None, dtype=object)
    if placed.any():
        drawn = _layer(package, "areas", ["area_id"])
        ids = drawn["area_id"].astype(str).tolist()
        if ids != areas["area_id"].astype(str)[placed].tolist():
            raise InvalidInput(
                f"the layer areas of {package} must hold the {int(placed.sum())} areas that {_SUMMARY} places, in its "
                f"order; it holds {len(ids)}, and they are not the same. Was it edited? {_AGAIN}"
            )
        outlines[placed] = drawn.geometry.to_numpy()
    return gpd.GeoDataFrame(areas, geometry=gpd.GeoSeries(list(outlines), crs=crs), crs=crs)


def _cells(package: Path, cell_m: float, date: dt.date) -> ResultCells:
    """Every cell of the layer, with the chance of any explosive item on one date."""
    column = column_name("explosive", "p_any", date)
    drawn = _layer(package, "cells", [column, "searched_share"])
    corners = shapely.bounds(drawn.geometry.to_numpy()).reshape(-1, 4)
    return ResultCells(
        cell_m=cell_m,
        west_m=corners[:, 0],
        south_m=corners[:, 1],
        p_any=drawn[column].to_numpy(dtype=np.float64),
        searched_share=drawn["searched_share"].to_numpy(dtype=np.float64),
    )


def _layer(package: Path, layer: str, columns: Sequence[str]) -> gpd.GeoDataFrame:
    try:
        table = pyogrio.read_dataframe(package, layer=layer, columns=list(columns))
    except _LAYER_ERRORS as error:
        raise InvalidInput(f"the layer {layer} of {package} must be readable; {error}. {_AGAIN}") from None
    absent = [c for c in columns if c not in table]
    if absent:
        raise InvalidInput(
            f"the layer {layer} of {package} must have the column {absent[0]}; it has not. {_AGAIN}"
        )
    return table
