"""Where the range and spread of a latent field lie: a grid of points, each with its Gaussian fit and its weight.

The fit of a point (`remnant.field.conditional`) starts from that of its neighbour, so that one factorisation is mostly
enough, and bounds the marginal likelihood from below. The mode of that bound is found by differences, and a grid is
grown from it along the principal axes for as long as its points weigh anything. By how much the bound falls short is
found by bridging at every other point and is smooth between them (`remnant.field.bridging`). On all but small lattices
the axes are those of a lattice of twice or four times the spacing. On large ones the bound is the weight: where data
are many, what it lacks hardly changes from point to point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy.sparse import block_diag, csc_matrix, csr_matrix

from remnant.field.bridging import smooth_gaps
from remnant.field.conditional import (
    Bend,
    GaussianFit,
    Target,
    averaged,
    find_mode,
    gaussian_at,
    log_excess,
    recentred,
)
from remnant.field.latent_model import Effort, LatentModel
from remnant.field.lattice import (
    graph_laplacian,
    lattice_over,
    log_det_precision,
    precision,
    read_variance,
)
from remnant.field.moves import Pace, bridged, moves_for, pace_of
from remnant.numerics.threads import side_by_side
from remnant.units import Floats, Ints

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[float], None]
Place = tuple[int, int]

_NUM_PAIRS = 16  # of draws over which slopes are averaged, each with both signs
_FEWER_PAIRS = 8  # the same on a large lattice
_ROUGH_PAIRS = 4  # the same on a lattice that only shows where the mode is
_REFINED_PAIRS = 16  # for the centre of a fit on a large lattice, before draws of it are taken
_HELD_NODES = 10_000  # largest lattice whose factors are kept
_PAIRED_NODES = (
    300_000  # largest lattice whose points are fitted side by side: above, threads share one factor
)
_SKETCHED_NODES = 1_500  # above which the mode is that of a coarser lattice
_WIDEST = 4.0  # spacings of the fine lattice in one of that: wider ones would blur the range that is sought
_MAX_TURNS = 8
_LEAST_REACH = 0.01  # of differences, in prior standard deviations
_APT = 1.7
_LONGEST_TURN = 1.5  # of the search for the mode, in prior standard deviations
_MODE_FOUND = 0.05  # gain in log weight below which the mode is found
_MAX_POINTS = 60
_LARGE_DROP = 2.0  # of log weight, below which points of a large lattice are left to the rim
_RIM = 3.0  # of log weight below the lightest point of the grid, to which its rim reaches
_PACED = 2  # sets of chains by which the pace of moves is found


@dataclass(slots=True, kw_only=True, eq=False)
class Point:
    """One point of the grid of hyper-parameters.

    Parameters
    ----------
    at
        (2,) whitened range and spread.
    u, y, bend
        Of its fit.
    is_averaged
        Whether the fit is to averages over itself; else to the mode.
    bound
        Lower bound of log p(hyper-parameters, evidence).
    log_weight
        The same, with what the bound lacks.
    held
        Target and fit; None where they are too large to be kept.
    """

    at: Floats
    u: Floats
    y: Floats
    bend: Bend
    is_averaged: bool
    bound: float
    log_weight: float
    held: tuple[Target, GaussianFit] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RimPoint:
    """A place just outside the grid: too light for a fit of its own, not for the tails of the hyper-parameters.

    Parameters
    ----------
    at
        (2,) whitened range and spread.
    log_weight
        What a normal posterior would have there.
    nearest
        The point whose draws of the field serve for it.
    """

    at: Floats
    log_weight: float
    nearest: Point


class Search:
    """Evaluates points of the hyper-parameters, each from the nearest that is known."""

    def __init__(self, model: LatentModel, effort: Effort, rng: np.random.Generator) -> None:
        self.model, self.effort, self.rng = model, effort, rng
        self.is_exact = model.lattice.num_nodes * model.num_fields <= effort.exact_nodes
        self.finer: LatentModel | None = None  # the model that this one is a coarser copy of
        self.num_pairs = _NUM_PAIRS if self.is_exact else _FEWER_PAIRS
        self.seed = int(rng.integers(2**62))  # of normals that all points share, so that their noise does too
        self.laplacian = graph_laplacian(model.lattice)
        self.spots = np.tile(model.lattice.spots(), (model.num_fields, 1))
        self.known: list[Point] = []
        self.sketch: tuple[Point, csr_matrix] | None = None  # a coarser lattice's fit, and how nodes read it
        self.free = [not model.range_m.is_certain, not model.spread.is_certain]
        self.pace = Pace(steps=1, moves=effort.moves)
        self.bridge_sd = 0.0

    def log_prior(self, at: Floats) -> float:
        """Log prior density of the whitened hyper-parameters that are free."""
        return float(-0.5 * (np.square(at) + np.log(2.0 * np.pi))[self.free].sum())

    def target(self, at: Floats) -> Target:
        """Log p for given whitened hyper-parameters."""
        model = self.model
        range_m, spread = float(model.range_m.value(at[:1])[0]), float(model.spread.value(at[1:])[0])
        centre = -0.5 * spread**2 * model.is_mean_one
        if self.finer is not None:  # rows must see as much of the field as they do there
            seen = [read_variance(m.lattice, m.read, range_m) for m in (self.finer, model)]
            spread *= float(np.sqrt(seen[0] / seen[1]))
        q = precision(model.lattice, range_m, spread, self.laplacian)
        log_det = log_det_precision(model.lattice, range_m, spread, self.laplacian)
        carried = (np.diff(model.read.indptr) > 0).astype(np.float64)  # rows that read no node have no field
        return Target(
            precision=q if model.num_fields == 1 else csc_matrix(block_diag([q] * model.num_fields)),
            log_det=log_det * model.num_fields,
            spots=self.spots,
            read=model.read,
            slopes=np.ascontiguousarray(model.covariates * model.slope_sd),
            offset=centre * carried + model.covariates @ model.slope_mean,
            likelihood=model.likelihood,
        )

    def fitted(self, point: Point) -> tuple[Target, GaussianFit]:
        """Target and fit of a point, made again where they were not kept."""
        if point.held is not None:
            return point.held
        target = self.target(point.at)
        return target, gaussian_at(target, point.u, point.y, point.bend)

    def refined(self, point: Point, rng: np.random.Generator) -> tuple[Target, GaussianFit]:
        """The same, with a centre by many more draws where draws of the fit are all that there will be."""
        target, fit = self.fitted(point)
        if self.is_exact:
            return target, fit
        return target, recentred(target, fit, num_pairs=_REFINED_PAIRS, at_once=_FEWER_PAIRS, rng=rng)

    def each(self, call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Results of a call that fits; one after another where two fits would take too much memory."""
        if self.model.lattice.num_nodes * self.model.num_fields > _PAIRED_NODES:
            return [call(item) for item in items]
        return side_by_side(call, items)

    def points(self, ats: list[Floats]) -> list[Point]:
        """The fits at some points, each from the nearest that was known before; every point once."""

        def known(at: Floats) -> Point | None:
            return next((p for p in self.known if np.abs(p.at - at).max() < 1e-9), None)

        wanted = [at for at in ats if known(at) is None]
        self.known += self.each(self._point, wanted)
        return [p for p in map(known, ats) if p is not None]

    def _point(self, at: Floats) -> Point:
        target = self.target(at)
        near = min(self.known, key=lambda p: float(np.square(p.at - at).sum())) if self.known else None
        bend, may_serve = None, True
        if near is not None:
            u = near.u * (self.model.spread.value(at[1:])[0] / self.model.spread.value(near.at[1:])[0])
            y, bend, may_serve = near.y, near.bend, near.is_averaged
        elif self.sketch is not None:
            coarse, read = self.sketch
            u, y, bend, may_serve = read @ coarse.u, coarse.y, coarse.bend, coarse.is_averaged
        else:
            u, y = np.zeros(target.num_nodes), np.zeros(target.num_others)
        fit = None
        if bend is not None and may_serve:
            start = gaussian_at(target, u, y, bend)
            fit = averaged(target, start, self._white(start))
        is_averaged = fit is not None
        if fit is None:
            fit, is_averaged = self._from_mode(target, u, y, bend)
        bound = self._bound(target, fit) + self.log_prior(at)
        return Point(
            at=at, u=fit.u, y=fit.y, bend=fit.bend, is_averaged=is_averaged, bound=bound, log_weight=bound,
            held=(target, fit) if target.num_nodes <= _HELD_NODES else None,
        )  # fmt: skip

    def _from_mode(self, target: Target, u: Floats, y: Floats, bend: Bend | None) -> tuple[GaussianFit, bool]:
        """The fit from the mode, averaged where that raises the bound: far from normal, averaging may stray."""
        mode, _ = find_mode(target, u, y, bend)
        fit = averaged(target, mode, self._white(mode))
        if fit is None or self._bound(target, fit) < self._bound(target, mode):
            return mode, False
        return fit, True

    def _bound(self, target: Target, fit: GaussianFit) -> float:
        """Lower bound of the log marginal likelihood, by other draws than those that the fit was made with."""
        return float(log_excess(target, fit, self._white(fit, stream=1)).mean())

    def _white(self, fit: GaussianFit, stream: int = 0) -> Floats:
        """Standard normals for averages over a fit; the same for every point."""
        rng = np.random.default_rng([self.seed, stream])
        return rng.standard_normal((fit.num_white, self.num_pairs))

    def axes_at_mode(self, tell: Progress) -> Floats:
        """(3, 2) the mode of the hyper-parameters, then its principal axes of one standard deviation each.

        On all but small lattices they are those of a coarser one.
        """
        free, axes, reach = np.flatnonzero(self.free), np.zeros((3, 2)), np.ones(2)
        if self.model.lattice.num_nodes > _SKETCHED_NODES and self.finer is None:
            coarse, read = _coarser(self.model, self.effort.exact_nodes)
            search = Search(coarse, self.effort, self.rng)
            search.num_pairs, search.finer = _ROUGH_PAIRS, self.model
            axes = search.axes_at_mode(tell)
            self.sketch = search.points([axes[0]])[0], read
            return axes
        best = self.points([axes[0]])[0]
        if free.size == 0:
            return axes
        bend = np.eye(2)
        for turn in range(_MAX_TURNS):
            centre = best.at
            slope, bend = self._local(centre, reach, free)
            step = np.zeros(2)
            step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
            step *= min(1.0, _LONGEST_TURN / max(float(np.linalg.norm(step)), 1e-12))
            fitting = np.clip(1.0 / np.sqrt(np.diag(bend)), _LEAST_REACH, 1.0)
            # differences over one standard deviation or so
            is_apt = float((reach / fitting)[free].max()) < _APT
            reach = fitting
            if float(slope @ step) < _MODE_FOUND:
                if is_apt:
                    break
                continue
            trial = self.points([centre + step])[0]
            around = [p for p in self.known if p.bound > best.bound + 1e-9]
            best = max([*around, best, trial], key=lambda p: p.bound)
            tell(0.3 * (turn + 1) / _MAX_TURNS)
            if best.at is centre and is_apt:
                break
        root, direction = np.linalg.eigh(bend[np.ix_(free, free)])
        axes = np.zeros((2, 2))
        axes[: free.size, free] = direction.T / np.sqrt(np.maximum(root, 0.3))[:, None]
        return np.vstack([best.at, axes])

    def _local(self, centre: Floats, reach: Floats, free: Ints) -> tuple[Floats, Floats]:
        """Slope and (positive) curvature of the bound at a point, by differences."""
        steps = [sign * reach * (np.arange(2) == i) for i in free for sign in (1.0, -1.0)]
        ats = [centre, *(centre + s for s in steps), *([centre + reach] if free.size == 2 else [])]
        here, *others = (p.bound for p in self.points(ats))
        slope, bend = np.zeros(2), np.eye(2)
        for number, i in enumerate(free):
            up, down = others[2 * number], others[2 * number + 1]
            slope[i] = (up - down) / (2.0 * reach[i])
            bend[i, i] = -(up - 2.0 * here + down) / reach[i] ** 2
        if free.size == 2:
            bend[0, 1] = bend[1, 0] = -(
                others[-1] - here - slope @ reach + 0.5 * bend.diagonal() @ reach**2
            ) / (reach[0] * reach[1])
        root, direction = np.linalg.eigh(bend)
        return slope, (direction * np.maximum(root, 0.3)) @ direction.T

    def grid(self, axes: Floats, tell: Progress) -> tuple[list[Point], list[RimPoint]]:
        """Points of a grid along the axes, grown from the mode for as long as they weigh anything, and its rim."""
        drop = self.effort.drop if self.is_exact else min(self.effort.drop, _LARGE_DROP)
        spacing = self.effort.spacing
        found: dict[Place, Point] = {}
        gaps: dict[Place, tuple[float, float]] = {}
        new: list[Place] = [(0, 0)]
        while new and len(found) < _MAX_POINTS:
            points = self.points([axes[0] + spacing * (np.array(at) @ axes[1:]) for at in new])
            found |= dict(zip(new, points, strict=True))
            if self.is_exact:
                self._weigh(found, gaps)
            best = max(p.log_weight for p in found.values())
            # all are looked at again: their weights have changed with what new ones tell
            new = list(
                dict.fromkeys(
                    at
                    for place, point in found.items()
                    if point.log_weight >= best - drop
                    for at in _around(place)
                    if at not in found
                    and axes[1 if at[0] != place[0] else 2].any()
                    and _expected(found, place, at, spacing) >= best - drop
                )
            )
            tell(0.3 + 0.4 * min(len(found) / 20.0, 1.0))
        kept = {at: p for at, p in found.items() if p.log_weight >= best - drop}
        for point in self.known:
            if all(point is not p for p in kept.values()):
                point.held = None
        self.bridge_sd = max((sd for _, sd in gaps.values()), default=0.0)
        return list(kept.values()), self._rim(kept, axes, best - drop - _RIM)

    def _rim(self, kept: dict[Place, Point], axes: Floats, least: float) -> list[RimPoint]:
        """Places around the grid that still weigh a little, each with the point next to it."""
        spacing, rim = self.effort.spacing, dict[Place, list[tuple[float, Point]]]()
        for place, point in kept.items():
            for at in _around(place):
                if at not in kept and axes[1 if at[0] != place[0] else 2].any():
                    rim.setdefault(at, []).append((_expected(kept, place, at, spacing), point))
        listed = [
            RimPoint(
                at=axes[0] + spacing * (np.array(at) @ axes[1:]),
                log_weight=float(np.mean([weight for weight, _ in told])),
                nearest=max(told, key=lambda pair: pair[0])[1],
            )
            for at, told in rim.items()
        ]
        return [r for r in listed if r.log_weight >= least]

    def _weigh(self, points: dict[Place, Point], gaps: dict[Place, tuple[float, float]]) -> None:
        """Add to the bounds what they lack, by bridging at every other point."""
        if not gaps:
            self._find_pace(points[0, 0])
        is_line = sum(self.free) < 2
        some = [at for at in points if at not in gaps and (is_line or sum(at) % 2 == 0)]
        rngs = self.rng.spawn(len(some))

        def lacks(number: int) -> tuple[float, float]:
            point = points[some[number]]
            log_evidence, sd = bridged(
                *self.fitted(point), self.pace, num_pairs=self.effort.chains // 2, rng=rngs[number]
            )
            return log_evidence + self.log_prior(point.at) - point.bound, sd

        gaps |= dict(zip(some, side_by_side(lacks, range(len(some))), strict=True))
        gap, sd = np.array(list(gaps.values())).T
        at, every = (self.effort.spacing * np.array(list(places), np.float64) for places in (gaps, points))
        for point, more in zip(points.values(), smooth_gaps(at, gap, sd, every), strict=True):
            point.log_weight = point.bound + float(more)

    def _find_pace(self, point: Point) -> None:
        rngs = self.rng.spawn(_PACED)
        found = side_by_side(lambda rng: pace_of(*self.fitted(point), self.effort, rng=rng), rngs)
        steps, remembered = zip(*found, strict=True)
        self.pace = Pace(steps=max(steps), moves=moves_for(float(np.mean(remembered)), self.effort))


def cell_area(axes: Floats, spacing: float) -> float:
    """Area of a cell of the grid, in the whitened coordinates that are free."""
    lengths = spacing * np.linalg.norm(axes[1:], axis=1)
    return float(np.prod(lengths[lengths > 0.0]))


def _around(place: Place) -> list[Place]:
    i, j = place
    return [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]


def _expected(found: dict[Place, Point], place: Place, at: Place, spacing: float) -> float:
    """The log weight that a normal posterior would have one step on."""
    here, opposite = found[place].log_weight, (2 * place[0] - at[0], 2 * place[1] - at[1])
    if opposite not in found:
        return here - 0.5 * spacing**2
    return 2.0 * here - found[opposite].log_weight - spacing**2


def _coarser(model: LatentModel, most_nodes: int) -> tuple[LatentModel, csr_matrix]:
    """The same model on a lattice of wider spacing, and how the nodes of the one read those of the other."""
    x, y = model.lattice.places()
    wider = 2.0
    while wider < _WIDEST and model.lattice.num_nodes > most_nodes * wider**2:
        wider *= 2.0
    lattice = lattice_over(x, y, wider * model.lattice.spacing_m, 0.0)
    once = lattice.interpolation(x, y)
    whole = csr_matrix(once if model.num_fields == 1 else block_diag([once] * model.num_fields))
    return replace(model, lattice=lattice, read=csr_matrix(model.read @ whole)), whole
