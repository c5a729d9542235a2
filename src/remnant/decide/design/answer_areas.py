"""Answers about many areas: how to split hours over them, and what the next hours are worth in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from remnant.decide.design.detection import Detection
from remnant.decide.design.effort import EffortSplit, Law, split_effort
from remnant.decide.design.value import AreaLaws, HourValue, value_of_hours
from remnant.errors import InvalidInput
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffortAnswer:
    """A split of hours over areas.

    Parameters
    ----------
    id, area_m2, mean
        (n,) names, ground and items expected to be left. [m², items]
    split
        Hours and finds.
    worked
        (n,) ground that is worked over the area, repeats counted. [1]
    m2_per_h, total_h, law, detection
        What was asked.
    source, notes
        Of the areas.
    """

    id: tuple[str, ...]
    area_m2: Floats
    mean: Floats
    split: EffortSplit
    worked: Floats
    m2_per_h: float
    total_h: float
    law: Law
    detection: Detection
    source: str
    notes: tuple[str, ...]


def answer_effort(
    id: tuple[str, ...],  # noqa: A002 -- as in the records of areas
    area_m2: ArrayLike,
    mean: ArrayLike,
    *,
    total_h: float,
    m2_per_h: float,
    detection: Detection,
    law: Law = "random",
    source: str,
    notes: tuple[str, ...] = (),
) -> EffortAnswer:
    """The split of search hours over areas that is expected to find most items; fields as in `EffortAnswer`."""
    if not (m2_per_h > 0.0 and np.isfinite(m2_per_h)):
        raise InvalidInput(f"ground worked per hour must be above 0 m²; got {m2_per_h:g}.")
    ground, items = (np.asarray(v, dtype=np.float64) for v in (area_m2, mean))
    if not (ground > 0.0).all():
        raise InvalidInput("every area needs ground above 0 m²; some has none. Leave it out.")
    split = split_effort(items, m2_per_h / ground, total_h, ceiling=detection.mean, law=law)
    return EffortAnswer(
        id=id,
        area_m2=ground,
        mean=items,
        split=split,
        worked=split.hours * m2_per_h / ground,
        m2_per_h=m2_per_h,
        total_h=total_h,
        law=law,
        detection=detection,
        source=source,
        notes=notes,
    )


def effort_curve(answer: EffortAnswer) -> tuple[Floats, Floats, Floats]:
    """Items found by the best split and by an even one, for hours up to twice those of the answer. (n,) [h, items]"""
    hours = np.linspace(0.0, 2.0 * answer.total_h, 41)
    rate, ceiling = answer.m2_per_h / answer.area_m2, answer.detection.mean
    splits = [split_effort(answer.mean, rate, float(h), ceiling=ceiling, law=answer.law) for h in hours]
    return hours, np.array([s.found.sum() for s in splits]), np.array([s.found_even for s in splits])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValueAnswer:
    """The value of the next hours of survey, area by area, and what it rests on.

    Parameters
    ----------
    id, area_m2
        (n,) names and ground. [m²]
    expected, p_any
        (n,) items expected to be left, and chance of any. [items, 1]
    value
        See `HourValue`.
    hours, m2_per_h, limit, loss_per_item, clear_cost_per_m2, unit
        What was asked; `unit` names the loss (USD).
    detection_words, source, notes
        Whose detection it is, where the areas come from, what was left out.
    """

    id: tuple[str, ...]
    area_m2: Floats
    expected: Floats
    p_any: Floats
    value: HourValue
    hours: float
    m2_per_h: float
    limit: float | None
    loss_per_item: float | None
    clear_cost_per_m2: float | None
    unit: str
    detection_words: str
    source: str
    notes: tuple[str, ...]

    def columns(self) -> dict[str, Floats]:
        """(n,) numbers of every area by the name that they have in files."""
        value = self.value
        return {
            "area_m2": self.area_m2,
            "expected_items": self.expected,
            "p_any": self.p_any,
            "expected_found": value.next_hours.found,
            "p_find": value.next_hours.p_find,
            "p_any_after_none": value.next_hours.p_any_after_none,
            "limit_hours_h": value.limit_h,
            "p_limit": value.p_limit,
            "m2_within_limit_per_h": value.m2_per_h,
            "loss_avoided": value.next_hours.loss_avoided,
            "best_hours_h": value.best_h,
            "best_loss_avoided_per_h": value.best_rate,
        }

    @property
    def order(self) -> Ints:
        """(n,) areas, best first: by loss avoided per hour, else by ground within the limit per hour, else by finds."""
        for key in (self.value.best_rate, self.value.m2_per_h, self.value.next_hours.found):
            if np.isfinite(key).any():
                return np.argsort(-np.nan_to_num(key, nan=-1.0), kind="stable").astype(np.int64)
        return np.arange(len(self.id))


def answer_value(
    id: tuple[str, ...],  # noqa: A002
    area_m2: ArrayLike,
    laws: AreaLaws,
    *,
    hours: float,
    m2_per_h: float,
    limit: float | None = None,
    loss_per_item: float | None = None,
    clear_cost_per_m2: float | None = None,
    unit: str = "",
    detection_words: str,
    source: str,
    notes: tuple[str, ...] = (),
) -> ValueAnswer:
    """What the next hours of survey are worth in each area; fields as in `ValueAnswer`."""
    value = value_of_hours(
        laws, area_m2, m2_per_h, hours, limit=limit, loss_per_item=loss_per_item, clear_cost_per_m2=clear_cost_per_m2
    )  # fmt: skip
    return ValueAnswer(
        id=id,
        area_m2=np.asarray(area_m2, dtype=np.float64),
        expected=laws.expected,
        p_any=laws.p_any,
        value=value,
        hours=hours,
        m2_per_h=m2_per_h,
        limit=limit,
        loss_per_item=loss_per_item,
        clear_cost_per_m2=clear_cost_per_m2,
        unit=unit,
        detection_words=detection_words,
        source=source,
        notes=notes,
    )
