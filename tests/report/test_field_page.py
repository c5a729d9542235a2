"""What a report shows of a density field, and that other reports are as before."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from remnant.assessment import Assessment
from remnant.io import write_results
from remnant.report import render_report
from remnant.report.field_figures import factor_breaks, field_map_png
from remnant.report.field_words import drivers, told_sentence, untold_warning


@pytest.fixture(scope="module")
def result(make_with_field: Callable[..., Assessment]) -> Assessment:
    return make_with_field()


@pytest.fixture(scope="module")
def page(result: Assessment) -> str:
    return re.sub(r"\s+", " ", render_report(result))


def test_a_report_without_a_field_says_nothing_of_one(make_assessment: Callable[..., Assessment]) -> None:
    page = render_report(make_assessment())
    assert 'id="field"' not in page
    assert "What drives it" not in page
    assert "Where the records say next to nothing" not in page


def test_numbers_of_the_field_are_sentences(page: str) -> None:
    assert "Places up to about 7 km apart are alike (4 km to 12 km)." in page
    assert "Places far apart typically differ by a factor of 6 (2.1 to 19)." in page
    assert "About 2 times as many near “the front” as far from it (1.2 to 3.5 times)." in page
    assert "About 2 times as many on “open” ground as on “&lt;i&gt;wood” ground (1.2 to 2.5 times)." in page
    assert "About as many where “slope” is high as where it is low (0.70 to 1.4 times)." in page


def test_a_number_that_the_records_left_alone_says_so(result: Assessment) -> None:
    assert result.field is not None
    spread = result.field.told[1]
    assert spread.is_prior
    assert "this is what was believed before (2 to 20)" in told_sentence(spread)["remark"]
    assert told_sentence(result.field.told[0])["remark"] == "Believed before: 1 km to 50 km."


def test_short_ranges_are_in_metres(result: Assessment) -> None:
    assert result.field is not None
    short = dataclasses.replace(result.field.told[0], low=0.19, middle=0.49, high=1.4)
    assert told_sentence(short)["text"] == "Places up to about 490 m apart are alike (190 m to 1.4 km)."


def test_the_warning_stands_before_the_totals(page: str) -> None:
    place = page.index("Where the records say next to nothing")
    assert place < page.index('id="totals"')
    assert re.search(r"For 10 of 28 hazard areas \([\d,.]+ k?m², \d+ % of their ground\)", page[place:])


def test_no_warning_where_the_records_tell_all(result: Assessment) -> None:
    assert result.field is not None
    told = dataclasses.replace(result.field, area_untold=np.zeros(len(result.areas), np.bool_))
    assert untold_warning(dataclasses.replace(result, field=told)) == ""


def test_all_areas_may_be_untold(make_with_field: Callable[..., Assessment]) -> None:
    assert "For all 28 hazard areas" in untold_warning(make_with_field(all_untold=True))


def test_drivers_are_plain_words(result: Assessment) -> None:
    words = drivers(result)
    assert words[0] == (
        "Its own ground searched without a find lowers it by 60 %; finds in HA-0006 raise it by 25 % or so; items met "
        "outside any search of deliveries of PFM-1S matter so much that what it would be without cannot be told. All "
        "evidence together lowers it by 50 % (expected before any record 4, now 2)."
    )
    assert words[3] == "Nothing but what was believed before (expected before any record 3.1, now 3)."
    assert words[6] == (
        "No single record stands out; all of them together raise it 3 times (expected before any record 1, now 3)."
    )


def test_untold_areas_are_marked_in_the_table(page: str) -> None:
    assert (
        page.count("the records say next to nothing of how it differs") == 3
    )  # of areas 0, 3 and 6, which have words


def test_the_maps_are_the_same_bytes_again(make_with_field: Callable[..., Assessment]) -> None:
    assert field_map_png(make_with_field()) == field_map_png(make_with_field())


def test_several_fields_have_a_row_each(make_with_field: Callable[..., Assessment]) -> None:
    one, two = (field_map_png(make_with_field(names=n)) for n in (("",), ("PMN", "POM-2")))
    assert one is not None
    assert two is not None
    assert len(two) > len(one)


def test_breaks_are_symmetric_and_suit_what_is_shown() -> None:
    for far in (1.1, 2.0, 5.0, 300.0):
        breaks = np.array(factor_breaks(np.log(np.array([1.0 / far, np.nan, 1.0]))))
        assert breaks * breaks[::-1] == pytest.approx(1.0)
        assert (np.diff(breaks) > 0.0).all()
    assert max(factor_breaks(np.zeros(3))) < max(factor_breaks(np.array([2.0])))


def test_the_page_never_says_that_land_is_harmless(make_with_field: Callable[..., Assessment]) -> None:
    html = render_report(make_with_field(names=("PMN", "POM-2")))
    assert re.findall(r"safe|free of mines|mine[- ]free", html, re.IGNORECASE) == []


def test_files_hold_the_field_and_the_influences(result: Assessment, tmp_path: Path) -> None:
    written = write_results(result, tmp_path / "out", report_html=None)
    assert {"field_mean.tif", "field_sd.tif", "field_free_sd.tif"} <= {p.name for p in written.rasters}
    assert result.field is not None
    with rasterio.open(written.folder / "rasters" / "field_mean.tif") as file:
        assert file.transform.c == result.field.left_m
        assert file.transform.f == result.field.top_m
        assert np.isnan(file.read(1)[0, 0])
        np.testing.assert_array_equal(file.read(1), result.field.mean[0].astype(np.float32))
    with (written.folder / "influence.csv").open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert rows[4]["area_id"] == "HA-0001"
    assert rows[4]["from_area_id"] == "HA-0006"
    assert rows[5]["mean_without"] == ""
    summary = json.loads(written.summary.read_text())
    assert summary["influence"][5]["factor"] is None
    assert "field_factor" in summary["areas"][0]
    manifest = json.loads((written.folder / "manifest.json").read_text())
    assert {"influence.csv", "rasters/field_sd.tif"} <= set(manifest["files"])
    write_results(result, tmp_path / "again", report_html=None)
    for path in ("rasters/field_mean.tif", "influence.csv", "example-valley.gpkg"):
        assert (tmp_path / "again" / path).read_bytes() == (written.folder / path).read_bytes()
