"""Expected items of hazard areas by state and date, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from remnant.field.history import add_left, compile_histories
from remnant.field.posterior import DensityPosterior
from remnant.units import Floats, Ints

_NUMBERS_AT_ONCE = 4_000_000


def area_states(
    posterior: DensityPosterior, dates: Sequence[float], as_of_day: float, areas: Ints | None = None
) -> Floats:
    """Expected armed, expired and dud items on the ground of each hazard area, given each draw.

    Parameters
    ----------
    posterior
        Draws of the density model.
    dates, as_of_day
        Asked days; the day up to which the records run. [d]
    areas
        Indices of the hazard areas that are wanted; None: all.

    Returns
    -------
    (n_draws, n_areas, n_dates, 3) items, the chance that an area holds none at all included. An area whose ground
    belongs to others, and so has no estimate of its own, is NaN: unknown, not zero.

    Notes
    -----
    The mean of `remnant.field.count_remaining` given the draw, without its noise: chance that the source holds any,
    times mean density of each unit, times ground, times the share of its history that is left in each state.
    """
    reduction, table = posterior.reduction, posterior.table
    entries = reduction.by_portion
    num, num_areas = len(posterior.z), reduction.area_m2.size if areas is None else areas.size
    place = np.full(reduction.area_m2.size + 1, -1)  # the last one is what index −1, no area, means
    place[np.arange(num_areas) if areas is None else areas] = np.arange(num_areas)
    area = place[reduction.portion_area[entries.key]]
    mine = np.flatnonzero(area >= 0)
    mine = mine[np.argsort(entries.unit[mine], kind="stable")]
    area, unit = area[mine], entries.unit[mine]
    used, history = np.unique(entries.history[mine], return_inverse=True)
    compiled = compile_histories([reduction.histories[h] for h in used], table, as_of_day, dates)
    left = compiled.remaining(table, posterior.z, table.values(posterior.z))
    out = np.zeros((num, num_areas, len(dates), 3))
    units = np.unique(unit)
    step = max(1, _NUMBERS_AT_ONCE // max(num, 1))
    for first in range(0, units.size, step):
        part = units[first : first + step]
        rows = slice(*np.searchsorted(unit, [part[0], part[-1] + 1]).tolist())
        shape, scale = posterior.clumps(part, slice(0, num))
        density = shape * scale * posterior.exists[:, reduction.unit_source[part]]
        add_left(
            out, density, left, area[rows], np.searchsorted(part, unit[rows]),
            history[rows], entries.ground[mine][rows],
        )  # fmt: skip
    out[:, ~np.isin(np.arange(num_areas), area)] = np.nan
    return out
