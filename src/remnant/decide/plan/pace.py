"""Expected working days and cost, from the ranges of a team type."""

from __future__ import annotations

import numpy as np

from remnant.catalogue import Range
from remnant.decide.plan.records import TeamType
from remnant.units import Floats

_Z95 = 1.6448536269514722  # 95 % point of the standard normal


def log_parameters(pace: Range) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a range, read as the 90 % interval of a log-normal.

    Examples
    --------
    >>> [round(v, 3) for v in log_parameters(Range(low=10, high=50, unit="m2/d", basis="judgement", source="me"))]
    [3.107, 0.489]
    """
    low, high = np.log(pace.low), np.log(pace.high)
    return float(0.5 * (low + high)), float((high - low) / (2.0 * _Z95))


def days_each(team: TeamType, work_m2: Floats) -> Floats:
    """Expected working days of one team for tasks of these sizes: the mean over the range of its pace.

    Parameters
    ----------
    team
        The team type.
    work_m2
        Ground to work. [m²]

    Returns
    -------
    Days, in the shape of `work_m2`. [d]

    Examples
    --------
    >>> pace = Range(low=20, high=20, unit="m2/d", basis="judgement", source="me")
    >>> team = TeamType(name="t", action="clear", num_teams=1, m2_per_day=pace, usd_per_day=pace)
    >>> days_each(team, np.array([100.0, 50.0])).round(6).tolist()
    [5.0, 2.5]
    """
    mean, sd = log_parameters(team.pace)
    if team.m2_per_day is not None:
        return work_m2 * float(np.exp(-mean + 0.5 * sd * sd))
    return np.full(work_m2.shape, float(np.exp(mean + 0.5 * sd * sd)))


def usd_each(team: TeamType) -> float:
    """Cost of one team for a working day: the middle of its range. [USD/d]"""
    return 0.5 * (team.usd_per_day.low + team.usd_per_day.high)
