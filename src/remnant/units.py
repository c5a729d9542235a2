"""Unit names, conversions and the checks that every record uses."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.errors import InvalidInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY_H = 24.0
YEAR_D = 365.25
KM2_M2 = 1e6
KM_M = 1e3
_AGE_UNITS_D = {"min": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0, "mo": YEAR_D / 12, "y": YEAR_D}
_AGE = re.compile(r"^\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>min|h|d|w|mo|y)\s*$")
_EPOCH = dt.date(1970, 1, 1)


def parse_age_d(text: str) -> float:
    """Age in days from text such as ``4h``, ``15d`` or ``10y`` (min, h, d, w, mo, y).

    Examples
    --------
    >>> parse_age_d("48h"), parse_age_d("10y")
    (2.0, 3652.5)
    """
    match = _AGE.match(text)
    if match is None:
        raise InvalidInput(f"age must be a number and one of min, h, d, w, mo, y (15d, 10y); got {text!r}")
    return float(match["number"]) * _AGE_UNITS_D[match["unit"]]


def day_number(date: dt.date) -> float:
    """Days since 1970-01-01; the form in which arrays carry dates (NaN: unknown). [d]"""
    return float((date - _EPOCH).days)


def date_of(day: float) -> dt.date:
    """The calendar date of a day number; the inverse of `day_number`."""
    return _EPOCH + dt.timedelta(days=int(np.floor(day)))


def frozen(values: ArrayLike, dtype: type = np.float64) -> NDArray[np.generic]:
    """A read-only copy, for records that hold arrays."""
    array: NDArray[np.generic] = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def probability(name: str, values: ArrayLike, *, allow_nan: bool = False) -> NDArray[np.float64]:
    """A read-only float array whose values lie in [0, 1], or `InvalidInput`. [1]

    Examples
    --------
    >>> probability("coverage", [0.3, 90])
    Traceback (most recent call last):
    ...
    remnant.errors.InvalidInput: coverage must be in [0, 1]; 1 of 2 is not, first is 90 at (1,). Percent? Divide by 100.
    """
    return _within(name, values, 0.0, 1.0, "[0, 1]", allow_nan=allow_nan)


def not_negative(name: str, values: ArrayLike, *, allow_nan: bool = False) -> NDArray[np.float64]:
    """A read-only float array with finite values of zero or more, or `InvalidInput`."""
    return _within(name, values, 0.0, np.finfo(np.float64).max, ">= 0 and finite", allow_nan=allow_nan)


def _within(
    name: str, values: ArrayLike, low: float, high: float, words: str, *, allow_nan: bool
) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    good = (array >= low) & (array <= high)
    if allow_nan:
        good |= np.isnan(array)
    if not good.all():
        bad = np.argwhere(~good)
        first = tuple(int(i) for i in bad[0])
        value = array[first]
        hint = " Percent? Divide by 100." if high == 1.0 and 1.0 < value <= 100.0 else ""
        count = f"{len(bad)} of {array.size} {'is' if len(bad) == 1 else 'are'} not"
        raise InvalidInput(
            f"{name} must be in {words}; {count}, first is {value:g} at {first}.{hint}"
            if words.startswith("[")
            else f"{name} must be {words}; {count}, first is {value:g} at {first}."
        )
    array.setflags(write=False)
    return array
