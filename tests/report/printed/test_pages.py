"""The printed pages in every language: nothing is empty, clipped, covered or lost, and text stays text."""

from __future__ import annotations

import dataclasses
import re
import time
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from remnant.errors import InvalidInput
from remnant.io import Results
from remnant.report import render_pdf
from remnant.report.printed.language import Language, language_of

LEAST_BYTES = 20_000
LEFT, RIGHT, LOWEST, HIGHEST = 51.0, 544.3, 25.0, 815.0  # margins, footer and header of A4 [pt]
HANGING = 3.0  # a space at the end of a line may hang out [pt]
FORBIDDEN = re.compile(r"\bsafe|free of mines|mine[- ]free|\bбезпечн", re.IGNORECASE)
HOSTILE = (
    '#import "@preview/x:0.1.0"', "<script>alert(1)</script>", "=cmd()", "$x^2$ *bold* _it_ @ref #panic()",
    "{name} {0}", "W" * 300, "a/very\\long-path_" * 20,
    "野 💣 \u202eabc\u2069 \x07", "\n\t ", "'; DROP TABLE areas; --",
)  # fmt: skip


def check_pages(paper: ModuleType, pdf: bytes, *, most: int = 1000) -> list[Any]:
    """All that must hold of any document, of so many of its pages; returns all of them."""
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) >= LEAST_BYTES
    pages: list[Any] = paper.pages_of(pdf)
    for number, page in enumerate(pages[:most], start=1):
        assert [round(float(v)) for v in page.mediabox] == [0, 0, 595, 842], "A4"
        runs = paper.runs_of(page)
        body = [r for r in runs if 60.0 < r.baseline < 780.0]
        assert sum(r.num_letters for r in body) >= 10, f"page {number} is empty"
        assert not any(r.has_missing_letter for r in runs), f"page {number} shows letters that the font lacks"
        for r in runs:
            assert r.left >= LEFT - HANGING, (number, r)
            assert r.right <= RIGHT + HANGING, (number, r)
            assert LOWEST <= r.baseline <= HIGHEST, (number, r)
    return pages


def covered(paper: ModuleType, page: Any) -> list[tuple[Any, Any]]:
    """Pairs of runs on one line that lie on each other."""
    lines: dict[float, list[Any]] = {}
    for run in paper.runs_of(page):
        lines.setdefault(round(run.baseline, 1), []).append(run)
    return [
        (a, b)
        for line in lines.values()
        for a, b in zip(
            sorted(line, key=lambda r: r.left), sorted(line, key=lambda r: r.left)[1:], strict=False
        )
        if a.right - b.left > HANGING
    ]


def test_the_report_of_a_case_is_whole_in_every_language(
    results: Results, language: Language, paper: ModuleType
) -> None:
    pdf = render_pdf(results, language=language)
    pages = check_pages(paper, pdf)
    assert 6 <= len(pages) <= 20
    text = paper.squeezed(paper.text_of(pdf))
    for name in results.areas["area_id"]:
        # a line of two directions comes out of the file in another order than it is read
        pieces = [name] if language.direction == "ltr" else re.findall(r"[\w-]+", name)
        for piece in pieces:
            assert paper.squeezed(piece) in text, name
    if language.direction == "ltr":
        for page in pages:
            assert paper.squeezed(language("general.private")) in paper.squeezed(page.extract_text())
        assert paper.squeezed(language("general.releases_nothing")) in text
    for page in pages[2:]:  # the map's own labels may touch
        assert covered(paper, page) == []


def test_the_dossier_of_an_area_is_whole_in_every_language(
    results: Results, language: Language, paper: ModuleType
) -> None:
    pdf = render_pdf(results, language=language, areas=["HA-0001", "HA-0030"])
    pages = check_pages(paper, pdf)
    assert 4 <= len(pages) <= 8
    text = paper.squeezed(paper.text_of(pdf))
    assert "HA-0001" in text
    assert "HA-0030" in text
    if language.direction == "ltr":
        for key in ("general.releases_nothing", "map.no_place", "area.signature", "area.corners_head"):
            assert paper.squeezed(language(key)) in text, key
        for page in pages:
            assert paper.squeezed(language("general.private")) in paper.squeezed(page.extract_text())


def test_a_case_with_nothing_in_it_prints_and_says_so(
    empty_results: Results, language: Language, paper: ModuleType
) -> None:
    pdf = render_pdf(empty_results, language=language)
    check_pages(paper, pdf)
    if language.direction == "ltr":
        text = paper.squeezed(paper.text_of(pdf))
        for key in ("case.no_areas", "map.nothing", "curve.nothing", "findings.nothing", "rests.nothing"):
            assert paper.squeezed(language(key)) in text, key


def test_a_page_from_right_to_left_is_mirrored(
    results: Results, language: Language, paper: ModuleType
) -> None:
    (head, *_) = paper.pages_of(render_pdf(results, language=language, areas=["HA-0001"]))
    largest = max(paper.runs_of(head), key=lambda r: r.size)
    middle = 0.5 * (LEFT + RIGHT)
    assert (largest.left > middle) == (language.direction == "rtl")


def test_what_drives_an_area_is_printed_where_a_field_was_learned(
    field_results: Results, language: Language, paper: ModuleType
) -> None:
    pdf = render_pdf(field_results, language=language, areas=["HA-0001"])
    check_pages(paper, pdf)
    if language.direction == "ltr":
        assert paper.squeezed(language("area.influence_factor")) in paper.squeezed(paper.text_of(pdf))


def test_the_same_result_gives_the_same_bytes(results: Results) -> None:
    assert render_pdf(results) == render_pdf(results)
    assert render_pdf(results, areas=["HA-0001"]) == render_pdf(results, areas=["HA-0001"])


def test_the_date_of_the_file_is_that_of_the_records_and_no_clock(
    results: Results, paper: ModuleType
) -> None:
    (first, *_) = paper.pages_of(render_pdf(results))
    held = first.pdf.metadata
    assert held.title == "Example valley"
    assert held.creation_date.date() == results.as_of


def _with_names(results: Results, names: list[str]) -> Results:
    areas = results.areas.iloc[:12].copy()
    areas["area_id"] = [names[k % len(names)] for k in range(len(areas))]
    for column in ("hazard_class", "status", "types", "layer", "reasons", "verdict"):
        areas[column] = [names[(k + 3) % len(names)] for k in range(len(areas))]
    findings = results.findings.copy()
    for column in ("code", "file", "layer", "asked", "came", "todo"):
        findings[column] = names[: len(findings)]
    parameters = results.parameters.assign(
        title=names[:4], source=names[4:8], basis=names[:4], unit=names[:4]
    )
    held = results.area_results
    return dataclasses.replace(
        results, name=" ".join(names), areas=areas, area_results=held[held["area"] < len(areas)],
        findings=findings, parameters=parameters, crs="EPSG:32633",
        judgements=tuple(names), provenance={n: n for n in names},
    )  # fmt: skip


def test_hostile_names_stay_text_and_stay_on_the_page(
    results: Results, language: Language, paper: ModuleType
) -> None:
    hostile = _with_names(results, list(HOSTILE))
    pdf = render_pdf(hostile, language=language)
    pages = check_pages(paper, pdf)
    text = paper.squeezed(paper.text_of(pdf))
    if language.direction == "ltr":
        for name in HOSTILE[:7]:
            assert paper.squeezed(name) in text, name
        assert "[U+91CE][U+1F4A3][U+202E]abc[U+2069][U+0007]" in text
    for page in pages[3:]:
        assert covered(paper, page) == []
    check_pages(paper, render_pdf(hostile, language=language, areas=[HOSTILE[0], HOSTILE[5]]))


def test_areas_without_any_place_are_in_the_tables_and_there_is_no_map(
    results: Results, language: Language, paper: ModuleType
) -> None:
    nowhere = results.areas.assign(place_known=False)
    nowhere = nowhere.set_geometry(gpd.GeoSeries([None] * len(nowhere), crs=results.crs))
    blank = np.empty(0)
    cells = dataclasses.replace(results.cells, west_m=blank, south_m=blank, p_any=blank, searched_share=blank)
    unplaced = dataclasses.replace(results, areas=nowhere, cells=cells)
    pdf = render_pdf(unplaced, language=language)
    check_pages(paper, pdf)
    text = paper.squeezed(paper.text_of(pdf))
    assert "HA-0030" in text
    if language.direction == "ltr":
        assert paper.squeezed(language("map.nothing")) in text


def test_a_thousand_areas_are_all_in_the_table_within_seconds(results: Results, paper: ModuleType) -> None:
    num, times = len(results.areas), 34
    areas = pd.concat([results.areas] * times, ignore_index=True).iloc[:1000]
    areas["area_id"] = [f"HA-{k:05d}" for k in range(1000)]
    long = pd.concat(
        [results.area_results.assign(area=results.area_results["area"] + k * num) for k in range(times)]
    )
    many = dataclasses.replace(results, areas=areas, area_results=long[long["area"] < 1000])
    start = time.perf_counter()
    pdf = render_pdf(many)
    assert time.perf_counter() - start < 60.0  # about 4 s on one core
    pages = check_pages(paper, pdf, most=6)
    text = paper.text_of(pdf)
    assert [n for n in areas["area_id"] if n not in text] == []
    heads = " ".join(text.split()).count("Explosive items, 90 % interval")
    assert heads >= 20 < len(pages)  # the head of the table is repeated


def test_an_outline_with_many_corners_says_how_exactly_they_follow_it(
    results: Results, paper: ModuleType
) -> None:
    row = 0
    centre = results.areas.geometry.iloc[row].centroid
    ring = centre.buffer(400.0, quad_segs=200).difference(centre.buffer(100.0, quad_segs=50))
    areas = results.areas.copy()
    areas.loc[row, "geometry"] = shapely.MultiPolygon(
        [ring, shapely.affinity.translate(centre.buffer(40.0), 900.0)]
    )
    text = " ".join(
        paper.text_of(render_pdf(dataclasses.replace(results, areas=areas), areas=["HA-0001"])).split()
    )
    assert re.search(r"The outline has 1,\d{3} corners; those below follow it within [\d.]+ m", text)
    assert "hole in part 1" in text
    assert "part 2" in text


def test_corners_are_right_where_they_are_known(results: Results) -> None:
    from remnant.report.printed.corners import corners_of

    # 15° E on the equator is easting 500,000 m, northing 0 in zone 33N; along the central meridian the scale is 0.9996
    square = shapely.box(500_000.0, 0.0, 500_999.6, 999.6)
    areas = results.areas.copy()
    areas.loc[0, "geometry"] = square
    corners = corners_of(dataclasses.replace(results, areas=areas), 0)
    assert corners is not None
    at = {(round(p.x), round(p.y)): k for k, p in enumerate(corners.points)}
    k = at[500_000, 0]
    assert (corners.latitude_deg[k], corners.longitude_deg[k]) == pytest.approx((0.0, 15.0), abs=1e-9)
    assert corners.next_m == pytest.approx(1000.0, abs=0.1)
    assert corners.num_all == 4
    assert corners.within_m == 0.0
    goes_north = (k + 1) % 4 == at[500_000, 1000]
    assert corners.next_deg[k] == pytest.approx(0.0 if goes_north else 90.0, abs=0.01)


def test_no_page_calls_land_harmless(results: Results, paper: ModuleType) -> None:
    for code in ("en", "uk"):
        for areas in ((), ("HA-0001",)):
            text = paper.text_of(render_pdf(results, language=language_of(code), areas=areas))
            assert FORBIDDEN.findall(text) == []


def test_an_area_that_is_not_there_is_refused_with_near_names(results: Results) -> None:
    with pytest.raises(InvalidInput, match=r"must hold the area 'HA-00001'.*Near: HA-0001"):
        render_pdf(results, areas=["HA-00001"])


def test_a_language_that_is_not_there_is_refused(results: Results) -> None:
    with pytest.raises(InvalidInput, match=r"must be one of en, uk; got 'xx'"):
        render_pdf(results, language="xx")
