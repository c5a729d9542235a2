"""The dossier of one area as blocks for printing: what a team leader takes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from remnant.catalogue import load_catalogue
from remnant.errors import InvalidInput
from remnant.io.case_file import near
from remnant.io.read_results import Results
from remnant.report.printed import blocks
from remnant.report.printed.blocks import Block, Cell, Column
from remnant.report.printed.case import items_words, searched_words
from remnant.report.printed.corners import Corners, corners_of
from remnant.report.printed.facts import (
    change_words,
    class_words,
    dated,
    gathered,
    policy_keys,
    stamps,
    state_tables,
    states_explained,
    status_words,
    verdict_words,
)
from remnant.report.printed.grounds import finding_table
from remnant.report.printed.language import Language
from remnant.report.printed.maps import area_map, cell_legend
from remnant.report.printed.phrases import marked, said
from remnant.report.provenance import crs_name

_EVIDENCE = ("searched", "found", "met")
_NUM_LINES = 7


def rows_of(results: Results, asked: Sequence[str]) -> list[int]:
    """Rows of the areas with these ids, in their order.

    Raises
    ------
    InvalidInput
        No area has one of the ids.
    """
    ids = results.areas["area_id"].astype(str).tolist()
    rows: list[int] = []
    for name in asked:
        mine = [k for k, area_id in enumerate(ids) if area_id == name]
        if not mine:
            raise InvalidInput(
                f"the result must hold the area {name!r}; it has {len(ids)} others. {near(name, ids)}"
                "areas.csv in the result folder lists them."
            )
        rows += mine
    return rows


def area_blocks(results: Results, row: int, language: Language) -> list[Block]:
    """The whole dossier of the area in a row of the table of areas."""
    area = results.areas.drop(columns="geometry").iloc[row].to_dict()
    corners = corners_of(results, row)
    return [
        blocks.title(
            language("area.title", name=str(area["area_id"])),
            language("area.kicker"),
            stamps(results, language),
        ),
        blocks.callout(language("general.releases_nothing"), [language("general.who_releases")]),
        *_facts(results, area, language),
        *_verdict(results, area, language),
        *_met(results, area, row, language),
        *_map(results, row, corners, language),
        *_evidence(results, area, row, language),
        *_corners(corners, language),
        blocks.heading(language("area.notes_head")),
        blocks.form(
            [language(f"area.{k}") for k in ("signed_name", "signed_role", "signed_date", "signature")],
            num_lines=_NUM_LINES,
        ),
    ]


def _facts(results: Results, area: Mapping[Any, Any], language: Language) -> list[Block]:
    size = language.area(float(area["area_m2"]))
    if not area["place_known"]:
        size = f"{size} ({language('table.place_unknown')})"
    rows = [
        (language("area.id"), language.kept(str(area["area_id"]))),
        (language("area.class"), class_words(str(area["hazard_class"]), language, long=True)),
        (language("area.status"), status_words(str(area["status"]), language)),
        (language("area.size"), size),
        (language("area.case"), language.kept(results.name)),
        (language("area.record"), language("area.record_value", layer=str(area["layer"]), row=str(area["row"]))),
    ]  # fmt: skip
    return [blocks.heading(language("area.facts_head")), blocks.keys(rows)]


def _verdict(results: Results, area: Mapping[Any, Any], language: Language) -> list[Block]:
    return [
        blocks.heading(language("area.verdict_head")),
        blocks.para(verdict_words(str(area["verdict"]), language), "lead"),
        blocks.para(gathered([said(str(area["reasons"]), language), change_words(area, language)])),
        blocks.keys(policy_keys(results.policy, language), 0.45),
        blocks.para(language("case.verdicts_note"), "quiet"),
    ]


def _met(results: Results, area: Mapping[Any, Any], row: int, language: Language) -> list[Block]:
    long = results.area_results
    mine = long[long["area"] == row]
    first = mine[(mine["date"] == results.dates[0]) & (mine["state"] == "explosive")].to_dict("records")
    lead = [
        blocks.para(
            language("area.met", day=dated(results, results.dates[0], language), items=items_words(r, language),
                     chance=language.percent(r["p_any"])), "lead",
        )
        for r in first
    ]  # fmt: skip
    return [
        blocks.heading(language("area.met_head")),
        *lead,
        *state_tables(results, {"": mine}, "", language("table.interval_note"), language),
        *_types(results, str(area["types"]), language),
        blocks.heading(language("state.head")),
        states_explained(language),
    ]


def _types(results: Results, types: str, language: Language) -> list[Block]:
    names = [t.strip() for t in types.split(";") if t.strip()]
    if not names:
        return [blocks.keys([(language("area.types"), language("area.no_types"))])]
    catalogue = load_catalogue()
    is_same = results.provenance.get("catalogue_sha256") == catalogue.sha256
    rows: list[list[Cell]] = []
    for name in names:
        entry = catalogue.types.get(name) if is_same else None
        words = language("area.no_description")
        if entry is not None:
            words = marked(f"{entry.title}. {entry.description}".strip(), language)
        rows.append([{"text": language.kept(name), "bold": True}, {"text": words}])
    columns = [Column(language("area.types"), 1.0), Column(language("area.description"), 4.0)]
    return [blocks.table(columns, rows, language("area.types_note"))]


def _map(results: Results, row: int, corners: Corners | None, language: Language) -> list[Block]:
    head = blocks.heading(language("area.map_head"))
    drawn = None if corners is None else area_map(results, row, corners.points, language)
    if drawn is None:
        return [head, blocks.para(language("map.no_place"))]
    caption = language(
        "map.area_caption", day=dated(results, results.dates[0], language), crs=crs_name(results.crs),
        as_of=language.day(results.as_of), name=results.name, program=str(results.provenance.get("program", "remnant")),
    )  # fmt: skip
    side = language("number.m", value=language.plain(f"{results.cells.cell_m:g}"))
    return [
        head,
        blocks.figure(
            drawn.svg, drawn.ratio, drawn.labels, alt=language("area.map_head"),
            legend_title=language("map.cell_legend", side=f"{side} × {side}"), legend=cell_legend(language),
            caption=caption,
        ),
    ]  # fmt: skip


def _evidence(results: Results, area: Mapping[Any, Any], row: int, language: Language) -> list[Block]:
    rows = [
        (language("area.searched"), searched_words(float(area["searched_share"]), language)),
        (language("area.found"), language.rounded(float(area["num_found"]))),
        (language("area.p_exists"), language.percent(float(area["p_exists"]))),
    ]
    parts = [
        blocks.heading(language("area.evidence_head")),
        blocks.keys(rows),
        blocks.para(language("area.evidence_note"), "quiet"),
        *_influence(results, row, language),
    ]
    held = results.findings
    mine = held[(held["layer"] == area["layer"]) & (pd.to_numeric(held["row"]) == area["row"])]
    if len(mine):
        parts += [blocks.heading(language("area.findings_head")), finding_table(mine, language)]
    return parts


def _influence(results: Results, row: int, language: Language) -> list[Block]:
    """What drives the estimate, where a field has been learned."""
    held = results.influence
    mine = held[(held["area"] == row) & held["evidence"].isin(_EVIDENCE)].sort_values("rank", kind="stable")
    if mine.empty:
        return []
    rows: list[list[Cell]] = []
    for r in mine.to_dict("records"):
        where = {
            "own": language("area.influence_own"),
            "hazard area": language("area.influence_area", name=str(r["from_area_id"])),
        }.get(str(r["whose"]), marked(str(r["whose"]), language))
        factor = float(r["factor"])
        rows.append(
            [
                {"text": language(f"area.influence_{r['evidence']}")},
                {"text": where},
                {"text": language("area.influence_untold") if np.isnan(factor) else f"× {language.rounded(factor)}",
                 "small": language("area.influence_rough") if r["is_rough"] else ""},
            ]
        )  # fmt: skip
    columns = [
        Column(language("area.influence_what"), 2.0), Column(language("area.influence_where"), 2.0),
        Column(language("area.influence_factor"), 1.0, "end"),
    ]  # fmt: skip
    return [blocks.table(columns, rows, language("area.influence_note"))]


def _corners(corners: Corners | None, language: Language) -> list[Block]:
    if corners is None:
        return []
    note = language.count("area.corners_note", corners.num_all)
    if corners.within_m > 0.0:
        distance = language("number.m", value=language.plain(f"{corners.within_m:g}"))
        note = language.count("area.corners_left_out", corners.num_all, distance=distance)
    columns = [
        Column(language("area.corner"), 0.6, "end"), Column(language("area.ring"), 1.6),
        Column(language("area.latitude"), 1.5, "end"), Column(language("area.longitude"), 1.5, "end"),
        Column(language("area.next_m"), 1.5, "end"), Column(language("area.next_deg"), 1.5, "end"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            {"text": str(k + 1)},
            {
                "text": language(
                    f"area.{'hole' if corners.is_hole[k] else 'outer'}", part=str(corners.part[k] + 1)
                )
            },
            {"text": language.plain(f"{corners.latitude_deg[k]:.6f}"), "bold": True},
            {"text": language.plain(f"{corners.longitude_deg[k]:.6f}"), "bold": True},
            {"text": language.plain(f"{corners.next_m[k]:,.1f}")},
            {"text": language.plain(f"{corners.next_deg[k]:.0f}")},
        ]
        for k in range(len(corners.points))
    ]
    return [blocks.heading(language("area.corners_head")), blocks.table(columns, rows, note)]
