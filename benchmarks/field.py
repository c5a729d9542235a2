"""Counts on 64 × 64 cells, some 38 % of them searched in blocks: how many items lie in the rest, by several packages.

All get the same model (log-Gaussian Cox process on a lattice, hyper-parameters integrated as far as each package does)
and the same priors, from which the worlds are drawn: an honest 90 % interval holds the truth in 90 % of the worlds.
mgcv has a smoother instead of the field and chooses its own smoothness.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import identity

from benchmarks.peers import r_versions
from remnant.field.counts import CountEvidence
from remnant.field.latent import LatentModel, sample_latent
from remnant.field.lattice import Lattice, field_draws
from remnant.numerics import Z95, link_of
from remnant.units import Floats

TITLE = "Unsearched total of 64 × 64 cells, hyper-parameters integrated"
REPEATS = 1
BASE = "remnant"
SIDE, BLOCK, SHARE = 64, 8, 0.38
RANGE, SPREAD, LEVEL = (4.0, 20.0), (0.5, 1.5), (0.2, 2.0)  # 5 % and 95 % points: nodes, 1, items per cell
DETECTION = (0.6, 0.9)
DRAWS = 400
PEERS = Path(__file__).parent / "peers"
COVERAGE_SIDE = 32
WORLDS = {"remnant": 40, "mgcv bam, gp": 40, "TMB, Laplace": 10, "numpyro NUTS": 10}  # for coverage

Data = list["World"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """One simulated region: (SIDE, SIDE) exposures and finds, and the truth over unsearched cells."""

    exposure: Floats
    found: Floats
    truth: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """Draws of the total, and what a process of its own took."""

    totals: Floats
    measured: Mapping[str, float] = field(default_factory=dict)


def lattice(side: int) -> Lattice:
    """A node for each cell."""
    return Lattice(left_m=0.0, top_m=0.0, spacing_m=1.0, node=np.arange(side**2).reshape(side, side))


def positive(points: tuple[float, float]) -> Any:
    """A range of a positive number."""
    return link_of(*points, is_probability=False)


def log_normals() -> Floats:
    """(3, 2) mean and sd of log range, log spread and level."""
    points = np.log([RANGE, SPREAD, LEVEL])
    return np.column_stack([points.mean(axis=1), (points[:, 1] - points[:, 0]) / (2.0 * Z95)])


def world(number: int, side: int = SIDE) -> World:
    """A world from the prior."""
    rng = np.random.default_rng([2026, number, *b"field"])
    range_m, spread, level = np.exp(rng.normal(*log_normals().T))
    log_field = field_draws(lattice(side), range_m, spread, 1, rng=rng)[0].reshape(side, side)
    items = rng.poisson(level * np.exp(log_field))
    blocks = (side // BLOCK) ** 2
    chosen = rng.permutation(blocks) < round(SHARE * blocks)
    block_chance = np.where(chosen, rng.choice(DETECTION, blocks), 0.0).reshape(side // BLOCK, side // BLOCK)
    exposure = np.kron(block_chance, np.ones((BLOCK, BLOCK)))
    return World(
        exposure=exposure,
        found=rng.binomial(items, exposure).astype(float),
        truth=int(items[exposure == 0].sum()),
    )


def prepare() -> Data:
    """The world that is timed; a small one warms up the compiled code, and the template for TMB is compiled."""
    ours([world(0, 16)])
    if "TMB, Laplace" in ALL:
        compiled()
    return [world(0)]


def ours(worlds: Data) -> Run:
    """By this program."""
    totals = []
    for one in worlds:
        nodes = lattice(len(one.found))
        model = LatentModel(
            lattice=nodes,
            read=identity(nodes.num_nodes, format="csr"),
            likelihood=CountEvidence(
                found=one.found.ravel(), exposure=one.exposure.ravel(), level=positive(LEVEL)
            ),
            range_m=positive(RANGE),
            spread=positive(SPREAD),
            covariates=np.zeros((nodes.num_nodes, 0)),
            slope_mean=np.zeros(0),
            slope_sd=np.zeros(0),
        )
        rng = np.random.default_rng(2026)
        told = sample_latent(model, num_draws=DRAWS, rng=rng)
        unsearched = one.exposure.ravel() == 0.0
        expected = positive(LEVEL).value(told.z[:, 0]) * np.exp(told.nodes[:, unsearched]).sum(axis=1)
        totals.append(rng.poisson(expected))
    return Run(totals=np.array(totals))


def by_r(method: str, worlds: Data) -> Run:
    """By a package of R; the time is that of the slowest fit, without the start of R."""
    with tempfile.TemporaryDirectory() as place:
        for number, one in enumerate(worlds):
            row, col = np.indices(one.found.shape)
            table = {"row": row, "col": col, "exposure": one.exposure, "found": one.found}
            pd.DataFrame({k: v.ravel() for k, v in table.items()}).to_csv(
                f"{place}/world_{number}.csv", index=False
            )
        pd.DataFrame(log_normals(), columns=["mean", "sd"]).to_csv(f"{place}/priors.csv", index=False)
        if method == "tmb":
            shutil.copy(compiled(), f"{place}/field.so")
        command = shutil.which("Rscript") or "Rscript"
        child = os.posix_spawn(command, [command, str(PEERS / "field.R"), method, place], os.environ)
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise RuntimeError(f"field.R {method} ended with code {os.waitstatus_to_exitcode(status)}")
        wall, cpu, peak_mb = np.loadtxt(f"{place}/{method}.took.csv", delimiter=",")
        totals = np.loadtxt(f"{place}/{method}.totals.csv", delimiter=",", ndmin=2)
    return Run(totals=totals, measured={"wall_s": wall, "cpu_s": cpu, "peak_mb": peak_mb})


@functools.cache
def compiled() -> Path:
    """The template for TMB, compiled once."""
    place = Path(tempfile.mkdtemp(prefix="remnant-bench-"))
    shutil.copy(PEERS / "field.cpp", place)
    words = ["Rscript", "-e", "TMB::compile('field.cpp', flags = '-O2 -w')"]
    subprocess.run(words, cwd=place, check=True, stdout=subprocess.DEVNULL)
    return place / "field.so"


def by_nuts(worlds: Data) -> Run:
    """By NUTS with the field whitened by cosines; the compilation is in the time, as it is for its users."""
    from benchmarks.peers.nuts import expected_totals  # it loads slowly, and not everybody has it

    rng = np.random.default_rng(2026)
    expected = [expected_totals(one.found, one.exposure, log_normals(), seed=7) for one in worlds]
    return Run(totals=rng.poisson(np.array(expected)))


def peers() -> dict[str, Callable[[Data], Run]]:
    """Those that are here."""
    found: dict[str, Callable[[Data], Run]] = {}
    if r_versions("mgcv", "TMB", "Matrix") and shutil.which("g++"):
        found["mgcv bam, gp"] = functools.partial(by_r, "bam")
        found["TMB, Laplace"] = functools.partial(by_r, "tmb")
    if find_spec("numpyro"):
        found["numpyro NUTS"] = by_nuts
    return found


ALL: Mapping[str, Callable[[Data], Run]] = {"remnant": ours} | peers()
VARIANTS = ALL


def facts(_: Data, __: Mapping[str, Run]) -> dict[str, str]:
    """How often the 90 % interval of each held the truth, and how far the median lay off."""
    worlds = [world(number, COVERAGE_SIDE) for number in range(max(WORLDS.values()))]
    missing = ", ".join(name for name in WORLDS if name not in ALL)
    words = {
        "peers": r_versions("mgcv", "TMB") + (f"; left out, not installed: {missing}" if missing else "")
    }
    for name, call in ALL.items():
        some = worlds[: WORLDS[name]]
        totals, truth = call(some).totals, np.array([one.truth for one in some])
        low, middle, high = np.quantile(totals, [0.05, 0.5, 0.95], axis=1)
        held = (low <= truth) & (truth <= high)
        off = np.median(np.abs(middle / truth - 1.0))
        words[f"{name}, 90 % interval, {COVERAGE_SIDE} × {COVERAGE_SIDE} cells"] = (
            f"held the truth in {held.sum()} of {len(some)} worlds; median error of the total {off:.2f}, "
            f"median width of the interval {np.median((high - low) / truth):.2f} of the truth"
        )
    return words
