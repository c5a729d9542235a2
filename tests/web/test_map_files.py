"""What the map reads: codes against numbers, tiles against geometry, values against the model's own."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from remnant.errors import InvalidInput
from remnant.io.codes import coded, decoded
from remnant.io.read_view import ViewFiles, open_view
from remnant.io.view_tiles import TILE_PIXELS, area_tile, cell_tile, tile_bounds, tile_steps
from remnant.viewing import View


@given(st.floats(1e-9, 1e9))
def test_a_code_is_within_its_stated_error(value: float) -> None:
    assert decoded(coded([value]))[0] == pytest.approx(value, rel=4e-4)


@given(st.lists(st.floats(0.0, 1e12), min_size=2, max_size=20))
def test_codes_keep_the_order_and_never_make_something_nothing(values: list[float]) -> None:
    codes = coded(sorted(values)).astype(int)
    assert (np.diff(codes) >= 0).all()
    assert ((np.sort(values) > 0.0) == (codes > 0)).all()


def test_unknown_stays_unknown() -> None:
    assert np.isnan(decoded(coded([np.nan]))[0])
    assert decoded(coded([0.0]))[0] == 0.0


def tile_of(longitude: float, latitude: float, z: int) -> tuple[int, int]:
    at = math.asinh(math.tan(math.radians(latitude)))
    return int((longitude + 180) / 360 * 2**z), int((1 - at / math.pi) / 2 * 2**z)


@pytest.mark.parametrize("z", [10, 13, 15])
def test_pixels_of_areas_are_those_that_their_outlines_hold(view: View, files: ViewFiles, z: int) -> None:
    """Second route: shapely, pixel by pixel; the pixels on an outline may be either's."""
    west, south, east, north = files.about["bounds"]
    x, y = tile_of(0.5 * (west + east), 0.5 * (south + north), z)
    pixels = area_tile(files, z, x, y)
    left, _, right, top = tile_bounds(z, x, y)
    side = (right - left) / TILE_PIXELS
    gx, gy = np.meshgrid(
        left + (np.arange(TILE_PIXELS) + 0.5) * side, top - (np.arange(TILE_PIXELS) + 0.5) * side
    )
    shapes = view.assessment.areas.geometry.to_crs("EPSG:3857")
    inside, near = (
        np.stack([shapely.contains_xy(s, gx, gy) for s in shape])
        for shape in (shapes.to_numpy(), shapes.buffer(1.5 * side).to_numpy())
    )
    shown = pixels.astype(int) - 1
    assert (shown >= 0).any() or z == 15
    rows, cols = np.nonzero(shown >= 0)
    assert near[shown[rows, cols], rows, cols].all(), "a pixel shows an area that is not there"
    assert (shown[inside.any(axis=0)] >= 0).all(), "ground of an area is shown as free"


def test_from_afar_every_area_is_still_shown(files: ViewFiles) -> None:
    """Areas smaller than a pixel are dots; they may cover one another, none may leave no mark at all."""
    west, south, east, north = files.about["bounds"]
    z = 6
    seen: set[int] = set()
    places = set()
    for x in range(tile_of(west, 0, z)[0], tile_of(east, 0, z)[0] + 1):
        for y in range(tile_of(0, north, z)[1], tile_of(0, south, z)[1] + 1):
            pixels = area_tile(files, z, x, y)
            seen |= set(np.unique(pixels).tolist())
            places |= {(x, y, r, c) for r, c in zip(*np.nonzero(pixels), strict=True)}
    assert len(places) >= 9
    assert seen - {0}


def test_cells_of_a_tile_are_those_of_the_grid(view: View, files: ViewFiles) -> None:
    """Second route: the rows and columns of the assessment's own cells."""
    west, south, east, north = files.about["bounds"]
    z = 17
    x, y = tile_of(0.5 * (west + east), 0.5 * (south + north), z)
    numbers, cells = cell_tile(files, z, x, y)
    dataset = view.assessment.cells
    order = np.lexsort((dataset["col"].to_numpy(), dataset["row"].to_numpy()))
    row, col = dataset["row"].to_numpy()[order], dataset["col"].to_numpy()[order]
    known = {(int(r), int(c)): i for i, (r, c) in enumerate(zip(row, col, strict=True))}
    left, bottom, right, top = tile_bounds(z, x, y)
    to_case = Transformer.from_crs("EPSG:3857", view.assessment.crs, always_xy=True)
    rng = np.random.default_rng(1)
    for r, c in rng.integers(0, TILE_PIXELS, (400, 2)).tolist():
        px, py = to_case.transform(
            left + (c + 0.5) / TILE_PIXELS * (right - left), top - (r + 0.5) / TILE_PIXELS * (top - bottom)
        )
        at = (
            math.floor((dataset.attrs["top_m"] - py) / dataset.attrs["cell_m"]),
            math.floor((px - dataset.attrs["left_m"]) / dataset.attrs["cell_m"]),
        )
        number = int(numbers[r, c])
        assert (int(cells[number - 1]) if number else None) == known.get(at)


def test_a_large_square_shows_the_cell_that_holds_most(files: ViewFiles) -> None:
    held = np.asarray(files.cell_values[3, 0, :, 0]).astype(int)
    for small, large in zip(files.levels, files.levels[1:], strict=False):
        parent = (small.key // small.num_cols) // 2 * large.num_cols + (small.key % small.num_cols) // 2
        for key, cell in zip(large.key[:50], large.cell[:50], strict=True):
            assert held[cell] == held[small.cell[parent == key]].max()


def test_values_of_areas_are_the_models_own(view: View, files: ViewFiles) -> None:
    for m, name in enumerate(("mean", "q05", "q95", "p_any")):
        ours = decoded(files.area_values[:, m].transpose(1, 0, 2))
        np.testing.assert_allclose(ours, getattr(view.areas, name), rtol=5e-4, atol=1e-9)


def test_areas_over_time_agree_with_the_count_of_the_assessment(view: View) -> None:
    """Two routes to one number: closed form and interval by mixture, against simulated counts."""
    table = view.assessment.area_results
    first = table[(table["state"] == "explosive") & (table["date"] == view.assessment.dates[0])]
    t = view.dates.index(view.assessment.dates[0])
    ours = view.areas.mean[t, 3]
    known = ~np.isnan(ours)
    theirs = first["mean"].to_numpy()
    spread = (first["q95"] - first["q05"]).to_numpy() / 3.3 + 0.5
    assert (np.abs(ours - theirs)[known] < 5.0 * spread[known] / math.sqrt(300) + 0.05 * theirs[known]).all()
    np.testing.assert_allclose(view.areas.p_any[t, 3][known], first["p_any"].to_numpy()[known], atol=0.12)
    low, high = view.areas.q05[t, 3], view.areas.q95[t, 3]
    assert ((low <= high) | ~known).all()


def test_colours_of_cells_never_hide_what_is_there(files: ViewFiles) -> None:
    every = np.arange(files.about["num_cells"])
    steps = tile_steps(files, every, 3, 0)
    codes = np.asarray(files.cell_values[3, 0]).T
    assert ((steps > 0) == (codes > 0)).all()


def test_why_names_the_records_that_touch(view: View, files: ViewFiles) -> None:
    joined = gpd.sjoin(
        gpd.GeoDataFrame(geometry=view.assessment.areas.geometry),
        view.records[["geometry"]],
        predicate="intersects",
    )
    for area in range(files.about["num_areas"]):
        rows = joined.loc[joined.index == area, "index_right"].dropna().astype(int).tolist()
        assert [r["i"] for r in files.why(area)["records"]] == sorted(rows)


def test_a_folder_without_a_map_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds none\. Make one: remnant assess CASE --out .* --map"):
        open_view(tmp_path)


def test_a_tile_that_is_none_is_refused(files: ViewFiles) -> None:
    with pytest.raises(InvalidInput, match=r"z from 0 to 22 and x and y below 2\^z; got 3/8/0"):
        area_tile(files, 3, 8, 0)
