"""Ground without records: the kernel against the formula, block-by-block simulation and hand values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.field import BareGround, bare_cells, bare_counts
from remnant.field import bare as module
from remnant.field.bare_kernel import exp_into
from remnant.field.lattice import lattice_over

AREA = 1e4


def ground_of(
    rate: Any, clump: Any, *, mixed: int | None = None, seed: int = 3, slopes: int = 0, **more: Any
) -> BareGround:
    """Bare ground of given rates (n_draws, n_classes, n_dates, 3), without a field unless one is given."""
    rate, clump = np.asarray(rate, float), np.asarray(clump, float)
    num = len(clump) if mixed is None else mixed
    every = np.concatenate([rate, rate.sum(axis=3, keepdims=True)], axis=3)[:num]
    wide = np.ascontiguousarray(every.reshape(*every.shape[:2], -1))
    total, squares = wide.sum(axis=1), np.square(wide).sum(axis=1)
    table, first = module._table(wide, clump[:num], AREA)
    rng = np.random.default_rng(seed)
    given = {
        "order": np.arange(len(clump)),
        "rate": rate,
        "clump": clump,
        "lattice": None,
        "nodes": np.zeros((0, len(clump)), np.float32),
        "slopes": rng.normal(0.0, 0.4, (slopes, len(clump))),
        "mixed_rate": total,
        "mixed_size": np.where(
            squares > 0, clump[:num, None] * total**2 / np.where(squares > 0, squares, 1), 1.0
        ),
        "table": table,
        "first_knot": first,
    }
    return BareGround(**(given | more))


def some_ground(
    num: int = 40, classes: int = 2, dates: int = 2, level: float = 1e-6, **more: Any
) -> BareGround:
    rng = np.random.default_rng(8)
    rate = level * np.exp(rng.normal(0.0, 1.0, (num, classes, dates, 3)))
    return ground_of(rate, np.exp(rng.normal(-1.0, 0.7, num)), **more)


def places(num: int, side: float = 5e4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.uniform(0, side, num), rng.uniform(0, side, num), rng.uniform(0.01, 1.0, num) * AREA


def with_field(bare: BareGround, x: np.ndarray, y: np.ndarray, spread: float = 1.0) -> BareGround:
    lattice = lattice_over(x, y, 4000.0, 4000.0)
    nodes = np.random.default_rng(6).normal(0.0, spread, (lattice.num_nodes, bare.order.size))
    return replace(bare, lattice=lattice, nodes=nodes.astype(np.float32))


def run(
    bare: BareGround, x: Any, y: Any, ground: Any, columns: Any = None, start: Any = None, group: Any = None
) -> Any:
    start = np.arange(len(x) + 1) if start is None else np.asarray(start)
    group = np.zeros(len(start) - 1, np.int64) if group is None else np.asarray(group)
    columns = np.zeros((len(x), len(bare.slopes))) if columns is None else columns
    return bare_cells(
        bare, np.asarray(x), np.asarray(y), np.asarray(ground), columns, start, group, int(group.max()) + 1
    )


def directly(bare: BareGround, x: np.ndarray, y: np.ndarray, ground: np.ndarray, columns: np.ndarray) -> Any:
    """Relative ground (n, n_draws), mean and chance of any (n_dates, 4, n) straight from the formulas."""
    log = columns @ bare.slopes
    if bare.lattice is not None:
        log = log + bare.lattice.interpolation(x, y) @ bare.nodes.astype(float)
    factor = ground[:, None] * np.exp(log)
    num = len(bare.mixed_rate)
    rate = np.concatenate([bare.rate, bare.rate.sum(axis=3, keepdims=True)], axis=3)[:num]
    expected = factor.T[:num, None, None, None, :] * rate[..., None]  # draw, class, date, state, cell
    alpha = bare.clump[:num, None, None, None, None]
    none = np.prod((1.0 + expected / alpha) ** -alpha, axis=1)
    return factor, expected.sum(axis=1).mean(axis=0), (1.0 - none).mean(axis=0)


def test_the_written_out_exponential_is_that_of_the_library_at_every_length() -> None:
    u = np.concatenate(
        [np.random.default_rng(1).uniform(-60, 60, 4001), np.linspace(-700, 700, 333), [0.0, 1e-300]]
    )
    out, room = np.empty_like(u), np.empty_like(u)
    exp_into(u, out, room)
    assert np.abs(out / np.exp(u) - 1.0).max() < 4.5e-16
    for length in (1, 2, 3, 5, 8, 13, 31):
        part = np.empty(length)
        exp_into(u[:length].copy(), part, np.empty(length))
        assert (part == out[:length]).all()


def test_one_class_and_one_draw_by_hand() -> None:
    """α = 1: geometric counts. 10 000 m² at 20 items/km², half of them armed: 0.1 / (1 + 0.1) = 1/11 for armed."""
    found = run(ground_of([[[[10e-6, 0.0, 10e-6]]]], [1.0]), [0.0], [0.0], [AREA])
    assert found.cells.mean[0, :, 0] == pytest.approx([0.1, 0.0, 0.1, 0.2])
    assert found.cells.p_any[0, :, 0] == pytest.approx([1 / 11, 0.0, 1 / 11, 1 / 6], rel=1e-7)
    # P(more than 0) = 0.0909, P(more than 1) = 0.0083; of any state 0.1667 and 0.0278
    assert found.cells.q95[0, :, 0].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert found.cells.q05.max() == 0.0
    assert found.sums[0, :, 0].tolist() == pytest.approx([AREA, AREA**2])


@pytest.mark.parametrize("level", [1e-9, 1e-6, 1e-4])
@pytest.mark.parametrize("slopes", [0, 3])
def test_cells_agree_with_the_formulas_cell_by_cell(level: float, slopes: int) -> None:
    x, y, ground = places(300)
    bare = with_field(some_ground(level=level, slopes=slopes), x, y)
    columns = np.random.default_rng(2).normal(0.0, 1.0, (300, slopes))
    found = run(bare, x, y, ground, columns)
    factor, mean, some = directly(bare, x, y, ground, columns)
    assert found.cells.mean == pytest.approx(mean, rel=1e-10)
    assert found.cells.p_any == pytest.approx(some, rel=1e-6)
    assert found.sums[0, 0] == pytest.approx(factor.sum(axis=0), rel=1e-12)
    assert found.sums[0, 1] == pytest.approx(np.square(factor).sum(axis=0), rel=1e-12)


def test_intervals_are_those_of_the_mixture_of_negative_binomials() -> None:
    x, y, ground = places(40)
    bare = with_field(some_ground(level=3e-4, classes=1), x, y)
    found = run(bare, x, y, ground)
    factor, _, _ = directly(bare, x, y, ground, np.zeros((40, 0)))
    counts = np.arange(1500)
    for s in (0, 3, 7):
        for c in range(40):
            mean = factor[c] * bare.mixed_rate[:, s]
            size = bare.mixed_size[:, s]
            below = scipy.stats.nbinom.cdf(counts[:, None], size, size / (size + mean)).mean(axis=1)
            if found.cells.p_any.reshape(-1, 40)[s, c] > 0.05:
                assert found.cells.q05.reshape(-1, 40)[s, c] == np.argmax(below >= 0.05 - 1e-9)
                assert found.cells.q95.reshape(-1, 40)[s, c] == np.argmax(below >= 0.95 - 1e-9)


def test_a_single_class_that_dominates_has_the_clump_shape_as_size() -> None:
    bare = ground_of(np.full((1, 1, 1, 3), 1e-6), [0.4])
    assert bare.mixed_size == pytest.approx(0.4)
    two = ground_of(np.full((1, 2, 1, 3), 1e-6), [0.4])  # two equal independent clumps: twice the shape
    assert two.mixed_size == pytest.approx(0.8)


def test_cells_beyond_the_table_use_the_formula() -> None:
    x, y, ground = places(30)
    bare = with_field(some_ground(level=1e-7), x, y, spread=1.0)
    bare = replace(bare, nodes=bare.nodes + np.float32(22.0))  # e^22 times the usual density
    found = run(bare, x, y, ground)
    _, mean, some = directly(bare, x, y, ground, np.zeros((30, 0)))
    assert found.cells.mean == pytest.approx(mean, rel=1e-9)
    assert found.cells.p_any == pytest.approx(some, rel=1e-9)
    assert some.max() > 0.99


def test_draws_that_cells_do_not_mix_over_count_in_sums_in_the_posteriors_order() -> None:
    x, y, ground = places(50)
    bare = with_field(some_ground(num=30, mixed=12), x, y)
    order = np.random.default_rng(9).permutation(30)
    found = run(replace(bare, order=order), x, y, ground)
    factor, mean, _ = directly(bare, x, y, ground, np.zeros((50, 0)))
    assert found.sums[0, 0][order] == pytest.approx(factor.sum(axis=0), rel=1e-12)
    assert found.cells.mean == pytest.approx(mean, rel=1e-10)


def test_pieces_share_clumps_and_groups_add_up() -> None:
    x, y, ground = places(60)
    ground[30:40] = AREA  # whole cells side by side
    bare = with_field(some_ground(), x, y)
    start, group = [0, 10, 25, 60], [1, 0, 1]
    which = np.repeat([0, 1, 2], np.diff(start))
    x, y = x[:3], y[:3]
    factor, mean, some = directly(bare, x[which], y[which], ground, np.zeros((60, 0)))
    found = run(bare, x, y, ground, start=start, group=group)
    assert found.cells.mean == pytest.approx(mean, rel=1e-10)
    assert found.cells.p_any == pytest.approx(some, rel=1e-6)
    piece = np.add.reduceat(factor, start[:-1], axis=0)
    assert found.sums[0] == pytest.approx(np.stack([piece[1], piece[1] ** 2]), rel=1e-12)
    assert found.sums[1] == pytest.approx(
        np.stack([piece[0] + piece[2], piece[0] ** 2 + piece[2] ** 2]), rel=1e-12
    )


def test_cells_do_not_depend_on_which_others_are_worked_out_with_them() -> None:
    x, y, ground = places(77)
    bare = with_field(some_ground(slopes=2), x, y)
    columns = np.random.default_rng(2).normal(0.0, 1.0, (77, 2))
    together = run(bare, x, y, ground, columns)
    for some in (slice(0, 1), slice(3, 20), slice(50, 77)):
        apart = run(bare, x[some], y[some], ground[some], columns[some])
        for name in ("mean", "q05", "q95", "p_any"):
            assert (getattr(apart.cells, name) == getattr(together.cells, name)[:, :, some]).all()


@given(st.floats(1e-6, 1.0), st.floats(0.1, 0.9))
def test_more_ground_never_holds_less(share: float, part: float) -> None:
    bare = some_ground(num=5, level=1e-5)
    found = run(bare, [0.0, 0.0], [0.0, 0.0], [share * AREA, part * share * AREA])
    assert found.cells.mean[:, :, 1] == pytest.approx(part * found.cells.mean[:, :, 0], rel=1e-9)
    assert (found.cells.p_any[:, :, 1] <= found.cells.p_any[:, :, 0]).all()
    assert (found.cells.p_any <= found.cells.mean * (1 + 1e-9)).all()


def test_a_cell_off_the_lattice_is_refused() -> None:
    x, y, ground = places(20)
    bare = with_field(some_ground(), x, y)
    with pytest.raises(InvalidInput, match=r"reach over all of the region; 1 of 21 blocks"):
        run(bare, np.append(x, 9e6), np.append(y, 0.0), np.append(ground, AREA))


def test_unknown_covariates_and_missing_columns_are_refused() -> None:
    x, y, ground = places(3)
    bare = some_ground(slopes=1)
    with pytest.raises(InvalidInput, match="must be known at every block"):
        run(bare, x, y, ground, np.full((3, 1), np.nan))
    with pytest.raises(InvalidInput, match=r"must be \(3, 1\) numbers; got shape \(3, 2\)"):
        run(bare, x, y, ground, np.zeros((3, 2)))


def test_counts_of_much_ground_agree_with_a_simulation_block_by_block() -> None:
    """Equal blocks add up exactly: 40 blocks of 25 m² · e^η, gamma by gamma and item by item."""
    rng = np.random.default_rng(21)
    num, blocks, each = 60_000, 40, 2.5e4
    rate = np.tile(np.array([[[[4e-6, 1e-6, 2e-6]]]]), (num, 1, 1, 1))
    got = bare_counts(rate, np.full(num, 0.3), np.tile([[blocks * each], [blocks * each**2]], num), seed=[1])[
        :, 0
    ]
    clumps = rng.gamma(0.3, 1.0 / 0.3, (num, blocks)).sum(axis=1) * each
    direct = rng.poisson(clumps[:, None] * rate[:, 0, 0])
    for state in range(3):
        error = direct[:, state].std() * np.sqrt(2.0 / num)
        assert got[:, state].mean() == pytest.approx(direct[:, state].mean(), abs=4 * error)
        assert got[:, state].var() == pytest.approx(direct[:, state].var(), rel=0.05)
    assert np.corrcoef(got.T)[0, 2] == pytest.approx(np.corrcoef(direct.T)[0, 2], abs=0.02)


def test_counts_at_equal_rates_are_equal_on_every_date_and_zero_without_ground() -> None:
    rate = np.tile(np.array([3e-5, 1e-5, 0.0]), (50, 2, 4, 1))
    sums = np.stack([np.append(np.full(49, 1e6), 0.0), np.append(np.full(49, 1e10), 0.0)])
    counts = bare_counts(rate, np.full(50, 0.5), sums, seed=[3])
    assert counts.shape == (50, 4, 3)
    assert (counts == counts[:, :1]).all()
    assert counts[:49].sum() > 0
    assert counts[49].sum() == 0
    assert counts[:, :, 2].sum() == 0
