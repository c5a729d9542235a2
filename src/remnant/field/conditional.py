"""The latent field given its range and spread: a Gaussian fit.

The latent vector is x = (u, y): fields at the nodes, then slopes and nuisances, whitened. Its log-density given the
hyper-parameters is ``log p(x) = −½ uᵀQu − ½ yᵀy + log L(A u + X β(y), z(y))``. The fit is Gaussian with precision::

    P = [[H, B], [Bᵀ, D]],    H = Q + Σ_g w_g a_g a_gᵀ        (a_g: how group g of rows reads the nodes)

Rows that read few nodes keep H sparse; rows that read many (a count for a whole district) enter as a low-rank term.
Newton's method finds the mode; the centre is then moved to where the *average* slope over the fit vanishes, which is
the best Gaussian centre in the sense of Kullback and Leibler [1]_, and the curvature is averaged likewise.

References
----------
.. [1] M. Opper, C. Archambeau, "The variational Gaussian approximation revisited", Neural Comput. 21 (2009) 786-792.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular
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
_SERVES = 0.05  # divergence from the fit of a fresh bend below which an old one serves
_MAX_BENDS = 3
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
    spots
        (n_nodes, 2) row and column of the nodes: near ones are eliminated together.
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
    spots: Floats
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

    def prior_about(self, u: Floats, y: Floats, du: Floats, dy: Floats) -> Floats:
        """(2 n_pairs,) log prior at deviations (n, n_pairs) of either sign from a centre (n,)."""
        pulled, pulled_apart = np.asarray(self.precision @ u), np.asarray(self.precision @ du)
        here = self._prior(u[:, None], pulled[:, None], y[:, None])
        square = np.einsum("ij,ij->j", du, pulled_apart) + np.square(dy).sum(axis=0)
        slope = pulled @ du + y @ dy
        return np.concatenate([here - slope - 0.5 * square, here + slope - 0.5 * square])

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
    """N(centre, P⁻¹) over (u, y), with a square root: P⁻¹ = T Tᵀ."""

    u: Floats
    y: Floats
    factor: Factor  # of H without its low-rank term: L
    wide: Floats  # (n_nodes, rank) W = L⁻¹ V of the low-rank term: H = L (I + W Wᵀ) Lᵀ
    inner: Floats  # (rank, rank) M: (I + W Wᵀ)^-½ = I + W M Wᵀ
    tied: Floats  # (n_nodes, n_others) H⁻¹ B
    schur: Floats  # Cholesky factor of S = D − Bᵀ H⁻¹ B, lower
    bend: Bend
    log_det: float

    @property
    def num_white(self) -> int:
        """Standard normals that one draw takes."""
        return len(self.u) + len(self.y)

    def moved(self, u: Floats, y: Floats) -> GaussianFit:
        """The same shape about another centre."""
        return replace(self, u=u, y=y)

    def spread(self, white: Floats) -> tuple[Floats, Floats]:
        """Deviations from the centre, T w, from standard normals (n_nodes + n_others, n_chains)."""
        n = len(self.u)
        y = np.asarray(solve_triangular(self.schur, white[n:], lower=True, trans="T", check_finite=False))
        u = self.factor.colour(_narrowed(white[:n], self.wide, self.inner))
        u -= self.tied @ y
        return u, y

    def pulled(self, by_u: Floats, by_y: Floats) -> Floats:
        """Tᵀ times a slope: the slope by standard normals."""
        out_y = solve_triangular(self.schur, by_y - self.tied.T @ by_u, lower=True, check_finite=False)
        return np.vstack([_narrowed(self.factor.whiten(by_u), self.wide, self.inner), out_y])

    def solve(self, by_u: Floats, by_y: Floats) -> tuple[Floats, Floats]:
        """P⁻¹ times a slope."""
        return self.spread(self.pulled(by_u, by_y))

    def log_density(self, white: Floats) -> Floats:
        """(n_chains,) log q of deviations, from the standard normals that make them."""
        squares = np.einsum("ij,ij->j", white, white)
        return np.asarray(0.5 * (self.log_det - self.num_white * np.log(2.0 * np.pi) - squares))


def _narrowed(white: Floats, wide: Floats, inner: Floats) -> Floats:
    """(I + W M Wᵀ) w."""
    return white + wide @ (inner @ (wide.T @ white)) if wide.shape[1] else white


def bend_at(target: Target, u: Floats, y: Floats) -> Bend:
    """The bend at a point."""
    share, weight, by_z = _curvature(target, u[:, None], y[:, None])
    return Bend(share=share, weight=weight, by_z=by_z, own=_own_curvature(target, u, y, weight, by_z))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cloud:
    """Deviations of a fit from its centre, wherever that is; each stands for both signs."""

    u: Floats  # (n_nodes, n_pairs)
    y: Floats  # (n_others, n_pairs)
    field: Floats  # (n_rows, n_pairs) what they do to the log field of rows

    def over(self, target: Target, fit: GaussianFit) -> tuple[Floats, Floats]:
        """(n_rows, 2 n_pairs) and (n_nuisances, 2 n_pairs) log field and nuisances about a centre."""
        centre, k = target.field(fit.u[:, None], fit.y[:, None]), target.slopes.shape[1]
        z = fit.y[k:, None]
        return (
            np.hstack([centre + self.field, centre - self.field]),
            np.hstack([z + self.y[k:], z - self.y[k:]]),
        )


def cloud_of(target: Target, fit: GaussianFit, white: Floats) -> Cloud:
    """Deviations from standard normals (n_white, n_pairs)."""
    u, y = fit.spread(white)
    return Cloud(u=u, y=y, field=np.asarray(target.read @ u) + target.slopes @ y[: target.slopes.shape[1]])


def average_bend(target: Target, fit: GaussianFit, cloud: Cloud) -> Bend:
    """The bend averaged over deviations from the centre of a fit."""
    share, weight, by_z = target.likelihood.curvature(*cloud.over(target, fit))
    return Bend(share=share, weight=weight, by_z=by_z, own=bend_at(target, fit.u, fit.y).own)


def gaussian_at(target: Target, u: Floats, y: Floats, bend: Bend | None = None) -> GaussianFit:
    """The Gaussian about a point with the curvature of log p there, or with another one."""
    if bend is None:
        bend = bend_at(target, u, y)
    share, weight = bend.share, bend.weight
    rows = target.read if share is None else (share @ target.read).tocsr()
    wide = (np.diff(rows.indptr) > _WIDE_ROW) & (weight > 0.0)
    narrow = rows[~wide] if wide.any() else rows
    factor = factorise(target.precision + narrow.T @ diags(weight[~wide]) @ narrow, target.spots)
    low = (diags(np.sqrt(weight[wide])) @ rows[wide]).toarray().T if wide.any() else np.zeros((len(u), 0))
    reach = factor.whiten(low)
    root, axes = np.linalg.eigh(reach.T @ reach)
    root = np.maximum(root, 1e-12)
    inner = (axes * ((1.0 / np.sqrt(1.0 + root) - 1.0) / root)) @ axes.T
    reads_slopes = target.slopes if share is None else np.asarray(share @ target.slopes)
    others = np.hstack([reads_slopes, bend.by_z])  # how groups read y
    cross = np.asarray(rows.T @ (weight[:, None] * others))
    own = np.eye(target.num_others) + others.T @ (weight[:, None] * others)
    k = target.slopes.shape[1]
    own[k:, k:] += bend.own
    half = _narrowed(factor.whiten(cross), reach, inner)
    tied = factor.colour(_narrowed(half, reach, inner))
    schur = _root(own - half.T @ half)
    log_det = factor.log_det + float(np.log1p(root).sum() + 2.0 * np.log(np.diag(schur)).sum())
    return GaussianFit(
        u=u, y=y, factor=factor, wide=reach, inner=inner, tied=tied, schur=schur, bend=bend, log_det=log_det
    )


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


def averaged(target: Target, fit: GaussianFit, white: Floats) -> GaussianFit | None:
    """The fit moved and bent to the average slope and curvature over itself; None where that does not settle.

    Parameters
    ----------
    white
        (n_white, n_pairs) standard normals; each is used with both signs.
    """
    for _ in range(_MAX_BENDS):
        cloud = cloud_of(target, fit, white)
        found = centred(target, fit, cloud)
        if found is None:
            return None
        bend = average_bend(target, found, cloud)
        if _lost(found.bend, bend, cloud) < _SERVES:
            return found
        fit = gaussian_at(target, found.u, found.y, bend)
    return centred(target, fit, cloud_of(target, fit, white))


def _lost(old: Bend, new: Bend, cloud: Cloud) -> float:
    """Divergence between Gaussians of two bends: half the variance, over one, of how their exponents differ."""
    return 0.5 * float(np.var(_bent(new, cloud) - _bent(old, cloud)))


def _bent(bend: Bend, cloud: Cloud) -> Floats:
    """(n_pairs,) half the square of deviations, as the evidence bends."""
    groups = cloud.field if bend.share is None else np.asarray(bend.share @ cloud.field)
    z = cloud.y[len(cloud.y) - len(bend.own) :]
    squares = bend.weight @ np.square(groups + bend.by_z @ z) + np.einsum("ij,ij->j", z, bend.own @ z)
    return np.asarray(0.5 * squares)


def centred(target: Target, fit: GaussianFit, cloud: Cloud) -> GaussianFit | None:
    """The fit moved to where the average slope over it vanishes; None where such a place is not found."""
    for _ in range(_MAX_TURNS):
        mean_u, mean_y = average_slope(target, fit, cloud)
        if not (np.isfinite(mean_u).all() and np.isfinite(mean_y).all()):
            return None
        step_u, step_y = fit.solve(mean_u, mean_y)
        size = float((mean_u * step_u).sum() + (mean_y * step_y).sum())
        damp = min(1.0, _LONGEST_SHIFT / np.sqrt(max(size, 1e-300)))
        fit = fit.moved(fit.u + damp * step_u[:, 0], fit.y + damp * step_y[:, 0])
        if size < _CENTRED:
            return fit
    return None


def recentred(
    target: Target, fit: GaussianFit, *, num_pairs: int, at_once: int, rng: np.random.Generator
) -> GaussianFit:
    """The fit moved once more by the average slope over many fresh draws, some at a time."""
    num_parts = max(1, num_pairs // at_once)
    total_u, total_y = np.zeros((len(fit.u), 1)), np.zeros((len(fit.y), 1))
    for _ in range(num_parts):
        white = rng.standard_normal((fit.num_white, at_once))
        mean_u, mean_y = average_slope(target, fit, cloud_of(target, fit, white))
        total_u += mean_u / num_parts
        total_y += mean_y / num_parts
    if not (np.isfinite(total_u).all() and np.isfinite(total_y).all()):
        return fit
    step_u, step_y = fit.solve(total_u, total_y)
    return fit.moved(fit.u + step_u[:, 0], fit.y + step_y[:, 0])


def average_slope(target: Target, fit: GaussianFit, cloud: Cloud) -> tuple[Floats, Floats]:
    """(n_nodes, 1) and (n_others, 1) slope of log p averaged over deviations; that of the prior is the centre's."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        _, by_field, by_z = target.likelihood.gradient(*cloud.over(target, fit))
        by_row = by_field.mean(axis=1, keepdims=True)
    by_u = np.asarray(target.read.T @ by_row) - np.asarray(target.precision @ fit.u[:, None])
    by_y = np.concatenate([target.slopes.T @ by_row, by_z.mean(axis=1, keepdims=True)]) - fit.y[:, None]
    return by_u, by_y


def log_excess(target: Target, fit: GaussianFit, white: Floats) -> Floats:
    """(2 n_pairs,) by how much log p exceeds the fit at draws of either sign.

    Its mean is a lower bound of the logarithm of the marginal likelihood.
    """
    cloud = cloud_of(target, fit, white)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        like = target.likelihood.value(*cloud.over(target, fit))
        value = like + target.prior_about(fit.u, fit.y, cloud.u, cloud.y)
    return np.where(np.isfinite(value), value, -np.inf) - np.tile(fit.log_density(white), 2)
