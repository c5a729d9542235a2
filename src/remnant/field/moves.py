"""Exact draws of a latent field that start from a Gaussian fit.

Hamiltonian moves turn about the fit as about a Gaussian and are pushed by what remains of the slope [1]_: where the fit
is good a quarter turn gives a new draw at once, whatever the number of nodes.

References
----------
.. [1] B. Shahbaba, S. Lan, W. O. Johnson, R. M. Neal, "Split Hamiltonian Monte Carlo", Stat. Comput. 24 (2014)
   339-349.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.field.bridging import bridge
from remnant.field.conditional import GaussianFit, Target
from remnant.field.latent_model import Effort
from remnant.units import Floats

_TAKEN = 0.7  # least share of moves that should be taken
_MOST_STEPS = 24
_FORGOTTEN = 0.07  # of where a chain began, after the moves of a draw
_MOST_MOVES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Steps to a quarter turn, and moves of every draw."""

    steps: int
    moves: int


@dataclass(slots=True, kw_only=True, eq=False)
class Chains:
    """Positions of chains as the standard normals that a fit makes them of, with log p and its slope by them."""

    white: Floats  # (n_white, n_chains)
    value: Floats
    slope: Floats


def start_chains(target: Target, fit: GaussianFit, white: Floats) -> Chains:
    """Chains at some standard normals."""
    u, y = fit.spread(white)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        value, by_u, by_y = target.gradient(fit.u[:, None] + u, fit.y[:, None] + y)
        slope = fit.pulled(by_u, by_y)
    return Chains(white=white, value=np.where(np.isfinite(value), value, -np.inf), slope=slope)


def move(
    target: Target, fit: GaussianFit, chains: Chains, *, angle: float, steps: int, rng: np.random.Generator
) -> tuple[Chains, Floats]:
    """One Hamiltonian move of every chain, and (n_chains,) chances with which they were taken."""
    v = rng.standard_normal(chains.white.shape)
    energy = 0.5 * np.einsum("ij,ij->j", v, v) - chains.value
    at = chains
    cos, sin, half = np.cos(angle), np.sin(angle), 0.5 * angle
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(steps):
            v += half * (at.slope + at.white)
            white = cos * at.white + sin * v
            v = cos * v - sin * at.white
            at = start_chains(target, fit, white)
            v += half * (at.slope + at.white)
        change = energy - (0.5 * np.einsum("ij,ij->j", v, v) - at.value)
    chance = np.exp(np.minimum(np.where(np.isnan(change), -np.inf, change), 0.0))
    taken = rng.random(chance.size) < chance
    return Chains(
        **{name: np.where(taken, getattr(at, name), getattr(chains, name)) for name in Chains.__slots__}
    ), chance


def moved(
    target: Target, fit: GaussianFit, chains: Chains, pace: Pace, rng: np.random.Generator
) -> tuple[Chains, float]:
    """Chains after all moves, each a quarter turn, and the share of moves that were taken."""
    taken = []
    for _ in range(pace.moves):
        chains, chance = move(target, fit, chains, angle=np.pi / 2.0 / pace.steps, steps=pace.steps, rng=rng)
        taken.append(float(chance.mean()))
    return chains, float(np.mean(taken)) if taken else 1.0


def pace_of(
    target: Target, fit: GaussianFit, effort: Effort, *, rng: np.random.Generator
) -> tuple[int, float]:
    """Steps that keep most moves, and how much a chain remembers after one move: a correlation.

    What is followed: the excess over the fit, slopes and nuisances, each of which must be forgotten.
    """
    white = rng.standard_normal((fit.num_white, effort.chains // 2))
    chains = start_chains(target, fit, np.hstack([white, -white]))
    for steps in (1, 2, 4, 8, 16, _MOST_STEPS):
        one, new = Pace(steps=steps, moves=1), chains
        for _ in range(effort.moves):  # the first move of a draw of the fit says little of those to come
            new, taken = moved(target, fit, new, one, rng)
        if taken > _TAKEN:
            break
    seen = []
    for _ in range(effort.moves + 1):
        new, _ = moved(target, fit, new, one, rng)
        seen.append(np.vstack([new.value - fit.log_density(new.white), new.white[len(fit.u) :]]))
    every = np.array(seen)  # moves, what is followed, chains
    every -= every.mean(axis=(0, 2), keepdims=True)
    kept = (every[1:] * every[:-1]).mean(axis=(0, 2)) / np.maximum(np.square(every).mean(axis=(0, 2)), 1e-12)
    return steps, float(kept.max())


def moves_for(remembered: float, effort: Effort) -> int:
    """Moves after which a chain has forgotten where it began."""
    moves = np.log(_FORGOTTEN) / np.log(min(max(remembered, 0.01), 0.99))
    return int(np.clip(np.ceil(moves), effort.moves, _MOST_MOVES))


def bridged(
    target: Target, fit: GaussianFit, pace: Pace, *, num_pairs: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Log marginal likelihood by bridging between the fit and draws of the target, and its rough sd."""
    white = rng.standard_normal((fit.num_white, num_pairs))
    chains = start_chains(target, fit, np.hstack([white, -white]))
    excess = chains.value - fit.log_density(chains.white)
    chains, _ = moved(target, fit, chains, pace, rng)
    return bridge(excess, chains.value - fit.log_density(chains.white))
