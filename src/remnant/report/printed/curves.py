"""Curves of the printed pages: drawings without words, and their ticks, which the template sets."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from remnant.io.read_results import Results
from remnant.report.case_figures import CURVE_COLOURS, changes_early
from remnant.report.map_parts import STYLE
from remnant.report.printed.blocks import Block
from remnant.report.printed.language import Language
from remnant.units import Floats

_WIDTH_IN, _HEIGHT_IN = 2.8, 92.0 / 72.0
_DAY_Y = 1.0 / 365.25
_EARLY = (0.0, 10 * _DAY_Y, 1.0, 10.0)  # ticks of a logarithmic time axis [y]
_LINEAR_TO = 0.01  # of a logarithmic time axis [y]


def curve_panels(results: Results, language: Language) -> tuple[list[Block], bool] | None:
    """One panel per state, and whether their time axis is logarithmic; None without a curve."""
    curve = results.curve
    if curve.empty:
        return None
    years = np.array([(d - results.as_of).days * _DAY_Y for d in curve["date"]])
    is_log = changes_early(curve, years)
    panels = []
    for state in CURVE_COLOURS:
        mine = (curve["state"] == state).to_numpy()
        order = np.argsort(years[mine], kind="stable")
        x = years[mine][order]
        low, mean, high = (
            curve.loc[mine, n].to_numpy(dtype=np.float64)[order] for n in ("q05", "mean", "q95")
        )
        asked = [d for d in ((d - results.as_of).days * _DAY_Y for d in results.dates) if d <= x[-1]]
        panels.append(_panel(state, x, (low, mean, high), asked, language, is_log=is_log))
    return panels, is_log


def _panel(
    state: str, x: Floats, band: Sequence[NDArray[np.float64]], asked: Sequence[float], language: Language,
    *, is_log: bool,
) -> Block:  # fmt: skip
    low, mean, high = band
    top = max(1.0, 1.08 * float(np.nanmax(high, initial=0.0)))
    colour = CURVE_COLOURS[state]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        if is_log:
            axes.set_xscale("symlog", linthresh=_LINEAR_TO)
        axes.set_xlim(0.0, float(x[-1]))
        axes.set_ylim(0.0, top)
        axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(x, mean, color=colour, lw=1.5)
        axes.plot(
            asked, np.interp(asked, x, mean), "o", ms=4, mfc="white", mec=colour, clip_on=False, zorder=4
        )
        ticks = [t for t in MaxNLocator(5, integer=top > 3.0).tick_values(0.0, top) if 0.0 <= t <= top]
        times = [t for t in (_EARLY if is_log else np.arange(0.0, x[-1] + 0.1, _step(x[-1]))) if t <= x[-1]]
        axes.set_yticks(ticks, [""] * len(ticks))
        axes.set_xticks(times, [""] * len(times))
        axes.minorticks_off()
        axes.tick_params(length=0)
        axes.grid(axis="y", color="#e3e0e8", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        at = axes.transAxes.inverted().transform(axes.transData.transform([(t, 0.0) for t in times]))[:, 0]
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return {
        "title": language(f"curve.{state}"),
        "svg": buffer.getvalue()[buffer.getvalue().index("<svg") :],
        "x": [{"at": round(float(a), 5), "text": _time(t, language)} for a, t in zip(at, times, strict=True)],
        "y": [{"at": round(t / top, 5), "text": language.plain(f"{t:,g}")} for t in ticks],
    }


def _step(last: float) -> float:
    return 5.0 if last > 12.0 else 1.0


def _time(years: float, language: Language) -> str:
    days = round(years / _DAY_Y)
    if years == 0.0:
        return "0"
    return language.count("curve.days", days) if years < 1.0 else language.count("curve.years", round(years))
