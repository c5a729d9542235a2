"""NUTS on a full rectangular lattice: the field is white noise, coloured by cosines."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpy.typing import NDArray
from numpyro.infer import MCMC, NUTS

numpyro.enable_x64()

Floats = NDArray[np.float64]
WARM_UP, DRAWS, CHAINS = 400, 200, 2


def _variance(a: Any) -> Any:
    """Of a node of the endless lattice: (2/π) E(m) / (a (a + 8)), E by arithmetic-geometric means."""
    b = a + 4.0
    x, y, weight, loss = 1.0, jnp.sqrt(a * (a + 8.0)) / b, 0.5, 8.0 / b**2
    for _ in range(6):
        x, y, gap, weight = 0.5 * (x + y), jnp.sqrt(x * y), 0.5 * (x - y), 2.0 * weight
        loss = loss + weight * gap**2
    return (1.0 - loss) / (x * a * (a + 8.0))


def _model(found: Any, exposure: Any, priors: Any) -> None:
    log_range, log_spread, level = (
        numpyro.sample(name, dist.Normal(*priors[i])) for i, name in enumerate(("range", "spread", "level"))
    )
    a = 8.0 * jnp.exp(-2.0 * log_range)
    steps = [2.0 - 2.0 * jnp.cos(jnp.pi * jnp.arange(n) / n) for n in found.shape]
    white = numpyro.sample("white", dist.Normal().expand(found.shape).to_event(2))
    wave = white * jnp.exp(log_spread) / jnp.sqrt(_variance(a)) / (a + steps[0][:, None] + steps[1])
    density = numpyro.deterministic("density", jnp.exp(level + jax.scipy.fft.idctn(wave, norm="ortho")))
    with numpyro.handlers.mask(mask=exposure > 0):
        numpyro.sample(
            "found", dist.Poisson(density * jnp.where(exposure > 0, exposure, 1.0)).to_event(0), obs=found
        )


def expected_totals(found: Floats, exposure: Floats, priors: Floats, *, seed: int) -> Floats:
    """(n_draws,) expected items in cells that nobody searched."""
    sampler = MCMC(
        NUTS(_model),
        num_warmup=WARM_UP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="sequential",
        progress_bar=False,
    )
    sampler.run(jax.random.PRNGKey(seed), found, exposure, priors)
    density = np.asarray(sampler.get_samples()["density"])
    return np.asarray(density[:, exposure == 0].sum(axis=1))
