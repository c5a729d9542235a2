"""What is left on any ground made of cells: draws held apart from the fit, and summed with their correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.field.area_laws import laws_of_pieces
from remnant.field.history import compile_histories
from remnant.field.posterior import DensityPosterior
from remnant.field.remaining import Summary
from remnant.field.timeline import intervals_of
from remnant.numerics import distinct
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundDraws:
    """Pieces of ground in cells, and draws of what lies on them.

    Parameters
    ----------
    cell, unit, history, ground
        (n_pieces,) in order of cell; ground in m² times relative density.
    unit_source
        (n_units,) source of each unit.
    shape, scale
        (n_draws, n_units) of the Gamma density of each unit, [1] and [items per unit of ground].
    exists
        (n_draws, n_sources) chance that each source ever held anything. [1]
    left
        (n_draws, n_histories, n_days, 3) share of items left by state. [1]
    """

    cell: Ints
    unit: Ints
    history: Ints
    ground: Floats
    unit_source: Ints
    shape: Floats
    scale: Floats
    exists: Floats
    left: Floats


def ground_draws(
    posterior: DensityPosterior, days: Sequence[float], as_of_day: float, draws: Ints
) -> GroundDraws:
    """Draws of what lies in the cells of a case.

    Parameters
    ----------
    posterior
        Draws of the density model.
    days, as_of_day
        Asked days; the day up to which the records run. [d]
    draws
        Which draws to hold.
    """
    reduction, table, z = posterior.reduction, posterior.table, posterior.z[draws]
    entries = reduction.by_cell
    order = np.argsort(entries.key, kind="stable")
    units, unit = np.unique(entries.unit[order], return_inverse=True)
    used, history = np.unique(entries.history[order], return_inverse=True)
    sources, source = np.unique(reduction.unit_source[units], return_inverse=True)
    compiled = compile_histories([reduction.histories[h] for h in used], table, as_of_day, days)
    shape, scale = posterior.clumps(units, draws)
    return GroundDraws(
        cell=entries.key[order],
        unit=unit.reshape(-1).astype(np.int64),
        history=history.reshape(-1).astype(np.int64),
        ground=entries.ground[order],
        unit_source=source.reshape(-1).astype(np.int64),
        shape=shape,
        scale=scale,
        exists=posterior.exists[draws][:, sources],
        left=compiled.remaining(table, z, table.values(z)),
    )


def left_on_ground(held: GroundDraws, cells: Ints, share: Floats, day: int) -> Summary:
    """Armed, expired, dud and explosive items on some cells together, (4,) each.

    Mean and chance of any are exact mixtures over draws; the interval is that of negative binomials of each draw's mean
    and variance, mixed. Cells go together as their units, sources and draws do.

    Parameters
    ----------
    held
        Draws of the case.
    cells, share
        (n_chosen,) cells, ascending, and the share of each that counts. [1]
    day
        Index of the day.
    """
    place = np.searchsorted(cells, held.cell)
    place[place == cells.size] = 0
    mine = np.flatnonzero(cells[place] == held.cell) if cells.size else np.zeros(0, np.int64)
    source = held.unit_source[held.unit[mine]]
    mine = mine[np.lexsort((held.unit[mine], source))]
    unit = held.unit[mine]
    pairs, _, pair = distinct(np.zeros(mine.size, np.int64), held.unit_source[unit])
    exists, p_any, mean, variance = laws_of_pieces(
        held.shape,
        held.scale,
        np.ascontiguousarray(held.left[:, :, day]),
        unit,
        held.history[mine],
        held.ground[mine] * share[place[mine]],
        pair,
        pairs[:, 0],
        pairs[:, 1],
        held.exists,
        1,
    )
    every, some = (exists[:, :, None] * mean).mean(axis=0).T, p_any.mean(axis=0).T
    low, high = intervals_of(exists, mean, variance, every, some)
    return Summary(mean=every[:, 0], q05=low[:, 0], q95=high[:, 0], p_any=some[:, 0])
