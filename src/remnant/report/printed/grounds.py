"""The end of a case's report: what its numbers rest on, what was met in the records, limits, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from remnant.io.read_results import Results
from remnant.io.write_tables import SEVERITIES, flat
from remnant.report import words
from remnant.report.printed import blocks
from remnant.report.printed.blocks import Block, Cell, Column
from remnant.report.printed.language import Language
from remnant.report.printed.phrases import marked, said, title_said
from remnant.report.provenance import UNSOURCED, crs_name, sources_of, without_sources

_MAX_EXAMPLES = 4
_LIMITS = (
    *("probabilities", "small_chance", "inside_areas", "clumps", "detection", "forecasts", "no_place"),
    *("expired", "private"),
)
_INPUTS = ("inputs_sha256.", "inputs.")
_UNITS = {"1/km2": "per_km2", "km": "km", "m": "m"}


def rests_on(results: Results, language: Language) -> list[Block]:
    """What rests on judgement, and every uncertain number before and after the records."""
    head = blocks.heading(language("rests.head"))
    held = results.parameters
    if held.empty:
        return [head, blocks.para(language("rests.nothing"))]
    unsourced = int(held["basis"].isin(UNSOURCED).sum())
    columns = [
        Column(language("rests.quantity"), 2.6), Column(language("rests.before"), 1.5, "end"),
        Column(language("rests.after"), 1.5, "end"), Column(language("rests.basis"), 1.2),
        Column(language("rests.source"), 3.4),
    ]  # fmt: skip
    rows = [_parameter(row, language) for row in held.to_dict("records")]
    told = [j for j in results.judgements if not j.startswith(tuple(str(t) for t in held["title"]))]
    summary = language.count("rests.unsourced", unsourced, all=language.number(len(held)))
    return [
        head,
        blocks.callout(language("rests.judgement_head"), [summary, *(marked(j, language) for j in told)]),
        blocks.table(columns, rows, language("rests.note")),
    ]


def _parameter(row: Mapping[Any, Any], language: Language) -> list[Cell]:
    unit, basis = str(row["unit"]), str(row["basis"])
    shown = "" if unit in ("1", "ratio") else unit
    if unit in _UNITS:
        shown = language(f"number.{_UNITS[unit]}", value="").strip()
    amounts: list[Cell] = [
        {
            "text": _amount(row[f"{when}_mean"], unit, language),
            "small": _range(row, when, unit, language),
        }
        for when in ("prior", "posterior")
    ]
    words_of_basis = language(f"basis.{basis}") if language.has(f"basis.{basis}") else basis
    return [
        {"text": title_said(str(row["title"]), language), "small": shown},
        *amounts,
        {"text": words_of_basis, "bold": basis in UNSOURCED},
        {"text": language.kept(str(row["source"]))},
    ]


def _amount(value: float, unit: str, language: Language) -> str:
    if math.isnan(value):
        return language("number.unknown")
    return language.plain(words.amount(value, unit, show_unit=False))


def _range(row: Mapping[Any, Any], when: str, unit: str, language: Language) -> str:
    low, high = float(row[f"{when}_q05"]), float(row[f"{when}_q95"])
    if math.isnan(low) or math.isnan(high):
        return ""
    return language("number.range", low=_amount(low, unit, language), high=_amount(high, unit, language))


def findings(results: Results, language: Language) -> list[Block]:
    """What was met in the records."""
    head = blocks.heading(language("findings.head"))
    if results.findings.empty:
        return [head, blocks.para(language("findings.nothing"))]
    return [head, finding_table(results.findings, language, language("findings.law"))]


def finding_table(held: pd.DataFrame, language: Language, note: str = "") -> Block:
    """Findings by severity and kind, with a few examples of each."""
    columns = [
        Column(language("findings.kind"), 1.6), Column(language("findings.asked"), 2.2),
        Column(language("findings.came"), 4.0), Column(language("findings.todo"), 2.4),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for severity in SEVERITIES:
        mine = held[held["severity"] == severity]
        for code in dict.fromkeys(mine["code"]):
            same = mine[mine["code"] == code].to_dict("records")
            for i, row in enumerate(same[:_MAX_EXAMPLES]):
                more = len(same) - _MAX_EXAMPLES if i == min(len(same), _MAX_EXAMPLES) - 1 else 0
                after = f" {language.count('findings.more', more)}" if more > 0 else ""
                kind: Cell = {
                    "text": language(f"severity.{severity}"),
                    "bold": severity != "note",
                    "small": language.kept(str(code)),
                }
                rows.append(
                    [
                        kind if i == 0 else {},
                        {"text": said(str(row["asked"]), language)} if i == 0 else {},
                        {"text": said(str(row["came"]), language), "small": _where(row, language) + after},
                        {"text": said(str(row["todo"]), language)} if i == 0 else {},
                    ]
                )
    return blocks.table(columns, rows, note)


def _where(row: Mapping[Any, Any], language: Language) -> str:
    parts = [str(row[n]) for n in ("file", "layer") if row[n]]
    if not pd.isna(row["row"]):
        parts.append(language("findings.row", row=f"{int(row['row'])}"))
    return ", ".join(parts)


def limits(results: Results, language: Language) -> list[Block]:
    """Limits of the method."""
    texts = [language(f"limits.{k}") for k in _LIMITS]
    if results.provenance.get("model") == "field":
        texts[_LIMITS.index("inside_areas")] = language("limits.field")
    return [blocks.heading(language("limits.head")), blocks.bullets(texts)]


def provenance(results: Results, language: Language) -> list[Block]:
    """Version, seed, hashes, sources and licences."""
    rows = [
        (_origin(k, language), language.kept(v) or language("general.none"))
        for k, v in flat(without_sources(results.provenance))
        if k != "crs"
    ]
    rows.append((language("provenance.crs"), language.kept(crs_name(results.crs))))
    rows.append((language("provenance.cells"), language.number(results.num_cells)))
    rows.append((language("provenance.summary"), results.summary_sha256))
    sources = sources_of(results.provenance, results.parameters)
    return [
        blocks.heading(language("provenance.head")),
        blocks.para(language("provenance.same")),
        blocks.keys(rows, 0.35),
        blocks.heading(language("provenance.sources")),
        *([blocks.bullets(sources)] if sources else []),
        blocks.para(language("provenance.terms"), "quiet"),
    ]


def _origin(key: str, language: Language) -> str:
    """What an entry of the provenance is; what is not usual keeps its key."""
    for start in _INPUTS:
        if key.startswith(start):
            return language("provenance.input", name=key.removeprefix(start))
    return language(f"provenance.{key}") if language.has(f"provenance.{key}") else key
