"""A scenario as one page to read and print: the answer on the first sheet, figures, tables and sources behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from remnant._version import __version__
from remnant.decide.scenario import MEASURES, ScenarioAnswer, Spread, difference_of
from remnant.report import words
from remnant.report.pages import page_templates
from remnant.report.scenario import (
    LIMITS,
    interval,
    judged_at,
    left_to_find,
    notes,
    number,
    shown_measures,
    since,
    statements,
    told,
)
from remnant.report.scenario_plot import CURVES, colours_of, measure_figure, overview_figure

_TOP_ROWS = ("items", "armed", "casualties_per_year", "casualties_to_date")
_NUMBERS = {
    "p_arms": "arms (or functions on impact)", "p_sd_fails": "self-destruct never acts",
    "sd_delay": "self-destruct time", "sd_delay_factor": "factor on the self-destruct time",
    "p_sd_late": "self-destruct acts late", "sd_late_delay": "time of late self-destruct",
    "p_sda_fails": "never deactivates", "sda_delay": "time to deactivation",
}  # fmt: skip


def render_scenario(answer: ScenarioAnswer) -> str:
    """The page as HTML: style and pictures inside, no script, nothing loaded from elsewhere."""
    found = statements(answer)
    names = [r.variant.name for r in answer.runs]
    return (
        page_templates()
        .get_template("scenario.html.j2")
        .render(
            name=answer.scenario.name,
            question=answer.scenario.question,
            case=answer.case.name,
            as_of=words.day(answer.case.as_of),
            version=__version__,
            seed=answer.seed,
            num_draws=f"{answer.case.num_draws:,}",
            catalogue=answer.case.catalogue.sha256[:12],
            against=names[answer.against],
            has_people=answer.has_people,
            variants=list(zip(names, colours_of(len(names)), strict=True)),
            falls=[s.short for s in found if s.kind == "falls"],
            stays=[left_to_find(answer), *(s.short for s in found if s.kind == "stays")],
            others=[s.short for s in found if s.kind in ("rises", "unclear")],
            mixed=[s.short for s in found if s.kind == "mixed"],
            top=_top(answer),
            overview=overview_figure(answer),
            figures=[
                (MEASURES[name][0], MEASURES[name][1], measure_figure(answer, name))
                for name in CURVES
                if name in answer.runs[0].draws
            ],
            differences=_differences(answer),
            takes=[(r.variant.name, r.variant.note, r.notes) for r in answer.runs],
            sources=_sources(answer),
            means=_means(answer),
            inputs=sorted(answer.case.inputs.items()),
            notes=notes(answer),
            limits=LIMITS,
        )
    )


def _top(answer: ScenarioAnswer) -> list[dict[str, Any]]:
    """Rows of the first table: measures over time at a few dates, and what has no date once."""
    rows: list[dict[str, Any]] = []
    shown = _few(answer)
    for name in shown_measures(answer):
        is_dated = answer.runs[answer.against].draws[name].shape[1] > 1
        times: Sequence[int] = (shown if name in _TOP_ROWS else [judged_at(answer)]) if is_dated else [0]
        for k, t in enumerate(times):
            rows.append(
                {
                    "first": k == 0, "span": len(times), "title": MEASURES[name][0],
                    "when": since(answer, t) if is_dated else "–",
                    "cells": [interval(told(r, name, t), name) if name in r.draws else "–" for r in answer.runs],
                }
            )  # fmt: skip
    return rows


def _few(answer: ScenarioAnswer) -> list[int]:
    """At most four of the asked dates after the first: the next two, that of the summary, and the last."""
    shown = list(answer.shown)
    return sorted({*(shown[1:3] or shown), judged_at(answer), shown[-1]})


def _differences(answer: ScenarioAnswer) -> list[dict[str, Any]]:
    other = answer.runs[answer.against]
    rows: list[dict[str, Any]] = []
    for name in MEASURES:
        if name not in other.draws:
            continue
        is_dated = other.draws[name].shape[1] > 1
        times = answer.shown if is_dated else (0,)
        never = all(
            name in r.draws and np.array_equal(r.draws[name], other.draws[name], equal_nan=True)
            for r in answer.runs
        )
        if never:  # one row says it for all dates
            times = times[:1]
        for k, t in enumerate(times):
            cells = []
            for i, run in enumerate(answer.runs):
                if i == answer.against:
                    cells.append(interval(told(run, name, t), name))
                elif name not in run.draws:
                    cells.append("–")
                else:
                    gap = difference_of(run, other, name, t)
                    cells.append(_gap(Spread(mean=gap["mean"], q05=gap["q05"], q95=gap["q95"])))
            when = ("all dates" if never else since(answer, t)) if is_dated else "–"
            rows.append(
                {
                    "first": k == 0, "title": MEASURES[name][0], "unit": MEASURES[name][1], "when": when,
                    "cells": cells, "span": len(times),
                }
            )  # fmt: skip
    return rows


def _gap(gap: Spread) -> str:
    if gap.mean == gap.q05 == gap.q95 == 0.0:
        return "0"
    mean, low, high = ("≈ 0" if abs(v) < 1e-4 else number(v) for v in (gap.mean, gap.q05, gap.q95))
    return f"{'+' if gap.mean >= 1e-4 else ''}{mean} ({low} to {high})"


def _sources(answer: ScenarioAnswer) -> list[tuple[str, str, str, str, str]]:
    """Type, number, range, basis and source; each once, with the variants that rest on it."""
    met: dict[tuple[str, str, str, str, str], list[str]] = {}
    for run in answer.runs:
        for kind, name, low, high, unit, basis, source in run.sources:
            ends = [words.amount(v, unit, show_unit=False) for v in ((low,) if low == high else (low, high))]
            value = " to ".join(ends) + ("" if unit in ("1", "ratio") else f" {unit}")
            met.setdefault((kind, _NUMBERS.get(name, name), value, basis, source), []).append(
                run.variant.name
            )
    return [
        (kind, name, value, f"{source} ({basis})", "; ".join(who))
        for (kind, name, value, basis, source), who in met.items()
    ]


def _means(answer: ScenarioAnswer) -> list[tuple[str, str, str, str]]:
    """Who states which pace and cost."""
    out: dict[tuple[str, str, str], list[str]] = {}
    for run in answer.runs:
        effort = run.variant.effort or answer.scenario.effort
        if effort is None:
            continue
        ranges = {
            "ground a team works in a day": effort.m2_per_day,
            "cost of a team a day": effort.usd_per_day,
        }
        for title, r in ranges.items():
            key = (title, f"{number(r.low)} to {number(r.high)} {r.unit}", f"{r.source} ({r.basis})")
            out.setdefault(key, []).append(run.variant.name)
        noun = "team" if effort.num_teams == 1 else "teams"
        teams = f"{effort.num_teams} {noun}, {effort.days_per_year:g} days a year"
        if effort.usd_per_year is not None:
            teams += f", {effort.usd_per_year * run.variant.budget_factor:,.0f} USD a year"
        out.setdefault(("means", teams, "as stated"), []).append(run.variant.name)
    return [(*key, "; ".join(v)) for key, v in out.items()]
