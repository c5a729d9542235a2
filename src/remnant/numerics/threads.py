"""Work on several processors: whole tasks side by side, or one loop compiled twice, for one thread and for all."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba

Item = TypeVar("Item")
Result = TypeVar("Result")

_task = threading.local()


class OneOrAll:
    """A loop compiled without and with threads: small work would only wait for them.

    Parameters
    ----------
    walk
        A plain function whose outer loop is over `numba.prange`.
    least
        Work, in any unit, above which threads pay.
    """

    def __init__(self, walk: Callable[..., Any], least: int) -> None:
        assert isinstance(walk, types.FunctionType)
        # a name of its own, because compiled functions are kept on disk by name
        twin = types.FunctionType(walk.__code__, walk.__globals__, f"{walk.__name__}_threads")
        twin.__qualname__, twin.__module__ = twin.__name__, walk.__module__
        self.least = least
        self.one = numba.njit(cache=True, nogil=True, error_model="numpy")(walk)
        self.all = numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)(twin)

    def for_work(self, work: int) -> Callable[..., Any]:
        """The loop for so much work; for one thread within a task of `side_by_side`."""
        is_alone = not getattr(_task, "is_one_of_many", False)
        return self.all if work > self.least and is_alone else self.one


def side_by_side(call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Results of a call for every item, in order; as many at a time as there are threads (`NUMBA_NUM_THREADS`).

    The call must not depend on what the others do. It should spend its time in code that frees the interpreter:
    compiled loops, NumPy.

    Examples
    --------
    >>> side_by_side(lambda x: x * x, [1, 2, 3])
    [1, 4, 9]
    """
    every = list(items)
    workers = min(numba.get_num_threads(), len(every))
    if workers < 2 or getattr(_task, "is_one_of_many", False):
        return [call(item) for item in every]

    def alone(item: Item) -> Result:
        _task.is_one_of_many = True
        return call(item)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(alone, every))
