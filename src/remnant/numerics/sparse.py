"""Sparse symmetric positive definite matrices: factor once, then solve, draw, log-determinant and marginal variances.

The factorisation itself is a library's: CHOLMOD by scikit-sparse where it is installed, SuperLU of SciPy otherwise.
Both give the same numbers to rounding. The triangular solves for many right-hand sides at a time and the selected
inverse [1]_ walk over the factor here, because neither library offers them.

References
----------
.. [1] K. Takahashi, J. Fagan, M.-S. Chin, "Formation of a sparse bus impedance matrix", 8th PICA Conf. (1973) 63-69.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix
from scipy.sparse.linalg import splu

from remnant.errors import NotEstimable
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints

_LONG = 10_000_000  # products of one solve above which threads pay
_AT_ONCE = 8  # right-hand sides that one thread carries through the factor together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factor:
    """A = Pᵀ L D Lᵀ P with unit lower triangular L by columns, its diagonal left out.

    Parameters
    ----------
    order
        (n,) row of A at each place of the factor: P.
    start, row, value
        (n + 1,), (n_entries,), (n_entries,): L below its diagonal, rows ascending.
    pivot
        (n,) D.
    """

    order: Ints
    start: Ints
    row: NDArray[np.int32]
    value: Floats
    pivot: Floats

    @property
    def log_det(self) -> float:
        """Logarithm of the determinant of A."""
        return float(np.log(self.pivot).sum())

    def solve(self, right: Floats) -> Floats:
        """A⁻¹ b for right-hand sides of shape (n,) or (n, m)."""
        return self.colour(self.whiten(right.reshape(len(right), -1))).reshape(right.shape)

    def colour(self, white: Floats) -> Floats:
        """Draws of N(0, A⁻¹) from standard normals of shape (n, m)."""
        held = np.ascontiguousarray(white / np.sqrt(self.pivot)[:, None])
        _BACKWARD.for_work(self._work(held))(self.start, self.row, self.value, held)
        out = np.empty_like(held)
        out[self.order] = held
        return out

    def whiten(self, right: Floats) -> Floats:
        """The transpose of `colour`, for right-hand sides of shape (n, m)."""
        held = np.ascontiguousarray(right[self.order], np.float64)
        _FORWARD.for_work(self._work(held))(self.start, self.row, self.value, held)
        held /= np.sqrt(self.pivot)[:, None]
        return held

    def _work(self, held: Floats) -> int:
        """Products of one solve."""
        return int(self.value.size * held.shape[1])

    def variances(self) -> Floats:
        """(n,) diagonal of A⁻¹."""
        out = np.empty_like(self.pivot)
        out[self.order] = _selected_inverse(self.start, self.row, self.value, self.pivot)
        return out


def factorise(matrix: csc_matrix | csr_matrix, *, use_cholmod: bool | None = None) -> Factor:
    """Factor of a sparse symmetric positive definite matrix.

    Parameters
    ----------
    matrix
        (n, n); both triangles are stored.
    use_cholmod
        Whether to use CHOLMOD; None: where scikit-sparse is installed.

    Raises
    ------
    NotEstimable
        If the matrix is not positive definite.

    Examples
    --------
    >>> a = csc_matrix(np.array([[4.0, 1.0], [1.0, 3.0]]))
    >>> factor = factorise(a)
    >>> factor.solve(np.array([1.0, 2.0])).round(6).tolist(), round(float(np.exp(factor.log_det)), 9)
    ([0.090909, 0.636364], 11.0)
    """
    if use_cholmod is None:
        use_cholmod = has_cholmod()
    order, lower, pivot = (_cholmod if use_cholmod else _superlu)(csc_matrix(matrix))
    if not (np.isfinite(pivot).all() and (pivot > 0.0).all()):
        raise NotEstimable("a precision matrix is not positive definite: the model's numbers have overflowed")
    lower.sort_indices()
    below = lower.indices != np.repeat(np.arange(len(pivot)), np.diff(lower.indptr))
    start = np.concatenate([[0], np.cumsum(np.add.reduceat(below.astype(np.int64), lower.indptr[:-1]))])
    return Factor(
        order=np.asarray(order, np.int64),
        start=start.astype(np.int64),
        row=lower.indices[below].astype(np.int32),
        value=np.asarray(lower.data[below], np.float64),
        pivot=np.asarray(pivot, np.float64),
    )


def has_cholmod() -> bool:
    """Whether CHOLMOD can be used from here."""
    return importlib.util.find_spec("sksparse") is not None


def _superlu(matrix: csc_matrix) -> tuple[Ints, csc_matrix, Floats]:
    try:
        found = splu(
            matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
    except RuntimeError as error:  # "Factor is exactly singular"
        raise NotEstimable(f"a precision matrix is singular ({error})") from error
    if (found.perm_r != found.perm_c).any():
        raise NotEstimable("a precision matrix is too far from positive definite to be factored")
    return np.argsort(found.perm_c), csc_matrix(found.L), np.asarray(found.U.diagonal())


def _cholmod(matrix: csc_matrix) -> tuple[Ints, csc_matrix, Floats]:
    cholmod: Any = importlib.import_module("sksparse.cholmod")  # optional: only where it is installed
    found = cholmod.cholesky(matrix, mode="auto", ordering_method="amd")
    lower, pivot = found.L_D()
    return np.asarray(found.P()), csc_matrix(lower), np.asarray(pivot.diagonal())


def _forward_columns(start: Ints, row: NDArray[np.int32], value: Floats, held: Floats) -> None:
    size, wide = held.shape
    for chunk in numba.prange((wide + _AT_ONCE - 1) // _AT_ONCE):
        first = chunk * _AT_ONCE
        if first + _AT_ONCE > wide:
            for j in range(size):
                for e in range(start[j], start[j + 1]):
                    for c in range(first, wide):
                        held[row[e], c] -= value[e] * held[j, c]
            continue
        own = np.empty(_AT_ONCE)
        for j in range(size):
            for c in range(_AT_ONCE):
                own[c] = held[j, first + c]
            for e in range(start[j], start[j + 1]):
                i, factor = row[e], value[e]
                for c in range(_AT_ONCE):
                    held[i, first + c] -= factor * own[c]


def _backward_columns(start: Ints, row: NDArray[np.int32], value: Floats, held: Floats) -> None:
    size, wide = held.shape
    for chunk in numba.prange((wide + _AT_ONCE - 1) // _AT_ONCE):
        first = chunk * _AT_ONCE
        if first + _AT_ONCE > wide:
            for j in range(size - 1, -1, -1):
                for e in range(start[j], start[j + 1]):
                    for c in range(first, wide):
                        held[j, c] -= value[e] * held[row[e], c]
            continue
        own = np.empty(_AT_ONCE)
        for j in range(size - 1, -1, -1):
            for c in range(_AT_ONCE):
                own[c] = held[j, first + c]
            for e in range(start[j], start[j + 1]):
                i, factor = row[e], value[e]
                for c in range(_AT_ONCE):
                    own[c] -= factor * held[i, first + c]
            for c in range(_AT_ONCE):
                held[j, first + c] = own[c]


_FORWARD, _BACKWARD = OneOrAll(_forward_columns, _LONG), OneOrAll(_backward_columns, _LONG)


@numba.njit(cache=True, nogil=True)
def _selected_inverse(start: Ints, row: NDArray[np.int32], value: Floats, pivot: Floats) -> Floats:
    """Diagonal of the inverse, from the entries of the inverse on the pattern of the factor."""
    size = len(pivot)
    inverse = np.zeros(len(value))  # same pattern as L, below the diagonal
    diagonal = np.zeros(size)
    place = np.full(size, -1, np.int64)  # where a row stands in the present column
    total = np.zeros(size)
    for j in range(size - 1, -1, -1):
        first, last = start[j], start[j + 1]
        for e in range(first, last):
            place[row[e]] = e
            total[row[e]] = 0.0
        for e in range(first, last):
            k = row[e]
            total[k] -= value[e] * diagonal[k]
            for f in range(start[k], start[k + 1]):
                i = row[f]
                p = place[i]
                if p >= 0:
                    total[i] -= value[e] * inverse[f]
                    total[k] -= value[p] * inverse[f]
        own = 1.0 / pivot[j]
        for e in range(first, last):
            inverse[e] = total[row[e]]
            own -= value[e] * inverse[e]
            place[row[e]] = -1
        diagonal[j] = own
    return diagonal
