"""A small country for tests: an outline with a lake and an island, four districts, a few areas and searches."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import shapely

from remnant.catalogue import Range
from remnant.evidence import Case, Districts
from remnant.field import stratum


def worlds() -> ModuleType:
    path = Path(__file__).parents[1] / "model" / "worlds.py"
    spec = importlib.util.spec_from_file_location("worlds", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prior(low: float, high: float, unit: str = "1/km2") -> Range:
    return Range(low=low, high=high, unit=unit, basis="judgement", source="judgement: test world")


def country(size_m: float = 26_000.0, cell_m: float = 50.0, **options: Any) -> Case:
    """A land of about `size_m` across; at 50 m its grid is 2 × 3 patches and more."""
    w = worlds()
    land = shapely.union(
        shapely.difference(
            shapely.Point(0.5 * size_m, 0.42 * size_m).buffer(0.4 * size_m),
            shapely.Point(0.62 * size_m, 0.3 * size_m).buffer(0.11 * size_m),
        ),
        shapely.Point(0.95 * size_m, 0.8 * size_m).buffer(0.03 * size_m),
    )
    middle = 0.4 * size_m
    shapes = [
        shapely.box(middle, middle, middle + 420, middle + 330),
        shapely.Point(middle + 2000, middle - 1500).buffer(260),
        shapely.box(middle + 300, middle + 200, middle + 900, middle + 500),
        shapely.box(
            0.5 * size_m - 120, 0.82 * size_m - 200, 0.5 * size_m + 120, 0.82 * size_m + 300
        ),  # at the border
    ]
    sweeps = [shapely.box(middle, middle, middle + 210, middle + 330), shapes[1].buffer(40)]
    halves = [
        shapely.box(-1e5, -1e5, 0.45 * size_m, 1e5),
        shapely.box(0.45 * size_m, -1e5, 1e5, 0.4 * size_m),
        shapely.box(0.45 * size_m, 0.4 * size_m, 0.9 * size_m, 1e5),
    ]
    priors = {**w.PRIORS, "density.background": prior(0.2, 20.0), "clump_shape": prior(0.2, 2.0, "ratio")}
    case: Case = w.case_of(
        w.areas(shapes, ["SHA", "CHA", "SHA", "CHA"], [("PMN",), ("PMN", "PFM-1S"), ("PMN",), ("PMN",)]),
        w.searches(sweeps, ["manual detector", "dogs"], [w.D0 + 300.0] * 2, [1.0, 0.8], [True, True]),
        priors=priors,
        num_draws=100,
        default_types=("PMN", "PFM-1S"),
        districts=Districts(
            name=np.array(["West", "South", "North"]),
            geometry=np.array(halves, dtype=object),
            source=w.source(3, "districts"),
        ),
        region=land,
    )
    return dataclasses.replace(case, grid=dataclasses.replace(case.grid, cell_m=cell_m), **options)


def fixed_draws(patch: Any) -> None:
    """Let a fit return the same draws whatever was evaluated: quick, and equal for two reductions of one case."""

    def draws(num: int, size: int) -> np.ndarray:
        return np.random.default_rng(77).standard_normal((size, num)).T.copy()

    patch(stratum, "even_normals", lambda num, size, *, rng: draws(num, size))
    patch(
        stratum,
        "sample_posterior",
        lambda log_likelihood, size, *, num_draws, rng, progress=None: SimpleNamespace(
            z=draws(num_draws, size), log_evidence=0.0
        ),
    )


def main() -> None:
    """Work the country out into a folder, in a process of its own: ``country.py FOLDER``."""
    from remnant.io import local_results, open_tiles, write_results
    from remnant.national import finish, prepare

    fixed_draws(setattr)
    done = prepare(country(), tile_cells=256)
    store = open_tiles(Path(sys.argv[1]), done)
    left = [task for task in done.tasks if task.number not in store.done]
    for tile in local_results(done.job, left):
        store.put(tile)
    result = finish(done, store.sums([task.number for task in done.tasks]))
    write_results(result, Path(sys.argv[1]), report_html=None, tiles=store)


if __name__ == "__main__":
    main()
