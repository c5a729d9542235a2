"""Marginal likelihoods by bridge sampling [1]_, and a smooth surface through noisy ones.

References
----------
.. [1] X.-L. Meng, W. H. Wong, "Simulating ratios of normalizing constants via a simple identity", Statistica Sinica 6
   (1996) 831-860.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from remnant.units import Floats

_GAP_SD, _GAP_REACH = 1.0, 3.0  # of the surface's departures from a plane: log weight, standard deviations
_GAP_SLOPE = 0.3  # of that plane: log weight to a standard deviation
_LEAST_SD = 0.02


def bridge(first: Floats, second: Floats) -> tuple[float, float]:
    """Log ratio of normalising constants from excesses under the fit and under the target, and its rough sd."""
    shift = float(np.median(second))
    a, b = np.exp(np.clip(first - shift, -700, 700)), np.exp(np.clip(second - shift, -700, 700))
    ratio = 1.0
    for _ in range(100):
        new = float((a / (a + ratio)).mean() / (1.0 / (b + ratio)).mean())
        if abs(new - ratio) < 1e-9 * ratio:
            break
        ratio = new
    top, bottom = a / (a + ratio), 1.0 / (b + ratio)
    var = top.var() / top.mean() ** 2 / top.size + bottom.var() / bottom.mean() ** 2 / bottom.size
    return shift + float(np.log(ratio)), float(np.sqrt(var))


def smooth_gaps(at: Floats, gap: Floats, sd: Floats, wanted: Floats) -> Floats:
    """(n_wanted,) smooth surface through noisy gaps: kriging about a plane of gentle slope.

    Parameters
    ----------
    at, wanted
        (n, n_axes), (n_wanted, n_axes) places. [standard deviations of the hyper-parameters]
    gap, sd
        (n,) logarithms, and their standard errors.

    Examples
    --------
    >>> at = np.array([[0.0, 0.0], [2.0, 0.0]])
    >>> smooth_gaps(at, np.array([1.0, 1.0]), np.array([0.1, 0.5]), np.array([[1.0, 3.0]])).round(6).tolist()
    [1.0]
    """

    def kernel(a: Floats, b: Floats) -> Floats:
        squares = np.square(a[:, None] - b).sum(axis=2)
        return np.asarray(_GAP_SD**2 * np.exp(-0.5 * squares / _GAP_REACH**2) + _GAP_SLOPE**2 * a @ b.T)

    held = cho_factor(kernel(at, at) + np.diag(np.square(np.maximum(sd, _LEAST_SD))))
    ones = np.ones(gap.size)
    flat = float(ones @ cho_solve(held, gap) / (ones @ cho_solve(held, ones)))
    return np.asarray(flat + kernel(wanted, at) @ cho_solve(held, gap - flat))
