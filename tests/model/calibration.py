"""Calibration of the models by simulation: `python tests/model/calibration.py --replicates 500 --write`.

`--world` names what is drawn: ``stratum`` (a case without a field), ``field`` (the same case with one; its truth is
drawn from the continuous Matérn covariance, not from the lattice), ``field-dense`` (ten times as many items), and
``counts-sparse``, ``counts-dense`` (a field alone, counted with clumps: 0.1 and 5 items to a searched cell).

For every replicate a design is drawn, a truth is drawn from the priors item by item (`remnant.simulate`, which shares
no formula with the model), the records that the programme would hold are made, and the model is fitted to them. If the
model is right, the rank of the truth among the posterior draws is uniform, and 90 % intervals hold the truth in 90 %
of the replicates (S. Talts and others, "Validating Bayesian inference algorithms with simulation-based calibration",
2018).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "calibration.md"
WORKERS = 2
NUM_DRAWS = 500
SEED = 78
WORLDS = ("stratum", "field", "field-dense", "counts-sparse", "counts-dense")
STATES = ("armed", "expired", "dud", "explosive")


def one(world: str, replicate: int) -> dict[str, list[float]]:
    """Name → rank of the truth in [0, 1], whether the interval holds it, truth, posterior mean, of one replicate."""
    return one_field(world, replicate) if world.startswith("counts") else one_case(world, replicate)


class Told(dict[str, list[float]]):
    """What is told of a replicate."""

    def __init__(self, world: str, replicate: int) -> None:
        import numpy as np

        super().__init__()
        self.tie = np.random.default_rng([SEED, replicate, 1])

    def put(self, name: str, draws, value) -> None:
        """Take in a quantity: its draws, and its truth."""
        import numpy as np

        below, equal = int((draws < value).sum()), int((draws == value).sum())
        low, high = np.quantile(draws, [0.05, 0.95], method="inverted_cdf")
        rank = (below + self.tie.random() * (equal + 1)) / (len(draws) + 1)
        self[name] = [rank, float(low <= value <= high), float(value), float(draws.mean())]


def one_field(world: str, replicate: int) -> Told:
    """A field alone on 12 × 12 cells, two in five of them searched."""
    import numpy as np

    from remnant.field import CountEvidence, LatentModel, field_draws, lattice_over, sample_latent
    from remnant.numerics import link_of

    rng = np.random.default_rng([SEED, replicate, 7])
    mean = {"counts-sparse": 0.1, "counts-dense": 5.0}[world]
    x, y = (v.ravel() for v in np.meshgrid(np.arange(12) + 0.5, np.arange(12) + 0.5))
    links = {
        "range": link_of(2.0, 12.0, is_probability=False),
        "spread": link_of(0.4, 1.6, is_probability=False),
        "level": link_of(mean / 2.0, mean * 2.0, is_probability=False),
        "clump": link_of(0.5, 5.0, is_probability=False),
    }
    true = {name: float(link.value(rng.standard_normal(1))[0]) for name, link in links.items()}
    slope = 0.5 * rng.standard_normal()
    lattice = lattice_over(x, y, 1.0, 3.0)
    read, height = lattice.interpolation(x, y), rng.standard_normal(x.size)
    nodes = field_draws(lattice, true["range"], true["spread"], 1, rng=rng)[0]
    log_density = np.log(true["level"]) + read @ nodes + slope * height
    exposure = np.where(rng.random(x.size) < 0.4, 0.8, 0.0)
    clumps = rng.gamma(true["clump"], 1.0 / true["clump"], x.size)
    found = rng.poisson(np.exp(log_density) * clumps * exposure)
    model = LatentModel(
        lattice=lattice, read=read, range_m=links["range"], spread=links["spread"],
        likelihood=CountEvidence(
            found=found, exposure=exposure, level=links["level"], clump=links["clump"]
        ),
        covariates=height[:, None], slope_mean=np.zeros(1), slope_sd=np.array([0.5]),
    )  # fmt: skip
    posterior = sample_latent(model, num_draws=NUM_DRAWS, rng=rng)
    told = Told(world, replicate)
    drawn = np.asarray((read @ posterior.nodes.T).T) + posterior.slopes @ height[None]
    drawn += np.log(links["level"].value(posterior.z[:, :1]))
    quiet = exposure == 0.0
    for name, some in (("unsearched total", quiet), ("whole total", quiet | ~quiet)):
        told.put(name, np.exp(drawn[:, some]).sum(axis=1), np.exp(log_density[some]).sum())
    for a in range(9):
        some = (x // 4 + 3 * (y // 4)).astype(int) == a
        told.put(f"area of 16 cells/{a}", np.exp(drawn[:, some]).sum(axis=1), np.exp(log_density[some]).sum())
    for c in rng.choice(x.size, 12, replace=False):
        told.put(f"{'unsearched' if quiet[c] else 'searched'} cell/{c}", drawn[:, c], log_density[c])
    told.put("parameter range", posterior.range_m, true["range"])
    told.put("parameter spread", posterior.spread, true["spread"])
    told.put(
        "parameter level",
        posterior.z[:, 0],
        (np.log(true["level"]) - links["level"].centre) / links["level"].spread,
    )
    told.put(
        "parameter clump",
        posterior.z[:, 1],
        (np.log(true["clump"]) - links["clump"].centre) / links["clump"].spread,
    )
    told.put("parameter slope", posterior.slopes[:, 0], slope)
    return told


def case_of(world: str, rng):
    """The design of a world."""
    import worlds

    from remnant.evidence import ModelSpec

    case = replace(worlds.world(rng), num_draws=NUM_DRAWS)
    if world == "stratum":
        return case
    priors = {
        **case.priors,
        "field.range": worlds.prior(0.4, 2.0, "km"),
        "field.spread": worlds.prior(1.5, 4.0, "ratio"),
    }
    if world == "field-dense":
        for name in ("density.SHA", "density.CHA", "density.released"):
            given = case.priors[name]
            priors[name] = worlds.prior(10.0 * given.low, 10.0 * given.high, "1/km2")
    return replace(case, model=ModelSpec(kind="field"), priors=priors)


def one_case(world: str, replicate: int) -> Told:
    """A whole case: areas that may hold nothing, a delivery, searches with uncertain detection, fates."""
    import numpy as np

    from remnant.evidence import reduce_case
    from remnant.field import count_remaining, fit_field, fit_stratum
    from remnant.simulate import simulate_case
    from remnant.units import day_number

    rng = np.random.default_rng([SEED, replicate])
    case, truth = simulate_case(case_of(world, rng), rng=rng)
    reduction = reduce_case(case)
    posterior = (fit_stratum if world == "stratum" else fit_field)(case, reduction, rng=rng)
    source = reduction.portion_source
    num = case.areas.id.size
    groups = {
        "hazard areas": np.flatnonzero(reduction.source_kind[source] == "area"),
        "deposit": np.flatnonzero(reduction.source_kind[source] == "deposit"),
        "all": np.arange(source.size),
        **{f"area {a}": np.flatnonzero(reduction.source_area[source] == a) for a in range(num)},
    }
    counted = count_remaining(
        posterior, [day_number(d) for d in case.dates], day_number(case.as_of), groups, seed=[SEED, replicate]
    )
    left = np.concatenate([truth.remaining, truth.remaining.sum(axis=2, keepdims=True)], axis=2)
    told = Told(world, replicate)
    put = told.put
    for name, value in (
        ("all", left.sum(axis=0)),
        ("hazard areas", left[:num].sum(axis=0)),
        ("deposit", left[num]),
    ):
        for t, when in enumerate(("now", "ten years on")):
            for k, state in enumerate(STATES):
                if state != "expired":  # the types of this world cannot expire
                    put(f"{name}, {state}, {when}", counted.group_draws[name][:, t, k], value[t, k])
    for a in range(num):
        put(
            f"one area ({case.areas.hazard_class[a]})/{a}",
            counted.group_draws[f"area {a}"][:, 0, 3],
            left[a, 0, 3],
        )
    values = posterior.table.values(posterior.z)
    for i, parameter in enumerate(posterior.table.parameters):
        if not parameter.link.is_certain and parameter.name in truth.parameters:
            put(f"parameter {parameter.name}", values[:, i], truth.parameters[parameter.name])
    if world != "stratum":
        put("parameter field.range", posterior.range_m / 1e3, truth.parameters["field.range"])
        put("parameter field.spread", posterior.spread, truth.parameters["field.log_spread"])
    return told


def run(num_replicates: int, folder: Path, world: str = "stratum") -> list[dict[str, list[float]]]:
    """All replicates, on two processes of one thread each."""
    bounds = [num_replicates * w // WORKERS for w in range(WORKERS + 1)]
    files = [folder / f"part{w}.json" for w in range(WORKERS)]
    environment = {
        **os.environ,
        "NUMBA_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    jobs = [
        subprocess.Popen(
            [sys.executable, __file__, "--world", world, "--part", str(a), str(b), str(file)], env=environment
        )
        for a, b, file in zip(bounds[:-1], bounds[1:], files, strict=True)
    ]
    for job in jobs:
        if job.wait() != 0:
            raise RuntimeError("a calibration process failed; its message stands above")
    return [told for file in files for told in json.loads(file.read_text())]


def table(replicates: list[dict[str, list[float]]]) -> list[dict[str, float | str]]:
    """Per quantity: replicates, coverage, uniformity (Kolmogorov–Smirnov p), mean rank, mean truth and estimate."""
    import numpy as np
    from scipy.stats import kstest

    gathered: dict[str, list[list[float]]] = {}
    for told in replicates:
        for name, values in told.items():
            gathered.setdefault(name.split("/")[0], []).append(values)
    rows: list[dict[str, float | str]] = []
    for name, listed in gathered.items():
        rank, covered, value, mean = np.array(listed).T
        rows.append({
            "name": name, "num": len(rank), "coverage": float(((rank > 0.05) & (rank < 0.95)).mean()),
            "closed": float(covered.mean()), "uniform_p": float(kstest(rank, "uniform").pvalue),
            "mean_rank": float(rank.mean()), "truth": float(value.mean()), "estimate": float(mean.mean()),
        })  # fmt: skip
    return rows


def page_block(rows: list[dict[str, float | str]], num_replicates: int) -> str:
    """The table of the calibration page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    lines = [
        f"{num_replicates} replicates, seed {SEED}, {NUM_DRAWS} draws each, commit {commit.stdout.strip()}.",
        "",
        "| quantity | replicates | interval holds truth | rank uniform, p | mean rank | mean truth | mean estimate |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r['name']} | {r['num']} | {100 * float(r['coverage']):.1f} % | {float(r['uniform_p']):.2f} | "
        f"{float(r['mean_rank']):.3f} | {float(r['truth']):.4g} | {float(r['estimate']):.4g} |"
        for r in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Run and print, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--write", action="store_true", help="renew the table in docs/calibration.md")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--world", choices=WORLDS, default="stratum")
    asked = parser.parse_args()
    if asked.part:
        first, last, file = asked.part
        Path(file).write_text(json.dumps([one(asked.world, i) for i in range(int(first), int(last))]))
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        block = page_block(table(run(asked.replicates, Path(folder), asked.world)), asked.replicates)
    sys.stdout.write(block + "\n")
    if asked.write:
        start, end = (
            f"<!-- calibration {asked.world}: generated -->",
            f"<!-- calibration {asked.world}: end -->",
        )
        text = PAGE.read_text()
        before, after = text.split(start)[0], text.split(end)[1]
        PAGE.write_text(f"{before}{start}\n\n{block}\n\n{end}{after}")


if __name__ == "__main__":
    main()
