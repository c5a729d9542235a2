"""What was foretold for each place, in whichever of the usual forms, as one record."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from remnant.errors import InvalidInput
from remnant.score.proper import check_quantiles, matching_size, p_any_of
from remnant.units import Floats, Ints, frozen, not_negative, probability

Q05, Q95 = 0.05, 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """A forecast for n places. Build it with `forecast`, which fills in what follows from what is given.

    Parameters
    ----------
    name
        For a reader.
    rank
        (n,) grows with the expected find; only its order counts.
    p_any
        (n,) chance that anything is found; None where the forecast states no chances. [1]
    mean
        (n,) or (n_draws, n) expected number; None where it states none. [items]
    size
        Broadcast to `mean`: size of its negative binomial, infinite for a Poisson. [1]
    levels, quantiles
        (n_levels,) and (n_levels, n); None where it states none. [1, items]
    draws
        (n_draws, n) equally likely numbers; None where it has none. [items]
    """

    name: str
    rank: Floats
    p_any: Floats | None
    mean: Floats | None
    size: Floats | None
    levels: Floats | None
    quantiles: Floats | None
    draws: Floats | None

    @property
    def num_places(self) -> int:
        """Places."""
        return self.rank.size

    def at(self, rows: Ints) -> Forecast:
        """The forecast for some of the places, in that order."""

        def cut(values: Floats | None) -> Floats | None:
            return None if values is None else values[..., rows]

        return replace(
            self,
            rank=self.rank[rows],
            p_any=cut(self.p_any),
            mean=cut(self.mean),
            size=cut(self.size),
            quantiles=cut(self.quantiles),
            draws=cut(self.draws),
        )


def forecast(
    name: str,
    *,
    p_any: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    size: ArrayLike | None = None,
    levels: ArrayLike | None = None,
    quantiles: ArrayLike | None = None,
    draws: ArrayLike | None = None,
    rank: ArrayLike | None = None,
) -> Forecast:
    """A checked forecast; give one form or several.

    Parameters
    ----------
    name
        For a reader.
    p_any
        (n,) chance that anything is found. Left out: from the numbers, if there are any. [1]
    mean
        (n,) expected number, or (n_draws, n), one row per draw of a posterior. [items]
    size
        Size of the negative binomial about each mean. Left out: that which gives `p_any` beside `mean`, or a Poisson
        where there is no `p_any`. [1]
    levels, quantiles
        (n_levels,) in (0, 1) and (n_levels, n) numbers. [1, items]
    draws
        (n_draws, n) equally likely numbers. [items]
    rank
        (n,) any number that grows with the expected find. Left out: `p_any`, else `mean`, else the highest quantile.

    Raises
    ------
    InvalidInput
        For nothing at all, unequal sizes, chances outside [0, 1] or negative numbers. A forecast that is unknown (NaN)
        for a place must leave the place out.

    Examples
    --------
    >>> forecast("Poisson", mean=[0.0, 2.0]).p_any.round(3).tolist()
    [0.0, 0.865]
    """
    mu = None if mean is None else not_negative(f"mean of {name}", mean)
    q = None if quantiles is None else not_negative(f"quantiles of {name}", quantiles)
    d = None if draws is None else not_negative(f"draws of {name}", draws)
    p = None if p_any is None else probability(f"chance of {name}", p_any)
    r = None if mu is None else _sizes(name, mu, size, p)
    if (levels is None) != (q is None):
        raise InvalidInput(f"{name}: quantiles and their levels belong together; one came without the other.")
    if q is not None and levels is not None:
        check_quantiles(np.asarray(levels, np.float64), q)
    if p is None and mu is not None and r is not None:
        p = np.clip(p_any_of(mu, r), 0.0, 1.0)
    elif p is None and d is not None:
        p = (d > 0.0).mean(axis=0)
    expected = mu if mu is None or mu.ndim == 1 else mu.mean(axis=0)
    order = next((v for v in (rank, p, expected, None if q is None else q[-1]) if v is not None), None)
    if order is None:
        raise InvalidInput(f"{name}: a chance, a mean, quantiles or draws are needed; none came.")
    order = np.asarray(order, dtype=np.float64)
    for what, values in (("chance", p), ("mean", mu), ("quantiles", q), ("draws", d)):
        if values is not None and values.shape[-1:] != order.shape:
            raise InvalidInput(
                f"{name}: {what} must be given for {order.size} places; got shape {values.shape}."
            )
    return Forecast(
        name=name,
        rank=order,
        p_any=p,
        mean=mu,
        size=r,
        levels=None if levels is None else np.asarray(frozen(levels), np.float64),
        quantiles=q,
        draws=d,
    )


def _sizes(name: str, mean: Floats, size: ArrayLike | None, p_any: Floats | None) -> Floats:
    if size is None:
        alone = p_any is None or mean.ndim > 1 or p_any.shape != mean.shape
        return np.full(mean.shape, np.inf) if alone or p_any is None else matching_size(mean, p_any)
    sizes = np.array(size, dtype=np.float64)
    if not (sizes > 0.0).all():
        raise InvalidInput(f"size of {name} must be above 0 (infinite for a Poisson); some are not.")
    if sizes.ndim == 1 and mean.ndim == 2 and sizes.size == len(mean) != mean.shape[1]:
        sizes = sizes[:, None]  # one size per draw
    return np.array(np.broadcast_to(sizes, mean.shape))
