"""The latent field against dense algebra, plain importance sampling and its own definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from scipy.sparse import csr_matrix

from remnant.errors import InvalidInput
from remnant.field import (
    CountEvidence,
    Effort,
    LatentModel,
    field_draws,
    hyper,
    lattice_over,
    sample_latent,
)
from remnant.field.bridging import bridge
from remnant.field.conditional import Target, average_slope, cloud_of, find_mode, log_excess
from remnant.field.counts import by_log_shape, count_terms, digamma
from remnant.field.lattice import graph_laplacian, log_det_precision, precision
from remnant.field.moves import move, start_chains
from remnant.numerics import Link, link_of
from remnant.units import Floats

LEVEL, CLUMP = link_of(0.2, 5.0, is_probability=False), link_of(0.5, 5.0, is_probability=False)


class Districts:
    """Counts of whole districts: groups of many rows, so that fits take their low-rank path."""

    def __init__(self, group: Floats, found: Floats, exposure: Floats) -> None:
        self.share_of = csr_matrix((np.ones(group.size), (group.astype(int), np.arange(group.size))))
        self.found, self.exposure = found, exposure
        self.num_rows, self.num_nuisances = int(group.size), 1

    def _mean(self, field: Floats, z: Floats) -> tuple[Floats, Floats]:
        rows = np.exp(field + np.log(LEVEL.value(z[0]))) * self.exposure[:, None]
        return rows, self.share_of @ rows

    def value(self, field: Floats, z: Floats) -> Floats:
        _, mean = self._mean(field, z)
        return (self.found[:, None] * np.log(mean) - mean).sum(axis=0)

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        rows, mean = self._mean(field, z)
        slope = self.found[:, None] - mean
        by_row = rows * (self.share_of.T @ (slope / mean))
        return self.value(field, z), by_row, slope.sum(axis=0)[None] * LEVEL.spread

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix, Floats, Floats]:
        rows, mean = self._mean(field, z)
        share = csr_matrix(self.share_of.multiply((rows / (self.share_of.T @ mean)).mean(axis=1)))
        return share, mean.mean(axis=1), np.full((self.found.size, 1), LEVEL.spread)


def grid(size: int) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    return x.ravel(), y.ravel()


def model_of(size: int, *, clump: Link | None = CLUMP, seed: int = 1, margin: float = 1.0) -> LatentModel:
    rng = np.random.default_rng(seed)
    x, y = grid(size)
    lattice = lattice_over(x, y, 1.0, margin)
    read = lattice.interpolation(x, y)
    log_density = read @ field_draws(lattice, 4.0, 1.0, 1, rng=rng)[0]
    exposure = np.where(rng.random(x.size) < 0.6, 0.8, 0.0)
    return LatentModel(
        lattice=lattice,
        read=read,
        likelihood=CountEvidence(
            found=rng.poisson(np.exp(log_density) * exposure), exposure=exposure, level=LEVEL, clump=clump
        ),
        range_m=link_of(2.0, 12.0, is_probability=False),
        spread=link_of(0.5, 2.0, is_probability=False),
        covariates=rng.standard_normal((x.size, 1)),
        slope_mean=np.array([0.1]),
        slope_sd=np.array([0.4]),
    )


def target_of(model: LatentModel, range_m: float = 5.0, spread: float = 0.9) -> Target:
    g = graph_laplacian(model.lattice)
    return Target(
        precision=precision(model.lattice, range_m, spread, g),
        log_det=log_det_precision(model.lattice, range_m, spread, g),
        spots=model.lattice.spots(),
        read=model.read,
        slopes=model.covariates * model.slope_sd,
        offset=model.covariates @ model.slope_mean,
        likelihood=model.likelihood,
    )


def districts(model: LatentModel) -> LatentModel:
    x, y = grid(12)
    group = np.where(x < 5, 0, np.where(y < 7, 1, 2))
    found = np.array([30.0, 5.0, 60.0])
    return replace(model, likelihood=Districts(group, found, np.ones(x.size)))


def dense_hessian(target: Target, u: Floats, y: Floats) -> Floats:
    """Minus the second derivatives of log p, by central differences of the exact slopes."""
    n, step = u.size + y.size, 1e-5
    nudge = step * np.eye(n)

    def slopes(sign: float) -> Floats:
        at = np.concatenate([u, y])[:, None] + sign * nudge
        _, by_u, by_y = target.gradient(at[: u.size], at[u.size :])
        return np.concatenate([by_u, by_y])

    out = -(slopes(1.0) - slopes(-1.0)) / (2.0 * step)
    return 0.5 * (out + out.T)


def test_negative_binomial_terms_are_those_of_scipy_and_their_slopes_are_exact() -> None:
    for found in (0.0, 1.0, 7.0):
        for mean in (0.01, 2.0, 40.0):
            for shape in (0.3, 4.0):
                value, slope, bend = count_terms(found, mean, shape)
                known = scipy.stats.nbinom.logpmf(found, shape, shape / (shape + mean))
                assert value - scipy.special.gammaln(found + 1.0) == pytest.approx(known, abs=1e-10)
                step = 1e-5
                up, down = (count_terms(found, mean * np.exp(s * step), shape) for s in (1, -1))
                assert slope == pytest.approx((up[0] - down[0]) / (2 * step), abs=1e-6)
                assert bend == pytest.approx(-(up[1] - down[1]) / (2 * step), abs=1e-6)
                up, down = (count_terms(found, mean, shape * np.exp(s * step)) for s in (1, -1))
                assert by_log_shape(found, mean, shape) == pytest.approx(
                    (up[0] - down[0]) / (2 * step), abs=1e-6
                )
            poisson = count_terms(found, mean, np.inf)[0] - scipy.special.gammaln(found + 1.0)
            assert poisson == pytest.approx(scipy.stats.poisson.logpmf(found, mean), abs=1e-10)
    for x in (0.02, 0.7, 3.0, 90.0):
        assert digamma(x) == pytest.approx(scipy.special.digamma(x), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("clump", [CLUMP, None])
def test_slopes_of_counts_are_exact(clump: Link | None) -> None:
    model = model_of(5, clump=clump)
    target = target_of(model)
    rng = np.random.default_rng(3)
    u, y = rng.standard_normal(target.num_nodes) * 0.3, rng.standard_normal(target.num_others) * 0.5
    _, by_u, by_y = target.gradient(u[:, None], y[:, None])
    for i in range(target.num_others):
        nudge = np.zeros_like(y)
        nudge[i] = 1e-5
        up, down = (target.value(u[:, None], (y + s * nudge)[:, None])[0] for s in (1, -1))
        assert by_y[i, 0] == pytest.approx((up - down) / 2e-5, abs=1e-5)
    for i in (0, 7, 20):
        nudge = np.zeros_like(u)
        nudge[i] = 1e-5
        up, down = (target.value((u + s * nudge)[:, None], y[:, None])[0] for s in (1, -1))
        assert by_u[i, 0] == pytest.approx((up - down) / 2e-5, abs=1e-5)


def test_the_fit_of_poisson_counts_is_that_of_dense_algebra() -> None:
    """Poisson rows and a log-linear predictor: the curvature is exact, so all of P can be compared to 1e-8."""
    target = target_of(model_of(4, clump=None))
    fit, value = find_mode(target, np.zeros(target.num_nodes), np.zeros(target.num_others))
    fit = find_mode(target, fit.u, fit.y)[0]
    weight = target.likelihood.curvature(target.field(fit.u[:, None], fit.y[:, None]), fit.y[1:, None])[1]
    jacobian = np.hstack([target.read.toarray(), target.slopes, np.full((16, 1), LEVEL.spread)])
    dense = jacobian.T @ (weight[:, None] * jacobian)
    dense[: target.num_nodes, : target.num_nodes] += target.precision.toarray()
    dense[target.num_nodes :, target.num_nodes :] += np.eye(target.num_others)
    assert dense == pytest.approx(dense_hessian(target, fit.u, fit.y), abs=1e-4)
    rng = np.random.default_rng(1)
    by_u, by_y = rng.standard_normal((target.num_nodes, 3)), rng.standard_normal((target.num_others, 3))
    solved = np.concatenate(fit.solve(by_u, by_y))
    assert solved == pytest.approx(np.linalg.solve(dense, np.concatenate([by_u, by_y])), rel=1e-8, abs=1e-8)
    assert fit.log_det == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-8)
    whole = np.concatenate([by_u, by_y])
    root = np.concatenate(fit.spread(np.eye(fit.num_white)))
    assert root @ root.T == pytest.approx(np.linalg.inv(dense), abs=1e-8)
    laplace = value + 0.5 * (len(whole) * np.log(2 * np.pi) - np.linalg.slogdet(dense)[1])
    assert value - fit.log_density(np.zeros((len(whole), 1)))[0] == pytest.approx(laplace, abs=1e-8)


def test_counts_of_whole_districts_keep_the_same_algebra() -> None:
    """Rows that read many nodes go the low-rank way; P is again that of dense algebra."""
    model = districts(model_of(12, clump=None))
    target = target_of(model)
    fit, _ = find_mode(target, np.zeros(target.num_nodes), np.zeros(target.num_others))
    assert fit.wide.shape[1] == 1, "one row is wide and two are not: both paths are tested"
    rng = np.random.default_rng(1)
    by_u, by_y = rng.standard_normal((target.num_nodes, 2)), rng.standard_normal((target.num_others, 2))
    out_u, out_y = fit.solve(by_u, by_y)
    root = np.concatenate(fit.spread(np.eye(fit.num_white)))
    covariance = root @ root.T
    whole = np.concatenate([by_u, by_y])
    assert np.concatenate([out_u, out_y]) == pytest.approx(covariance @ whole, abs=1e-8)
    assert fit.log_det == pytest.approx(-np.linalg.slogdet(covariance)[1], abs=1e-6)
    assert root.T @ whole == pytest.approx(fit.pulled(by_u, by_y), abs=1e-8)


def test_moves_keep_the_law_of_a_gaussian_exactly_and_take_every_step() -> None:
    """With nothing found and nothing searched the posterior is the prior: a quarter turn gives a new draw of it."""
    model = model_of(5)
    nothing = CountEvidence(found=np.zeros(25), exposure=np.zeros(25), level=LEVEL, clump=CLUMP)
    target = target_of(replace(model, likelihood=nothing))
    fit, _ = find_mode(target, np.zeros(target.num_nodes), np.zeros(target.num_others))
    rng = np.random.default_rng(2)
    start = start_chains(target, fit, rng.standard_normal((fit.num_white, 4000)))
    moved, chance = move(target, fit, start, angle=np.pi / 2.0, steps=1, rng=rng)
    assert chance == pytest.approx(1.0, abs=1e-9)
    before, after = fit.spread(start.white)[0], fit.spread(moved.white)[0]
    assert abs(np.corrcoef(before[3], after[3])[0, 1]) < 0.06
    assert after.var(axis=1) == pytest.approx(np.diag(np.linalg.inv(target.precision.toarray())), rel=0.12)


def test_a_bridge_finds_a_known_ratio() -> None:
    """Two Gaussians of one dimension; log ratio −1.5 by construction."""
    rng = np.random.default_rng(4)
    q, p = rng.standard_normal(4000), 0.3 + 0.8 * rng.standard_normal(4000)

    def excess(x: Floats) -> Floats:
        return -1.5 + scipy.stats.norm.logpdf(x, 0.3, 0.8) - scipy.stats.norm.logpdf(x)

    ratio, error = bridge(excess(q), excess(p))
    assert ratio == pytest.approx(-1.5, abs=4.0 * error)
    assert error < 0.02


def importance(model: LatentModel, num: int) -> dict[str, tuple[float, float]]:
    """Mean of each quantity and its standard error, by weighing draws from the prior: no algebra is shared."""
    rng = np.random.default_rng(11)
    evidence = model.likelihood
    assert isinstance(evidence, CountEvidence)
    z = rng.standard_normal((num, 4))
    nodes = np.stack([
        field_draws(model.lattice, float(r), float(s), 1, rng=rng)[0]
        for r, s in zip(model.range_m.value(z[:, 0]), model.spread.value(z[:, 1]), strict=True)
    ])  # fmt: skip
    slope = model.slope_mean + model.slope_sd * rng.standard_normal((num, 1))
    log_density = np.asarray((model.read @ nodes.T).T) + slope @ model.covariates.T
    log_density += np.log(LEVEL.value(z[:, 2]))[:, None]
    mean, shape = np.exp(log_density) * evidence.exposure, CLUMP.value(z[:, 3])[:, None]
    log_like = scipy.stats.nbinom.logpmf(evidence.found, shape, shape / (shape + mean)).sum(axis=1)
    weight = np.exp(log_like - log_like.max())
    total = weight.sum()
    quantities = {
        "evidence": None,
        "total": np.exp(log_density).sum(axis=1),
        "cell": log_density[:, 4],
        "cell2": log_density[:, 4] ** 2,
        "range": z[:, 0],
        "spread": z[:, 1],
        "slope": slope[:, 0],
        "clump": z[:, 3],
    }
    out = {}
    for name, value in quantities.items():
        if value is None:
            constant = scipy.special.gammaln(evidence.found + 1.0).sum()
            out[name] = (
                float(log_like.max() + np.log(weight.mean()) + constant),
                float(weight.std() / weight.mean() / np.sqrt(num)),
            )
            continue
        middle = float((weight * value).sum() / total)
        out[name] = middle, float(np.sqrt((weight**2 * (value - middle) ** 2).sum()) / total)
    return out


def test_the_posterior_is_that_of_weighed_draws_from_the_prior() -> None:
    model = model_of(3, seed=5, margin=0.0)
    wanted = importance(model, 60_000)
    got = sample_latent(model, num_draws=4000, rng=np.random.default_rng(1))
    log_density = np.asarray((model.read @ got.nodes.T).T) + got.slopes @ model.covariates.T
    log_density += np.log(LEVEL.value(got.z[:, :1]))
    draws = {
        "total": np.exp(log_density).sum(axis=1),
        "cell": log_density[:, 4],
        "cell2": log_density[:, 4] ** 2,
        "range": (np.log(got.range_m) - model.range_m.centre) / model.range_m.spread,
        "spread": (np.log(got.spread) - model.spread.centre) / model.spread.spread,
        "slope": got.slopes[:, 0],
        "clump": got.z[:, 1],
    }
    assert got.diagnostics["is_exact"] == 1.0
    assert got.log_evidence == pytest.approx(wanted["evidence"][0], abs=4.0 * wanted["evidence"][1] + 0.05)
    for name, value in draws.items():
        # the grid of hyper-parameters has steps of 1.2 standard deviations and ends 2.4 from the mode: 0.03 of slack
        error = np.hypot(wanted[name][1], value.std() / np.sqrt(2000.0))
        assert value.mean() == pytest.approx(wanted[name][0], abs=4.0 * error + 0.03), name


def test_large_lattices_agree_with_exact_draws() -> None:
    """The way of large lattices, forced on a small one: same totals and hyper-parameters to a tenth of their spread."""
    model = model_of(16, seed=3)
    exact = sample_latent(model, num_draws=1500, rng=np.random.default_rng(1))
    rough = sample_latent(model, num_draws=1500, rng=np.random.default_rng(1), effort=Effort(exact_nodes=0))
    assert rough.diagnostics["is_exact"] == 0.0

    def numbers(got: object) -> tuple[Floats, Floats]:
        nodes = got.nodes  # type: ignore[attr-defined]
        field = np.asarray((model.read @ nodes.T).T) + got.slopes @ model.covariates.T  # type: ignore[attr-defined]
        field += np.log(LEVEL.value(got.z[:, :1]))  # type: ignore[attr-defined]
        return np.log(np.exp(field).sum(axis=1)), field

    (total, field), (other, rough_field) = numbers(exact), numbers(rough)
    assert abs(total.mean() - other.mean()) < 0.3 * total.std()
    assert other.std() == pytest.approx(total.std(), rel=0.2)
    assert (np.abs(field.mean(axis=0) - rough_field.mean(axis=0)) / field.std(axis=0)).mean() < 0.15
    assert (rough_field.std(axis=0) / field.std(axis=0)).mean() == pytest.approx(1.0, abs=0.07)


def test_the_same_seed_gives_the_same_draws() -> None:
    model = model_of(5)
    one, two = (sample_latent(model, num_draws=40, rng=np.random.default_rng(9)) for _ in range(2))
    assert (one.nodes == two.nodes).all()
    assert (one.range_m == two.range_m).all()


def test_certain_hyper_parameters_stay_what_they_are() -> None:
    model = replace(
        model_of(5),
        range_m=link_of(4.0, 4.0, is_probability=False),
        spread=link_of(0.8, 0.8, is_probability=False),
    )
    got = sample_latent(model, num_draws=30, rng=np.random.default_rng(1))
    assert (got.range_m == 4.0).all()
    assert (got.spread == 0.8).all()


def test_shapes_that_do_not_fit_are_refused() -> None:
    model = model_of(4)
    with pytest.raises(InvalidInput, match="read must have shape"):
        replace(model, read=model.read[:3])
    with pytest.raises(InvalidInput, match="one mean and one sd"):
        replace(model, slope_sd=np.ones(2))
    with pytest.raises(InvalidInput, match=r"1 of 2 rows are not so, first is row 1: found 3, exposure 0"):
        CountEvidence(found=np.array([0.0, 3.0]), exposure=np.array([1.0, 0.0]), level=LEVEL)


def test_fits_one_after_another_are_those_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    model, effort = model_of(12), Effort(exact_nodes=0)
    pair = sample_latent(model, num_draws=40, rng=np.random.default_rng(9), effort=effort)
    monkeypatch.setattr(hyper, "_PAIRED_NODES", 0)
    alone = sample_latent(model, num_draws=40, rng=np.random.default_rng(9), effort=effort)
    assert (pair.nodes == alone.nodes).all()
    assert (pair.range_m == alone.range_m).all()


def test_averages_over_a_cloud_are_those_over_its_points() -> None:
    """The slope and the excess of log p, against log p itself at every point of either sign."""
    model = model_of(6)
    target = target_of(model)
    fit, _ = find_mode(target, np.zeros(target.num_nodes), np.zeros(target.num_others))
    white = np.random.default_rng(3).standard_normal((fit.num_white, 5))
    du, dy = fit.spread(white)
    u, y = fit.u[:, None] + np.hstack([du, -du]), fit.y[:, None] + np.hstack([dy, -dy])
    value, by_u, by_y = target.gradient(u, y)
    assert log_excess(target, fit, white) == pytest.approx(
        value - np.tile(fit.log_density(white), 2), abs=1e-8
    )
    mean_u, mean_y = average_slope(target, fit, cloud_of(target, fit, white))
    assert mean_u[:, 0] == pytest.approx(by_u.mean(axis=1), abs=1e-9)
    assert mean_y[:, 0] == pytest.approx(by_y.mean(axis=1), abs=1e-9)


def test_the_sketch_of_a_large_lattice_is_no_wider_than_the_field_is_smooth() -> None:
    coarse, read = hyper._coarser(model_of(60), 10)
    assert coarse.lattice.spacing_m == 4.0
    assert np.asarray(read.sum(axis=1)).ravel() == pytest.approx(1.0)
