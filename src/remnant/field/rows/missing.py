"""What is missing: items still in the ground of the area, by cell and in all, from the draws of a row posterior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.field.rows.background import block_counts
from remnant.field.rows.chain import GROUND, SIZE
from remnant.field.rows.infer import RowPosterior
from remnant.field.rows.layout import (
    HELD,
    LOG_APART,
    LOG_JITTER,
    LOG_SPACING,
    MAX_ROWS,
    PHASE,
    ROWS,
    THETA,
    V0,
    Data,
    chance_found,
    inner,
    place_range,
)
from remnant.units import Floats, Ints

_REACH = 4.0  # standard deviations around a place that its item is spread over
_MOST_CELL_DRAWS = 400_000_000  # cells times draws that are worked through


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MissingItems:
    """Items still in the ground, on the cells of the searched ground.

    Parameters
    ----------
    pattern, unstructured
        (ny, nx) expected number of each part; NaN outside the area. [items]
    p_any
        (ny, nx) chance of at least one item of either part; NaN outside. [1]
    pattern_draws, unstructured_draws
        (n_draws,) numbers in the whole area, one per posterior draw used. [items]
    """

    pattern: Floats
    unstructured: Floats
    p_any: Floats
    pattern_draws: Ints
    unstructured_draws: Ints


def missing_items(
    posterior: RowPosterior, *, rng: np.random.Generator, progress: Callable[[float], None] | None = None
) -> MissingItems:
    """Where the items lie that nobody has found yet.

    A place of a row without a find of its own still holds an item with chance ω(1 − p)/(1 − ω p); a place with a find
    is empty. The unstructured part is Poisson thinned by the search, its densities summed out block by block.
    """
    data, ground = posterior.data, posterior.ground
    shape = ground.inside.shape
    num = posterior.num_belts.size
    use = np.unique(
        np.linspace(0, num - 1, min(num, max(_MOST_CELL_DRAWS // ground.inside.size, 20)), dtype=np.int64)
    )
    pattern, loose, none = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    pattern_draws, expected = np.zeros(use.size, np.int64), np.zeros(use.size)
    for k, j in enumerate(use):
        pattern_draws[k], expected[k] = _add_draw(
            data, ground.p_found, ground.inside, posterior.cell_block, posterior.belts[j], int(posterior.num_belts[j]),
            posterior.label[j], posterior.number[j], posterior.hyper[j], posterior.where[j], pattern, loose, none, rng,
        )  # fmt: skip
        if progress is not None:
            progress((k + 1) / use.size)
    pattern, loose, none = (
        np.where(ground.inside, cells / use.size, np.nan) for cells in (pattern, loose, none)
    )
    return MissingItems(
        pattern=pattern,
        unstructured=loose,
        p_any=1.0 - none,
        pattern_draws=pattern_draws,
        unstructured_draws=rng.poisson(expected),
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_draw(
    data: Data, p_found: Floats, inside: NDArray[np.bool_], cell_block: Ints, belts: Floats, num_belts: int,
    label: Ints, number: Ints, hyper: Floats, where: Ints, pattern: Floats, loose: Floats, none: Floats,
    rng: np.random.Generator,
) -> tuple[int, float]:  # fmt: skip
    """Add one draw to the sums over draws; items missing in rows, and the expected number of others, in this draw."""
    searched = p_found[where[GROUND]]
    left = np.zeros(inside.shape)
    empty = np.ones(inside.shape)
    total_pattern = 0
    for b in range(num_belts):
        for r in range(int(belts[b, ROWS])):
            total_pattern += _add_row(
                data, searched, inside, belts[b], b, r, where[GROUND], label, number, left, empty, rng
            )
    size = where[SIZE]
    counts = np.zeros(data.exposure.shape[2])
    block_counts(data, size, (label >= 0).astype(np.int64), counts)
    shape, rate = np.exp(hyper[1]), np.exp(hyper[1] - hyper[0])
    unsearched = np.zeros(counts.size)
    cell_m2 = data.cell_m**2
    for i in range(inside.shape[0]):
        for j in range(inside.shape[1]):
            if inside[i, j]:
                b = cell_block[size, i, j]
                missed_m2 = (1.0 - searched[i, j]) * cell_m2
                unsearched[b] += missed_m2
                block_rate = rate + data.exposure[size, where[GROUND], b]
                loose[i, j] += (shape + counts[b]) / block_rate * missed_m2
                none[i, j] += empty[i, j] * np.exp(-(shape + counts[b]) * np.log1p(missed_m2 / block_rate))
                pattern[i, j] += left[i, j]
    total_loose = 0.0
    for b in range(data.num_blocks[size]):
        if unsearched[b] > 0.0:
            drawn = rng.standard_gamma(shape + counts[b]) / (rate + data.exposure[size, where[GROUND], b])
            total_loose += drawn * unsearched[b]
    return total_pattern, total_loose


@inner
def _add_row(
    data: Data, searched: Floats, inside: NDArray[np.bool_], belt: Floats, b: int, r: int, level: int,
    label: Ints, number: Ints, left: Floats, empty: Floats, rng: np.random.Generator,
) -> int:  # fmt: skip
    """Spread what the places without a find may still hold over the cells; items drawn."""
    d, c, s = np.exp(belt[LOG_SPACING]), np.cos(belt[THETA]), np.sin(belt[THETA])
    across = belt[V0] + r * np.exp(belt[LOG_APART])
    first, past = place_range(belt, r)
    taken = np.zeros(max(past - first, 0), np.bool_)
    for i in range(label.size):
        if label[i] == b * MAX_ROWS + r:
            taken[number[i] - first] = True
    total = 0
    for j in range(first, past):
        u = d * (belt[PHASE + r] + j)
        x, y = c * u - s * across, s * u + c * across
        if not taken[j - first] and x * x + y * y < (data.radius_m + 5.0) ** 2:
            held = belt[HELD] / (1.0 - belt[HELD] * chance_found(data, level, x, y))
            there = _spread(data, searched, inside, x, y, np.exp(belt[LOG_JITTER]), held, left, empty)
            if rng.random() < there:
                total += 1
    return total


@inner
def _spread(
    data: Data, searched: Floats, inside: NDArray[np.bool_], x: float, y: float, sd: float, held: float, left: Floats,
    empty: Floats,
) -> float:  # fmt: skip
    """Spread one place; chance that its item is missing within the area."""
    cell = data.cell_m
    col0 = int(np.floor((x - _REACH * sd - data.left_m) / cell))
    col1 = int(np.floor((x + _REACH * sd - data.left_m) / cell))
    row0 = int(np.floor((data.top_m - y - _REACH * sd) / cell))
    row1 = int(np.floor((data.top_m - y + _REACH * sd) / cell))
    total = 0.0
    for i in range(max(row0, 0), min(row1 + 1, inside.shape[0])):
        top = (data.top_m - i * cell - y) / sd
        share_y = 0.5 * (erf(top / 1.4142135623730951) - erf((top - cell / sd) / 1.4142135623730951))
        for j in range(max(col0, 0), min(col1 + 1, inside.shape[1])):
            if inside[i, j]:
                west = (data.left_m + j * cell - x) / sd
                share_x = 0.5 * (
                    erf((west + cell / sd) / 1.4142135623730951) - erf(west / 1.4142135623730951)
                )
                missing = min(held * (1.0 - searched[i, j]) * share_x * share_y, 1.0)
                left[i, j] += missing
                empty[i, j] *= 1.0 - missing
                total += missing
    return total
