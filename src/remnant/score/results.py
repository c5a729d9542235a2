"""The records of an evaluation: scores, differences, and what could not be scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remnant.score.folds import Folds

Scope = Literal["pooled", "within", "fold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One measure of one forecast.

    Parameters
    ----------
    forecast, measure
        Names; `MEASURES` explains the second.
    scope
        ``pooled``: all places together; ``within``: mean of the folds; ``fold``: one of them.
    fold
        Name of the fold; empty for the others.
    value, low, high
        The measure and its 90 % interval; NaN where it cannot be told.
    num_places, num_with_finds
        Places scored, and those in which something was found.
    num_folds
        Folds behind a mean of folds, otherwise 1.
    """

    forecast: str
    measure: str
    scope: Scope
    fold: str
    value: float
    low: float
    high: float
    num_places: int
    num_with_finds: int
    num_folds: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One measure of a forecast less that of another, on the same places and the same resamples.

    Parameters
    ----------
    forecast, against, measure, scope, fold
        As in `ScoreRow`.
    value, low, high
        Difference and its 90 % interval.
    p_better
        Share of the resamples in which the forecast was better, ties half. [1]
    num_better, num_folds
        Folds in which it was better, and folds compared; NaN folds are left out.
    """

    forecast: str
    against: str
    measure: str
    scope: Scope
    fold: str
    value: float
    low: float
    high: float
    p_better: float
    num_better: float
    num_folds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """A fold that cannot be ranked, and why."""

    fold: str
    num_places: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """All scores of one or several forecasts on the same places.

    Parameters
    ----------
    rows
        Every measure, pooled, as mean of the folds, and per fold.
    differences
        The first forecast less each of the others.
    unscored
        Folds in which places cannot be ranked.
    folds
        The split.
    num_places, num_unknown, num_with_finds
        Places asked for, those of them without a known outcome (never scored), and those with a find.
    num_found
        Items found in all. [items]
    is_count
        Whether numbers were scored, or only whether anything was found.
    interval_words
        What was resampled for the intervals.
    """

    rows: tuple[ScoreRow, ...]
    differences: tuple[Difference, ...]
    unscored: tuple[Unscored, ...]
    folds: Folds
    num_places: int
    num_unknown: int
    num_with_finds: int
    num_found: float
    is_count: bool
    interval_words: str

    def value(self, measure: str, scope: Scope = "pooled", forecast: str = "", fold: str = "") -> float:
        """One number: of the first forecast unless another is named; NaN where it was not scored."""
        name = forecast or self.rows[0].forecast
        for row in self.rows:
            if (row.forecast, row.measure, row.scope, row.fold) == (name, measure, scope, fold):
                return row.value
        return float("nan")
