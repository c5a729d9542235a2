"""Which factor matters most: how much of the variance of a result each factor alone explains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from remnant.errors import NotEstimable
from remnant.units import Floats

_LEAST_DRAWS = 64


def variance_shares(harm: Floats, factors: Mapping[str, Floats]) -> dict[str, float]:
    """First-order share of the variance of log harm that each factor explains, greatest first.

    Parameters
    ----------
    harm
        (n_draws,) above 0. [any]
    factors
        Name → (n_draws,) values; a constant one explains nothing.

    Returns
    -------
    Name → share in [0, 1]. Shares of independent factors add up to 1 or less; what is missing is from factors acting
    together.

    Raises
    ------
    NotEstimable
        With fewer than 64 usable draws, or harm that is the same in all.

    Notes
    -----
    ``S = Var(E[log H | x]) / Var(log H)`` [1]_, with the conditional mean taken over runs of equal numbers of draws in
    order of x, less what runs of pure noise would show (a share (B − 1)/(n − 1) for B runs of n draws).

    References
    ----------
    .. [1] A. Saltelli et al., "Global Sensitivity Analysis: The Primer", Wiley, 2008, ch. 1.

    Examples
    --------
    >>> z = np.random.default_rng(1).standard_normal((4000, 2))
    >>> shares = variance_shares(np.exp(3 * z[:, 0] + z[:, 1]), {"a": z[:, 0], "b": z[:, 1]})
    >>> {name: round(share, 1) for name, share in shares.items()}
    {'a': 0.9, 'b': 0.1}
    """
    usable = np.isfinite(harm) & (harm > 0.0)
    num = int(usable.sum())
    if num < _LEAST_DRAWS:
        raise NotEstimable(
            f"shares of variance need {_LEAST_DRAWS} draws with harm above 0; there are {num}. Take more draws."
        )
    logs = np.log(harm[usable])
    logs -= logs.mean()
    total = float(logs @ logs)
    if total <= 1e-24 * num:
        raise NotEstimable("harm is the same in every draw: no factor moves it, so none can matter most.")
    found = {name: _share(logs, total, values[usable]) for name, values in factors.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _share(logs: Floats, total: float, values: Floats) -> float:
    num = logs.size
    if np.ptp(values) == 0.0:
        return 0.0
    runs = max(4, min(32, round(num ** (1.0 / 3.0) * 1.5)))
    edges = np.linspace(0, num, runs + 1).astype(np.int64)
    ordered = logs[np.argsort(values, kind="stable")]
    sums = np.add.reduceat(ordered, edges[:-1])
    between = float((sums**2 / np.diff(edges)).sum()) / total
    noise = (runs - 1) / (num - 1)
    return float(np.clip((between - noise) / (1.0 - noise), 0.0, 1.0))
