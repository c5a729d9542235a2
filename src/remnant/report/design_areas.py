"""Answers about many areas as words and as plain values: the split of effort, the value of the next hours."""

from __future__ import annotations

from typing import Any

import numpy as np

from remnant._version import __version__
from remnant.decide import EffortAnswer, ValueAnswer
from remnant.report.design import NO_RELEASE, detection_json, detection_words
from remnant.report.words import area, percent, rounded
from remnant.units import Floats

_MOST_ROWS = 20
_WORDS = {
    "random": "random search: some ground is worked twice and some never (the pessimistic law)",
    "lanes": "lane by lane: no ground is worked twice",
}


def effort_words(answer: EffortAnswer) -> str:
    """Hours per area, most first."""
    split = answer.split
    order = np.argsort(-split.hours, kind="stable")
    shown = [i for i in order.tolist() if split.hours[i] > 0.0]
    found, expected = float(split.found.sum()), float(answer.mean.sum())
    lines = [
        f"{answer.total_h:g} hours over {len(answer.id):,} areas, {answer.m2_per_h:g} m² an hour; {_WORDS[answer.law]}",
        f"  Detection {detection_words(answer.detection)}",
        f"  Areas: {answer.source}",
        "",
        f"{'area':<24}{'ground':>12}{'items expected':>16}{'hours':>10}{'worked':>9}{'found':>9}",
    ]
    lines += [
        f"{answer.id[i][:23]:<24}{area(float(answer.area_m2[i])):>12}{rounded(float(answer.mean[i])):>16}"
        f"{split.hours[i]:>10.1f}{100 * answer.worked[i]:>7.0f} %{rounded(float(split.found[i])):>9}"
        for i in shown[:_MOST_ROWS]
    ]
    if len(shown) > _MOST_ROWS:
        lines.append(f"… and {len(shown) - _MOST_ROWS:,} more with hours (--out writes all)")
    lines += [
        "",
        f"Areas without hours: {len(answer.id) - len(shown):,}. That says where to search first, not that they hold "
        "less than stated.",
        f"Expected to be found: {rounded(found, 3)} of {rounded(expected, 3)} items; spread evenly over the ground the "
        f"same hours find {rounded(split.found_even, 3)}.",
        f"One more hour finds {rounded(split.marginal)} items.",
    ]
    if float(split.hours.sum()) < answer.total_h * (1.0 - 1e-9):
        lines.append(f"All ground is worked after {split.hours.sum():,.1f} hours; the others are not needed.")
    return _end(lines, answer.notes)


def effort_json(answer: EffortAnswer) -> dict[str, Any]:
    """The answer as plain values."""
    split = answer.split
    return {
        "kind": "effort",
        "program": f"remnant {__version__}",
        "source": answer.source,
        "hours": answer.total_h,
        "m2_per_hour": answer.m2_per_h,
        "law": answer.law,
        "detection": detection_json(answer.detection),
        "expected_found": float(split.found.sum()),
        "expected_found_even": split.found_even,
        "marginal_per_h": split.marginal,
        "areas": [
            {
                "area_id": name,
                "area_m2": float(answer.area_m2[i]),
                "expected_items": float(answer.mean[i]),
                "hours_h": float(split.hours[i]),
                "worked_share": float(answer.worked[i]),
                "expected_found": float(split.found[i]),
            }
            for i, name in enumerate(answer.id)
        ],
        "notes": list(answer.notes),
    }


def value_words(answer: ValueAnswer) -> str:
    """What the next hours are worth in each area, best first."""
    value = answer.value
    span = "hour" if answer.hours == 1.0 else f"{answer.hours:g} hours"
    lines = [
        f"The next {span} of survey, {answer.m2_per_h:g} m² an hour, in each of {len(answer.id):,} areas",
        f"  Detection {answer.detection_words}",
        f"  Areas: {answer.source}",
    ]
    if answer.loss_per_item is not None:
        lines.append(
            f"  Losses as stated by the user: {answer.loss_per_item:g} {answer.unit} per item left, "
            f"{answer.clear_cost_per_m2:g} {answer.unit} per m² cleared"
        )
    header = f"{'area':<24}{'chance of any':>14}{'finds':>9}{'if none':>14}"
    if answer.limit is not None:
        header += f"{'hours to limit':>16}{'chance':>14}{'m² per h':>10}"
    if answer.loss_per_item is not None:
        header += f"{'avoided':>11}{'best hours':>12}{'per h':>10}"
    lines += ["", header]
    order = answer.order.tolist()
    for i in order[:_MOST_ROWS]:
        row = (
            f"{answer.id[i][:23]:<24}{percent(float(answer.p_any[i])):>14}{rounded(float(value.next_hours.found[i])):>9}"
            f"{percent(float(value.next_hours.p_any_after_none[i])):>14}"
        )
        if answer.limit is not None:
            row += f"{_hours(value.limit_h[i]):>16}{_blank(value.p_limit, i):>14}{_number(value.m2_per_h, i):>10}"
        if answer.loss_per_item is not None:
            row += f"{_number(value.next_hours.loss_avoided, i):>11}{_hours(value.best_h[i]):>12}"
            row += f"{_number(value.best_rate, i):>10}"
        lines.append(row)
    if len(order) > _MOST_ROWS:
        lines.append(f"… and {len(order) - _MOST_ROWS:,} more (--out writes all)")
    return _end([*lines, "", *_legend(answer, span)], answer.notes)


def _legend(answer: ValueAnswer, span: str) -> list[str]:
    lines = [
        f"finds: items expected to be found in the next {span}; if none: chance of any item left if nothing is found.",
    ]
    if answer.limit is not None:
        lines.append(
            "hours to limit: survey without a find until the chance of any item is at most "
            f"{percent(answer.limit)} in 95 % of the draws (–: one pass is not enough); chance: that no find comes "
            "before; m² per h: ground that comes within the limit per hour, in expectation."
        )
    if answer.loss_per_item is not None:
        lines.append(
            f"avoided: loss avoided by the next {span} [{answer.unit}]; best hours, per h: the length of survey with "
            "most loss avoided per hour, and how much. Compare it with the cost of an hour."
        )
    return lines


def _hours(hours: float) -> str:
    return "–" if np.isnan(hours) else f"{hours:,.1f}"


def _blank(values: Floats, i: int) -> str:
    return "–" if np.isnan(values[i]) else percent(float(values[i]))


def _number(values: Floats, i: int) -> str:
    return "–" if np.isnan(values[i]) else rounded(float(values[i]))


def value_json(answer: ValueAnswer) -> dict[str, Any]:
    """The answer as plain values; unknown numbers are null."""
    columns = answer.columns()
    return {
        "kind": "next-hour",
        "program": f"remnant {__version__}",
        "source": answer.source,
        "detection": answer.detection_words,
        "hours": answer.hours,
        "m2_per_hour": answer.m2_per_h,
        "limit": answer.limit,
        "loss_per_item": answer.loss_per_item,
        "clear_cost_per_m2": answer.clear_cost_per_m2,
        "unit": answer.unit,
        "areas": [
            {"area_id": answer.id[i]}
            | {k: float(v[i]) if np.isfinite(v[i]) else None for k, v in columns.items()}
            for i in answer.order.tolist()
        ],
        "notes": list(answer.notes),
    }


def _end(lines: list[str], notes: tuple[str, ...]) -> str:
    return "\n".join([*lines, *(f"note: {note}" for note in notes), f"remnant {__version__}", NO_RELEASE])
