"""How many items remain in every portion and in all: counts with their correlation, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.evidence import Ground
from remnant.field.history import ageless_classes, compile_histories
from remnant.field.posterior import DensityPosterior
from remnant.numerics import distinct
from remnant.units import Floats, Ints

Progress = Callable[[float], None]

_PORTIONS_AT_ONCE = 512  # portions whose counts are held for all draws
_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """What is reported of a number of items; all of one shape, last axis armed, expired, dud, explosive.

    Parameters
    ----------
    mean, q05, q95
        Mean and 90 % interval of the number of items. [items]
    p_any
        Chance of at least one. [1]
    """

    mean: Floats
    q05: Floats
    q95: Floats
    p_any: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remaining:
    """Counts of what remains.

    Parameters
    ----------
    portion
        (n_portions, n_dates, 4) summary of every portion.
    by_group
        Group name → summary (n_dates, 4) of the sum over its portions.
    group_draws
        Group name → (n_draws, n_dates, 4) counts that the summary was made from.
    area_any
        (n_draws, n_areas, n_dates, 2) chance, given a draw, that any armed item, and any explosive item, is left on the
        ground of each hazard area: its own or a delivery's. [1]
    area_exists
        (n_draws, n_areas) chance, given a draw, that anything ever lay there. [1]
    area_moments
        (n_draws, n_areas, 2) mean and variance of the explosive items there at the first date, given a draw and that
        anything ever lay there. [items, items²]
    """

    portion: Summary
    by_group: dict[str, Summary]
    group_draws: dict[str, NDArray[np.int64]]
    area_any: NDArray[np.float32]
    area_exists: Floats
    area_moments: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Chunk:
    """What one range of sources gives: counts of its portions, and what it adds to hazard areas (one row a pair)."""

    portions: Ints
    counts: NDArray[np.int64]  # (n_draws, n_portions, n_dates, 3)
    areas: Ints  # (n_pairs,) area of each pair of source and area
    exists: Floats  # (n_draws, n_pairs) chance that the source holds any
    nothing: Floats  # (n_draws, n_pairs, n_dates, 2) chance of no armed, of no explosive item, if it does
    moments: (
        Floats  # (n_draws, n_pairs, 2) mean and variance of explosive items at the first date, if it does
    )


def count_remaining(
    posterior: DensityPosterior,
    dates: Sequence[float],
    as_of_day: float,
    groups: dict[str, Ints],
    *,
    seed: Sequence[int],
    num_draws: int | None = None,
    progress: Progress | None = None,
) -> Remaining:
    """Numbers of items that remain in every portion, and in groups of portions with their correlation.

    Parameters
    ----------
    posterior
        Draws of the density model.
    dates, as_of_day
        Asked days; the day up to which the records run. [d]
    groups
        Name → portions that it adds up.
    seed
        Seed of the step; every chunk of sources has a stream of its own, so that threads do not matter.
    num_draws
        Use the first so many draws; default all.
    progress
        Called with the share done.
    """
    if len(dates) > 1 and never_changes(posterior):
        once = count_remaining(
            posterior, dates[:1], as_of_day, groups, seed=seed, num_draws=num_draws, progress=progress
        )
        return Remaining(
            portion=repeated(once.portion, len(dates), axis=1),
            by_group={name: repeated(s, len(dates), axis=0) for name, s in once.by_group.items()},
            group_draws={name: np.repeat(d, len(dates), axis=1) for name, d in once.group_draws.items()},
            area_any=np.repeat(once.area_any, len(dates), axis=2),
            area_exists=once.area_exists,
            area_moments=once.area_moments,
        )
    reduction, table = posterior.reduction, posterior.table
    num = len(posterior.z) if num_draws is None else min(num_draws, len(posterior.z))
    num_portions = reduction.portion_source.size
    num_sources = reduction.source_kind.size
    group_names = list(groups)
    member = np.zeros((len(group_names), num_portions), np.bool_)
    for g, name in enumerate(group_names):
        member[g, groups[name]] = True
    shape = (num_portions, len(dates), 4)
    mean, low, high, some = (np.zeros(shape) for _ in range(4))
    totals = np.zeros((num, len(group_names), len(dates), 3), np.int64)
    areas = _Areas.empty(num, reduction.area_m2.size, len(dates))
    compiled = compile_histories(reduction.histories, table, as_of_day, dates)
    values = table.values(posterior.z[:num])
    left = compiled.remaining(table, posterior.z[:num], values)
    entries = _by_unit(reduction.by_portion)
    order = np.argsort(reduction.unit_source[entries.unit], kind="stable")
    entry_source = reduction.unit_source[entries.unit][order]
    chunks = _source_chunks(reduction.portion_source, num_sources)

    def work(c: int) -> _Chunk:
        first, last = chunks[c]
        rows = order[np.searchsorted(entry_source, first) : np.searchsorted(entry_source, last)]
        portions = np.flatnonzero((reduction.portion_source >= first) & (reduction.portion_source < last))
        rng = np.random.default_rng([*seed, c])
        units, unit = np.unique(entries.unit[rows], return_inverse=True)
        shape_u, scale_u = posterior.clumps(units, slice(0, num))
        exists = posterior.exists[:num, first:last]
        holds = rng.random(exists.shape) < exists
        density = rng.standard_gamma(shape_u) * scale_u
        portion = np.searchsorted(portions, entries.key[rows])
        unit_of = unit.reshape(-1).astype(np.int64)
        rate = _portion_rates(
            density, left, portion, unit_of, entries.history[rows], entries.ground[rows], len(portions)
        )
        held = holds[:, reduction.portion_source[portions] - first]
        # every date uses the same random numbers, so that dates differ only where their rates do
        counts = np.stack(
            [
                np.random.default_rng([*seed, c, 1]).poisson(rate[:, :, t] * held[:, :, None])
                for t in range(len(dates))
            ],
            axis=2,
        )
        # what lies in no hazard area counts for none
        area, source = reduction.portion_area[entries.key[rows]], reduction.unit_source[entries.unit[rows]]
        inside = np.flatnonzero(area >= 0)
        inside = inside[np.lexsort((unit_of[inside], area[inside], source[inside]))]
        pairs, _, pair = distinct(source[inside], area[inside])
        nothing, moments = _nothing(
            shape_u,
            scale_u,
            left,
            unit_of[inside],
            entries.history[rows][inside],
            entries.ground[rows][inside],
            pair,
            len(pairs),
        )
        return _Chunk(
            portions=portions,
            counts=counts,
            areas=pairs[:, 1],
            exists=posterior.exists[:num, pairs[:, 0]],
            nothing=nothing,
            moments=moments,
        )

    with ThreadPoolExecutor(_WORKERS) as pool:
        for done, chunk in enumerate(pool.map(work, range(len(chunks)))):
            portions, counts = chunk.portions, chunk.counts
            everything = np.concatenate([counts, counts.sum(axis=3, keepdims=True)], axis=3)
            mean[portions] = everything.mean(axis=0)
            low[portions], high[portions] = _quantiles(everything)
            some[portions] = (everything > 0).mean(axis=0)
            areas.add(chunk)
            for g in range(len(group_names)):
                totals[:, g] += counts[:, member[g, portions]].sum(axis=1)
            if progress is not None:
                progress((done + 1) / len(chunks))
    summed = np.concatenate([totals, totals.sum(axis=3, keepdims=True)], axis=3)
    return Remaining(
        portion=Summary(mean=mean, q05=low, q95=high, p_any=some),
        by_group={name: summarise(summed[:, g]) for g, name in enumerate(group_names)},
        group_draws={name: summed[:, g] for g, name in enumerate(group_names)},
        area_any=areas.any_left,
        area_exists=areas.exists,
        area_moments=areas.moments_given_any(),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Areas:
    """Chances and sums over the sources that may have put items on the ground of each hazard area, as they come in.

    Chances of "any" are kept, not of "none": next to 1, small ones would lose their digits.
    """

    any_left: NDArray[np.float32]  # (n_draws, n_areas, n_dates, 2) any armed, any explosive item
    exists: Floats  # (n_draws, n_areas) anything ever
    mean: Floats  # (n_draws, n_areas) explosive items at the first date
    variance: Floats

    @classmethod
    def empty(cls, num_draws: int, num_areas: int, num_dates: int) -> _Areas:
        """Ground on which nobody put anything."""
        shape = (num_draws, num_areas)
        return cls(
            any_left=np.zeros((*shape, num_dates, 2), np.float32),
            exists=np.zeros(shape),
            mean=np.zeros(shape),
            variance=np.zeros(shape),
        )

    def add(self, chunk: _Chunk) -> None:
        """Take in what a range of sources put there."""
        for pair, area in enumerate(chunk.areas.tolist()):
            q, mean, variance = chunk.exists[:, pair], chunk.moments[:, pair, 0], chunk.moments[:, pair, 1]
            some = q[:, None, None] * (1.0 - chunk.nothing[:, pair])
            self.any_left[:, area] += some * (1.0 - self.any_left[:, area])
            self.exists[:, area] += q * (1.0 - self.exists[:, area])
            self.mean[:, area] += q * mean
            self.variance[:, area] += q * (variance + (1.0 - q) * np.square(mean))

    def moments_given_any(self) -> Floats:
        """(n_draws, n_areas, 2) mean and variance given that anything ever lay there."""
        exists = np.maximum(self.exists, np.finfo(np.float64).tiny)
        mean = self.mean / exists
        variance = (self.variance + np.square(self.mean)) / exists - np.square(mean)
        return np.stack([mean, variance], axis=2)


def never_changes(posterior: DensityPosterior) -> bool:
    """Whether every asked date has the same answer: no class has a clock."""
    return all(ageless_classes(posterior.table))


def repeated(once: Summary, times: int, *, axis: int) -> Summary:
    """The same answer for several dates."""
    return Summary(
        **{name: np.repeat(getattr(once, name), times, axis=axis) for name in Summary.__dataclass_fields__}
    )


def summarise(counts: NDArray[np.int64]) -> Summary:
    """Summary over draws (first axis) of counts."""
    low, high = _quantiles(counts)
    return Summary(mean=counts.mean(axis=0), q05=low, q95=high, p_any=(counts > 0).mean(axis=0))


def _quantiles(counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    low, high = np.quantile(counts, [0.05, 0.95], axis=0, method="inverted_cdf")
    return low.astype(np.float64), high.astype(np.float64)


def _by_unit(entries: Ground) -> Ground:
    order = np.lexsort((entries.history, entries.key, entries.unit))
    return Ground(
        key=entries.key[order],
        unit=entries.unit[order],
        history=entries.history[order],
        ground=entries.ground[order],
    )


def _source_chunks(portion_source: Ints, num_sources: int) -> list[tuple[int, int]]:
    """Ranges of sources with a bounded number of portions each."""
    per_source = np.bincount(portion_source, minlength=num_sources)
    chunks, first, held = [], 0, 0
    for s in range(num_sources):
        if held and held + per_source[s] > _PORTIONS_AT_ONCE:
            chunks.append((first, s))
            first, held = s, 0
        held += int(per_source[s])
    if num_sources:
        chunks.append((first, num_sources))
    return chunks


@numba.njit(cache=True, nogil=True)
def _portion_rates(
    density: Floats, left: Floats, portion: Ints, unit: Ints, history: Ints, ground: Floats, num_portions: int
) -> Floats:
    """(n_draws, n_portions, n_dates, 3) expected items, if the source holds any."""
    num_draws, num_dates = left.shape[0], left.shape[2]
    out = np.zeros((num_draws, num_portions, num_dates, 3))
    for j in range(num_draws):
        for e in range(len(unit)):
            items = density[j, unit[e]] * ground[e]
            for t in range(num_dates):
                for k in range(3):
                    out[j, portion[e], t, k] += items * left[j, history[e], t, k]
    return out


@numba.njit(cache=True, nogil=True)
def _nothing(
    shape: Floats,
    scale: Floats,
    left: Floats,
    unit: Ints,
    history: Ints,
    ground: Floats,
    pair: Ints,
    num_pairs: int,
) -> tuple[Floats, Floats]:
    """(n_draws, n_pairs, n_dates, 2) chance of no armed, and of no explosive item, if the source held any.

    Also (n_draws, n_pairs, 2) mean and variance of explosive items at the first date.

    Entries stand in order of pair and unit, so that the ground of a unit is summed before its clump is integrated.
    """
    num_draws, num_dates = left.shape[0], left.shape[2]
    log_none = np.zeros((num_draws, num_pairs, num_dates, 2))
    moments = np.zeros((num_draws, num_pairs, 2))
    for j in range(num_draws):
        for t in range(num_dates):
            armed, every = 0.0, 0.0
            for e in range(len(unit)):
                armed += ground[e] * left[j, history[e], t, 0]
                every += ground[e] * (
                    left[j, history[e], t, 0] + left[j, history[e], t, 1] + left[j, history[e], t, 2]
                )
                if e + 1 == len(unit) or unit[e + 1] != unit[e] or pair[e + 1] != pair[e]:
                    u = unit[e]
                    log_none[j, pair[e], t, 0] -= shape[j, u] * np.log1p(scale[j, u] * armed)
                    log_none[j, pair[e], t, 1] -= shape[j, u] * np.log1p(scale[j, u] * every)
                    if t == 0:
                        rate = scale[j, u] * every
                        moments[j, pair[e], 0] += shape[j, u] * rate
                        moments[j, pair[e], 1] += shape[j, u] * rate * (1.0 + rate)
                    armed, every = 0.0, 0.0
    return np.exp(log_none), moments
