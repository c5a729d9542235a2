"""Harm as one page: totals over time, by activity and state, risks of single persons and of de-miners, what matters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from remnant._version import __version__
from remnant.harming import BAND_COLUMNS, MEASURES, HarmAnswer
from remnant.io.write_colours import HARM_BREAKS, SCALE
from remnant.io.write_tables import flat
from remnant.report import words
from remnant.report.harm import FACTORS, LIMITS, factor_words, interval, number
from remnant.report.harm_figures import by_activity, factors, harm_map, over_time, risks
from remnant.report.pages import page_templates
from remnant.risk import HOURS_PER_YEAR

MAX_AREAS = 25
"""Most areas that the page lists; all are in areas.csv."""
_MARKS = "ABCDE"
_BAND_WORDS = ("below 10⁻⁶", "10⁻⁶ to 10⁻⁵", "10⁻⁵ to 10⁻⁴", "10⁻⁴ and more")
_UNITS = {"m2/h": "m²/h", "1/m2": "1/m²", "1": ""}
_WORK = {
    "items_armed": "armed items handled", "items_expired": "expired items handled", "items_dud": "duds handled",
    "hours": "person-hours", "accidents": "accidents", "casualties": "casualties",
    "per_person_year": f"risk of one person a year ({HOURS_PER_YEAR:,.0f} h)",
}  # fmt: skip


def render_harm(answer: HarmAnswer) -> str:
    """The page as HTML: style and pictures inside, no script, nothing loaded from elsewhere."""
    listed = _most(answer)
    return (
        page_templates()
        .get_template("harm.html.j2")
        .render(
            name=answer.name,
            version=__version__,
            seed=answer.seed,
            as_of=words.day(answer.as_of),
            dates=[{"text": words.day(d), "is_forecast": d > answer.as_of} for d in answer.dates],
            cards=[_card(row) for row in answer.tables["totals"].to_dict("records")],
            num_unknown=answer.num_unknown,
            num_areas=len(answer.outlines),
            notes=answer.notes,
            factor_words=factor_words(answer),
            over_time=over_time(answer),
            totals=_totals(answer),
            activities=_activities(answer),
            by_activity=by_activity(answer),
            bands=_bands(answer),
            band_words=_BAND_WORDS,
            risks=risks(answer),
            limit="" if answer.policy_limit is None else number(answer.policy_limit),
            policy_name=answer.policy_name,
            work=_work(answer),
            demining=answer.tables["demining"].to_dict("records"),
            ground=words.area(float(answer.tables["demining"]["area_m2"].iloc[0])) if _work(answer) else "",
            factors=factors(answer),
            map=harm_map(answer, listed),
            areas=[_area(row, k) for k, row in enumerate(listed.to_dict("records"))],
            num_more=len(answer.outlines) - len(listed),
            sources=_sources(answer),
            provenance=[(key, value or "none") for key, value in flat(answer.provenance)],
            limits=LIMITS,
        )
    )


def _card(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "date": words.day(row["date"]), "is_forecast": bool(row["is_forecast"]),
        "casualties": interval(row, "casualties"), "is_known": row["casualties_mean"] == row["casualties_mean"],
        **{f"{name}_mean": number(row[f"{name}_mean"]) for name in MEASURES},
        **{f"{name}_range": interval(row, name) for name in MEASURES},
    }  # fmt: skip


def _cell(row: Mapping[Any, Any], name: str) -> dict[str, str]:
    return {"mean": number(row[f"{name}_mean"]), "range": interval(row, name)}


def _totals(answer: HarmAnswer) -> list[dict[str, Any]]:
    """Casualties in all and by state, a row per date."""
    columns = ("casualties", "casualties_armed", "casualties_expired", "casualties_dud")
    return [
        {"date": words.day(row["date"]), "is_forecast": bool(row["is_forecast"]),
         "cells": [_cell(row, c) for c in columns]}
        for row in answer.tables["totals"].to_dict("records")
    ]  # fmt: skip


def _activities(answer: HarmAnswer) -> list[dict[str, Any]]:
    table = answer.tables["activities"]
    first = table[table["date"] == answer.dates[0]].sort_values("casualties_mean", ascending=False)
    return [
        {"name": str(row["activity"]).replace("_", " "), "cells": [_cell(row, name) for name in MEASURES]}
        for row in first.to_dict("records")
    ]


def _bands(answer: HarmAnswer) -> list[dict[str, Any]]:
    """How many areas have their mean yearly risk in each band, by activity, at the first date."""
    table = answer.tables["individual"]
    first = table[table["date"] == answer.dates[0]]
    edges = (1e-6, 1e-5, 1e-4)
    out = []
    for name in dict.fromkeys(first["activity"]):
        mine = first[first["activity"] == name]
        risk = mine["risk_mean"].to_numpy(np.float64)
        known = ~np.isnan(risk)
        counts = np.bincount(np.digitize(risk[known], edges), minlength=len(BAND_COLUMNS))
        within = mine["p_within_policy"].to_numpy(np.float64)[known]
        out.append(
            {
                "name": str(name).replace("_", " "), "counts": [f"{c:,}" for c in counts],
                "unknown": f"{(~known).sum():,}",
                "median": _risk(float(np.median(risk[known]))) if known.any() else words.UNKNOWN,
                "most": _risk(float(risk[known].max())) if known.any() else words.UNKNOWN,
                "within": "" if np.isnan(within).any() else f"{int((within >= 0.95).sum()):,}",
            }
        )  # fmt: skip
    return out


def _risk(chance: float) -> str:
    """A chance, never a false 1."""
    return "above 0.99" if 0.99 < chance < 1.0 else number(chance)


def _work(answer: HarmAnswer) -> list[dict[str, Any]]:
    """Rows of what clearing asks, a column per method."""
    methods = answer.tables["demining"].to_dict("records")
    if not methods or not methods[0]["num_areas"]:
        return []
    return [{"name": title, "cells": [_cell(row, key) for row in methods]} for key, title in _WORK.items()]


def _most(answer: HarmAnswer) -> pd.DataFrame:
    """The areas with most expected casualties at the first date, then some of the unknown ones."""
    table = answer.tables["areas"]
    first = table[table["date"] == answer.dates[0]].reset_index(drop=True)
    first.insert(0, "area", np.arange(len(first)))
    known = first[~first["is_unknown"]].sort_values("casualties_mean", ascending=False, kind="stable")
    unknown = first[first["is_unknown"]]
    room = MAX_AREAS - min(len(unknown), MAX_AREAS // 4)
    return pd.concat([known.head(room), unknown.head(MAX_AREAS - min(len(known), room))])


def _area(row: Mapping[Any, Any], place: int) -> dict[str, Any]:
    mean = float(row["casualties_mean"])
    return {
        "id": str(row["area_id"]), "letter": _MARKS[place] if place < len(_MARKS) and not row["is_unknown"] else "",
        "users": number(float(row["users_mean"])), "is_unknown": bool(row["is_unknown"]),
        "colour": "" if np.isnan(mean) else SCALE[int(np.digitize(mean, HARM_BREAKS))],
        "cells": [_cell(row, name) for name in reversed(MEASURES)],
    }  # fmt: skip


def _sources(answer: HarmAnswer) -> list[dict[str, Any]]:
    table = answer.tables["ranges"]
    is_first = ~table.duplicated(["kind", "name"])
    return [
        {
            "is_first": bool(first),
            "name": str(r["name"]).replace("_", " "),
            "factor": FACTORS.get(str(r["factor"]), str(r["factor"])),
            "range": f"{number(float(r['low']))} to {number(float(r['high']))}",
            "unit": _UNITS.get(str(r["unit"]), str(r["unit"])),
            "basis": str(r["basis"]).replace("_", " "),
            "source": str(r["source"]).removeprefix("judgement: "),
        }
        for r, first in zip(table.to_dict("records"), is_first, strict=True)
    ]
