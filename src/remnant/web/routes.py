"""Routes of the map application: the page, its data, its tiles."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from remnant.errors import InvalidInput
from remnant.io.read_view import ViewFiles
from remnant.io.view_tiles import area_tile, cell_tile, packed, tile_steps

State = Literal["armed", "expired", "dud", "explosive"]
Metric = Literal["mean", "q05", "q95", "p_any"]
TileFile = Literal["areas", "records"]
_BYTES = "application/octet-stream"
_PACKED = {"Content-Encoding": "deflate"}
STATIC = Path(__file__).parent / "static"


def data_routes(view: ViewFiles) -> APIRouter:
    """Routes that read one result."""
    router = APIRouter()
    states, metrics = view.about["states"], view.about["metrics"]

    @lru_cache(maxsize=256)
    def areas_of_tile(z: int, x: int, y: int) -> bytes:
        return packed(area_tile(view, z, x, y))

    cells_of_tile = lru_cache(maxsize=256)(lambda z, x, y: cell_tile(view, z, x, y))

    @router.get("/api/map", tags=["map"])
    def about() -> Response:
        """What the page needs first: names, dates, states, totals, provenance."""
        return Response(view.text("about"), media_type="application/json")

    @router.get("/api/areas", tags=["areas"])
    def areas() -> Response:
        """The table of hazard areas, by column."""
        return Response(view.text("areas"), media_type="application/json")

    @router.get("/api/areas/{area}", tags=["areas"])
    def one_area(area: int) -> dict[str, Any]:
        """An area over time, and why its value is what it is."""
        told = view.why(area)
        return {"area": area, "curve": view.area_curve(area), **told}

    @router.get("/api/values/{state}/{metric}", tags=["areas"])
    def values(state: State, metric: Metric) -> Response:
        """Codes (two bytes, little-endian) of all areas by date."""
        codes = view.area_values[states.index(state), metrics.index(metric)]
        return Response(codes.tobytes(), media_type=_BYTES)

    @router.get("/api/cells/at", tags=["cells"])
    def cell_at(
        longitude: Annotated[float, Query(ge=-180.0, le=180.0)],
        latitude: Annotated[float, Query(ge=-90.0, le=90.0)],
    ) -> dict[str, Any]:
        """The cell at a place over time; null where none is."""
        cell = view.cell_at(longitude, latitude)
        return {"cell": cell, "curve": None if cell is None else view.cell_curve(cell)}

    @router.get("/tiles/areas/{z}/{x}/{y}", tags=["tiles"])
    def tile_of_areas(z: int, x: int, y: int) -> Response:
        """Number of the area at each of 256 × 256 pixels, from 1, four bytes each; 0: none."""
        return Response(areas_of_tile(z, x, y), media_type=_BYTES, headers=_PACKED)

    @router.get("/tiles/cells/{z}/{x}/{y}", tags=["tiles"])
    def tile_of_cells(z: int, x: int, y: int) -> Response:
        """Number of the cell at each pixel within the cells of the tile, from 1, four bytes each; 0: none."""
        return Response(packed(cells_of_tile(z, x, y)[0]), media_type=_BYTES, headers=_PACKED)

    @router.get("/tiles/cells/{z}/{x}/{y}/{state}/{metric}", tags=["tiles"])
    def steps_of_cells(z: int, x: int, y: int, state: State, metric: Metric) -> Response:
        """Class of colour of each cell of the tile by date, one byte each."""
        cells = cells_of_tile(z, x, y)[1]
        steps = tile_steps(view, cells, states.index(state), metrics.index(metric))
        return Response(packed(steps), media_type=_BYTES, headers=_PACKED)

    @router.get("/data/{name}.pmtiles", tags=["tiles"])
    def shapes(name: TileFile) -> FileResponse:
        """Outlines of areas, or records, as vector tiles in one file (PMTiles)."""
        path = view.path("area_tiles" if name == "areas" else "record_tiles")
        if not path.is_file():
            raise InvalidInput(f"this result has no {name} with a place.")
        return FileResponse(path, media_type="application/vnd.pmtiles")

    return router
