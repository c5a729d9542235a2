"""The density field against NUTS on the same model: means, spreads, totals, hyper-parameters.

Both sides are random. Every limit is the agreement that is asked for, plus four standard errors of the estimates
themselves: those of NUTS by its effective numbers of draws, ours by independent fits.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ellipe

from remnant.field.counts import CountEvidence
from remnant.field.latent import LatentModel, LatentPosterior, sample_latent
from remnant.field.lattice import Lattice, field_draws, graph_laplacian, precision
from remnant.numerics import Link, link_of
from remnant.units import Floats

_SPEC = importlib.util.spec_from_file_location("nuts", Path(__file__).with_name("nuts.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
nuts = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = nuts
_SPEC.loader.exec_module(nuts)

SPACING_M, CELL_M2, NODES, ROWS, SEARCHED = (
    100.0,
    1e4,
    256,
    240,
    96,
)  # one shape of all worlds: one compilation
RANGE_M, SPREAD, CLUMP, SLOPE_SD = (250.0, 1500.0), (0.4, 2.0), (0.5, 8.0), 0.7
K = 4.0  # standard errors
CHAINS, DRAWS, FITS = 2, 1500, 3

WORLDS = {
    "0.1 per cell, clumps": (1, 0.1, True, False),
    "0.1 per cell, a lake in the region": (2, 0.1, False, True),
    "1 per cell, clumps and a lake": (3, 1.0, True, True),
    "1 per cell": (4, 1.0, False, False),
    "10 per cell, clumps": (1, 10.0, True, False),
    "10 per cell, a lake": (6, 10.0, False, True),
}


def positive(low: float, high: float) -> Link:
    """A range of a positive number."""
    return link_of(low, high, is_probability=False)


def lattice(has_lake: bool) -> Lattice:
    """256 nodes: a square, or a larger one with a lake and a cut corner."""
    there = np.ones((18, 18) if has_lake else (16, 16), np.bool_)
    if has_lake:
        there[6:12, 7:14] = False
        there[:2, :13] = False
    node = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
    assert node.max() + 1 == NODES
    return Lattice(left_m=0.0, top_m=0.0, spacing_m=SPACING_M, node=node)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Both:
    """Draws of one posterior by two routes, our fits one after another.

    Parameters
    ----------
    theirs, ours
        (n_draws, n_rows) log density of all rows.
    is_searched
        (n_rows,).
    nuts
        Draws of NUTS.
    fits
        Ours.
    """

    theirs: Floats
    ours: Floats
    is_searched: NDArray[np.bool_]
    nuts: nuts.Draws
    fits: tuple[LatentPosterior, ...]


@functools.cache
def both(name: str) -> Both:
    """A world: draws of its field, searches of 40 % of it in blocks, and both posteriors."""
    seed, per_cell, is_clumped, has_lake = WORLDS[name]
    rng = np.random.default_rng([seed, *b"nuts"])
    x, y, nodes = _places(has_lake, rng)
    read, columns = nodes.interpolation(x, y), rng.normal(size=(ROWS, 1))
    searched = np.zeros(ROWS, np.bool_)
    searched[np.argsort((x // 400.0 + 3.0 * (-y // 400.0)) % 5, kind="stable")[:SEARCHED]] = True
    field = read @ field_draws(nodes, 600.0, 1.0, 1, rng=rng)[0] + 0.4 * columns[:, 0] - 0.5
    clump = rng.gamma(2.0, 0.5, ROWS) if is_clumped else 1.0
    exposure = np.where(searched, CELL_M2 * rng.uniform(0.3, 0.7, ROWS), 0.0)
    found = rng.poisson(per_cell / CELL_M2 * np.exp(field) * clump * exposure).astype(np.float64)
    level = per_cell / CELL_M2 / 6.0, per_cell / CELL_M2 * 4.0
    theirs = nuts.nuts(
        nuts.Problem(
            found=found,
            exposure=np.where(searched, exposure, np.nan),
            interpolation=read.toarray(),
            laplacian=_laplacian_of(nodes),
            covariates=columns,
            spacing_m=SPACING_M,
            range_m=RANGE_M,
            spread=SPREAD,
            level=nuts.log_normal(level),
            slope_sd=SLOPE_SD,
            clump=CLUMP if is_clumped else None,
        ),
        seed=seed,
        num_draws=DRAWS,
        num_chains=CHAINS,
    )
    model = LatentModel(
        lattice=nodes,
        read=read,
        likelihood=CountEvidence(
            found=found,
            exposure=exposure,
            level=positive(*level),
            clump=positive(*CLUMP) if is_clumped else None,
        ),
        range_m=positive(*RANGE_M),
        spread=positive(*SPREAD),
        covariates=columns,
        slope_mean=np.zeros(1),
        slope_sd=np.full(1, SLOPE_SD),
    )
    fits = tuple(
        sample_latent(model, num_draws=1000, rng=np.random.default_rng([seed, fit])) for fit in range(FITS)
    )
    logs = [np.log(positive(*level).value(fit.z[:, :1])) for fit in fits]
    ours = [
        at + fit.nodes @ read.T.toarray() + fit.slopes @ columns.T for at, fit in zip(logs, fits, strict=True)
    ]
    log_density = theirs.level[:, None] + theirs.nodes @ read.T.toarray() + theirs.slopes @ columns.T
    return Both(theirs=log_density, ours=np.vstack(ours), is_searched=searched, nuts=theirs, fits=fits)


def _places(has_lake: bool, rng: np.random.Generator) -> tuple[Floats, Floats, Lattice]:
    """Rows anywhere within squares whose four corners are nodes."""
    nodes = lattice(has_lake)
    on = nodes.node >= 0
    square = np.argwhere(on[:-1, :-1] & on[1:, :-1] & on[:-1, 1:] & on[1:, 1:])
    corner = square[np.concatenate([rng.permutation(len(square)), np.arange(len(square))])[:ROWS]]
    row, col = (corner + rng.random((ROWS, 2))).T
    return col * SPACING_M, -row * SPACING_M, nodes


def _laplacian_of(nodes: Lattice) -> Floats:
    """Graph Laplacian by pairs at distance 1: slow and plain."""
    place = np.argwhere(nodes.node >= 0)
    near = np.abs(place[:, None] - place).sum(axis=2) == 1
    return np.diag(near.sum(axis=1).astype(np.float64)) - near


def mean_and_error(theirs: Floats, ours: Floats) -> tuple[Floats, Floats]:
    """Difference of means (ours − theirs) of columns, and its standard error."""
    fits = ours.reshape(FITS, -1, *ours.shape[1:])
    effective = nuts.effective(theirs, CHAINS)
    # draws of one fit share its weights: between-fit variance where it is greater, pooled over columns
    within = fits.var(axis=1).mean(axis=0) / fits.shape[1]
    between = fits.mean(axis=1).var(axis=0, ddof=1)
    ratio = max(1.0, float(np.mean(between / within)))
    return ours.mean(axis=0) - theirs.mean(axis=0), np.sqrt(
        theirs.var(axis=0) / effective + ratio * within / FITS
    )


def sd_ratio_and_error(theirs: Floats, ours: Floats) -> tuple[Floats, Floats]:
    """Ratio of standard deviations (ours / theirs) of columns, and its standard error (delta method)."""
    squares = [np.square(draws - draws.mean(axis=0)) for draws in (theirs, ours)]
    _, error = mean_and_error(*(s / s.mean(axis=0) for s in squares))
    return ours.std(axis=0) / theirs.std(axis=0), 0.5 * error


@pytest.mark.parametrize("a", [1e-4, 0.01, 0.3, 1.0, 5.0, 40.0])
def test_the_variance_of_a_node_is_that_of_the_endless_lattice(a: float) -> None:
    # (2π)⁻² ∬ (a + 4 − 2 cos s − 2 cos t)⁻² ds dt, the inner integral in closed form: ∫ (c − 2 cos t)⁻² dt / 2π =
    # c / (c² − 4)^(3/2); the rest is smooth and periodic, for which equal steps converge exponentially
    t = 2.0 * np.pi * (np.arange(200_000) + 0.5) / 200_000
    c = a + 4.0 - 2.0 * np.cos(t)
    by_steps = float((c / (c**2 - 4.0) ** 1.5).mean())
    assert float(nuts.lattice_variance(a)) == pytest.approx(by_steps, rel=1e-10)
    by_scipy = 2.0 / np.pi * ellipe(16.0 / (a + 4.0) ** 2) / (a * (a + 8.0))
    assert float(nuts.lattice_variance(a)) == pytest.approx(by_scipy, rel=1e-12)


@pytest.mark.parametrize("has_lake", [False, True])
def test_both_routes_write_the_same_prior(has_lake: bool) -> None:
    nodes = lattice(has_lake)
    dense = _laplacian_of(nodes)
    assert np.abs(dense - graph_laplacian(nodes).toarray()).max() == 0.0
    if not has_lake:
        assert np.array_equal(dense, nuts.laplacian(16, 16))
    data = nuts._arrays(
        nuts.Problem(
            found=np.zeros(1),
            exposure=np.ones(1),
            interpolation=np.eye(1, NODES),
            laplacian=dense,
            covariates=np.zeros((1, 0)),
            spacing_m=SPACING_M,
            range_m=RANGE_M,
            spread=SPREAD,
            level=(0.0, 1.0),
            slope_sd=1.0,
            clump=None,
        )
    )
    z = np.array([0.7, -0.4, 0.0])
    waves = np.asarray(nuts._waves(z, data))
    precise = precision(
        nodes, float(positive(*RANGE_M).value(z[:1])[0]), float(positive(*SPREAD).value(z[1:2])[0])
    )
    theirs = (data["vectors"] * waves**2) @ data["vectors"].T
    assert np.abs(precise @ theirs - np.eye(NODES)).max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_nuts_has_mixed(name: str) -> None:
    draws = both(name).nuts
    assert draws.divergent == 0
    assert nuts.effective(both(name).theirs, CHAINS).min() > 1000
    for values in (
        both(name).theirs,
        draws.slopes,
        *(np.log(v)[:, None] for v in hyper_parameters(name)[0].values()),
    ):
        assert nuts.mixing(values, CHAINS).max() < 1.02


def hyper_parameters(name: str) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Theirs and ours."""
    world = both(name)
    theirs = {"range": world.nuts.range_m, "spread": world.nuts.spread}
    ours = {
        "range": np.concatenate([fit.range_m for fit in world.fits]),
        "spread": np.concatenate([fit.spread for fit in world.fits]),
    }
    if WORLDS[name][2]:
        theirs["clump"] = world.nuts.clump
        ours["clump"] = positive(*CLUMP).value(np.concatenate([fit.z[:, 1] for fit in world.fits]))
    return theirs, ours


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_means_of_the_log_density_agree_within_a_tenth_of_their_sd(name: str) -> None:
    world = both(name)
    difference, error = mean_and_error(world.theirs, world.ours)
    sd = world.theirs.std(axis=0)
    assert (np.abs(difference) < 0.1 * sd + K * error).all()
    # over all cells their noise is small: the limit itself
    assert np.sqrt(np.mean(np.square(difference / sd))) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_sds_of_the_log_density_agree_within_five_percent(name: str) -> None:
    world = both(name)
    ratio, error = sd_ratio_and_error(world.theirs, world.ours)
    assert (np.abs(ratio - 1.0) < 0.05 + K * error).all()
    assert abs(float(ratio.mean()) - 1.0) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_totals_over_unsearched_cells_agree_within_two_percent(name: str) -> None:
    world = both(name)
    theirs, ours = (
        np.exp(v[:, ~world.is_searched]).sum(axis=1) * CELL_M2 for v in (world.theirs, world.ours)
    )
    difference, error = mean_and_error(theirs[:, None], ours[:, None])
    assert abs(difference[0]) < 0.02 * theirs.mean() + K * error[0]
    difference, error = mean_and_error(np.log(theirs)[:, None], np.log(ours)[:, None])
    assert abs(difference[0]) < 0.02 + K * error[0]


def pairs(name: str) -> dict[str, tuple[Floats, Floats]]:
    """Theirs and ours (n_draws, 1) of slope and hyper-parameters, these as logarithms."""
    theirs, ours = hyper_parameters(name)
    logs = {key: (np.log(theirs[key])[:, None], np.log(ours[key])[:, None]) for key in theirs}
    world = both(name)
    return logs | {"slope": (world.nuts.slopes, np.vstack([fit.slopes for fit in world.fits]))}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_means_of_hyper_parameters_and_slopes_agree_within_a_tenth_of_their_sd(name: str) -> None:
    for key, (a, b) in pairs(name).items():
        difference, error = mean_and_error(a, b)
        assert abs(difference[0]) < 0.1 * a.std() + K * error[0], key


@pytest.mark.slow
def test_sds_of_hyper_parameters_agree_within_five_percent_over_all_worlds() -> None:
    for key in ("range", "spread"):
        ratios, errors = [], []
        for name in WORLDS:
            ratio, error = sd_ratio_and_error(*pairs(name)[key])
            ratios.append(ratio[0])
            errors.append(error[0])
        mean, error = float(np.mean(ratios)), float(np.sqrt(np.sum(np.square(errors))) / len(errors))
        assert abs(mean - 1.0) < 0.05 + K * error, key
