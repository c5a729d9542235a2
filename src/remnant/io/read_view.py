"""The files behind the map application, read piece by piece: what a page, a tile or a click asks for."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from remnant.errors import InvalidInput
from remnant.field import GroundDraws
from remnant.io.cell_levels import CellLevel, read_levels
from remnant.io.codes import Codes, decoded
from remnant.io.write_view import VIEW_FILES, VIEW_FOLDER, VIEW_FORMAT, read_draws, read_ground
from remnant.releasing import HeldDraws
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewFiles:
    """A map folder, opened. Nothing large is held: values are read from disk where they are asked for.

    Parameters
    ----------
    folder
        Where the files lie.
    about
        What the page needs first: names, dates, states, scale of the codes, bounds, totals, provenance.
    shapes
        (n_areas,) outlines in web Mercator (EPSG:3857), None where the place is unknown. [m]
    tree, box, order
        Index of the outlines; their boxes (n_areas, 4); areas from the largest to the smallest.
    area_values
        (4 states, 4 metrics, n_dates, n_areas) codes.
    cell_values
        (4 states, 4 metrics, n_cells, n_dates) codes.
    levels
        Cells and their larger parents, from small to large.
    withheld
        Kinds of records that are not told.
    """

    folder: Path
    about: dict[str, Any]
    shapes: NDArray[np.object_]
    tree: shapely.STRtree
    box: Floats
    order: Ints
    area_values: Codes
    cell_values: Codes
    levels: tuple[CellLevel, ...]
    withheld: tuple[str, ...] = ()

    def text(self, name: str) -> bytes:
        """A file of the folder as it is."""
        return (self.folder / VIEW_FILES[name]).read_bytes()

    def path(self, name: str) -> Path:
        """Where a file of the folder lies; of tiles of records, that without what is withheld."""
        if name == "record_tiles" and self.withheld and self.about["num_withheld"]:
            name = "shared_record_tiles"
        return self.folder / VIEW_FILES[name]

    def area_name(self, area: int) -> str:
        """Name of an area on record."""
        self._check(area)
        return str(json.loads(self.text("areas"))["area_id"][area])

    def _check(self, area: int) -> None:
        if not 0 <= area < self.about["num_areas"]:
            raise InvalidInput(f"area must be from 0 to {self.about['num_areas'] - 1:,}; got {area}.")

    def why(self, area: int) -> dict[str, Any]:
        """Why an area has its value: records that touch it, weights of records, criteria, ways to meet the policy."""
        self._check(area)
        with closing(sqlite3.connect(f"file:{self.path('why')}?mode=ro", uri=True)) as base:
            (told,) = base.execute("SELECT told FROM why WHERE i = ?", (area,)).fetchone()
            out: dict[str, Any] = json.loads(told)
            out["records"] = [
                {"i": i, **json.loads(row)}
                for i in out.pop("touching")
                for (row,) in base.execute("SELECT told FROM records WHERE i = ?", (i,))
            ]
        for name in ("records", "weights"):
            out[name] = [row for row in out[name] if row["kind"] not in self.withheld]
        return out

    def draws(self) -> HeldDraws:
        """Draws from which verdicts under another policy can be given."""
        return read_draws(self.path("draws"))

    def ground(self) -> GroundDraws:
        """Draws of the cells on the asked dates."""
        if not self.path("ground").is_file():
            raise InvalidInput("this map holds no draws of its cells, so drawn ground cannot be added up.")
        return read_ground(self.path("ground"))

    def area_curve(self, area: int) -> list[list[list[float | None]]]:
        """[state][metric][date] of an area; null: unknown."""
        return _nested(decoded(self.area_values[:, :, :, area]))

    def cell_curve(self, cell: int) -> list[list[list[float | None]]]:
        """[state][metric][date] of a cell."""
        return _nested(decoded(self.cell_values[:, :, cell, :]))

    def cell_at(self, longitude: float, latitude: float) -> int | None:
        """Index of the cell at a place; None: no cell is there."""
        to_case = Transformer.from_crs("EPSG:4326", self.about["crs"], always_xy=True)
        x, y = to_case.transform(longitude, latitude)
        if not (np.isfinite(x) and np.isfinite(y)):
            return None
        found = self.levels[0].at(np.array([x]), np.array([y]))[0]
        return None if found < 0 else int(found)


def open_view(result: Path) -> ViewFiles:
    """Open the map of a result folder.

    Parameters
    ----------
    result
        A folder that `remnant assess --map` wrote, or the map folder inside it.

    Raises
    ------
    InvalidInput
        The folder holds no map, or one of another version.
    """
    folder = result if (result / VIEW_FILES["about"]).is_file() else result / VIEW_FOLDER
    if not (folder / VIEW_FILES["about"]).is_file():
        raise InvalidInput(
            f"a result with a map is wanted; {result} holds none. Make one: remnant assess CASE --out {result} --map"
        )
    about = json.loads((folder / VIEW_FILES["about"]).read_text(encoding="utf-8"))
    if about.get("format") != VIEW_FORMAT:
        raise InvalidInput(
            f"{folder} is a map of format {about.get('format')!r}; this version reads {VIEW_FORMAT!r}. "
            "Run remnant assess with --map again."
        )
    shapes = gpd.read_parquet(folder / VIEW_FILES["shapes"]).geometry.to_numpy()
    box = shapely.bounds(shapes)
    size = np.where(np.isnan(shapely.area(shapes)), 0.0, shapely.area(shapes))
    dates, cells = len(about["dates"]), about["num_cells"]
    values = np.memmap(
        folder / VIEW_FILES["area_values"], "<u2", "r", shape=(4, 4, dates, about["num_areas"])
    ) if about["num_areas"] else np.zeros((4, 4, dates, 0), np.uint16)  # fmt: skip
    cell_values = (
        np.memmap(folder / VIEW_FILES["cell_values"], "<u2", "r", shape=(4, 4, cells, dates))
        if cells
        else np.zeros((4, 4, 0, dates), np.uint16)
    )
    return ViewFiles(
        folder=folder,
        about=about,
        shapes=shapes,
        tree=shapely.STRtree(shapes),
        box=box,
        order=np.argsort(-size, kind="stable"),
        area_values=values,
        cell_values=cell_values,
        levels=read_levels(folder / VIEW_FILES["levels"], about["grid"]),
    )


def _nested(values: Floats) -> list[list[list[float | None]]]:
    return [
        [[None if np.isnan(v) else float(f"{v:.4g}") for v in row] for row in metric]
        for metric in values.tolist()
    ]
