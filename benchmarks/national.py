"""A country of 60 million cells: outline with holes and islands, 50 districts, 20,000 hazard areas, 200 × 200 nodes.

The field is drawn from its prior: what is measured is the way from a posterior to a result on disk, not the fit.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks.reduction import TYPES, blobs, records
from remnant import national
from remnant.evidence import Case, Districts, GridSpec, HazardAreas, Provenance, Searches
from remnant.field.lattice import field_draws, lattice_over
from remnant.io import StepLog, local_results, open_tiles, write_results
from remnant.national import Country, finish
from remnant.report import render_report
from remnant.units import Floats, day_number

TITLE = "A country of 60 million cells, by tiles"
REPEATS = 1
BASE = None
LIMIT_S, LIMIT_MB = 1200.0, 6000.0
NUM_AREAS, NUM_SEARCHES, NUM_DISTRICTS = 20_000, 1_000, 50
CELL_M, BLOCK_M = 100.0, 200.0
SIDE_M = 1_430_000.0
RANGE_M, SPREAD = 60_000.0, 1.0
NODES_M = 7_200.0


def outline(rng: np.random.Generator, side_m: float) -> shapely.Geometry:
    """A country: a ragged outline, lakes in it, islands off its coast."""
    middle = np.array([[0.5 * side_m, 0.5 * side_m]])
    land = blobs(middle, np.array([0.492 * side_m]), num_vertices=3_000, rng=rng)[0]
    land = shapely.simplify(shapely.buffer(shapely.buffer(land, -0.02 * side_m), 0.02 * side_m), 50.0)
    lakes = blobs(
        rng.uniform(0.25, 0.75, (20, 2)) * side_m, np.full(20, 0.01 * side_m), num_vertices=60, rng=rng
    )
    angle = rng.uniform(0.0, 2.0 * np.pi, 30)
    shore = middle + 0.46 * side_m * np.column_stack([np.cos(angle), np.sin(angle)])
    isles = blobs(shore, np.full(30, 0.006 * side_m), num_vertices=40, rng=rng)
    return shapely.union(shapely.difference(land, shapely.union_all(lakes)), shapely.union_all(isles))


def country(scale: float = 1.0) -> Case:
    """The records and the ground; a smaller one of the same density for warming up."""
    rng = np.random.default_rng([2026, *b"national"])
    side = SIDE_M * np.sqrt(scale)
    region = outline(rng, side)
    num, some = (max(round(n * scale), 20) for n in (NUM_AREAS, NUM_SEARCHES))
    # hazard areas lie in clusters, as fronts and roads make them
    cluster = side * rng.uniform(0.25, 0.75, (max(num // 50, 1), 2))
    centre = cluster[rng.integers(len(cluster), size=num)] + rng.normal(0.0, 4_000.0, (num, 2))
    radius = rng.uniform(60.0, 300.0, num)
    host = rng.choice(num, some, replace=False)
    base = records(0.01)
    year = day_number(dt.date(2000, 1, 1)) + 365.0 * rng.integers(24, size=some)
    cuts = np.linspace(0.0, side, 6)
    tall = np.linspace(0.0, side, NUM_DISTRICTS // 5 + 1)
    boxes = [shapely.box(*a) for a in _corners(cuts, tall)]
    names = np.array([f"district {i}" for i in range(len(boxes))])
    return dataclasses.replace(
        base,
        name="A country",
        grid=GridSpec(cell_m=CELL_M, block_m=BLOCK_M),
        areas=HazardAreas(
            id=np.array([f"a{i}" for i in range(num)]),
            geometry=blobs(centre, radius, num_vertices=16, rng=rng),
            hazard_class=rng.choice(["SHA", "CHA"], num),
            status=np.full(num, "open"),
            types=tuple((TYPES[int(i)],) for i in rng.integers(len(TYPES), size=num)),
            start_day=np.full(num, day_number(dt.date(1993, 1, 1))),
            end_day=np.full(num, day_number(dt.date(1995, 12, 31))),
            reported_area_m2=np.full(num, np.nan),
            source=_source(num, "areas"),
        ),
        searches=Searches(
            id=np.array([f"s{i}" for i in range(some)]),
            geometry=blobs(centre[host], 0.6 * radius[host], num_vertices=12, rng=rng),
            method=rng.choice(["manual detector", "dogs"], some),
            start_day=year,
            end_day=year,
            coverage=np.ones(some),
            items_found=np.where(rng.random(some) < 0.8, 0.0, 3.0),
            is_complete=np.ones(some, np.bool_),
            type=np.full(some, ""),
            source=_source(some, "searches"),
        ),
        events=dataclasses.replace(
            base.events,
            **{
                name: getattr(base.events, name)[:0]
                for name in ("id", "geometry", "precision_m", "kind", "type", "num_items", "day", "search_id")
            },
            source=_source(0, "events"),
        ),
        districts=Districts(
            name=names,
            geometry=shapely.intersection(np.array(boxes), region),
            source=_source(names.size, "districts"),
        ),
        region=region,
    )


def _corners(x: Floats, y: Floats) -> list[tuple[float, float, float, float]]:
    return [
        (float(x[i]), float(y[j]), float(x[i + 1]), float(y[j + 1]))
        for i in range(x.size - 1)
        for j in range(y.size - 1)
    ]


def _source(num: int, layer: str) -> Provenance:
    return Provenance(layer=np.full(num, layer), row=np.arange(1, num + 1))


def with_field(done: Country, side_m: float) -> Country:
    """The country with a field drawn from its prior over the ground that no record touches."""
    rng = np.random.default_rng([2026, *b"field"])
    ends = np.array([-2.0 * CELL_M, side_m + 2.0 * CELL_M])
    grown = np.arange(ends[0], ends[1], NODES_M)
    x, y = (v.ravel() for v in np.meshgrid(np.append(grown, ends[1]), np.append(grown, ends[1])))
    lattice = lattice_over(x, y, NODES_M, 0.0)
    bare = done.job.bare
    nodes = field_draws(lattice, RANGE_M, SPREAD, bare.order.size, rng=rng)
    bare = dataclasses.replace(bare, lattice=lattice, nodes=np.ascontiguousarray(nodes.T.astype(np.float32)))
    return dataclasses.replace(done, job=dataclasses.replace(done.job, bare=bare))


def run(case: Case, side_m: float, say: Callable[[str], None] | None = None) -> dict[str, Any]:
    """All steps, into a folder that is removed."""
    log = StepLog(show=lambda _step, _share: None, say=say)
    folder = Path(tempfile.mkdtemp(prefix="remnant-national-"))
    try:
        done = national.prepare(case, progress=log.tell)
        log.tell("drawing a field", 0.0)
        done = with_field(done, side_m)
        log.tell("beginning", 0.0)
        store = open_tiles(folder / "out", done)
        log.begin("tiles", done=0, total=len(done.tasks))
        for tile in local_results(done.job, done.tasks):
            store.put(tile)
            log.count()
        log.tell("adding up", 0.0)
        result = finish(done, store.sums([task.number for task in done.tasks]))
        log.tell("drawing the report", 0.0)
        page = render_report(result)
        log.tell("writing the layers", 0.0)
        write_results(result, folder / "out", report_html=page, tiles=store)
        log.close()
        size = sum(p.stat().st_size for p in (folder / "out").rglob("*") if p.is_file())
        return {
            "log": log,
            "cells": result.provenance["region_cells"],
            "known": int(result.cells.sizes["cell"]),
            "nodes": 0 if done.job.bare.lattice is None else done.job.bare.lattice.num_nodes,
            "mb": size / 1e6,
            "tiles": len(done.tasks),
        }
    finally:
        shutil.rmtree(folder)


def prepare() -> tuple[Case, float]:
    """The records; a small country warms up the compiled code."""
    run(country(0.002), SIDE_M * np.sqrt(0.002))
    return country(), SIDE_M


VARIANTS: Mapping[str, Callable[[tuple[Case, float]], Any]] = {"whole run": lambda data: run(*data)}


def facts(data: tuple[Case, float], results: Mapping[str, Any]) -> dict[str, str]:
    """What came out, and the time and memory of each step."""
    done = results["whole run"]
    steps = {step.name: f"{step.wall_s:.1f} s, {step.peak_mb:,.0f} MB" for step in done["log"].steps}
    in_tiles = next(step.wall_s for step in done["log"].steps if step.name == "tiles")
    return {
        "cells of the region": f"{done['cells']:,}",
        "of them worked out with the evidence": f"{done['known']:,}",
        "hazard areas": f"{data[0].areas.id.size:,}",
        "nodes": f"{done['nodes']:,}",
        "tiles": f"{done['tiles']:,}",
        "cells per second in tiles": f"{done['cells'] / in_tiles:,.0f}",
        "result": f"{done['mb']:,.0f} MB",
        **{f"step: {name}": text for name, text in steps.items()},
        "limit": f"{LIMIT_S:g} s, {LIMIT_MB:,.0f} MB",
    }
