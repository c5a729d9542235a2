"""Labelled places as evidence of a density: something was found there, or it was searched and nothing was found.

A place with density λ whose search has exposure E shows something with probability ``1 − (1 + λE/α)^(−α)``: the chance
that a negative binomial count with clump shape α is not zero (α = ∞: ``1 − exp(−λE)``). The log-likelihood is concave
in log λ for both outcomes. A place whose outcome is unknown has exposure 0 and says nothing: unknown is never a
negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from scipy.sparse import block_diag, csr_matrix, identity

from remnant.errors import InvalidInput
from remnant.field.counts import Likelihood, level_and_shape
from remnant.numerics import Link
from remnant.units import Floats

_SMALL = 1e-300  # keeps the logarithm of a vanishing chance finite


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelEvidence:
    """Rows of labels: P(something found) = 1 − (1 + m/clump)^(−clump), m = level · exp(log field) · exposure.

    Parameters
    ----------
    is_found
        (n_rows,) 1 where something was found, 0 where a search found nothing (any number where exposure is 0). [1]
    exposure
        (n_rows,) effective ground searched; 0: outcome unknown, says nothing. [unit of ground]
    level
        Prior of the density where the log field is 0. [items per unit of ground]
    clump
        Prior of the clump shape; None: no clumps. [1]
    """

    is_found: Floats
    exposure: Floats
    level: Link
    clump: Link | None = None

    def __post_init__(self) -> None:
        found, exposure = (np.ascontiguousarray(v, np.float64) for v in (self.is_found, self.exposure))
        if found.shape != exposure.shape or found.ndim != 1:
            raise InvalidInput(
                f"is_found and exposure must have one length; got shapes {found.shape}, {exposure.shape}"
            )
        known = exposure > 0.0
        bad = np.flatnonzero((known & (found != 0.0) & (found != 1.0)) | ~(exposure >= 0.0))
        if bad.size:
            raise InvalidInput(
                f"labels must be 0 or 1 and exposures at least 0; {bad.size} of {found.size} rows are not, first is "
                f"row {bad[0]}: label {found[bad[0]]:g}, exposure {exposure[bad[0]]:g}. Unknown: exposure 0."
            )
        object.__setattr__(self, "is_found", np.where(known, found, 0.0))
        object.__setattr__(self, "exposure", exposure)

    @property
    def num_rows(self) -> int:
        """Rows of evidence."""
        return int(self.is_found.size)

    @property
    def num_nuisances(self) -> int:
        """The level, and the clump shape if there are clumps."""
        return 1 if self.clump is None else 2

    def _numbers(self, z: Floats) -> tuple[Floats, Floats]:
        return level_and_shape(self.level, self.clump, z)

    def value(self, field: Floats, z: Floats) -> Floats:
        """See `Likelihood`."""
        return np.asarray(_label_rows(field, self.is_found, self.exposure, *self._numbers(z), 0)[0])

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Likelihood`."""
        value, by_shape, by_field = _label_rows(field, self.is_found, self.exposure, *self._numbers(z), 1)
        by_z = np.empty_like(z)
        by_z[0] = by_field.sum(axis=0) * self.level.spread
        if self.clump is not None:
            by_z[1] = by_shape * self.clump.spread
        return value, by_field, by_z

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """See `Likelihood`."""
        _, _, weight = _label_rows(field, self.is_found, self.exposure, *self._numbers(z), 2)
        by_z = np.zeros((self.num_rows, self.num_nuisances))
        by_z[:, 0] = self.level.spread
        return None, weight.mean(axis=1), by_z


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def label_terms(is_found: float, mean: float, shape: float) -> tuple[float, float, float, float]:
    """Log-likelihood of a label, its derivative by log mean, curvature there, and derivative by log shape."""
    if shape == np.inf:
        log_none, pull, bend, by_shape = -mean, mean, 1.0, 0.0
    else:
        ratio = mean / shape
        log_none, bend = -shape * math.log1p(ratio), 1.0 / (1.0 + ratio)
        pull = mean * bend
        by_shape = -shape * (math.log1p(ratio) - ratio * bend)
    if is_found == 0.0:
        return log_none, -pull, pull * bend, by_shape
    some = max(-math.expm1(log_none), _SMALL)
    odds = math.exp(log_none) / some  # of nothing against something
    # near mean 0 the curvature is a difference of nearly equal numbers; it vanishes there
    return math.log(some), pull * odds, max(pull * odds * (pull / some - bend), 0.0), -odds * by_shape


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _label_rows(
    field: Floats, is_found: Floats, exposure: Floats, log_level: Floats, shape: Floats, want: int
) -> tuple[Floats, Floats, Floats]:
    """Sums over rows of value and derivative by log shape; derivative (1) or curvature (2) by row."""
    num_rows, chains = field.shape
    value, by_shape = np.zeros(chains), np.zeros(chains)
    by_row = np.zeros((num_rows if want > 0 else 0, chains))
    for r in range(num_rows):
        if exposure[r] <= 0.0:
            continue
        for c in range(chains):
            mean = math.exp(log_level[c] + field[r, c]) * exposure[r]
            v, slope, bend, own = label_terms(is_found[r], mean, shape[c])
            value[c] += v
            by_shape[c] += own
            if want == 1:
                by_row[r, c] = slope
            elif want == 2:
                by_row[r, c] = bend
    return value, by_shape, by_row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stacked:
    """Several kinds of evidence of one field: rows one after another, each kind with nuisances of its own.

    Parameters
    ----------
    parts
        In the order of their rows and nuisances.
    """

    parts: tuple[Likelihood, ...]

    @property
    def num_rows(self) -> int:
        """Rows of all kinds."""
        return sum(p.num_rows for p in self.parts)

    @property
    def num_nuisances(self) -> int:
        """Nuisances of all kinds."""
        return sum(p.num_nuisances for p in self.parts)

    def _pieces(self, field: Floats, z: Floats) -> list[tuple[Likelihood, Floats, Floats]]:
        rows = np.cumsum([0, *(p.num_rows for p in self.parts)])
        numbers = np.cumsum([0, *(p.num_nuisances for p in self.parts)])
        return [
            (p, np.ascontiguousarray(field[rows[i] : rows[i + 1]]), z[numbers[i] : numbers[i + 1]])
            for i, p in enumerate(self.parts)
        ]

    def value(self, field: Floats, z: Floats) -> Floats:
        """See `Likelihood`."""
        return np.asarray(np.sum([p.value(f, n) for p, f, n in self._pieces(field, z)], axis=0))

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Likelihood`."""
        found = [p.gradient(f, n) for p, f, n in self._pieces(field, z)]
        value, by_field, by_z = zip(*found, strict=True)
        return np.sum(value, axis=0), np.concatenate(by_field), np.concatenate(by_z)

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """See `Likelihood`."""
        found = [p.curvature(f, n) for p, f, n in self._pieces(field, z)]
        weight = np.concatenate([w for _, w, _ in found])
        by_z = block_diag([b for *_, b in found]).toarray()
        if all(share is None for share, *_ in found):
            return None, weight, by_z
        shares = [
            identity(p.num_rows, format="csr") if share is None else share
            for p, (share, *_) in zip(self.parts, found, strict=True)
        ]
        return block_diag(shares, format="csr"), weight, by_z
