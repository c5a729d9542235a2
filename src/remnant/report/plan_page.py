"""A plan as one page: map, bars over time, tasks, and why the others are not in."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from remnant._version import __version__
from remnant.decide.plan import PlanAnswer
from remnant.report import words
from remnant.report.area_map import class_map
from remnant.report.map_parts import STYLE, png_uri
from remnant.report.pages import page_templates
from remnant.report.plan import LIMITS, plan_lines, plan_tables
from remnant.units import day_number

COLOURS = {
    "clear": "#5b0f52", "survey": "#c2571a", "cancel": "#7d8796", "monitor": "#3b5b8c", "wait": "#d9c77e",
    "": "#d5d2da",
}  # fmt: skip
_NAMES = {"": "not in the plan", "survey": "survey, then decide", "wait": "wait, then decide"}
MAX_ROWS = 300
_MAX_BARS = 60


def render_plan(answer: PlanAnswer, name: str, outlines: gpd.GeoDataFrame) -> str:
    """The page as HTML: style and pictures inside, no script, nothing loaded from elsewhere."""
    tables = plan_tables(answer)
    areas = tables["areas"]
    chosen = areas[areas["team"] != ""].sort_values(["period", "team", "area_id"], kind="stable")
    left = areas[areas["team"] == ""].sort_values("p_any", ascending=False, kind="stable")
    return (
        page_templates()
        .get_template("plan.html.j2")
        .render(
            name=name,
            version=__version__,
            seed=answer.seed,
            lines=plan_lines(answer),
            map=_map(outlines, dict(zip(areas["area_id"], areas["action"], strict=True))),
            bars=_bars(answer),
            front=_front(answer),
            chosen=[_row(r) for r in chosen.head(MAX_ROWS).to_dict("records")],
            left=[_row(r) for r in left.head(MAX_ROWS).to_dict("records")],
            num_more=max(0, len(chosen) - MAX_ROWS) + max(0, len(left) - MAX_ROWS),
            scarce=[s for s in answer.scarce if s[4] > 0.0][:12],
            teams=answer.programme.teams,
            unit=answer.programme.areas.harm_unit,
            limits=LIMITS,
        )
    )


def _row(record: dict[Any, Any]) -> dict[str, str]:
    share = record["share_of_draws"]
    return {
        "area": str(record["area_id"]), "action": str(record["action_words"]), "period": str(record["period"]),
        "ends": str(record["ends_in"]), "team": str(record["team"]), "usd": f"{record['usd']:,.0f}",
        "harm": words.rounded(record["harm_removed"], 3), "land": words.area(record["land_m2"]),
        "ground": words.area(record["area_m2"]), "p_any": words.percent(record["p_any"]),
        "share": "–" if np.isnan(share) else f"{share:.0%}", "reason": str(record["reason"]),
        "assumed": "harm not known" if record["harm_is_assumed"] else "",
    }  # fmt: skip


def _map(outlines: gpd.GeoDataFrame, actions: dict[str, str]) -> str:
    """The areas by action; empty where no place is known."""
    kind = np.array([actions.get(str(a), "") for a in outlines["area_id"]])
    return class_map(outlines, kind, COLOURS, _NAMES)


def _bars(answer: PlanAnswer) -> str:
    """When each task is worked; the largest ones where there are many."""
    tasks = sorted(answer.tasks, key=lambda t: -t.value)[:_MAX_BARS]
    if not tasks:
        return ""
    tasks = sorted(tasks, key=lambda t: (-t.first, -t.last, t.team, t.area_id))
    periods = answer.programme.periods
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 0.8 + 0.16 * len(tasks)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for y, task in enumerate(tasks):
            start, end = (day_number(d) for d in (periods[task.first].start, periods[task.last].end))
            axes.barh(y, end - start, left=start, height=0.7, color=COLOURS[task.action])
            axes.text(start, y, f" {task.team}", va="center", color="white", fontsize=6)
        for period in periods:
            axes.axvline(day_number(period.start), color="#8b8893", lw=0.4)
        axes.set_yticks(range(len(tasks)), [t.area_id for t in tasks], fontsize=6)
        axes.set_ylim(-0.6, len(tasks) - 0.4)
        axes.set_xticks([day_number(p.start) for p in periods], [str(p.start) for p in periods], fontsize=6)
        return png_uri(figure)


def _front(answer: PlanAnswer) -> str:
    """Harm kept away against land returned."""
    if len(answer.front) < 2:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.plot(
            [p.land_m2 / 1e4 for p in answer.front], [p.harm for p in answer.front], "o-", color="#5b0f52"
        )
        axes.plot([answer.land_m2 / 1e4], [answer.harm], "*", ms=11, color="#c2571a", label="this plan")
        axes.set_xlabel("land returned [ha]")
        axes.set_ylabel(f"harm kept away [{answer.programme.areas.harm_unit} × years]")
        axes.legend(frameon=False)
        return png_uri(figure)
