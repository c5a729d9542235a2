"""Counts as evidence of a density: negative binomial rows, and what every other kind of evidence must offer too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from scipy.sparse import csr_matrix

from remnant.errors import InvalidInput
from remnant.numerics import Link
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats

_MANY = 300_000  # rows times chains above which threads pay
_BLOCKS = 64  # partial sums, a fixed number so that threads do not change the order of addition


class Likelihood(Protocol):
    """What evidence says of a field: a smooth function of the log field of its rows and of whitened nuisances.

    Arrays run over rows and, last, over chains: points that are evaluated together.
    """

    @property
    def num_rows(self) -> int:
        """Rows of evidence, each with a log field of its own."""
        ...

    @property
    def num_nuisances(self) -> int:
        """Whitened coordinates that the evidence depends on besides the field."""
        ...

    def value(self, field: Floats, z: Floats) -> Floats:
        """(n_chains,) log-likelihood at log fields (n_rows, n_chains) and nuisances (n_nuisances, n_chains)."""
        ...

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """The value, and its derivatives by the field (n_rows, n_chains) and nuisances (n_nuisances, n_chains)."""
        ...

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """How sharply it bends, averaged over chains: by the log means of groups of rows that are counted together.

        `share` (n_groups, n_rows) is how the log mean of a group follows the field of its rows (None: one row each);
        `weight` (n_groups,), not negative, its curvature; `by_z` (n_groups, n_nuisances) how the log mean follows the
        nuisances.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountEvidence:
    """Rows of counts: found ~ NegBinomial(mean = level · exp(log field) · exposure, shape = clump).

    Parameters
    ----------
    found
        (n_rows,) items; fractions are taken as they come. [items]
    exposure
        (n_rows,) effective ground searched; 0: not searched, says nothing. [unit of ground]
    level
        Prior of the density where the log field is 0. [items per unit of ground]
    clump
        Prior of the clump shape; None: no clumps (Poisson). [1]
    """

    found: Floats
    exposure: Floats
    level: Link
    clump: Link | None = None

    def __post_init__(self) -> None:
        found, exposure = (np.ascontiguousarray(v, np.float64) for v in (self.found, self.exposure))
        if found.shape != exposure.shape or found.ndim != 1:
            raise InvalidInput(
                f"found and exposure must have one length; got shapes {found.shape}, {exposure.shape}"
            )
        bad = np.flatnonzero(~((found >= 0.0) & (exposure >= 0.0) & ((exposure > 0.0) | (found == 0.0))))
        if bad.size:
            raise InvalidInput(
                f"counts and exposures must be at least 0, and nothing can be found where the exposure is 0; "
                f"{bad.size} of {found.size} rows are not so, first is row {bad[0]}: found {found[bad[0]]:g}, "
                f"exposure {exposure[bad[0]]:g}"
            )
        object.__setattr__(self, "found", found)
        object.__setattr__(self, "exposure", exposure)

    @property
    def num_rows(self) -> int:
        """Rows of evidence."""
        return int(self.found.size)

    @property
    def num_nuisances(self) -> int:
        """The level, and the clump shape if there are clumps."""
        return 1 if self.clump is None else 2

    def _numbers(self, z: Floats) -> tuple[Floats, Floats]:
        return level_and_shape(self.level, self.clump, z)

    def value(self, field: Floats, z: Floats) -> Floats:
        """See `Likelihood`; the constant −log found! is left out."""
        log_level, shape = self._numbers(z)
        parts, *_ = _COUNT_ROWS.for_work(field.size)(field, self.found, self.exposure, log_level, shape, 0)
        return np.asarray(parts.sum(axis=0))

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Likelihood`."""
        log_level, shape = self._numbers(z)
        parts, by_shape, by_field = _COUNT_ROWS.for_work(field.size)(
            field, self.found, self.exposure, log_level, shape, 1
        )
        by_z = np.empty_like(z)
        by_z[0] = by_field.sum(axis=0) * self.level.spread
        if self.clump is not None:
            by_z[1] = by_shape.sum(axis=0) * self.clump.spread
        return parts.sum(axis=0), by_field, by_z

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """See `Likelihood`."""
        log_level, shape = self._numbers(z)
        _, _, weight = _COUNT_ROWS.for_work(field.size)(field, self.found, self.exposure, log_level, shape, 2)
        by_z = np.zeros((self.num_rows, self.num_nuisances))
        by_z[:, 0] = self.level.spread
        return None, weight.mean(axis=1), by_z


def level_and_shape(level: Link, clump: Link | None, z: Floats) -> tuple[Floats, Floats]:
    """(n_chains,) log level and clump shape (no clumps: ∞), from whitened nuisances (n_nuisances, n_chains)."""
    shape = np.full(z.shape[1], np.inf) if clump is None else clump.value(z[1])
    return np.log(level.value(z[0])), np.ascontiguousarray(shape)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def digamma(x: float) -> float:
    """Derivative of log Γ, by recurrence and the asymptotic series (DLMF 5.11.2); error below 1e-11.

    Examples
    --------
    >>> round(digamma(1.0), 9)
    -0.577215665
    """
    out = 0.0
    while x < 8.0:
        out -= 1.0 / x
        x += 1.0
    w = 1.0 / (x * x)
    tail = w * (1.0 / 12.0 - w * (1.0 / 120.0 - w * (1.0 / 252.0 - w * (1.0 / 240.0 - w / 132.0))))
    return out + math.log(x) - 0.5 / x - tail


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def count_terms(found: float, mean: float, shape: float) -> tuple[float, float, float]:
    """Negative binomial log-likelihood, its derivative by log mean, and its curvature there (Poisson: shape = ∞)."""
    if shape == np.inf:
        return (found * math.log(mean) if found > 0.0 else 0.0) - mean, found - mean, mean
    rate = mean / (shape + mean)
    value = -shape * math.log1p(mean / shape)
    if found > 0.0:
        value += math.lgamma(shape + found) - math.lgamma(shape) + found * math.log(rate)
    return value, found - (shape + found) * rate, (shape + found) * rate * (1.0 - rate)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def by_log_shape(found: float, mean: float, shape: float) -> float:
    """Derivative of the negative binomial log-likelihood by the logarithm of its shape."""
    ratio = mean / shape
    out = -math.log1p(ratio) + (mean - found) / (shape + mean)
    if found > 0.0:
        out += digamma(shape + found) - digamma(shape)
    return shape * out


def _walk_rows(
    field: Floats, found: Floats, exposure: Floats, log_level: Floats, shape: Floats, want: int
) -> tuple[Floats, Floats, Floats]:
    """Sums over blocks of rows of value and derivative by log shape; derivative (1) or curvature (2) by row."""
    num_rows, chains = field.shape
    value, by_shape = np.zeros((_BLOCKS, chains)), np.zeros((_BLOCKS, chains))
    by_row = np.zeros((num_rows if want > 0 else 0, chains))
    for b in numba.prange(_BLOCKS):
        for r in range(b * num_rows // _BLOCKS, (b + 1) * num_rows // _BLOCKS):
            if exposure[r] <= 0.0:
                continue
            for c in range(chains):
                mean = math.exp(log_level[c] + field[r, c]) * exposure[r]
                v, slope, bend = count_terms(found[r], mean, shape[c])
                value[b, c] += v
                if want == 1:
                    by_row[r, c] = slope
                    if shape[c] < np.inf:
                        by_shape[b, c] += by_log_shape(found[r], mean, shape[c])
                elif want == 2:
                    by_row[r, c] = bend
    return value, by_shape, by_row


_COUNT_ROWS = OneOrAll(_walk_rows, _MANY)
