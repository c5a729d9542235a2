"""Mean, 5 % and 95 % points and P(at least one) of 10 million cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from remnant.numerics import gamma_summary

TITLE = "Gamma summary of 10 million cells"
NUM = 10_000_000
REPEATS = 3
BASE = "scipy, 1 thread"

Floats = NDArray[np.float64]
Data = tuple[Floats, Floats]


def prepare(num: int = NUM) -> Data:
    """Clump shape of the block plus items found, and a rate of its own in every cell; ten cells warm up."""
    rng = np.random.default_rng([2026, *b"gamma"])
    found = rng.poisson(rng.gamma(0.3, 10.0, num))
    shape = rng.uniform(0.1, 2.0, num) + found
    rate = np.exp(rng.uniform(-3.0, 6.0, num))
    for threads in (1, 2):
        ours(threads)((shape[:10], rate[:10]))
    return shape, rate


def ours(threads: int) -> Callable[[Data], tuple[Floats, ...]]:
    """By the table."""

    def call(data: Data) -> tuple[Floats, ...]:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        one = gamma_summary(*data)
        return one.mean, one.q05, one.q95, one.p_any

    return call


def by_scipy(data: Data) -> tuple[Floats, ...]:
    """By the calls that a user would write."""
    shape, rate = data
    return (
        shape / rate,
        gammaincinv(shape, 0.05) / rate,
        gammaincinv(shape, 0.95) / rate,
        -np.expm1(-shape * np.log1p(1.0 / rate)),
    )


VARIANTS: Mapping[str, Callable[[Data], Any]] = {
    BASE: by_scipy,
    "remnant.numerics.gamma_summary, 1 thread": ours(1),
    "remnant.numerics.gamma_summary, 2 threads": ours(2),
}


def facts(data: Data, results: Mapping[str, tuple[Floats, ...]]) -> dict[str, str]:
    """Relative errors, and the memory that the results themselves take."""
    exact, mine = results[BASE], results["remnant.numerics.gamma_summary, 2 threads"]

    def worst(k: int) -> float:
        good = exact[k] > 0.0
        assert np.array_equal(mine[k] > 0.0, good)
        return float(np.abs(mine[k][good] / exact[k][good] - 1.0).max())

    names = ("mean", "5 % point", "95 % point", "P(at least one)")
    return {f"greatest relative error, {name}": f"{worst(k):.1e}" for k, name in enumerate(names)} | {
        "size of the four results": f"{sum(m.nbytes for m in mine) / 2**20:.0f} MB"
    }
