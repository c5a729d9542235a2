"""Where the range and spread of a latent field lie: a grid of points, each with its Gaussian fit and its weight.

The mode is found by differences of Laplace's marginal likelihood, a grid is grown from it along the principal axes for
as long as its points weigh anything, and every point is weighed by bridge sampling [1]_ between its Gaussian fit and
exact draws. On large lattices the axes are those of a lattice of twice the spacing, and the weight of a point is
Laplace's: where data are many, its error hardly changes from point to point.

References
----------
.. [1] X.-L. Meng, W. H. Wong, "Simulating ratios of normalizing constants via a simple identity", Statistica Sinica 6
   (1996) 831-860.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_diag, csc_matrix, csr_matrix

from remnant.field.conditional import (
    Bend,
    Chains,
    GaussianFit,
    Target,
    average_bend,
    average_fit,
    centred,
    find_mode,
    gaussian_at,
    move,
    start_chains,
)
from remnant.field.latent_model import Effort, LatentModel
from remnant.field.lattice import graph_laplacian, lattice_over, log_det_precision, precision
from remnant.units import Floats, Ints

Progress = Callable[[float], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Point:
    """One point of the grid of hyper-parameters."""

    at: Floats  # (2,) whitened range and spread
    u: Floats  # centre of its fit
    y: Floats
    bend: Bend  # curvature of its fit
    laplace: float  # log p(hyper, evidence), by Laplace
    log_weight: float  # the same, by what is best known
    held: tuple[Target, GaussianFit] | None  # None where it is too large to be kept


class Search:
    """Evaluates points of the hyper-parameters, each from the nearest that is known."""

    def __init__(
        self, model: LatentModel, effort: Effort, rng: np.random.Generator, *, is_sketch: bool = False
    ) -> None:
        self.model, self.effort, self.rng, self.is_sketch = model, effort, rng, is_sketch
        self.is_exact = model.lattice.num_nodes * model.num_fields <= effort.exact_nodes
        self.steps, self.acceptance, self.bridge_sd = 0, list[float](), 0.0
        self.laplacian = graph_laplacian(model.lattice)
        self.beyond_laplace: float | None = None  # by how much the first point weighs more than Laplace says
        self.known: list[Point] = []
        self.sketch: tuple[Point, csr_matrix] | None = (
            None  # a fit on a coarser lattice, and how nodes read it
        )
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

    def fitted(self, point: Point) -> tuple[Target, GaussianFit]:
        """Target and fit of a point, made again where they were not kept."""
        if point.held is not None:
            return point.held
        target = self.target(point.at)
        fit = gaussian_at(target, point.u, point.y, point.bend)
        return target, centred(target, fit, self._white(fit))

    def point(self, at: Floats) -> Point:
        """The fit at a point, from the nearest that is known; once."""
        for p in self.known:
            if np.abs(p.at - at).max() < 1e-9:
                return p
        target = self.target(at)
        near = min(self.known, key=lambda p: float(np.square(p.at - at).sum())) if self.known else None
        bend = None if near is None else near.bend
        if near is None and self.sketch is not None:
            u, y, bend = self.sketch[1] @ self.sketch[0].u, self.sketch[0].y, self.sketch[0].bend
        elif near is None:
            u, y = np.zeros(target.num_nodes), np.zeros(target.num_others)
        else:
            u = near.u * (self.model.spread.value(at[1:])[0] / self.model.spread.value(near.at[1:])[0])
            y = near.y
        is_large = not (self.is_exact or self.is_sketch)
        fit, value = find_mode(target, u, y, bend if is_large else None)
        none = np.zeros((len(fit.u), 1)), np.zeros((len(fit.y), 1))
        weight = value - float(fit.log_density(*none)[0]) + self.log_prior(at)
        bend = fit.bend
        if is_large:
            fit = centred(target, fit, self._white(fit))
            bend = average_bend(target, fit, *fit.spread(self._white(fit)))
        found = Point(
            at=at, u=fit.u, y=fit.y, bend=bend, laplace=weight, log_weight=weight,
            held=None if is_large else (target, fit),
        )  # fmt: skip
        self.known.append(found)
        return found

    def _white(self, fit: GaussianFit) -> Floats:
        """Standard normals for averages over a fit; the same for every point of a large lattice."""
        rng = self.rng if self.is_exact else np.random.default_rng(_LARGE_SEED)
        return rng.standard_normal(
            (fit.num_white, max(self.effort.chains // 2, 4) if self.is_exact else _LARGE_PAIRS)
        )

    def axes_at_mode(self, tell: Progress) -> Floats:
        """(3, 2) the mode of the hyper-parameters, then its principal axes of one standard deviation each."""
        if not (self.is_exact or self.is_sketch):
            coarse, read = _coarser(self.model)
            search = Search(coarse, self.effort, self.rng, is_sketch=True)
            axes = search.axes_at_mode(tell)
            self.sketch = search.point(axes[0]), read
            return axes
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
            fitting = np.clip(1.0 / np.sqrt(np.diag(bend)), _LEAST_REACH, 1.0)
            is_apt = (
                float((reach / fitting)[free].max()) < _APT
            )  # differences over one standard deviation or so
            reach = fitting
            if float(slope @ step) < _MODE_FOUND:
                if is_apt:
                    break
                continue
            trial = self.point(centre + step)
            around = [p for p in self.known if p.log_weight > best.log_weight + 1e-9]
            best = max([*around, best, trial], key=lambda p: p.log_weight)
            tell(0.15 * (turn + 1) / _MAX_TURNS)
            if best.at is centre and is_apt:
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

    def grid(self, axes: Floats, tell: Progress) -> list[Point]:
        """Points of a grid along the axes, weighed one after another, grown from the mode while they weigh anything."""
        centre, step = axes[0], self.effort.spacing * axes[1:]
        drop, margin = (self.effort.drop, _MARGIN) if self.is_exact else (_LARGE_DROP, 0.0)
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
                    or parent.log_weight + normal(at) - normal(place) < best - drop - margin
                ):
                    continue
                seen.add(at)
                point = self.point(centre + at[0] * step[0] + at[1] * step[1])
                # the fit of the parent tells how far Laplace's weight is off
                if point.laplace + parent.log_weight - parent.laplace < best - drop - margin:
                    continue
                self.weigh(point)
                best = max(best, point.log_weight)
                kept[at] = point
                wanted.append(at)
            tell(0.15 + 0.65 * min(len(kept) / 20.0, 1.0))
        return [p for p in kept.values() if p.log_weight >= best - drop]

    def weigh(self, point: Point) -> None:
        """Better the fit of a point and its weight, where that can be afforded."""
        if not self.is_exact:
            return
        target, fit = self.fitted(point)
        white = self._white(fit)
        excess, chains = _excess(target, fit, white)
        averaged = average_fit(target, fit, white)
        of_averaged = _excess(target, averaged, white)
        if of_averaged[0].mean() > excess.mean():  # the larger bound; far from normal, averaging may stray
            fit, (excess, chains) = averaged, of_averaged
        point.u, point.y, point.bend, point.held = fit.u, fit.y, fit.bend, (target, fit)
        if self.steps == 0:
            self.steps = self._tuned(target, fit, chains)
        for _ in range(self.effort.moves):
            chains = self.moved(target, fit, chains)
        log_ratio, sd = _bridge(excess, chains.value - fit.log_density(chains.u, chains.y))
        self.bridge_sd = max(self.bridge_sd, sd)
        better = self.log_prior(point.at) + log_ratio
        if self.beyond_laplace is None:
            self.beyond_laplace = better - point.laplace
        # where data are many a bridge of few chains is noisy, and Laplace is off by the same everywhere
        point.log_weight = better if sd < _UNSURE else point.laplace + self.beyond_laplace

    def moved(self, target: Target, fit: GaussianFit, chains: Chains) -> Chains:
        """Chains after a quarter turn."""
        angle = np.pi / 2.0 / self.steps
        chains, chance = move(target, fit, chains, angle=angle, steps=self.steps, rng=self.rng)
        self.acceptance.append(float(chance.mean()))
        return chains

    def _tuned(self, target: Target, fit: GaussianFit, chains: Chains) -> int:
        """Steps to a quarter turn that keep most moves."""
        for steps in (1, 2, 4, 8, 16):
            _, chance = move(target, fit, chains, angle=np.pi / 2.0 / steps, steps=steps, rng=self.rng)
            if float(chance.mean()) > _TAKEN:
                return steps
        return 24


def _excess(target: Target, fit: GaussianFit, white: Floats) -> tuple[Floats, Chains]:
    """By how much log p exceeds the fit at draws of either sign, and the chains that stand there."""
    du, dy = fit.spread(white)
    chains = start_chains(target, fit, np.hstack([du, -du]), np.hstack([dy, -dy]))
    return chains.value - fit.log_density(chains.u, chains.y), chains


def cell_area(axes: Floats, spacing: float) -> float:
    """Area of a cell of the grid, in the whitened coordinates that are free."""
    lengths = spacing * np.linalg.norm(axes[1:], axis=1)
    return float(np.prod(lengths[lengths > 0.0]))


_UNSURE = 0.6  # standard deviation of a bridge above which it is not used
_TAKEN = 0.65  # least share of moves that should be taken
_MAX_TURNS = 8
_LEAST_REACH = 0.01  # of differences, in prior standard deviations
_APT = 1.7
_LONGEST_TURN = 1.5  # of the search for the mode, in prior standard deviations
_MODE_FOUND = 0.05  # gain in log weight below which the mode is found
_MAX_POINTS = 60
_MARGIN = 0.8  # of log weight, within which a point of the grid is looked at
_LARGE_DROP = 2.5  # of log weight, below which points of a large lattice are left out
_LARGE_PAIRS = 8  # of draws over which slopes are averaged on a large lattice
_LARGE_SEED = (
    20261122  # of those draws: the same at every point, so that weights differ by their hyper-parameters only
)


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


def _coarser(model: LatentModel) -> tuple[LatentModel, csr_matrix]:
    """The same model on a lattice of twice the spacing, and how the nodes of the one read those of the other."""
    x, y = model.lattice.places()
    lattice = lattice_over(x, y, 2.0 * model.lattice.spacing_m, 0.0)
    once = lattice.interpolation(x, y)
    whole = csr_matrix(once if model.num_fields == 1 else block_diag([once] * model.num_fields))
    return replace(model, lattice=lattice, read=csr_matrix(model.read @ whole)), whole
