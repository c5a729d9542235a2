"""A latent field with everything uncertain about it: draws from the joint posterior.

Range and spread of the field are integrated over a grid in whitened coordinates that is laid where their posterior is
(`remnant.field.hyper`); at every point of the grid the field, the slopes of covariates and the nuisances of the
evidence are drawn together (`remnant.field.conditional`). On very large lattices the draws are those of the Gaussian
fit itself, centred on the average slope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator
from threadpoolctl import threadpool_limits

from remnant.field.hyper import Point, Progress, RimPoint, Search, cell_area
from remnant.field.latent_model import USUAL_EFFORT
from remnant.field.latent_model import Effort as Effort
from remnant.field.latent_model import LatentModel as LatentModel
from remnant.field.moves import moved, start_chains
from remnant.units import Floats, Ints

_DRAWS_AT_ONCE = 32
_SUBCELLS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentPosterior:
    """Equal-weight draws.

    Parameters
    ----------
    nodes
        (n_draws, n_nodes · n_fields) field, without the −spread²/2 of `is_mean_one`. [1]
    slopes
        (n_draws, n_covariates). [1]
    z
        (n_draws, n_nuisances) whitened nuisances of the evidence. [1]
    range_m, spread
        (n_draws,) hyper-parameters. [m], [1]
    centre
        (n_draws,) what `is_mean_one` adds to the log field. [1]
    log_evidence
        Logarithm of the marginal likelihood (up to the constants that the evidence leaves out).
    diagnostics
        ``num_nodes``, ``num_points`` (of the grid), ``effective_points``, ``acceptance``, ``steps`` and ``moves`` (of
        exact draws), ``is_exact`` (whether draws were made exact), ``bridge_sd`` (of log weights).
    """

    nodes: Floats
    slopes: Floats
    z: Floats
    range_m: Floats
    spread: Floats
    centre: Floats
    log_evidence: float
    diagnostics: Mapping[str, float]


def sample_latent(
    model: LatentModel,
    *,
    num_draws: int = 1000,
    rng: np.random.Generator,
    progress: Progress | None = None,
    effort: Effort = USUAL_EFFORT,
) -> LatentPosterior:
    """Draws of the field, its hyper-parameters, slopes and nuisances, given the evidence.

    Parameters
    ----------
    model
        Evidence and priors.
    num_draws
        Equal-weight draws to make.
    rng
        Source of all randomness.
    progress
        Called with the share done, 0 to 1.
    effort
        How much work to do.
    """
    with threadpool_limits(
        1, user_api="blas"
    ):  # matrices are small: threads of BLAS would only wait for one another
        return _sample(model, num_draws, rng, progress or (lambda share: None), effort)


def _sample(
    model: LatentModel, num_draws: int, rng: np.random.Generator, tell: Progress, effort: Effort
) -> LatentPosterior:
    search = Search(model, effort, rng)
    axes = search.axes_at_mode(tell)
    points, rim = search.grid(axes, tell)
    cells = _cells([*points, *rim], axes, effort.spacing)
    best = max(float(c.log_weight.max()) for c in cells)
    weight = np.array([np.exp(c.log_weight - best).mean() for c in cells])
    chosen = _systematic(weight / weight.sum(), num_draws, rng)
    number_of = {id(point): number for number, point in enumerate(points)}
    point_of = np.array([*range(len(points)), *(number_of[id(r.nearest)] for r in rim)])
    nodes, others, taken = _draws(points, point_of[chosen], search, tell)
    hyper = _within_cells(cells, chosen, rng)
    k = model.covariates.shape[1]
    return LatentPosterior(
        nodes=nodes,
        slopes=model.slope_mean + model.slope_sd * others[:, :k],
        z=others[:, k:],
        range_m=model.range_m.value(hyper[:, 0]),
        spread=model.spread.value(hyper[:, 1]),
        centre=np.array(
            [
                -0.5 * model.spread.value(points[i].at[1:])[0] ** 2 * model.is_mean_one
                for i in point_of[chosen]
            ]
        ),
        log_evidence=float(best + np.log(weight.sum() * cell_area(axes, effort.spacing))),
        diagnostics={
            "num_nodes": float(model.lattice.num_nodes),
            "num_points": float(len(points)),
            "effective_points": float(weight.sum() ** 2 / np.square(weight).sum()),
            "acceptance": taken,
            "steps": float(search.pace.steps),
            "moves": float(search.pace.moves),
            "is_exact": float(search.is_exact),
            "bridge_sd": search.bridge_sd,
        },
    )


def _systematic(weight: Floats, num: int, rng: np.random.Generator) -> Ints:
    places = (rng.random() + np.arange(num)) / num
    return np.minimum(np.searchsorted(np.cumsum(weight), places), weight.size - 1)


def _draws(points: list[Point], chosen: Ints, search: Search, tell: Progress) -> tuple[Floats, Floats, float]:
    """(n_draws, n_nodes) and (n_draws, n_others) draws of the chosen points, and the share of moves taken."""
    nodes = np.empty((chosen.size, points[0].u.size))
    others = np.empty((chosen.size, points[0].y.size))
    tasks = []
    for number, point in enumerate(points):
        mine = np.flatnonzero(chosen == number)
        # a factor that must be made again serves all draws of its point
        num_parts = -(-mine.size // _DRAWS_AT_ONCE) if point.held is not None else min(mine.size, 1)
        tasks += [(point, part) for part in np.array_split(mine, max(num_parts, 1)) if part.size]
    rngs, taken = search.rng.spawn(len(tasks)), np.ones(len(tasks))

    def draw(number: int) -> None:
        point, mine = tasks[number]
        target, fit = search.refined(point, rngs[number])
        for part in np.array_split(mine, -(-mine.size // _DRAWS_AT_ONCE)):
            white = rngs[number].standard_normal((fit.num_white, part.size))
            if search.is_exact:
                chains = start_chains(target, fit, white)
                chains, taken[number] = moved(target, fit, chains, search.pace, rngs[number])
                white = chains.white
            u, y = fit.spread(white)
            nodes[part], others[part] = (fit.u[:, None] + u).T, (fit.y[:, None] + y).T

    search.each(draw, range(len(tasks)))
    tell(1.0)
    return nodes, others, float(np.average(taken, weights=[mine.size for _, mine in tasks]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cell:
    """The ground about a point of the grid, in equal parts.

    Parameters
    ----------
    at
        (n_parts, 2) middles of the parts, whitened.
    log_weight
        (n_parts,) log density there.
    size
        (n_axes, 2) sides of a part.
    """

    at: Floats
    log_weight: Floats
    size: Floats


def _cells(points: list[Point | RimPoint], axes: Floats, spacing: float) -> list[_Cell]:
    """The cell of every place, by a smooth surface through the weights of all."""
    at, log_weight = np.array([p.at for p in points]), np.array([p.log_weight for p in points])
    lengths = np.linalg.norm(axes[1:], axis=1)
    used = np.flatnonzero(lengths > 0.0)
    if len(points) < used.size + 2:
        return [
            _Cell(at=p.at[None], log_weight=np.array([p.log_weight]), size=np.zeros((0, 2))) for p in points
        ]
    local = (at - axes[0]) @ (axes[1:][used] / lengths[used, None] ** 2).T / spacing
    smooth = RBFInterpolator(local, log_weight, kernel="cubic", degree=1)
    offsets = (np.arange(_SUBCELLS) + 0.5) / _SUBCELLS - 0.5
    sub = np.stack(np.meshgrid(*[offsets] * used.size, indexing="ij"), axis=-1).reshape(-1, used.size)
    sides = spacing * axes[1:][used]
    return [
        _Cell(at=p.at + sub @ sides, log_weight=smooth(place + sub), size=sides / _SUBCELLS)
        for p, place in zip(points, local, strict=True)
    ]


def _within_cells(cells: list[_Cell], chosen: Ints, rng: np.random.Generator) -> Floats:
    """(n_draws, 2) whitened hyper-parameters: each draw somewhere in the cell of its point."""
    out = np.empty((chosen.size, 2))
    for number in np.unique(chosen):
        cell, mine = cells[number], np.flatnonzero(chosen == number)
        weight = np.exp(cell.log_weight - cell.log_weight.max())
        pick = rng.choice(weight.size, mine.size, p=weight / weight.sum())
        out[mine] = cell.at[pick] + (rng.random((mine.size, len(cell.size))) - 0.5) @ cell.size
    return out
