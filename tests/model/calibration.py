"""Calibration of the stratum model by simulation: `python tests/model/calibration.py --replicates 500 --write`.

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
STATES = ("armed", "expired", "dud", "explosive")


def one(replicate: int) -> dict[str, list[float]]:
    """Name → rank of the truth in [0, 1], whether the interval holds it, truth, posterior mean, of one replicate."""
    import numpy as np
    import worlds

    from remnant.evidence import reduce_case
    from remnant.field import count_remaining, fit_stratum
    from remnant.simulate import simulate_case
    from remnant.units import day_number

    rng = np.random.default_rng([SEED, replicate])
    case, truth = simulate_case(replace(worlds.world(rng), num_draws=NUM_DRAWS), rng=rng)
    reduction = reduce_case(case)
    posterior = fit_stratum(case, reduction, rng=rng)
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
    told: dict[str, list[float]] = {}
    tie = np.random.default_rng([SEED, replicate, 1])

    def put(name: str, draws, value) -> None:
        below, equal = int((draws < value).sum()), int((draws == value).sum())
        low, high = np.quantile(draws, [0.05, 0.95], method="inverted_cdf")
        rank = (below + tie.random() * (equal + 1)) / (len(draws) + 1)
        told[name] = [rank, float(low <= value <= high), float(value), float(draws.mean())]

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
    return told


def run(num_replicates: int, folder: Path) -> list[dict[str, list[float]]]:
    """All replicates, on two processes of one thread each."""
    bounds = [num_replicates * w // WORKERS for w in range(WORKERS + 1)]
    files = [folder / f"part{w}.json" for w in range(WORKERS)]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    jobs = [
        subprocess.Popen([sys.executable, __file__, "--part", str(a), str(b), str(file)], env=environment)
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
    asked = parser.parse_args()
    if asked.part:
        first, last, file = asked.part
        Path(file).write_text(json.dumps([one(i) for i in range(int(first), int(last))]))
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        block = page_block(table(run(asked.replicates, Path(folder))), asked.replicates)
    sys.stdout.write(block + "\n")
    if asked.write:
        start, end = "<!-- calibration: generated -->", "<!-- calibration: end -->"
        text = PAGE.read_text()
        before, after = text.split(start)[0], text.split(end)[1]
        PAGE.write_text(f"{before}{start}\n\n{block}\n\n{end}{after}")


if __name__ == "__main__":
    main()
