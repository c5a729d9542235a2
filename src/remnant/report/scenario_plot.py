"""Pictures of a scenario: each measure over time, all variants in one scheme, with 90 % bands."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from remnant.decide.scenario import MEASURES, ScenarioAnswer
from remnant.report.map_parts import STYLE, png_uri
from remnant.report.scenario import number, told
from remnant.units import YEAR_D, Floats, day_number

CURVES = (
    "items", "armed", "expired", "dud", "p_any_armed", "casualties_per_year", "casualties_to_date",
    "deminer_accidents", "search_m2", "search_usd", "search_years",
)  # fmt: skip
"""Measures that are drawn over time."""
_OVERVIEW = ("items", "armed", "casualties_to_date", "search_m2")
# told apart by lightness and by dash as well as by hue, by colour-blind readers too; no green, which reads as harmless
_COLOURS = ("#1c1b22", "#c2571a", "#3b5b8c", "#a64d97", "#d9a441", "#7d8796", "#7a1430", "#6fb1d6")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
_TICKS = (
    (0.5, "0"), (1.0, "1 d"), (15.0, "15 d"), (120.0, "120 d"), (YEAR_D, "1 y"), (5 * YEAR_D, "5 y"),
    (10 * YEAR_D, "10 y"), (30 * YEAR_D, "30 y"),
)  # fmt: skip
_LINEAR = frozenset(
    {"search_m2", "ground_m2", "p_any_armed", "deminer_accidents", "search_years", "search_usd"}
)


def colours_of(num: int) -> list[str]:
    """Colours of so many variants."""
    return [_COLOURS[k % len(_COLOURS)] for k in range(num)]


def overview_figure(answer: ScenarioAnswer) -> str:
    """The main measures side by side, for the first sheet."""
    names = [n for n in _OVERVIEW if n in answer.runs[0].draws]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 1.8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(names), squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            _draw(axes, answer, name, is_small=True)
        return png_uri(figure)


def measure_figure(answer: ScenarioAnswer, name: str) -> str:
    """One measure over time."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 2.9), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _draw(axes, answer, name)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        axes.set_xlabel(f"time since {answer.case.as_of} (logarithmic)")
        return png_uri(figure)


def _draw(axes: Axes, answer: ScenarioAnswer, name: str, *, is_small: bool = False) -> None:
    age = np.maximum(answer.days - day_number(answer.case.as_of), 0.5)
    top = 0.0
    for k, run in enumerate(answer.runs):
        if name not in run.draws:
            continue
        rows = [told(run, name, t) for t in range(age.size)]
        mean, low, high = (np.array([getattr(r, key) for r in rows]) for key in ("mean", "q05", "q95"))
        known = np.isfinite(mean) & np.isfinite(high)
        if not known.any():
            continue
        colour, dash = _COLOURS[k % len(_COLOURS)], _DASHES[k % len(_DASHES)]
        # lines that lie on one another stay visible: later ones are thinner
        width = max(2.6 - 0.5 * k, 1.0)
        axes.fill_between(age[known], low[known], high[known], color=colour, alpha=0.15, lw=0.0)
        axes.plot(age[known], mean[known], color=colour, ls=dash, lw=width, label=run.variant.name)
        top = max(top, float(high[known].max()))
    _scales(axes, name, age, top, is_small=is_small)
    title, unit = MEASURES[name]
    label = {"1": "chance"}.get(unit, unit)
    if is_small:
        axes.set_title(
            f"{title}\n[{label}]".replace(" of civilians since the first date", ", summed up").replace(
                "ground to search until the policy is met", "ground to search"
            ),
            fontsize=7,
            loc="left",
        )
    else:
        axes.set_ylabel(label)


def _scales(axes: Axes, name: str, age: Floats, top: float, *, is_small: bool) -> None:
    axes.set_xscale("log")
    axes.set_xlim(0.5, max(float(age.max()), 1.0))
    ticks = [(x, text) for x, text in _TICKS if x <= age.max() * 1.01]
    if is_small:
        ticks = [t for t in ticks if t[1] in ("0", "15 d", "1 y", "30 y", "10 y")]
        if len(ticks) > 4:
            ticks = [t for t in ticks if t[1] != "10 y"]
    axes.xaxis.set_major_locator(FixedLocator([x for x, _ in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([text for _, text in ticks])
    if name in _LINEAR or top <= 10.0:
        axes.set_ylim(0.0, max(top * 1.08, 1e-9))
    else:
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.5)
        axes.set_ylim(0.0, top * 1.5)
        axes.yaxis.set_major_locator(FixedLocator([0.0, *(10.0**p for p in range(int(np.log10(top)) + 1))]))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y) if y >= 0.0 else ""))
    axes.grid(axis="y", color="#dcd8e2", lw=0.4)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
