"""Posterior draws by tempered sequential Monte Carlo, for priors that are independent standard normals.

The population starts as draws from the prior and is led to the posterior through powers of the likelihood chosen so
that each step keeps a set effective sample size [1]_. Between powers it is resampled and moved by Metropolis steps
that are reversible for the Gaussian fitted to the population (an autoregressive proposal), alternating with a random
walk of the same covariance for tails that the Gaussian misses; moves go on until the population has forgotten where
it was. The draws carry equal weight.

References
----------
.. [1] P. Del Moral, A. Doucet, A. Jasra, "Sequential Monte Carlo samplers", J. R. Statist. Soc. B 68 (2006) 411-436.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.errors import NotEstimable

LogLikelihood = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Progress = Callable[[float], None]

_ESS_SHARE = 0.75  # effective share of the population kept by one tempering step
_FORGOTTEN = 0.2  # greatest correlation with the start of the step, while tempering
_FORGOTTEN_AT_END = 0.02  # the same at the posterior itself
_MAX_MOVES = 40
_MAX_MOVES_AT_END = 160
_LEAST_MOVES_AT_END = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Equal-weight posterior draws.

    Parameters
    ----------
    z
        (n_draws, dim) whitened coordinates. [1]
    log_likelihood
        (n_draws,) at those coordinates.
    log_evidence
        Logarithm of the marginal likelihood.
    num_steps, num_evaluations
        Tempering steps, and likelihood evaluations per draw.
    acceptance
        Share of accepted moves in the last step. [1]
    """

    z: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    log_evidence: float
    num_steps: int
    num_evaluations: int
    acceptance: float


def sample_posterior(
    log_likelihood: LogLikelihood,
    dim: int,
    *,
    num_draws: int = 1000,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Population:
    """Draws from the density proportional to N(z; 0, I) · exp(log_likelihood(z)).

    Parameters
    ----------
    log_likelihood
        Takes (n, dim), returns (n,); −inf where impossible.
    dim
        Number of coordinates; 0 gives empty draws.
    num_draws
        Size of the population.
    rng
        The only source of randomness: the same state gives the same draws.
    progress
        Called with the power of the likelihood reached, 0 to 1.

    Raises
    ------
    NotEstimable
        If no draw of the prior has a finite likelihood: prior and evidence exclude each other.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> known = sample_posterior(lambda z: -0.5 * ((z[:, 0] - 2.0) / 0.5) ** 2, 1, num_draws=4000, rng=rng)
    >>> bool(abs(known.z.mean() - 1.6) < 0.03), bool(abs(known.z.std() - 0.2**0.5) < 0.03)
    (True, True)
    """
    z = rng.standard_normal((num_draws, dim))
    log_like = _checked(log_likelihood(z))
    if dim == 0:
        return Population(
            z=z,
            log_likelihood=log_like,
            log_evidence=float(log_like[0]),
            num_steps=0,
            num_evaluations=1,
            acceptance=1.0,
        )
    if not np.isfinite(log_like).any():
        raise NotEstimable(
            "prior and evidence exclude each other: no draw of the prior explains the records. "
            "Widen the prior, or look for a record that contradicts the others."
        )
    power, log_evidence, steps, evaluations, acceptance = 0.0, 0.0, 0, 1, 1.0
    mixing = 0.3  # starting angle of the autoregressive proposal, as sin²
    while power < 1.0:
        step, log_weight = _next_power(log_like, power)
        peak = log_weight.max()
        weight = np.exp(log_weight - peak)
        log_evidence += float(peak + np.log(weight.mean()))
        power = 1.0 if power + step >= 1.0 else power + step
        chosen = _systematic(weight / weight.sum(), rng)
        z, log_like = z[chosen], log_like[chosen]
        z, log_like, moves, acceptance, mixing = _move(
            log_likelihood, z, log_like, power, mixing, rng=rng, at_end=power == 1.0
        )
        steps += 1
        evaluations += moves
        if progress is not None:
            progress(power)
    return Population(
        z=z,
        log_likelihood=log_like,
        log_evidence=log_evidence,
        num_steps=steps,
        num_evaluations=evaluations,
        acceptance=acceptance,
    )


def _checked(log_like: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.isnan(log_like), -np.inf, log_like))


def _next_power(log_like: NDArray[np.float64], power: float) -> tuple[float, NDArray[np.float64]]:
    """The largest step in power that keeps the effective share, by bisection, and its log weights."""
    finite_max = log_like[np.isfinite(log_like)].max()

    def log_weights(step: float) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(log_like), step * (log_like - finite_max), -np.inf)

    def effective_share(step: float) -> float:
        weight = np.exp(log_weights(step))
        return float(weight.sum() ** 2 / (np.square(weight).sum() * weight.size))

    target = _ESS_SHARE * effective_share(0.0)
    low, high = 0.0, 1.0 - power
    if effective_share(high) < target:
        for _ in range(50):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if effective_share(middle) >= target else (low, middle)
        high = max(low, 1e-12)
    return high, log_weights(high) + high * finite_max


def _systematic(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    places = (rng.random() + np.arange(weight.size)) / weight.size
    return np.asarray(np.minimum(np.searchsorted(np.cumsum(weight), places), weight.size - 1))


def _move(
    log_likelihood: LogLikelihood,
    z: NDArray[np.float64],
    log_like: NDArray[np.float64],
    power: float,
    mixing: float,
    *,
    rng: np.random.Generator,
    at_end: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int, float, float]:
    """Metropolis moves at one power until the population has forgotten its start."""
    num, dim = z.shape
    mean = z.mean(axis=0)
    covariance = np.cov(z, rowvar=False).reshape(dim, dim) + 1e-9 * np.eye(dim)
    factor = np.linalg.cholesky(covariance)
    start = (z - mean) / z.std(axis=0).clip(1e-12)
    moves, limit = 0, _MAX_MOVES_AT_END if at_end else _MAX_MOVES
    bound = _FORGOTTEN_AT_END if at_end else _FORGOTTEN
    walk_scale, accepted_share = 2.38 / np.sqrt(dim), 0.0

    def log_gauss(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(-0.5 * np.square(np.linalg.solve(factor, (points - mean).T)).sum(axis=0))

    while moves < limit:
        is_walk = moves % 4 == 3
        noise = rng.standard_normal((num, dim)) @ factor.T
        proposal = (
            z + walk_scale * noise
            if is_walk
            else mean + np.sqrt(1.0 - mixing) * (z - mean) + np.sqrt(mixing) * noise
        )
        new_like = _checked(log_likelihood(proposal))
        with np.errstate(invalid="ignore"):
            ratio = power * (new_like - log_like) - 0.5 * (np.square(proposal) - np.square(z)).sum(axis=1)
        if not is_walk:
            ratio += log_gauss(z) - log_gauss(proposal)
        accept = np.log(rng.random(num)) < ratio
        z = np.where(accept[:, None], proposal, z)
        log_like = np.where(accept, new_like, log_like)
        share = float(accept.mean())
        if is_walk:
            walk_scale *= float(np.exp(share - 0.25))
        else:
            mixing = float(np.clip(mixing * np.exp(1.5 * (share - 0.45)), 1e-4, 0.999))
            accepted_share = share
        moves += 1
        if moves % 4 == 0 and moves >= (_LEAST_MOVES_AT_END if at_end else 4):
            now = (z - z.mean(axis=0)) / z.std(axis=0).clip(1e-12)
            if float(np.abs((start * now).mean(axis=0)).max()) < bound + 1.5 / np.sqrt(num):
                break
    return z, log_like, moves, accepted_share, mixing
