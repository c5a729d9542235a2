"""Shares of cells against two other routes (exactextract, clipping by shapely) and by their properties."""

from __future__ import annotations

import sys

import exactextract
import numpy as np
import pytest
import shapely
from exactextract.raster import NumPyRasterSource
from hypothesis import given
from hypothesis import strategies as st

from remnant.geo import Coverage, Grid, coverage, grid_over

GRID = Grid(
    left_m=1000.0, top_m=2200.0, cell_m=50.0, block_cells=4, num_rows=24, num_cols=32
)  # 1600 x 1200 m
EXTENT = shapely.box(1000.0, 1000.0, 2600.0, 2200.0)


def dense(pairs: Coverage, num: int, grid: Grid = GRID) -> np.ndarray:
    """(num, n_rows, n_cols) shares."""
    table = np.zeros((num, grid.num_cells))
    np.add.at(table, (pairs.polygon, pairs.cell), pairs.share)
    return table.reshape(num, grid.num_rows, grid.num_cols)


def clipped(polygon: shapely.Geometry, grid: Grid = GRID) -> np.ndarray:
    """The second route: the area of the intersection with every cell."""
    boxes = grid.boxes(np.arange(grid.num_cells))
    if polygon is None:
        return np.zeros((grid.num_rows, grid.num_cols))
    return (shapely.area(shapely.intersection(boxes, polygon)) / grid.cell_area_m2).reshape(grid.num_rows, -1)


def star(rng: np.random.Generator, x: float, y: float, size: float, points: int) -> shapely.Polygon:
    """A star-shaped polygon: valid, with sharp corners on every side."""
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, points))
    reach = size * rng.uniform(0.2, 1.0, points)
    return shapely.make_valid(
        shapely.Polygon(np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=1))
    )


def shapes() -> dict[str, shapely.Geometry]:
    rng = np.random.default_rng(11)
    holed = shapely.difference(star(rng, 1800, 1600, 500, 40), shapely.Point(1800, 1600).buffer(90))
    several = shapely.unary_union(
        [star(rng, x, y, 120, 9) for x, y in ((1200, 1200), (1700, 2000), (2400, 1500))]
    )
    return {
        "star": star(rng, 1700, 1700, 400, 25),
        "with a hole": holed,
        "hole with an island": shapely.union(holed, shapely.Point(1810, 1590).buffer(31)),
        "several parts": several,
        "smaller than a cell": shapely.Point(1333, 1777).buffer(7.0),
        "a cell itself": shapely.box(1500, 1500, 1550, 1550),
        "on borders of cells": shapely.box(1500, 1500, 1900, 1700),
        "one edge on a border": shapely.Polygon([(1500, 1500), (1500, 1800), (1733, 1650)]),
        "corners on corners": shapely.Polygon([(1500, 1500), (1800, 1800), (2100, 1500), (1800, 1200)]),
        "horizontal sliver": shapely.box(1010.0, 1623.0, 2590.0, 1623.001),
        "vertical sliver": shapely.box(1623.0, 1010.0, 1623.001, 2190.0),
        "sloping sliver": shapely.Polygon([(1003, 1017), (2590, 2150), (2590, 2150.01)]),
        "across the west": star(rng, 1010, 1600, 300, 17),
        "across the east": star(rng, 2590, 1600, 300, 17),
        "across the north": star(rng, 1800, 2190, 300, 17),
        "across the south": star(rng, 1800, 1005, 300, 17),
        "across a corner": star(rng, 2600, 2200, 300, 17),
        "wholly west": shapely.box(0, 1200, 900, 1900),
        "wholly east": shapely.box(2700, 1200, 2900, 1900),
        "wholly north": shapely.box(1200, 2300, 1900, 2900),
        "wholly south": shapely.box(1200, 100, 1900, 900),
        "touching the west from outside": shapely.box(900, 1200, 1000, 1900),
        "touching the east from outside": shapely.box(2600, 1200, 2700, 1900),
        "larger than the grid": shapely.box(-5e6, -5e6, 5e6, 5e6),
        "larger than the grid, with a hole in it": shapely.difference(
            shapely.Point(1800, 1600).buffer(9e5), shapely.box(1511, 1322, 1633, 1777)
        ),
        "around the grid": shapely.difference(shapely.box(0, 0, 4000, 4000), EXTENT),
    }


@pytest.mark.parametrize("name", list(shapes()))
def test_shares_are_the_areas_that_clipping_gives(name: str) -> None:
    polygon = shapes()[name]
    got = dense(coverage(np.array([polygon]), GRID), 1)[0]
    assert np.abs(got - clipped(polygon)).max() < 1e-9


@pytest.mark.parametrize("name", list(shapes()))
def test_shares_are_those_of_exactextract(name: str) -> None:
    polygon = shapes()[name]
    raster = NumPyRasterSource(
        np.ones((GRID.num_rows, GRID.num_cols)), xmin=1000, ymin=1000, xmax=2600, ymax=2200
    )
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(polygon), "properties": {}}
    answer = exactextract.exact_extract(raster, [feature], ["cell_id", "coverage"])[0]["properties"]
    wanted = np.zeros(GRID.num_cells)
    wanted[np.asarray(answer["cell_id"], dtype=np.int64)] = answer["coverage"]
    got = dense(coverage(np.array([polygon]), GRID), 1)[0].ravel()
    assert np.abs(got - wanted).max() < 2e-5  # exactextract keeps shares in single precision


def test_all_polygons_at_once_give_what_each_gives_alone() -> None:
    every = np.array([*shapes().values(), None, shapely.Polygon()], dtype=object)
    together = dense(coverage(every, GRID), every.size)
    alone = np.concatenate([dense(coverage(every[i : i + 1], GRID), 1) for i in range(every.size)])
    assert (together == alone).all()
    assert (together[-2:] == 0.0).all()


def test_pairs_stand_in_order_once_each_and_above_zero() -> None:
    pairs = coverage(np.array(list(shapes().values())), GRID)
    key = pairs.polygon * GRID.num_cells + pairs.cell
    assert (np.diff(key) > 0).all()
    assert ((pairs.share > 0.0) & (pairs.share <= 1.0)).all()


def test_no_polygons_make_no_pairs() -> None:
    assert coverage(np.zeros(0, dtype=object), GRID).share.size == 0


def test_orientation_and_start_of_rings_do_not_matter() -> None:
    polygon = shapes()["with a hole"]
    again = shapely.Polygon(
        np.roll(np.asarray(polygon.exterior.coords)[:-1], 7, axis=0)[::-1],
        [np.asarray(r.coords)[::-1] for r in polygon.interiors],
    )
    one, two = (dense(coverage(np.array([p]), GRID), 1) for p in (polygon, again))
    assert np.abs(one - two).max() < 1e-12


def test_many_polygons_fill_more_than_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    many = np.array([star(rng, *rng.uniform(900, 2700, 2), 300, 12) for _ in range(60)])
    whole = coverage(many, GRID)
    monkeypatch.setattr(sys.modules["remnant.geo.coverage"], "_BUFFER_CELLS", 200)
    parts = coverage(many, GRID)
    for name in ("polygon", "cell", "share"):
        assert (getattr(whole, name) == getattr(parts, name)).all()


blobs = st.tuples(
    st.integers(0, 2**32 - 1),
    st.floats(700, 2900),
    st.floats(700, 2500),
    st.floats(1, 900),
    st.integers(3, 30),
)


def blob(seed: int, x: float, y: float, size: float, points: int) -> shapely.Polygon:
    return star(np.random.default_rng(seed), x, y, size, points)


@given(blobs)
def test_shares_add_up_to_the_area_inside_the_grid(parts: tuple[int, float, float, float, int]) -> None:
    polygon = blob(*parts)
    got = coverage(np.array([polygon]), GRID).share.sum() * GRID.cell_area_m2
    assert got == pytest.approx(shapely.area(shapely.intersection(polygon, EXTENT)), rel=1e-9, abs=1e-6)


@given(blobs, st.integers(-40, 40), st.integers(-40, 40))
def test_a_shift_by_whole_cells_shifts_the_shares(
    parts: tuple[int, float, float, float, int], right: int, up: int
) -> None:
    polygon = blob(*parts)
    moved = shapely.affinity.translate(polygon, right * GRID.cell_m, up * GRID.cell_m)
    other = Grid(
        left_m=GRID.left_m + right * 50.0,
        top_m=GRID.top_m + up * 50.0,
        cell_m=50.0,
        block_cells=4,
        num_rows=24,
        num_cols=32,
    )
    one = dense(coverage(np.array([polygon]), GRID), 1)
    two = dense(coverage(np.array([moved]), other), 1)
    assert np.abs(one - two).max() < 1e-7


@given(blobs, st.floats(0, np.pi))
def test_cutting_a_polygon_in_two_changes_nothing(
    parts: tuple[int, float, float, float, int], angle: float
) -> None:
    polygon = blob(*parts)
    centre = np.array(parts[1:3])
    along, across = (
        np.array([np.cos(angle), np.sin(angle)]) * 5e3,
        np.array([-np.sin(angle), np.cos(angle)]) * 5e3,
    )
    half = shapely.Polygon([centre - along, centre + along, centre + along + across, centre - along + across])
    pieces = np.array([shapely.intersection(polygon, half), shapely.difference(polygon, half)], dtype=object)
    pieces = np.array([_areal(p) for p in pieces], dtype=object)
    whole = dense(coverage(np.array([polygon]), GRID), 1)[0]
    assert np.abs(dense(coverage(pieces, GRID), 2).sum(axis=0) - whole).max() < 1e-7


def _areal(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(np.array([shape]))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def test_halving_the_cells_refines_the_shares() -> None:
    fine = Grid(left_m=1000.0, top_m=2200.0, cell_m=25.0, block_cells=8, num_rows=48, num_cols=64)
    polygon = np.array([shapes()["with a hole"]])
    small = dense(coverage(polygon, fine), 1, fine)[0]
    large = dense(coverage(polygon, GRID), 1)[0]
    assert np.abs(small.reshape(24, 2, 32, 2).mean(axis=(1, 3)) - large).max() < 1e-12


def test_coordinates_as_large_as_northings_keep_their_digits() -> None:
    # a UTM northing of 4.9e6 m: the sixth digit after the point of a metre is still exact in double precision
    grid = grid_over((3e5, 4.9e6, 3.02e5, 4.902e6), 50.0, 200.0)
    polygon = shapely.affinity.translate(shapes()["star"], 299_500.0, 4_899_100.0)
    got = dense(coverage(np.array([polygon]), grid), 1, grid)[0]
    assert np.abs(got - clipped(polygon, grid)).max() < 1e-8
