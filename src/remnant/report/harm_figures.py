"""The figures of the harm page: intervals over time and by activity, risks against bands, factors, and the map."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from numpy.typing import NDArray

from remnant.harming import HarmAnswer
from remnant.io.write_colours import HARM_BREAKS, SCALE, UNKNOWN, rate_labels
from remnant.report import words
from remnant.report.harm import factor_name
from remnant.report.map_parts import (
    INK,
    STYLE,
    WIDTH_IN,
    frame,
    north_arrow,
    outline,
    padded,
    png_uri,
    scale_bar,
)
from remnant.risk import BANDS

_MAIN, _SECOND = "#5b0f52", "#c2571a"
_COLOURS = {"all": _MAIN, "armed": "#b3234e", "expired": "#c9762b", "dud": "#5c5a66"}
_MOST_DOTS = 3000
_SHOWN_FACTORS = 12
_SHOWN_MARKS = 5
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def over_time(answer: HarmAnswer) -> str:
    """Casualties within a year from each date, in all and by state of the item: mean and 90 % interval."""
    table = answer.tables["totals"]
    rows = [
        (f"{words.day(row['date'])}{', forecast' if row['is_forecast'] else ''}" if state == "all" else state,
         *(row[f"casualties{'' if state == 'all' else '_' + state}_{k}"] for k in ("mean", "q05", "q95")),
         _COLOURS[state])
        for row in table.to_dict("records")
        for state in ("all", "armed", "expired", "dud")
    ]  # fmt: skip
    return _intervals(rows, "casualties expected within a year")


def by_activity(answer: HarmAnswer) -> str:
    """Casualties within a year from the first date by activity, most first."""
    table = answer.tables["activities"]
    first = table[table["date"] == answer.dates[0]].sort_values("casualties_mean", ascending=False)
    rows = [
        (str(row["activity"]).replace("_", " "),
         *(row[f"casualties_{k}"] for k in ("mean", "q05", "q95")), _MAIN)
        for row in first.to_dict("records")
    ]  # fmt: skip
    return _intervals(rows, f"casualties expected within a year from {words.day(answer.dates[0])}")


def _intervals(rows: Sequence[tuple[str, float, float, float, str]], label: str) -> str:
    """Mean and 90 % interval of each row on a logarithmic axis; empty where there is nothing above 0."""
    means = np.array([r[1] for r in rows])
    if not (means > 0.0).any():
        return ""
    least = max(min(r[2] for r in rows if r[2] > 0.0) if any(r[2] > 0.0 for r in rows) else 1e-6, 1e-6)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.6 + 0.21 * len(rows)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for y, (_, mean, low, high, colour) in enumerate(rows):
            if high > 0.0:
                axes.plot(
                    [max(low, 0.5 * least), max(high, least)],
                    [y, y],
                    color=colour,
                    lw=2.2,
                    solid_capstyle="butt",
                )
                axes.plot([max(mean, 0.5 * least)], [y], "o", color=colour, ms=5, mec="white", mew=0.7)
            else:
                axes.text(0.5 * least, y, " 0", va="center", color=colour)
        axes.set_xscale("log")
        axes.set_yticks(range(len(rows)), [r[0] for r in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="x", color="#e3e0e8", lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{label}: mean (dot) and 90 % interval, logarithmic")
        return png_uri(figure)


def risks(answer: HarmAnswer) -> str:
    """Mean yearly risk of one person in each area by activity, against bands and the policy's limit."""
    table = answer.tables["individual"]
    first = table[(table["date"] == answer.dates[0]) & table["risk_mean"].gt(0.0)]
    if not len(first):
        return ""
    names = list(dict.fromkeys(table["activity"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.32 * len(names)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for y, name in enumerate(names):
            risk = np.sort(first.loc[first["activity"] == name, "risk_mean"].to_numpy(np.float64))
            shown = risk[np.linspace(0, risk.size - 1, min(risk.size, _MOST_DOTS)).astype(np.int64)]
            spread = 0.28 * np.sin(2.399963 * np.arange(shown.size))  # even, and the same each time
            axes.plot(shown, y + spread, "o", color=_MAIN, ms=2.6, alpha=0.45, mec="none")
        for edge in BANDS:
            axes.axvline(edge, color="#8b8893", lw=0.8, ls=(0, (4, 3)))
        if answer.policy_limit is not None:
            axes.axvline(answer.policy_limit, color=_SECOND, lw=2.0, label="limit that the policy states")
            figure.legend(loc="outside upper right", frameon=False)
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0.3 * BANDS[0]), max(high, 3.0 * BANDS[-1]))
        axes.set_yticks(range(len(names)), [n.replace("_", " ") for n in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(
            "mean yearly risk of one who spends the hours of the activity in one area; a dot is an area"
        )
        return png_uri(figure)


def factors(answer: HarmAnswer) -> str:
    """Bars of the share of variance that each factor explains alone, greatest first."""
    top = answer.tables["factors"].head(_SHOWN_FACTORS)
    if top["share_of_variance"].isna().any():
        return ""
    share = 100.0 * top["share_of_variance"].to_numpy(np.float64)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.6 + 0.2 * len(top)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.barh(range(len(top)), share, height=0.68, color=_MAIN)
        for y, value in enumerate(share):
            axes.text(value, y, f" {value:.1f}", va="center")
        axes.set_yticks(range(len(top)), [factor_name(str(n)) for n in top["factor"]])
        axes.set_ylim(len(top) - 0.5, -0.5)
        axes.set_xlim(0.0, max(1.15 * float(share.max()), 1.0))
        axes.set_xlabel("share of the variance of log casualties that the factor explains alone [%]")
        return png_uri(figure)


def harm_map(answer: HarmAnswer, marked: pd.DataFrame) -> str:
    """Areas by expected casualties within a year from the first date; empty where no place is known.

    Parameters
    ----------
    marked
        Rows of the areas that get a letter, in the order of the page's table; ``area`` is their index.
    """
    shapes = np.asarray(answer.outlines)
    placed = ~shapely.is_missing(shapes)
    if not placed.any():
        return ""
    lettered = marked.loc[~marked["is_unknown"], "area"].tolist()
    table = answer.tables["areas"]
    mean = table.loc[table["date"] == answer.dates[0], "casualties_mean"].to_numpy(np.float64)
    west, south, east, north = padded(shapely.total_bounds(shapes[placed]).tolist(), 0.03)
    height = float(np.clip(WIDTH_IN * (north - south) / (east - west), 3.0, 8.0))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, height + 0.75))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.005, 0.75 / (height + 0.75), 0.99, height / (height + 0.75) - 0.005))
        frame(axes, (west, south, east, north), WIDTH_IN * 0.99 / height)
        _fill(axes, shapes[placed & np.isnan(mean)], "white", UNKNOWN, hatch="////")
        group = np.digitize(mean, HARM_BREAKS)
        for k, colour in enumerate(SCALE):
            edge = "#b79a4a" if k == 0 else colour  # the palest class needs a darker edge on paper
            _fill(axes, shapes[placed & ~np.isnan(mean) & (group == k)], colour, edge)
        for letter, area in zip(_LETTERS, lettered[:_SHOWN_MARKS], strict=False):
            if placed[area]:
                point = shapes[area].representative_point()
                axes.annotate(
                    letter, (point.x, point.y), xytext=(9, 9), textcoords="offset points", weight="bold", color=INK,
                    bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": INK, "lw": 0.7},
                    arrowprops={"arrowstyle": "-", "lw": 0.7, "color": INK}, zorder=9,
                )  # fmt: skip
        scale_bar(axes)
        north_arrow(axes)
        handles = [
            Patch(fc=c, ec="#8b8893", lw=0.4, label=t)
            for c, t in zip(SCALE, rate_labels(HARM_BREAKS), strict=True)
        ]
        handles.append(Patch(fc="white", ec=UNKNOWN, hatch="////", lw=0.4, label="unknown, which is not 0"))
        figure.legend(handles=handles, title="Casualties expected within a year", loc="lower center", ncols=4,
                      frameon=False, fontsize=7.5, title_fontsize=8, borderaxespad=0.1)  # fmt: skip
        return png_uri(figure)


def _fill(axes: Axes, shapes: NDArray[np.object_], colour: str, edge: str, *, hatch: str = "") -> None:
    patches = [PathPatch(outline(shape)) for shape in shapes]
    if patches:
        axes.add_collection(
            PatchCollection(patches, facecolor=colour, edgecolor=edge, hatch=hatch or None, lw=0.7)
        )
