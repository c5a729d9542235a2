"""The chance that a search finds what it passes over: a number, or a range that all its searches share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from remnant.errors import InvalidInput
from remnant.numerics import link_of
from remnant.units import Floats, probability

_NUM_DRAWS = 64  # even points of the range; the 90 % interval of a logit-normal is met to three digits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """How well a search finds items, and on whose word.

    Parameters
    ----------
    draws
        (n_draws,) equally likely chances that an item in worked ground is found. Each draw holds for the whole search:
        what is hard to find here is hard to find there, so misses are not independent. [1]
    low, high
        90 % interval that the draws stand for; equal if the chance is taken as known. [1]
    source
        Where the numbers come from, in words.
    """

    draws: Floats
    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        draws = probability("detection", np.atleast_1d(np.asarray(self.draws, dtype=np.float64)))
        if not draws.size or not (draws > 0.0).all():
            raise InvalidInput("detection must be above 0; a method that finds nothing shows nothing.")
        object.__setattr__(self, "draws", draws)
        if not self.source.strip():
            raise InvalidInput("detection needs a source; it is blank. Say where the number comes from.")

    @property
    def words(self) -> str:
        """The chance as text: one number, or a range."""
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"

    @property
    def mean(self) -> float:
        """Mean chance. [1]"""
        return float(self.draws.mean())


def detection_of(low: float, high: float | None = None, *, source: str) -> Detection:
    """A detection chance from a number, or from the 5 % and 95 % points of what is believed (logit-normal).

    Parameters
    ----------
    low, high
        In (0, 1]; a range lies within (0, 1). [1]
    source
        Where they come from.

    Raises
    ------
    InvalidInput
        When a number is out of bounds, or low exceeds high.

    Examples
    --------
    >>> detection_of(0.9, source="trial lane").draws.tolist()
    [0.9]
    >>> wide = detection_of(0.5, 0.98, source="catalogue")
    >>> wide.draws.size, round(wide.mean, 2)
    (64, 0.83)
    """
    top = low if high is None else high
    probability("detection", [low, top])
    if low > top:
        raise InvalidInput(f"detection must run from low to high; got {low:g} to {top:g}. Swap them.")
    if low == top:
        return Detection(draws=np.array([low]), low=low, high=top, source=source)
    if low <= 0.0 or top >= 1.0:
        raise InvalidInput(
            f"a range of detection lies within 0 and 1, ends left out; got {low:g} to {top:g}. "
            "Nothing is that certain: write 0.99 instead of 1."
        )
    place = (np.arange(_NUM_DRAWS) + 0.5) / _NUM_DRAWS
    draws = link_of(low, top, is_probability=True).value(ndtri(place))
    return Detection(draws=draws, low=low, high=top, source=source)
