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
    PointFinds,
    SearchedGround,
    infer_rows,
    missing_items,
)
from remnant.field.rows.layout import LOG_SPACING, MAX_ROWS, THETA
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
        posterior = infer_rows(field.finds, ground, num_draws=600, rng=rng)
        missing = missing_items(posterior, rng=rng)
        total = (missing.pattern_draws + missing.unstructured_draws).astype(np.float64)
        left = ~field.is_found
        yield "missing, all", _rank(float(left.sum()), total, rng)
        yield "missing, in rows", _rank(float((left & (field.belt >= 0)).sum()), missing.pattern_draws.astype(float), rng)
        yield "missing, unstructured", _rank(float((left & (field.belt < 0)).sum()), missing.unstructured_draws.astype(float), rng)
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
                yield "row distance", _rank(float(np.log(belt.row_distance_m)), drawn[drawn[:, 8] > 1, 5], rng)


def _calibration(replicates: int, first: int) -> None:
    ranks: dict[str, list[float]] = {}
    started = time.perf_counter()
    for name, rank in calibrate(first, first + replicates):
        ranks.setdefault(name, []).append(rank)
    chance, truth = np.array(ranks.pop("any row: chance")), np.array(ranks.pop("any row: truth"))
    from scipy.stats import kstest

    for name, values in ranks.items():
        r = np.array(values)
        inside = (r > 0.05) & (r < 0.95)
        print(f"| {name} | {r.size} | {100 * inside.mean():.1f} % | {kstest(r, 'uniform').pvalue:.2f} | {r.mean():.3f} |")
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.01)):
        mine = (chance >= low) & (chance < high)
        if mine.any():
            print(f"P(any row) {low}-{high}: {mine.sum()} fields, mean {chance[mine].mean():.3f}, true {truth[mine].mean():.3f}")
    print(f"{replicates} fields, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("calibration", "compare"))
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    if asked.what == "calibration":
        _calibration(asked.replicates, asked.first)
    sys.exit(0)
