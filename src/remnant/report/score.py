"""Scores in plain words and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from remnant.report.words import rounded
from remnant.score import MEASURES, Difference, Evaluation, ScoreAnswer, ScoreRow

WORDS = {
    "roc_auc": "how often a place with a find was ranked above one without; 0.5 is chance, 1 is perfect",
    "average_precision": "mean share of finds among the places ranked above each find; by chance it is the share of "
    "places with a find",
    "found_in_top_05": "share of the items found that lay in the best-ranked 5 % of the ground",
    "found_in_top_10": "share of the items found that lay in the best-ranked 10 % of the ground",
    "found_in_top_20": "share of the items found that lay in the best-ranked 20 % of the ground",
    "log_score": "mean logarithm of the chance given to what happened; 0 is perfect, minus infinity if a find was "
    "called impossible",
    "brier": "mean squared distance of the chance from what happened; 0 is perfect",
    "calibration_error": "mean distance between stated chance and share found, in groups of like chance; 0 is perfect",
    "stated_over_found": "what the forecast expected in all, over what was found; 1 is right, less means that "
    "too little was expected",
    "count_log_score": "mean logarithm of the chance given to the number found; 0 is perfect",
    "crps": "distance between the forecast of the number and the number found, in items; 0 is perfect",
    "coverage_90": "share of the 90 % intervals that held the number found; 0.9 or more is right for small counts",
}
SCOPES = {"pooled": "all places", "within": "mean of the folds"}
LIMITS = (
    "A place without a known outcome is never scored. Searches that miss items make numbers found fall short of what "
    "was there. These scores judge a forecast; they release no land."
)


def value_words(row: ScoreRow | Difference) -> str:
    """A value with its 90 % interval.

    Examples
    --------
    >>> from remnant.score import ScoreRow
    >>> value_words(ScoreRow(forecast="a", measure="roc_auc", scope="pooled", fold="", value=0.7364, low=0.68,
    ...     high=math.nan, num_places=9, num_with_finds=3))
    '0.736'
    """
    value = number(row.value)
    if math.isnan(row.low) or math.isnan(row.high):
        return value
    return f"{value} ({number(row.low)} to {number(row.high)})"


def number(value: float) -> str:
    """A score with three decimals.

    Examples
    --------
    >>> number(0.7364), number(-math.inf), number(math.nan), number(1234.5)
    ('0.736', '−∞', '–', '1,200')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return (rounded(value) if abs(value) >= 100.0 else f"{value:.3f}").replace("-", "−")


def score_lines(answer: ScoreAnswer) -> str:
    """The scores as text for a terminal; the warning of a random split stands beside every number."""
    result = answer.evaluation
    out = [*intro(answer), ""]
    names = list(dict.fromkeys(r.forecast for r in result.rows))
    mark = " (!)" if result.folds.warning else ""
    for name in names:
        rows = {(r.measure, r.scope): r for r in result.rows if r.forecast == name}
        out.append(f"{name}{'' if name == names[0] else ' (for comparison)'}")
        for measure, about in MEASURES.items():
            pooled, within = rows.get((measure, "pooled")), rows.get((measure, "within"))
            if pooled is None:
                continue
            line = f"  {about.title:<34} {value_words(pooled)}{mark}"
            if within is not None:
                line += f"   mean of {within.num_folds} folds {value_words(within)}{mark}"
            out.append(line)
        out.append("")
    out += [f"{line}{mark}" for line in verdict_lines(result)]
    if result.folds.warning:
        out.append(f"(!) {result.folds.warning}")
    return "\n".join([*out, LIMITS])


def intro(answer: ScoreAnswer) -> list[str]:
    """What was scored, what was not, and how it was split."""
    result, case = answer.evaluation, answer.case
    known = result.num_places - result.num_unknown
    found = f", {rounded(result.num_found, 4)} items in all" if result.is_count else ""
    out = [
        f"{known:,} of {result.num_places:,} places have a known outcome; something was found in "
        f"{result.num_with_finds:,}{found}. Unknown, and not scored: {result.num_unknown:,}.",
        f"Split: {result.folds.words}. 90 % intervals: resampled {result.interval_words}.",
        *(f"Note: {note}." for note in case.notes),
    ]
    if result.unscored:
        listed = "; ".join(f"{u.fold} ({u.num_places}): {u.reason}" for u in result.unscored[:5])
        more = f"; and {len(result.unscored) - 5} more" if len(result.unscored) > 5 else ""
        out.append(f"{len(result.unscored)} folds cannot be ranked: {listed}{more}.")
    p = case.forecast.p_any
    if p is not None:
        wrong = int(((p <= 0.0) & (case.found > 0)).sum())
        if wrong:
            out.append(
                f"In {wrong:,} places something was found where the forecast said that nothing could be."
            )
    return out


def verdict_lines(result: Evaluation) -> list[str]:
    """One sentence per comparison: which forecast ordered places better, and how sure that is."""
    out = []
    for d in result.differences:
        scope = "within" if any(x.scope == "within" for x in result.differences) else "pooled"
        if d.measure != "roc_auc" or d.scope != scope:
            continue
        if math.isnan(d.low):
            word = "no interval can be given"
        elif d.low > 0.0:
            word = "better"
        elif d.high < 0.0:
            word = "worse"
        else:
            word = "cannot tell which is better"
        folds = f"; the better in {d.num_better:g} of {d.num_folds} folds" if d.num_folds > 1 else ""
        out.append(f"ROC area, {SCOPES[scope]}, against '{d.against}': {value_words(d)}, {word}{folds}.")
    return out


def score_tables(answer: ScoreAnswer) -> dict[str, pd.DataFrame]:
    """Scores and differences as tables, with the warning in every row."""
    result = answer.evaluation
    warning = result.folds.warning
    scores = pd.DataFrame(
        [_fields(r, ("forecast", "measure", "scope", "fold", "value", "low", "high", "num_places", "num_with_finds",
                     "num_folds")) for r in result.rows]
    )  # fmt: skip
    names = ("forecast", "against", "measure", "scope", "fold", "value", "low", "high", "p_better", "num_better",
             "num_folds")  # fmt: skip
    differences = pd.DataFrame([_fields(d, names) for d in result.differences], columns=list(names))
    unscored = pd.DataFrame(
        [_fields(u, ("fold", "num_places", "reason")) for u in result.unscored],
        columns=["fold", "num_places", "reason"],
    )
    return {
        "scores": scores.assign(warning=warning),
        "differences": differences.assign(warning=warning),
        "unscored_folds": unscored,
    }


def _fields(record: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def score_json(answer: ScoreAnswer) -> dict[str, Any]:
    """Everything as JSON; unknown and infinite numbers are null or text."""
    result = answer.evaluation

    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None if math.isnan(value) else number(value)
        return value

    tables = {
        name: [{k: plain(v) for k, v in row.items()} for row in table.to_dict("records")]
        for name, table in score_tables(answer).items()
    }
    return {
        "format": "remnant-scores/1",
        "forecast": answer.case.forecast.name,
        "num_places": result.num_places,
        "num_unknown": result.num_unknown,
        "num_with_finds": result.num_with_finds,
        "split": result.folds.words,
        "warning": result.folds.warning,
        "intervals": result.interval_words,
        "seed": answer.seed,
        "notes": list(answer.case.notes),
        **tables,
    }
