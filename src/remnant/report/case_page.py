"""The report of a case: one self-contained page for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from remnant.assessment import RESULT_STATES, Assessment
from remnant.io.write_colours import AREA_BREAKS, SCALE, UNKNOWN, VERDICT_COLOURS
from remnant.io.write_tables import SEVERITIES, flat, result_tables
from remnant.report import words
from remnant.report.case_figures import close_up_png, curve_svg, map_png
from remnant.report.field_figures import field_map_png
from remnant.report.field_words import drivers, field_context
from remnant.report.pages import page_templates
from remnant.report.policy_words import policy_rows
from remnant.report.provenance import UNSOURCED, crs_name, sources_of, without_sources

MAX_AREAS = 300
"""Most areas that the page lists; the others are in areas.csv."""
_MAX_CLOSE_UPS = 3
_DATES_PER_TABLE = 3
_MAX_JUDGEMENTS = 6
_CLOSE_UPS_APART = 0.06  # of the map's larger side
_MAX_FINDING_EXAMPLES = 4
_SCOPES = {
    "all": "Everything",
    "hazard areas": "Hazard areas with a known place",
    "deposits": "Recorded deliveries",
    "outside hazard areas": "Ground outside hazard areas",
    "place unknown": "Hazard areas of unknown place",
}
_NOUNS = {"explosive": "explosive item", "armed": "armed item", "expired": "expired item", "dud": "dud"}
_BASIS = {
    "published": "published",
    "second_hand": "quoted by others",
    "weak": "weak source",
    "derived": "derived",
    "judgement": "judgement",
}
_VERDICT_COUNTS = {
    "meets": "meet the policy",
    "does not meet": "do not meet the policy",
    "cannot tell: survey": "cannot be told without survey",
    "no policy stated": "have no policy to meet",
}
_VERDICT_WORDS = {
    "meets": "meets the policy",
    "does not meet": "does not meet the policy",
    "cannot tell: survey": "cannot tell: survey",
    "no policy stated": "no policy stated",
}


def render_report(result: Assessment) -> str:
    """The report as HTML: style and pictures inside, no script, nothing loaded from elsewhere.

    Parameters
    ----------
    result
        The assessment.

    Returns
    -------
    The page as text; the same assessment gives the same text.
    """
    return page_templates().get_template("case.html.j2").render(page_context(result))


def answer_lines(result: Assessment) -> list[str]:
    """The answer in two lines of plain words: what remains on the first date, and the verdicts."""
    answer = _answer(result, result.dates[0])
    forecast = " (forecast)" if answer["is_forecast"] else ""
    states = f", of which {_joined(answer['states'])}" if answer["states"] else ""
    return [
        f"On {answer['text']}{forecast}, with 90 % probability, {answer['phrase']} remain{states}.",
        _verdict_sentence(result),
    ]


def page_context(result: Assessment) -> dict[str, Any]:
    """Everything that the template shows, as text."""
    tables = result_tables(result)
    order = _by_expected_items(result)
    close = _close_ups(result, order)
    listed = order[:MAX_AREAS]
    curve = curve_svg(result)
    judgements = _judgements(result, tables["parameters"])
    return {
        "name": result.name,
        "as_of": words.day(result.as_of),
        "dates": [_date(result, d) for d in result.dates],
        "answers": [_answer(result, d) for d in result.dates],
        "verdicts": _verdicts(result),
        "verdict_sentence": _verdict_sentence(result),
        "judgements": judgements[:_MAX_JUDGEMENTS],
        "num_more_judgements": max(0, len(judgements) - _MAX_JUDGEMENTS),
        "totals": _totals(result, tables["totals"], "scope"),
        "map": map_png(result, close, _districts(result)),
        "map_alt": _map_alt(result),
        "close_ups": close_up_png(result, close),
        "close_up_names": _close_up_names(result, close),
        "field": field_context(result),
        "field_map": field_map_png(result),
        "curve": Markup(curve[0]) if curve else None,  # noqa: S704  our own figure, no user text in it
        "curve_is_log": bool(curve and curve[1]),
        "num_unknown_place": int((~result.areas["place_known"].to_numpy(dtype=bool)).sum()),
        "num_areas": f"{len(result.areas):,}",
        "num_cells": f"{result.cells.sizes['cell']:,}",
        "cell_m": f"{result.grid.cell_m:g}",
        "areas": _areas(result, listed),
        "num_not_listed": len(order) - len(listed),
        "districts": _totals(result, tables["districts"], "district") if len(tables["districts"]) else [],
        "findings": _findings(tables["findings"]),
        "finding_counts": _finding_counts(tables["findings"]),
        "parameters": _parameters(tables["parameters"]),
        "policy": policy_rows(result.policy),
        "provenance": [
            (key, crs_name(value) if key == "crs" else value or "none")
            for key, value in flat(without_sources(result.provenance))
        ],
        "sources": sources_of(result.provenance, tables["parameters"]),
        "crs": crs_name(result.crs),
    }


def _date(result: Assessment, date: dt.date) -> dict[str, Any]:
    return {"iso": date.isoformat(), "text": words.day(date), "is_forecast": date > result.as_of}


def _row(table: pd.DataFrame, **keys: object) -> Mapping[str, Any] | None:
    chosen = np.ones(len(table), dtype=bool)
    for name, value in keys.items():
        chosen &= (table[name] == value).to_numpy()
    rows = table.loc[chosen].to_dict("records")
    return {str(k): v for k, v in rows[0].items()} if rows else None


def _answer(result: Assessment, date: dt.date) -> dict[str, Any]:
    """The first thing a reader sees: what remains on one date, in words."""
    rows = {s: _row(result.total_results, scope="all", state=s, date=date) for s in RESULT_STATES}
    whole = rows["explosive"]
    if whole is None:
        return {**_date(result, date), "phrase": "no result", "expected": "", "chance": "", "states": []}
    return {
        **_date(result, date),
        "phrase": words.items_phrase(whole["q05"], whole["q95"], "explosive item"),
        "expected": words.items(whole["mean"]),
        "chance": words.percent(whole["p_any"]),
        "states": [
            words.items_phrase(row["q05"], row["q95"], _NOUNS[state])
            for state, row in rows.items()
            if row is not None and state != "explosive"
        ],
    }


def _verdicts(result: Assessment) -> list[dict[str, Any]]:
    counts = result.areas["verdict"].value_counts()
    ground = result.areas.groupby("verdict")["area_m2"].sum()
    names = [v for v in VERDICT_COLOURS if v in counts.index] + sorted(
        set(counts.index) - set(VERDICT_COLOURS)
    )
    return [
        {
            "name": _VERDICT_COUNTS.get(name, name),
            "count": f"{counts[name]:,}",
            "share": f"{100.0 * counts[name] / len(result.areas):.4g}",
            "ground": words.area(float(ground[name])),
            "colour": VERDICT_COLOURS.get(name, UNKNOWN),
        }
        for name in names
    ]


def _verdict_sentence(result: Assessment) -> str:
    counts = result.areas["verdict"].value_counts()
    total = len(result.areas)
    if not total:
        return "The case holds no hazard areas."
    parts = [
        f"{counts[name]:,} {text}"
        for name, text in (
            ("meets", "meet the policy"),
            ("does not meet", "do not meet it"),
            ("cannot tell: survey", "cannot be told without survey"),
        )
        if name in counts.index
    ]
    if not parts:
        return f"No release policy is stated, so none of the {total:,} hazard areas has a verdict."
    return f"Of {total:,} hazard areas, {_joined(parts)}."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _totals(result: Assessment, table: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """The result tables, a few dates side by side in each."""
    names = list(dict.fromkeys(table[key]))
    if key == "scope":
        names.sort(key=lambda n: list(_SCOPES).index(n) if n in _SCOPES else len(_SCOPES))
    by_key = {(r[key], r["state"], r["date"]): r for r in table.to_dict("records")}
    parts = []
    for start in range(0, len(result.dates), _DATES_PER_TABLE):
        dates = result.dates[start : start + _DATES_PER_TABLE]
        groups = []
        for name in names:
            states = [
                {"state": s, "cells": [_cell(by_key.get((name, s, d))) for d in dates]}
                for s in ("explosive", "armed", "expired", "dud")
            ]
            groups.append({"name": _SCOPES.get(name, name) if key == "scope" else name, "states": states})
        parts.append({"dates": [_date(result, d) for d in dates], "groups": groups})
    return parts


def _cell(row: Mapping[Any, Any] | None) -> dict[str, str]:
    if row is None:
        return {"mean": "–", "interval": "", "chance": ""}
    return {
        "mean": words.items(row["mean"]),
        "interval": words.items_range(row["q05"], row["q95"]),
        "chance": words.percent(row["p_any"]),
    }


def _by_expected_items(result: Assessment) -> NDArray[np.int64]:
    """Rows of `areas`, most expected explosive items on the first date first; unknown before all."""
    mean = (
        _first_date(result, "explosive")
        .reindex(np.arange(len(result.areas)))["mean"]
        .to_numpy(dtype=np.float64)
    )
    return np.argsort(np.where(np.isnan(mean), -np.inf, -mean), kind="stable").astype(np.int64)


def _first_date(result: Assessment, state: str) -> pd.DataFrame:
    long = result.area_results
    return long[(long["date"] == result.dates[0]) & (long["state"] == state)].set_index("area")


def _close_ups(result: Assessment, order: NDArray[np.int64]) -> list[int]:
    """The areas with most expected items, apart enough on the map for their marks not to overlap."""
    if not result.cells.sizes["cell"]:
        return []
    placed = result.areas["place_known"].to_numpy(dtype=bool)
    mean = _first_date(result, "explosive").reindex(order)["mean"].to_numpy(dtype=np.float64)
    candidates = order[placed[order] & ~np.isnan(mean)]
    if not candidates.size:
        return []
    west, south, east, north = result.areas.geometry.dropna().total_bounds
    apart_m = _CLOSE_UPS_APART * max(east - west, north - south)
    chosen: list[int] = []
    for k in candidates.tolist():
        shape = result.areas.geometry.iloc[k]
        if all(shape.distance(result.areas.geometry.iloc[c]) >= apart_m for c in chosen):
            chosen.append(k)
        if len(chosen) == _MAX_CLOSE_UPS:
            break
    return chosen


def _close_up_names(result: Assessment, close: Sequence[int]) -> list[str]:
    rows = _first_date(result, "explosive").loc[list(close)]
    ids = result.areas["area_id"].iloc[list(close)]
    return [
        f"{letter}: {name}, {words.items_range(low, high)} explosive items"
        for letter, name, low, high in zip("ABCDEF", ids, rows["q05"], rows["q95"], strict=False)
    ]


def _map_alt(result: Assessment) -> str:
    chance = _first_date(result, "explosive")["p_any"].to_numpy(dtype=np.float64)
    high = int((chance >= AREA_BREAKS[-1]).sum())
    return (
        f"Map of {int(result.areas['place_known'].sum()):,} hazard areas, coloured by the chance that at least one "
        f"explosive item remains on {words.day(result.dates[0])}; in {high:,} of all areas it is 80 % or more. "
        "The table of areas gives the same numbers as text."
    )


def _districts(result: Assessment) -> gpd.GeoDataFrame | None:
    """Outlines of districts, if there are any."""
    return result.districts if len(result.districts) else None


def _areas(result: Assessment, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    explosive, armed = _first_date(result, "explosive"), _first_date(result, "armed")
    empty = pd.Series({"mean": np.nan, "q05": np.nan, "q95": np.nan, "p_any": np.nan})
    driven, untold = drivers(result), result.field.area_untold if result.field is not None else None
    listed = []
    for k in rows.tolist():
        area = result.areas.iloc[k]
        of_any = explosive.loc[k] if k in explosive.index else empty
        of_armed = armed.loc[k] if k in armed.index else empty
        listed.append(
            {
                "id": area["area_id"],
                "hazard_class": area["hazard_class"],
                "status": area["status"],
                "origin": f"{area['layer']}, row {area['row']}",
                "types": area["types"],
                "size": words.area(float(area["area_m2"])),
                "place_known": bool(area["place_known"]),
                "searched": words.percent(float(area["searched_share"]))
                if area["searched_share"] > 0
                else "none",
                "found": words.rounded(float(area["num_found"])),
                "mean": words.items(float(of_any["mean"])),
                "interval": words.items_range(float(of_any["q05"]), float(of_any["q95"])),
                "chance": words.percent(float(of_any["p_any"])),
                "armed": words.percent(float(of_armed["p_any"])),
                "colour": _class_colour(float(of_any["p_any"])),
                "verdict": _VERDICT_WORDS.get(area["verdict"], area["verdict"]),
                "reasons": _sentence(str(area["reasons"])),
                "change": _change(area),
                "drivers": driven.get(k, ""),
                "is_untold": untold is not None and bool(untold[k]),
            }
        )
    return listed


def _class_colour(chance: float) -> str:
    return "" if np.isnan(chance) else SCALE[int(np.digitize(chance, AREA_BREAKS))]


def _change(area: pd.Series) -> str:
    """What would change the verdict, in words."""
    search = float(area["search_m2"])
    if area["verdict"] in ("meets", "no policy stated"):
        return ""
    if np.isnan(search):
        return "Searching without a find would not bring it within the policy."
    return f"Searching a further {words.area(search)} without a find would bring it within the policy."


def _findings(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Findings by severity and code, with their count and a few examples."""
    groups = []
    for severity in SEVERITIES:
        chosen = table[table["severity"] == severity]
        for code in dict.fromkeys(chosen["code"]):
            rows = chosen[chosen["code"] == code]
            shown = rows.head(_MAX_FINDING_EXAMPLES).to_dict("records")
            groups.append(
                {
                    "severity": severity,
                    "code": code,
                    "count": f"{int(rows['count'].sum()):,}",
                    "asked": rows.iloc[0]["asked"],
                    "todo": rows.iloc[0]["todo"],
                    "cases": [
                        {"where": _place(r), "count": f"{r['count']:,}", "came": r["came"]} for r in shown
                    ],
                    "num_more": len(rows) - len(shown),
                }
            )
    return groups


def _place(row: Mapping[Any, Any]) -> str:
    parts = [str(row[n]) for n in ("file", "layer") if row[n]]
    if not pd.isna(row["row"]):
        parts.append(f"row {row['row']}")
    return ", ".join(parts)


def _finding_counts(table: pd.DataFrame) -> str:
    sums = table.groupby("severity").size()
    parts = [
        f"{int(sums[s]):,} {s}{'s' if sums[s] != 1 else ''}" if s in sums.index else f"no {s}s"
        for s in SEVERITIES
    ]
    return _sentence(_joined(parts))


def _sentence(text: str) -> str:
    """The same words with a capital first and a full stop last."""
    stripped = text.strip()
    if not stripped:
        return ""
    return stripped[0].upper() + stripped[1:] + ("" if stripped[-1] in ".!?" else ".")


def _parameters(table: pd.DataFrame) -> list[dict[str, Any]]:
    listed = []
    for row in table.to_dict("records"):
        unit = str(row["unit"])
        listed.append(
            {
                "title": row["title"],
                "name": row["name"],
                "prior": words.amount(row["prior_mean"], unit),
                "prior_range": _amount_range(row["prior_q05"], row["prior_q95"], unit),
                "posterior": words.amount(row["posterior_mean"], unit),
                "posterior_range": _amount_range(row["posterior_q05"], row["posterior_q95"], unit),
                "basis": _BASIS.get(row["basis"], row["basis"]),
                "is_unsourced": row["basis"] in UNSOURCED,
                "source": row["source"],
            }
        )
    return listed


def _judgements(result: Assessment, parameters: pd.DataFrame) -> list[str]:
    """What rests on judgement, in words: parameters with the same range together, then what else the result names."""
    flagged = parameters[parameters["basis"].isin(UNSOURCED)]
    groups: dict[str, list[str]] = {}
    for row in flagged.to_dict("records"):
        unit = str(row["unit"])
        low = words.amount(row["prior_q05"], unit, show_unit=False)
        ends = f"{low} to {words.amount(row['prior_q95'], unit)}"
        text = f"{ends} before the evidence ({_BASIS[row['basis']]})"
        groups.setdefault(text, []).append(str(row["title"]))
    mine = [_sentence(f"{_gathered(titles)}: {text}") for text, titles in groups.items()]
    titles = tuple(str(t) for t in flagged["title"])
    return [*mine, *(j for j in result.judgements if not titles or not j.startswith(titles))]


def _gathered(titles: Sequence[str]) -> str:
    """Titles of the form "type: quantity" with the quantity named once.

    Examples
    --------
    >>> _gathered(["PMN: arms", "POMZ: arms", "clump shape (small: few places)"])
    'arms (PMN, POMZ); clump shape (small: few places)'
    """
    subjects: dict[str, list[str]] = {}
    for title in titles:
        subject, _, quantity = title.partition(": ")
        if not quantity or "(" in subject:
            subject, quantity = "", title
        subjects.setdefault(quantity, []).append(subject)
    return "; ".join(f"{q} ({', '.join(s)})" if any(s) else q for q, s in subjects.items())


def _amount_range(low: float, high: float, unit: str) -> str:
    if np.isnan(low) or np.isnan(high):
        return ""
    return "–".join(words.amount(value, unit, show_unit=False) for value in (low, high))
