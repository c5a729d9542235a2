"""Numbers of items and chances in two bytes each, on a logarithmic scale, so that a map of a country stays small."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.units import Floats

LOWEST, HIGHEST = -9.0, 9.0
"""Decimal logarithms of the smallest and the largest number that has a code of its own."""
UNKNOWN = 65_535
_STEPS = 65_533

Codes = NDArray[np.uint16]


def coded(values: ArrayLike) -> Codes:
    """Codes of numbers not below 0: 0 is none at all, 65,535 unknown (NaN), and the others a logarithm.

    A code is within 0.04 % of its number. What is above 0 never becomes 0: below 1e-9 it is 1e-9.

    Parameters
    ----------
    values
        Numbers from 0 to 1e9, NaN unknown. [any]

    Examples
    --------
    >>> coded([0.0, 1e-12, 1.0, np.nan]).tolist(), decoded(coded([0.25, 1234.5])).round(2).tolist()
    ([0, 1, 32767, 65535], [0.25, 1234.69])
    """
    number = np.asarray(values, np.float64)
    is_some = number > 0.0
    log = np.log10(np.where(is_some, number, 1.0))
    step = np.rint((np.clip(log, LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST) * _STEPS)
    out = np.where(is_some, 1.0 + step, 0.0)
    return np.where(np.isnan(number), UNKNOWN, out).astype("<u2")


def decoded(codes: Codes) -> Floats:
    """Numbers of codes."""
    step = np.asarray(codes, np.float64) - 1.0
    value = 10.0 ** (LOWEST + step / _STEPS * (HIGHEST - LOWEST))
    return np.select([codes == 0, codes == UNKNOWN], [0.0, np.nan], value)
