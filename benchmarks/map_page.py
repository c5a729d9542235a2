"""The map application with 100,000 areas and 10 million cells: first view, a step of the slider, a click; in Chromium.

The map folder is made up (no model could be fitted to it within a benchmark), but it is read, served and drawn as any
other. Times are those that a user waits: from the request until all that is in sight is drawn.
"""

from __future__ import annotations

import json
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import uvicorn

from benchmarks.measure import Skip
from benchmarks.reduction import blobs
from remnant.assessment import RESULT_STATES
from remnant.io.cell_levels import levels_of, write_levels
from remnant.io.codes import coded
from remnant.io.read_view import open_view
from remnant.io.write_view import METRICS, VIEW_FILES, VIEW_FORMAT, _json, _write_tiles
from remnant.web import Access, application

TITLE = "Map of 100,000 areas and 10 million cells, in Chromium"
REPEATS = 1
BASE = None
NUM_AREAS, SIDE_CELLS, CELL_M, NUM_DATES = 100_000, 3_163, 50.0, 20
_CRS = "EPSG:32636"
_LEFT_M, _TOP_M = 400_000.0, 5_560_000.0
_STEPS = 12
_FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@dataclass
class Timed:
    """What a variant measured by itself."""

    measured: dict[str, float]
    facts: dict[str, str] = field(default_factory=dict)


@dataclass
class Open:
    """A running server, a browser, and the page."""

    address: str
    browser: Any
    start_s: float


def prepare() -> Open:
    """The folder made, the server started, the browser opened."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise Skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    folder = Path(tempfile.gettempdir()) / f"{VIEW_FORMAT.replace('/', '-')}-{NUM_AREAS}-{SIDE_CELLS}" / "map"
    if not (folder / VIEW_FILES["about"]).is_file():
        make(folder)
    began = time.perf_counter()
    app = application(open_view(folder), Access())
    start_s = time.perf_counter() - began
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True).start()
    browser = sync_playwright().start().chromium.launch(executable_path=chromium, args=list(_FLAGS))
    return Open(address=f"http://127.0.0.1:{held.getsockname()[1]}/", browser=browser, start_s=start_s)


def make(folder: Path) -> None:
    """A map folder of the stated size."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng([2026, *b"map"])
    side = int(np.ceil(np.sqrt(NUM_AREAS)))
    row, col = np.divmod(np.arange(NUM_AREAS), side)
    step = SIDE_CELLS * CELL_M / side
    centre = np.stack([_LEFT_M + (col + 0.5) * step, _TOP_M - (row + 0.5) * step], axis=1)
    shapes = gpd.GeoDataFrame(
        {"i": np.arange(NUM_AREAS)},
        geometry=list(blobs(centre, rng.uniform(60.0, 200.0, NUM_AREAS), num_vertices=16, rng=rng)),
        crs=_CRS,
    )
    dates = [f"{2026 + k}-06-30" for k in range(NUM_DATES)]
    at = {name: folder / file for name, file in VIEW_FILES.items()}
    level = rng.lognormal(0.0, 2.0, NUM_AREAS)
    values = np.stack([coded(level * 0.9**k) for k in range(NUM_DATES)])
    at["area_values"].write_bytes(np.broadcast_to(values, (4, 4, *values.shape)).tobytes())
    place = np.arange(SIDE_CELLS * SIDE_CELLS)
    r, c = np.divmod(place, SIDE_CELLS)
    held = coded(np.exp(np.sin(r / 90.0) * 3.0 + np.cos(c / 70.0) * 3.0 - 6.0))
    steps = np.stack(
        [np.maximum(held.astype(np.int32) - 160 * k, 1).astype("<u2") for k in range(NUM_DATES)], axis=1
    )
    with at["cell_values"].open("wb") as file:
        for _ in range(len(RESULT_STATES) * len(METRICS)):
            steps.tofile(file)
    grid = {
        "left_m": _LEFT_M,
        "top_m": _TOP_M,
        "cell_m": CELL_M,
        "num_rows": SIDE_CELLS,
        "num_cols": SIDE_CELLS,
    }
    write_levels(levels_of(grid, r, c, held), at["levels"])
    shapes.to_crs("EPSG:3857").to_parquet(at["shapes"], compression="zstd")
    _write_tiles(shapes, at["area_tiles"], "areas")
    box = shapes.to_crs("EPSG:4326").geometry.bounds
    text = {name: [""] * NUM_AREAS for name in ("layer", "types", "status", "reasons")}
    table = {
        "area_id": [f"HA-{i:06d}" for i in range(NUM_AREAS)],
        "hazard_class": ["SHA"] * NUM_AREAS,
        **text,
        "row": list(range(NUM_AREAS)),
        "area_m2": shapes.area.round().tolist(),
        "place_known": [True] * NUM_AREAS,
        "searched_share": [0.0] * NUM_AREAS,
        "num_found": [0.0] * NUM_AREAS,
        "p_exists": [0.3] * NUM_AREAS,
        "verdict": ["cannot tell: survey"] * NUM_AREAS,
        "search_m2": [None] * NUM_AREAS,
        "west": box["minx"].round(6).tolist(),
        "south": box["miny"].round(6).tolist(),
        "east": box["maxx"].round(6).tolist(),
        "north": box["maxy"].round(6).tolist(),
    }
    at["areas"].write_text(_json(table), encoding="utf-8")
    _write_why(at["why"])
    about = {
        "format": VIEW_FORMAT, "name": "100,000 areas", "as_of": dates[0], "asked_dates": dates[:1], "dates": dates,
        "states": RESULT_STATES, "metrics": METRICS, "code_log10": [-9.0, 9.0], "num_areas": NUM_AREAS,
        "num_cells": int(place.size), "num_records": 0, "cell_m": CELL_M, "grid": grid, "crs": _CRS,
        "bounds": shapes.to_crs("EPSG:4326").total_bounds.tolist(), "totals": [], "curve": [], "policy": {},
        "judgements": [], "findings": [], "provenance": {}, "has_release": False, "release_notes": [],
        "num_withheld": 0,
    }  # fmt: skip
    at["about"].write_text(json.dumps(about), encoding="utf-8")


def _write_why(path: Path) -> None:
    import sqlite3

    told = _json({"touching": [], "weights": [], "criteria": [], "methods": []})
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE why (i INTEGER PRIMARY KEY, told TEXT NOT NULL)")
        base.executemany("INSERT INTO why VALUES (?, ?)", ((i, told) for i in range(NUM_AREAS)))
        base.execute("CREATE TABLE records (i INTEGER PRIMARY KEY, told TEXT NOT NULL)")
    base.close()


def _page(ground: Open) -> tuple[Any, float]:
    """A new window with the map drawn, and the time it took. [s]"""
    window = ground.browser.new_context(viewport={"width": 1400, "height": 850}).new_page()
    window.goto(ground.address, wait_until="commit")
    window.wait_for_selector("body[data-drawn]", timeout=120_000)
    # since the navigation began, by the browser's own clock
    return window, float(window.evaluate("Number(document.body.dataset.drawn) / 1000"))


def first_view(ground: Open) -> Timed:
    """From the address to the map with all its tiles; the second of two windows, so that the server is warm."""
    _page(ground)[0].context.close()
    window, took = _page(ground)
    window.context.close()
    return Timed({"wall_s": took, "cpu_s": float("nan")}, {"server started in": f"{ground.start_s:.2f} s"})


_SLIDE = """(step) => new Promise((done) => {
  const before = document.body.dataset.drawn, start = performance.now();
  const slider = document.querySelector('input[type=range]');
  slider.value = step;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  const look = () => document.body.dataset.drawn === before
    ? setTimeout(look, 2) : done(Number(document.body.dataset.drawn) - start);
  look();
})"""
_CLICK = """(row) => new Promise((done) => {
  const old = document.querySelector('.why h2')?.textContent, start = performance.now();
  const button = document.querySelectorAll('.rows button')[row];
  const name = button.querySelector('b').textContent;
  button.click();
  const look = () => document.querySelector('.why h2')?.textContent === name && document.querySelector('.why table')
    ? done(performance.now() - start) : setTimeout(look, 2);
  look();
})"""


def slide(ground: Open) -> Timed:
    """A step of the slider with all in sight, until all is drawn anew; the median of twelve."""
    window, _ = _page(ground)
    window.wait_for_timeout(3_000)
    times = [float(window.evaluate(_SLIDE, k % NUM_DATES)) for k in range(1, _STEPS + 1)]
    window.context.close()
    return Timed(
        {"wall_s": statistics.median(times) / 1e3, "cpu_s": float("nan")},
        {"slider steps": f"{min(times):.0f} to {max(times):.0f} ms"},
    )


def click(ground: Open) -> Timed:
    """A click on an area until the reasons stand there; the median of six."""
    window, _ = _page(ground)
    window.wait_for_selector(".rows button")
    window.wait_for_timeout(3_000)
    times = [float(window.evaluate(_CLICK, k)) for k in range(1, 7)]
    window.context.close()
    return Timed(
        {"wall_s": statistics.median(times) / 1e3, "cpu_s": float("nan")},
        {"clicks": f"{min(times):.0f} to {max(times):.0f} ms"},
    )


VARIANTS: Mapping[str, Callable[[Open], Timed]] = {
    "first view": first_view,
    "one step of the slider": slide,
    "one click": click,
}


def facts(_: Open, results: Mapping[str, Timed]) -> dict[str, str]:
    """What was in the map, and how the times spread."""
    out = {"areas": f"{NUM_AREAS:,}", "cells": f"{SIDE_CELLS**2:,}", "days": str(NUM_DATES)}
    for timed in results.values():
        out |= timed.facts
    return out
