"""What is left in hazard areas on one day, draw by draw, in closed form: chances, means and variances by state.

Given draw j, a source on the ground of an area holds anything with chance q; if it does, the items of state k in a unit
are a Gamma mixture of Poissons with mean m = shape · scale · Σ ground · left_k, so that::

    P(none of state k) = Π_units (1 + scale Σ ground left_k)^−shape
    variance           = Σ_units m (1 + m / shape)

Sources on one ground are independent given the draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from remnant.field.history import compile_histories
from remnant.field.posterior import DensityPosterior
from remnant.numerics import distinct
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints

_NUMBERS_AT_ONCE = 3_000_000  # draws times areas of one block
_LONG = 300_000  # draws times entries above which threads pay
_STATES = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftInAreas:
    """Items on the ground of some hazard areas on one day; the last axis is armed, expired, dud, explosive.

    Parameters
    ----------
    area
        (n_areas,) index of each in the case.
    exists
        (n_draws, n_areas) chance that anything ever lay there. [1]
    p_any
        (n_draws, n_areas, 4) chance of any item. [1]
    mean, variance
        (n_draws, n_areas, 4) of the items, if anything ever lay there. [items, items²]
    """

    area: Ints
    exists: Floats
    p_any: Floats
    mean: Floats
    variance: Floats

    @property
    def expected(self) -> Floats:
        """(n_draws, n_areas, 4) expected items, the chance that nothing ever lay there included. [items]"""
        return self.exists[:, :, None] * self.mean


def left_in_all(
    posterior: DensityPosterior,
    day: float,
    as_of_day: float,
    areas: Ints,
    *,
    draws: Ints | None = None,
) -> LeftInAreas:
    """What is left in areas on a day, all in one: see `left_in_areas`."""
    num_draws = len(posterior.z) if draws is None else draws.size
    parts = list(left_in_areas(posterior, day, as_of_day, areas, draws=draws))
    shapes = {"exists": (0,), "p_any": (0, _STATES), "mean": (0, _STATES), "variance": (0, _STATES)}
    return LeftInAreas(
        area=np.concatenate([np.zeros(0, np.int64), *(p.area for p in parts)]),
        **{
            name: np.concatenate([np.zeros((num_draws, *none)), *(getattr(p, name) for p in parts)], axis=1)
            for name, none in shapes.items()
        },
    )


def left_in_areas(
    posterior: DensityPosterior,
    day: float,
    as_of_day: float,
    areas: Ints,
    *,
    draws: Ints | None = None,
) -> Iterator[LeftInAreas]:
    """What is left in areas on a day, a block of areas at a time so that memory stays small.

    Parameters
    ----------
    posterior
        Draws of the density model.
    day, as_of_day
        Asked day; the day up to which the records run. [d]
    areas
        Indices of the areas, ascending. One whose ground belongs to others has nothing: exists, means and chances of 0.
    draws
        Which draws; default all.
    """
    reduction, table = posterior.reduction, posterior.table
    some = slice(None) if draws is None else draws  # a slice copies nothing
    z, exists = posterior.z[some], posterior.exists[some]
    entries = reduction.by_portion
    entry_area = reduction.portion_area[entries.key]
    mine = np.flatnonzero(np.isin(entry_area, areas))
    source = reduction.unit_source[entries.unit[mine]]
    order = mine[np.lexsort((entries.unit[mine], source, entry_area[mine]))]
    area, unit = entry_area[order], entries.unit[order]
    used, history = np.unique(entries.history[order], return_inverse=True)
    compiled = compile_histories([reduction.histories[h] for h in used], table, as_of_day, [day])
    left = np.ascontiguousarray(compiled.remaining(table, z, table.values(z))[:, :, 0])
    ground = entries.ground[order]
    step = max(1, _NUMBERS_AT_ONCE // max(len(z), 1) // _STATES)
    for first in range(0, areas.size, step):
        block = areas[first : first + step]
        rows = slice(*np.searchsorted(area, [block[0], block[-1] + 1]).tolist())
        pairs, _, pair = distinct(area[rows], reduction.unit_source[unit[rows]])
        units, local = np.unique(unit[rows], return_inverse=True)
        shape, scale = posterior.clumps(units, some)
        held, p_any, mean, variance = laws_of_pieces(
            shape, scale, left, local.reshape(-1).astype(np.int64), history[rows], ground[rows], pair,
            np.searchsorted(block, pairs[:, 0]), pairs[:, 1], exists, block.size,
        )  # fmt: skip
        yield LeftInAreas(area=block, exists=held, p_any=p_any, mean=mean, variance=variance)


def laws_of_pieces(
    shape: Floats, scale: Floats, left: Floats, unit: Ints, history: Ints, ground: Floats, pair: Ints,
    pair_area: Ints, pair_source: Ints, exists: Floats, num_areas: int,
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Pieces of ground added up draw by draw: the fields of `LeftInAreas` from `exists` on.

    Parameters
    ----------
    shape, scale
        (n_draws, n_units) Gamma densities. [1], [items per unit of ground]
    left
        (n_draws, n_histories, 3) share of items left. [1]
    unit, history, ground, pair
        (n_pieces,) in order of pair and unit.
    pair_area, pair_source
        (n_pairs,) area and source whose pieces stand together.
    exists
        (n_draws, n_sources) [1]
    """
    walk = _LAWS.for_work(len(left) * pair.size)
    some, p_any, mean, variance = walk(
        shape, scale, left, unit, history, ground, pair, pair_area, pair_source, exists, num_areas
    )
    return some, p_any, mean, variance


def _law_walk(
    shape: Floats,
    scale: Floats,
    left: Floats,
    unit: Ints,
    history: Ints,
    ground: Floats,
    pair: Ints,
    pair_area: Ints,
    pair_source: Ints,
    exists: Floats,
    num_areas: int,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Chance of anything ever (n_draws, n_areas); chance of any, mean and variance, (n_draws, n_areas, 4) each.

    Entries stand in order of pair (of area and source) and unit, so that the ground of a unit is summed before its
    clump is integrated, and a source before it joins the others of its area. Chances of "any" are kept, not of "none":
    next to 1, small ones would lose their digits.
    """
    num_draws = left.shape[0]
    some = np.zeros((num_draws, num_areas))
    p_any = np.zeros((num_draws, num_areas, 4))
    means = np.zeros((num_draws, num_areas, 4))
    seconds = np.zeros((num_draws, num_areas, 4))
    for j in numba.prange(num_draws):
        reached, log_none = np.zeros(4), np.zeros(4)
        mean, variance = np.zeros(4), np.zeros(4)
        for e in range(len(unit)):
            for k in range(3):
                here = ground[e] * left[j, history[e], k]
                reached[k] += here
                reached[3] += here
            is_last = e + 1 == len(unit)
            if is_last or unit[e + 1] != unit[e] or pair[e + 1] != pair[e]:
                u = unit[e]
                for k in range(4):
                    rate = scale[j, u] * reached[k]
                    log_none[k] -= shape[j, u] * np.log1p(rate)
                    mean[k] += shape[j, u] * rate
                    variance[k] += shape[j, u] * rate * (1.0 + rate)
                    reached[k] = 0.0
            if is_last or pair[e + 1] != pair[e]:
                a, q = pair_area[pair[e]], exists[j, pair_source[pair[e]]]
                some[j, a] += q * (1.0 - some[j, a])
                for k in range(4):
                    p_any[j, a, k] += -q * np.expm1(log_none[k]) * (1.0 - p_any[j, a, k])
                    means[j, a, k] += q * mean[k]
                    seconds[j, a, k] += q * (variance[k] + (1.0 - q) * mean[k] ** 2)
                    log_none[k] = mean[k] = variance[k] = 0.0
        for a in range(num_areas):
            held = max(some[j, a], 1e-300)
            for k in range(4):
                second = (seconds[j, a, k] + means[j, a, k] ** 2) / held
                means[j, a, k] /= held
                seconds[j, a, k] = max(second - means[j, a, k] ** 2, 0.0)
    return some, p_any, means, seconds


_LAWS = OneOrAll(_law_walk, _LONG)
