"""Routes of the map application: the page, its data, its tiles."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from remnant.errors import InvalidInput
from remnant.io.drawn import totals_of
from remnant.io.policy_section import PolicySection
from remnant.io.read_results import read_results
from remnant.io.read_view import ViewFiles
from remnant.io.selection import MEDIA_TYPES, SelectionFormat, selection
from remnant.io.view_tiles import area_tile, cell_tile, packed, tile_steps
from remnant.releasing import judge_held
from remnant.report import render_pdf

State = Literal["armed", "expired", "dud", "explosive"]
Metric = Literal["mean", "q05", "q95", "p_any"]
TileFile = Literal["areas", "records"]
_BYTES = "application/octet-stream"
_MOST_CORNERS = 10_000
Longitude = Annotated[float, Field(ge=-180.0, le=180.0)]
Latitude = Annotated[float, Field(ge=-85.0, le=85.0)]
STATIC = Path(__file__).parent / "static"


class Drawn(BaseModel):
    """Ground drawn on the map: rings of longitude and latitude, as in GeoJSON."""

    coordinates: list[list[tuple[Longitude, Latitude]]] = Field(min_length=1, max_length=100)
    date: str

    def shape(self) -> shapely.Geometry:
        """As a polygon."""
        rings = self.coordinates
        if any(len(ring) < 3 or len(ring) > _MOST_CORNERS for ring in rings):
            raise InvalidInput(f"a ring has from 3 to {_MOST_CORNERS:,} corners. Draw three corners or more.")
        return shapely.Polygon(rings[0], rings[1:])


class Selected(BaseModel):
    """Areas to take away, and how."""

    areas: list[Annotated[int, Field(ge=0, lt=2**53)]] = Field(min_length=1, max_length=1_000_000)
    step: int = 0
    format: SelectionFormat = "gpkg"


def data_routes(view: ViewFiles, *, is_local: bool = True) -> APIRouter:
    """Routes that read one result; what goes to other machines is compressed."""
    router = APIRouter()
    level, coding = (0, {}) if is_local else (1, {"Content-Encoding": "deflate"})
    states, metrics = view.about["states"], view.about["metrics"]

    @lru_cache(maxsize=256)
    def areas_of_tile(z: int, x: int, y: int) -> bytes:
        return packed(area_tile(view, z, x, y), level=level)

    cells_of_tile = lru_cache(maxsize=256)(lambda z, x, y: cell_tile(view, z, x, y))

    @router.get("/api/map", tags=["map"])
    def about() -> Response:
        """What the page needs first: names, dates, states, totals, provenance."""
        return Response(view.text("about"), media_type="application/json")

    @router.get("/api/job", tags=["job"])
    def no_job() -> None:
        """null: behind a result stands no case that could be worked out."""

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
        return Response(areas_of_tile(z, x, y), media_type=_BYTES, headers=coding)

    @router.get("/tiles/cells/{z}/{x}/{y}", tags=["tiles"])
    def tile_of_cells(z: int, x: int, y: int) -> Response:
        """Number of the cell at each pixel within the cells of the tile, from 1, four bytes each; 0: none."""
        return Response(packed(cells_of_tile(z, x, y)[0], level=level), media_type=_BYTES, headers=coding)

    @router.get("/tiles/cells/{z}/{x}/{y}/{state}/{metric}", tags=["tiles"])
    def steps_of_cells(z: int, x: int, y: int, state: State, metric: Metric) -> Response:
        """Class of colour of each cell of the tile by date, one byte each."""
        cells = cells_of_tile(z, x, y)[1]
        steps = tile_steps(view, cells, states.index(state), metrics.index(metric))
        return Response(packed(steps, level=level), media_type=_BYTES, headers=coding)

    held, ground = cache(view.draws), cache(view.ground)

    @router.post("/api/verdicts", tags=["areas"])
    def verdicts(policy: PolicySection) -> dict[str, list[str]]:
        """Verdicts on all areas on the first asked date under another policy, by the keys of a case's [policy]."""
        if policy.file:
            raise InvalidInput("a policy is wanted here, not the name of a file.")
        if policy.activity and policy.activity not in held().activities:
            raise InvalidInput(
                f"activity must be one of {', '.join(held().activities)}; got {policy.activity!r}."
            )
        told = judge_held(held(), policy.policy())
        return {n: getattr(told, n).tolist() for n in ("verdict", "reasons", "deciding")}

    @router.post("/api/totals", tags=["cells"])
    def totals(drawn: Drawn) -> dict[str, Any]:
        """What remains on drawn ground, from the cells under it."""
        return totals_of(view, ground(), drawn.shape(), drawn.date)

    @router.post("/api/selection", tags=["areas"])
    def selected(asked: Selected) -> Response:
        """Some areas as a file."""
        content = selection(view, asked.areas, asked.step, asked.format)
        name = f'attachment; filename="areas.{asked.format}"'
        return Response(content, media_type=MEDIA_TYPES[asked.format], headers={"Content-Disposition": name})

    @router.get("/api/report.pdf", tags=["report"])
    def report(
        language: Annotated[str, Query(max_length=16)] = "en", area: Annotated[int | None, Query(ge=0)] = None
    ) -> Response:
        """The report of the case on paper, or the task dossier of an area."""
        chosen = () if area is None else (view.area_name(area),)
        content = render_pdf(read_results(view.folder.parent), language=language, areas=chosen)
        return Response(content, media_type="application/pdf")

    @router.get("/data/{name}.pmtiles", tags=["tiles"])
    def shapes(name: TileFile) -> FileResponse:
        """Outlines of areas, or records, as vector tiles in one file (PMTiles)."""
        path = view.path("area_tiles" if name == "areas" else "record_tiles")
        if not path.is_file():
            raise InvalidInput(f"this result has no {name} with a place.")
        return FileResponse(path, media_type="application/vnd.pmtiles")

    return router
