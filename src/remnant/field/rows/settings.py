"""What is believed about patterns before any find: ranges in the user's units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.errors import InvalidInput
from remnant.field.rows.layout import MAX_BELTS, MAX_ROWS, Limits
from remnant.numerics import Z95

_SQUARE_M_PER_HA = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternPriors:
    """Ranges of a pattern and of the unstructured part.

    Parameters
    ----------
    p_any_row
        Chance that the area holds any row at all. [1]
    spacing_m
        Least and greatest distance between places along a row; even on the log scale. [m]
    row_distance_m
        Least and greatest distance between the rows of a belt; even on the log scale. [m]
    jitter_m
        Least and greatest standard deviation of an item about its place; even on the log scale. [m]
    p_held
        90 % range of the chance that a place held an item that was still there when the first search came. [1]
    background_per_ha
        90 % range of items per hectare that belong to no row. [1/ha]
    clump_shape
        90 % range of the shape of their clumps: small is clumped, large is even. [1]
    block_m
        Sizes of the square blocks that clumps may have; equally likely. [m]
    shortest_m
        Least length of a belt. [m]
    """

    p_any_row: float = 0.5
    spacing_m: tuple[float, float] = (0.8, 12.0)
    row_distance_m: tuple[float, float] = (2.0, 40.0)
    jitter_m: tuple[float, float] = (0.05, 1.0)
    p_held: tuple[float, float] = (0.5, 0.95)
    background_per_ha: tuple[float, float] = (1.0, 150.0)
    clump_shape: tuple[float, float] = (0.15, 6.0)
    block_m: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0)
    shortest_m: float = 10.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.p_any_row <= 1.0:
            raise InvalidInput(f"p_any_row must be in [0, 1]; got {self.p_any_row:g}.")
        for name in ("spacing_m", "row_distance_m", "jitter_m", "background_per_ha", "clump_shape", "p_held"):
            low, high = getattr(self, name)
            if not 0.0 < low < high < np.inf:
                raise InvalidInput(
                    f"{name} must be two rising numbers above 0; got {low:g} and {high:g}. Swap or widen them."
                )
        if self.p_held[1] >= 1.0:
            raise InvalidInput(f"p_held must end below 1; got {self.p_held[1]:g}. Percent? Divide by 100.")
        if not self.block_m or min(self.block_m) <= 0.0:
            raise InvalidInput("block_m must hold at least one size above 0 m.")
        if not self.jitter_m[0] < _JITTER_SHARE * self.spacing_m[0]:
            raise InvalidInput(
                f"jitter_m must begin below {_JITTER_SHARE:g} of the least spacing ({self.spacing_m[0]:g} m); "
                f"got {self.jitter_m[0]:g} m. Items that jitter more than that form no row."
            )


_JITTER_SHARE = 0.4  # beyond it, places along a row cannot be told apart
_MORE_BELTS = 0.3  # each further belt is this much less likely


def limits_of(priors: PatternPriors) -> Limits:
    """The priors as the numbers that the compiled code reads."""
    more = _MORE_BELTS ** np.arange(MAX_BELTS)
    belts = np.concatenate([[1.0 - priors.p_any_row], priors.p_any_row * more / more.sum()])
    rows = np.concatenate([[0.0], 1.0 / np.arange(1, MAX_ROWS + 1)])
    held_a, held_b = _beta_of(*priors.p_held)
    level, spread_level = _log_normal_of(*(v / _SQUARE_M_PER_HA for v in priors.background_per_ha))
    clump, spread_clump = _log_normal_of(*priors.clump_shape)
    with np.errstate(divide="ignore"):
        log_belts, log_rows = np.log(belts), np.log(rows / rows.sum())
    return Limits(
        log_spacing_low=float(np.log(priors.spacing_m[0])),
        log_spacing_high=float(np.log(priors.spacing_m[1])),
        log_apart_low=float(np.log(priors.row_distance_m[0])),
        log_apart_high=float(np.log(priors.row_distance_m[1])),
        log_jitter_low=float(np.log(priors.jitter_m[0])),
        log_jitter_high=float(np.log(priors.jitter_m[1])),
        jitter_share=_JITTER_SHARE,
        held_a=held_a,
        held_b=held_b,
        shortest_m=priors.shortest_m,
        log_belts=log_belts,
        log_rows=log_rows,
        log_level=level,
        spread_level=spread_level,
        log_clump=clump,
        spread_clump=spread_clump,
    )


def _log_normal_of(low: float, high: float) -> tuple[float, float]:
    a, b = float(np.log(low)), float(np.log(high))
    return 0.5 * (a + b), (b - a) / (2.0 * Z95)


def _beta_of(low: float, high: float) -> tuple[float, float]:
    """Shapes of the beta whose mean and sd fit a 90 % range; good enough for a prior, and never below 1."""
    mean, sd = 0.5 * (low + high), (high - low) / (2.0 * Z95)
    size = max(mean * (1.0 - mean) / sd**2 - 1.0, 2.0)
    return max(mean * size, 1.0), max((1.0 - mean) * size, 1.0)
