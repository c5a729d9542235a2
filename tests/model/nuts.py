"""The model of the density field by another route: Hamiltonian draws of everything at once, on small lattices.

Nothing here comes from the package. The field is written with dense matrices and whitened by the eigenvectors of the
lattice, the node variance of the infinite lattice is found by means of arithmetic and geometric means, priors and
likelihood are those of numpyro, and all parameters are drawn together by NUTS: no Laplace step, no integration over
a few points.

What makes it quick is a change of variables: before sampling, a normal approximation is found by Newton steps, and NUTS
walks in coordinates in which the posterior is about standard normal whatever the hyper-parameters are. The draws are
exact however good or bad the approximation was. All data sets of one shape share one compilation.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpy.typing import NDArray
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer.hmc import hmc
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import gammaln

numpyro.enable_x64()

Floats = NDArray[np.float64]
Pair = tuple[float, float]

POINT_95 = 1.6448536269514722  # of the standard normal distribution


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Counts on cells, and the priors.

    Parameters
    ----------
    found
        (n,) items found in each row.
    exposure
        (n,) ground searched, effectively; 0 or NaN where nobody looked. [m²]
    interpolation
        (n, n_nodes) from nodes to rows.
    laplacian
        (n_nodes, n_nodes) graph Laplacian of the lattice: neighbours are −1.
    covariates
        (n, k) standardised columns; k may be 0.
    spacing_m
        Distance of neighbouring nodes. [m]
    range_m, spread, clump
        5 % and 95 % points of log-normal priors; no clump is a Poisson count.
    level
        Mean and sd of the normal prior of the log density.
    slope_sd
        Of the normal prior of each slope.
    """

    found: Floats
    exposure: Floats
    interpolation: Floats
    laplacian: Floats
    covariates: Floats
    spacing_m: float
    range_m: Pair
    spread: Pair
    level: Pair
    slope_sd: float
    clump: Pair | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """What NUTS gives, chains one after the other.

    Parameters
    ----------
    nodes
        (n_draws, n_nodes) field at the nodes.
    slopes
        (n_draws, k).
    level, range_m, spread, clump
        (n_draws,); clump follows its prior where the counts are Poisson.
    num_chains
        How many equal stretches the draws consist of.
    divergent
        Number of divergent transitions; anything but 0 makes the draws doubtful.
    steps
        Mean number of gradients per draw.
    """

    nodes: Floats
    slopes: Floats
    level: Floats
    range_m: Floats
    spread: Floats
    clump: Floats
    num_chains: int
    divergent: int
    steps: float


def log_normal(points: Pair) -> Pair:
    """Mean and sd of the logarithm, from the 5 % and 95 % points."""
    low, high = np.log(points)
    return 0.5 * (low + high), 0.5 * (high - low) / POINT_95


def laplacian(rows: int, cols: int) -> Floats:
    """(rows·cols, rows·cols) graph Laplacian of a full lattice with free edges."""
    number = np.arange(rows * cols).reshape(rows, cols)
    result = np.zeros((rows * cols, rows * cols))
    for one, other in ((number[1:], number[:-1]), (number[:, 1:], number[:, :-1])):
        i, j = one.ravel(), other.ravel()
        result[i, j] = result[j, i] = -1.0
    np.fill_diagonal(result, -result.sum(axis=1))
    return result


def lattice_variance(a: Any) -> Any:
    """Variance of a node of the infinite lattice with precision KᵀK, K = a·I + graph Laplacian.

    It is (2π)⁻² ∬ (a + 4 − 2 cos s − 2 cos t)⁻² ds dt = −dG/da, G the lattice Green's function (2/πb) K(m), b = a + 4,
    m = 16/b²; with dK/dm = (E − (1 − m) K) / (2m(1 − m)) the terms in K cancel and (2/π) E(m) / (b² − 16) is left.
    E by the arithmetic-geometric mean (Abramowitz and Stegun 17.6.3, 17.6.4).
    """
    b = a + 4.0
    one, other = jnp.ones_like(b), jnp.sqrt(a * (a + 8.0)) / b
    weight, loss = 0.5, 0.5 * 16.0 / b**2
    for _ in range(7):  # doubles the digits each time; 7 are enough for a > 1e-9
        one, other, gap = 0.5 * (one + other), jnp.sqrt(one * other), 0.5 * (one - other)
        weight *= 2.0
        loss = loss + weight * gap**2
    ellipse = jnp.pi / (2.0 * one) * (1.0 - loss)
    return (2.0 / jnp.pi) * ellipse / (a * (a + 8.0))


def _arrays(problem: Problem) -> dict[str, Any]:
    """The problem as arrays of fixed shapes, so that problems of one shape share one compilation."""
    values, vectors = np.linalg.eigh(problem.laplacian)
    on = np.nan_to_num(problem.exposure) > 0.0  # nobody looked at the others: they say nothing
    clump = log_normal(problem.clump) if problem.clump else (0.0, 1.0)
    return {
        "found": np.asarray(problem.found, float)[on],
        "log_exposure": np.log(problem.exposure[on]),
        "values": np.maximum(values, 0.0),
        "vectors": vectors,
        "rows": problem.interpolation[on] @ vectors,
        "row_squares": np.square(problem.interpolation[on]).sum(axis=1) / len(values),
        "covariates": np.asarray(problem.covariates, float).reshape(len(on), -1)[on],
        "spacing_m": float(problem.spacing_m),
        "priors": np.array(
            [
                log_normal(problem.range_m),
                log_normal(problem.spread),
                clump,
                problem.level,
                (0.0, problem.slope_sd),
            ]
        ),
        "is_clumped": problem.clump is not None,
    }


def _waves(hyper: Any, data: dict[str, Any]) -> Any:
    """Prior sd of the waves (eigenvectors of the lattice) of the field."""
    log_range, log_spread = (data["priors"][i, 0] + data["priors"][i, 1] * hyper[i] for i in (0, 1))
    a = 8.0 * (data["spacing_m"] / jnp.exp(log_range)) ** 2
    return jnp.exp(log_spread) / jnp.sqrt(lattice_variance(a)) / (a + data["values"])


def _parts(theta: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Names for the coordinates: three hyper-parameters, level, slopes, waves."""
    k = data["covariates"].shape[1]
    shift, scale = data["priors"][:4].T
    log_range, log_spread, _, level = shift + scale * theta[:4]
    return {
        "log_range": log_range,
        "log_spread": log_spread,
        "clump": _clump(theta, data),
        "level": level,
        "slopes": data["priors"][4, 1] * theta[4 : 4 + k],
        "wave": _waves(theta, data) * theta[4 + k :],
    }


def _clump(theta: Any, data: dict[str, Any]) -> Any:
    return jnp.exp(data["priors"][2, 0] + data["priors"][2, 1] * theta[2])


def _mean(part: dict[str, Any], data: dict[str, Any]) -> Any:
    """Expected counts of the rows."""
    field = data["covariates"] @ part["slopes"] + data["rows"] @ part["wave"]
    return jnp.exp(part["level"] + field + data["log_exposure"])


def _log_posterior(theta: Any, data: dict[str, Any]) -> Any:
    """Up to a constant; all priors are standard normal in these coordinates."""
    part = _parts(theta, data)
    mean = _mean(part, data)
    clumped = dist.NegativeBinomial2(mean, part["clump"]).log_prob(data["found"])
    plain = dist.Poisson(mean).log_prob(data["found"])
    counts = jnp.where(data["is_clumped"], clumped, plain)
    return dist.Normal().log_prob(theta).sum() + counts.sum()


def _log_counts(found: Floats, log_mean: Floats, clump: float) -> tuple[float, Floats, Floats]:
    """Log-likelihood but for constants, its first derivative, and minus its second, by the log mean; for Newton."""
    mean = np.exp(log_mean)
    if not np.isfinite(clump):
        return float(found @ log_mean - mean.sum()), found - mean, mean
    share = mean / (mean + clump)
    value = found @ np.log(share) - clump * np.log1p(mean / clump).sum()
    value += (gammaln(found + clump) - gammaln(clump)).sum()
    return float(value), found - (found + clump) * share, (found + clump) * share * (1.0 - share)


def _laplace(hyper: Floats, data: dict[str, Any], start: Floats) -> tuple[float, Floats, Floats, Floats]:
    """Height of the approximate posterior of the three hyper-parameters, and mode and curvature of the rest given them.

    The rest is level, slopes and white field f, standard normal a priori; the log means are o + D f. Newton's steps in
    the space of the rows (Rasmussen and Williams 2006, algorithm 3.1).
    """
    shift, scale = data["priors"][:4].T
    clump = float(_clump(hyper, data)) if data["is_clumped"] else np.inf
    level = np.full((len(data["found"]), 1), scale[3])
    slopes = data["priors"][4, 1] * data["covariates"]
    design = np.hstack([level, slopes, np.asarray(_waves(hyper, data)) * data["rows"]])
    offset, prior = shift[3] + data["log_exposure"], design @ design.T
    weights, old = start, -np.inf
    for _ in range(60):
        log_mean = offset + prior @ weights
        value, slope, bend = _log_counts(data["found"], log_mean, clump)
        height = value - 0.5 * weights @ (log_mean - offset)
        root = np.sqrt(bend)
        factor = cholesky(np.eye(len(root)) + root[:, None] * prior * root, lower=True)
        if abs(height - old) < 1e-9:
            break
        old, right = height, bend * (log_mean - offset) + slope
        full = right - root * cho_solve((factor, True), root * (prior @ right)) - weights
        weights, length = weights + full, 1.0
        while length > 1e-4 and _height(weights, prior, offset, data["found"], clump) < height - 1e-9:
            weights, length = weights - 0.5 * length * full, 0.5 * length
    total = height - np.log(factor.diagonal()).sum() - 0.5 * hyper @ hyper
    return float(total), design.T @ weights, design * root[:, None], weights


def _height(weights: Floats, prior: Floats, offset: Floats, found: Floats, clump: float) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        log_mean = offset + prior @ weights
        height = _log_counts(found, log_mean, clump)[0] - 0.5 * weights @ (log_mean - offset)
    return height if np.isfinite(height) else -np.inf


def _approximation(data: dict[str, Any]) -> dict[str, Floats]:
    """Where the posterior lies: centre and scale of the three hyper-parameters, and of the rest given them."""
    start = np.zeros(len(data["found"]))

    def drop(hyper: Floats) -> float:
        return -_laplace(hyper, data, start)[0]

    best = minimize(drop, np.zeros(3), method="BFGS", options={"gtol": 1e-3, "maxiter": 30}).x
    _, centre, root, start = _laplace(best, data, start)
    step, k = 0.2 * np.eye(3), 1 + data["covariates"].shape[1]
    bend = np.array(
        [
            [drop(best + i + j) - drop(best + i - j) - drop(best - i + j) + drop(best - i - j) for j in step]
            for i in step
        ]
    )
    value, vector = np.linalg.eigh(bend / 0.16)
    move = [_laplace(best + i, data, start)[1] - _laplace(best - i, data, start)[1] for i in step]
    rest = cholesky(np.eye(len(centre)) + root.T @ root, lower=True)
    return {
        "hyper": best,
        "hyper_scale": vector / np.sqrt(np.maximum(value, 0.3)),  # the prior alone has 1
        "rest": centre,
        "rest_scale": solve_triangular(rest, np.eye(len(centre)), lower=True).T,
        "move": np.stack(move, axis=1)[:k] / 0.4,
        "mean": np.asarray(_mean(_parts(np.concatenate([best, centre]), data), data)),
    }


def _coordinates(z: Any, data: dict[str, Any], near: dict[str, Any]) -> tuple[Any, Any]:
    """Coordinates in which all priors are standard normal, from those of NUTS, and the log of the volume's change.

    Given hyper-parameters, wave j of size σ_j is about normal, with precision 1 + c σ_j² and mean proportional to
    c σ_j / (1 + c σ_j²), c the mean information on a wave: scale and mean follow the hyper-parameters, so that NUTS
    meets no funnel.
    """

    def information(hyper: Any) -> Any:
        size = _clump(hyper, data)
        return (
            data["row_squares"] * jnp.where(data["is_clumped"], size / (size + near["mean"]), 1.0)
        ) @ near["mean"]

    k = near["move"].shape[0]
    step = near["hyper_scale"] @ z[:3]
    hyper, rest = near["hyper"] + step, near["rest_scale"] @ z[3:]
    now, then = _waves(hyper, data), _waves(near["hyper"], data)
    c, c_then = information(hyper), information(near["hyper"])
    ratio = (1.0 + c_then * then**2) / (1.0 + c * now**2)
    wave = near["rest"][k:] * (c * now) / (c_then * then) * ratio + jnp.sqrt(ratio) * rest[k:]
    return jnp.concatenate([hyper, near["rest"][:k] + near["move"] @ step + rest[:k], wave]), 0.5 * jnp.log(
        ratio
    ).sum()


def _potential(data: dict[str, Any], near: dict[str, Any]) -> Any:
    def energy(z: Any) -> Any:
        theta, log_volume = _coordinates(z, data, near)
        return -_log_posterior(theta, data) - log_volume

    return energy


@functools.partial(jax.jit, static_argnames=("num_warmup", "num_draws"))
def _chain(key: Any, data: dict[str, Any], near: dict[str, Any], num_warmup: int, num_draws: int) -> Any:
    """One chain of NUTS from the centre: parts of each draw, whether it diverged, its number of gradients."""
    start, draw = hmc(potential_fn_gen=_potential, algo="NUTS")
    state = start(
        jnp.zeros(near["hyper"].size + near["rest"].size),
        num_warmup=num_warmup,
        step_size=0.5,
        adapt_mass_matrix=False,
        dense_mass=False,
        target_accept_prob=0.9,
        rng_key=key,
        model_args=(data, near),
    )

    def one(state: Any, _: None) -> Any:
        state = draw(state, (data, near))
        return state, (state.z, state.diverging, state.num_steps)

    z, diverged, steps = (
        part[num_warmup:] for part in jax.lax.scan(one, state, None, length=num_warmup + num_draws)[1]
    )
    parts = jax.vmap(lambda one: _parts(_coordinates(one, data, near)[0], data))(z)
    return parts | {"nodes": parts["wave"] @ data["vectors"].T, "diverged": diverged, "steps": steps}


def nuts(
    problem: Problem, *, seed: int, num_warmup: int = 150, num_draws: int = 1000, num_chains: int = 2
) -> Draws:
    """Draws of everything uncertain: `num_draws` of each chain. Chains run in threads of their own."""
    data = jax.tree.map(jnp.asarray, _arrays(problem))
    near = jax.tree.map(jnp.asarray, _approximation(jax.tree.map(np.asarray, data)))
    keys = jax.random.split(jax.random.PRNGKey(seed), num_chains)
    walk = _chain.lower(keys[0], data, near, num_warmup, num_draws).compile()
    with ThreadPoolExecutor(num_chains) as threads:
        chains = list(threads.map(lambda key: jax.block_until_ready(walk(key, data, near)), keys))
    part = {name: np.concatenate([np.asarray(chain[name]) for chain in chains]) for name in chains[0]}
    return Draws(
        nodes=part["nodes"],
        slopes=part["slopes"],
        level=part["level"],
        range_m=np.exp(part["log_range"]),
        spread=np.exp(part["log_spread"]),
        clump=part["clump"],
        num_chains=num_chains,
        divergent=int(part["diverged"].sum()),
        steps=float(part["steps"].mean()),
    )


def effective(values: Floats, num_chains: int) -> Floats:
    """(...) effective number of draws for the mean of each column of (n_draws, ...)."""
    return np.asarray(effective_sample_size(values.reshape(num_chains, -1, *values.shape[1:])))


def mixing(values: Floats, num_chains: int) -> Floats:
    """(...) R̂ of each column of (n_draws, ...): 1 where the chains agree."""
    return np.asarray(gelman_rubin(values.reshape(num_chains, -1, *values.shape[1:])))
