"""Nested dissection: an order in which a sparse matrix over places in the plane has a factor of few entries.

The places are cut in two by a straight line, the ones next to the line on one side are put last, and the two parts that
they keep apart are cut likewise [1]_. On a lattice of n nodes the factor then has O(n log n) entries, and O(n^1.5)
products make it, as few as any order allows. Places only guide the cuts; what keeps parts apart is read off the matrix.

References
----------
.. [1] A. George, "Nested dissection of a regular finite element mesh", SIAM J. Numer. Anal. 10 (1973) 345-363.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.units import Floats, Ints

_LEAF = 40  # places that are no longer cut
_TASKS = 32  # shares of all products below which a subtree is one task


class Fronts(NamedTuple):
    """The fronts of a factor: rows that are eliminated together, children before parents. Compiled loops read it.

    Parameters
    ----------
    order
        (n,) row of the matrix at each place of the factor.
    place
        (n,) place in the factor of each row of the matrix.
    start
        (n_fronts + 1,) a front eliminates the places from its start to the next.
    rim_start, rim
        (n_fronts + 1,), (n_rims,): later places that each front reaches, ascending.
    child_start, child
        (n_fronts + 1,), (n_children,): fronts whose first later place lies in each.
    """

    order: Ints
    place: Ints
    start: Ints
    rim_start: Ints
    rim: Ints
    child_start: Ints
    child: Ints


def dissected(start: NDArray[np.int32], row: NDArray[np.int32], at: Floats) -> Fronts:
    """Fronts for the pattern of a symmetric matrix.

    Parameters
    ----------
    start, row
        (n + 1,), (n_entries,): rows of the entries of each column, of both triangles.
    at
        (n, 2) places of the rows, in any unit.
    """
    order, first = _cut(start, row, np.ascontiguousarray(at, np.float64))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    rim_start, rim = _rims(start, row, order, place, first)
    num = len(first) - 1
    parent = _parents(first, rim_start, rim)
    child = np.argsort(parent, kind="stable")
    bounds = np.searchsorted(parent[child], np.arange(num + 1))
    return Fronts(order, place, first, rim_start, rim, bounds - bounds[0], child[bounds[0] :])


def _parents(start: Ints, rim_start: Ints, rim: Ints) -> Ints:
    """(n_fronts,) the front of the first later place that each reaches; −1: it reaches none."""
    parent = np.full(len(start) - 1, -1)
    inner = np.flatnonzero(np.diff(rim_start))
    parent[inner] = np.searchsorted(start, rim[rim_start[inner]], side="right") - 1
    return parent


def staged(fronts: Fronts) -> list[list[Ints]]:
    """Fronts that make a task, tasks that can go side by side, and stages one after another.

    Subtrees of little work come first, each a task; then the fronts above them, each after its children.
    """
    parent = _parents(fronts.start, fronts.rim_start, fronts.rim)
    own, rim, num = np.diff(fronts.start), np.diff(fronts.rim_start), len(parent)
    total = (own * np.square((own + rim).astype(np.float64))).tolist()
    up = parent.tolist()
    for f in range(num):
        if up[f] >= 0:
            total[up[f]] += total[f]
    most = sum(t for t, p in zip(total, up, strict=True) if p < 0) / _TASKS
    top, height = np.arange(num), np.zeros(num, np.int64)
    for f in range(num - 1, -1, -1):
        if up[f] >= 0 and total[up[f]] <= most:
            top[f] = top[up[f]]
    for f in range(num):
        if up[f] >= 0 and total[up[f]] > most:
            height[up[f]] = max(height[up[f]], height[f] + 1)
    members = np.argsort(top, kind="stable")
    heads, at = np.unique(top[members], return_index=True)
    stages: list[list[Ints]] = [[] for _ in range(int(height[heads].max(initial=-1)) + 1)]
    for head, task in zip(heads, np.split(members, at[1:]), strict=True):
        stages[height[head]].append(task)
    return stages


@numba.njit(cache=True, nogil=True)
def _cut(start: NDArray[np.int32], row: NDArray[np.int32], at: Floats) -> tuple[Ints, Ints]:
    """(n,) the order, and (n_fronts + 1,) where fronts start in it."""
    size, num_axes = at.shape
    order, spare = np.arange(size), np.empty(size, np.int64)
    side = np.full(size, -1)  # the last cut that a row lay beyond
    begins = np.zeros(size + 1, np.bool_)
    begins[size] = True
    todo = [(0, size)]
    cuts = 0
    while todo:
        low, high = todo.pop()
        if high > low:
            begins[low] = True
        if high - low <= _LEAF:
            continue
        axis, widest, line = 0, 0.0, 0.0
        for a in range(num_axes):
            least, most, mean = np.inf, -np.inf, 0.0
            for i in range(low, high):
                x = at[order[i], a]
                least, most, mean = min(least, x), max(most, x), mean + x
            if most - least > widest:
                axis, widest, line = a, most - least, mean / (high - low)
                line = max(
                    line, np.nextafter(least, most)
                )  # whatever rounding does to a mean: no side is empty
        if widest == 0.0:
            continue
        cuts += 1
        for i in range(low, high):
            if at[order[i], axis] >= line:
                side[order[i]] = cuts
        near, between, far = low, 0, 0
        for i in range(low, high):  # `far` from the end of the spare backwards, `between` from its start
            node = order[i]
            if side[node] == cuts:
                far += 1
                spare[size - far] = node
                continue
            touches = False
            for e in range(start[node], start[node + 1]):
                if side[row[e]] == cuts:
                    touches = True
                    break
            if touches:
                spare[between] = node
                between += 1
            else:
                order[near] = node
                near += 1
        for i in range(far):
            order[near + i] = spare[size - 1 - i]
        for i in range(between):
            order[near + far + i] = spare[i]
        if between > 0:
            begins[near + far] = True
        todo.append((low, near))
        todo.append((near, near + far))
    return order, np.flatnonzero(begins)


@numba.njit(cache=True, nogil=True)
def _rims(
    start: NDArray[np.int32], row: NDArray[np.int32], order: Ints, place: Ints, first: Ints
) -> tuple[Ints, Ints]:
    """(n_fronts + 1,) and (n_rims,) later places that each front reaches, itself or by what it inherits."""
    size, num = len(order), len(first) - 1
    front = np.empty(size, np.int64)
    for f in range(num):
        front[first[f] : first[f + 1]] = f
    seen = np.full(size, -1)
    rim_start, rim = np.zeros(num + 1, np.int64), np.empty(8 * size + 64, np.int64)
    eldest, sibling = np.full(num, -1), np.full(num, -1)
    for f in range(num):
        begin = count = rim_start[f]
        last = first[f + 1]
        if count + size > len(rim):
            rim = np.concatenate((rim, np.empty(len(rim) + size, np.int64)))
        for i in range(first[f], last):
            for e in range(start[order[i]], start[order[i] + 1]):
                p = place[row[e]]
                if p >= last and seen[p] != f:
                    seen[p] = f
                    rim[count] = p
                    count += 1
        c = eldest[f]
        while c >= 0:
            for i in range(rim_start[c], rim_start[c + 1]):
                p = rim[i]
                if p >= last and seen[p] != f:
                    seen[p] = f
                    rim[count] = p
                    count += 1
            c = sibling[c]
        rim[begin:count].sort()
        rim_start[f + 1] = count
        if count > begin:
            up = front[rim[begin]]
            sibling[f], eldest[up] = eldest[up], f
    return rim_start, rim[: rim_start[num]].copy()
