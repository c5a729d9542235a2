"""Release verdicts as one page: what is asked, the verdicts on a map, both errors, and each area's reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from remnant._version import __version__
from remnant.io.write_colours import VERDICT_COLOURS
from remnant.io.write_tables import flat
from remnant.releasing import ReleaseAnswer
from remnant.report import words
from remnant.report.area_map import class_map
from remnant.report.pages import page_templates
from remnant.report.policy_words import policy_rows
from remnant.report.release import CRITERION_WORDS, release_lines

MAX_ROWS = 300
_MOST_RECORDS = 4
_ORDER = ("meets", "cannot tell: survey", "does not meet", "no policy stated")


def render_release(answer: ReleaseAnswer) -> str:
    """The page as HTML: style and pictures inside, no script, nothing loaded from elsewhere."""
    areas = answer.tables["areas"]
    records = {str(k): part for k, part in answer.tables["records"].groupby("area_id", sort=False)}
    rank = areas["verdict"].map({v: n for n, v in enumerate(_ORDER)})
    ordered = areas.assign(_rank=rank).sort_values(["_rank", "p_item_left", "area_id"], kind="stable")
    counts = areas["verdict"].value_counts()
    return (
        page_templates()
        .get_template("release.html.j2")
        .render(
            answer=answer,
            version=__version__,
            date=words.day(answer.date),
            as_of=words.day(answer.as_of),
            is_forecast=answer.date > answer.as_of,
            lines=release_lines(answer),
            policy=policy_rows(answer.policy),
            legend=[(v, VERDICT_COLOURS[v], f"{counts[v]:,}") for v in _ORDER if v in counts],
            map=class_map(answer.outlines, areas["verdict"].to_numpy(), VERDICT_COLOURS),
            errors=[_error(r) for r in answer.tables["errors"].to_dict("records")],
            blocking=_blocking(areas),
            areas=[
                _area(r, records.get(str(r["area_id"]))) for r in ordered.head(MAX_ROWS).to_dict("records")
            ],
            num_more=max(0, len(areas) - MAX_ROWS),
            provenance=flat(answer.provenance),
        )
    )


def _error(row: dict[Any, Any]) -> dict[str, str]:
    wrong = words.items_range(row["wrong_areas_q05"], row["wrong_areas_q95"])
    ground = f"{words.area(row['wrong_m2_q05'])} to {words.area(row['wrong_m2_q95'])}"
    return {
        "decision": str(row["decision"]),
        "error": str(row["error"]),
        "areas": f"{row['num_areas']:,} ({words.area(row['area_m2'])})",
        "wrong": f"{words.rounded(row['wrong_areas_mean'])} ({wrong})",
        "ground": f"{words.area(row['wrong_m2_mean'])} ({ground})",
        "left": words.items(row["items_mean"]),
    }


def _blocking(areas: pd.DataFrame) -> list[tuple[str, str]]:
    """How many areas each criterion keeps from meeting the policy."""
    held = areas.loc[areas["verdict"] != "meets", "deciding"]
    counts = held.str.split("; ").explode().value_counts()
    return [(CRITERION_WORDS.get(str(k), str(k)), f"{n:,}") for k, n in counts.items() if k]


def _area(row: dict[Any, Any], records: pd.DataFrame | None) -> dict[str, Any]:
    return {
        "id": str(row["area_id"]),
        "class": str(row["hazard_class"]),
        "status": str(row["status"]),
        "ground": words.area(row["area_m2"]),
        "verdict": str(row["verdict"]),
        "colour": VERDICT_COLOURS[str(row["verdict"])],
        "reasons": str(row["reasons"]),
        "p_item": words.percent(row["p_item_left"]),
        "p_clean": words.percent(row["p_clean"]),
        "odds": _odds(row["break_even"]),
        "changes": _changes(row),
        "records": [] if records is None else [_record(r) for r in _weightiest(records)],
        "num_records": 0 if records is None else max(0, len(records) - _MOST_RECORDS),
    }


def _odds(value: float) -> str:
    if np.isnan(value):
        return words.UNKNOWN
    return "any" if np.isinf(value) else (words.rounded(value) if value >= 0.01 else "< 0.01")


def _changes(row: dict[Any, Any]) -> list[str]:
    """What would change the verdict, in words."""
    if row["verdict"] in ("meets", "no policy stated"):
        return []
    out = []
    if row["missing_evidence"]:
        out.append(f"evidence that the policy asks for: {row['missing_evidence']}")
    if np.isnan(row["search_m2"]):
        out.append("one whole search without a find would not be enough")
    elif row["search_m2"] > 0.0:
        out.append(f"{words.area(row['search_m2'])} searched without a find ({row['search_method']})")
    until = row["wait_until"]
    if until is not None and until == until:
        days = f"{row['wait_days']:,.0f} days"
        left = (
            f"then the chance of an item is {words.percent(row['p_item_after_wait'])}, with "
            f"{words.items(row['expired_after_wait'])} expired and {words.items(row['duds_after_wait'])} duds expected"
        )
        out.append(f"time alone, by {words.day(until)} ({days}): {left}")
    if row["to_fetch"]:
        out.append(f"evidence to fetch: {row['to_fetch']}")
    return out


def _weightiest(records: pd.DataFrame) -> list[dict[Any, Any]]:
    """Records that change the chance most, those that change the verdict first."""
    change = (records["p_item_changed"] - records["p_item_with"]).abs()
    ranked = records.assign(_change=change).sort_values(
        ["is_decisive", "_change"], ascending=False, kind="stable"
    )
    return [dict(r) for r in ranked.head(_MOST_RECORDS).to_dict("records")]


def _record(row: dict[Any, Any]) -> dict[str, str]:
    date = row["date"]
    known = date is not None and date == date
    what = "without it" if row["change"] == "left out" else "if it found nothing"
    chance = f"{words.percent(row['p_item_with'])} → {words.percent(row['p_item_changed'])}"
    verdict = f", {row['verdict_changed']}" if row["is_decisive"] else ""
    return {
        "name": f"{row['kind']} {row['record_id']}",
        "where": f"{row['layer']} row {row['row']}{f', {date}' if known else ''}",
        "change": f"{what}: {chance}{verdict}{' (rough)' if row['is_rough'] else ''}",
    }
