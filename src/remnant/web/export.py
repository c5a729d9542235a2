"""The map application as one file that opens from a USB stick: everything inside, nothing asked from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from remnant.io.read_view import ViewFiles
from remnant.io.view_tiles import area_tile, cell_tile, packed, tile_steps, tiles_of_box
from remnant.web.routes import STATIC

PAGE = STATIC / "page"
MOST_TILES = 3_000
MOST_CELLS = 300_000
_DEEPEST = 16
_BASE = ("land", "units", "disputed")


def one_file(
    view: ViewFiles, *, progress: Callable[[float], None] | None = None
) -> tuple[str, tuple[str, ...]]:
    """The page with its data inside, and notes on what had to stay outside.

    Parameters
    ----------
    view
        The opened map.
    progress
        Called with the share done.
    """
    notes: list[str] = []
    tell = progress or (lambda _: None)
    data = {"map": _pack(view.text("about")), "areas": _pack(view.text("areas"))}
    every_why = [view.why(a) for a in range(view.about["num_areas"])]
    records: dict[int, Any] = {r["i"]: r for told in every_why for r in told["records"]}
    place = {i: n for n, i in enumerate(sorted(records))}
    for told in every_why:
        told["touching"] = [place[r["i"]] for r in told.pop("records")]
    data["why"], data["records"] = (
        _pack(_json(every_why)),
        _pack(_json([records[i] for i in sorted(records)])),
    )
    for k, state in enumerate(view.about["states"]):
        for m, metric in enumerate(view.about["metrics"]):
            data[f"values-{state}-{metric}"] = _pack(view.area_values[k, m].tobytes())
    has_cells = 0 < view.about["num_cells"] <= MOST_CELLS
    if view.about["num_cells"] > MOST_CELLS:
        notes.append(
            f"{view.about['num_cells']:,} cells are too many for one file; it shows areas and records."
        )
    if has_cells:
        every = np.arange(view.about["num_cells"])
        for k, state in enumerate(view.about["states"]):
            for metric in ("mean", "q95", "p_any"):
                steps = tile_steps(view, every, k, view.about["metrics"].index(metric))
                data[f"cells-{state}-{metric}"] = _pack(steps.tobytes())
    data["tiles"] = _pack(_json(_tiles(view, has_cells=has_cells, progress=tell)))
    data["places"] = _pack((STATIC / "base" / "places.json").read_bytes())
    shapes = {name: (STATIC / "base" / f"{name}.pmtiles") for name in _BASE}
    shapes |= {"areas": view.path("area_tiles"), "records": view.path("record_tiles")}
    for name, path in shapes.items():
        if path.is_file():
            data[f"shapes-{name}"] = _base64(path.read_bytes())
    tell(1.0)
    return _page(view.about["name"], data), tuple(notes)


def _tiles(
    view: ViewFiles, *, has_cells: bool, progress: Callable[[float], None]
) -> dict[str, dict[str, str]]:
    """Tiles by z/x/y, from afar to near, as long as they are few enough; nearer than that the map enlarges them."""
    out: dict[str, dict[str, str]] = {"areas": {}, "cells": {}}
    for z in range(_DEEPEST + 1):
        every = list(_tiles_of(view.about["bounds"], z))
        if len(out["areas"]) + len(out["cells"]) + len(every) > MOST_TILES:
            break
        for x, y in every:
            pixels = area_tile(view, z, x, y)
            if pixels.any():
                out["areas"][f"{z}/{x}/{y}"] = _base64(packed(pixels))
            if has_cells:
                numbers, cells = cell_tile(view, z, x, y)
                if cells.size:
                    out["cells"][f"{z}/{x}/{y}"] = _base64(packed(numbers, cells.astype("<u4")))
        progress(z / (_DEEPEST + 1))
    return out


def _tiles_of(bounds: list[float], z: int) -> Iterator[tuple[int, int]]:
    """Tiles of a zoom that a box in degrees touches."""
    west, south, east, north = bounds
    left, top, right, bottom = tiles_of_box((west, south, east, north), z)
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def _page(name: str, data: dict[str, str]) -> str:
    """The built page with style, script, worker and data inside, and a policy that allows nothing else."""
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    script = (PAGE / "index.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    style = (PAGE / "index.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    looks = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; worker-src blob: data:; style-src 'sha256-{looks}'; "
        "img-src blob: data:; connect-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    data["worker"] = _base64((PAGE / "maplibre-gl-worker.mjs").read_bytes())
    elements = "\n".join(
        f'<script type="text/plain" id="data:{key}">{text}</script>' for key, text in data.items()
    )
    head = re.sub(r"<(script|link)[^>]*(index\.js|index\.css)[^>]*>(</script>)?", "", index)
    head = head.replace(
        "<head>", f'<head>\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />', 1
    )
    head = head.replace("</head>", f"<style>{style}</style>\n</head>", 1)
    return head.replace("</body>", f'{elements}\n<script type="module">{script}</script>\n</body>', 1)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _pack(content: bytes) -> str:
    return _base64(zlib.compress(content, 6))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
