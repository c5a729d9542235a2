"""Map tiles in which every pixel says which hazard area or cell it shows; the page colours them by date and state."""

from __future__ import annotations

import math
import threading
import zlib

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio import Affine
from rasterio.features import rasterize

from remnant.errors import InvalidInput
from remnant.io.codes import Codes
from remnant.io.read_view import ViewFiles
from remnant.units import Floats, Ints

TILE_PIXELS = 256
MOST_ZOOM = 22
_HALF_WORLD_M = 20_037_508.342789244
_DOT = 1.5  # pixels; areas smaller than that are drawn as a dot
_EVERY = 32  # pixels between places that are projected exactly; those between are interpolated

_ONE_AT_A_TIME = threading.Lock()
"""rasterio silences a warning of its own while it draws, which only works in one thread at a time."""

Pixels = NDArray[np.uint32]


def check_tile(z: int, x: int, y: int) -> None:
    """Refuse a tile that is none."""
    if not (0 <= z <= MOST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise InvalidInput(f"a tile has z from 0 to {MOST_ZOOM} and x and y below 2^z; got {z}/{x}/{y}.")


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north in web Mercator. [m]

    Examples
    --------
    >>> [round(v) for v in tile_bounds(1, 0, 0)]
    [-20037508, 0, 0, 20037508]
    """
    side = 2.0 * _HALF_WORLD_M / 2**z
    west, north = -_HALF_WORLD_M + x * side, _HALF_WORLD_M - y * side
    return west, north - side, west + side, north


def tiles_of_box(bounds: tuple[float, float, float, float], z: int) -> tuple[int, int, int, int]:
    """First column and row, last column and row of the tiles of a zoom that a box in degrees touches.

    Examples
    --------
    >>> tiles_of_box((34.0, 43.0, 34.1, 43.1), 8)
    (152, 93, 152, 94)
    """
    west, south, east, north = bounds
    side = 2**z

    def place(longitude: float, latitude: float) -> tuple[int, int]:
        at = math.asinh(math.tan(math.radians(max(-85.0, min(85.0, latitude)))))
        x, y = (longitude + 180.0) / 360.0 * side, (1.0 - at / math.pi) / 2.0 * side
        return min(max(int(x), 0), side - 1), min(max(int(y), 0), side - 1)

    return *place(west, north), *place(east, south)


def area_tile(view: ViewFiles, z: int, x: int, y: int) -> Pixels:
    """(256, 256) number of the area that each pixel shows, counted from 1; 0: none. Small areas lie on large ones.

    An area too small for the zoom is a dot of three pixels: it is never left out.
    """
    check_tile(z, x, y)
    west, south, east, north = tile_bounds(z, x, y)
    pixel = (east - west) / TILE_PIXELS
    out = np.zeros((TILE_PIXELS, TILE_PIXELS), np.uint32)
    found = view.tree.query(
        shapely.box(west - 2 * pixel, south - 2 * pixel, east + 2 * pixel, north + 2 * pixel)
    )
    if not found.size:
        return out
    rank = np.empty(view.order.size, np.int64)
    rank[view.order] = np.arange(view.order.size)
    found = found[np.argsort(rank[found], kind="stable")]
    box = view.box[found]
    is_dot = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) < _DOT * pixel
    large, small = found[~is_dot], found[is_dot]
    if large.size:
        with _ONE_AT_A_TIME:
            rasterize(
                ((view.shapes[a], int(a) + 1) for a in large.tolist()),
                out=out,
                transform=Affine(pixel, 0.0, west, 0.0, -pixel, north),
                all_touched=True,
            )
    if small.size:
        middle = 0.5 * (box[is_dot][:, :2] + box[is_dot][:, 2:])
        col = np.floor((middle[:, 0] - west) / pixel).astype(np.int64)
        row = np.floor((north - middle[:, 1]) / pixel).astype(np.int64)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                r, c = row + down, col + right
                inside = (r >= 0) & (r < TILE_PIXELS) & (c >= 0) & (c < TILE_PIXELS)
                out[r[inside], c[inside]] = (small[inside] + 1).astype(np.uint32)
    return out


def cell_tile(view: ViewFiles, z: int, x: int, y: int) -> tuple[Pixels, Ints]:
    """(256, 256) number of the cell that each pixel shows within a list of cells, counted from 1; and that list.

    Where a pixel is larger than a cell it shows the cell in it that held most explosive items on the last day of the
    records: looking from afar lowers nothing.
    """
    check_tile(z, x, y)
    west, south, east, north = tile_bounds(z, x, y)
    px, py = _in_case_crs(view.about["crs"], west, south, east, north)
    ground = math.cos(math.atan(math.sinh(0.5 * (north + south) / 6_378_137.0)))
    pixel_m = (east - west) / TILE_PIXELS * ground
    level = next((k for k in view.levels if k.size_m * 1.4 > pixel_m), view.levels[-1])
    cell = level.at(px, py)
    chosen, inverse = np.unique(cell, return_inverse=True)
    number = inverse.reshape(TILE_PIXELS, TILE_PIXELS)
    if chosen.size and chosen[0] < 0:
        return number.astype("<u4"), chosen[1:]
    return (number + 1).astype("<u4"), chosen


def tile_steps(view: ViewFiles, cells: Ints, state: int, metric: int) -> NDArray[np.uint8]:
    """(n_dates, n_chosen) upper bytes of the codes of some cells: 256 classes of colour."""
    codes: Codes = np.asarray(view.cell_values[state, metric][cells])
    # what is above none stays above none
    steps = np.where((codes > 0) & (codes < 256), 1, codes >> 8)
    return np.ascontiguousarray(steps.T.astype(np.uint8))


def packed(*arrays: NDArray[np.generic], level: int = 1) -> bytes:
    """Arrays one after another, compressed (zlib); at level 0 as they are."""
    whole = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)
    return zlib.compress(whole, level) if level else whole


def _in_case_crs(crs: str, west: float, south: float, east: float, north: float) -> tuple[Floats, Floats]:
    """Places of the pixels of a tile in the case's CRS, (256, 256) each. [m]"""
    transform = Transformer.from_crs("EPSG:3857", crs, always_xy=True)
    nodes = np.arange(TILE_PIXELS // _EVERY + 1) * _EVERY / TILE_PIXELS
    gx, gy = np.meshgrid(west + nodes * (east - west), north - nodes * (north - south))
    at = (np.arange(TILE_PIXELS) + 0.5) / _EVERY
    whole, part = np.floor(at).astype(np.int64), at - np.floor(at)
    out = []
    for grid in transform.transform(gx, gy):
        rows = grid[whole] * (1.0 - part)[:, None] + grid[whole + 1] * part[:, None]
        out.append(rows[:, whole] * (1.0 - part) + rows[:, whole + 1] * part)
    return out[0], out[1]
