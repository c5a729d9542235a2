"""Colour scales that map styles and report share: one hue, light to dark; never green for low."""

from __future__ import annotations

from itertools import pairwise

SCALE = ("#fff1bd", "#fdcf7f", "#f79a4f", "#dd5a3d", "#a8234f", "#5b0f52")
"""Six steps from light yellow to dark purple; lightness falls all the way, so it also works in grey."""

AREA_BREAKS = (0.01, 0.05, 0.2, 0.5, 0.8)
"""Limits between the classes of an area's chance of holding any item. [1]"""

CELL_BREAKS = (0.0001, 0.001, 0.01, 0.1, 0.5)
"""The same for one cell, which is far smaller. [1]"""

HARM_BREAKS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Limits between the classes of an area's expected casualties. [persons/y]"""

UNKNOWN = "#8a8a8a"
OUTLINE = "#4a4a4a"

VERDICT_COLOURS = {
    "does not meet": "#8c1c4b",
    "cannot tell: survey": "#f0a04b",
    "meets": "#c9d6e8",
    "no policy stated": "#d9d9d9",
}

ACTION_COLOURS = {
    "clear": "#8c1c4b",
    "survey": "#f0a04b",
    "cancel": "#c9d6e8",
    "monitor": "#8d7fb0",
    "wait": "#e3d3a3",
    "": "#f2f2f2",
}
"""What a plan does in an area; the last is an area that no team is sent to."""


def class_labels(breaks: tuple[float, ...]) -> tuple[str, ...]:
    """Words for the classes that `breaks` separate, lowest first.

    Examples
    --------
    >>> class_labels((0.01, 0.5))
    ('below 1 %', '1–50 %', '50 % and above')
    """
    inner = [f"{_percent(a)}–{_percent(b)} %" for a, b in pairwise(breaks)]
    return (f"below {_percent(breaks[0])} %", *inner, f"{_percent(breaks[-1])} % and above")


def rate_labels(breaks: tuple[float, ...]) -> tuple[str, ...]:
    """Words for classes of a rate, lowest first.

    Examples
    --------
    >>> rate_labels((0.01, 1.0))
    ('below 0.01', '0.01–1', '1 and more')
    """
    inner = [f"{a:g}–{b:g}" for a, b in pairwise(breaks)]
    return (f"below {breaks[0]:g}", *inner, f"{breaks[-1]:g} and more")


def _percent(share: float) -> str:
    return f"{100.0 * share:g}"
