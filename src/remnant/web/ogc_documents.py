"""Documents of the OGC API (landing page, conformance, collections, queryables, tile sets), and links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from remnant.io.feature_columns import Column
from remnant.io.feature_places import Box
from remnant.io.read_features import Layer
from remnant.io.read_tiles import TileFile
from remnant.io.view_tiles import tiles_of_box
from remnant.web.definition import OPENAPI_MEDIA
from remnant.web.ogc_asked import CRS84, Format

GEOJSON_MEDIA = "application/geo+json"
SCHEMA_MEDIA = "application/schema+json"
TILE_MEDIA = "application/vnd.mapbox-vector-tile"
TILE_MATRIX_SET = "WebMercatorQuad"
WARNING = (
    "Probabilities, not a release: they call no land free of anything; a person with the authority releases land. "
    "Positions of uncleared hazards are sensitive: keep them private."
)
_SPEC, _REL = "http://www.opengis.net/spec", "http://www.opengis.net/def/rel/ogc/1.0"
_TMS_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{TILE_MATRIX_SET}"
_FEATURES = (
    "ogcapi-common-1/1.0/conf/core",
    "ogcapi-common-2/1.0/conf/collections",
    "ogcapi-features-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-1/1.0/conf/oas30",
    "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-features-3/1.0/conf/queryables",
    "ogcapi-features-3/1.0/conf/queryables-query-parameters",
)
_TILES = tuple(
    f"ogcapi-tiles-1/1.0/conf/{name}"
    for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")
)
_JSON, _HTML = "application/json", "text/html"

Link = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What is said of a collection.

    Parameters
    ----------
    name, title, meaning
        In addresses; for people; in a sentence.
    columns
        Name → kind and meaning.
    asked
        Columns that can be asked for.
    tiles
        Outlines as vector tiles; None: none.
    """

    name: str
    title: str
    meaning: str
    columns: Mapping[str, Column]
    asked: Mapping[str, Column]
    tiles: TileFile | None = None


def link(href: str, rel: str, media: str, title: str, **more: object) -> Link:
    """A link."""
    return {"href": href, "rel": rel, "type": media, "title": title, **more}


def root_of(request: Request) -> str:
    """Address of the landing page, as the client names this server."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def self_links(request: Request, shown: Format, media: str = _JSON) -> list[Link]:
    """To the document itself, and to the same in the other format."""
    address = request.url.remove_query_params("token")
    forms = {"json": media, "html": _HTML}
    return [
        link(
            str(address.include_query_params(f=form)),
            "self" if form == shown else "alternate",
            kind,
            f"this as {form}",
        )
        for form, kind in forms.items()
    ]


def page_links(request: Request, *, offset: int, limit: int, num_matched: int) -> list[Link]:
    """To the page before and the page after, where there are such."""
    address = request.url.remove_query_params("token")
    pages = []
    if offset + limit < num_matched:
        pages.append(("next", offset + limit))
    if offset > 0:
        pages.append(("prev", max(offset - limit, 0)))
    return [
        link(str(address.include_query_params(offset=at, limit=limit)), rel, GEOJSON_MEDIA, f"{rel} page")
        for rel, at in pages
    ]


def landing(root: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """The landing page, without links to itself."""
    provenance = about["provenance"]
    return {
        "title": about["name"],
        "description": f"What remains in the ground; records up to {about['as_of']}. {WARNING}",
        "attribution": f"{provenance['program']}, model {provenance['model']}, seed {provenance['seed']}",
        "links": [
            link(f"{root.removesuffix('/ogc')}/api", "service-desc", OPENAPI_MEDIA, "all routes"),
            link(f"{root}/conformance", "conformance", _JSON, "what this service conforms to"),
            link(f"{root}/collections", "data", _JSON, "the collections"),
        ],
    }


def conformance(*, has_tiles: bool) -> dict[str, Any]:
    """What the service conforms to."""
    return {"conformsTo": [f"{_SPEC}/{name}" for name in _FEATURES + (_TILES if has_tiles else ())]}


def collection(
    root: str, about: Collection, layer: Layer, bounds: Box | None, crs: Mapping[str, str]
) -> dict[str, Any]:
    """A collection, without links to itself."""
    here = f"{root}/collections/{about.name}"
    extent: dict[str, Any] = {}
    if bounds is not None:
        extent["spatial"] = {"bbox": [[round(v, 8) for v in bounds]], "crs": CRS84}
    if layer.days is not None:
        first, last = layer.days
        extent["temporal"] = {"interval": [[f"{first}T00:00:00Z", f"{last}T23:59:59Z"]]}
    links = [
        link(f"{here}/items", "items", GEOJSON_MEDIA, about.title),
        link(f"{here}/items?f=html", "items", _HTML, f"{about.title} as a page"),
        link(f"{here}/queryables", f"{_REL}/queryables", SCHEMA_MEDIA, "what can be asked for"),
    ]
    if about.tiles is not None:
        links.append(link(f"{here}/tiles", f"{_REL}/tilesets-vector", _JSON, "outlines as vector tiles"))
    return {
        "id": about.name,
        "title": about.title,
        "description": f"{about.meaning} {WARNING}",
        **({"extent": extent} if extent else {}),
        "itemType": "feature",
        "crs": list(crs),
        "storageCrs": list(crs)[-1],
        "links": links,
    }


def queryables(root: str, about: Collection) -> dict[str, Any]:
    """What can be asked of a collection, as JSON Schema."""
    properties = {
        name: {**column.schema, "title": name, "description": column.meaning}
        for name, column in about.asked.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": f"{root}/collections/{about.name}/queryables",
        "type": "object",
        "title": about.title,
        "properties": {"geometry": {"title": "geometry", "format": "geometry-any"}, **properties},
        "additionalProperties": False,
    }


def tile_sets(root: str, about: Collection) -> dict[str, Any]:
    """The tile sets of a collection: one."""
    told = _tile_set(about)
    here = f"{root}/collections/{about.name}/tiles/{TILE_MATRIX_SET}"
    return {"tilesets": [{**told, "links": [link(here, "self", _JSON, "the tile set")]}]}


def tile_set(root: str, about: Collection, tiles: TileFile) -> dict[str, Any]:
    """The tile set of a collection."""
    here = f"{root}/collections/{about.name}/tiles/{TILE_MATRIX_SET}"
    limits = []
    for z in range(tiles.least_zoom, tiles.most_zoom + 1):
        left, top, right, bottom = tiles_of_box(tiles.bounds, z)
        limits.append(
            {
                "tileMatrix": str(z),
                "minTileRow": top,
                "maxTileRow": bottom,
                "minTileCol": left,
                "maxTileCol": right,
            }
        )
    west, south, east, north = tiles.bounds
    template = f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {
        **_tile_set(about),
        "tileMatrixSetLimits": limits,
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
        "layers": [{"id": about.name, "dataType": "vector", "geometryDimension": 2}],
        "links": [
            link(template, "item", TILE_MEDIA, "tiles", templated=True),
            link(_TMS_URI, f"{_REL}/tiling-scheme", _JSON, TILE_MATRIX_SET),
        ],
    }


def _tile_set(about: Collection) -> dict[str, Any]:
    return {
        "title": about.title,
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetId": TILE_MATRIX_SET,
        "tileMatrixSetURI": _TMS_URI,
    }


def error_response() -> dict[str, Any]:
    """What a refusal looks like, for the page of routes."""
    text = {"type": "string"}
    inner = {"type": "object", "required": ["kind", "said"], "properties": {"kind": text, "said": text}}
    schema = {
        "type": "object",
        "required": ["code", "description", "error"],
        "properties": {"code": text, "description": text, "error": inner},
    }
    return {"description": "What was refused, and why", "content": {_JSON: {"schema": schema}}}
