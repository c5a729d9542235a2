"""`remnant prior fit` from files, and cases that start from what it wrote."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine
from typer.testing import CliRunner

from remnant.assessment import assess
from remnant.cli import app as cli_app
from remnant.errors import InvalidInput
from remnant.evidence import RasterCovariate, design_matrix
from remnant.field.learned_prior import MAP_BANDS
from remnant.io import read_case
from remnant.io.prior_file import read_prior

SIDE, STEP_M, LEFT, TOP = 12, 1000.0, 400_000.0, 700_000.0  # UTM 18N
HEAD = """
name = "valley"
as_of = 2012-12-31
num_draws = 100
crs = "EPSG:32618"
[region]
file = "region.gpkg"
[model]
kind = "field"
[model.field]
range_km = { low = 3, high = 20, source = "test" }
spread_factor = { low = 2, high = 6, source = "test" }
spacing_m = 3000
"""
COVARIATES = """
[[model.covariates]]
name = "hills"
kind = "raster"
file = "hills.tif"
effect = { low = 0.5, high = 4, source = "test" }
[[model.covariates]]
name = "roads"
kind = "raster"
file = "roads.tif"
effect = { low = 0.3, high = 3, source = "test" }
"""
EVENTS = """
[[layers]]
kind = "accidents"
file = "events.csv"
crs = "EPSG:32618"
[layers.columns]
geometry = { x = "x", y = "y" }
date = "year"
[layers.defaults]
type = "PMA-2"
precision_m = 0
"""
LABELS = """
[[layers]]
kind = "labelled_cells"
file = "labels.csv"
crs = "EPSG:32618"
[layers.columns]
geometry = { x = "x", y = "y" }
outcome = "outcome"
date = "year"
[layers.defaults]
reported_area_m2 = 1000000
[layers.values.outcome]
"-1" = "unknown"
"""


def _raster(path: Path, values: np.ndarray[Any, Any]) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=SIDE, width=SIDE, count=1, dtype="float64", crs="EPSG:32618",
        transform=Affine(STEP_M, 0, LEFT, 0, -STEP_M, TOP),
    ) as file:  # fmt: skip
        file.write(values, 1)


def _table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prior")
    rng = np.random.default_rng(5)
    hills, roads = rng.standard_normal((2, SIDE, SIDE))
    _raster(folder / "hills.tif", hills)
    _raster(folder / "roads.tif", roads)
    east, north = LEFT + SIDE * STEP_M, TOP - SIDE * STEP_M
    outline = gpd.GeoDataFrame(
        {"name": ["valley"]}, geometry=[shapely.box(LEFT, north, east, TOP)], crs="EPSG:32618"
    )
    outline.to_file(folder / "region.gpkg")
    rate = 1.5 * np.exp(0.9 * hills + 0.7 * roads)
    events, labels = [], []
    for r in range(SIDE):
        for c in range(SIDE):
            x, y = LEFT + (c + 0.5) * STEP_M, TOP - (r + 0.5) * STEP_M
            events += [{"x": x, "y": y, "year": 2000 + i % 10} for i in range(rng.poisson(rate[r, c]))]
            found = rng.random() < -np.expm1(-0.7 * np.exp(0.9 * hills[r, c]))
            labels.append(
                {"x": x, "y": y, "year": 2005, "outcome": [-1, int(found)][int(rng.random() < 0.6)]}
            )
    _table(folder / "events.csv", events)
    _table(folder / "labels.csv", labels)
    return folder


def write(folder: Path, *parts: str, name: str = "case.toml") -> Path:
    path = folder / name
    path.write_text("".join(parts), "utf-8")
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli_app.app, ["prior", "fit", *map(str, arguments)])


@pytest.fixture(scope="module")
def fitted(files: Path) -> tuple[Path, str]:
    case = write(files, HEAD, COVARIATES, EVENTS, LABELS)
    made = run(
        case, "--until", "2006-12-31", "--reporting", "roads", "--cell-km", "1", "--out", files / "prior"
    )
    assert made.exit_code == 0, made.output
    return files / "prior", made.output


def test_the_file_is_readable_and_tells_what_it_was_learned_from(fitted: tuple[Path, str]) -> None:
    folder, words = fitted
    data = tomllib.loads((folder / "prior.toml").read_text("utf-8"))
    assert str(data["until"]) == "2006-12-31"
    assert data["counts"]["cells"] == SIDE * SIDE
    assert data["counts"]["found"] + data["counts"]["nothing"] + data["counts"]["unknown"] == SIDE * SIDE
    assert {s["name"]: s["is_reporting"] for s in data["slopes"]} == {"hills": False, "roads": True}
    assert all(re.fullmatch("[0-9a-f]{64}", v) for v in data["inputs"].values())
    assert "events lie after 2006-12-31; they are left out" in words
    assert "presence only" in words
    assert "safe" not in words


def test_events_after_the_cut_are_never_looked_at(files: Path, fitted: tuple[Path, str]) -> None:
    data = tomllib.loads((fitted[0] / "prior.toml").read_text("utf-8"))
    with (files / "events.csv").open() as stream:
        years = [int(row["year"]) for row in csv.DictReader(stream)]
    assert data["counts"]["events"] == sum(y <= 2006 for y in years)


def test_what_was_drawn_is_found_again(fitted: tuple[Path, str]) -> None:
    prior = read_prior(fitted[0] / "prior.toml")
    hills = {s.name: s for s in prior.slopes}["hills"]
    drawn = np.exp(
        0.9 * hills.span
    )  # slope 0.9 to a unit of the covariate, over the span that the factor is told of
    assert 4.0 < drawn < 6.5  # about two standard deviations of 1
    assert hills.low < 1.3 * drawn
    assert hills.high > drawn / 1.3


def test_the_map_is_relative_to_the_mean_density_of_the_region(fitted: tuple[Path, str]) -> None:
    prior = read_prior(fitted[0] / "prior.toml")
    assert prior.bands.shape[0] == len(MAP_BANDS)
    inside = ~np.isnan(prior.bands[0])
    assert inside.sum() == SIDE * SIDE
    # log of a mean is above the mean of logs: the average factor of the mean map lies below 1, and not far
    assert 0.6 < np.exp(prior.bands[0][inside]).mean() <= 1.0


def test_the_same_seed_gives_the_same_bytes(files: Path, fitted: tuple[Path, str]) -> None:
    again = run(
        files / "case.toml",
        "--until",
        "2006-12-31",
        "--reporting",
        "roads",
        "--cell-km",
        "1",
        "--out",
        files / "again",
    )
    assert again.exit_code == 0
    for name in ("prior.toml", "prior.tif"):
        assert (files / "again" / name).read_bytes() == (fitted[0] / name).read_bytes()


def test_a_case_with_all_covariates_takes_their_learned_effects(
    files: Path, fitted: tuple[Path, str]
) -> None:
    started = HEAD.replace('kind = "field"', 'kind = "field"\nstart_from = "prior/prior.toml"')
    case = read_case(write(files, started, COVARIATES, EVENTS, name="started.toml"))
    by_name = {c.name: c for c in case.covariates}
    assert list(by_name) == ["hills", "roads", "learned map"]
    learned = {s.name: s for s in read_prior(fitted[0] / "prior.toml").slopes}["hills"]
    hills, roads = by_name["hills"], by_name["roads"]
    assert isinstance(hills, RasterCovariate)
    assert isinstance(roads, RasterCovariate)
    assert hills.effect.low < learned.low
    assert hills.effect.high > learned.high  # widened
    assert (roads.effect.low, roads.effect.high) == (0.3, 3.0)  # reporting teaches nothing of density
    # the case's own range stands before the learned one
    assert case.prior("field.range").source == "test"
    assert {"started-from-prior"} <= {f.code for f in case.findings}


def test_a_learned_effect_keeps_its_meaning_on_other_ground(files: Path, fitted: tuple[Path, str]) -> None:
    started = HEAD.replace('kind = "field"', 'kind = "field"\nstart_from = "prior/prior.toml"')
    case = read_case(write(files, started, COVARIATES, EVENTS, name="started.toml"))
    hills = case.covariates[0]
    x, y = LEFT + 500.0 + 1000.0 * np.arange(4.0), np.full(4, TOP - 500.0)
    made = design_matrix([hills], x, y)
    assert isinstance(hills, RasterCovariate)
    assert hills.span is not None
    per_unit = made.slope_mean[0] / made.scaling.sd[0]
    assert per_unit * hills.span == pytest.approx(0.5 * np.log(hills.effect.low * hills.effect.high))


def test_a_case_without_the_covariates_takes_the_whole_map_with_a_slope_around_one(
    files: Path, fitted: tuple[Path, str]
) -> None:
    bare = HEAD[: HEAD.index("[model.field]")].replace(
        'kind = "field"', 'kind = "field"\nstart_from = "prior/prior.toml"\n'
    )
    case = read_case(write(files, bare, EVENTS, name="bare.toml"))
    (learned,) = case.covariates
    assert isinstance(learned, RasterCovariate)
    made = design_matrix([learned], LEFT + 500.0 + 1000.0 * np.arange(12.0), np.full(12, TOP - 500.0))
    assert made.slope_mean[0] / made.scaling.sd[0] == pytest.approx(1.0)
    assert 0.3 <= made.slope_sd[0] / made.scaling.sd[0] <= 0.7
    prior = read_prior(fitted[0] / "prior.toml")
    assert case.prior("field.range").low < prior.range_km[0]
    assert case.prior("field.spread").low == 1.2


def test_an_assessment_starts_from_the_map_and_warns_of_searches_that_followed_it(
    files: Path, fitted: tuple[Path, str]
) -> None:
    prior = read_prior(fitted[0] / "prior.toml")
    shown = prior.bands[0][~np.isnan(prior.bands[0])].reshape(SIDE, SIDE)
    areas, searches = [], []
    for r in range(0, SIDE, 2):
        for c in range(0, SIDE, 2):
            square = shapely.box(
                LEFT + c * STEP_M, TOP - (r + 1) * STEP_M, LEFT + (c + 1) * STEP_M, TOP - r * STEP_M
            )
            areas.append(square)
            if shown[r, c] > np.median(shown[::2, ::2]):  # the teams went where the map is high
                searches.append(square)
    for name, shapes in (("areas", areas), ("searches", searches)):
        gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs="EPSG:32618").to_file(
            files / f"{name}.gpkg"
        )
    bare = HEAD.replace('kind = "field"', 'kind = "field"\nstart_from = "prior/prior.toml"\n').replace(
        'crs = "EPSG:32618"', 'crs = "EPSG:32618"\ngrid = { cell_m = 500, block_m = 1000 }', 1
    )
    layers = """
[[layers]]
kind = "hazard_areas"
file = "areas.gpkg"
[layers.defaults]
type = "PMA-2"
hazard_class = "CHA"
[[layers]]
kind = "searches"
file = "searches.gpkg"
[layers.defaults]
method = "manual detector"
coverage = 1.0
items_found = 3
date = 2010-05-01
"""
    case = read_case(write(files, bare, layers, name="assess.toml"))
    found = assess(case)
    assert "learned map" in " ".join(found.parameters["name"].astype(str))
    codes = set(found.findings["code"])
    assert "started-from-prior" in codes
    assert "targeted-survey" in codes


def test_a_changed_map_is_refused(files: Path, fitted: tuple[Path, str], tmp_path: Path) -> None:
    for name in ("prior.toml", "prior.tif"):
        (tmp_path / name).write_bytes((fitted[0] / name).read_bytes())
    (tmp_path / "prior.tif").write_bytes(b"else")
    with pytest.raises(InvalidInput, match=r"its content has changed. Fit the prior again"):
        read_prior(tmp_path / "prior.toml")
    (tmp_path / "prior.tif").unlink()
    with pytest.raises(InvalidInput, match=r"needs its map prior.tif beside it"):
        read_prior(tmp_path / "prior.toml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("remnant-prior/1", "other/9"), r'must have format = "remnant-prior/1"; got .other/9.'),
        (("low = ", "low = -"), r"is missing or wrong .*must be above 0"),
        (("[map]", "[mop]"), r"is missing or wrong"),
        (("until = ", 'until = "'), r"must be TOML"),
    ],
)
def test_a_spoilt_prior_is_one_clear_error(
    fitted: tuple[Path, str], tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    (tmp_path / "prior.tif").write_bytes((fitted[0] / "prior.tif").read_bytes())
    text = (
        (fitted[0] / "prior.toml")
        .read_text("utf-8")
        .replace(change[0], change[1], 1 if "until" in change[0] else -1)
    )
    (tmp_path / "prior.toml").write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=words):
        read_prior(tmp_path / "prior.toml")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--until", "2013-01-01"), r"until the case's as_of .2012-12-31. at most; got 2013-01-01"),
        (("--until", "last year"), r"--until must be a day such as 2006-12-31; got 'last year'"),
        (
            ("--from", "2010-01-01", "--until", "2009-01-01"),
            r"--from .2010-01-01. must not lie after --until",
        ),
        (
            ("--reporting", "rods"),
            r"--reporting must name a covariate of the case; 'rods' is none. There are: hills, roads",
        ),
        (("--cell-km", "0"), r"--cell-km must be above 0; got 0"),
        (("--cell-km", "40"), r"between 4 and 100,000 can be learned from. Take smaller ones"),
        (("--until", "1990-01-01"), r"needs events, or labelled cells of known outcome"),
    ],
)
def test_wrong_words_on_the_command_line_are_one_clear_error(
    files: Path, options: tuple[str, ...], words: str
) -> None:
    case = write(files, HEAD, COVARIATES, EVENTS, LABELS)
    with pytest.raises(Exception, match=words) as caught:
        CliRunner().invoke(
            cli_app.app,
            ["prior", "fit", str(case), "--out", str(files / "none"), *options],
            catch_exceptions=False,
        )
    assert caught.type.__module__ == "remnant.errors"
    assert not (files / "none").exists()


def test_events_without_a_region_are_refused(files: Path) -> None:
    without = HEAD.replace('[region]\nfile = "region.gpkg"\n', "")
    case = write(files, without, EVENTS, name="without.toml")
    with pytest.raises(InvalidInput, match=r"needs the region in which events would have been told"):
        CliRunner().invoke(cli_app.app, ["prior", "fit", str(case)], catch_exceptions=False)


def test_an_outcome_that_is_no_outcome_is_refused_with_its_row(files: Path) -> None:
    (files / "wrong.csv").write_text("x,y,year,outcome\n400500,699500,2005,maybe\n", "utf-8")
    write(files, HEAD, LABELS.replace("labels.csv", "wrong.csv"), name="wrong.toml")
    with pytest.raises(InvalidInput, match=r"outcome"):
        read_case(files / "wrong.toml")
