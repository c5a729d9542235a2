"""Sparse symmetric positive definite matrices over places in the plane: factor once, then solve, draw, log-determinant.

Rows are eliminated in the order of nested dissection (`remnant.numerics.dissection`), a front of them at a time, and a
front hands what it leaves of its later rows on to its parent: the multifrontal method [1]_. Fronts are dense, so that
nearly all products are those of matrices. The numbers do not depend on how many threads there are.

References
----------
.. [1] J. W. H. Liu, "The multifrontal method for sparse matrix solution: theory and practice", SIAM Rev. 34 (1992)
   82-109.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from remnant.errors import NotEstimable
from remnant.numerics.dissection import Fronts, dissected, staged
from remnant.numerics.threads import OneOrAll, side_by_side
from remnant.units import Floats, Ints

_LONG = 10_000_000  # products of one solve above which threads pay
_AT_ONCE = 16  # right-hand sides that one thread carries through the factor together
_PANEL = 96  # columns of a front that are eliminated together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factor:
    """A = Pᵀ L Lᵀ P with lower triangular L, by panels of columns of its fronts.

    Parameters
    ----------
    fronts
        What is eliminated with what.
    panel
        (n_fronts + 1,) where the panels of each front start in `value`. A panel of w columns of a front of m rows that
        are left is (m, w), by rows; in the place of its first w rows stands their inverse.
    value
        (n_entries,) of all panels.
    diagonal
        (n,) of L.
    """

    fronts: Fronts
    panel: Ints
    value: Floats
    diagonal: Floats

    @property
    def log_det(self) -> float:
        """Logarithm of the determinant of A."""
        return 2.0 * float(np.log(self.diagonal).sum())

    def solve(self, right: Floats) -> Floats:
        """A⁻¹ b for right-hand sides of shape (n,) or (n, m)."""
        return self.colour(self.whiten(right.reshape(len(right), -1))).reshape(right.shape)

    def colour(self, white: Floats) -> Floats:
        """Draws of N(0, A⁻¹) from standard normals of shape (n, m)."""
        held = np.array(white, np.float64, order="C")
        self._walk(_BACKWARD, held)
        out = np.empty_like(held)
        out[self.fronts.order] = held
        return out

    def whiten(self, right: Floats) -> Floats:
        """The transpose of `colour`, for right-hand sides of shape (n, m)."""
        held = np.ascontiguousarray(right[self.fronts.order], np.float64)
        self._walk(_FORWARD, held)
        return held

    def _walk(self, loop: OneOrAll, held: Floats) -> None:
        fronts, work = self.fronts, int(self.value.size * held.shape[1])
        loop.for_work(work)(fronts.start, fronts.rim_start, fronts.rim, self.panel, self.value, held)


def factorise(matrix: csc_matrix | csr_matrix, at: Floats) -> Factor:
    """Factor of a sparse symmetric positive definite matrix.

    Parameters
    ----------
    matrix
        (n, n); both triangles are stored.
    at
        (n, 2) places of the rows, in any unit: entries are mostly between near places.

    Raises
    ------
    NotEstimable
        If the matrix is not positive definite.

    Examples
    --------
    >>> a = csc_matrix(np.array([[4.0, 1.0], [1.0, 3.0]]))
    >>> factor = factorise(a, np.array([[0.0, 0.0], [0.0, 1.0]]))
    >>> factor.solve(np.array([1.0, 2.0])).round(6).tolist(), round(float(np.exp(factor.log_det)), 9)
    ([0.090909, 0.636364], 11.0)
    """
    a = csc_matrix(matrix)
    start, row, entry = a.indptr.astype(np.int32), a.indices.astype(np.int32), np.asarray(a.data, np.float64)
    fronts = dissected(start, row, at)
    own, rim = np.diff(fronts.start), np.diff(fronts.rim_start)
    panel = np.concatenate([[0], np.cumsum(_panel_entries(own, rim))])
    value, diagonal = np.zeros(panel[-1]), np.empty(len(fronts.order))
    left: dict[int, Floats] = {}  # what fronts hand on, until their parents take it

    def eliminate(task: Ints) -> Floats:
        head = task[-1]
        below = fronts.child[fronts.child_start[head] : fronts.child_start[head + 1]]
        given = np.array([c for c in below.tolist() if c in left], np.int64)
        handed = np.concatenate([np.zeros(0), *(left.pop(c).ravel() for c in given.tolist())])
        return _eliminate(task, given, handed, fronts, start, row, entry, panel, value, diagonal)

    for stage in staged(fronts):
        done = side_by_side(eliminate, stage)
        left |= {int(task[-1]): rest for task, rest in zip(stage, done, strict=True) if rest.size}
    if not (np.isfinite(diagonal).all() and (diagonal > 0.0).all()):
        raise NotEstimable("a precision matrix is not positive definite: the model's numbers have overflowed")
    return Factor(fronts=fronts, panel=panel, value=value, diagonal=diagonal)


def _panel_entries(own: Ints, rim: Ints) -> Ints:
    """Entries of all panels of fronts."""
    whole, rest = np.divmod(own, _PANEL)
    # panels of full width begin 0, w, 2 w, … columns in; the last one has the columns that are left
    full = whole * (own + rim) * _PANEL - _PANEL**2 * (whole * (whole - 1) // 2)
    return np.asarray(full + rest * (rest + rim))


@numba.njit(cache=True, nogil=True, inline="always")
def _rank(ascending: Ints, wanted: int) -> int:
    """How many numbers lie below one."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(
    task: Ints,
    given: Ints,
    handed: Floats,
    fronts: Fronts,
    start: NDArray[np.int32],
    row: NDArray[np.int32],
    entry: Floats,
    panel: Ints,
    value: Floats,
    diagonal: Floats,
) -> Floats:
    """Write the panels of the fronts of a task; what the last of them leaves of its rim, as a lower triangle.

    Parameters
    ----------
    given, handed
        Children of the last front that were eliminated by other tasks, and what they leave, one after another.
    """
    known = np.concatenate((given, task))
    lefts = [np.zeros((0, 0)) for _ in known]
    offset = 0
    for s in range(len(given)):
        wide = fronts.rim_start[given[s] + 1] - fronts.rim_start[given[s]]
        lefts[s] = handed[offset : offset + wide * wide].reshape(wide, wide)
        offset += wide * wide
    for f in task:
        begin, end = fronts.start[f], fronts.start[f + 1]
        wide = fronts.rim_start[f + 1] - fronts.rim_start[f]
        panels, rest = value[panel[f] : panel[f + 1]], np.zeros((wide, wide))
        _add_entries(fronts, f, start, row, entry, panels)
        for c in fronts.child[fronts.child_start[f] : fronts.child_start[f + 1]]:
            s = _rank(known, c)
            _add_left(fronts, f, c, lefts[s], panels, rest)
            lefts[s] = np.zeros((0, 0))
        _factor_front(panels, end - begin, rest, diagonal[begin:end])
        lefts[_rank(known, f)] = rest
    return lefts[len(known) - 1]


@numba.njit(cache=True, nogil=True)
def _add_entries(
    fronts: Fronts,
    f: int,
    start: NDArray[np.int32],
    row: NDArray[np.int32],
    entry: Floats,
    panels: Floats,
) -> None:
    """Add the matrix's own entries to the panels of a front."""
    begin, end = fronts.start[f], fronts.start[f + 1]
    around = fronts.rim[fronts.rim_start[f] : fronts.rim_start[f + 1]]
    for p in range(begin, end):
        node = fronts.order[p]
        for e in range(start[node], start[node + 1]):
            q = fronts.place[row[e]]
            if q >= p:
                i = q - begin if q < end else end - begin + _rank(around, q)
                panels[_entry(i, p - begin, end - begin, len(around))] += entry[e]


@numba.njit(cache=True, nogil=True)
def _add_left(fronts: Fronts, f: int, c: int, left: Floats, panels: Floats, rest: Floats) -> None:
    """Add what a child leaves to the panels of a front and to its rest."""
    begin, own = fronts.start[f], fronts.start[f + 1] - fronts.start[f]
    around = fronts.rim[fronts.rim_start[f] : fronts.rim_start[f + 1]]
    places = fronts.rim[fronts.rim_start[c] : fronts.rim_start[c + 1]]
    local = np.empty(len(places), np.int64)
    for k in range(len(places)):
        q = places[k]
        local[k] = q - begin if q < begin + own else own + _rank(around, q)
    inner = _rank(local, own)
    for i in range(len(places)):
        for j in range(min(i + 1, inner)):
            panels[_entry(local[i], local[j], own, len(around))] += left[i, j]
        for j in range(inner, i + 1):
            rest[local[i] - own, local[j] - own] += left[i, j]


@numba.njit(cache=True, nogil=True, inline="always")
def _entry(i: int, j: int, own: int, wide: int) -> int:
    """Where entry (i, j), i ≥ j, of a front stands among its panels."""
    q = j // _PANEL
    w = min(_PANEL, own - q * _PANEL)
    before = q * (own + wide) * _PANEL - _PANEL * _PANEL * (q * (q - 1) // 2)
    return int(before + (i - q * _PANEL) * w + j - q * _PANEL)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _factor_front(value: Floats, own: int, rest: Floats, diagonal: Floats) -> None:
    """Eliminate the own columns of a front, and take what they explain from the rest."""
    num_rows = own + len(rest)
    product, offset = np.empty(num_rows * _PANEL), 0
    for begin in range(0, own, _PANEL):
        w = min(_PANEL, own - begin)
        rows = num_rows - begin
        now = value[offset : offset + rows * w].reshape(rows, w)
        _subtract_explained(value, own, num_rows, begin, now, product)
        _invert_root(now[:w], diagonal[begin : begin + w])
        if rows > w:
            out = product[: (rows - w) * w].reshape(rows - w, w)
            np.dot(now[w:], now[:w].T, out)
            now[w:] = out
        offset += rows * w
    for begin in range(0, len(rest), _PANEL):
        w = min(_PANEL, len(rest) - begin)
        _subtract_explained(value, own, num_rows, own + begin, rest[begin:, begin : begin + w], product)


@numba.njit(cache=True, nogil=True)
def _subtract_explained(
    value: Floats, own: int, num_rows: int, first: int, now: Floats, product: Floats
) -> None:
    """Take from some columns of a front, from their diagonal down, what the panels before them explain."""
    rows, w = now.shape
    out = product[: rows * w].reshape(rows, w)
    offset = 0
    for begin in range(0, min(first, own), _PANEL):
        wide, skip = min(_PANEL, own - begin), first - begin
        old = value[offset : offset + (num_rows - begin) * wide].reshape(num_rows - begin, wide)
        np.dot(old[skip:], old[skip : skip + w].T, out)
        now -= out
        offset += (num_rows - begin) * wide


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _invert_root(a: Floats, diagonal: Floats) -> None:
    """A positive definite matrix by its lower triangle becomes the inverse of its Cholesky factor."""
    size = len(a)
    for i in range(size):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = np.sqrt(total) if i == j else total / a[j, j]
        diagonal[i] = a[i, i]
    for i in range(size):
        own = 1.0 / a[i, i]
        held = a[i, :i].copy()
        a[i, :] = 0.0
        for k in range(i):
            for j in range(k + 1):
                a[i, j] -= own * held[k] * a[k, j]
        a[i, i] = own


def _forward_fronts(
    first: Ints, rim_start: Ints, rim: Ints, panel: Ints, value: Floats, held: Floats
) -> None:
    wide = held.shape[1]
    most = (np.diff(first) + np.diff(rim_start)).max()
    for chunk in numba.prange((wide + _AT_ONCE - 1) // _AT_ONCE):
        left = chunk * _AT_ONCE
        m = min(_AT_ONCE, wide - left)
        carried, product = np.empty(most * m), np.empty(most * m)
        for f in range(len(first) - 1):
            begin, own = first[f], first[f + 1] - first[f]
            around = rim[rim_start[f] : rim_start[f + 1]]
            rows = own + len(around)
            x = carried[: rows * m].reshape(rows, m)
            x[:own] = held[begin : begin + own, left : left + m]
            x[own:] = 0.0
            offset = panel[f]
            for p in range(0, own, _PANEL):
                w = min(_PANEL, own - p)
                now = value[offset : offset + (rows - p) * w].reshape(rows - p, w)
                solved = product[: w * m].reshape(w, m)
                np.dot(now[:w], x[p : p + w], solved)
                x[p : p + w] = solved
                if rows - p > w:
                    rest = product[: (rows - p - w) * m].reshape(rows - p - w, m)
                    np.dot(now[w:], x[p : p + w], rest)
                    x[p + w :] -= rest
                offset += (rows - p) * w
            held[begin : begin + own, left : left + m] = x[:own]
            for i in range(len(around)):
                for c in range(m):
                    held[around[i], left + c] += x[own + i, c]


def _backward_fronts(
    first: Ints, rim_start: Ints, rim: Ints, panel: Ints, value: Floats, held: Floats
) -> None:
    wide = held.shape[1]
    most = (np.diff(first) + np.diff(rim_start)).max()
    for chunk in numba.prange((wide + _AT_ONCE - 1) // _AT_ONCE):
        left = chunk * _AT_ONCE
        m = min(_AT_ONCE, wide - left)
        carried, product = np.empty(most * m), np.empty(_PANEL * m)
        for f in range(len(first) - 2, -1, -1):
            begin, own = first[f], first[f + 1] - first[f]
            around = rim[rim_start[f] : rim_start[f + 1]]
            rows = own + len(around)
            x = carried[: rows * m].reshape(rows, m)
            x[:own] = held[begin : begin + own, left : left + m]
            for i in range(len(around)):
                for c in range(m):
                    x[own + i, c] = held[around[i], left + c]
            offset = panel[f + 1]
            for p in range((own - 1) // _PANEL * _PANEL, -1, -_PANEL):
                w = min(_PANEL, own - p)
                offset -= (rows - p) * w
                now = value[offset : offset + (rows - p) * w].reshape(rows - p, w)
                solved = product[: w * m].reshape(w, m)
                if rows - p > w:
                    np.dot(now[w:].T, x[p + w :], solved)
                    x[p : p + w] -= solved
                np.dot(now[:w].T, x[p : p + w], solved)
                x[p : p + w] = solved
            held[begin : begin + own, left : left + m] = x[:own]


_FORWARD, _BACKWARD = OneOrAll(_forward_fronts, _LONG), OneOrAll(_backward_fronts, _LONG)
