"""A latent field with everything uncertain about it: draws from the joint posterior.

Range and spread of the field are integrated over a grid in whitened coordinates that is laid where their posterior is;
at every point of the grid the field, the slopes of covariates and the nuisances of the evidence are drawn together
(`remnant.field.conditional`). The weight of a point is its marginal likelihood, by bridge sampling [1]_ between the
Gaussian fit and exact draws. On very large lattices the draws are those of the Gaussian fit itself, centred on the
average slope, and the weight is its second-order bound.

References
----------
.. [1] X.-L. Meng, W. H. Wong, "Simulating ratios of normalizing constants via a simple identity", Statistica Sinica 6
   (1996) 831-860.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.sparse import block_diag, csc_matrix, csr_matrix

from remnant.errors import InvalidInput
from remnant.field.conditional import (
    Chains,
    GaussianFit,
    Target,
    average_fit,
    find_mode,
    move,
    start_chains,
)
from remnant.field.counts import Likelihood
from remnant.field.lattice import Lattice, graph_laplacian, log_det_precision, precision
from remnant.numerics import Link
from remnant.units import Floats, Ints

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentModel:
    """Evidence of a latent field, and what is believed of it before.

    Parameters
    ----------
    lattice
        Nodes of the field.
    read
        (n_rows, n_nodes · n_fields) how rows read the field (`Lattice.interpolation`).
    likelihood
        What the evidence says.
    range_m, spread
        Priors of the field's range [m] and standard deviation [1], shared by all fields.
    covariates
        (n_rows, n_covariates) standardised; their slopes have normal priors.
    slope_mean, slope_sd
        (n_covariates,) of those priors. [1]
    num_fields
        Independent fields over the same nodes, stacked one after another.
    is_mean_one
        Whether the field's factor has mean 1 (−spread²/2 is added to the log field) instead of median 1.
    """

    lattice: Lattice
    read: csr_matrix
    likelihood: Likelihood
    range_m: Link
    spread: Link
    covariates: Floats
    slope_mean: Floats
    slope_sd: Floats
    num_fields: int = 1
    is_mean_one: bool = False

    def __post_init__(self) -> None:
        wanted = (self.likelihood.num_rows, self.lattice.num_nodes * self.num_fields)
        if self.read.shape != wanted:
            raise InvalidInput(f"read must have shape {wanted} (rows, nodes); got {self.read.shape}")
        if (
            self.covariates.shape != (wanted[0], self.slope_mean.size)
            or self.slope_sd.shape != self.slope_mean.shape
        ):
            raise InvalidInput("covariates need one mean and one sd of slope per column, and one row per row")


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
        ``num_nodes``, ``num_points`` (of the grid), ``effective_points``, ``acceptance`` and ``steps`` (of moves),
        ``is_exact`` (whether draws were made exact), ``bridge_sd`` (of log weights).
    """

    nodes: Floats
    slopes: Floats
    z: Floats
    range_m: Floats
    spread: Floats
    centre: Floats
    log_evidence: float
    diagnostics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much work goes into a fit.

    Parameters
    ----------
    exact_nodes
        Largest lattice on which draws are made exact.
    chains
        Chains per point of the grid that weigh it.
    moves
        Hamiltonian moves of every draw, after those that tune the step.
    spacing
        Of the grid of hyper-parameters, in posterior standard deviations.
    drop
        Points whose log weight is this far below the best are left out.
    """

    exact_nodes: int = 30_000
    chains: int = 32
    moves: int = 3
    spacing: float = 1.2
    drop: float = 3.0


USUAL_EFFORT = Effort()


@dataclass(slots=True, kw_only=True, eq=False)
class _Point:
    """One point of the grid of hyper-parameters."""

    at: Floats  # (2,) whitened range and spread
    target: Target
    fit: GaussianFit
    laplace: float  # log p(hyper, evidence), by Laplace
    log_weight: float  # the same, by what is best known


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
    tell = progress or (lambda share: None)
    search = _Search(model, effort, rng)
    axes = search.axes_at_mode(tell)
    points = search.grid(axes, tell)
    log_weight = np.array([p.log_weight for p in points])
    weight = np.exp(log_weight - log_weight.max())
    chosen = _systematic(weight / weight.sum(), num_draws, rng)
    nodes, others = _draws(points, chosen, search, rng, tell)
    hyper = _within_cells(points, chosen, axes, effort, rng)
    k = model.covariates.shape[1]
    return LatentPosterior(
        nodes=nodes,
        slopes=model.slope_mean + model.slope_sd * others[:, :k],
        z=others[:, k:],
        range_m=model.range_m.value(hyper[:, 0]),
        spread=model.spread.value(hyper[:, 1]),
        centre=np.array(
            [-0.5 * model.spread.value(points[i].at[1:])[0] ** 2 * model.is_mean_one for i in chosen]
        ),
        log_evidence=float(log_weight.max() + np.log(weight.sum() * _cell_area(axes, effort))),
        diagnostics={
            "num_nodes": float(model.lattice.num_nodes),
            "num_points": float(len(points)),
            "effective_points": float(weight.sum() ** 2 / np.square(weight).sum()),
            "acceptance": float(np.mean(search.acceptance)) if search.acceptance else float("nan"),
            "steps": float(search.steps),
            "is_exact": float(search.is_exact),
            "bridge_sd": search.bridge_sd,
        },
    )


class _Search:
    """Evaluates points of the hyper-parameters, each from the nearest that is known."""

    def __init__(self, model: LatentModel, effort: Effort, rng: np.random.Generator) -> None:
        self.model, self.effort, self.rng = model, effort, rng
        self.is_exact = model.lattice.num_nodes * model.num_fields <= effort.exact_nodes
        self.steps, self.acceptance, self.bridge_sd = 0, list[float](), 0.0
        self.laplacian = graph_laplacian(model.lattice)
        self.known: list[_Point] = []
        self.free = [not model.range_m.is_certain, not model.spread.is_certain]

    def log_prior(self, at: Floats) -> float:
        """Log prior density of the whitened hyper-parameters that are free."""
        return float(-0.5 * (np.square(at) + np.log(2.0 * np.pi))[self.free].sum())

    def target(self, at: Floats) -> Target:
        """Log p for given whitened hyper-parameters."""
        model = self.model
        range_m, spread = float(model.range_m.value(at[:1])[0]), float(model.spread.value(at[1:])[0])
        q = precision(model.lattice, range_m, spread, self.laplacian)
        log_det = log_det_precision(model.lattice, range_m, spread, self.laplacian)
        carried = (np.diff(model.read.indptr) > 0).astype(np.float64)  # rows that read no node have no field
        offset = -0.5 * spread**2 * model.is_mean_one * carried
        return Target(
            precision=q if model.num_fields == 1 else csc_matrix(block_diag([q] * model.num_fields)),
            log_det=log_det * model.num_fields,
            read=model.read,
            slopes=np.ascontiguousarray(model.covariates * model.slope_sd),
            offset=offset + model.covariates @ model.slope_mean,
            likelihood=model.likelihood,
        )

    def point(self, at: Floats) -> _Point:
        """The Laplace fit at a point, once."""
        for p in self.known:
            if np.abs(p.at - at).max() < 1e-9:
                return p
        target = self.target(at)
        if self.known:
            near = min(self.known, key=lambda p: float(np.square(p.at - at).sum()))
            scale = self.model.spread.value(at[1:])[0] / self.model.spread.value(near.at[1:])[0]
            u, y = near.fit.u * scale, near.fit.y
        else:
            u, y = np.zeros(target.num_nodes), np.zeros(target.num_others)
        fit, value = find_mode(target, u, y)
        zero = np.zeros((1, 1))
        weight = value - float(fit.log_density(zero.repeat(len(fit.u), 0), zero.repeat(len(fit.y), 0))[0])
        weight += self.log_prior(at)
        found = _Point(at=at, target=target, fit=fit, laplace=weight, log_weight=weight)
        self.known.append(found)
        return found

    def axes_at_mode(self, tell: Progress) -> Floats:
        """(3, 2) the mode of the hyper-parameters, then its principal axes of one standard deviation each."""
        free = np.flatnonzero(self.free)
        best, reach = self.point(np.zeros(2)), np.ones(2)
        if free.size == 0:
            return np.zeros((3, 2))
        bend = np.eye(2)
        for turn in range(_MAX_TURNS):
            centre = best.at
            slope, bend = self._local(centre, reach, free)
            step = np.zeros(2)
            step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
            step *= min(1.0, _LONGEST_TURN / max(float(np.linalg.norm(step)), 1e-12))
            if float(slope @ step) < _MODE_FOUND:
                break
            trial = self.point(centre + step)
            around = [p for p in self.known if p.log_weight > best.log_weight + 1e-9]
            best = max([*around, best, trial], key=lambda p: p.log_weight)
            reach = np.clip(1.0 / np.sqrt(np.diag(bend)), 0.15, 1.0)
            tell(0.15 * (turn + 1) / _MAX_TURNS)
            if best.at is centre:
                break
        root, direction = np.linalg.eigh(bend[np.ix_(free, free)])
        axes = np.zeros((2, 2))
        axes[: free.size, free] = direction.T / np.sqrt(np.maximum(root, 0.3))[:, None]
        return np.vstack([best.at, axes])

    def _local(self, centre: Floats, reach: Floats, free: Ints) -> tuple[Floats, Floats]:
        """Slope and (positive) curvature of the log weight at a point, by differences."""
        here = self.point(centre).log_weight
        slope, bend = np.zeros(2), np.eye(2)
        for i in free:
            step = np.zeros(2)
            step[i] = reach[i]
            up, down = self.point(centre + step).log_weight, self.point(centre - step).log_weight
            slope[i] = (up - down) / (2.0 * reach[i])
            bend[i, i] = -(up - 2.0 * here + down) / reach[i] ** 2
        if free.size == 2:
            both = self.point(centre + reach).log_weight
            bend[0, 1] = bend[1, 0] = -(both - here - slope @ reach + 0.5 * bend.diagonal() @ reach**2) / (
                reach[0] * reach[1]
            )
        root, direction = np.linalg.eigh(bend)
        return slope, (direction * np.maximum(root, 0.3)) @ direction.T

    def grid(self, axes: Floats, tell: Progress) -> list[_Point]:
        """Points of a grid along the axes, weighed one after another, grown from the mode while they weigh anything."""
        centre, step, drop = axes[0], self.effort.spacing * axes[1:], self.effort.drop
        first = self.point(centre)
        self.weigh(first)
        best = first.log_weight
        kept, seen, wanted = {(0, 0): first}, {(0, 0)}, [(0, 0)]

        def normal(at: tuple[int, int]) -> float:
            """The log weight that a normal posterior would have there."""
            return -0.5 * self.effort.spacing**2 * (at[0] ** 2 + at[1] ** 2)

        while wanted and len(seen) < _MAX_POINTS:
            place = wanted.pop(0)
            parent = kept[place]
            if parent.log_weight < best - drop:
                continue
            for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                at = (place[0] + i, place[1] + j)
                if (
                    at in seen
                    or not step[0 if i else 1].any()
                    or parent.log_weight + normal(at) - normal(place) < best - drop - _MARGIN
                ):
                    continue
                seen.add(at)
                point = self.point(centre + at[0] * step[0] + at[1] * step[1])
                # the fit of the parent tells how far Laplace's weight is off
                if point.laplace + parent.log_weight - parent.laplace < best - drop - _MARGIN:
                    continue
                self.weigh(point)
                best = max(best, point.log_weight)
                kept[at] = point
                wanted.append(at)
            tell(0.15 + 0.65 * min(len(kept) / 20.0, 1.0))
        return [p for p in kept.values() if p.log_weight >= best - drop]

    def weigh(self, point: _Point) -> None:
        """Better the fit of a point and its weight."""
        pairs = max(self.effort.chains // 2, 4)
        white = self.rng.standard_normal((point.fit.num_white, pairs))
        fit = point.fit = average_fit(point.target, point.fit, white)
        du, dy = fit.spread(white)
        chains = start_chains(point.target, fit, np.hstack([du, -du]), np.hstack([dy, -dy]))
        excess = chains.value - fit.log_density(chains.u, chains.y)
        prior = self.log_prior(point.at)
        if not self.is_exact:
            point.log_weight = prior + _second_order(excess)
            return
        if self.steps == 0:
            self.steps = self._tuned(point, chains)
        for _ in range(self.effort.moves):
            chains = self.moved(point, chains)
        log_ratio, sd = _bridge(excess, chains.value - fit.log_density(chains.u, chains.y))
        self.bridge_sd = max(self.bridge_sd, sd)
        point.log_weight = prior + log_ratio

    def moved(self, point: _Point, chains: Chains) -> Chains:
        """Chains after a quarter turn."""
        angle = np.pi / 2.0 / self.steps
        chains, chance = move(point.target, point.fit, chains, angle=angle, steps=self.steps, rng=self.rng)
        self.acceptance.append(float(chance.mean()))
        return chains

    def _tuned(self, point: _Point, chains: Chains) -> int:
        """Steps to a quarter turn that keep most moves."""
        for steps in (1, 2, 4, 8, 16):
            angle = np.pi / 2.0 / steps
            _, chance = move(point.target, point.fit, chains, angle=angle, steps=steps, rng=self.rng)
            if float(chance.mean()) > _TAKEN:
                return steps
        return 24


def _cell_area(axes: Floats, effort: Effort) -> float:
    """Area of a cell of the grid, in the whitened coordinates that are free."""
    lengths = effort.spacing * np.linalg.norm(axes[1:], axis=1)
    return float(np.prod(lengths[lengths > 0.0]))


_TAKEN = 0.65  # least share of moves that should be taken
_MAX_TURNS = 6
_LONGEST_TURN = 1.5  # of the search for the mode, in prior standard deviations
_MODE_FOUND = 0.05  # gain in log weight below which the mode is found
_MAX_POINTS = 60
_MARGIN = 0.8  # of log weight, within which a point of the grid is looked at
_SUBCELLS = 7


def _second_order(excess: Floats) -> float:
    """Log E[exp(excess)] over the fit, by its first two cumulants."""
    return float(excess.mean() + 0.5 * excess.var())


def _bridge(first: Floats, second: Floats) -> tuple[float, float]:
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


def _systematic(weight: Floats, num: int, rng: np.random.Generator) -> Ints:
    places = (rng.random() + np.arange(num)) / num
    return np.minimum(np.searchsorted(np.cumsum(weight), places), weight.size - 1)


def _draws(
    points: list[_Point], chosen: Ints, search: _Search, rng: np.random.Generator, tell: Progress
) -> tuple[Floats, Floats]:
    """(n_draws, n_nodes) and (n_draws, n_others) draws of the chosen points."""
    fit = points[0].fit
    nodes, others = np.empty((chosen.size, len(fit.u))), np.empty((chosen.size, len(fit.y)))
    for number, point in enumerate(points):
        mine = np.flatnonzero(chosen == number)
        for part in np.array_split(mine, max(1, -(-mine.size // _DRAWS_AT_ONCE))):
            if part.size == 0:
                continue
            u, y = point.fit.spread(rng.standard_normal((point.fit.num_white, part.size)))
            if search.is_exact:
                chains = start_chains(point.target, point.fit, u, y)
                for _ in range(search.effort.moves):
                    chains = search.moved(point, chains)
                u, y = chains.u, chains.y
            nodes[part], others[part] = (point.fit.u[:, None] + u).T, (point.fit.y[:, None] + y).T
            tell(0.8 + 0.2 * float(part[-1] + 1) / chosen.size)
    return nodes, others


_DRAWS_AT_ONCE = 64


def _within_cells(
    points: list[_Point], chosen: Ints, axes: Floats, effort: Effort, rng: np.random.Generator
) -> Floats:
    """(n_draws, 2) whitened hyper-parameters: each draw somewhere in the cell of its point, by the smoothed weight."""
    at = np.array([p.at for p in points])
    lengths = np.linalg.norm(axes[1:], axis=1)
    used = np.flatnonzero(lengths > 0.0)
    if used.size == 0 or len(points) < 4:
        return at[chosen]
    local = (at - axes[0]) @ (axes[1:][used] / lengths[used, None] ** 2).T / effort.spacing
    smooth = RBFInterpolator(local, np.array([p.log_weight for p in points]), kernel="cubic", degree=1)
    offsets = (np.arange(_SUBCELLS) + 0.5) / _SUBCELLS - 0.5
    sub = np.stack(np.meshgrid(*[offsets] * used.size, indexing="ij"), axis=-1).reshape(-1, used.size)
    out = np.empty((chosen.size, 2))
    for number in np.unique(chosen):
        mine = np.flatnonzero(chosen == number)
        log_weight = smooth(local[number] + sub)
        weight = np.exp(log_weight - log_weight.max())
        pick = rng.choice(len(sub), mine.size, p=weight / weight.sum())
        inside = sub[pick] + (rng.random((mine.size, used.size)) - 0.5) / _SUBCELLS
        out[mine] = at[number] + effort.spacing * inside @ axes[1:][used]
    return out
