"""What targeted survey does to the estimate of unsearched ground, in worlds where the truth is known.

Run ``python tests/model/targeted_survey.py --replicates 40 --write`` to renew the table of docs/prior.md.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import vstack

from remnant.field.counts import CountEvidence
from remnant.field.labels import Stacked
from remnant.field.latent import Effort, LatentModel, sample_latent
from remnant.field.lattice import field_draws, lattice_over
from remnant.field.targeting import SearchPlaces, targeting
from remnant.numerics import link_of
from remnant.units import Floats

PAGE = Path(__file__).parents[2] / "docs" / "prior.md"
SIDE, RANGE_M, SPREAD, SLOPE, LEVEL, CLUMP = 16, 6000.0, float(np.log(3.0)), 0.7, 1.5, 1.0
SEARCHED, EXPOSURE, PULL, HIDDEN = 0.25, 0.8, 1.5, 0.8
GUIDES = {
    "chance": "chosen at random",
    "covariate": "a covariate that the model has",
    "unnamed": "the same covariate, left out of the model",
    "field": "the density itself, as the field carries it",
    "hidden": "something that no layer holds, changing from cell to cell",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Counts per cell of 1 km², and which cells were searched."""

    x: Floats
    y: Floats
    covariate: Floats
    count: Floats
    exposure: Floats
    found: Floats


def world(guide: str, rng: np.random.Generator) -> World:
    """One world, searched as a guide says."""
    x, y = (1e3 * (v.ravel() + 0.5) for v in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    lattice = lattice_over(x, y, 1000.0, RANGE_M)
    read = lattice.interpolation(x, y)
    field, other = (np.asarray(read @ field_draws(lattice, RANGE_M, 1.0, 1, rng=rng)[0]) for _ in range(2))
    covariate = (other - other.mean()) / other.std()
    hidden = rng.standard_normal(x.size)
    density = LEVEL * np.exp(SPREAD * field + SLOPE * covariate + HIDDEN * hidden * (guide == "hidden"))
    count = rng.poisson(density * rng.gamma(CLUMP, 1.0 / CLUMP, x.size)).astype(float)
    leaning = {
        "chance": 0.0 * field,
        "covariate": covariate,
        "unnamed": covariate,
        "field": field,
        "hidden": hidden,
    }
    weight = np.exp(PULL * leaning[guide])
    chosen = rng.choice(x.size, round(SEARCHED * x.size), replace=False, p=weight / weight.sum())
    exposure = np.zeros(x.size)
    exposure[chosen] = EXPOSURE
    return World(
        x=x,
        y=y,
        covariate=covariate,
        count=count,
        exposure=exposure,
        found=rng.binomial(count.astype(int), exposure).astype(float),
    )


def estimate(
    w: World, guide: str, rng: np.random.Generator, *, is_joint: bool
) -> tuple[Floats, float, Floats]:
    """Draws of the items in unsearched cells, mean pull of searches, and the mean log density."""
    lattice = lattice_over(w.x, w.y, 1500.0, 3000.0)
    read = lattice.interpolation(w.x, w.y)
    columns = np.zeros((w.x.size, 0)) if guide == "unnamed" else w.covariate[:, None]
    level, clump = (link_of(*ends, is_probability=False) for ends in ((0.05, 20.0), (0.2, 5.0)))
    counts = CountEvidence(found=w.found, exposure=w.exposure, level=level, clump=clump)
    places = SearchPlaces(is_searched=(w.exposure > 0.0).astype(float), guides=columns)
    k = columns.shape[1]
    model = LatentModel(
        lattice=lattice,
        read=vstack([read, read]).tocsr() if is_joint else read,
        likelihood=Stacked(parts=(counts, places)) if is_joint else counts,
        range_m=link_of(2e3, 20e3, is_probability=False),
        spread=link_of(float(np.log(1.7)), float(np.log(8.0)), is_probability=False),
        covariates=np.vstack([columns, np.zeros_like(columns)]) if is_joint else columns,
        slope_mean=np.zeros(k),
        slope_sd=np.full(k, 0.7),
    )
    post = sample_latent(model, num_draws=200, rng=rng, effort=Effort(chains=16, spacing=1.8, moves=2))
    log_density = np.log(level.value(post.z[:, :1])) + (read @ post.nodes.T).T + post.slopes @ columns.T
    left = w.exposure == 0.0
    shape = clump.value(post.z[:, 1:2])
    total = rng.poisson(
        np.exp(np.minimum(log_density[:, left], 15.0)) * rng.gamma(shape, 1.0 / shape, (200, int(left.sum())))
    ).sum(axis=1)
    return (
        total.astype(float),
        float(places.pull(post.z[:, 3]).mean()) if is_joint else 0.0,
        log_density.mean(axis=0),
    )


def main() -> None:
    """Run and print, or write into the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = [
        "| searches went by | estimate over truth, choice taken for blind | its 90 % intervals hold "
        "| estimate over truth, joint model | its 90 % intervals hold | pull, learned | rank correlation shown |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, (guide, words) in enumerate(GUIDES.items()):
        ratio, inside, pulls, shown = [[], []], [[], []], [], []
        for replicate in range(asked.replicates):
            w = world(guide, np.random.default_rng([number, replicate]))
            truth = max(float(w.count[w.exposure == 0.0].sum()), 0.5)
            for is_joint in (False, True):
                total, pull, log_density = estimate(
                    w, guide, np.random.default_rng([number, replicate, 1]), is_joint=is_joint
                )
                low, high = np.quantile(total, [0.05, 0.95])
                ratio[is_joint].append(np.log(np.median(total).clip(0.5) / truth))
                inside[is_joint].append(low <= truth <= high)
                if is_joint:
                    pulls.append(pull)
                else:
                    shown.append(
                        targeting((w.exposure > 0).astype(float), log_density, np.ones(w.x.size)).correlation
                    )
        error = [np.std(r) / np.sqrt(len(r)) for r in ratio]
        cells = [
            f"{np.exp(np.mean(r)):.2f} (± {100 * e:.0f} %) | {np.mean(i):.0%}"
            for r, i, e in zip(ratio, inside, error, strict=True)
        ]
        lines.append(f"| {words} | {cells[0]} | {cells[1]} | {np.mean(pulls):+.2f} | {np.mean(shown):+.2f} |")
        print(lines[-1], flush=True)  # noqa: T201
    text = "\n".join(
        [
            *lines,
            "",
            f"{asked.replicates} worlds each; ± is one standard error; where the field guides, the true pull is "
            f"{PULL / SPREAD:.2f}.",
        ]
    )
    print(text)  # noqa: T201
    if asked.write:
        page = PAGE.read_text("utf-8")
        PAGE.write_text(
            re.sub(
                r"(?s)(<!-- targeted: begin -->\n).*?(<!-- targeted: end -->)",
                lambda m: f"{m[1]}{text}\n\n{m[2]}",
                page,
            ),
            "utf-8",
        )


if __name__ == "__main__":
    main()
