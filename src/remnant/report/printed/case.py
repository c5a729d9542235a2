"""The report of a case as blocks for printing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from remnant.io.read_results import Results
from remnant.io.write_colours import AREA_BREAKS, SCALE
from remnant.report import words
from remnant.report.printed import blocks
from remnant.report.printed.blocks import Block, Cell, Column
from remnant.report.printed.curves import curve_panels
from remnant.report.printed.facts import (
    by_importance,
    change_words,
    class_words,
    dated,
    gathered,
    on_first_date,
    policy_keys,
    stamps,
    state_tables,
    states_explained,
    status_words,
    verdict_counts,
    verdict_words,
)
from remnant.report.printed.grounds import findings, limits, provenance, rests_on
from remnant.report.printed.language import Language
from remnant.report.printed.maps import area_legend, case_map
from remnant.report.printed.phrases import said
from remnant.report.provenance import crs_name

MAX_REASONS = 100
"""Most areas whose reasons the case report prints; the dossier of an area always has them."""
_SCOPES = ("all", "hazard areas", "deposits", "outside hazard areas", "place unknown")


def case_blocks(results: Results, language: Language) -> list[Block]:
    """The whole report, most important first."""
    order = by_importance(results)
    return [
        blocks.title(language.kept(results.name), language("case.kicker"), stamps(results, language)),
        *_answer(results, language),
        *_map(results, order, language),
        *_over_time(results, language),
        *_totals(results, language),
        *_areas(results, order, language),
        *_verdicts(results, order, language),
        *rests_on(results, language),
        *findings(results, language),
        *limits(results, language),
        *provenance(results, language),
    ]


def _answer(results: Results, language: Language) -> list[Block]:
    whole = results.totals[results.totals["scope"] == "all"]
    rows = {r["date"]: r for r in whole[whole["state"] == "explosive"].to_dict("records")}
    lead = []
    for date in results.dates:
        row = rows.get(date)
        if row is not None:
            lead.append(
                language("case.answer", day=dated(results, date, language), items=items_words(row, language),
                         chance=language.percent(row["p_any"]))
            )  # fmt: skip
    unplaced = int((~results.areas["place_known"].astype(bool)).sum())
    return [
        blocks.heading(language("case.answer_head")),
        *(blocks.para(text, "lead") for text in lead),
        *state_tables(results, {"": whole}, "", language("table.interval_note"), language),
        *([blocks.para(language.count("case.unplaced", unplaced))] if unplaced else []),
        blocks.heading(language("state.head")),
        states_explained(language),
        blocks.callout(language("general.releases_nothing"), [language("general.who_releases")]),
    ]


def items_words(row: Mapping[Any, Any], language: Language) -> str:
    """A 90 % interval of explosive items as words of a sentence."""
    low, high = float(row["q05"]), float(row["q95"])
    if math.isnan(low) or math.isnan(high):
        return language("case.items_unknown")
    shown = _as_printed(high)
    if high < 1.0:
        return language("case.items_below_one")
    if low < 1.0:
        return language.count("case.items_at_most", shown, high=language.rounded(high))
    if language.rounded(low) == language.rounded(high):
        return language.count("case.items_about", shown, high=language.rounded(high))
    return language.count("case.items_between", shown, low=language.rounded(low), high=language.rounded(high))


def _as_printed(value: float) -> float:
    """The number that `words.rounded` shows, which decides the plural form."""
    return float(words.rounded(value).replace(",", ""))


def _map(results: Results, order: list[int], language: Language) -> list[Block]:
    drawn = case_map(results, order, language)
    head = blocks.heading(language("map.head"))
    if drawn is None:
        return [head, blocks.para(language("map.nothing"))]
    caption = language(
        "map.case_caption", day=dated(results, results.dates[0], language), crs=crs_name(results.crs),
        as_of=language.day(results.as_of), name=results.name, program=str(results.provenance.get("program", "remnant")),
    )  # fmt: skip
    return [
        head,
        blocks.figure(
            drawn.svg, drawn.ratio, drawn.labels, alt=language("map.head"), legend_title=language("map.area_legend"),
            legend=area_legend(language), caption=caption,
        ),
    ]  # fmt: skip


def _over_time(results: Results, language: Language) -> list[Block]:
    head = blocks.heading(language("curve.head"))
    made = curve_panels(results, language)
    if made is None:
        return [head, blocks.para(language("curve.nothing"))]
    drawn, is_log = made
    caption = language("curve.caption", day=language.day(results.as_of),
                       axis=language("curve.logarithmic" if is_log else "curve.linear"))  # fmt: skip
    legend: list[blocks.Key] = [
        {"colour": "#5b0f52", "edge": "#5b0f52", "text": language("curve.expected")},
        {"colour": "#ded0dc", "edge": "#ded0dc", "text": language("curve.interval")},
        {"colour": "#ffffff", "edge": "#5b0f52", "text": language("curve.asked")},
    ]
    return [head, blocks.panels(drawn, legend=legend, caption=caption)]


def _totals(results: Results, language: Language) -> list[Block]:
    held = set(results.totals["scope"])
    scopes = {
        language(f"scope.{s.replace(' ', '_')}"): results.totals[results.totals["scope"] == s]
        for s in _SCOPES
        if s in held
    }
    parts = [blocks.heading(language("case.totals_head"))]
    parts += state_tables(results, scopes, language("table.where"), language("case.totals_note"), language)
    if len(results.districts):
        names = dict.fromkeys(results.districts["district"].astype(str))
        districts = {n: results.districts[results.districts["district"].astype(str) == n] for n in names}
        parts.append(blocks.heading(language("case.districts_head")))
        note = language("table.interval_note")
        parts += state_tables(results, districts, language("table.district"), note, language)
    return parts


def _areas(results: Results, order: list[int], language: Language) -> list[Block]:
    head = blocks.heading(language("case.areas_head"))
    if not order:
        return [head, blocks.para(language("case.no_areas"))]
    day = dated(results, results.dates[0], language)
    columns = [
        Column(language("table.rank"), 0.5, "end"), Column(language("table.area"), 1.7),
        Column(language("table.size"), 1.15, "end"), Column(language("table.searched"), 1.05, "end"),
        Column(language("table.found"), 1.0, "end"), Column(language("table.items"), 1.55, "end"),
        Column(language("table.chance"), 1.5, "end"), Column(language("table.verdict"), 1.6),
    ]  # fmt: skip
    explosive, armed = on_first_date(results, "explosive"), on_first_date(results, "armed")
    records = results.areas.drop(columns="geometry").to_dict("records")
    rows = [
        _area_row(rank, records[k], _found(explosive, k), _found(armed, k), language)
        for rank, k in enumerate(order, start=1)
    ]
    note = language.count("case.areas_note", len(order), day=day)
    return [head, blocks.table(columns, rows, note)]


def _found(table: pd.DataFrame, k: int) -> Mapping[Any, Any]:
    if k in table.index:
        return dict(table.loc[k])
    return {"mean": np.nan, "q05": np.nan, "q95": np.nan, "p_any": np.nan}


def _area_row(
    rank: int,
    area: Mapping[Any, Any],
    explosive: Mapping[Any, Any],
    armed: Mapping[Any, Any],
    language: Language,
) -> list[Cell]:
    chance = float(explosive["p_any"])
    kinds = (class_words(str(area["hazard_class"]), language), status_words(str(area["status"]), language))
    kind = language("number.comma").join(dict.fromkeys(kinds))
    return [
        {"text": str(rank)},
        {"text": language.kept(str(area["area_id"])), "bold": True, "small": kind},
        {"text": language.area(float(area["area_m2"])),
         "small": "" if area["place_known"] else language("table.place_unknown")},
        {"text": searched_words(float(area["searched_share"]), language)},
        {"text": language.rounded(float(area["num_found"]))},
        {"text": language.items_range(float(explosive["q05"]), float(explosive["q95"])), "bold": True,
         "small": language("table.expected", mean=language.items(float(explosive["mean"])))},
        {"text": language.percent(chance), "chip": chip_of(chance),
         "small": language("table.armed_chance", chance=language.percent(float(armed["p_any"])))},
        {"text": verdict_words(str(area["verdict"]), language)},
    ]  # fmt: skip


def searched_words(share: float, language: Language) -> str:
    """Share of an area that a search worked."""
    return language("general.none") if share == 0.0 else language.share(share)


def chip_of(chance: float) -> str:
    """Colour of an area's chance, as on the map."""
    return "hatch" if math.isnan(chance) else SCALE[int(np.digitize(chance, AREA_BREAKS))]


def _verdicts(results: Results, order: list[int], language: Language) -> list[Block]:
    if not order:
        return []
    records = results.areas.drop(columns="geometry").to_dict("records")
    rows: list[list[Cell]] = [
        [
            {"text": str(rank)},
            {"text": language.kept(str(records[k]["area_id"])), "bold": True},
            {"text": verdict_words(str(records[k]["verdict"]), language)},
            {
                "text": gathered(
                    [said(str(records[k]["reasons"]), language), change_words(records[k], language)]
                )
            },
        ]
        for rank, k in enumerate(order[:MAX_REASONS], start=1)
    ]
    more = len(order) - len(rows)
    columns = [
        Column(language("table.rank"), 0.5, "end"), Column(language("table.area"), 1.7),
        Column(language("table.verdict"), 1.8), Column(language("table.reasons"), 6.2),
    ]  # fmt: skip
    return [
        blocks.heading(language("case.verdicts_head")),
        blocks.keys(policy_keys(results.policy, language), 0.45),
        blocks.bullets(verdict_counts(results, language)),
        blocks.table(columns, rows, language("case.verdicts_note")),
        *([blocks.para(language.count("case.more_reasons", more), "quiet")] if more else []),
    ]
