"""Numbers of items that remain, with random numbers that runs of one case share: what makes their differences quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv
from scipy.stats import poisson

from remnant.field.carry import source_keys, unit_keys
from remnant.field.history import add_left, compile_histories
from remnant.field.posterior import DensityPosterior
from remnant.units import Floats, Ints

_NUMBERS_AT_ONCE = 4_000_000
SCOPES = ("hazard areas", "deposits", "outside hazard areas", "place unknown")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedCounts:
    """Items that remain by draw.

    Parameters
    ----------
    expected
        (n_draws, n_scopes, n_dates, 3) items armed, expired and dud that a draw's densities expect. [items]
    counts
        The same as whole numbers.
    """

    expected: Floats
    counts: Floats


def paired_counts(
    posterior: DensityPosterior,
    dates: Sequence[float],
    as_of_day: float,
    *,
    seed: Sequence[int],
    alias: Mapping[str, str],
) -> PairedCounts:
    """Items that remain in each of `SCOPES`, with random numbers that belong to a place, not to a position.

    Parameters
    ----------
    posterior
        Draws of the density model.
    dates, as_of_day
        Asked days; the day up to which the records run. [d]
    seed
        Of the run: the same seed shares all random numbers that have the same name.
    alias
        Class → class whose random numbers it shares, by label.

    Notes
    -----
    Whether a source holds anything, the clump of a unit and the number of items of a scope in a state are all read off
    as quantiles at uniform random numbers, one stream per source, unit and scope. A quantile rises with what it is the
    quantile of, so two runs that share the numbers differ as little as their distributions allow; where the
    distributions are equal the numbers are equal.
    """
    reduction, table, num = posterior.reduction, posterior.table, len(posterior.z)
    compiled = compile_histories(reduction.histories, table, as_of_day, dates)
    left = compiled.remaining(table, posterior.z, table.values(posterior.z))
    holds = _holds(posterior, seed, alias)
    entries = reduction.by_portion
    order = np.argsort(entries.unit, kind="stable")
    unit, scope = entries.unit[order], _scope(posterior)[entries.key[order]]
    expected = np.zeros((num, len(SCOPES), len(dates), 3))
    streams = _streams(posterior, seed, alias)
    units = np.unique(unit)
    step = max(1, _NUMBERS_AT_ONCE // max(num, 1))
    for first in range(0, units.size, step):
        part = units[first : first + step]
        rows = slice(*np.searchsorted(unit, [part[0], part[-1] + 1]).tolist())
        shape, scale = posterior.clumps(part, slice(0, num))
        place = np.stack([np.random.default_rng(streams[u]).random(num) for u in part.tolist()], axis=1)
        density = gammaincinv(shape, place) * scale * holds[:, reduction.unit_source[part]]
        add_left(
            expected, density, left, scope[rows], np.searchsorted(part, unit[rows]),
            entries.history[order][rows], entries.ground[order][rows],
        )  # fmt: skip
    rng = np.random.default_rng([*seed, *b"items"])
    at = rng.random((num, len(SCOPES), 1, 3))
    counts = np.where(expected > 0.0, poisson.ppf(at, np.maximum(expected, 1e-300)), 0.0)
    return PairedCounts(expected=expected, counts=counts)


def _scope(posterior: DensityPosterior) -> Ints:
    """(n_portions,) index into `SCOPES`."""
    reduction = posterior.reduction
    kind = reduction.source_kind[reduction.portion_source]
    known = np.select([kind == "area", kind == "deposit"], [0, 1], 2)
    return np.asarray(np.where(reduction.portion_placed, known, 3), np.int64)


def _holds(posterior: DensityPosterior, seed: Sequence[int], alias: Mapping[str, str]) -> Floats:
    """(n_draws, n_sources) 1 where a source holds anything."""
    num = len(posterior.z)
    names = [_bytes("source", *key) for key in source_keys(posterior.reduction, alias)]
    place = [np.random.default_rng([*seed, *name]).random(num) for name in _told_apart(names)]
    return np.asarray(np.stack(place, axis=1) < posterior.exists, np.float64) if place else posterior.exists


def _streams(
    posterior: DensityPosterior, seed: Sequence[int], alias: Mapping[str, str]
) -> list[tuple[int, ...]]:
    """Seed of every unit: what it is named after, and which one of that name."""
    names = [
        _bytes("unit", kind, area, label if (x, y) == (-1, -1) else "", x, y)
        for kind, area, label, x, y in unit_keys(posterior.reduction, alias)
    ]
    return [(*seed, *name) for name in _told_apart(names)]


def _bytes(*words: object) -> tuple[int, ...]:
    return tuple("|".join(str(w) for w in words).encode())


def _told_apart(names: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Names with a number behind, so that no two are the same."""
    met: Counter[tuple[int, ...]] = Counter()
    out = []
    for name in names:
        out.append((*name, met[name]))
        met[name] += 1
    return out
