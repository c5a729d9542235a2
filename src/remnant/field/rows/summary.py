"""A row posterior in figures that people ask for: is there a pattern, which way does it run, how far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.field.rows.infer import RowPosterior
from remnant.field.rows.layout import (
    HELD,
    LOG_APART,
    LOG_JITTER,
    LOG_SPACING,
    MAX_BELTS,
    MAX_ROWS,
    ROWS,
    THETA,
    V0,
    place_ends,
)
from remnant.field.rows.missing import MissingItems
from remnant.units import Floats, Ints

CLEAR, LIKELY = 0.95, 0.5
"""Chance of any row from which the finds count as showing rows, or as leaning to them."""
_LEAST_DRAWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One figure: median and 90 % interval, NaN where the draws hold too few of what it speaks of.

    Parameters
    ----------
    name, unit
        What it is.
    q05, median, q95
        Points of the posterior. [unit]
    """

    name: str
    unit: str
    q05: float
    median: float
    q95: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatternSummary:
    """What the finds say about rows.

    Parameters
    ----------
    p_any_row, p_any_row_prior
        Chance that the area holds any row, after and before the finds. [1]
    p_num_rows
        (n,) chance of 0, 1, 2 … rows that reach into the area; the last entry is that many or more. [1]
    pattern
        Direction, spacing and so on of the belt with most finds, given that there is a row.
    missing
        Items missing in rows, outside rows and in all.
    p_any_missing
        Chance that at least one item is missing. [1]
    disagreement
        Greatest difference of P(any row) between two of the sampler's chains. [1]
    words
        The finding in one or two sentences.
    """

    p_any_row: float
    p_any_row_prior: float
    p_num_rows: Floats
    pattern: tuple[Estimate, ...]
    missing: tuple[Estimate, ...]
    p_any_missing: float
    disagreement: float
    words: str


def summarise_rows(posterior: RowPosterior, missing: MissingItems) -> PatternSummary:
    """The figures of a posterior."""
    rows = rows_inside(posterior)
    most = int(np.quantile(rows, 0.99)) + 1
    share = np.bincount(np.minimum(rows, most), minlength=most + 1) / rows.size
    total = missing.pattern_draws + missing.unstructured_draws
    chains = np.unique(posterior.chain)
    by_chain = [float((posterior.num_belts[posterior.chain == c] > 0).mean()) for c in chains]
    pattern = _pattern(posterior)
    return PatternSummary(
        p_any_row=posterior.p_any_row,
        p_any_row_prior=posterior.priors.p_any_row,
        p_num_rows=share,
        pattern=pattern,
        missing=(
            _estimate("missing in rows", "items", missing.pattern_draws),
            _estimate("missing outside rows", "items", missing.unstructured_draws),
            _estimate("missing in all", "items", total),
        ),
        p_any_missing=float((total > 0).mean()),
        disagreement=max(by_chain) - min(by_chain),
        words=_words(posterior, pattern),
    )


def main_belts(posterior: RowPosterior) -> Ints:
    """(n_draws,) the belt with most finds in each draw, −1 where there is none."""
    of_belt = np.where(posterior.label >= 0, posterior.label // MAX_ROWS, MAX_BELTS)
    counts = (of_belt[:, :, None] == np.arange(MAX_BELTS)).sum(axis=1)
    counts = np.where(np.arange(MAX_BELTS) < posterior.num_belts[:, None], counts, -1)
    return np.asarray(np.where(posterior.num_belts > 0, counts.argmax(axis=1), -1), dtype=np.int64)


def p_in_row(posterior: RowPosterior) -> Floats:
    """(n_finds,) chance that each find belongs to a row. [1]"""
    return np.asarray((posterior.label >= 0).mean(axis=0))


def row_lines(posterior: RowPosterior, draw: int) -> Floats:
    """(n_rows, 2, 2) first and last place of each row of one draw. [m]"""
    lines = []
    for b in range(int(posterior.num_belts[draw])):
        belt = posterior.belts[draw, b]
        c, s = np.cos(belt[THETA]), np.sin(belt[THETA])
        for r in range(int(belt[ROWS])):
            low, high = place_ends(belt, r)
            across = belt[V0] + r * np.exp(belt[LOG_APART])
            ends = [(c * u - s * across, s * u + c * across) for u in (low, high)]
            if high >= low:
                lines.append(ends)
    return np.asarray(np.array(lines, dtype=np.float64).reshape(-1, 2, 2) + np.array(posterior.centre_m))


def rows_inside(posterior: RowPosterior) -> Ints:
    """(n_draws,) rows of each draw that cross a cell of the area."""
    ground, steps = posterior.ground, np.linspace(0.0, 1.0, 60)
    ny, nx = ground.inside.shape
    num = np.zeros(posterior.num_belts.size, np.int64)
    for draw in np.flatnonzero(posterior.num_belts):
        lines = row_lines(posterior, int(draw))
        points = lines[:, None, 0] + steps[:, None] * (lines[:, None, 1] - lines[:, None, 0])
        col = np.floor((points[..., 0] - ground.left_m) / ground.cell_m).astype(np.int64)
        row = np.floor((ground.top_m - points[..., 1]) / ground.cell_m).astype(np.int64)
        on = (col >= 0) & (col < nx) & (row >= 0) & (row < ny)
        on &= ground.inside[np.clip(row, 0, ny - 1), np.clip(col, 0, nx - 1)]
        num[draw] = int(on.any(axis=1).sum())
    return num


def _pattern(posterior: RowPosterior) -> tuple[Estimate, ...]:
    main = main_belts(posterior)
    draws = np.flatnonzero(main >= 0)
    belt = posterior.belts[draws, main[draws]]
    several = belt[belt[:, ROWS] > 1]
    bearing = (90.0 - np.degrees(belt[:, THETA])) % 180.0  # from north, clockwise
    middle = 0.5 * np.degrees(np.angle(np.exp(2j * np.radians(bearing)).mean())) if bearing.size else np.nan
    turned = (bearing - middle + 90.0) % 180.0 - 90.0
    direction = _estimate("direction (from north, clockwise)", "°", turned)
    shifted = tuple(v + middle % 180.0 for v in (direction.q05, direction.median, direction.q95))
    return (
        Estimate(name=direction.name, unit="°", q05=shifted[0], median=shifted[1], q95=shifted[2]),
        _estimate("spacing along a row", "m", np.exp(belt[:, LOG_SPACING])),
        _estimate("rows in the belt", "rows", belt[:, ROWS]),
        _estimate("distance between rows", "m", np.exp(several[:, LOG_APART])),
        _estimate("jitter about a place", "m", np.exp(belt[:, LOG_JITTER])),
        _estimate("chance that a place held an item", "1", belt[:, HELD]),
    )


def _estimate(name: str, unit: str, draws: Floats | Ints) -> Estimate:
    points = np.quantile(draws, (0.05, 0.5, 0.95)) if draws.size >= _LEAST_DRAWS else np.full(3, np.nan)
    return Estimate(name=name, unit=unit, q05=float(points[0]), median=float(points[1]), q95=float(points[2]))


def _words(posterior: RowPosterior, pattern: tuple[Estimate, ...]) -> str:
    chance = posterior.p_any_row
    num = posterior.finds.x_m.size
    if num == 0:
        return (
            "No find is placed well enough to show rows. What is missing rests on the priors and on what was searched, "
            "with and without rows."
        )
    if chance < LIKELY:
        return (
            f"The {num} finds do not show rows (chance of any row {chance:.0%}, before the finds "
            f"{posterior.priors.p_any_row:.0%}). What is missing rests mostly on the unstructured model: "
            "clumps with no pattern. Rows cannot be excluded."
        )
    direction, spacing = pattern[0], pattern[1]
    begin = "show rows" if chance >= CLEAR else "lean to rows, but do not settle it"
    return (
        f"The {num} finds {begin} (chance of any row {chance:.0%}). They run at {direction.median % 180.0:.0f}° from "
        f"north (90 % interval {direction.q05:.0f}° to {direction.q95:.0f}°), with places {spacing.median:.1f} m apart "
        f"({spacing.q05:.1f} to {spacing.q95:.1f} m)."
    )
