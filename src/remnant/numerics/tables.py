"""Integer tables: distinct rows, and runs of indices."""

from __future__ import annotations

import numpy as np

from remnant.units import Ints


def distinct(*columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct rows of integer columns (−1 allowed), where each first stands, and which row is which.

    Examples
    --------
    >>> rows, first, which = distinct(np.array([3, -1, 3]), np.array([0, 5, 0]))
    >>> rows.tolist(), first.tolist(), which.tolist()
    ([[-1, 5], [3, 0]], [1, 0], [1, 0, 1])
    """
    code = np.zeros(columns[0].size, np.int64)
    for column in columns:
        code = code * (int(column.max(initial=-1)) + 2) + (column + 1)
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return np.stack([c[first] for c in columns], axis=1), first, inverse.reshape(-1).astype(np.int64)


def ranges(first: Ints, count: Ints) -> Ints:
    """The indices ``first[i] … first[i] + count[i] − 1`` of every i, one run after the other.

    Examples
    --------
    >>> ranges(np.array([10, 4]), np.array([3, 2])).tolist()
    [10, 11, 12, 4, 5]
    """
    stop = np.cumsum(count)
    return np.asarray(np.arange(count.sum()) + np.repeat(first - (stop - count), count))
