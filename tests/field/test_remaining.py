"""Counts that remain: sums that must agree, and closed forms against plain simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.stats
import shapely

from remnant.evidence import Case, Reduction, reduce_case
from remnant.field import (
    ParameterTable,
    cells_remaining,
    count_remaining,
    fit_stratum,
    left_in_all,
    mixture,
    parameters_of,
    thinned,
)
from remnant.field import cells as cells_module
from remnant.field import remaining as module
from remnant.field.history import compile_histories
from remnant.units import day_number

SIMULATED = 60_000


@dataclass(frozen=True, kw_only=True)
class Given:
    """A posterior with known clumps, so that every number can be simulated from its definition."""

    reduction: Reduction
    table: ParameterTable
    z: np.ndarray
    exists: np.ndarray
    shape: np.ndarray
    scale: np.ndarray

    def clumps(self, units: np.ndarray, draws: slice) -> tuple[np.ndarray, np.ndarray]:
        return self.shape[draws][:, units], self.scale[draws][:, units]


def given(
    case: Case,
    *,
    num: int = 40,
    shape: tuple[float, float] = (0.3, 3.0),
    level: float = 300e-6,
    exists: tuple[float, float] = (0.2, 0.9),
) -> Given:
    rng = np.random.default_rng(17)
    reduction = reduce_case(case)
    table = parameters_of(case, reduction)
    units = reduction.unit_source.size
    clump = rng.uniform(*shape, (num, units))
    kind = reduction.source_kind[reduction.unit_source]
    per_ground = np.where(kind == "deposit", 1.0, np.where(kind == "area", level, level / 5.0))
    return Given(
        reduction=reduction,
        table=table,
        z=rng.standard_normal((num, len(table.parameters))),
        exists=np.where(
            reduction.source_kind == "area", rng.uniform(*exists, (num, reduction.source_kind.size)), 1.0
        ),
        shape=clump,
        scale=rng.uniform(0.5, 1.5, (num, units)) * per_ground / clump,
    )


def crowded(worlds: ModuleType, **options: Any) -> Case:
    """Overlapping areas of two types, a deposit across them and searches over parts: many units to a cell."""
    shapes = [
        shapely.box(10, 10, 260, 170),
        shapely.box(180, 60, 370, 340),
        shapely.Point(90, 280).buffer(60),
    ]
    sweeps = [shapely.box(0, 0, 130, 400), shapely.box(90, 90, 300, 220)]
    drop = shapely.Point(200, 150).buffer(110)
    return worlds.case_of(
        worlds.areas(shapes, ["SHA", "CHA", "SHA"], [("PMN",), ("PMN", "PFM-1S"), ("PMN",)]),
        worlds.searches(
            sweeps, ["dogs", "manual detector"], [worlds.D0 + 100.0] * 2, [0.8, 1.0], [True, False]
        ),
        worlds.deposits([drop], ["TM-62M"], [40.0], [60.0]),
        **options,
    )


def simulated_cells(posterior: Given, day: float, as_of: float) -> np.ndarray:
    """(SIMULATED, 4, n_cells) counts straight from the definition: pick a draw, toss Z, draw clumps, draw items."""
    rng = np.random.default_rng(23)
    reduction, num = posterior.reduction, len(posterior.z)
    compiled = compile_histories(reduction.histories, posterior.table, as_of, [day])
    left = compiled.remaining(posterior.table, posterior.z, posterior.table.values(posterior.z))[:, :, 0]
    rows = reduction.by_cell
    counts = np.zeros((SIMULATED, 4, reduction.cells.size), np.int32)
    draw = np.repeat(np.arange(num), SIMULATED // num)
    for cell in range(reduction.cells.size):
        mine = np.flatnonzero(rows.key == cell)
        units = np.unique(rows.unit[mine])
        holds = {
            s: rng.random(draw.size) < posterior.exists[draw, s]
            for s in np.unique(reduction.unit_source[units])
        }
        for u in units:
            density = (
                rng.gamma(posterior.shape[draw, u])
                * posterior.scale[draw, u]
                * holds[reduction.unit_source[u]]
            )
            for e in mine[rows.unit[mine] == u]:
                rate = density[:, None] * rows.ground[e] * left[draw, rows.history[e]]
                counts[: draw.size, :3, cell] += rng.poisson(rate)
    counts[:, 3] = counts[:, :3].sum(axis=1)
    return counts[: draw.size]


def assert_quantiles(counts: np.ndarray, low: np.ndarray, high: np.ndarray, tolerance: float) -> None:
    """A reported point must be where the simulated distribution passes 5 % or 95 %, up to a tolerance."""
    for point, level in ((low, 0.05), (high, 0.95)):
        assert ((counts <= point).mean(axis=0) >= level - tolerance).all()
        assert ((counts <= point - 1).mean(axis=0) <= level + tolerance).all()


def test_cells_with_one_unit_are_exact(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 200, 100)], ["SHA"], [("PMN",)]),
        worlds.searches([], [], [], [], []),
        priors={**worlds.PRIORS},
    )
    for level in (2e-5, 1e-3, 2e-2):
        posterior = given(case, level=level)
        as_of = day_number(case.as_of)
        got = cells_remaining(posterior, [as_of], as_of)
        counts = simulated_cells(posterior, as_of, as_of)
        assert got.mean[0] == pytest.approx(counts.mean(axis=0), rel=0.05, abs=0.01)
        assert np.abs(got.p_any[0] - (counts > 0).mean(axis=0)).max() < 0.01
        assert_quantiles(counts, got.q05[0], got.q95[0], 0.006)


def test_cells_where_many_units_meet_are_close(worlds: ModuleType) -> None:
    case = crowded(worlds)
    posterior = given(case, level=1e-3)
    as_of = day_number(case.as_of)
    got = cells_remaining(posterior, [as_of], as_of)
    counts = simulated_cells(posterior, as_of, as_of)
    error = counts.std(axis=0) / np.sqrt(len(counts))
    assert (np.abs(got.mean[0] - counts.mean(axis=0)) < 5 * error + 1e-9).all()
    assert np.abs(got.p_any[0] - (counts > 0).mean(axis=0)).max() < 0.01
    assert_quantiles(counts, got.q05[0], got.q95[0], 0.03)


def test_cells_of_very_many_items_are_close(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 100, 100)], ["SHA"], [("PMN",)]), worlds.searches([], [], [], [], [])
    )
    posterior = given(case, level=1.2, shape=(2.0, 6.0), exists=(0.999, 1.0))
    as_of = day_number(case.as_of)
    got = cells_remaining(posterior, [as_of], as_of)
    assert got.mean[0, 3].min() > 500.0  # counts too long to walk
    counts = simulated_cells(posterior, as_of, as_of)[:, [0, 3]]
    assert_quantiles(counts, got.q05[0][[0, 3]], got.q95[0][[0, 3]], 0.03)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.93])
def test_very_many_items_that_may_not_be_there_at_all(worlds: ModuleType, share: float) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 100, 100)], ["SHA"], [("PMN",)]), worlds.searches([], [], [], [], [])
    )
    posterior = given(case, level=2.5, shape=(3.0, 6.0), exists=(share, share))
    as_of = day_number(case.as_of)
    got = cells_remaining(posterior, [as_of], as_of)
    counts = simulated_cells(posterior, as_of, as_of)[:, [3]]
    assert_quantiles(counts, got.q05[0][[3]], got.q95[0][[3]], 0.03)


@pytest.mark.parametrize("size", [0.05, 0.4, 3.0, 150.0, 250.0, 1e9])
@pytest.mark.parametrize("mean", [300.0, 5000.0, 2e6])
def test_the_gamma_of_long_counts_is_that_of_scipy(size: float, mean: float) -> None:
    gamma = scipy.stats.gamma(mean / (1 + mean / size), scale=1 + mean / size)
    for count in np.floor(gamma.ppf([0.02, 0.05, 0.3, 0.8, 0.95, 0.999])):
        assert mixture._below(count, size, mean) == pytest.approx(gamma.cdf(count + 0.5), abs=1e-4)


def test_explosive_is_the_sum_of_its_states_in_every_draw(worlds: ModuleType) -> None:
    case = worlds.world(np.random.default_rng(2))
    posterior = fit_stratum(case, reduce_case(case), rng=np.random.default_rng(1))
    as_of = day_number(case.as_of)
    days = [day_number(d) for d in case.dates]
    got = count_remaining(
        posterior, days, as_of, {"all": np.arange(posterior.reduction.portion_source.size)}, seed=[1]
    )
    draws = got.group_draws["all"]
    assert (draws[..., 3] == draws[..., :3].sum(axis=2)).all()
    assert got.portion.mean[..., 3] == pytest.approx(got.portion.mean[..., :3].sum(axis=2))
    assert got.by_group["all"].mean == pytest.approx(got.portion.mean.sum(axis=0))
    for summary in (got.portion, got.by_group["all"]):
        assert (summary.q05 <= summary.q95).all()
        assert (summary.q05 <= summary.mean + 1e-9).all()
        assert ((summary.p_any >= 0.05 - 1e-12) | (summary.q95 == 0)).all()
        assert (
            (summary.p_any <= 1.0) & (summary.p_any >= summary.p_any[..., 0:1] * (np.arange(4) == 0))
        ).all()


def test_correlated_sums_are_not_sums_of_bounds(worlds: ModuleType) -> None:
    case = worlds.world(np.random.default_rng(2))
    posterior = fit_stratum(case, reduce_case(case), rng=np.random.default_rng(1))
    as_of = day_number(case.as_of)
    got = count_remaining(
        posterior, [as_of], as_of, {"all": np.arange(posterior.reduction.portion_source.size)}, seed=[1]
    )
    assert got.by_group["all"].q95[0, 3] < got.portion.q95[:, 0, 3].sum()
    assert got.by_group["all"].q05[0, 3] > got.portion.q05[:, 0, 3].sum()


def test_means_of_cells_add_up_to_the_mean_of_sources(worlds: ModuleType) -> None:
    case = crowded(worlds)
    posterior = given(case, num=100)
    as_of = day_number(case.as_of)
    cells = cells_remaining(posterior, [as_of], as_of, draws=thinned(len(posterior.z), 100))
    compiled = compile_histories(posterior.reduction.histories, posterior.table, as_of, [as_of])
    left = compiled.remaining(posterior.table, posterior.z, posterior.table.values(posterior.z))[:, :, 0]
    rows, reduction = posterior.reduction.by_cell, posterior.reduction
    density = (posterior.shape * posterior.scale * posterior.exists[:, reduction.unit_source])[:, rows.unit]
    wanted = (density * rows.ground)[..., None] * left[:, rows.history]
    assert cells.mean[0, :3].sum(axis=1) == pytest.approx(wanted.mean(axis=0).sum(axis=0), rel=1e-9)


def test_means_of_cells_and_portions_agree_on_the_same_draws(worlds: ModuleType) -> None:
    case = replace(worlds.world(np.random.default_rng(2)), num_draws=1500)
    posterior = fit_stratum(case, reduce_case(case), rng=np.random.default_rng(1))
    as_of = day_number(case.as_of)
    cells = cells_remaining(posterior, [as_of], as_of, draws=thinned(len(posterior.z), 1500))
    counted = count_remaining(
        posterior, [as_of], as_of, {"all": np.arange(posterior.reduction.portion_source.size)}, seed=[1]
    )
    draws = counted.group_draws["all"][:, 0, 3]
    assert cells.mean[0, 3].sum() == pytest.approx(draws.mean(), abs=4.5 * draws.std() / np.sqrt(1500))


def test_chance_and_moments_of_an_area_are_those_of_simulation(worlds: ModuleType) -> None:
    case = crowded(worlds)
    posterior = given(case, num=6, level=1e-4)
    as_of = day_number(case.as_of)
    got = left_in_all(posterior, as_of, as_of, np.arange(3))
    reduction = posterior.reduction
    compiled = compile_histories(reduction.histories, posterior.table, as_of, [as_of])
    left = compiled.remaining(posterior.table, posterior.z, posterior.table.values(posterior.z))[:, :, 0]
    rng = np.random.default_rng(9)
    rows = reduction.by_portion
    num_shared = 0
    for j, area in ((0, 0), (3, 1), (5, 2)):
        mine = np.flatnonzero(reduction.portion_area[rows.key] == area)
        source = reduction.unit_source[rows.unit[mine]]
        num_shared += np.unique(source).size > 1
        holds = rng.random((100_000, reduction.source_kind.size)) < posterior.exists[j]
        density = rng.gamma(posterior.shape[j], size=(100_000, reduction.unit_source.size))
        density *= posterior.scale[j] * holds[:, reduction.unit_source]
        armed, every = (
            (density[:, rows.unit[mine]] * (rows.ground[mine] * part[rows.history[mine]])).sum(axis=1)
            for part in (left[j, :, 0], left[j].sum(axis=1))
        )
        items = rng.poisson(every)
        some = holds[:, np.unique(source)].any(axis=1)
        assert got.exists[j, area] == pytest.approx(some.mean(), abs=0.01)
        assert got.mean[j, area, 3] == pytest.approx(items[some].mean(), rel=0.03)
        assert got.variance[j, area, 3] == pytest.approx(items[some].var(), rel=0.08)
        assert got.p_any[j, area, 3] == pytest.approx((items > 0).mean(), abs=0.01)
        assert got.p_any[j, area, 0] == pytest.approx((rng.poisson(armed) > 0).mean(), abs=0.01)
    assert num_shared, "no area has items of two sources: nothing tests how they are put together"


def test_ageless_items_are_answered_once_and_the_same(
    worlds: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 200, 100)], ["SHA"], [("PMN",)]),
        worlds.searches([shapely.box(0, 0, 90, 100)], ["dogs"], [worlds.D0 + 100.0], [1.0], [True]),
    )
    posterior = fit_stratum(case, reduce_case(case), rng=np.random.default_rng(1))
    as_of = day_number(case.as_of)
    days, groups = [as_of, as_of + 365.0, as_of + 9999.0], {"all": np.arange(1)}

    def both() -> tuple[Any, Any]:
        return count_remaining(posterior, days, as_of, groups, seed=[4]), cells_remaining(
            posterior, days, as_of
        )

    short = both()
    for place in (module, cells_module):
        monkeypatch.setattr(place, "never_changes", lambda posterior: False)
    direct = both()
    for name in ("mean", "q05", "q95", "p_any"):
        assert (getattr(short[0].portion, name) == getattr(direct[0].portion, name)).all()
        assert (getattr(short[0].by_group["all"], name) == getattr(direct[0].by_group["all"], name)).all()
        assert (getattr(short[1], name) == getattr(direct[1], name)).all()
    assert (short[0].group_draws["all"] == direct[0].group_draws["all"]).all()


def test_chunks_and_threads_change_no_sum_in_law(worlds: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams belong to chunks: the same chunks give the same bytes; other chunks the same law."""
    case = replace(worlds.world(np.random.default_rng(2)), num_draws=2000)
    posterior = fit_stratum(case, reduce_case(case), rng=np.random.default_rng(1))
    as_of = day_number(case.as_of)
    groups = {"all": np.arange(posterior.reduction.portion_source.size)}

    def once() -> Any:
        return count_remaining(posterior, [as_of], as_of, groups, seed=[4])

    one = once()
    monkeypatch.setattr(module, "_WORKERS", 1)
    assert (once().group_draws["all"] == one.group_draws["all"]).all()
    monkeypatch.setattr(module, "_PORTIONS_AT_ONCE", 1)
    many = once()
    draws = one.group_draws["all"][:, 0, 3]
    other = many.group_draws["all"][:, 0, 3]
    assert draws.mean() == pytest.approx(other.mean(), abs=4 * np.sqrt(2) * draws.std() / np.sqrt(2000))


def test_cells_do_not_depend_on_how_many_are_worked_on_at_once(
    worlds: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = crowded(worlds)
    posterior = given(case)
    as_of = day_number(case.as_of)
    one = cells_remaining(posterior, [as_of], as_of)
    monkeypatch.setattr(cells_module, "_CELLS_AT_ONCE", 7)
    two = cells_remaining(posterior, [as_of], as_of)
    for name in ("mean", "q05", "q95", "p_any"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-12)
