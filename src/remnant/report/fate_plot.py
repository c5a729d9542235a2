"""Pictures of the fate of a delivered quantity: states over time, and types and bases side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.fate import BASES, ITEM_STATES, FateAnswer, FateCurve, fate_curve
from remnant.report.fate import FIELD_WORDS, age_words, number_words, percent, run_words, state_words
from remnant.units import DAY_H, YEAR_D

# orange to dark red and slate: told apart by lightness too, and nothing reads as harmless
STATE_COLOURS = {"armed": "#a50026", "expired": "#f2a34b", "dud": "#3b5b8c", "gone": "#ececec"}
_TICKS = (
    (1 / 1440, "1 min"), (1 / 24, "1 h"), (1.0, "1 d"), (7.0, "1 wk"), (30.0, "30 d"), (120.0, "120 d"),
    (YEAR_D, "1 y"), (10 * YEAR_D, "10 y"), (100 * YEAR_D, "100 y"),
)  # fmt: skip
_LAST_D = 100 * YEAR_D
_FORMATS = (".png", ".svg", ".pdf")
_STYLE: Any = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "remnant",
    "svg.fonttype": "none",
    "hatch.linewidth": 0.6,
}


def plot_fate(answer: FateAnswer, path: Path) -> None:
    """Draw one answer over time: states stacked, then explosive and armed items with their 90 % intervals.

    Parameters
    ----------
    answer
        The answer.
    path
        File to write: .png, .svg or .pdf.
    """
    _check_format(path)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.6, 8.2), layout="constrained")
        FigureCanvasAgg(figure)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[1.1, 1.0])
        ages = curve_ages(answer)
        curve = fate_curve(answer, ages)
        figure.suptitle(_title(answer), x=0.02, ha="left", fontsize=12, fontweight="bold")
        draw_stack(top, curve, answer)
        top.set_ylabel("items (means, stacked)")
        top.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, title="state", alignment="left"
        )
        _draw_intervals(bottom, curve, answer)
        _age_axis(bottom, ages)
        bottom.set_xlabel("time since delivery (logarithmic)")
        figure.supxlabel(_caption(answer), x=0.02, ha="left", fontsize=7, color="#444444")
        _save(figure, path)


def comparison_figure(answers: Sequence[FateAnswer]) -> Figure:
    """Small multiples on one scale: a panel per type and basis, means stacked, 90 % interval of explosive items."""
    names = list(dict.fromkeys(a.ordnance.name for a in answers))
    bases = [b for b in BASES if any(a.basis.basis == b for a in answers)]
    shape = (len(names), len(bases)) if len(bases) > 1 else _near_square(len(names))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2.0 + 2.9 * shape[1], 1.0 + 2.1 * shape[0]), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
        start = min(curve_ages(a)[0] for a in answers)
        ages = np.geomspace(start, _LAST_D, 70)
        free = dict.fromkeys(grid.ravel())
        first = None
        for number, answer in enumerate(answers):
            place = (names.index(answer.ordnance.name), bases.index(answer.basis.basis))
            axes = grid[place] if len(bases) > 1 else grid.ravel()[number]
            free.pop(axes)
            draw_stack(axes, fate_curve(answer, ages), answer, is_small=True)
            axes.set_title(_short(answer), fontsize=9, loc="left")
            first = first or axes
        for axes in free:
            axes.set_axis_off()
            if len(bases) > 1:
                axes.text(
                    0.5, 0.5, "nothing on record", transform=axes.transAxes, ha="center", color="#777777"
                )
        for axes in grid[-1]:
            _age_axis(axes, ages, few=True)
        for axes in grid[:, 0]:
            axes.set_ylabel("items")
        assert first is not None
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
        return figure


def interval_figure(answers: Sequence[FateAnswer]) -> Figure:
    """At each age, explosive and armed items of every type and basis on one logarithmic scale."""
    ages = answers[0].counts.age_d
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.0, 0.9 + len(ages) * (0.5 + 0.3 * len(answers))), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(ages), 1, sharex=True, squeeze=False)[:, 0]
        quantity = answers[0].counts.quantity
        floor = max(quantity * 1e-6, 1e-3)
        for i, axes in enumerate(panels):
            for row, answer in enumerate(answers):
                for state, shift in (("explosive", -0.16), ("armed", 0.16)):
                    _draw_dot(axes, answer, i, state, row + shift, floor)
            axes.set_yticks(range(len(answers)), [_short(a) for a in answers])
            axes.set_ylim(len(answers) - 0.5, -0.5)
            axes.set_title(f"after {age_words(float(ages[i]))}", loc="left", fontsize=9, fontweight="bold")
            axes.set_xscale("log")
            axes.set_xlim(floor, max(quantity, 1) * 3)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.4g}"))
            axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        panels[-1].set_xlabel(
            f"items of {quantity:,} delivered (dot: mean; bar: 90 % interval; ◁: reaches down to none)"
        )
        handles, labels = panels[0].get_legend_handles_labels()
        named = dict(zip(labels, handles, strict=True))
        figure.legend(named.values(), named.keys(), loc="outside upper right", ncols=2, frameon=False)
        return figure


def curve_ages(answer: FateAnswer) -> NDArray[np.float64]:
    """Ages of a curve: from an hour, or a quarter of a shorter window, to a hundred years. (n,) [d]"""
    window_d = answer.ordnance.fate.sd_delay.low / DAY_H
    start = min(1 / 24, window_d / 4) if window_d > 0.0 else 1 / 24
    return np.geomspace(max(start, 1 / 1440), _LAST_D, 130)


def draw_stack(axes: Axes, curve: FateCurve, answer: FateAnswer, *, is_small: bool = False) -> None:
    """Means of the states stacked from the ground up, and the 90 % interval of all explosive items as lines."""
    words = state_words(answer.ordnance)
    order = ("armed", "expired", "dud", "gone")
    axes.stackplot(
        curve.age_d,
        [curve.mean[:, ITEM_STATES.index(s)] for s in order],
        labels=[words[s].split(":")[0] if is_small else words[s].replace(": ", ":\n") for s in order],
        colors=[STATE_COLOURS[s] for s in order],
        linewidth=0.0,
    )
    low, high = curve.band["explosive"]
    axes.plot(curve.age_d, low, color="black", linewidth=0.9, linestyle=(0, (4, 2)))
    label = "90 % interval of explosive items" if is_small else "90 % interval of\nall explosive items"
    axes.plot(curve.age_d, high, color="black", linewidth=0.9, linestyle=(0, (4, 2)), label=label)
    axes.set_xscale("log")
    axes.set_xlim(curve.age_d[0], curve.age_d[-1])
    axes.set_ylim(0.0, max(answer.counts.quantity, 1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    for limb in (answer.treaty.self_destruct, answer.treaty.functions):
        axes.axvline(limb.age_d, color="#333333", linewidth=0.8, linestyle=":")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as .png, .svg or .pdf; the same figure gives the same bytes."""
    _check_format(path)
    with mpl.rc_context(_STYLE):
        _save(figure, path)


def _draw_intervals(axes: Axes, curve: FateCurve, answer: FateAnswer) -> None:
    quantity = max(answer.counts.quantity, 1)
    floor = quantity * 1e-5
    for state, colour, label in (
        ("explosive", "#222222", "all explosive items"),
        ("armed", "#a50026", "armed items"),
    ):
        low, high = (np.maximum(edge, floor) for edge in curve.band[state])
        axes.fill_between(
            curve.age_d, low, high, color=colour, alpha=0.2, linewidth=0.0, label=f"{label}:\n90 % interval"
        )
        mean = curve.mean[:, ITEM_STATES.index(state)]
        axes.plot(curve.age_d, np.maximum(mean, floor), color=colour, linewidth=1.6, label=f"{label}: mean")
    activated = answer.counts.quantity * float(answer.basis.draws.p_arms.mean())
    for limb, word, face in (
        (answer.treaty.self_destruct, "not gone", "black"),
        (answer.treaty.functions, "still armed", "white"),
    ):
        axes.axvline(limb.age_d, color="#333333", linewidth=0.8, linestyle=":")
        label = f"treaty limit, {limb.age_d:g} days: at most\n{percent(limb.limit)} of activated {word}"
        place = [max(limb.limit * activated, floor)]
        axes.plot(
            [limb.age_d],
            place,
            marker="v",
            color="black",
            markersize=7,
            zorder=5,
            linestyle="none",
            markerfacecolor=face,
            label=label,
        )
    axes.set_yscale("log")
    axes.set_ylim(floor, quantity * 1.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.4g}"))
    axes.set_ylabel("items (logarithmic)")
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, alignment="left", labelspacing=0.8
    )


def _draw_dot(axes: Axes, answer: FateAnswer, i: int, state: str, y: float, floor: float) -> None:
    k = ITEM_STATES.index(state)
    mean, low, high = (float(v[i, k]) for v in (answer.counts.mean, answer.counts.q05, answer.counts.q95))
    colour = {"explosive": "#222222", "armed": "#a50026"}[state]
    word = {"explosive": "all explosive items", "armed": "armed items"}[state]
    axes.plot(
        [max(low, floor), max(high, floor)],
        [y, y],
        color=colour,
        linewidth=2.2,
        alpha=0.45,
        solid_capstyle="butt",
    )
    axes.plot([max(mean, floor)], [y], marker="o", color=colour, markersize=4.5, linestyle="none", label=word)
    if low < floor:
        axes.plot([floor * 1.15], [y], marker="<", color=colour, markersize=4, linestyle="none")
    axes.annotate(
        number_words(mean),
        (max(mean, floor), y),
        xytext=(5, 3 if state == "explosive" else -9),
        textcoords="offset points",
        fontsize=6.5,
    )


def _age_axis(axes: Axes, ages: NDArray[np.float64], *, few: bool = False) -> None:
    ticks = [
        (at, word) for at, word in _TICKS if ages[0] <= at * 1.0001 and not (few and word in ("1 wk", "30 d"))
    ]
    if few:
        ticks = [(at, word) for at, word in ticks if word in ("1 h", "1 d", "120 d", "1 y", "10 y", "100 y")]
        ticks = [(at, "" if word == "120 d" else word) for at, word in ticks]
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([at for at, _ in ticks], [word for _, word in ticks])


def _title(answer: FateAnswer) -> str:
    setting = f", set to {answer.setting}" if answer.setting else ""
    when = f", delivered on {answer.on}" if answer.on else ""
    return f"{answer.counts.quantity:,} × {answer.ordnance.name}{setting}{when}\nbasis: {answer.basis.basis}"


def _short(answer: FateAnswer) -> str:
    setting = f" ({answer.setting})" if answer.setting else ""
    return f"{answer.ordnance.name}{setting}, {answer.basis.basis}"


def _caption(answer: FateAnswer) -> str:
    lines = [f"Basis: {answer.basis.note}."]
    if answer.basis.judgement_fields:
        names = "; ".join(FIELD_WORDS[f] for f in answer.basis.judgement_fields)
        lines.append(f"Rests on judgement: {names}.")
    sources = dict.fromkeys(
        s for _, s in answer.basis.sources if not s.startswith(("judgement", "by construction"))
    )
    if sources:
        lines.append("Sources: " + "; ".join(sources) + ".")
    lines.append(f"Dotted lines: {answer.treaty.self_destruct.age_d:g} and {answer.treaty.functions.age_d:g} days "
                 "(CCW Amended Protocol II, Technical Annex 3(a)). " + run_words(answer))  # fmt: skip
    return "\n".join("\n".join(textwrap.wrap(line, 150)) for line in lines)


def _near_square(count: int) -> tuple[int, int]:
    columns = min(count, 3)
    return -(-count // columns), columns


def _check_format(path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise InvalidInput(f"a plot is written as {', '.join(_FORMATS)}; got {path.name!r}")
    if not path.parent.is_dir():
        raise InvalidInput(f"the folder of {path} does not exist; make it first")


def _save(figure: Figure, path: Path) -> None:
    kind = path.suffix.lower()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}[kind]
    figure.savefig(path, dpi=150, metadata=metadata)
