"""The report of a case: words, marks, structure, and nothing loaded from elsewhere."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from remnant.assessment import Assessment
from remnant.report import answer_lines, render_report
from remnant.report.case_figures import curve_svg

VOID = {"meta", "br", "img", "link", "hr", "input", "col"}
FORBIDDEN = re.compile(r"safe|free of mines|mine[- ]free", re.IGNORECASE)


class Page(HTMLParser):
    """Collects tags and refuses a page whose tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="session")
def html(result: Assessment) -> str:
    return render_report(result)


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_never_says_that_land_is_harmless(html: str, empty: Assessment) -> None:
    assert FORBIDDEN.findall(html) == []  # pictures in the page included
    assert FORBIDDEN.findall(render_report(empty)) == []


def test_no_template_holds_the_words_in_any_branch() -> None:
    templates = [t for t in files("remnant.report").joinpath("templates").iterdir() if t.is_file()]
    assert templates
    for template in templates:
        # a word of the content policy, which browsers read and nobody sees
        text = template.read_text(encoding="utf-8").replace("'unsafe-inline'", "")
        assert FORBIDDEN.findall(text) == [], template.name


def test_nothing_is_loaded_from_elsewhere(page: Page, html: str) -> None:
    for tag, attrs in page.tags:
        assert tag not in {"script", "iframe", "object", "embed", "link", "form"}
        for name in ("src", "href", "xlink:href", "action", "data", "poster"):
            target = attrs.get(name) or "#"
            assert target.startswith(("#", "data:image/png;base64,")), (tag, target[:80])
    assert re.findall(r"@import|url\((?!#)", html) == []


def test_the_answer_stands_first_in_plain_words(page: Page) -> None:
    start = page.text.index("The answer")
    assert "between 110 and 720 explosive items" in page.text[start : start + 300]
    assert start < page.text.index("Totals are computed together")
    assert (
        "Of 30 hazard areas, 10 meet the policy, 13 do not meet it and 7 cannot be told without survey."
        in page.text
    )


def test_dates_after_the_records_are_marked_as_forecasts(page: Page) -> None:
    assert "Data as of 22 November 2026" in page.text
    assert "Forecast for 22 November 2036" in page.text
    assert "Answer for 22 November 2026" in page.text


def test_what_rests_on_judgement_is_marked(page: Page) -> None:
    assert (
        "Items where a suspected area holds any: 5 to 200 per km² before the evidence (judgement)."
        in page.text
    )
    assert "How often the PMN fails to function after 30 years rests on judgement." in page.text
    assert "judgement" in page.text[page.text.index("Items where a suspected area holds any") :]


def test_the_page_says_that_positions_are_private_and_a_person_releases_land(page: Page) -> None:
    assert "Keep private" in page.text
    assert "a person with the authority does" in page.text


def test_areas_of_unknown_place_are_named(page: Page) -> None:
    assert "2 hazard areas have no recorded place: counted in every total, absent from the map." in page.text


def test_pictures_have_text_and_headings_descend_one_by_one(page: Page) -> None:
    assert all(len(attrs.get("alt") or "") > 30 for attrs in page.named("img"))
    assert len(page.named("img")) == 2
    assert page.named("svg")[0]["role"] == "img"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1


def test_every_header_cell_says_what_it_heads_and_every_table_has_a_caption(page: Page) -> None:
    assert all(attrs.get("scope") in {"col", "row", "rowgroup"} for attrs in page.named("th"))
    assert len(page.named("caption")) == len(page.named("table"))


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = {attrs.get("id") for _, attrs in page.tags}
    links = [str(a["href"])[1:] for a in page.named("a")]
    assert set(links) <= ids


def test_text_of_the_records_is_shown_never_run(html: str) -> None:
    assert "<script>" not in html
    assert "&lt;script&gt;alert(" in html


def test_the_same_assessment_gives_the_same_page(
    make_assessment: Callable[..., Assessment], html: str
) -> None:
    assert render_report(make_assessment()) == html


def test_a_name_that_is_markup_stays_text(result: Assessment) -> None:
    html = render_report(dataclasses.replace(result, name="<b>Über & unter</b> 地雷"))
    assert "<h1>&lt;b&gt;Über &amp; unter&lt;/b&gt; 地雷</h1>" in html


def test_only_the_top_areas_are_listed_and_the_rest_is_counted(
    make_assessment: Callable[..., Assessment],
) -> None:
    many = make_assessment(num_areas=420)
    page = Page(render_report(many))
    assert (
        "The 300 areas with most expected explosive items on 22 November 2026; the other 120 are in areas.csv."
        in page.text
    )
    assert len(re.findall(r"(?:open|released)areas, row ", page.text)) == 300


def test_an_empty_case_has_a_page(empty: Assessment) -> None:
    page = Page(render_report(empty))
    assert "Nothing in this case has a recorded place, so there is no map." in page.text
    assert "The case holds no hazard areas." in page.text
    assert page.named("img") == []


def test_a_case_whose_areas_have_no_place_has_a_page(result: Assessment) -> None:
    areas = result.areas.copy()
    areas["place_known"] = False
    areas = areas.set_geometry(gpd.GeoSeries([None] * len(areas), crs=result.crs))
    nothing = result.cells.isel(cell=slice(0, 0))
    page = Page(render_report(dataclasses.replace(result, areas=areas, cells=nothing)))
    assert "30 hazard areas have no recorded place" in page.text


def test_many_dates_go_into_several_tables(result: Assessment) -> None:
    last = result.total_results[result.total_results["date"] == result.dates[-1]]
    later = [dt.date(2040 + k, 1, 1) for k in range(4)]
    totals = pd.concat([result.total_results, *(last.assign(date=d) for d in later)])
    many = dataclasses.replace(result, dates=(*result.dates, *later), total_results=totals)
    page = Page(render_report(many))
    assert page.text.count("Totals are computed together") == 3
    assert page.text.count("1 January 2043") >= 3


def test_an_early_change_is_drawn_on_a_log_axis(result: Assessment) -> None:
    curve = result.curve.copy()
    days = np.array([(d - result.as_of).days for d in curve["date"]])
    for name in ("mean", "q05", "q95"):
        curve[name] = curve[name] * np.where(days > 15, 0.01, 1.0)
    early = curve_svg(dataclasses.replace(result, curve=curve))
    late = curve_svg(result)
    assert early is not None
    assert late is not None
    assert (early[1], late[1]) == (True, False)


def test_noise_of_the_draws_does_not_make_the_axis_logarithmic(result: Assessment) -> None:
    curve = result.curve.copy()
    curve["mean"] = 100.0 + np.random.default_rng(3).normal(0.0, 2.0, len(curve))
    drawn = curve_svg(dataclasses.replace(result, curve=curve))
    assert drawn is not None
    assert not drawn[1]


def test_a_kind_of_finding_shows_each_of_its_first_places(page: Page) -> None:
    assert "a copy of row 3 events.csv, events, row 4" in page.text


def test_holes_and_several_parts_are_drawn(result: Assessment) -> None:
    areas = result.areas.copy()
    box = shapely.box(*areas.geometry.iloc[0].bounds)
    ring = box.difference(box.centroid.buffer(60))
    areas.loc[0, "geometry"] = shapely.MultiPolygon([ring, shapely.box(*areas.geometry.iloc[1].bounds)])
    Page(render_report(dataclasses.replace(result, areas=areas)))


def test_the_answer_in_lines_for_a_terminal(result: Assessment) -> None:
    first, second = answer_lines(result)
    assert first == (
        "On 22 November 2026, with 90 % probability, between 110 and 720 explosive items remain, of which between 38 "
        "and 250 armed items, between 16 and 110 expired items and between 55 and 360 duds."
    )
    assert second.startswith("Of 30 hazard areas")
