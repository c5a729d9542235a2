"""Scores as one page: tables, and four pictures of how the forecast did."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from remnant._version import __version__
from remnant.report.pages import page_templates
from remnant.report.score import LIMITS, SCOPES, WORDS, intro, number, value_words, verdict_lines
from remnant.score import (
    MEASURES,
    Forecast,
    ScoreAnswer,
    calibration_curve,
    ground_curve,
    precision_recall_curve,
    roc_curve,
)

_STYLE: Any = {"font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False}
_OURS: dict[str, Any] = {"color": "#5b0f52", "lw": 2.2, "zorder": 5}
_OTHERS = (("#a3671f", "--"), ("#3b5b8c", "-."), ("#777777", ":"), ("#222222", (0, (1, 3))), ("#b05", "--"))
_MAX_OTHERS = 4
_FOLD_MEASURE = "roc_auc"


def render_score(answer: ScoreAnswer) -> str:
    """The page as HTML: style and pictures inside, no script, nothing loaded from elsewhere."""
    result = answer.evaluation
    names = list(dict.fromkeys(r.forecast for r in result.rows))
    return (
        page_templates()
        .get_template("score.html.j2")
        .render(
            name=answer.case.forecast.name,
            version=__version__,
            seed=answer.seed,
            intro=intro(answer),
            warning=result.folds.warning,
            verdicts=verdict_lines(result),
            forecasts=names,
            measures=[m for m in MEASURES if any(r.measure == m for r in result.rows)],
            titles={m: about.title for m, about in MEASURES.items()},
            words=WORDS,
            scopes=[s for s in SCOPES if any(r.scope == s for r in result.rows)],
            scope_words=SCOPES,
            values={
                (r.forecast, r.measure, r.scope): value_words(r) for r in result.rows if r.scope != "fold"
            },
            folds=_folds(answer),
            picture=base64.b64encode(score_png(answer)).decode("ascii"),
            limits=LIMITS,
        )
    )


def _folds(answer: ScoreAnswer) -> list[dict[str, Any]]:
    """One row per fold: places, finds, and the ROC area of every forecast."""
    result = answer.evaluation
    if len(result.folds.names) < 2:
        return []
    reasons = {u.fold: u.reason for u in result.unscored}
    by_fold: dict[str, dict[str, Any]] = {}
    for row in result.rows:
        if row.scope == "fold":
            entry = by_fold.setdefault(
                row.fold,
                {
                    "name": row.fold,
                    "places": row.num_places,
                    "finds": row.num_with_finds,
                    "values": {},
                    "reason": "",
                },
            )
            if row.measure == _FOLD_MEASURE:
                entry["values"][row.forecast] = value_words(row)
    for entry in by_fold.values():
        entry["reason"] = reasons.get(entry["name"], "")
    return list(by_fold.values())


def score_png(answer: ScoreAnswer) -> bytes:
    """ROC curve, precision and recall, finds by ground, and calibration."""
    case = answer.case
    known = np.flatnonzero(~np.isnan(case.found))
    found = case.found[known]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.4, 8.6), layout="constrained")
        FigureCanvasAgg(figure)
        (roc, recall), (ground, calibration) = figure.subplots(2, 2)
        shown = [case.forecast, *answer.baselines[:_MAX_OTHERS]]
        for order, made in enumerate(shown):
            line = _line(order)
            cut = made.at(known)
            _draw(roc, *roc_curve(cut.rank, found > 0), made, line)
            _draw(recall, *precision_recall_curve(cut.rank, found > 0), made, line)
            worth = (
                cut.rank
                if case.ground_m2 is None or cut.mean is None
                else _per_ground(cut, case.ground_m2[known])
            )
            _draw(ground, *ground_curve(worth, found, _cut(case.ground_m2, known)), made, line)
        roc.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
        ground.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
        recall.axhline((found > 0).mean(), color="#bbbbbb", lw=0.8)
        _label(roc, "Order of places (ROC)", "places without a find taken", "places with a find taken")
        _label(
            recall,
            "Precision and recall",
            "places with a find taken",
            "of the places taken, share with a find",
        )
        _label(ground, "What working the best ground first finds", "ground worked, best first", "items found")
        _calibration(calibration, answer, known)
        handles, labels = roc.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        if answer.evaluation.folds.warning:
            figure.suptitle(answer.evaluation.folds.warning, color="#8c1c4b", fontsize=9, fontweight="bold")
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def _cut(values: NDArray[np.float64] | None, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:
    return None if values is None else values[rows]


def _per_ground(made: Forecast, ground_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    assert made.mean is not None
    mean = made.mean if made.mean.ndim == 1 else made.mean.mean(axis=0)
    return np.asarray(mean / ground_m2)


def _line(order: int) -> dict[str, Any]:
    if order == 0:
        return _OURS
    colour, dash = _OTHERS[(order - 1) % len(_OTHERS)]
    return {"color": colour, "ls": dash, "lw": 1.2}


def _draw(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], made: Forecast, line: dict[str, Any]
) -> None:
    axes.plot(x, y, label=made.name, **line)


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _calibration(axes: Axes, answer: ScoreAnswer, known: NDArray[np.intp]) -> None:
    _label(axes, "Does 10 % mean 10 %?", "stated chance of a find", "share of places with a find")
    made = answer.case.forecast
    if made.p_any is None:
        axes.text(0.5, 0.5, "this forecast states no chances", ha="center", transform=axes.transAxes)
        return
    curve = calibration_curve(made.p_any[known], answer.case.found[known] > 0)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
    spread = np.vstack([curve.happened - curve.low, curve.high - curve.happened])
    axes.errorbar(
        curve.stated, curve.happened, yerr=np.maximum(spread, 0.0), fmt="o-", capsize=2.5, ms=4, **_OURS
    )
    top = min(1.0, 1.15 * float(max(curve.high.max(), curve.stated.max())))
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.text(
        0.98, 0.03, f"calibration error {number(answer.evaluation.value('calibration_error'))}; bars: 90 %",
        ha="right", transform=axes.transAxes, fontsize=8, color="#5c5a66",
    )  # fmt: skip
