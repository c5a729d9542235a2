"""The unstructured part: clumps of Gamma-distributed density in square blocks, of one of several sizes.

Given which finds belong to no row, the density of a block is Gamma again, and the chance of the counts with all
densities summed out (negative binomial) chooses the block size, the level and the clump shape.
"""

from __future__ import annotations

from math import lgamma

import numpy as np

from remnant.field.rows.layout import Data, Limits, inner
from remnant.units import Floats, Ints

LEVEL, CLUMP = 0, 1  # log mean density [1/m²] and log shape


@inner
def block_counts(data: Data, size: int, is_row: Ints, counts: Floats) -> None:
    """Searched finds of the background in each block."""
    counts[:] = 0.0
    for i in range(data.x.size):
        if is_row[i] == 0 and data.is_searched[i]:
            counts[data.block[size, i]] += 1.0


@inner
def log_counts(data: Data, size: int, level: int, counts: Floats, hyper: Floats) -> float:
    """Log chance of the counts of all blocks with their densities summed out, up to a constant."""
    shape = np.exp(hyper[CLUMP])
    rate = np.exp(hyper[CLUMP] - hyper[LEVEL])
    total = 0.0
    for b in range(data.num_blocks[size]):
        total -= shape * np.log1p(data.exposure[size, level, b] / rate)
        if counts[b] > 0.0:
            total += lgamma(shape + counts[b]) - lgamma(shape)
            total -= counts[b] * np.log(rate + data.exposure[size, level, b])
    return total


@inner
def log_hyper(hyper: Floats, limits: Limits) -> float:
    """Prior of level and shape."""
    level = (hyper[LEVEL] - limits.log_level) / limits.spread_level
    clump = (hyper[CLUMP] - limits.log_clump) / limits.spread_clump
    return float(-0.5 * (level**2 + clump**2))


@inner
def draw_density(
    data: Data,
    size: int,
    level: int,
    counts: Floats,
    hyper: Floats,
    density: Floats,
    rng: np.random.Generator,
) -> None:
    """Draw the density of each block given its counts. [1/m²]"""
    shape, rate = np.exp(hyper[CLUMP]), np.exp(hyper[CLUMP] - hyper[LEVEL])
    for b in range(data.num_blocks[size]):
        drawn = rng.standard_gamma(shape + counts[b]) / (rate + data.exposure[size, level, b])
        density[b] = max(drawn, 1e-300)


@inner
def log_collapsed(
    data: Data, size: int, level: int, guessed: Floats, real: Floats, density: Floats, hyper: Floats
) -> float:
    """Log of (prior and background likelihood of the densities) over (their density as drawn from guessed counts).

    `real` counts all searched finds: the row likelihood is relative to a background that made every find.
    """
    total = log_counts(data, size, level, guessed, hyper)
    for b in range(data.num_blocks[size]):
        if real[b] > guessed[b]:
            total += (real[b] - guessed[b]) * np.log(density[b])
    return total


@inner
def walk_hyper(
    data: Data, size: int, level: int, counts: Floats, hyper: Floats, limits: Limits, rng: np.random.Generator
) -> None:
    """Metropolis steps of level and shape with the densities summed out; `hyper` changes in place."""
    now = log_counts(data, size, level, counts, hyper) + log_hyper(hyper, limits)
    trial = np.empty(2)
    for step in range(4):
        scale = (0.15, 0.6)[step % 2]
        for k in range(2):
            trial[k] = hyper[k] + scale * (k + 1) * rng.standard_normal()
        then = log_counts(data, size, level, counts, trial) + log_hyper(trial, limits)
        if np.log(rng.random()) < then - now:
            hyper[:] = trial
            now = then


@inner
def pick(log_weight: Floats, rng: np.random.Generator) -> int:
    """An index with chance proportional to the exponential of its weight."""
    peak = log_weight.max()
    chance = np.exp(log_weight - peak)
    rest = rng.random() * chance.sum()
    for k in range(log_weight.size):
        rest -= chance[k]
        if rest < 0.0:
            return k
    return int(np.argmax(log_weight))
