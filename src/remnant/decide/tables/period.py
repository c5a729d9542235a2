"""A reporting period, and where days that may be known only to the month or year lie in it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal

from remnant.errors import InvalidInput
from remnant.units import day_number

Days = tuple[float, float]
"""First and last day that a record may mean; NaN where it names none. [d]"""
Place = Literal["before", "in", "after", "unknown"]
UNKNOWN_DAYS: Days = (math.nan, math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that a report speaks of, both included.

    Parameters
    ----------
    first, last
        First and last day. What was on record before the first day is the opening, after the last day the closing.
    """

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InvalidInput(
                f"a period must end on or after its first day; got {self.first} to {self.last}. Swap the two dates."
            )

    def place(self, days: Days) -> Place:
        """Where a day lies; ``unknown`` where the record names none, or a month or year that crosses an end.

        Examples
        --------
        >>> year = Period(first=dt.date(1970, 1, 11), last=dt.date(1970, 1, 20))
        >>> [year.place(d) for d in ((3.0, 3.0), (10.0, 19.0), (20.0, 30.0), (5.0, 12.0), UNKNOWN_DAYS)]
        ['before', 'in', 'after', 'unknown', 'unknown']
        """
        first, last = days
        if math.isnan(first) or math.isnan(last):
            return "unknown"
        start, end = day_number(self.first), day_number(self.last)
        if last < start:
            return "before"
        if first > end:
            return "after"
        return "in" if first >= start and last <= end else "unknown"
