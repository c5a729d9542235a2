"""Harm in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from remnant.harming import HarmAnswer
from remnant.report import words

SHOWN_FACTORS = 5
LIMITS = (
    "Harm orders work. It never says that land may be returned: a person decides that, after a search. No risk stated "
    "here is called acceptable: the policy of the authority does that."
)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_ABOVE = 1e-3


def number(value: float) -> str:
    """A rate or a risk with two digits; small ones as a power of ten, unknown said as such.

    Examples
    --------
    >>> [number(v) for v in (1234.0, 0.0123, 3.14e-7, 9.96e-5, 0.0, float("nan"))]
    ['1,200', '0.012', '3.1 × 10⁻⁷', '1 × 10⁻⁴', '0', 'unknown']
    """
    if value != value or not 0.0 < abs(value) < _PLAIN_ABOVE:
        return words.rounded(value)
    power = math.floor(math.log10(abs(value)))
    head = round(value / 10.0**power, 1)
    if abs(head) >= 10.0:
        head, power = head / 10.0, power + 1
    return f"{head:g} × 10{str(power).translate(_RAISED)}"


def interval(row: Mapping[Any, Any], name: str) -> str:
    """The 90 % interval of a column.

    Examples
    --------
    >>> interval({"a_q05": 0.5, "a_q95": 1200.0}, "a")
    '0.50 to 1,200'
    """
    low, high = row[f"{name}_q05"], row[f"{name}_q95"]
    return words.UNKNOWN if low != low else f"{number(low)} to {number(high)}"


def harm_lines(answer: HarmAnswer) -> list[str]:
    """The answer in a few lines: totals by date, what matters most, de-miners, notes."""
    out = []
    for row in answer.tables["totals"].to_dict("records"):
        parts = [
            f"{name} {number(row[f'{name}_mean'])} ({interval(row, name)})"
            for name in ("encounters", "accidents", "casualties")
        ]
        forecast = ", forecast" if row["is_forecast"] else ""
        out.append(f"{words.day(row['date'])}{forecast}, within a year: {', '.join(parts)}.")
    if answer.num_unknown < len(answer.outlines):
        out.append(factor_words(answer))
    out += [
        f"De-mining the {row['num_areas']:,} open areas whole ({row['method'].replace('_', ' ')}): "
        f"{number(row['hours_mean'])} hours ({interval(row, 'hours')}), {number(row['accidents_mean'])} accidents "
        f"({interval(row, 'accidents')})."
        for row in answer.tables["demining"].head(1).to_dict("records")
        if row["num_areas"]
    ]
    return [*out, *answer.notes, f"Seed {answer.seed}. {LIMITS}"]


def factor_words(answer: HarmAnswer) -> str:
    """Which factors explain most of the variance of casualties."""
    top = answer.tables["factors"].head(SHOWN_FACTORS)
    if top["share_of_variance"].isna().any():
        return "Which factor matters most cannot be told: too few draws, or no harm in any."
    named = [f"{factor_name(r['factor'])} {r['share_of_variance']:.0%}" for r in top.to_dict("records")]
    return f"What matters most for casualties (share of variance): {', '.join(named)}."


def factor_name(name: str) -> str:
    """A factor as people read it.

    Examples
    --------
    >>> factor_name("wood_and_water: p_armed"), factor_name("items in the ground")
    ('wood and water: chance that an armed item functions', 'items in the ground')
    """
    activity, colon, factor = name.partition(": ")
    return f"{activity.replace('_', ' ')}: {FACTORS.get(factor, factor)}" if colon else name


FACTORS = {
    "swept": "ground swept per hour",
    "hours": "hours a year",
    "share_of_people": "share of people who do it",
    "share_entering": "share of hours that enters marked ground",
    "reach": "distance from home",
    "p_armed": "chance that an armed item functions",
    "p_expired": "chance that an expired item functions",
    "p_dud": "chance that a dud functions",
    "casualties": "casualties per accident",
    "pace": "ground worked per hour",
    "per_hour": "accidents per hour",
    "per_m2": "accidents per square metre",
}
"""Names of the catalogue's factors in words."""
