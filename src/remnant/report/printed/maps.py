"""Maps of the printed pages: drawings without words; what is written on them is set by the template."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from remnant.io.read_results import ResultCells, Results
from remnant.io.write_colours import AREA_BREAKS, CELL_BREAKS, SCALE, UNKNOWN
from remnant.report.map_parts import INK, STYLE, frame, outline, padded, round_length
from remnant.report.printed.blocks import PAGE_PT, Key, Label
from remnant.report.printed.language import Language

_WIDTH_IN = PAGE_PT / 72.0
_LEAST_RATIO, _MOST_RATIO = 0.5, 0.95  # height over width of a map that leaves room for its legend
_GROUND, _GROUND_EDGE = "#efece4", "#c9c4b8"
_PALE_EDGE = "#b79a4a"  # the palest class needs a darker edge on paper
_LEGEND_EDGE = "#8b8893"
_SEARCHED = "#2b5c8a"
_FINE = 400  # most cells of a map's ground along a side; finer ones are joined
_ON_PAPER = 1500.0  # an outline is drawn as exact as this share of the map's width: a tenth of a millimetre
_MARKS_APART = 0.035  # of the map's width
_MAX_MARKS = 15
_CORNERS_APART = 0.03  # of the map's width
_NEIGHBOURS = 8
HALF_SEARCHED = 0.5
"""Share of a cell that a search must have worked for the map to hatch it. [1]"""


class Drawn(NamedTuple):
    """A drawing, its height over its width, and the words on it."""

    svg: str
    ratio: float
    labels: list[Label]


def case_map(results: Results, order: Sequence[int], language: Language) -> Drawn | None:
    """All areas by their chance of any explosive item, the most important ones numbered; None without any place.

    Parameters
    ----------
    order
        Rows of the areas, most important first.
    """
    shapes = results.areas.geometry.to_numpy()
    placed = ~shapely.is_missing(shapes)
    cells = results.cells
    if placed.any():
        bounds = shapely.total_bounds(shapes[placed])
    elif cells.west_m.size:
        bounds = np.array([cells.west_m.min(), cells.south_m.min(), cells.west_m.max(), cells.south_m.max()])
        bounds[2:] += cells.cell_m
    else:
        return None
    figure, axes, ratio = _sheet(padded(bounds.tolist(), 0.04))
    _fill(axes, _ground(cells, _FINE), _GROUND, zorder=1.0)
    _draw_areas(axes, results, shapes)
    labels = [_label(axes, p, str(k + 1), "mark") for k, p in _marks(axes, shapes, order)]
    labels += _furniture(axes, language)
    return Drawn(_svg(figure), ratio, labels)


def area_map(
    results: Results, row: int, corners: Sequence[shapely.Point], language: Language
) -> Drawn | None:
    """One area with its cells, what was searched, its neighbours and its corners; None where its place is unknown."""
    shapes = results.areas.geometry.to_numpy()
    shape = shapes[row]
    if shape is None:
        return None
    figure, axes, ratio = _sheet(padded(shape.bounds, 0.22))
    window = shapely.box(*(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1]))
    _draw_cells(axes, results.cells)
    others = [
        k for k in range(len(shapes)) if k != row and shapes[k] is not None and shapes[k].intersects(window)
    ]
    _outlines(axes, shapes[others], "#4a4a4a", 0.7)
    _outlines(axes, np.array([shape], dtype=object), INK, 1.8)
    ids = results.areas["area_id"].astype(str).tolist()
    near = sorted(others, key=lambda k: -float(shapes[k].intersection(window).area))[:_NEIGHBOURS]
    labels = [
        _label(axes, shapes[k].intersection(window).representative_point(), language.kept(ids[k]), "word")
        for k in near
    ]
    for k in _apart(axes, corners):
        axes.plot(corners[k].x, corners[k].y, "o", ms=2.6, color=INK, zorder=8)
        labels.append(_label(axes, _beside(axes, shape, corners[k]), str(k + 1), "corner"))
    labels += _furniture(axes, language)
    return Drawn(_svg(figure), ratio, labels)


def area_legend(language: Language) -> list[Key]:
    """Classes of an area's chance, unknown, and other ground."""
    ground: Key = {"colour": _GROUND, "edge": _GROUND_EDGE, "text": language("map.ground")}
    return [*_classes(AREA_BREAKS, language), ground]


def cell_legend(language: Language) -> list[Key]:
    """Classes of a cell's chance, unknown, and what was searched."""
    searched: Key = {"colour": "searched", "edge": _SEARCHED, "text": language("map.searched")}
    return [*_classes(CELL_BREAKS, language), searched]


def _classes(breaks: Sequence[float], language: Language) -> list[Key]:
    ends = [language.plain(f"{100.0 * b:g}") for b in breaks]
    texts = [
        language("number.below", value=language("number.percent", value=ends[0])),
        *(
            language("number.percent", value=language("number.range", low=a, high=b))
            for a, b in pairwise(ends)
        ),
        language("number.from", value=language("number.percent", value=ends[-1])),
    ]  # fmt: skip
    keys: list[Key] = [
        {"colour": c, "edge": _LEGEND_EDGE, "text": t} for c, t in zip(SCALE, texts, strict=True)
    ]
    return [*keys, {"colour": "hatch", "edge": UNKNOWN, "text": language("number.unknown")}]


def _sheet(bounds: tuple[float, float, float, float]) -> tuple[Figure, Axes, float]:
    """An empty drawing that holds the bounds, and its height over its width."""
    west, south, east, north = bounds
    ratio = float(np.clip((north - south) / (east - west), _LEAST_RATIO, _MOST_RATIO))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH_IN, _WIDTH_IN * ratio))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        frame(axes, bounds, 1.0 / ratio)
        axes.spines[:].set_visible(False)
    return figure, axes, ratio


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _label(axes: Axes, point: shapely.Point, text: str, kind: str) -> Label:
    x, y = axes.transAxes.inverted().transform(axes.transData.transform((point.x, point.y)))
    return {"x": round(float(x), 5), "y": round(1.0 - float(y), 5), "text": text, "kind": kind}


def _furniture(axes: Axes, language: Language) -> list[Label]:
    """Scale bar and north arrow; returns their words."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    length = round_length((east - west) / 5.0)
    x, y = west + 0.03 * (east - west), south + 0.022 * (east - west)
    axes.plot([x, x + length], [y, y], color="white", lw=5, solid_capstyle="butt", zorder=8)
    axes.plot([x, x + length], [y, y], color=INK, lw=2.4, solid_capstyle="butt", zorder=9)
    wider = (east - west) / (north - south)
    axes.annotate(
        "", (0.965, 0.97), xytext=(0.965, 0.97 - 0.055 * wider), xycoords="axes fraction", zorder=9,
        arrowprops={"arrowstyle": "-|>", "lw": 1.2, "color": INK, "mutation_scale": 12},
    )  # fmt: skip
    key, value = ("number.km", length / 1000.0) if length >= 1000.0 else ("number.m", length)
    words = language(key, value=language.plain(f"{value:g}"))
    bar = _label(axes, shapely.Point(x + 0.5 * length, y + 0.02 * (east - west)), words, "word")
    down = 0.03 + 0.072 * wider
    return [bar, {"x": 0.965, "y": round(down, 5), "text": language("map.north"), "kind": "north"}]


def _draw_areas(axes: Axes, results: Results, shapes: NDArray[np.object_]) -> None:
    """Areas by class of chance, the highest class on top; outlines keep small ones visible."""
    long = results.area_results
    rows = long[(long["date"] == results.dates[0]) & (long["state"] == "explosive")]
    chance = rows.set_index("area")["p_any"].reindex(np.arange(len(shapes))).to_numpy(dtype=np.float64)
    placed = ~shapely.is_missing(shapes)
    tolerance = (axes.get_xlim()[1] - axes.get_xlim()[0]) / _ON_PAPER
    drawn = np.array([None if s is None else s.simplify(tolerance) or s for s in shapes], dtype=object)
    unknown = placed & np.isnan(chance)
    _fill(axes, drawn[unknown], "white", edge=UNKNOWN, hatch="////", zorder=2.0)
    group = np.digitize(chance, AREA_BREAKS)
    for k, colour in enumerate(SCALE):
        mine = placed & ~np.isnan(chance) & (group == k)
        _fill(axes, drawn[mine], colour, edge=_PALE_EDGE if k == 0 else colour, zorder=3.0 + k / 10)


def _draw_cells(axes: Axes, cells: ResultCells) -> None:
    """The cells inside the frame by their chance of any explosive item, and what was searched."""
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    size = cells.cell_m
    inside = np.flatnonzero(
        (cells.west_m > x0 - size) & (cells.west_m < x1) & (cells.south_m > y0 - size) & (cells.south_m < y1)
    )
    chance = cells.p_any[inside]
    group = np.where(np.isnan(chance), -1, np.digitize(chance, CELL_BREAKS))
    for k, colour in enumerate(SCALE):
        _fill(axes, _joined(cells, inside[group == k]), colour, edge=colour, zorder=1.0 + k / 10)
    _fill(axes, _joined(cells, inside[group == -1]), "white", edge=UNKNOWN, hatch="////", zorder=2.0)
    worked = inside[cells.searched_share[inside] >= HALF_SEARCHED]
    with mpl.rc_context({"hatch.color": _SEARCHED}):
        _fill(axes, _joined(cells, worked), "none", edge=_SEARCHED, hatch="....", zorder=3.0)


def _ground(cells: ResultCells, most: int) -> NDArray[np.object_]:
    """The ground that has cells as a few polygons, in squares of at most so many along a side."""
    if not cells.west_m.size:
        return np.empty(0, dtype=object)
    west, south = cells.west_m.min(), cells.south_m.min()
    side = max(float(np.ptp(cells.west_m)), float(np.ptp(cells.south_m))) / cells.cell_m + 1.0
    size = cells.cell_m * max(1, -(-int(side) // most))
    square = np.unique(np.stack([(cells.south_m - south) // size, (cells.west_m - west) // size]), axis=1)
    return _runs(west + square[1] * size, south + square[0] * size, size)


def _joined(cells: ResultCells, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    order = rows[np.lexsort((cells.west_m[rows], cells.south_m[rows]))]
    return _runs(cells.west_m[order], cells.south_m[order], cells.cell_m)


def _runs(west: NDArray[np.float64], south: NDArray[np.float64], size: float) -> NDArray[np.object_]:
    """Squares, sorted by row and column, as few polygons: first rows of neighbours, then all that touch."""
    if not west.size:
        return np.empty(0, dtype=object)
    new = np.r_[True, (np.diff(south) != 0.0) | (np.diff(west) > 1.5 * size)]
    first, last = np.flatnonzero(new), np.r_[np.flatnonzero(new)[1:] - 1, west.size - 1]
    strips = shapely.box(west[first], south[first], west[last] + size, south[first] + size)
    return np.asarray(shapely.get_parts(shapely.union_all(strips)), dtype=object)


def _fill(
    axes: Axes,
    shapes: NDArray[np.object_],
    colour: str,
    *,
    edge: str = "none",
    hatch: str = "",
    zorder: float,
) -> None:
    patches = [PathPatch(outline(shape)) for shape in shapes if not shape.is_empty]
    if patches:
        axes.add_collection(
            PatchCollection(
                patches, facecolor=colour, edgecolor=edge, hatch=hatch or None, lw=0.5, zorder=zorder
            )
        )


def _outlines(axes: Axes, shapes: NDArray[np.object_], colour: str, width: float) -> None:
    patches = [PathPatch(outline(shape)) for shape in shapes]
    if patches:
        axes.add_collection(
            PatchCollection(patches, facecolor="none", edgecolor=colour, lw=width, zorder=5.0)
        )


def _marks(axes: Axes, shapes: NDArray[np.object_], order: Sequence[int]) -> list[tuple[int, shapely.Point]]:
    """Rank and place of the most important areas whose marks do not overlap."""
    apart = _MARKS_APART * float(np.ptp(axes.get_xlim()))
    chosen: list[tuple[int, shapely.Point]] = []
    for rank, row in enumerate(order):
        if shapes[row] is not None:
            west, south, east, north = shapes[row].bounds
            point = shapes[row].representative_point()
            if max(east - west, north - south) < 1.2 * apart:  # a mark on it would hide a small area
                point = shapely.Point(point.x, north + 0.6 * apart)
            if all(point.distance(other) >= apart for _, other in chosen):
                chosen.append((rank, point))
        if len(chosen) == _MAX_MARKS:
            break
    return chosen


def _apart(axes: Axes, points: Sequence[shapely.Point]) -> list[int]:
    """Points in their order, without those that lie close to one before."""
    apart = _CORNERS_APART * float(np.ptp(axes.get_xlim()))
    chosen: list[int] = []
    for k, point in enumerate(points):
        if all(point.distance(points[c]) >= apart for c in chosen):
            chosen.append(k)
    return chosen


def _beside(axes: Axes, shape: shapely.Geometry, corner: shapely.Point) -> shapely.Point:
    """A place just outside of an area at one of its corners."""
    away = 0.016 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    turns = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    around = shapely.points(corner.x + away * np.cos(turns), corner.y + away * np.sin(turns))
    return around[int(np.argmax(shapely.distance(around, shape)))]
