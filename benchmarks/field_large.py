"""Fields on large lattices: 1 million cells, two in five searched in blocks; a process for each size.

Draws on the largest lattices are those of the Gaussian fit; how far its standard deviations lie off is shown on a
lattice on which draws can be made exact as well.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from remnant.field import CountEvidence, Effort, LatentModel, LatentPosterior, field_draws, sample_latent
from remnant.field.lattice import Lattice
from remnant.numerics import link_of
from remnant.units import Floats

TITLE = "A field over 1 million cells, hyper-parameters integrated"
REPEATS = 1
BASE = None
RANGE, SPREAD, LEVEL, DETECTION = 12.0, 1.0, 0.15, 0.8  # of the truth: nodes, 1, items per cell, 1
SIDES = {  # nodes and cells to a side, and draws
    "250 × 250 nodes, 600 draws": (250, 500, 600),
    "500 × 500 nodes, 600 draws": (500, 1000, 600),
    "1000 × 1000 nodes, 200 draws": (1000, 1000, 200),
}
EXACT_SIDE = 140


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A simulated region: the model with its evidence, and the truth at nodes."""

    model: LatentModel
    truth: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """What a process of its own took and found."""

    told: Mapping[str, Any]
    measured: Mapping[str, float] = field(default_factory=dict)


def world(side: int, cells: int) -> World:
    """A field on side × side nodes, read by cells × cells cells; only searched cells carry evidence."""
    rng = np.random.default_rng([2026, side])
    node = np.arange(side**2).reshape(side, side)
    lattice = Lattice(left_m=0.0, top_m=0.0, spacing_m=1.0, node=node)
    log_field = field_draws(lattice, RANGE, SPREAD, 1, rng=rng)[0]
    middle = (np.arange(cells) + 0.5) / cells * (side - 1)
    x, y = (v.ravel() for v in np.meshgrid(middle, -middle))
    block = (x // 20).astype(int) * 7919 + (-y // 20).astype(int) * 104729
    searched = block % 100 < 38
    read = lattice.interpolation(x[searched], y[searched])
    exposure = np.full(read.shape[0], DETECTION)
    found = rng.poisson(LEVEL * np.exp(read @ log_field) * exposure).astype(float)
    positive = partial(link_of, is_probability=False)
    evidence = CountEvidence(found=found, exposure=exposure, level=positive(0.02, 1.0))
    model = LatentModel(
        lattice=lattice, read=read, likelihood=evidence, range_m=positive(4.0, 40.0), spread=positive(0.4, 2.0),
        covariates=np.zeros((found.size, 0)), slope_mean=np.zeros(0), slope_sd=np.zeros(0),
    )  # fmt: skip
    return World(model=model, truth=log_field + np.log(LEVEL))


def log_density(one: World, posterior: LatentPosterior) -> Floats:
    """(n_draws, n_nodes) logarithm of items per cell."""
    level = one.model.likelihood.level  # type: ignore[attr-defined]
    return np.asarray(posterior.nodes + np.log(level.value(posterior.z[:, :1])))


def child(side: int, cells: int, draws: int) -> None:
    """Fit one world in this process and print what it took and found."""
    import time

    from benchmarks.measure import forget_peak, resident_mb

    sample_latent(world(20, 40).model, num_draws=20, rng=np.random.default_rng(0))  # compiles
    one = world(side, cells)
    forget_peak()
    wall, cpu, before = time.perf_counter(), time.process_time(), resident_mb("VmRSS")
    posterior = sample_latent(one.model, num_draws=draws, rng=np.random.default_rng(1))
    took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    took |= {"peak_mb": resident_mb("VmHWM"), "before_mb": before}
    some = np.arange(0, side**2, 7)
    posterior_nodes, truth = log_density(one, posterior)[:, some], one.truth[some]
    low, high = np.quantile(posterior_nodes, [0.05, 0.95], axis=0)
    told = {
        "coverage": float(((low <= truth) & (truth <= high)).mean()),
        "range": [float(posterior.range_m.mean()), float(posterior.range_m.std())],
        "spread": [float(posterior.spread.mean()), float(posterior.spread.std())],
        "finds": int(one.model.likelihood.found.sum()),  # type: ignore[attr-defined]
    }
    print(json.dumps({"took": took, "told": told}))


def fit(side: int, cells: int, draws: int, _: None) -> Run:
    """One size, in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.field_large", str(side), str(cells), str(draws)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    return Run(told=result["told"], measured=result["took"])


def prepare() -> None:
    """Nothing is shared."""


VARIANTS: Mapping[str, Callable[[None], Run]] = {name: partial(fit, *size) for name, size in SIDES.items()}


def facts(_: None, results: Mapping[str, Run]) -> dict[str, str]:
    """Coverage of nodes, hyper-parameters against the truth, growth with size, and what exact draws say."""
    words = {
        name: f"{run.told['finds']:,} finds; 90 % intervals hold {run.told['coverage']:.1%} of the nodes; "
        "range {:.2f} ± {:.2f} (true {:g})".format(*run.told["range"], RANGE)
        + ", spread {:.3f} ± {:.3f} (true {:g})".format(*run.told["spread"], SPREAD)
        for name, run in results.items()
    }
    names = list(results)
    for small, large in itertools.pairwise(names):
        nodes = (SIDES[large][0] / SIDES[small][0]) ** 2
        more = results[large].measured["cpu_s"] / results[small].measured["cpu_s"]
        words[f"processor time, {large} against {small}"] = (
            f"{more:.2f} × for {nodes:.0f} × the nodes: power {np.log(more) / np.log(nodes):.2f}"
        )
    return words | {
        f"draws of the fit against exact draws, {EXACT_SIDE} × {EXACT_SIDE} nodes": against_exact()
    }


def against_exact() -> str:
    """Standard deviations of nodes by both, over what draws themselves scatter."""
    one, num = world(EXACT_SIDE, 2 * EXACT_SIDE), 2000
    usual, exact = (
        log_density(
            one,
            sample_latent(
                one.model, num_draws=num, rng=np.random.default_rng(seed), effort=Effort(exact_nodes=nodes)
            ),
        )
        for seed, nodes in ((1, 1_000), (2, EXACT_SIDE**2))
    )
    ratio = usual.std(axis=0) / exact.std(axis=0)
    off = float(np.sqrt(max(np.mean(np.square(ratio - 1.0)) - 1.0 / num, 0.0)))
    shift = (usual.mean(axis=0) - exact.mean(axis=0)) / exact.std(axis=0)
    shifted = float(np.sqrt(max(np.mean(np.square(shift)) - 2.0 / num, 0.0)))
    return (
        f"sds {ratio.mean():.4f} times as large on average, {off:.1%} off (root mean square, without the noise of "
        f"{num} draws); means {shifted:.3f} sd off"
    )


if __name__ == "__main__":
    child(*(int(word) for word in sys.argv[1:]))
