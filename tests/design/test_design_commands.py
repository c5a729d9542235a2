"""`remnant design` as its user meets it: answers, layers, whole outputs, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from remnant.cli import app as cli_app
from remnant.errors import RemnantError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "design"
SITE, AREAS = EXAMPLES / "site.geojson", EXAMPLES / "areas.csv"
TARGET = ("transects", "--target", "100x30", "--width", "2")


def run(*words: object) -> Any:
    return CliRunner().invoke(cli_app.app, ["design", *map(str, words)])


def answered(*words: object) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def test_the_sample_sizes_asked_for_come_from_the_command() -> None:
    for units, confidence, clean, wanted in ((1000, "95%", "0.99", 238), (10_000, "0.95", "99.9%", 2383)):
        plan = answered(
            "sample", "--units", units, "--confidence", confidence, "--clean", clean, "--detection", 1
        )
        assert plan["num_sampled"] == wanted


def test_transects_are_drawn_whole_and_twice_the_same(tmp_path: Path) -> None:
    words = (*TARGET, "--spacing", "60x120", "--pattern", "rectangular", "--density-per-ha", 200, "--method", "dogs",
             "--site", SITE, "--simulate", 500)  # fmt: skip
    for name in ("one", "two"):
        result = run(*words, "--out", tmp_path / name)
        assert result.exit_code == 0, result.exception
    first, second = (json.loads((tmp_path / n / "manifest.json").read_text("utf-8")) for n in ("one", "two"))
    assert first == second
    lines = gpd.read_file(tmp_path / "one" / "design.gpkg", layer="transects")
    swaths = gpd.read_file(tmp_path / "one" / "design.gpkg", layer="swaths")
    site = gpd.read_file(SITE).to_crs(lines.crs).union_all()
    assert lines.crs.is_projected
    assert shapely.covers(site.buffer(0.01), swaths.union_all())
    share = swaths.union_all().area / site.area
    assert share == pytest.approx(1.0 - (1.0 - 2.0 / 60.0) * (1.0 - 2.0 / 120.0), rel=0.1)
    assert lines["length_m"].to_numpy() == pytest.approx(lines.length.to_numpy(), rel=1e-6)
    written = set(first["files"])
    assert {"design.gpkg", "design.png", "design.json", "design.txt", "transects.csv"} <= written


def test_tracks_of_half_a_site_show_half_of_the_targets(tmp_path: Path) -> None:
    site = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 1000)], crs="EPSG:32633")
    site = site.set_geometry(site.translate(500_000, 4_900_000))
    site.to_file(tmp_path / "site.gpkg")
    x = 500_000 + np.arange(5, 500, 10)
    tracks = shapely.linestrings([[(v, 4_900_000), (v, 4_901_000)] for v in x])
    gpd.GeoDataFrame(geometry=tracks, crs="EPSG:32633").to_crs(4326).to_file(tmp_path / "tracks.gpkg")
    words = ("transects", "--target", 20, "--width", 2, "--spacing", 10, "--site", tmp_path / "site.gpkg")
    walked = answered(*words, "--walked", tmp_path / "tracks.gpkg")
    assert walked["is_walked"]
    assert walked["on_site"]["p_traverse"] == pytest.approx(0.5, abs=0.04)


def test_units_are_drawn_on_the_site(tmp_path: Path) -> None:
    result = run(
        "sample", "--site", SITE, "--unit-m", 25, "--detection", "0.7-0.95", "--out", tmp_path / "out"
    )
    assert result.exit_code == 0, result.exception
    plan = json.loads((tmp_path / "out" / "design.json").read_text("utf-8"))
    units = gpd.read_file(tmp_path / "out" / "design.gpkg", layer="units")
    assert len(units) == plan["num_sampled"] == int(re.findall(r"Inspect (\d+) of", result.output)[0])
    assert units.area.to_numpy() == pytest.approx(625.0)
    assert not units.overlaps(units.iloc[0].geometry).any()


def test_effort_from_a_table_goes_where_it_finds_most_and_counts_what_is_unknown(tmp_path: Path) -> None:
    answer = answered("effort", AREAS, "--hours", 60, "--m2-per-hour", 200, "--detection", 0.9)
    hours = {a["area_id"]: a["hours_h"] for a in answer["areas"]}
    assert max(hours, key=lambda k: hours[k]) == "Old road"
    assert sum(hours.values()) == pytest.approx(60.0)
    assert "Quarry" not in hours
    assert any("unknown: 1" in note for note in answer["notes"])
    assert answer["expected_found"] > answer["expected_found_even"]
    lanes = answered(
        "effort", AREAS, "--hours", 60, "--m2-per-hour", 200, "--detection", 0.9, "--law", "lanes"
    )
    assert lanes["expected_found"] > answer["expected_found"]


def test_the_next_hour_from_a_table_ranks_areas(tmp_path: Path) -> None:
    words = ("next-hour", AREAS, "--m2-per-hour", 200, "--detection", "0.7-0.95")
    answer = answered(*words, "--limit", "5%", "--loss-per-item", 50000, "--clear-cost-per-m2", 2)
    rates = [a["best_loss_avoided_per_h"] for a in answer["areas"]]
    assert rates == sorted(rates, reverse=True)
    assert any("hours to a limit are too few" in note for note in answer["notes"])
    result = run(*words, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.exception
    assert (tmp_path / "out" / "areas.csv").read_text("utf-8-sig").startswith("rank,area_id")
    assert not (tmp_path / "out" / "design.gpkg").exists()  # a table without places has no layer


def test_no_output_calls_land_by_the_word_that_the_program_never_uses() -> None:
    for words in (
        ("sample", "--units", 100, "--detection", 1),
        ("zero", "--searched-m2", 100, "--detection", 1),
        ("inspect", "--share", 0.1, "--detection", 1),
        (*TARGET, "--spacing", 30, "--simulate", 200),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.exception
        assert not re.search(r"\bsafe\b|mine-free", result.output, re.IGNORECASE)
        assert "release no land" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*TARGET[:2], "wide", "--width", 2, "--spacing", 9), r"--target must be a number, or two .* got 'wide'"),
        ((*TARGET, "--spacing", "nan"), r"--spacing must be a number"),
        (TARGET, r"either --spacing or --goal is wanted; neither came"),
        ((*TARGET, "--spacing", "60x90"), r"Write --pattern rectangular"),
        ((*TARGET, "--spacing", 60, "--pattern", "zigzag"), r"must be one of parallel, square, rectangular; got 'zig"),
        ((*TARGET, "--goal", "95"), r"got '95'\. Write 0\.95 or 95%"),
        ((*TARGET, "--spacing", 60, "--density-per-ha", 20), r"either --detection or --method .* neither came"),
        ((*TARGET, "--spacing", 60, "--detection", 0.9), r"needs a density to detect"),
        ((*TARGET, "--spacing", 60, "--prior", 0.3), r"needs its density and a detection chance"),
        ((*TARGET, "--spacing", 60, "--site", "none.gpkg"), r"none\.gpkg must exist; it is not there"),
        ((*TARGET, "--spacing", 60, "--site", AREAS), r"areas\.csv must hold outlines"),
        (("sample", "--units", 100), r"No detector finds everything"),
        (("sample", "--units", 0, "--detection", 1), r"a lot has 1 to"),
        (("sample", "--detection", 1), r"its number of units, or a site; neither came"),
        (("effort", AREAS, "--hours", -1, "--m2-per-hour", 3, "--detection", 1), r"hours to spend must be 0 or more"),
        (("effort", AREAS, "--hours", 1, "--m2-per-hour", 0, "--detection", 1), r"per hour must be above 0"),
        (("effort", AREAS, "--hours", 1, "--m2-per-hour", 3, "--method", "cats"), r"'cats' is not in the catalogue"),
        (("next-hour", EXAMPLES, "--m2-per-hour", 3, "--detection", 1), r"result folder of `remnant assess` or a"),
        (("next-hour", ROOT / "examples" / "valley", "--m2-per-hour", 3, "--detection", 1), r"name one with --method"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_came_and_what_to_do(
    words: tuple[object, ...], told: str, tmp_path: Path
) -> None:
    result = run(*words, *(() if words[0] == "zero" else ("--out", tmp_path / "out")))
    assert isinstance(result.exception, RemnantError), result.output
    assert re.search(told, str(result.exception)), str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", r"a header row is wanted"),
        ("area_id,area_m2,mean\n", r"must hold records; it is empty"),
        ("area_id,area_m2,mean\nA,100,many\n", r"row 1: mean must be a number, 0 or more; got 'many'"),
        ("area_id,area_m2,mean\nA,100,-3\n", r"row 1: mean must be a number, 0 or more; got -3"),
        ("area_id,area_m2,mean\nA,,3\n", r"some area must have ground and an expectation"),
        ("area_id,size\nA,100\n", r"a column area_m2, area_ha or area_km2"),
        ("area_id,area_m2\nA,100\n", r"a column mean \(items\) or density_per_km2"),
        ("area_id,area_m2,mean,p_any\nA,100,3,30\n", r"p_any must be a chance .* Percent\? Divide by 100"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_with_their_row(
    content: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "areas.csv").write_text(content, encoding="utf-8")
    result = run("effort", tmp_path / "areas.csv", "--hours", 5, "--m2-per-hour", 10, "--detection", 0.9)
    assert isinstance(result.exception, RemnantError), result.output
    assert re.search(told, str(result.exception)), str(result.exception)


def _site(path: Path, shape: Any, crs: str) -> Path:
    gpd.GeoDataFrame({"n": [1]}, geometry=[shape], crs=crs).to_file(path)
    return path


def test_sites_in_a_wrong_system_or_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    square = shapely.box(500_000, 4_900_000, 500_500, 4_900_500)
    bow = shapely.Polygon([(500_000, 0), (500_100, 100), (500_100, 0), (500_000, 100)])
    for name, shape, crs, told in (
        ("metres-as-degrees", square, "EPSG:4326", r"degrees lie within ±180.*--crs"),
        ("point", shapely.Point(15, 44), "EPSG:4326", r"every row must be a polygon; 1 of 1 are not"),
        ("bow", bow, "EPSG:32633", r"every outline must be a valid polygon.*Self-intersection"),
    ):
        result = run(*TARGET, "--spacing", 60, "--site", _site(tmp_path / f"{name}.gpkg", shape, crs))
        assert isinstance(result.exception, RemnantError), result.output
        assert re.search(told, str(result.exception)), str(result.exception)


def test_a_site_in_mercator_is_measured_on_the_ground(tmp_path: Path) -> None:
    square = gpd.GeoSeries([shapely.box(500_000, 4_900_000, 500_500, 4_900_500)], crs="EPSG:32633")
    plain = _site(tmp_path / "utm.gpkg", square.iloc[0], "EPSG:32633")
    mercator = _site(tmp_path / "mercator.gpkg", square.to_crs(3857).iloc[0], "EPSG:3857")
    lengths = [
        answered(*TARGET, "--spacing", 20, "--site", f, "--simulate", 200)["length_m"]
        for f in (plain, mercator)
    ]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.05)


def test_foreign_files_in_the_output_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    result = run("sample", "--units", 100, "--detection", 1, "--out", tmp_path)
    assert isinstance(result.exception, RemnantError)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_package_opens_without_a_warning(tmp_path: Path) -> None:
    assert (
        run("sample", "--site", SITE, "--unit-m", 50, "--detection", 1, "--out", tmp_path / "o").exit_code
        == 0
    )
    layers = pyogrio.list_layers(tmp_path / "o" / "design.gpkg")[:, 0].tolist()
    assert layers == ["units", "site", "provenance"]
