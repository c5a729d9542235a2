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
    draws = np.arange(len(posterior.z)) if draws is None else draws
    entries = reduction.by_portion
    entry_area = reduction.portion_area[entries.key]
    mine = np.flatnonzero(entry_area >= 0)
    source = reduction.unit_source[entries.unit[mine]]
    order = mine[np.lexsort((entries.unit[mine], source, entry_area[mine]))]
    area, unit = entry_area[order], entries.unit[order]
    z = posterior.z[draws]
    left = compile_histories(reduction.histories, table, as_of_day, [day]).remaining(
        table, z, table.values(z)
    )
    shares = np.ascontiguousarray(left[:, :, 0])
    step = max(1, _NUMBERS_AT_ONCE // max(draws.size, 1) // _STATES)
    for first in range(0, areas.size, step):
        block = areas[first : first + step]
        rows = slice(*np.searchsorted(area, [block[0], block[-1] + 1]).tolist())
        keep = np.isin(area[rows], block)
        mine = order[rows][keep]
        unit_of, of_area = unit[rows][keep], area[rows][keep]
        pairs, _, pair = distinct(of_area, reduction.unit_source[unit_of])
        units, local = np.unique(unit_of, return_inverse=True)
        shape, scale = posterior.clumps(units, draws)
        walk = _LAWS.for_work(draws.size * mine.size)
        none, mean, variance = walk(
            shape, scale, shares, local.reshape(-1).astype(np.int64), entries.history[mine],
            entries.ground[mine], pair, len(pairs),
        )  # fmt: skip
        exists = posterior.exists[draws][:, pairs[:, 1]]
        yield _join(block, np.searchsorted(block, pairs[:, 0]), exists, none, mean, variance)


def _join(
    block: Ints, place: Ints, exists: Floats, none: Floats, mean: Floats, variance: Floats
) -> LeftInAreas:
    """Sources of the areas of a block added up."""
    shape = (len(exists), block.size)
    p_any, means, seconds = (np.zeros((*shape, _STATES)) for _ in range(3))
    some = np.zeros(shape)
    for pair, a in enumerate(place.tolist()):
        q = exists[:, pair, None]
        # chances of "any" are kept, not of "none": next to 1, small ones would lose their digits
        p_any[:, a] += q * (1.0 - none[:, pair]) * (1.0 - p_any[:, a])
        some[:, a] += exists[:, pair] * (1.0 - some[:, a])
        means[:, a] += q * mean[:, pair]
        seconds[:, a] += q * (variance[:, pair] + (1.0 - q) * np.square(mean[:, pair]))
    held = np.maximum(some, np.finfo(np.float64).tiny)[:, :, None]
    given = means / held
    return LeftInAreas(
        area=block,
        exists=some,
        p_any=p_any,
        mean=given,
        variance=np.maximum((seconds + np.square(means)) / held - np.square(given), 0.0),
    )


def _law_walk(
    shape: Floats,
    scale: Floats,
    left: Floats,
    unit: Ints,
    history: Ints,
    ground: Floats,
    pair: Ints,
    num_pairs: int,
) -> tuple[Floats, Floats, Floats]:
    """Chance of none, mean and variance, (n_draws, n_pairs, 4) each, if the source holds any.

    Entries stand in order of pair and unit, so that the ground of a unit is summed before its clump is integrated.
    """
    num_draws = left.shape[0]
    none = np.ones((num_draws, num_pairs, 4))
    mean = np.zeros((num_draws, num_pairs, 4))
    variance = np.zeros((num_draws, num_pairs, 4))
    for j in numba.prange(num_draws):
        reached = np.zeros(4)
        log_none = np.zeros(4)
        for e in range(len(unit)):
            for k in range(3):
                some = ground[e] * left[j, history[e], k]
                reached[k] += some
                reached[3] += some
            is_last = e + 1 == len(unit)
            if is_last or unit[e + 1] != unit[e] or pair[e + 1] != pair[e]:
                u, p = unit[e], pair[e]
                for k in range(4):
                    rate = scale[j, u] * reached[k]
                    log_none[k] -= shape[j, u] * np.log1p(rate)
                    mean[j, p, k] += shape[j, u] * rate
                    variance[j, p, k] += shape[j, u] * rate * (1.0 + rate)
                    reached[k] = 0.0
                if is_last or pair[e + 1] != p:
                    for k in range(4):
                        none[j, p, k] = np.exp(log_none[k])
                        log_none[k] = 0.0
    return none, mean, variance


_LAWS = OneOrAll(_law_walk, _LONG)
