"""The lattice: where its blocks lie, and that its numbering is its own inverse."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.geo import grid_over

corners = st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0, 3000), st.floats(0, 3000))


@given(corners, st.sampled_from([(50.0, 200.0), (25.0, 200.0), (100.0, 100.0), (10.0, 130.0)]))
def test_blocks_lie_at_multiples_of_their_size_and_hold_the_bounds(
    where: tuple[float, float, float, float], sizes: tuple[float, float]
) -> None:
    left, bottom, wide, high = where
    cell, block = sizes
    grid = grid_over((left, bottom, left + wide, bottom + high), cell, block)
    assert grid.left_m / block == pytest.approx(round(grid.left_m / block), abs=1e-9)
    assert grid.top_m / block == pytest.approx(round(grid.top_m / block), abs=1e-9)
    assert grid.num_rows % grid.block_cells == 0
    assert grid.num_cols % grid.block_cells == 0
    assert grid.left_m <= left
    assert grid.left_m + grid.num_cols * cell >= left + wide - 1e-6
    assert grid.top_m - grid.num_rows * cell <= bottom + 1e-6
    assert grid.top_m >= bottom + high or wide * high == 0.0


def test_a_record_far_away_moves_no_block() -> None:
    near = grid_over((130.0, 270.0, 390.0, 610.0), 50.0, 200.0)
    far = grid_over((-7130.0, 270.0, 390.0, 9610.0), 50.0, 200.0)
    assert (near.left_m - far.left_m) % 200.0 == 0.0
    assert (near.top_m - far.top_m) % 200.0 == 0.0


def test_the_centre_of_a_cells_box_lies_in_that_cell() -> None:
    grid = grid_over((-310.0, -95.0, 700.0, 640.0), 50.0, 200.0)
    cell = np.arange(grid.num_cells)
    box = grid.boxes(cell)
    centre = shapely.centroid(box)
    assert (grid.cell_at(shapely.get_x(centre), shapely.get_y(centre)) == cell).all()
    assert shapely.area(box) == pytest.approx(np.full(grid.num_cells, grid.cell_area_m2))
    assert shapely.area(shapely.union_all(box)) == pytest.approx(grid.num_cells * 2500.0)


def test_points_outside_have_no_cell() -> None:
    grid = grid_over((0.0, 0.0, 400.0, 200.0), 50.0, 200.0)
    x = np.array([-1.0, 401.0, 10.0, 10.0, 10.0])
    y = np.array([10.0, 10.0, -1.0, 201.0, 10.0])
    assert grid.cell_at(x, y).tolist() == [-1, -1, -1, -1, 24]


def test_cells_of_one_block_share_its_square() -> None:
    grid = grid_over((0.0, 0.0, 800.0, 600.0), 50.0, 200.0)
    cell = np.arange(grid.num_cells)
    bounds = shapely.bounds(grid.boxes(cell))
    corner = np.floor(bounds[:, :2] / 200.0)
    key = corner[:, 0] * 1000 + corner[:, 1]
    pairs = np.unique(np.stack([grid.block(cell), key], axis=1), axis=0)
    assert len(pairs) == 12  # 4 x 3 blocks: each number goes with one square and the other way round


def test_an_empty_extent_still_makes_one_block() -> None:
    grid = grid_over((0.0, 0.0, 0.0, 0.0), 50.0, 200.0)
    assert (grid.num_rows, grid.num_cols) == (4, 4)


def test_too_many_cells_are_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidInput, match=r"1,000,000,000,000 cells.*larger cells, or look for a record"):
        grid_over((0.0, 0.0, 1e6, 1e6), 1.0, 100.0)
