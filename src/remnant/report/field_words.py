"""What a density field says, in words: its numbers, what drives each area, and where the records are silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from remnant.assessment import Assessment
from remnant.field import Told
from remnant.report import words

_HARDLY = 1.1  # a factor below which all evidence together is said to change nothing
_PIECES = {
    "searched": ("ground searched without a find", "lowers", "raises"),
    "found": ("finds", "lower", "raise"),
    "met": ("items met outside any search", "lower", "raise"),
}


def field_context(result: Assessment) -> dict[str, Any] | None:
    """What the page says of the field; None where there is none."""
    field = result.field
    if field is None:
        return None
    return {
        "warning": untold_warning(result),
        "sentences": [told_sentence(t) for t in field.told],
        "num_hatched": f"{int(field.area_untold.sum()):,}",
        "names": [n for n in field.names if n],
    }


def untold_warning(result: Assessment) -> str:
    """How much of the ground the records say next to nothing about; empty where there is none."""
    field = result.field
    if field is None or not field.area_untold.any():
        return ""
    num, placed = int(field.area_untold.sum()), int(field.area_placed.sum())
    share = words.percent(field.untold_m2 / field.placed_m2) if field.placed_m2 > 0.0 else "all"
    which = "all" if num == placed else f"{num:,} of"
    return (
        f"For {which} {placed:,} hazard areas ({words.area(field.untold_m2)}, {share} of their ground) the records say "
        "next to nothing of how they differ from others of their kind. Their numbers are those of an average area, as "
        "believed before and as learned elsewhere. They are hatched on the maps of the field and marked in the table "
        "of areas."
    )


def told_sentence(told: Told) -> dict[str, str]:
    """One number of the field in a sentence, and a remark where the records have not changed it.

    Examples
    --------
    >>> told = Told(kind="spread", name="", base="", prior_low=2, prior_high=20, low=2, middle=3, high=5)
    >>> told_sentence(told)["text"]
    'Places far apart typically differ by a factor of 3 (2 to 5).'
    """
    before = f"{_plain(told.prior_low)} to {_plain(told.prior_high)}"
    if told.kind == "range":
        text = (
            f"Places up to about {_distance(told.middle)} apart are alike "
            f"({_distance(told.low)} to {_distance(told.high)})."
        )
        before = f"{_distance(told.prior_low)} to {_distance(told.prior_high)}"
    elif told.kind == "spread":
        text = (
            f"Places far apart typically differ by a factor of {_plain(told.middle)} "
            f"({_plain(told.low)} to {_plain(told.high)})."
        )
    else:
        text = _effect(told)
    return {
        "text": text,
        "remark": f"The records say next to nothing about it: this is what was believed before ({before})."
        if told.is_prior
        else f"Believed before: {before}.",
    }


def _effect(told: Told) -> str:
    """What goes with more or fewer items."""
    where, other = {
        "distance": (f"near “{told.name}”", "far from it"),
        "category": (f"on “{told.name}” ground", f"on “{told.base}” ground"),
        "number": (f"where “{told.name}” is high", "where it is low"),
    }[told.kind]
    ends = f"({_plain(told.low)} to {_plain(told.high)} times)"
    if told.low <= 1.0 <= told.high and 1.0 / _HARDLY < told.middle < _HARDLY:
        return f"About as many {where} as {other} {ends}."
    if told.middle >= 1.0:
        return f"About {_plain(told.middle)} times as many {where} as {other} {ends}."
    ends = f"({_plain(1.0 / told.high)} to {_plain(1.0 / told.low)} times)"
    return f"About {_plain(1.0 / told.middle)} times as many {other} as {where} {ends}."


def _plain(value: float) -> str:
    return words.rounded(float(value))


def _distance(km: float) -> str:
    return f"{words.rounded(float(km))} km" if km >= 1.0 else f"{words.rounded(1000.0 * km)} m"


def drivers(result: Assessment) -> dict[int, str]:
    """By area, what drives its estimate, in words."""
    if result.influence is None:
        return {}
    ids = result.areas["area_id"].astype(str).tolist()
    by_area: dict[int, list[Mapping[Any, Any]]] = {}
    for row in result.influence.to_dict("records"):
        by_area.setdefault(int(row["area"]), []).append(row)
    return {area: _area_words(rows, ids) for area, rows in by_area.items()}


def _area_words(rows: Sequence[Mapping[Any, Any]], ids: Sequence[str]) -> str:
    whole = next((r for r in rows if r["evidence"] == "all"), None)
    if whole is None:
        return ""
    singles = sorted((r for r in rows if r["rank"] > 0), key=lambda r: int(r["rank"]))
    factor = float(whole["factor"])
    now = f"expected before any record {words.items(whole['mean_without'])}, now {words.items(whole['mean_with'])}"
    if not singles:
        if not np.isfinite(factor) or 1.0 / _HARDLY < factor < _HARDLY:
            return f"Nothing but what was believed before ({now})."
        together = change_words(factor, "lower", "raise")
        return f"No single record stands out; all of them together {together} ({now})."
    text = "; ".join(_single(r, ids) for r in singles)
    together = change_words(factor, "lowers", "raises") if np.isfinite(factor) else ""
    return f"{text[0].upper()}{text[1:]}. All evidence together {together} ({now})."


def _single(row: Mapping[Any, Any], ids: Sequence[str]) -> str:
    what, lower, more = _PIECES[row["evidence"]]
    whose = str(row["whose"])
    area = int(row["from_area"])
    if whose == "own":
        subject = f"its own {what}"
    elif whose == "hazard area" and area >= 0:
        subject = f"{what} in {ids[area]}"
    else:
        subject = f"{what} {whose if whose.startswith('outside') else f'of {whose}'}"
    if pd.isna(row["factor"]):
        verb = "matters" if lower.endswith("s") else "matter"
        return f"{subject} {verb} so much that what it would be without cannot be told"
    said = change_words(float(row["factor"]), lower, more)
    return f"{subject} {said}{' or so' if row['is_rough'] else ''}"


def change_words(factor: float, lower: str, more: str) -> str:
    """What a factor does, in percent or in times.

    Examples
    --------
    >>> [change_words(f, "lower", "raise") for f in (0.4, 1.2, 3.14, 0.001)]
    ['lower it by 60 %', 'raise it by 20 %', 'raise it 3.1 times', 'lower it by more than 99 %']
    """
    if factor < 0.01:
        return f"{lower} it by more than 99 %"
    if factor < 1.0:
        return f"{lower} it by {words.rounded(100.0 * (1.0 - factor))} %"
    if factor < 2.0:
        return f"{more} it by {words.rounded(100.0 * (factor - 1.0))} %"
    return f"{more} it {words.rounded(factor)} times"
