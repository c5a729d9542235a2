"""Rows inferred from finds: calibration on fields drawn from the prior, and what rows gain over the unstructured model.

`python benchmarks/rows.py calibration --replicates 200` and `python benchmarks/rows.py compare --replicates 40` print
the tables of docs/rows.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from remnant.field.rows import (
    MissingItems,
    PatternPriors,
    SearchedGround,
    infer_rows,
    missing_items,
)
from remnant.field.rows.layout import LOG_SPACING, THETA
from remnant.simulate.minefield import SyntheticField, draw_field, search_field

Floats = NDArray[np.float64]


def strip_ground(width_m: int, height_m: int, share: float, p_found: tuple[float, ...]) -> SearchedGround:
    """A rectangle of which the western share was searched."""
    p = np.zeros((len(p_found), height_m, width_m))
    p[:, :, : int(width_m * share)] = np.array(p_found)[:, None, None]
    inside = np.ones((height_m, width_m), np.bool_)
    return SearchedGround(left_m=0.0, top_m=float(height_m), cell_m=1.0, inside=inside, p_found=p)


def _rank(truth: float, draws: Floats, rng: np.random.Generator) -> float:
    """Rank of the truth among draws, ties at random, in [0, 1]."""
    below, same = float((draws < truth).sum()), float((draws == truth).sum())
    return (below + rng.random() * (same + 1.0)) / (draws.size + 1.0)


def calibrate(first: int, last: int) -> Iterator[tuple[str, float]]:
    """Ranks of what was drawn, one field per seed."""
    for seed in range(first, last):
        rng = np.random.default_rng([seed, *b"rows"])
        ground = strip_ground(70, 50, float(rng.uniform(0.3, 1.0)), (0.75, 0.82, 0.88, 0.93))
        field = draw_field(ground, PatternPriors(), rng=rng)
        posterior = infer_rows(field.finds, ground, rng=rng)
        missing = missing_items(posterior, rng=rng)
        total = (missing.pattern_draws + missing.unstructured_draws).astype(np.float64)
        left = ~field.is_found
        yield "missing, all", _rank(float(left.sum()), total, rng)
        yield (
            "missing, in rows",
            _rank(float((left & (field.belt >= 0)).sum()), missing.pattern_draws.astype(float), rng),
        )
        yield (
            "missing, unstructured",
            _rank(float((left & (field.belt < 0)).sum()), missing.unstructured_draws.astype(float), rng),
        )
        yield "any row: chance", posterior.p_any_row
        yield "any row: truth", float(len(field.belts) > 0)
        if len(field.belts) == 1:
            one = np.flatnonzero(posterior.num_belts == 1)
            if one.size < 30:
                continue
            belt, drawn = field.belts[0], posterior.belts[one, 0]
            middle = 0.5 * np.angle(np.exp(2j * drawn[:, THETA]).mean())
            turn = (drawn[:, THETA] - middle + np.pi / 2) % np.pi - np.pi / 2
            true_turn = (belt.direction - middle + np.pi / 2) % np.pi - np.pi / 2
            yield "direction", _rank(true_turn, turn, rng)
            yield "spacing", _rank(float(np.log(belt.spacing_m)), drawn[:, LOG_SPACING], rng)
            yield "number of rows", _rank(belt.num_rows, drawn[:, 8], rng)
            if belt.num_rows > 1 and (drawn[:, 8] > 1).sum() >= 30:
                yield (
                    "row distance",
                    _rank(float(np.log(belt.row_distance_m)), drawn[drawn[:, 8] > 1, 5], rng),
                )


def _calibration(replicates: int, first: int) -> None:
    ranks: dict[str, list[float]] = {}
    started = time.process_time()
    for name, rank in calibrate(first, first + replicates):
        ranks.setdefault(name, []).append(rank)
    chance, truth = np.array(ranks.pop("any row: chance")), np.array(ranks.pop("any row: truth"))
    from scipy.stats import kstest

    for name, values in ranks.items():
        r = np.array(values)
        inside = (r > 0.05) & (r < 0.95)
        print(
            f"| {name} | {r.size} | {100 * inside.mean():.1f} % | {kstest(r, 'uniform').pvalue:.2f} | {r.mean():.3f} |"
        )
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.01)):
        mine = (chance >= low) & (chance < high)
        if mine.any():
            print(
                f"P(any row) {low}-{high}: {mine.sum()} fields, mean {chance[mine].mean():.3f}, "
                f"true {truth[mine].mean():.3f}"
            )
    print(f"{replicates} fields, {time.process_time() - started:.0f} s")


def belts_field(ground: SearchedGround, rng: np.random.Generator) -> SyntheticField:
    """A belt of two to five rows with a few scattered items; jitter, gaps and spacings over the ranges of the page."""
    width, height = ground.inside.shape[1], ground.inside.shape[0]
    spacing = np.exp(rng.uniform(np.log(1.0), np.log(8.0)))
    jitter = rng.uniform(0.1, min(0.5, 0.3 * spacing)) if rng.random() < 0.7 else min(1.0, 0.3 * spacing)
    num_rows, apart = int(rng.integers(2, 6)), rng.uniform(4.0, 12.0)
    angle, length = rng.uniform(0.0, np.pi), rng.uniform(40.0, 80.0)
    held = rng.uniform(0.75, 0.95)
    pieces = []
    for r in range(num_rows):
        u = np.arange(-0.5 * length + spacing * rng.random(), 0.5 * length, spacing)
        u = u[rng.random(u.size) < held]
        v = np.full(u.size, (r - 0.5 * (num_rows - 1)) * apart)
        pieces.append(np.stack([u, v], axis=1) + jitter * rng.standard_normal((u.size, 2)))
    c, s = np.cos(angle), np.sin(angle)
    middle = np.array([0.5 * width, 0.5 * height]) + rng.uniform(-8.0, 8.0, 2)
    rows = np.concatenate(pieces) @ np.array([[c, s], [-s, c]]) + middle
    loose = rng.random((int(rng.integers(0, 12)), 2)) * np.array([width, height])
    places = np.concatenate([rows, loose])
    owner = np.concatenate([np.zeros(len(rows), np.int64), np.full(len(loose), -1)])
    return search_field(ground, places, owner, (), 0.3, rng=rng)


def cloud_field(ground: SearchedGround, rng: np.random.Generator, *, clustered: bool) -> SyntheticField:
    """Items without any pattern: even chance everywhere, or clusters about random centres."""
    extent = np.array([ground.inside.shape[1], ground.inside.shape[0]], np.float64)
    if clustered:
        centres = rng.random((int(rng.integers(4, 10)), 2)) * extent
        of = np.repeat(np.arange(len(centres)), rng.poisson(12.0, len(centres)))
        places = centres[of] + rng.uniform(2.0, 6.0) * rng.standard_normal((of.size, 2))
    else:
        places = rng.random((int(rng.integers(20, 140)), 2)) * extent
    return search_field(ground, places, np.full(len(places), -1), (), 0.3, rng=rng)


def _scores(missing: MissingItems, left: Floats) -> tuple[float, float, float]:
    """Log score of all cells per missing item, mean share found per step, share of the steps needed to find all.

    A step clears one cell; cells are taken by their chance of holding an item, ties as they come.
    """
    p = np.clip(missing.p_any, 1e-9, 1.0 - 1e-9)
    score = np.where(left > 0, np.log(p), np.log1p(-p)).sum() / left.sum()
    order = np.argsort(-p, axis=None, kind="stable")
    found = np.cumsum(left.ravel()[order]) / left.sum()
    return float(score), float(found.mean()), float((np.argmax(found >= 1.0 - 1e-12) + 1) / found.size)


def compare(kind: str, seed: int) -> tuple[Floats, float, float] | None:
    """Scores with rows minus scores without, P(any row) and seconds, on one field."""
    rng = np.random.default_rng([seed, *kind.encode()])
    ground = strip_ground(80, 60, float(rng.uniform(0.4, 0.7)), (0.82, 0.88, 0.93))
    field = (
        belts_field(ground, rng) if kind == "rows" else cloud_field(ground, rng, clustered=kind == "clusters")
    )
    gone = ~field.is_found
    if not gone.any():
        return None
    col, row = field.x_m[gone].astype(int), (60.0 - field.y_m[gone]).astype(int)
    left = np.zeros(ground.inside.shape)
    np.add.at(left, (np.clip(row, 0, 59), np.clip(col, 0, 79)), 1.0)
    scores = []
    seconds, chance = 0.0, 0.0
    for p_any_row in (0.5, 0.0):
        started = time.process_time()
        posterior = infer_rows(
            field.finds, ground, PatternPriors(p_any_row=p_any_row), num_draws=600, rng=rng
        )
        scores.append(_scores(missing_items(posterior, rng=rng), left))
        if p_any_row:
            seconds, chance = time.process_time() - started, posterior.p_any_row
    return np.array([*(np.array(scores[0]) - scores[1]), *scores[0], *scores[1]]), chance, seconds


def _compare(replicates: int, first: int) -> None:
    for kind in ("rows", "even", "clusters"):
        results = [r for seed in range(first, first + replicates) if (r := compare(kind, seed)) is not None]
        table = np.array([r[0] for r in results])
        chance, seconds = np.array([r[1] for r in results]), np.array([r[2] for r in results])
        mean, se = table.mean(axis=0), table.std(axis=0, ddof=1) / np.sqrt(len(table))
        print(
            f"| {kind} | {len(table)} | {mean[0]:+.3f} ± {1.96 * se[0]:.3f} "
            f"| {100 * mean[1]:+.2f} ± {196 * se[1]:.2f} | {100 * mean[2]:+.2f} ± {196 * se[2]:.2f} "
            f"| {mean[2] / mean[8]:+.1%} | {chance.mean():.2f} | {seconds.mean():.1f} s |",
            flush=True,
        )
        print(
            f"  with rows {mean[3:6].round(3)}, without {mean[6:9].round(3)}; worse in {int((table[:, 0] < 0).sum())}; "
            f"largest losses {np.sort(table[:, 0])[:3].round(3)}; chances {np.sort(chance).round(2)[[0, -1]]}; "
            f"slowest {seconds.max():.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("calibration", "compare"))
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    if asked.what == "calibration":
        _calibration(asked.replicates, asked.first)
    else:
        _compare(asked.replicates, asked.first)
    sys.exit(0)
