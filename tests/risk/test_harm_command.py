"""People from files, harm of a case, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from typer.testing import CliRunner

from remnant.assessment import answer
from remnant.cli import app as cli_app
from remnant.errors import InvalidInput
from remnant.evidence import Case, Policy
from remnant.field import left_in_areas
from remnant.harming import HARM_UNIT, harm_of
from remnant.io import read_case
from remnant.io.people import read_people
from remnant.io.write_harm import harm_json, write_harm
from remnant.planning import areas_to_plan
from remnant.releasing import Judge
from remnant.report.harm_page import render_harm
from remnant.risk import People
from remnant.simulate import simulate_case
from remnant.weighing import Weighed, weigh

CRS = "EPSG:32633"
AREAS = np.array([shapely.box(500_000, 4_900_000, 500_200, 4_900_200), None], dtype=object)


@pytest.fixture(scope="module")
def weighed(worlds: ModuleType) -> Weighed:
    case: Case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    policy = Policy(individual_risk_max_per_year=1e-4)
    return weigh(replace(case, num_draws=128, policy=policy))


def _people(persons: float) -> People:
    return People(x_m=np.array([500.0]), y_m=np.array([500.0]), persons=np.array([persons]))


def test_harm_of_a_case_has_intervals_and_goes_into_a_plan(weighed: Weighed, tmp_path: Path) -> None:
    result = harm_of(weighed, _people(800.0))
    num = weighed.case.areas.id.size
    assert result.casualties.shape == (128, num, len(weighed.case.dates))
    totals = result.tables["totals"].iloc[0]
    assert 0.0 < totals["casualties_q05"] <= totals["casualties_mean"]
    assert totals["casualties_q05"] < totals["casualties_q95"]
    by_state = sum(totals[f"casualties_{s}_mean"] for s in ("armed", "expired", "dud"))
    assert by_state == pytest.approx(totals["casualties_mean"])
    first = result.tables["activities"][result.tables["activities"]["date"] == weighed.case.dates[0]]
    assert first["casualties_mean"].sum() == pytest.approx(totals["casualties_mean"])
    known = result.tables["individual"].dropna(subset=["risk_mean"])
    bands = known[[c for c in known.columns if c.startswith("p_") and c != "p_within_policy"]]
    assert np.allclose(bands.sum(axis=1), 1.0)
    assert known["p_within_policy"].between(0.0, 1.0).all()
    assert result.tables["factors"]["share_of_variance"].is_monotonic_decreasing
    areas, _ = areas_to_plan(weighed, answer(weighed), harm=result.casualties, harm_unit=HARM_UNIT)
    assert areas.harm_unit == "casualties per year"
    assert np.isfinite(areas.harm).all()
    write_harm(result, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "harm.json").read_text("utf-8"))
    assert told["num_unknown_areas"] == result.num_unknown
    work = pd.read_csv(tmp_path / "out" / "deminers.csv")
    assert len(work) == 4 * num
    by_cause = sum(work[f"accidents_by_{c}_mean"] for c in ("armed", "expired", "dud", "hours", "ground"))
    assert np.allclose(by_cause, work["accidents_mean"], equal_nan=True)
    whole = result.tables["demining"].set_index("method")
    for what in ("items_armed_mean", "items_dud_mean", "hours_mean", "accidents_mean"):
        assert work[work["method"] == "manual"][what].sum() == pytest.approx(whole.loc["manual", what])


def test_blocks_of_areas_give_the_numbers_of_all_at_once(
    weighed: Weighed, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = harm_of(weighed, _people(800.0))
    monkeypatch.setattr("remnant.harming.blocks._NUMBERS_AT_ONCE", 1)  # one area at a time
    parts = harm_of(weighed, _people(800.0))
    assert np.allclose(parts.casualties, whole.casualties, rtol=1e-12, equal_nan=True)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(parts.tables[name], table, rtol=1e-9)


def _risk(weighed: Weighed, activity: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Areas with ground of their own, and the yearly risk of one person in each by which verdicts are made."""
    judge = Judge(weighed, Policy(individual_risk_max_per_year=1.0, activity=activity))
    draws = np.arange(len(weighed.posterior.z))
    left = list(left_in_areas(weighed.posterior, weighed.days[0], weighed.as_of_day, judge.own))
    return judge.own, np.concatenate([judge.known_risk(part, draws) for part in left], axis=1)


def test_released_ground_is_used_like_any_other(weighed: Weighed) -> None:
    # people spend a share of their hours in areas that they know; of released ones they know nothing
    areas = weighed.case.areas
    freed = replace(
        weighed, case=replace(weighed.case, areas=replace(areas, status=np.full(areas.id.size, "released")))
    )
    marked, free = (harm_of(w, _people(800.0)) for w in (weighed, freed))
    assert free.tables["totals"]["casualties_mean"][0] > 2.0 * marked.tables["totals"]["casualties_mean"][0]
    assert any("released: their ground is taken to be used like any other" in note for note in free.notes)


def test_page_says_what_is_unknown_and_calls_no_risk_acceptable(weighed: Weighed) -> None:
    page = render_harm(harm_of(weighed, _people(800.0)))
    assert "<script" not in page
    assert "://" not in page
    assert "states at most 1 × 10⁻⁴ a year" in page
    assert "within the limit" in page
    assert page.count("<figure>") == 5
    assert "judgement" in page
    assert page == render_harm(harm_of(weighed, _people(800.0)))
    unknown = render_harm(harm_of(weighed, _people(np.nan)))
    assert "unknown casualties" in unknown
    assert "It may hold harm" in unknown
    assert "Which factor matters most cannot be told" in unknown
    for text in (page, unknown):
        assert "acceptable: the policy of the authority does that" in text
        assert text.lower().count("acceptable") == 2  # in the two statements of that, and nowhere else


def test_layer_holds_intervals_people_and_what_is_unknown_and_a_rerun_the_same_bytes(
    weighed: Weighed, tmp_path: Path
) -> None:
    result = harm_of(weighed, _people(800.0))
    for name in ("one", "two"):
        write_harm(result, tmp_path / name, page="page")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    layer = gpd.read_file(tmp_path / "one" / "harm.gpkg", layer="areas")
    table = result.tables["areas"][result.tables["areas"]["date"] == weighed.case.dates[0]]
    date = str(weighed.case.dates[0]).replace("-", "_")
    for point in ("mean", "q05", "q95"):
        assert np.allclose(layer[f"casualties_{point}_{date}"], table[f"casualties_{point}"], equal_nan=True)
    assert layer["is_unknown"].tolist() == table["is_unknown"].tolist()
    assert layer["users_mean"].gt(0.0).any()
    styles = gpd.read_file(tmp_path / "one" / "harm.gpkg", layer="layer_styles")
    assert len(styles) == len(weighed.case.dates)
    assert "b_diagonal" in styles["styleQML"][0]


def test_nobody_no_harm_and_unknown_people_no_number(weighed: Weighed) -> None:
    nobody = harm_of(weighed, _people(0.0))
    assert nobody.tables["totals"]["casualties_mean"].tolist() == [0.0] * len(weighed.case.dates)
    unknown = harm_of(weighed, _people(np.nan))
    assert unknown.num_unknown == weighed.case.areas.id.size
    assert unknown.tables["areas"]["casualties_mean"].isna().all()
    assert "have no number" in unknown.notes[0]
    assert harm_json(unknown)["areas"][0]["casualties_mean"] is None
    assert unknown.tables["totals"]["casualties_mean"].isna().all()  # a sum over nothing known is not 0
    assert "There is no total" in unknown.notes[0]
    # the risk of one person does not need people
    assert unknown.tables["individual"]["risk_mean"].notna().any()


def test_risk_of_one_person_is_that_of_the_table_for_the_activity_with_most(weighed: Weighed) -> None:
    table = harm_of(weighed, _people(np.nan)).tables["individual"]
    first = table[table["date"] == weighed.case.dates[0]]
    own, most = _risk(weighed)
    greatest = first.groupby("area_id", sort=False)["risk_mean"].max().to_numpy()[own]
    assert np.allclose(most.mean(axis=0), greatest)
    own, play = _risk(weighed, "play")
    told = first[first["activity"] == "play"]["risk_q95"].to_numpy()[own]
    assert np.allclose(np.quantile(play, 0.95, axis=0), told)


def test_twice_the_people_never_do_less_harm_and_at_most_twice(weighed: Weighed) -> None:
    one, two = (harm_of(weighed, _people(p)).casualties for p in (100.0, 200.0))
    known = ~np.isnan(one)
    assert (two[known] >= one[known] * (1 - 1e-12)).all()
    assert (two[known] <= 2 * one[known] * (1 + 1e-9)).all()


def test_decimal_commas_are_read_where_they_can_mean_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("place;population;lon;lat\nA;120,5;15,004;44,250\nB;;15,01;44,25\n")
    people = read_people(path, crs=CRS, geometry=AREAS, reach_m=5000.0)
    assert people.persons[0] == 120.5
    assert people.x_m[0] == pytest.approx(500_319.0, abs=1.0)
    assert people.source.startswith("people.csv, sha256 ")


def test_places_are_read_with_blanks_as_unknown(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("place,population,lon,lat\nA,120,15.0,44.25\nB,,15.01,44.25\n")
    people = read_people(path, crs=CRS, geometry=AREAS, reach_m=5000.0)
    assert people.persons[0] == 120.0
    assert np.isnan(people.persons[1])
    assert people.x_m[0] == pytest.approx(500_000.0, abs=0.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("place,lon,lat\nA,15,44\n", "people.csv: a column persons must be there"),
        ("persons\n5\n", "columns lon and lat, or x and y, must be there"),
        ("persons,lon,lat\n5,15,44\n7,,\n", "people.csv, row 2: a place of people needs coordinates"),
        ("persons,lon,lat\n-5,15,44\n", "people.csv, row 1: persons must be a number of people"),
        ("persons,lon,lat\nmany,15,44\n", "people.csv, row 1: persons must be a number of people"),
        ("persons;lon;lat\n1,200;15;44\n1200,5;15;44\n", "row 1: .* write decimals with a point"),
        ("", r"people.csv: a header row is wanted; the file has none\. Check the file\.$"),
        (
            "persons,lon,lat\n5,44.25,15\n",
            "the nearest place is .* km from them. Are its coordinates, their order",
        ),
        ("persons,x,y\n5,500000,4900000\n", "no coordinate system. Name it, such as EPSG:32633, with --crs"),
    ],
)
def test_bad_tables_of_people_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=words):
        read_people(path, crs=CRS, geometry=AREAS, reach_m=5000.0)


def _raster(path: Path, values: np.ndarray, nodata: float | None = -1.0) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype="float32",
        crs=CRS, transform=Affine(100, 0, 490_000, 0, -100, 4_910_000), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(values.astype(np.float32), 1)


def test_a_raster_keeps_its_people_and_what_it_lacks_is_unknown(tmp_path: Path) -> None:
    values = np.full((200, 200), 2.0)
    _raster(tmp_path / "p.tif", values)
    whole = read_people(tmp_path / "p.tif", crs=CRS, geometry=AREAS, reach_m=3000.0)
    assert whole.is_pixel
    assert not np.isnan(whole.persons).any()
    assert whole.persons.sum() == pytest.approx(2.0 * (6200 / 100 + 4) ** 2, rel=0.1)
    beyond = read_people(tmp_path / "p.tif", crs=CRS, geometry=AREAS, reach_m=30_000.0)
    assert np.isnan(beyond.persons).any()
    assert np.nansum(beyond.persons) == pytest.approx(2.0 * 200 * 200, rel=0.05)
    values[:100] = -1.0
    _raster(tmp_path / "half.tif", values)
    assert np.isnan(read_people(tmp_path / "half.tif", crs=CRS, geometry=AREAS, reach_m=3000.0).persons).any()


def test_bad_rasters_of_people_are_refused(tmp_path: Path) -> None:
    _raster(tmp_path / "p.tif", np.full((200, 200), -3.0))
    with pytest.raises(InvalidInput, match=r"p\.tif: persons per pixel must be 0 or more; the least is -3"):
        read_people(tmp_path / "p.tif", crs=CRS, geometry=AREAS, reach_m=3000.0)
    _raster(tmp_path / "u.tif", np.full((200, 200), -9999.0), nodata=None)
    with pytest.raises(InvalidInput, match=r"u\.tif: .* Mark -9999 as NODATA in the file"):
        read_people(tmp_path / "u.tif", crs=CRS, geometry=AREAS, reach_m=3000.0)
    (tmp_path / "q.tif").write_text("no raster")
    with pytest.raises(InvalidInput, match=r"q\.tif: the file must be a raster"):
        read_people(tmp_path / "q.tif", crs=CRS, geometry=AREAS, reach_m=3000.0)
    with pytest.raises(InvalidInput, match="must exist"):
        read_people(tmp_path / "r.tif", crs=CRS, geometry=AREAS, reach_m=3000.0)
    with pytest.raises(InvalidInput, match="none of the case has one"):
        read_people(tmp_path / "p.tif", crs=CRS, geometry=AREAS[1:], reach_m=3000.0)


def _case(folder: Path) -> Path:
    ring = [[17.0, 44.0], [17.004, 44.0], [17.004, 44.004], [17.0, 44.004], [17.0, 44.0]]
    feature = {
        "type": "Feature",
        "properties": {"id": "HA-1"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (folder / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (folder / "case.toml").write_text(
        'name = "test"\nas_of = 2024-07-31\n[policy]\nindividual_risk_max_per_year = 1e-5\n'
        '[[layers]]\nkind = "hazard_areas"\nfile = "areas.geojson"\n[layers.defaults]\n'
        'type = "PMA-2"\nhazard_class = "CHA"\n'
    )
    (folder / "people.csv").write_text("persons,lon,lat\n300,17.01,44.01\n")
    return folder


def test_command_writes_tables_and_says_what_matters(tmp_path: Path) -> None:
    case = _case(tmp_path)
    words = ["harm", str(case), "--people", str(case / "people.csv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli_app.app, words)
    assert done.exit_code == 0, done.output
    assert "casualties" in done.stdout
    assert "What matters most" in done.stdout
    assert "safe" not in done.stdout.lower()
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {
        f"{n}.csv" for n in ("totals", "areas", "activities", "individual", "deminers", "factors")
    } < names
    assert pd.read_csv(tmp_path / "out" / "individual.csv")["policy_limit"].unique().tolist() == [1e-5]
    assert answer(weigh(read_case(case))).areas["verdict"].tolist() != ["meets"]
    again = CliRunner().invoke(cli_app.app, [*words[:4], "--json"])
    assert json.loads(again.stdout) == json.loads((tmp_path / "out" / "harm.json").read_text("utf-8"))
    (case / "people.csv").write_text("place,lon,lat\nA,17,44\n")
    refused = CliRunner().invoke(cli_app.app, words)
    assert isinstance(refused.exception, InvalidInput)
