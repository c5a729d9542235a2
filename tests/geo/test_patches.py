from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from remnant.geo import (
    Grid,
    Window,
    cells_inside,
    coverage,
    grid_over,
    labels_at_centres,
    num_cells_inside,
    patch_cells,
    share_inside,
    shares_of_cells,
    whole_blocks,
    windows,
)
from remnant.geo import patches as module

GRID = Grid(left_m=-200.0, top_m=5000.0, cell_m=10.0, block_cells=4, num_rows=520, num_cols=564)
LAND = shapely.union(
    shapely.difference(shapely.Point(2500, 2400).buffer(2100), shapely.Point(2600, 2000).buffer(700)),
    shapely.box(4801.5, 120.25, 4990, 333.3),
)


def whole(function: object, *arguments: object) -> np.ndarray:
    out = np.zeros((GRID.num_rows, GRID.num_cols))
    for w in windows(GRID, patch_cells(GRID)):
        out[w.row : w.past_row, w.col : w.past_col] = function(*arguments, GRID, w)
    return out


def test_a_patch_is_whole_blocks_and_no_smaller_than_asked() -> None:
    for block in (1, 3, 4, 7, 300):
        side = patch_cells(Grid(left_m=0, top_m=0, cell_m=1, block_cells=block, num_rows=1, num_cols=1))
        assert side % block == 0
        assert 256 <= side < 256 + block


@given(st.integers(1, 600))
def test_windows_cover_every_cell_once(side: int) -> None:
    seen = np.zeros((GRID.num_rows, GRID.num_cols), int)
    for w in windows(GRID, side):
        seen[w.row : w.past_row, w.col : w.past_col] += 1
    assert (seen == 1).all()


def test_shares_by_patch_are_those_of_the_whole_grid() -> None:
    pairs = coverage(np.array([LAND]), GRID)
    expected = np.zeros(GRID.num_cells)
    expected[pairs.cell] = pairs.share
    got = whole(share_inside, LAND).reshape(-1)
    assert np.abs(got - expected).max() < 1e-9
    assert got.sum() * GRID.cell_area_m2 == pytest.approx(LAND.area, rel=1e-9)


def test_shares_of_chosen_cells_have_the_bits_of_their_patches() -> None:
    cells = np.random.default_rng(1).choice(GRID.num_cells, 5000, replace=False)
    assert (shares_of_cells(LAND, GRID, cells) == whole(share_inside, LAND).reshape(-1)[cells]).all()
    assert shares_of_cells(LAND, GRID, np.zeros(0, np.int64)).size == 0


def test_cells_inside_are_those_with_any_share() -> None:
    share = whole(share_inside, LAND).reshape(-1)
    inside = cells_inside(LAND, GRID)
    assert (inside == np.flatnonzero(share)).all()
    assert num_cells_inside(LAND, GRID) == pytest.approx(inside.size, rel=0.02)


def test_labels_are_the_first_polygon_that_holds_the_centre() -> None:
    rng = np.random.default_rng(5)
    shapes = [shapely.Point(*rng.uniform(0, 5000, 2)).buffer(r) for r in (900, 1500, 400, 2500)]
    shapes.insert(2, shapely.difference(LAND, shapes[0]))
    shapes.append(None)
    label = whole(labels_at_centres, np.array(shapes, dtype=object))
    row, col = np.divmod(rng.choice(GRID.num_cells, 20_000, replace=False), GRID.num_cols)
    centre = shapely.points(GRID.left_m + (col + 0.5) * GRID.cell_m, GRID.top_m - (row + 0.5) * GRID.cell_m)
    expected = np.full(row.size, -1)
    for k in reversed(range(5)):
        expected[shapely.intersects(shapes[k], centre)] = k
    assert (label[row, col] == expected).all()


def test_labels_without_polygons_are_none() -> None:
    assert (
        labels_at_centres(np.zeros(0, object), GRID, Window(row=0, past_row=4, col=0, past_col=4)) == -1
    ).all()


def test_whole_blocks_are_complete_and_hold_the_cells() -> None:
    cells = np.random.default_rng(2).choice(GRID.num_cells, 50, replace=False)
    grown = whole_blocks(cells, GRID)
    assert np.isin(cells, grown).all()
    assert (np.unique(grown) == grown).all()
    assert (np.unique(GRID.block(grown), return_counts=True)[1] == GRID.block_cells**2).all()
    assert set(GRID.block(grown)) == set(GRID.block(cells))


def test_a_window_is_a_grid_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window(row=8, past_row=20, col=4, past_col=10)
    part = window.grid(GRID)
    assert (part.left_m, part.top_m, part.num_rows, part.num_cols) == (-160.0, 4920.0, 12, 6)
    assert window.box(GRID).bounds == (-160.0, 4800.0, -100.0, 4920.0)
    monkeypatch.setattr(module, "_PATCH_CELLS", 8)
    assert patch_cells(GRID) == 8
    assert patch_cells(grid_over((0, 0, 100, 100), 10.0, 50.0)) == 10
