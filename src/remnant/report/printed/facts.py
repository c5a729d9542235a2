"""Pieces that the case report and the task dossier share: numbers of states and dates, verdicts, policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from remnant.assessment import RESULT_STATES
from remnant.evidence import MinimumEvidence, Policy
from remnant.io.read_results import Results
from remnant.report.printed.blocks import Block, Cell, Column, keys, table
from remnant.report.printed.language import Language
from remnant.report.printed.phrases import marked

STATES = ("explosive", "armed", "expired", "dud")
"""States in the order in which people are told of them."""
_DATES_PER_TABLE = 3
_VERDICTS = {
    "meets": "meets",
    "does not meet": "does_not_meet",
    "cannot tell: survey": "cannot_tell",
    "no policy stated": "no_policy",
}
_CRITERIA = {
    "p_any_armed": "p_armed",
    "p_any_explosive": "p_explosive",
    "individual_risk": "risk",
    "evidence": "evidence",
}
_CLASSES = {"SHA": "sha", "CHA": "cha", "released": "released"}
_STATUSES = {
    "open": "open",
    "released": "released",
    "cancelled": "cancelled",
    "reduced": "reduced",
    "cleared": "cleared",
}

assert set(STATES) == set(RESULT_STATES)


def by_importance(results: Results) -> list[int]:
    """Rows of the areas, most expected explosive items on the first date first; unknown before all."""
    mean = on_first_date(results, "explosive")["mean"].reindex(np.arange(len(results.areas)))
    values = mean.to_numpy(dtype=np.float64)
    return [int(k) for k in np.argsort(np.where(np.isnan(values), -np.inf, -values), kind="stable")]


def on_first_date(results: Results, state: str) -> pd.DataFrame:
    """Results of areas on the first date asked for, by row of the area."""
    long = results.area_results
    return long[(long["date"] == results.dates[0]) & (long["state"] == state)].set_index("area")


def dated(results: Results, date: dt.date, language: Language) -> str:
    """A date in words, with a word where it is a forecast."""
    day = language.day(date)
    return language("general.forecast_on", day=day) if date > results.as_of else day


def stamps(results: Results, language: Language) -> list[str]:
    """What the head of a document says of its dates, and that it is private."""
    return [
        language("general.as_of", day=language.day(results.as_of)),
        *(
            language(
                "general.forecast_for" if d > results.as_of else "general.answer_for", day=language.day(d)
            )
            for d in results.dates
        ),
        language("general.keep_private"),
    ]


def state_tables(
    results: Results, groups: Mapping[str, pd.DataFrame], what: str, note: str, language: Language
) -> list[Block]:
    """Items by state and date, a few dates side by side in each table.

    Parameters
    ----------
    groups
        Name → rows of a result table.
    what
        Head of the column of names; empty: no such column.
    """
    parts = []
    for start in range(0, len(results.dates), _DATES_PER_TABLE):
        dates = results.dates[start : start + _DATES_PER_TABLE]
        columns = [Column(what, 1.0)] if what else []
        columns += [Column(language("table.state"), 0.8)]
        columns += [Column(dated(results, d, language), 1.6, "end") for d in dates]
        rows: list[list[Cell]] = []
        for name, held in groups.items():
            by_key = {(r["state"], r["date"]): r for r in held.to_dict("records")}
            for state in STATES:
                first: list[Cell] = [{"text": name if state == STATES[0] else "", "bold": True}]
                rows.append(
                    [
                        *(first if what else []),
                        {"text": language(f"state.{state}")},
                        *(_number_cell(by_key.get((state, d)), language) for d in dates),
                    ]
                )
        parts.append(table(columns, rows, note if start == 0 else ""))
    return parts


def _number_cell(row: Mapping[Any, Any] | None, language: Language) -> Cell:
    if row is None:
        return {"text": language("number.unknown")}
    small = language(
        "table.expected_and_chance", mean=language.items(row["mean"]), chance=language.percent(row["p_any"])
    )
    return {"text": language.items_range(row["q05"], row["q95"]), "bold": True, "small": small}


def states_explained(language: Language) -> Block:
    """What each state means, and what follows for the one who meets such an item."""
    return keys([(language(f"state.{s}"), language(f"state.{s}_means")) for s in STATES], 0.16)


def verdict_words(verdict: str, language: Language) -> str:
    """A verdict in a language."""
    return language(f"verdict.{_VERDICTS[verdict]}") if verdict in _VERDICTS else marked(verdict, language)


def verdict_counts(results: Results, language: Language) -> list[str]:
    """How many areas have each verdict, and how much ground."""
    lines = []
    for verdict, key in _VERDICTS.items():
        mine = results.areas[results.areas["verdict"] == verdict]
        if len(mine):
            ground = language.area(float(mine["area_m2"].sum()))
            lines.append(language.count(f"verdict.{key}_count", len(mine), ground=ground))
    return lines


def class_words(hazard_class: str, language: Language, *, long: bool = False) -> str:
    """A class of hazard areas, in full where asked; classes of the case's own stay as they are."""
    key = _CLASSES.get(hazard_class)
    return language(f"class.{key}{'_long' if long else ''}") if key else hazard_class


def status_words(status: str, language: Language) -> str:
    """The status of an area; what is not usual stays as it is."""
    return language(f"status.{_STATUSES[status]}") if status in _STATUSES else status


def policy_keys(policy: Policy, language: Language) -> list[tuple[str, str]]:
    """What the release policy asks."""
    rows = [(language("policy.name"), policy.name)]
    if policy.source:
        rows.append((language("policy.source"), policy.source))
    for key, share in (("armed", policy.p_any_armed_max), ("explosive", policy.p_any_explosive_max)):
        if share is not None:
            rows.append((language(f"policy.p_{key}"), language.percent(share)))
    for state, limit in policy.density_q95_max_per_km2.items():
        rows.append((language("policy.density", state=language(f"state.{state}")), language.rounded(limit)))
    if policy.individual_risk_max_per_year is not None:
        rows.append((language("policy.risk"), language.plain(f"{policy.individual_risk_max_per_year:.2g}")))
    for least in policy.minimum:
        name = (
            class_words(least.hazard_class, language)
            if least.hazard_class
            else language("policy.other_classes")
        )
        rows.append((language("policy.minimum", name=name), _minimum(least, language)))
    aside = [c for c in policy.criteria if not policy.decides(c)]
    if aside:
        rows.append((language("policy.aside"), "; ".join(_criterion(c, language) for c in aside)))
    return rows


def _criterion(criterion: str, language: Language) -> str:
    if criterion.startswith("density_"):
        return language("policy.density", state=language(f"state.{criterion.removeprefix('density_')}"))
    return language(f"policy.{_CRITERIA[criterion]}")


def _minimum(least: MinimumEvidence, language: Language) -> str:
    parts = [
        language(f"policy.{key}", share=language.share(share))
        for key, share in (("searched", least.searched_share_min), ("cleared", least.cleared_share_min))
        if share > 0.0
    ]
    if least.known_outcome:
        parts.append(language("policy.outcome"))
    return language.joined(parts) or language("general.none")


def change_words(area: Mapping[Any, Any], language: Language) -> str:
    """What search would change a verdict; empty where nothing has to."""
    if area["verdict"] in ("meets", "no policy stated"):
        return ""
    search = float(area["search_m2"])
    if np.isnan(search):
        return language("verdict.search_is_not_enough")
    return language("verdict.search_further", ground=language.area(search))


def gathered(parts: Sequence[str]) -> str:
    """Sentences one after the other; empty ones left out."""
    return " ".join(p for p in parts if p)
