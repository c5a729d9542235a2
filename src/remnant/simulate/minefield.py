"""Synthetic minefields with known rows: truth for calibration only, drawn from the priors of the pattern model.

Nothing here uses the pattern model's likelihood: every item gets a place of its own and meets the search or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.field.rows import PatternPriors, PointFinds, SearchedGround
from remnant.field.rows.settings import limits_of
from remnant.units import Floats, Ints

_END_SHIFT = 0.35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyntheticBelt:
    """Parallel rows as drawn: direction [rad], spacing, row distance and jitter [m], rows."""

    direction: float
    spacing_m: float
    row_distance_m: float
    jitter_m: float
    p_held: float
    num_rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyntheticField:
    """Items that were there when the first search came, and what it found.

    Parameters
    ----------
    x_m, y_m
        (n,) true places. [m]
    belt
        (n,) belt that each belongs to, −1 for none.
    is_found
        (n,) whether a search found it.
    finds
        The finds with the error of their positions.
    belts
        The belts.
    """

    x_m: Floats
    y_m: Floats
    belt: Ints
    is_found: NDArray[np.bool_]
    finds: PointFinds
    belts: tuple[SyntheticBelt, ...]


def draw_field(
    ground: SearchedGround,
    priors: PatternPriors,
    *,
    rng: np.random.Generator,
    position_sd_m: float = 0.3,
    num_belts: int | None = None,
) -> SyntheticField:
    """A field drawn from the priors, searched as the ground says with one of its levels."""
    limits = limits_of(priors)
    chance = np.exp(limits.log_belts)
    drawn = int(rng.choice(chance.size, p=chance)) if num_belts is None else num_belts
    xs, ys = ground.centres()
    row, col = np.nonzero(ground.inside)
    middle = np.array([xs[col].mean(), ys[row].mean()])
    radius = np.hypot(xs[col] - middle[0], ys[row] - middle[1]).max() + ground.cell_m
    belts: list[SyntheticBelt] = []
    parts = [_background(ground, priors, rng)]
    owner = [np.full(parts[0].shape[0], -1)]
    for b in range(drawn):
        belt, places = _draw_belt(priors, radius, rng)
        belts.append(belt)
        parts.append(places + middle)
        owner.append(np.full(places.shape[0], b))
    return search_field(
        ground, np.concatenate(parts), np.concatenate(owner), tuple(belts), position_sd_m, rng=rng
    )


def search_field(
    ground: SearchedGround,
    places: Floats,
    owner: Ints,
    belts: tuple[SyntheticBelt, ...],
    position_sd_m: float,
    *,
    rng: np.random.Generator,
) -> SyntheticField:
    """Let a search meet items (n, 2); those outside the area are left out."""
    col = np.floor((places[:, 0] - ground.left_m) / ground.cell_m).astype(np.int64)
    row = np.floor((ground.top_m - places[:, 1]) / ground.cell_m).astype(np.int64)
    ny, nx = ground.inside.shape
    on = (row >= 0) & (row < ny) & (col >= 0) & (col < nx)
    on[on] = ground.inside[row[on], col[on]]
    places, owner, row, col = places[on], owner[on], row[on], col[on]
    level = rng.integers(ground.p_found.shape[0])
    found = rng.random(len(places)) < ground.p_found[level, row, col]
    seen = places[found] + position_sd_m * rng.standard_normal((int(found.sum()), 2))
    finds = PointFinds(x_m=seen[:, 0], y_m=seen[:, 1], sd_m=np.full(len(seen), position_sd_m))
    return SyntheticField(
        x_m=places[:, 0], y_m=places[:, 1], belt=owner, is_found=found, finds=finds, belts=belts
    )


def _background(ground: SearchedGround, priors: PatternPriors, rng: np.random.Generator) -> Floats:
    """Gamma clumps in square blocks, and even places within them."""
    limits = limits_of(priors)
    level = np.exp(limits.log_level + limits.spread_level * rng.standard_normal())
    shape = np.exp(limits.log_clump + limits.spread_clump * rng.standard_normal())
    size = float(rng.choice(priors.block_m))
    xs, ys = ground.centres()
    row, col = np.nonzero(ground.inside)
    cx, cy = xs[col].mean(), ys[row].mean()  # the blocks of the model are counted from the middle
    key = np.stack([np.floor((xs[col] - cx) / size), np.floor((ys[row] - cy) / size)])
    _, block = np.unique(key, axis=1, return_inverse=True)
    clump = rng.gamma(shape, level / shape, int(block.max()) + 1)
    count = rng.poisson(clump[block.ravel()] * ground.cell_m**2)
    centre = np.repeat(np.stack([xs[col], ys[row]], axis=1), count, axis=0)
    return np.asarray(centre + ground.cell_m * (rng.random(centre.shape) - 0.5))


def _draw_belt(
    priors: PatternPriors, radius: float, rng: np.random.Generator
) -> tuple[SyntheticBelt, Floats]:
    """One belt and the items of its places, about the middle of the area."""
    limits = limits_of(priors)
    rows = np.exp(limits.log_rows)
    num_rows = int(rng.choice(rows.size, p=rows / rows.sum()))
    spacing = np.exp(rng.uniform(limits.log_spacing_low, limits.log_spacing_high))
    apart = np.exp(rng.uniform(limits.log_apart_low, limits.log_apart_high))
    top = min(limits.log_jitter_high, np.log(spacing * limits.jitter_share))
    jitter = np.exp(rng.uniform(limits.log_jitter_low, top))
    held = rng.beta(limits.held_a, limits.held_b)
    angle, length = rng.uniform(0.0, np.pi), rng.uniform(limits.shortest_m, 2.0 * radius)
    while True:
        middle = rng.uniform(-radius, radius, 2)
        if np.hypot(*middle) < radius:
            break
    pieces = []
    for r in range(num_rows):
        shift = (rng.geometric(1.0 - _END_SHIFT, 2) - rng.geometric(1.0 - _END_SHIFT, 2)) * spacing
        low, high = middle[0] - 0.5 * length + shift[0], middle[0] + 0.5 * length + shift[1]
        u = np.arange(low + spacing * rng.random(), high, spacing)
        u = u[rng.random(u.size) < held]
        v = np.full(u.size, middle[1] + (r - 0.5 * (num_rows - 1)) * apart)
        pieces.append(np.stack([u, v], axis=1) + jitter * rng.standard_normal((u.size, 2)))
    along = np.concatenate(pieces)
    c, s = np.cos(angle), np.sin(angle)
    places = along @ np.array([[c, s], [-s, c]])
    belt = SyntheticBelt(
        direction=angle,
        spacing_m=float(spacing),
        row_distance_m=float(apart),
        jitter_m=float(jitter),
        p_held=float(held),
        num_rows=num_rows,
    )
    return belt, np.asarray(places)
