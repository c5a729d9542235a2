"""Ranges as distributions, in the whitened form that the sampler walks in.

A range with 5 % and 95 % points becomes logit-normal (probabilities) or log-normal (positive quantities); its whitened
coordinate z is standard normal, so every prior of a model is one vector of independent standard normals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri
from scipy.stats import qmc

Z95 = 1.6448536269514722  # 95 % point of the standard normal
_SMALLEST = 1e-12  # probabilities are kept this far from 0 and 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One parameter as a monotone function of a standard normal coordinate.

    Parameters
    ----------
    centre, spread
        Mean and standard deviation on the link scale (logit or log); spread 0 means certain.
    is_probability
        Logit link if true, log link otherwise.
    constant
        The value when it is certain.
    """

    centre: float
    spread: float
    is_probability: bool
    constant: float

    @property
    def is_certain(self) -> bool:
        """Whether the coordinate has no influence."""
        return self.spread == 0.0

    def value(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Parameter values at whitened coordinates, same shape.

        Examples
        --------
        >>> link_of(0.05, 0.20, is_probability=True).value(np.array([-Z95, Z95])).round(12).tolist()
        [0.05, 0.2]
        """
        if self.is_certain:
            return np.full(np.shape(z), self.constant)
        scaled = self.centre + self.spread * z
        return np.asarray(expit(scaled) if self.is_probability else np.exp(scaled))


def link_of(low: float, high: float, *, is_probability: bool) -> Link:
    """The link whose 5 % and 95 % points are `low` and `high`; equal numbers are certain."""
    if low == high:
        return Link(centre=np.nan, spread=0.0, is_probability=is_probability, constant=low)
    ends = (logit(low), logit(high)) if is_probability else (np.log(low), np.log(high))
    return Link(
        centre=float(0.5 * (ends[0] + ends[1])),
        spread=float((ends[1] - ends[0]) / (2.0 * Z95)),
        is_probability=is_probability,
        constant=np.nan,
    )


def even_normals(num_draws: int, dim: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Standard normal draws that fill their space evenly, (n_draws, dim): scrambled Sobol points [1]_.

    Means over them are many times less noisy than over independent draws, and still unbiased.

    References
    ----------
    .. [1] A. B. Owen, "Scrambled net variance for integrals of smooth functions", Ann. Statist. 25 (1997) 1541-1562.

    Examples
    --------
    >>> z = even_normals(1000, 3, rng=np.random.default_rng(1))
    >>> z.shape, bool(np.abs(z.mean(axis=0)).max() < 0.01)
    ((1000, 3), True)
    """
    if num_draws == 0 or dim == 0:
        return np.zeros((num_draws, dim))
    power = int(np.ceil(np.log2(num_draws)))
    points = qmc.Sobol(dim, scramble=True, rng=rng).random_base2(power)[:num_draws]
    return np.asarray(ndtri(np.clip(points, _SMALLEST, 1.0 - _SMALLEST)))
