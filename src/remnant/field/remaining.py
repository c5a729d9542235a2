"""How many items remain in every portion and in all: counts with their correlation, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.evidence import Ground
from remnant.field.history import add_left, ageless_classes, compile_histories
from remnant.field.posterior import DensityPosterior
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
    """

    portion: Summary
    by_group: dict[str, Summary]
    group_draws: dict[str, NDArray[np.int64]]


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
    compiled = compile_histories(reduction.histories, table, as_of_day, dates)
    values = table.values(posterior.z[:num])
    left = compiled.remaining(table, posterior.z[:num], values)
    entries = _by_unit(reduction.by_portion)
    order = np.argsort(reduction.unit_source[entries.unit], kind="stable")
    entry_source = reduction.unit_source[entries.unit][order]
    chunks = _source_chunks(reduction.portion_source, num_sources)

    def work(c: int) -> tuple[Ints, NDArray[np.int64]]:
        """Portions of a range of sources, and (n_draws, n_portions, n_dates, 3) counts of them."""
        first, last = chunks[c]
        rows = order[np.searchsorted(entry_source, first) : np.searchsorted(entry_source, last)]
        portions = np.flatnonzero((reduction.portion_source >= first) & (reduction.portion_source < last))
        rng = np.random.default_rng([*seed, c])
        units, unit = np.unique(entries.unit[rows], return_inverse=True)
        shape_u, scale_u = posterior.clumps(units, slice(0, num))
        exists = posterior.exists[:num, first:last]
        holds = rng.random(exists.shape) < exists
        density = rng.standard_gamma(shape_u) * scale_u
        rate = np.zeros((num, portions.size, len(dates), 3))
        add_left(
            rate, density, left, np.searchsorted(portions, entries.key[rows]), unit.reshape(-1),
            entries.history[rows], entries.ground[rows],
        )  # fmt: skip
        held = holds[:, reduction.portion_source[portions] - first]
        # every date uses the same random numbers, so that dates differ only where their rates do
        counts = np.stack(
            [
                np.random.default_rng([*seed, c, 1]).poisson(rate[:, :, t] * held[:, :, None])
                for t in range(len(dates))
            ],
            axis=2,
        )
        return portions, counts

    with ThreadPoolExecutor(_WORKERS) as pool:
        for done, (portions, counts) in enumerate(pool.map(work, range(len(chunks)))):
            everything = np.concatenate([counts, counts.sum(axis=3, keepdims=True)], axis=3)
            mean[portions] = everything.mean(axis=0)
            low[portions], high[portions] = _quantiles(everything)
            some[portions] = (everything > 0).mean(axis=0)
            for g in range(len(group_names)):
                totals[:, g] += counts[:, member[g, portions]].sum(axis=1)
            if progress is not None:
                progress((done + 1) / len(chunks))
    summed = np.concatenate([totals, totals.sum(axis=3, keepdims=True)], axis=3)
    return Remaining(
        portion=Summary(mean=mean, q05=low, q95=high, p_any=some),
        by_group={name: summarise(summed[:, g]) for g, name in enumerate(group_names)},
        group_draws={name: summed[:, g] for g, name in enumerate(group_names)},
    )


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
