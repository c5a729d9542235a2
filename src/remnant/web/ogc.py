"""OGC API: features of a result (areas, results, records) and tiles of its outlines, for map programs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from remnant.io.feature_columns import MEASURED
from remnant.io.feature_places import bounds_of, geojson, ground_of
from remnant.io.read_features import Asked, FeaturePage, Layer, columns_of, open_layer
from remnant.io.read_tiles import TileFile, open_tile_file
from remnant.io.read_view import ViewFiles
from remnant.web import ogc_documents as documents
from remnant.web.ogc_asked import (
    ItemsAsked,
    check_names,
    crs_asked,
    crs_parameter,
    format_of,
    format_parameter,
    items_asked,
    items_parameters,
    known_crs,
)
from remnant.web.ogc_documents import GEOJSON_MEDIA, SCHEMA_MEDIA, TILE_MATRIX_SET, TILE_MEDIA, Collection
from remnant.web.ogc_html import page_of

_JSON = "application/json"
_TITLES = {
    "areas": (
        "Hazard areas",
        "Hazard areas with verdict and reasons; no geometry where nobody knows the place.",
    ),
    "results": ("What remains", "Items left in each hazard area by date and state, with a 90 % interval."),
    "records": ("Records", "All records of the case; points and outlines are mixed."),
    "searches": ("Searches", "Ground that was searched, cleared or used."),
    "finds": ("Finds", "Items that were found."),
    "accidents": ("Accidents", "Accidents: they tell of people."),
    "deliveries": ("Deliveries", "Deliveries of ordnance that are recorded."),
}


def ogc_routes(view: ViewFiles) -> APIRouter:
    """Routes under ``/ogc`` that read one result.

    Parameters
    ----------
    view
        The opened map.
    """
    router = APIRouter(
        prefix="/ogc", tags=["ogc"], responses={"default": documents.error_response()}, default_response_class=Response
    )  # fmt: skip
    about, crs = view.about, known_crs(view.about["crs"])
    collections = _collections(view)
    open_once = cache(lambda name: open_layer(view, name))
    bounds_once = cache(lambda name: bounds_of(open_once(name).shapes))

    def told(root: str, one: Collection) -> dict[str, Any]:
        return documents.collection(root, one, open_once(one.name), bounds_once(one.name), crs)

    @router.get("/", include_in_schema=False)
    @router.get("", openapi_extra=_with(format_parameter()))
    def landing_page(request: Request) -> Response:
        """What this service is, and where its parts lie."""
        return _answer(request, documents.landing(documents.root_of(request), about))

    @router.get("/conformance", openapi_extra=_with(format_parameter()))
    def conformance(request: Request) -> Response:
        """The parts of the standards that are kept to."""
        has_tiles = any(one.tiles is not None for one in collections.values())
        return _answer(request, documents.conformance(has_tiles=has_tiles), title="Conformance")

    @router.get("/collections", openapi_extra=_with(format_parameter()))
    def every_collection(request: Request) -> Response:
        """The collections."""
        root = documents.root_of(request)
        every = [
            {**told(root, one), "links": [_self_of(root, one), *told(root, one)["links"]]}
            for one in collections.values()
        ]
        return _answer(request, {"links": [], "crs": list(crs), "collections": every}, title="Collections")

    for one in collections.values():
        _add_collection(router, one, told)
        _add_items(router, one, lambda name=one.name: open_once(name), crs)  # type: ignore[misc]
        if one.tiles is not None:
            _add_tiles(router, one, one.tiles)
    return router


def _collections(view: ViewFiles) -> dict[str, Collection]:
    path = view.path("area_tiles")
    tiles = {"areas": open_tile_file(path)} if path.is_file() else {}
    out = {}
    for name, columns in columns_of(view).items():
        title, meaning = _TITLES[name]
        left_out = [kind for kind in view.withheld if name == "records"]
        out[name] = Collection(
            name=name,
            title=title,
            meaning=" ".join([meaning, *(f"Records of the kind {kind} are left out." for kind in left_out)]),
            columns=columns,
            asked={k: v for k, v in columns.items() if not (name == "results" and k in MEASURED)},
            tiles=tiles.get(name),
        )
    return out


def _add_collection(
    router: APIRouter, one: Collection, told: Callable[[str, Collection], dict[str, Any]]
) -> None:
    here = f"/collections/{one.name}"

    @router.get(here, name=one.name, openapi_extra=_with(format_parameter()))
    def collection(request: Request) -> Response:
        """What a collection holds."""
        return _answer(request, told(documents.root_of(request), one))

    @router.get(f"{here}/queryables", name=f"{one.name}_queryables", openapi_extra=_with(format_parameter()))
    def queryables(request: Request) -> Response:
        """What can be asked of a collection, as JSON Schema."""
        return _answer(request, documents.queryables(documents.root_of(request), one), SCHEMA_MEDIA)


def _add_items(
    router: APIRouter, one: Collection, layer: Callable[[], Layer], crs: Mapping[str, str]
) -> None:
    here = f"/collections/{one.name}/items"

    @router.get(here, name=f"{one.name}_items", openapi_extra=_with(*items_parameters(one.asked, crs)))
    def items(request: Request) -> Response:
        """Features, a page at a time."""
        asked = items_asked(request, one.asked, crs)
        page = layer().page(_asked_of(asked, layer(), crs), asked.offset, asked.limit)
        links = documents.page_links(
            request, offset=asked.offset, limit=asked.limit, num_matched=page.num_matched
        )
        head = {
            "type": "FeatureCollection",
            "numberMatched": page.num_matched,
            "numberReturned": len(page.ids),
            "links": [*documents.self_links(request, format_of(request), GEOJSON_MEDIA), *links],
        }
        if format_of(request) == "html":
            root = documents.root_of(request)
            rows = [
                {"id": fid, "href": f"{root}{here}/{fid}?f=html", "properties": row}
                for fid, row in zip(page.ids, page.rows, strict=True)
            ]
            return HTMLResponse(page_of(one.title, {**head, "features": rows}))
        text = f'{_json(head)[:-1]},"features":[{",".join(_features(page, crs[asked.crs]))}]}}'
        return _geojson(text, asked.crs)

    @router.get(
        f"{here}/{{fid}}",
        name=f"{one.name}_item",
        openapi_extra=_with(format_parameter(), crs_parameter(crs)),
    )
    def item(request: Request, fid: str) -> Response:
        """One feature."""
        check_names(request, "crs")
        address, shown = crs_asked(request, "crs", crs), format_of(request)
        page = layer().one(fid)
        if not page.ids:
            raise HTTPException(404, f"{one.name} holds no feature {fid[:80]!r}.")
        up = f"{documents.root_of(request)}/collections/{one.name}"
        links = [
            *documents.self_links(request, shown, GEOJSON_MEDIA),
            documents.link(up, "collection", _JSON, one.title),
        ]
        (text,) = _features(page, crs[address])
        if shown == "html":
            return HTMLResponse(page_of(f"{one.title}: {page.ids[0]}", {**json.loads(text), "links": links}))
        return _geojson(f'{text[:-1]},"links":{_json(links)}}}', address)


def _add_tiles(router: APIRouter, one: Collection, tiles: TileFile) -> None:
    here = f"/collections/{one.name}/tiles"

    @router.get(here, name=f"{one.name}_tile_sets", openapi_extra=_with(format_parameter()))
    def tile_sets(request: Request) -> Response:
        """The tile sets of a collection."""
        return _answer(request, documents.tile_sets(documents.root_of(request), one), title="Tile sets")

    @router.get(
        f"{here}/{TILE_MATRIX_SET}", name=f"{one.name}_tile_set", openapi_extra=_with(format_parameter())
    )
    def tile_set(request: Request) -> Response:
        """Zooms, limits and address of the tiles."""
        return _answer(request, documents.tile_set(documents.root_of(request), one, tiles))

    @router.get(f"{here}/{TILE_MATRIX_SET}/{{z}}/{{y}}/{{x}}", name=f"{one.name}_tile")
    def tile(request: Request, z: int, y: int, x: int) -> Response:
        """Outlines as a Mapbox vector tile; 204 where nothing lies, 404 for a zoom that has no tiles."""
        check_names(request)
        content = tiles.tile(z, x, y)
        if not tiles.least_zoom <= z <= tiles.most_zoom:
            raise HTTPException(404, f"tiles have zooms {tiles.least_zoom} to {tiles.most_zoom}; got {z}.")
        if content is None:
            return Response(status_code=204)
        return Response(
            gzip.compress(content, 1), media_type=TILE_MEDIA, headers={"Content-Encoding": "gzip"}
        )


def _asked_of(asked: ItemsAsked, layer: Layer, crs: Mapping[str, str]) -> Asked:
    ground = None if asked.box is None else ground_of(asked.box, crs[asked.box_crs], layer.shapes)
    return Asked(ground=ground, first=asked.first, last=asked.last, where=asked.where)


def _features(page: FeaturePage, crs: str) -> list[str]:
    """Features as GeoJSON text."""
    return [
        f'{{"type":"Feature","id":{_json(fid)},"geometry":{shape or "null"},"properties":{_json(row)}}}'
        for fid, row, shape in zip(page.ids, page.rows, geojson(page.shapes, crs), strict=True)
    ]


def _answer(
    request: Request, document: dict[str, Any], media: str = _JSON, *, title: str | None = None
) -> Response:
    """A document in the format that was asked for, with links to itself."""
    check_names(request)
    shown = format_of(request)
    links = [*documents.self_links(request, shown, media), *document.get("links", [])]
    document = {**document, "links": links} if media != SCHEMA_MEDIA else document
    if shown == "html":
        return HTMLResponse(page_of(title or document["title"], {**document, "links": links}))
    return Response(_json(document), media_type=media)


def _geojson(text: str, crs: str) -> Response:
    return Response(text, media_type=GEOJSON_MEDIA, headers={"Content-Crs": f"<{crs}>"})


def _self_of(root: str, one: Collection) -> documents.Link:
    return documents.link(f"{root}/collections/{one.name}", "self", _JSON, one.title)


def _with(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": list(parameters)}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
