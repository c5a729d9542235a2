"""A result folder described as one STAC item, by which other programs find its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasterio
import shapely
from pyproj import Transformer

from remnant.assessment import Assessment

STAC = "stac.json"
_EXTENSIONS = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
)
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_DECIMALS = 7
_PROVENANCE = ("program", "model", "seed", "catalogue_sha256")


def write_stac(
    result: Assessment,
    folder: Path,
    *,
    stem: str,
    rasters: Sequence[Path],
    tables: Sequence[str],
    has_report: bool,
) -> None:
    """Write the item beside the files that it lists; paths in it are relative.

    Parameters
    ----------
    result
        The assessment.
    folder
        Where the other files lie already.
    stem
        Name of the GeoPackage without its ending; it becomes the name of the item.
    rasters
        Paths of the rasters.
    tables
        Names of the tables.
    has_report
        Whether there is a page for people.
    """
    assets: dict[str, Any] = {
        "layers": _asset(f"{stem}.gpkg", "application/geopackage+sqlite3", "Map layers with styles", "data"),
        **{f"raster_{path.stem}": _raster(path, folder) for path in sorted(rasters)},
        **{f"table_{name}": _asset(f"{name}.csv", "text/csv", f"Table {name}", "data") for name in tables},
        "summary": _asset("summary.json", "application/json", "All tables in one file", "metadata"),
    }
    if has_report:
        assets["report"] = _asset("report.html", "text/html", "The answer for people", "overview")
    item: dict[str, Any] = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(_EXTENSIONS),
        "id": stem,
        **_place(rasters),
        "properties": _properties(result),
        "links": [],
        "assets": assets,
    }
    text = json.dumps(item, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / STAC).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _properties(result: Assessment) -> dict[str, Any]:
    days = [result.as_of, *result.dates]
    return {
        "title": result.name,
        "description": (
            "What remains in the ground, with 90 % intervals. Probabilities, not a release. Positions of uncleared "
            "hazards: keep private."
        ),
        "datetime": f"{result.as_of.isoformat()}T00:00:00Z",
        "start_datetime": f"{min(days).isoformat()}T00:00:00Z",
        "end_datetime": f"{max(days).isoformat()}T00:00:00Z",
        **{f"remnant:{name}": str(value) for name, value in result.provenance.items() if name in _PROVENANCE},
    }


def _place(rasters: Sequence[Path]) -> dict[str, Any]:
    """Ground of the rasters in degrees; no place where there is none."""
    if not rasters:
        return {"geometry": None}
    with rasterio.open(min(rasters)) as file:
        crs, bounds = file.crs.to_wkt(), file.bounds
    to_lonlat = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
    box = to_lonlat.transform_bounds(bounds.left, bounds.bottom, bounds.right, bounds.top)
    west, south, east, north = (round(v, _DECIMALS) for v in box)
    return {
        "geometry": json.loads(shapely.to_geojson(shapely.box(west, south, east, north))),
        "bbox": [west, south, east, north],
    }


def _raster(path: Path, folder: Path) -> dict[str, Any]:
    with rasterio.open(path) as file:
        code = file.crs.to_epsg(confidence_threshold=100)
        told = file.tags()
        day = {"datetime": f"{told['date']}T00:00:00Z"} if "date" in told else {}
        names = [name.strip() for name in told["bands"].split(",")] if "bands" in told else file.descriptions
        bands = [
            {"name": name, "description": meaning, "data_type": "float32", "nodata": "nan", "unit": unit}
            for name, meaning, unit in zip(names, file.descriptions, file.units, strict=True)
        ]
        raster_bands = [
            {
                "data_type": "float32",
                "nodata": "nan",
                "unit": unit,
                "sampling": "area",
                "spatial_resolution": file.res[0],
            }
            for unit in file.units
        ]
        projection = {
            "proj:code": None if code is None else f"EPSG:{code}",
            **({"proj:wkt2": file.crs.to_wkt(version="WKT2_2019")} if code is None else {}),
            "proj:shape": [file.height, file.width],
            "proj:transform": list(file.transform)[:6],
            "proj:bbox": list(file.bounds),
        }
        title = f"{told['state']} items, {told['date']}" if day else path.stem
    asset = _asset(path.relative_to(folder).as_posix(), _COG, title, "data")
    return {**asset, **day, **projection, "bands": bands, "raster:bands": raster_bands}


def _asset(name: str, media: str, title: str, role: str) -> dict[str, Any]:
    return {"href": f"./{name}", "type": media, "title": title, "roles": [role]}
