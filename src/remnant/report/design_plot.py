"""Plots of survey designs: the layout on the ground beside the curve that led to it."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.ticker import PercentFormatter

from remnant._version import __version__
from remnant.decide import (
    EffortAnswer,
    InspectionAnswer,
    SampleAnswer,
    TransectAnswer,
    ValueAnswer,
    effort_curve,
    p_accept,
    p_accept_lot,
    p_no_find,
    spacing_curve,
)
from remnant.report.design import detection_words
from remnant.report.map_parts import INK, STYLE, frame, north_arrow, outline, padded, scale_bar
from remnant.report.words import percent

_DARK, _MIDDLE, _LIGHT = "#5b0f52", "#dd5a3d", "#fdcf7f"
_SIZE_IN = (9.6, 4.6)
_MOST_BARS = 15


def figure_bytes(figure: Figure) -> bytes:
    """A figure as PNG; the same figure gives the same bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    return file.getvalue()


def transect_figure(answer: TransectAnswer, site: Any, words: str) -> Figure:
    """Transects on the site, and the chances by spacing."""
    spacings, crossed, noticed = spacing_curve(answer)
    with mpl.rc_context(STYLE):
        figure, left, right = _panels(site is not None)
        if left is not None and answer.layout is not None:
            _draw_site(left, site, "transects")
            _fill(left, answer.layout.swath, _MIDDLE, "ground that a transect covers")
            left.legend(loc="upper left", fontsize=7, framealpha=0.9)
        right.plot(spacings, crossed, color=_MIDDLE, label="a transect crosses the target area")
        if noticed is not None:
            right.plot(spacings, noticed, color=_DARK, label="crossed, and enough is found")
        at = answer.transects.spacing_m
        right.axvline(at, color=INK, linestyle=":", linewidth=0.9, label=f"this design: {at:.4g} m")
        if answer.simulated is not None:
            value, name = (answer.crossed, "crossed") if noticed is None else (answer.noticed, "noticed")
            assert value is not None
            done, error = getattr(answer.simulated, name), getattr(answer.simulated, f"{name}_se")
            right.errorbar(
                [at], [done], yerr=[3.0 * error], fmt="o", color=INK, markersize=4, capsize=3,
                label=f"simulated ({answer.simulated.num:,}; bar: 3 standard errors)",
            )  # fmt: skip
        _chance_axis(right, "spacing, middle to middle [m]", "chance")
        target = answer.target
        lines = [
            f"{answer.transects.pattern} transects, {answer.transects.width_m:g} m wide; target area "
            f"{target.length_m:g} m by {target.width_m:g} m.",
            *([f"Site: {words}."] if words else []),
            *([] if answer.detection is None else [f"Detection {detection_words(answer.detection)}."]),
            f"remnant {__version__}, seed {answer.seed}.",
        ]
        return _finished(figure, "How likely transects show a target area", lines)


def sample_figure(answer: SampleAnswer, site: Any, words: str) -> Figure:
    """Units to inspect, and the chance that the lot passes by units that hold something."""
    plan = answer.plan
    with mpl.rc_context(STYLE):
        figure, left, right = _panels(answer.layout is not None)
        if left is not None and answer.layout is not None:
            _draw_site(left, site, "units drawn")
            label = (
                f"unit to inspect ({answer.layout.unit_m:g} m; {plan.num_sampled:,} of {plan.num_units:,})"
            )
            _fill(left, answer.layout.square, _MIDDLE, label)
            left.legend(loc="upper left", fontsize=7, framealpha=0.9)
        last = min(plan.num_units, max(3 * plan.num_to_catch, 10))
        bad = np.unique(np.linspace(0, last, 60).astype(np.int64))
        passed = [p_no_find(plan.num_units, int(d), plan.num_sampled, answer.detection) for d in bad]
        right.plot(bad, passed, color=_DARK, label=f"lot passes with {plan.num_sampled:,} units inspected")
        right.axvline(
            plan.num_to_catch, color=INK, linestyle=":", linewidth=0.9,
            label=f"{plan.num_to_catch:,} units: less than {percent(plan.clean_share)} hold nothing",
        )  # fmt: skip
        right.axhline(1 - plan.confidence, color=_MIDDLE, linestyle="--", linewidth=0.9,
                      label=f"tolerated: {percent(1 - plan.confidence)}")  # fmt: skip
        _chance_axis(right, "units of the lot that hold something", "chance of a pass (no find)")
        lines = [
            *([f"Site: {words}."] if words else []),
            f"Detection {detection_words(answer.detection)}.",
            f"remnant {__version__}, seed {answer.seed}.",
        ]
        return _finished(figure, "Accept-on-zero sampling", lines)


def inspection_figure(answer: InspectionAnswer) -> Figure:
    """The operating curve."""
    last = int(answer.num_left.max()) if answer.num_left.size else 10
    with mpl.rc_context(STYLE):
        figure, _, right = _panels(False)
        left = np.unique(np.linspace(0, last, 80).astype(np.int64))
        if answer.num_units is not None and answer.num_sampled is not None:
            passed = p_accept_lot(
                answer.num_units, left, answer.num_sampled, answer.detection, most_finds=answer.most_finds
            )
            what = f"{answer.num_sampled:,} of {answer.num_units:,} units inspected"
        else:
            passed = p_accept(left, answer.share, answer.detection, most_finds=answer.most_finds)
            what = f"{percent(answer.share)} of the ground inspected"
        right.plot(left, passed, color=_DARK, label=f"{what}, passes with at most {answer.most_finds} finds")
        right.axhline(answer.risk, color=_MIDDLE, linestyle="--", linewidth=0.9,
                      label=f"tolerated: {percent(answer.risk)}")  # fmt: skip
        noun = "items" if answer.num_units is None else "units with items"
        _chance_axis(right, f"{noun} left", "chance of a pass")
        lines = [
            "An inspection watches the process of clearance. It does not certify the land.",
            f"Detection {detection_words(answer.detection)}.",
            f"remnant {__version__}.",
        ]
        return _finished(figure, "Operating curve of an inspection", lines)


def effort_figure(answer: EffortAnswer) -> Figure:
    """Hours per area, and finds by hours for this split and an even one."""
    hours, best, even = effort_curve(answer)
    order = np.argsort(-answer.split.hours, kind="stable")[:_MOST_BARS]
    with mpl.rc_context(STYLE):
        figure, left, right = _panels(True)
        assert left is not None
        _bars(
            left,
            [answer.id[i] for i in order],
            answer.split.hours[order],
            "hours of search [h]",
            len(answer.id),
        )
        right.plot(hours, best, color=_DARK, label="split that finds most")
        right.plot(hours, even, color=_MIDDLE, linestyle="--", label="spread evenly over the ground")
        right.axvline(answer.total_h, color=INK, linestyle=":", linewidth=0.9, label=f"{answer.total_h:g} h")
        right.set_xlabel("hours of search in all [h]")
        right.set_ylabel("items expected to be found")
        right.set_xlim(0.0, None)
        right.set_ylim(0.0, None)
        right.legend(frameon=False, fontsize=7)
        right.set_title("what they find", loc="left")
        lines = [
            f"{answer.m2_per_h:g} m² an hour, law: {answer.law}. Areas: {answer.source}.",
            f"Detection {detection_words(answer.detection)}.",
            f"remnant {__version__}.",
        ]
        return _finished(figure, "Where search finds most", lines)


def value_figure(answer: ValueAnswer) -> Figure:
    """The value of survey by area, best first, and what finding nothing does to the chance of any item."""
    value, order = answer.value, answer.order[:_MOST_BARS]
    if np.isfinite(value.best_rate).any():
        measure, label = value.best_rate, f"loss avoided per hour of survey [{answer.unit}/h]"
    elif np.isfinite(value.m2_per_h).any():
        measure, label = value.m2_per_h, "ground within the limit per hour of survey [m²/h]"
    else:
        measure, label = value.next_hours.found, f"items found in the next {answer.hours:g} h"
    with mpl.rc_context(STYLE):
        figure, left, right = _panels(True)
        assert left is not None
        names = [answer.id[i] for i in order]
        _bars(left, names, np.nan_to_num(measure[order]), label, len(answer.id))
        place = np.arange(order.size)
        right.plot(answer.p_any[order], place, "o", color=_DARK, label="chance of any item now")
        right.plot(
            value.next_hours.p_any_after_none[order], place, "<", color=_MIDDLE,
            label=f"after {answer.hours:g} h without a find",
        )  # fmt: skip
        if answer.limit is not None:
            right.axvline(
                answer.limit, color=INK, linestyle=":", linewidth=0.9, label=f"limit {percent(answer.limit)}"
            )
        right.set_yticks(place, ["" for _ in names])
        right.set_ylim(left.get_ylim())
        right.set_xlim(0.0, None)
        right.xaxis.set_major_formatter(PercentFormatter(1.0))
        right.set_xlabel("chance of any item in the area")
        right.legend(frameon=False, fontsize=7)
        lines = [
            f"{answer.m2_per_h:g} m² an hour. Areas: {answer.source}.",
            f"Detection {answer.detection_words}.",
            *(f"Note: {note}." for note in answer.notes),
            f"remnant {__version__}.",
        ]
        return _finished(figure, "Where the next hours of survey are worth most", lines)


def _panels(with_left: bool) -> tuple[Figure, Axes | None, Axes]:
    figure = Figure(figsize=_SIZE_IN if with_left else (6.6, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    if not with_left:
        return figure, None, figure.subplots()
    left, right = figure.subplots(1, 2)
    return figure, left, right


def _draw_site(axes: Axes, site: Any, title: str) -> None:
    frame(axes, padded(shapely.bounds(site).tolist(), 0.04), 1.0)
    axes.add_patch(PathPatch(outline(site), facecolor="#efece4", edgecolor=INK, linewidth=0.8, zorder=1))
    scale_bar(axes)
    north_arrow(axes)
    axes.set_title(title, loc="left")


def _fill(axes: Axes, shapes: Any, colour: str, label: str) -> None:
    patches = [PathPatch(outline(shape)) for shape in shapes]
    axes.add_collection(PatchCollection(patches, facecolor=colour, edgecolor=colour, linewidth=0.5, zorder=2))
    axes.plot([], [], color=colour, linewidth=4, label=label)


def _bars(axes: Axes, names: list[str], values: Any, label: str, total: int) -> None:
    place = np.arange(len(names))
    axes.barh(place, values, color=_LIGHT, edgecolor=_DARK, linewidth=0.6)
    axes.set_yticks(place, [name[:22] for name in names])
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.set_title(f"{len(names)} of {total:,} areas" if total > len(names) else "areas", loc="left")


def _chance_axis(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.set_xlim(0.0, None)
    axes.set_ylim(0.0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.legend(fontsize=7, framealpha=0.9)


def _finished(figure: Figure, title: str, lines: list[str]) -> Figure:
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    caption = "\n".join("\n".join(textwrap.wrap(line, 150)) for line in lines)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=6.5, color="#444444")
    return figure
