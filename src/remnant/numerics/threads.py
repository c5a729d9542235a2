"""One loop compiled twice: for one thread, and for all of them where there is enough to do."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numba


def one_or_all(walk: Callable[..., Any]) -> dict[bool, Callable[..., Any]]:
    """The function compiled without (False) and with threads (True): small work would only wait for them.

    Parameters
    ----------
    walk
        A plain function whose outer loop is over `numba.prange`. The second copy has a name of its own, because
        compiled functions are kept on disk by name.
    """
    assert isinstance(walk, types.FunctionType)
    twin = types.FunctionType(walk.__code__, walk.__globals__, f"{walk.__name__}_threads")
    twin.__qualname__, twin.__module__ = twin.__name__, walk.__module__
    return {
        False: numba.njit(cache=True, nogil=True, error_model="numpy")(walk),
        True: numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)(twin),
    }
