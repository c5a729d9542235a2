"""A country by tiles gives what the same country gives in memory, whatever the tiles."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from remnant.assessment import answer
from remnant.errors import InvalidInput
from remnant.evidence import reduce_case
from remnant.field import bare_rates
from remnant.national import VARIABLES, Country, TileResult, TileSums, fingerprint, finish, prepare, run_tile
from remnant.weighing import Weighed, weigh


@pytest.fixture(scope="module")
def home(load: Any) -> ModuleType:
    return load("country")


@pytest.fixture(scope="module", autouse=True)
def _quick(home: ModuleType) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        home.fixed_draws(patch.setattr)
        yield


def work(done: Country) -> list[TileResult]:
    return [run_tile(done.job, task) for task in done.tasks]


def sums_of(tiles: list[TileResult]) -> list[TileSums]:
    names = TileSums.__dataclass_fields__
    return [TileSums(**{name: getattr(tile, name) for name in names}) for tile in tiles]


def whole(done: Country, tiles: list[TileResult]) -> np.ndarray:
    grid = done.job.grid
    out = np.full((4, done.num_dates, 4, grid.num_rows, grid.num_cols), np.nan, np.float32)
    for tile in tiles:
        w = tile.window
        out[..., w.row : w.past_row, w.col : w.past_col] = tile.values
    return out


def close(got: np.ndarray, expected: np.ndarray, rel: float) -> None:
    assert got.shape == expected.shape
    assert (np.abs(got - expected) <= rel * np.abs(expected) + 1e-12).all()


@pytest.fixture(scope="module")
def small(home: ModuleType) -> Country:
    return prepare(home.country(), tile_cells=256)


@pytest.fixture(scope="module")
def tiles(small: Country) -> list[TileResult]:
    return work(small)


@pytest.fixture(scope="module")
def in_memory(home: ModuleType) -> Weighed:
    return weigh(home.country())


def test_cells_by_tiles_are_those_in_memory(
    small: Country, tiles: list[TileResult], in_memory: Weighed
) -> None:
    reduction = in_memory.reduction
    assert reduction.grid == small.job.grid
    assert [p.name for p in in_memory.posterior.table.parameters] == [
        p.name for p in small.weighed.posterior.table.parameters
    ]
    got = whole(small, tiles).reshape(4, small.num_dates, 4, -1)
    assert (np.flatnonzero(np.isfinite(got[0, 0, 0])) == reduction.cells).all()
    for v, name in enumerate(VARIABLES):
        expected = getattr(in_memory.in_cells, name)
        # five digits are kept, and the chance of any is tabulated
        close(got[v][:, :, reduction.cells], expected, 2e-5)


def test_totals_by_tiles_agree_with_those_in_memory(
    small: Country, tiles: list[TileResult], in_memory: Weighed
) -> None:
    mine, other = finish(small, sums_of(tiles)), answer(in_memory)
    for table, keys in (("total_results", ["scope"]), ("district_results", ["district"])):
        both = getattr(mine, table).merge(
            getattr(other, table), on=[*keys, "date", "state", "is_forecast"], suffixes=("", "_other")
        )
        assert len(both) == len(getattr(mine, table)) == len(getattr(other, table))
        # the same draws of everything but the counts: 100 of them
        noise = 4.5 * np.sqrt(both["mean_other"] * 3.0 / 100.0) + 0.1 * both["mean_other"]
        assert (np.abs(both["mean"] - both["mean_other"]) <= noise + 0.3).all()
    pd.testing.assert_frame_equal(
        mine.area_results.drop(columns=["q05", "q95", "mean", "p_any", "density_q95_per_km2"]),
        other.area_results.drop(columns=["q05", "q95", "mean", "p_any", "density_q95_per_km2"]),
    )


def test_sums_of_tiles_are_sums_of_their_cells(small: Country, tiles: list[TileResult]) -> None:
    """Mean over draws of S₁ times the rate is the sum of cell means: every draw is mixed over here."""
    rate, _ = bare_rates(
        small.weighed.case, small.weighed.posterior, small.weighed.days, small.weighed.as_of_day
    )
    for task, tile in zip(small.tasks, tiles, strict=True):
        bare = np.isfinite(tile.values[0, 0, 0])
        bare[task.row, task.col] = False
        first = tile.sums[:, 0].sum(axis=0)
        expected = np.einsum("j,jkts->ts", first, rate) / first.size
        got = tile.values[0][:, :3, bare].sum(axis=2, dtype=np.float64)
        close(got, expected, 2e-5)


def test_totals_are_sums_over_districts_and_ground_in_none(small: Country, tiles: list[TileResult]) -> None:
    result = finish(small, sums_of(tiles))
    total = result.total_results.set_index(["scope", "date", "state"])["mean"]
    district = result.district_results.groupby(["date", "state"])["mean"].sum()
    for key in district.index:
        assert district[key] <= total[("all", *key)] + 1e-9  # the island lies in none
    parts = sums_of(tiles)
    label = np.concatenate([p.district for p in parts])
    ground = np.concatenate([p.ground_m2 for p in parts])
    assert set(label) == {-1, 0, 1, 2}
    known = small.weighed.reduction
    region = small.job.region
    assert result.provenance["region_km2_without_records"] == pytest.approx(ground.sum() / 1e6, rel=1e-6)
    touched = shapely.union_all(known.grid.boxes(known.cells))
    assert ground.sum() == pytest.approx(shapely.area(shapely.difference(region, touched)), rel=1e-6)
    west = shapely.intersection(region, small.job.district[0])
    assert ground[label == 0].sum() == pytest.approx(
        shapely.area(shapely.difference(west, touched)), rel=5e-3
    )  # by the centres of cells


@pytest.mark.parametrize("side", [1, 700, 5000])
def test_the_size_of_tiles_changes_nothing(
    home: ModuleType, small: Country, tiles: list[TileResult], side: int
) -> None:
    other = prepare(home.country(), tile_cells=side)
    assert (other.tile_cells == small.tile_cells) == (side == 1)
    more = work(other)
    assert whole(other, more).tobytes() == whole(small, tiles).tobytes()
    a, b = finish(small, sums_of(tiles)), finish(other, sums_of(more[::-1]))  # in whatever order
    for table in ("total_results", "district_results", "curve", "area_results"):
        pd.testing.assert_frame_equal(getattr(a, table), getattr(b, table), check_exact=True)


def test_nothing_outside_the_region_has_a_value_but_what_records_touch(
    small: Country, tiles: list[TileResult]
) -> None:
    grid, region = small.job.grid, small.job.region
    inside = np.isfinite(whole(small, tiles)[0, 0, 3])
    row, col = np.nonzero(inside)
    boxes = grid.boxes((row * grid.num_cols + col).astype(np.int64))
    touches = shapely.intersects(region, boxes)
    outside = (row * grid.num_cols + col)[~touches]
    assert np.isin(outside, small.weighed.reduction.cells).all()
    assert inside.sum() == sum(t.num_cells for t in tiles)
    assert inside.sum() * grid.cell_area_m2 == pytest.approx(region.area, rel=0.02)
    # the border area sticks out of the region, and its cells are there
    area = small.weighed.case.areas.geometry[3]
    assert not shapely.contains(region, area)
    assert shapely.intersects(boxes, shapely.difference(area, region)).any()


def test_ground_outside_the_region_adds_no_background(home: ModuleType) -> None:
    case = home.country()
    alone = reduce_case(dataclasses.replace(case, region=None))
    within = reduce_case(case, by_tiles=True)

    def background(reduction: Any) -> float:
        kind = reduction.source_kind[reduction.unit_source[reduction.by_portion.unit]]
        return float(reduction.by_portion.ground[kind == "background"].sum())

    known = within.grid.boxes(within.cells)
    areas = shapely.union_all(case.areas.geometry)
    bare = shapely.area(
        shapely.difference(shapely.intersection(shapely.union_all(known), case.region), areas)
    )
    # where the border of the region crosses a cell with a footprint, as much is bare as can be
    border = shapely.intersects(known, shapely.boundary(case.region)) & shapely.intersects(known, areas)
    assert bare - 1.0 <= background(within)
    assert background(within) <= bare + border.sum() * within.grid.cell_area_m2
    assert background(alone) < background(within)  # whole blocks, not only the cells that are touched


def test_more_draws_of_the_totals_than_of_the_cells(home: ModuleType) -> None:
    done = prepare(home.country(6_000.0, num_draws=300))
    assert len(done.weighed.mixed) == 128
    found = work(done)
    assert found[0].sums.shape[2] == 300
    result = finish(done, sums_of(found))
    assert result.total_results["mean"].notna().all()


def test_a_country_without_any_record_near_has_background_everywhere(home: ModuleType) -> None:
    case = home.country(4_000.0)
    far = dataclasses.replace(case, region=shapely.box(40_000, 40_000, 44_000, 43_000))
    done = prepare(far)
    found = work(done)
    values = whole(done, found)
    box = np.isfinite(values[0, 0, 3])
    assert box.sum() >= 80 * 60
    assert np.nanmin(values[3]) >= 0.0
    assert np.nanmax(values[3]) <= 1.0
    assert (
        finish(done, sums_of(found)).total_results.query("scope == 'outside hazard areas'")["mean"].sum() > 0
    )


def test_a_case_without_a_region_is_refused(home: ModuleType) -> None:
    with pytest.raises(InvalidInput, match=r"over a region, and this one names none.*grid"):
        prepare(dataclasses.replace(home.country(), region=None))


def test_a_region_too_large_for_memory_says_so(home: ModuleType) -> None:
    wide = dataclasses.replace(home.country(), region=shapely.box(0, 0, 3e5, 3e5))
    with pytest.raises(InvalidInput, match=r"36,0\d\d,\d\d\d cells of 50 m; at most 5,000,000.*--tiles"):
        reduce_case(wide)


def test_the_fingerprint_tells_runs_apart(home: ModuleType, small: Country) -> None:
    first = fingerprint(small)
    assert fingerprint(prepare(home.country(), tile_cells=256)) == first
    case = home.country()
    others = [
        prepare(case, tile_cells=256, seed=2),
        prepare(case, tile_cells=1024),
        prepare(dataclasses.replace(case, dates=case.dates[:1]), tile_cells=256),
        prepare(dataclasses.replace(case, region=shapely.buffer(case.region, -1.0)), tile_cells=256),
        prepare(dataclasses.replace(case, inputs={"a.csv": "00"}), tile_cells=256),
    ]
    assert len({first, *(fingerprint(o) for o in others)}) == 6
