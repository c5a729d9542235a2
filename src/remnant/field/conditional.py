"""The latent field given its range and spread: a Gaussian fit, and exact draws that start from it.

The latent vector is x = (u, y): fields at the nodes, then slopes and nuisances, whitened. Its log-density given the
hyper-parameters is ``log p(x) = −½ uᵀQu − ½ yᵀy + log L(A u + X β(y), z(y))``. The fit is Gaussian with precision::

    P = [[H, B], [Bᵀ, D]],    H = Q + Σ_g w_g a_g a_gᵀ        (a_g: how group g of rows reads the nodes)

Rows that read few nodes keep H sparse; rows that read many (a count for a whole district) enter as a low-rank term.
Newton's method finds the mode; the centre is then moved to where the *average* slope over the fit vanishes, which is
the best Gaussian centre in the sense of Kullback and Leibler [1]_. Draws of the fit are made exact by Hamiltonian
moves that turn about the fit as about a Gaussian and are pushed by what remains of the slope [2]_: where the fit is
good a quarter turn gives a new draw at once, whatever the number of nodes.

References
----------
.. [1] M. Opper, C. Archambeau, "The variational Gaussian approximation revisited", Neural Comput. 21 (2009) 786-792.
.. [2] B. Shahbaba, S. Lan, W. O. Johnson, R. M. Neal, "Split Hamiltonian Monte Carlo", Stat. Comput. 24 (2014)
   339-349.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.sparse import csc_matrix, csr_matrix, diags

from remnant.field.counts import Likelihood
from remnant.numerics.sparse import Factor, factorise
from remnant.units import Floats

_WIDE_ROW = 64  # nodes beyond which a row of evidence is kept as a low-rank term
_STEP = 1e-4  # of a whitened coordinate, for second derivatives by differences of exact slopes
_NOISE = 1e-5  # curvature by differences below this is rounding
_MAX_NEWTON = 60
_CONVERGED = 1e-3  # of the decrement: twice the gain in log p that is left
_FRESH = 0.02  # a curvature taken where the decrement was below this is that of the mode
_CENTRED = 0.02  # squared length of a shift of the centre, in standard deviations, that is the last
_MAX_TURNS = 10
_LONGEST_SHIFT = 20.0  # of a centre, in standard deviations of the fit
_CHORD_GAIN = (
    0.2  # a step with an old factor must shrink the decrement to this share, or a new factor is made
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """log p(x) for given hyper-parameters.

    Parameters
    ----------
    precision, log_det
        Q of all fields together, and the logarithm of its determinant.
    read
        (n_rows, n_nodes) how rows read the fields.
    slopes
        (n_rows, n_slopes) how rows read whitened slopes.
    offset
        (n_rows,) part of the log field that is certain.
    likelihood
        Evidence.
    """

    precision: csc_matrix
    log_det: float
    read: csr_matrix
    slopes: Floats
    offset: Floats
    likelihood: Likelihood

    @property
    def num_nodes(self) -> int:
        """Length of u."""
        return int(self.precision.shape[0])

    @property
    def num_others(self) -> int:
        """Length of y."""
        return int(self.slopes.shape[1]) + self.likelihood.num_nuisances

    def field(self, u: Floats, y: Floats) -> Floats:
        """(n_rows, n_chains) log field of the rows."""
        eta = np.asarray(self.read @ u) + self.offset[:, None]
        return np.asarray(eta + self.slopes @ y[: self.slopes.shape[1]])

    def value(self, u: Floats, y: Floats) -> Floats:
        """(n_chains,) log p."""
        like = self.likelihood.value(self.field(u, y), y[self.slopes.shape[1] :])
        return like + self._prior(u, np.asarray(self.precision @ u), y)

    def gradient(self, u: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Log p and its derivatives by u and y."""
        k = self.slopes.shape[1]
        like, by_field, by_z = self.likelihood.gradient(self.field(u, y), y[k:])
        pulled = np.asarray(self.precision @ u)
        by_u = np.asarray(self.read.T @ by_field) - pulled
        by_y = np.concatenate([self.slopes.T @ by_field, by_z]) - y
        return like + self._prior(u, pulled, y), by_u, by_y

    def _prior(self, u: Floats, pulled: Floats, y: Floats) -> Floats:
        constant = 0.5 * (self.log_det - (len(u) + len(y)) * np.log(2.0 * np.pi))
        squares = np.einsum("ij,ij->j", u, pulled) + np.square(y).sum(axis=0)
        return np.asarray(constant - 0.5 * squares)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bend:
    """How sharply the evidence bends: see `Likelihood.curvature`."""

    share: csr_matrix | None
    weight: Floats
    by_z: Floats
    own: Floats  # of the nuisances, beyond what they do through the means of groups


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaussianFit:
    """N(centre, P⁻¹) over (u, y)."""

    u: Floats
    y: Floats
    sparse: csc_matrix  # H without its low-rank term
    factor: Factor
    low: Floats  # (n_nodes, rank) V: H = sparse + V Vᵀ
    reached: Floats  # sparse⁻¹ V
    inner: Floats  # Cholesky factor of I + Vᵀ sparse⁻¹ V
    tied: Floats  # (n_nodes, n_others) H⁻¹ B
    schur: Floats  # Cholesky factor of S = D − Bᵀ H⁻¹ B, lower
    bend: Bend
    log_det: float

    def moved(self, u: Floats, y: Floats) -> GaussianFit:
        """The same shape about another centre."""
        return GaussianFit(**{n: getattr(self, n) for n in self.__dataclass_fields__} | {"u": u, "y": y})

    def solve(self, by_u: Floats, by_y: Floats) -> tuple[Floats, Floats]:
        """P⁻¹ times a slope."""
        out_y = cho_solve((self.schur, True), by_y - self.tied.T @ by_u, check_finite=False)
        return self._solve_nodes(by_u) - self.tied @ out_y, out_y

    def spread(self, white: Floats) -> tuple[Floats, Floats]:
        """Deviations from the centre, from standard normals (n_nodes + n_others + rank, n_chains)."""
        n, p = len(self.u), len(self.y)
        y = np.asarray(solve_triangular(self.schur, white[n : n + p], lower=True, trans="T"))
        if self.low.shape[1]:
            u = self._solve_nodes(self.factor.root(white[:n]) + self.low @ white[n + p :])
        else:
            u = self.factor.colour(white[:n])
        return u - self.tied @ y, y

    def quadratic(self, u: Floats, y: Floats) -> Floats:
        """(n_chains,) vᵀ P v of deviations."""
        w = u + self.tied @ y
        out = np.einsum("ij,ij->j", w, np.asarray(self.sparse @ w)) + np.square(self.schur.T @ y).sum(axis=0)
        return np.asarray(out + np.square(self.low.T @ w).sum(axis=0))

    def log_density(self, u: Floats, y: Floats) -> Floats:
        """(n_chains,) log q of deviations."""
        size = len(self.u) + len(self.y)
        return np.asarray(0.5 * (self.log_det - size * np.log(2.0 * np.pi) - self.quadratic(u, y)))

    @property
    def num_white(self) -> int:
        """Standard normals that one draw takes."""
        return len(self.u) + len(self.y) + int(self.low.shape[1])

    def _solve_nodes(self, by_u: Floats) -> Floats:
        out = self.factor.solve(by_u)
        if self.low.shape[1]:
            out -= self.reached @ cho_solve((self.inner, True), self.low.T @ out, check_finite=False)
        return out


def bend_at(target: Target, u: Floats, y: Floats) -> Bend:
    """The bend at a point."""
    share, weight, by_z = _curvature(target, u[:, None], y[:, None])
    return Bend(share=share, weight=weight, by_z=by_z, own=_own_curvature(target, u, y, weight, by_z))


def average_bend(target: Target, fit: GaussianFit, du: Floats, dy: Floats) -> Bend:
    """The bend averaged over deviations of either sign from the centre of a fit."""
    u, y = fit.u[:, None] + np.hstack([du, -du]), fit.y[:, None] + np.hstack([dy, -dy])
    share, weight, by_z = _curvature(target, u, y)
    return Bend(share=share, weight=weight, by_z=by_z, own=fit.bend.own)


def gaussian_at(target: Target, u: Floats, y: Floats, bend: Bend | None = None) -> GaussianFit:
    """The Gaussian about a point with the curvature of log p there, or with another one."""
    if bend is None:
        bend = bend_at(target, u, y)
    share, weight = bend.share, bend.weight
    rows = target.read if share is None else (share @ target.read).tocsr()
    wide = (np.diff(rows.indptr) > _WIDE_ROW) & (weight > 0.0)
    narrow = rows[~wide] if wide.any() else rows
    sparse = (target.precision + narrow.T @ diags(weight[~wide]) @ narrow).tocsc()
    factor = factorise(sparse)
    low = np.zeros((target.num_nodes, 0))
    if wide.any():
        low = np.asarray((diags(np.sqrt(weight[wide])) @ rows[wide]).toarray().T)
    reached = factor.solve(low)
    inner = _root(np.eye(low.shape[1]) + low.T @ reached)
    reads_slopes = target.slopes if share is None else np.asarray(share @ target.slopes)
    others = np.hstack([reads_slopes, bend.by_z])  # how groups read y
    cross = np.asarray(rows.T @ (weight[:, None] * others))
    own = np.eye(target.num_others) + others.T @ (weight[:, None] * others)
    k = target.slopes.shape[1]
    own[k:, k:] += bend.own
    tied = factor.solve(cross)
    if low.shape[1]:
        tied -= reached @ cho_solve((inner, True), low.T @ tied)
    schur = _root(own - cross.T @ tied)
    log_det = factor.log_det + 2.0 * float(np.log(np.diag(inner)).sum() + np.log(np.diag(schur)).sum())
    return GaussianFit(
        u=u, y=y, sparse=sparse, factor=factor, low=low, reached=reached, inner=inner,
        tied=tied, schur=schur, bend=bend, log_det=log_det,
    )  # fmt: skip


def _curvature(target: Target, u: Floats, y: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
    return target.likelihood.curvature(target.field(u, y), y[target.slopes.shape[1] :])


def _own_curvature(target: Target, u: Floats, y: Floats, weight: Floats, by_z: Floats) -> Floats:
    """Curvature in the nuisances beyond what they do through the means of groups; never negative.

    By differences of exact slopes at the point, less the part that the weights account for.
    """
    k, p = target.slopes.shape[1], target.likelihood.num_nuisances
    if p == 0:
        return np.zeros((0, 0))
    nudge = np.zeros((target.num_others, 2 * p))
    nudge[k:, :p], nudge[k:, p:] = _STEP * np.eye(p), -_STEP * np.eye(p)
    field = np.repeat(target.field(u[:, None], y[:, None]), 2 * p, axis=1)
    _, _, slope = target.likelihood.gradient(field, y[k:, None] + nudge[k:])
    every = -(slope[:, :p] - slope[:, p:]) / (2.0 * _STEP)
    rest = 0.5 * (every + every.T) - by_z.T @ (weight[:, None] * by_z)
    root, axes = np.linalg.eigh(rest)
    return np.asarray((axes * np.where(root > _NOISE, root, 0.0)) @ axes.T)


def _root(matrix: Floats) -> Floats:
    """Lower Cholesky factor."""
    return np.asarray(np.linalg.cholesky(0.5 * (matrix + matrix.T)), np.float64)


def find_mode(target: Target, u: Floats, y: Floats, bend: Bend | None = None) -> tuple[GaussianFit, float]:
    """The Gaussian at the mode, and log p there; Newton's method from a start, with old factors while they serve.

    Parameters
    ----------
    bend
        Curvature to start with, such as that of a neighbour; None: that at the start.
    """
    value = float(target.value(u[:, None], y[:, None])[0])
    if not np.isfinite(value):
        u, y = np.zeros_like(u), np.zeros_like(y)
        value = float(target.value(u[:, None], y[:, None])[0])
    fit, is_new, built, last = gaussian_at(target, u, y, bend), bend is None, np.inf, np.inf
    for _ in range(_MAX_NEWTON):
        _, by_u, by_y = target.gradient(u[:, None], y[:, None])
        step_u, step_y = fit.solve(by_u, by_y)
        decrement = float((by_u * step_u).sum() + (by_y * step_y).sum())
        built = decrement if is_new else built
        if decrement < _CONVERGED:
            break
        if not is_new and decrement > _CHORD_GAIN * last:
            fit, is_new = gaussian_at(target, u, y), True
            continue
        moved = _climb(target, u, y, step_u[:, 0], step_y[:, 0], value, decrement)
        if moved is None:
            break
        u, y, value, share = moved
        is_new, last = False, decrement if share == 1.0 else 0.0
    return (gaussian_at(target, u, y) if built > _FRESH else fit.moved(u, y)), value


def _climb(
    target: Target, u: Floats, y: Floats, step_u: Floats, step_y: Floats, value: float, decrement: float
) -> tuple[Floats, Floats, float, float] | None:
    """The longest of ever shorter steps that climbs as it should; None where none does."""
    share = 1.0
    while share > 1e-4:
        new_u, new_y = u + share * step_u, y + share * step_y
        new = float(target.value(new_u[:, None], new_y[:, None])[0])
        if new > value + 0.1 * share * decrement:
            return new_u, new_y, new, share
        share *= 0.5
    return None


def average_fit(target: Target, fit: GaussianFit, white: Floats, rounds: int = 1) -> GaussianFit:
    """The fit moved and bent to the average slope and curvature over itself.

    Parameters
    ----------
    white
        (n_white, n_pairs) standard normals; each is used with both signs.
    """
    for _ in range(rounds):
        fit = centred(target, fit, white)
        bend = average_bend(target, fit, *fit.spread(white))
        again = gaussian_at(target, fit.u, fit.y, bend)
        if again.num_white != len(white):  # another row has become wide: keep what there was
            return fit
        fit = again
    return centred(target, fit, white)


def centred(target: Target, fit: GaussianFit, white: Floats) -> GaussianFit:
    """The fit moved to where the average slope over it vanishes."""
    du, dy = fit.spread(white)
    for _ in range(_MAX_TURNS):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            _, by_u, by_y = target.gradient(
                fit.u[:, None] + np.hstack([du, -du]), fit.y[:, None] + np.hstack([dy, -dy])
            )
        mean_u, mean_y = by_u.mean(axis=1, keepdims=True), by_y.mean(axis=1, keepdims=True)
        if not (np.isfinite(mean_u).all() and np.isfinite(mean_y).all()):
            return fit
        step_u, step_y = fit.solve(mean_u, mean_y)
        size = float((mean_u * step_u).sum() + (mean_y * step_y).sum())
        damp = min(1.0, _LONGEST_SHIFT / np.sqrt(max(size, 1e-300)))
        fit = fit.moved(fit.u + damp * step_u[:, 0], fit.y + damp * step_y[:, 0])
        if size < _CENTRED:
            break
    return fit


@dataclass(slots=True, kw_only=True, eq=False)
class Chains:
    """Positions of chains as deviations from a fit, with log p and its slope there."""

    u: Floats
    y: Floats
    value: Floats
    pull_u: Floats  # P⁻¹ times the slope of log p
    pull_y: Floats


def start_chains(target: Target, fit: GaussianFit, u: Floats, y: Floats) -> Chains:
    """Chains at deviations from the fit."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        value, by_u, by_y = target.gradient(fit.u[:, None] + u, fit.y[:, None] + y)
    pull_u, pull_y = fit.solve(by_u, by_y)
    return Chains(u=u, y=y, value=np.where(np.isfinite(value), value, -np.inf), pull_u=pull_u, pull_y=pull_y)


def move(
    target: Target, fit: GaussianFit, chains: Chains, *, angle: float, steps: int, rng: np.random.Generator
) -> tuple[Chains, Floats]:
    """One Hamiltonian move of every chain, and (n_chains,) chances with which they were taken."""
    num = chains.u.shape[1]
    v_u, v_y = fit.spread(rng.standard_normal((fit.num_white, num)))
    energy = 0.5 * fit.quadratic(v_u, v_y) - chains.value
    at = chains
    cos, sin, half = np.cos(angle), np.sin(angle), 0.5 * angle
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(steps):
            v_u, v_y = v_u + half * (at.pull_u + at.u), v_y + half * (at.pull_y + at.y)
            u, v_u = cos * at.u + sin * v_u, cos * v_u - sin * at.u
            y, v_y = cos * at.y + sin * v_y, cos * v_y - sin * at.y
            at = start_chains(target, fit, u, y)
            v_u, v_y = v_u + half * (at.pull_u + at.u), v_y + half * (at.pull_y + at.y)
        change = energy - (0.5 * fit.quadratic(v_u, v_y) - at.value)
    chance = np.exp(np.minimum(np.where(np.isnan(change), -np.inf, change), 0.0))
    taken = rng.random(num) < chance
    return Chains(
        **{name: np.where(taken, getattr(at, name), getattr(chains, name)) for name in Chains.__slots__}
    ), chance
