"""How many items remain in each cell: mixtures over draws, in closed form given a draw."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.field.history import compile_histories
from remnant.field.mixture import LONGEST_COUNT, mixture_interval, negative_binomial_size
from remnant.field.posterior import DensityPosterior
from remnant.field.remaining import Progress, Summary, never_changes, repeated
from remnant.numerics import ranges
from remnant.units import Floats, Ints

_CELLS_AT_ONCE = 16_384
_GROUND_STEPS = 1e6  # cells whose ground differs by less than a millionth of a square metre are alike


def cells_remaining(
    posterior: DensityPosterior,
    dates: Sequence[float],
    as_of_day: float,
    *,
    draws: Ints | None = None,
    progress: Progress | None = None,
) -> Summary:
    """What remains in every cell: (n_dates, 4, n_cells) each.

    The chance of any item and the mean are exact mixtures over draws; the interval is that of the mixture of negative
    binomials over draws (of equal mean and variance where several units meet in one cell).

    Parameters
    ----------
    posterior, dates, as_of_day
        As in `count_remaining`.
    draws
        Draws to mix over; default 128 at an even stride (see `thinned`).
    progress
        Called with the share done.
    """
    if len(dates) > 1 and never_changes(posterior):
        once = cells_remaining(posterior, dates[:1], as_of_day, draws=draws, progress=progress)
        return repeated(once, len(dates), axis=0)
    reduction, table = posterior.reduction, posterior.table
    chosen = thinned(len(posterior.z)) if draws is None else draws
    z = posterior.z[chosen]
    compiled = compile_histories(reduction.histories, table, as_of_day, dates)
    left = compiled.remaining(table, z, table.values(z))
    possible = np.asarray((left > 0.0).any(axis=0))
    exists = posterior.exists[chosen]
    entries = reduction.by_cell
    num_cells = reduction.cells.size
    shape = (len(dates), 4, num_cells)
    mean, low, high, some = (np.zeros(shape) for _ in range(4))
    starts = np.searchsorted(entries.key, np.arange(num_cells + 1))
    for first in range(0, num_cells, _CELLS_AT_ONCE):
        last = min(first + _CELLS_AT_ONCE, num_cells)
        rows = slice(int(starts[first]), int(starts[last]))
        units, inverse = np.unique(entries.unit[rows], return_inverse=True)
        unit = inverse.reshape(-1).astype(np.int64)
        shape_u, scale_u = posterior.clumps(units, chosen)
        sources, local = np.unique(reduction.unit_source[units], return_inverse=True)
        source = local.reshape(-1).astype(np.int64)
        exists_s = np.ascontiguousarray(exists[:, sources])
        keys = np.column_stack(
            [
                _alike(np.concatenate([shape_u, scale_u, exists_s[:, source]]))[unit],
                _steps(source[unit]),
                entries.history[rows],
                np.round(entries.ground[rows] * _GROUND_STEPS).astype(np.int64),
            ]
        )
        start, taken, alike = _distinct_cells(starts[first : last + 1] - starts[first], keys)
        part = _cells(
            start,
            unit[taken],
            entries.history[rows][taken],
            entries.ground[rows][taken],
            source,
            shape_u,
            scale_u,
            exists_s,
            left,
            possible,
            LONGEST_COUNT,
        )
        for target, got in zip((mean, low, high, some), part, strict=True):
            target[:, :, first:last] = got[:, :, alike]
        if progress is not None:
            progress(last / num_cells)
    return Summary(mean=mean, q05=low, q95=high, p_any=some)


def thinned(size: int, num_draws: int = 128, order: Floats | None = None) -> Ints:
    """Draws to take: all, or evenly spaced; along an order, such as the total that each draw gives, if one is named."""
    if num_draws >= size:
        return np.arange(size)
    places = ((np.arange(num_draws) + 0.5) * size / num_draws).astype(np.int64)
    return places if order is None else np.asarray(np.sort(np.argsort(order, kind="stable")[places]))


def _alike(columns: Floats) -> Ints:
    """A number for each column; equal columns have equal numbers."""
    rows = np.ascontiguousarray(columns.T)
    whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))
    _, which = np.unique(whole.reshape(-1), return_inverse=True)
    return np.asarray(which.reshape(-1), np.int64)


def _steps(source: Ints) -> Ints:
    """1 where an entry belongs to another source than the one before, so that cells differ by it too."""
    return np.concatenate([[0], (source[1:] != source[:-1]).astype(np.int64)])


def _distinct_cells(start: Ints, keys: Ints) -> tuple[Ints, Ints, Ints]:
    """Cells that differ: where their entries start, which entries they have, and which of them each cell is like."""
    number: dict[bytes, int] = {}
    alike = np.empty(start.size - 1, np.int64)
    first: list[int] = []
    keys = np.ascontiguousarray(keys)
    keys[start[:-1], 1] = 0  # whether the cell before ended with the same source does not matter
    for c, (a, b) in enumerate(itertools.pairwise(start.tolist())):
        which = number.setdefault(keys[a:b].tobytes(), len(number))
        if which == len(first):
            first.append(c)
        alike[c] = which
    size = np.diff(start)[first]
    stop = np.cumsum(size)
    return np.concatenate([[0], stop]), ranges(start[:-1][first], size), alike


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def _cells(
    start: Ints,
    unit: Ints,
    history: Ints,
    ground: Floats,
    unit_source: Ints,
    shape: Floats,
    scale: Floats,
    exists: Floats,
    left: Floats,
    possible: NDArray[np.bool_],
    longest: int,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, quantiles and chance of any per date, state and cell."""
    num_cells, num_draws, num_dates = len(start) - 1, left.shape[0], left.shape[2]
    mean = np.zeros((num_dates, 4, num_cells))
    low = np.zeros((num_dates, 4, num_cells))
    high = np.zeros((num_dates, 4, num_cells))
    some = np.zeros((num_dates, 4, num_cells))
    for c in numba.prange(num_cells):
        par = np.zeros((num_draws, 5))  # chance of the larger source, then size and mean of both mixtures
        for t in range(num_dates):
            for k in range(4):
                any_ground = False
                for e in range(start[c], start[c + 1]):
                    for i in range(3):
                        if (k == 3 or k == i) and possible[history[e], t, i]:
                            any_ground = True
                if not any_ground:
                    continue
                any_ground = False
                first_moment, none = 0.0, 0.0
                for j in range(num_draws):
                    # sources follow one another in a cell; the one with most items is kept apart from the rest
                    rest_mean, rest_var, p_none = 0.0, 0.0, 1.0
                    top_mean, top_var, top_exists = 0.0, 0.0, 1.0
                    src_mean, src_var, src_log = 0.0, 0.0, 0.0
                    share = 0.0
                    for e in range(start[c], start[c + 1]):
                        if k < 3:
                            share += ground[e] * left[j, history[e], t, k]
                        else:
                            share += ground[e] * (
                                left[j, history[e], t, 0]
                                + left[j, history[e], t, 1]
                                + left[j, history[e], t, 2]
                            )
                        u = unit[e]
                        is_last = e + 1 == start[c + 1]
                        if is_last or unit[e + 1] != u:
                            if share > 0.0:
                                any_ground = True
                                rate = scale[j, u] * share
                                src_mean += shape[j, u] * rate
                                src_var += shape[j, u] * rate * (1.0 + rate)
                                src_log -= shape[j, u] * np.log1p(rate)
                            share = 0.0
                            if is_last or unit_source[unit[e + 1]] != unit_source[u]:
                                q = exists[j, unit_source[u]]
                                p_none *= 1.0 - q + q * np.exp(src_log)
                                if src_mean > top_mean:
                                    rest_mean += top_exists * top_mean
                                    rest_var += top_exists * (
                                        top_var + (1.0 - top_exists) * top_mean * top_mean
                                    )
                                    top_mean, top_var, top_exists = src_mean, src_var, q
                                else:
                                    rest_mean += q * src_mean
                                    rest_var += q * (src_var + (1.0 - q) * src_mean * src_mean)
                                src_mean, src_var, src_log = 0.0, 0.0, 0.0
                    both_mean, both_var = rest_mean + top_mean, rest_var + top_var
                    first_moment += rest_mean + top_exists * top_mean
                    none += p_none
                    par[j, 0] = top_exists
                    par[j, 1], par[j, 2] = negative_binomial_size(rest_mean, rest_var), rest_mean
                    par[j, 3], par[j, 4] = negative_binomial_size(both_mean, both_var), both_mean
                if not any_ground:
                    continue
                mean[t, k, c] = first_moment / num_draws
                some[t, k, c] = 1.0 - none / num_draws
                if none / num_draws >= 0.95:
                    continue
                low[t, k, c], high[t, k, c] = mixture_interval(par, mean[t, k, c], longest)
    return mean, low, high, some
