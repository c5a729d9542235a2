"""The command as its user meets it: joining, refusals, the page, and what stands beside the numbers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from remnant.cli import app as cli_app
from remnant.errors import InvalidInput
from remnant.io.score_outcomes import join, read_outcomes
from remnant.io.score_prediction import read_prediction

NUM = 60


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Sixty squares of 1 km in six districts: forecast.gpkg, forecast.csv, later.csv and points.csv."""
    rng = np.random.default_rng(2)
    x, y = 500_000.0 + 1000.0 * (np.arange(NUM) % 10), 4_900_000.0 + 1000.0 * (np.arange(NUM) // 10)
    p = rng.beta(0.7, 1.5, NUM).round(3)
    found = rng.poisson(-np.log1p(-np.minimum(p, 0.99)))
    table = gpd.GeoDataFrame(
        {
            "cell": [f"C{i:02d}" for i in range(NUM)],
            "p_any": p,
            "mean": (-np.log1p(-np.minimum(p, 0.99))).round(4),
            "district": [f"D{i % 6}" for i in range(NUM)],
        },
        geometry=shapely.box(x, y, x + 1000.0, y + 1000.0),
        crs="EPSG:32633",
    )
    table.to_file(tmp_path / "forecast.gpkg")
    table.drop(columns="geometry").to_csv(tmp_path / "forecast.csv", index=False)
    words = ["unknown" if i % 10 == 0 else str(n) for i, n in enumerate(found)]
    _write(tmp_path / "later.csv", ["cell", "found"], list(zip(table["cell"], words, strict=True)))
    middle = gpd.GeoSeries(shapely.points(x + 300.0, y + 700.0), crs="EPSG:32633").to_crs(4326)
    _write(
        tmp_path / "points.csv", ["lon", "lat", "found"], list(zip(middle.x, middle.y, words, strict=True))
    )
    return tmp_path


def _write(path: Path, header: list[str], rows: list[Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def run(*words: object) -> Any:
    return CliRunner().invoke(cli_app.app, ["score", *map(str, words), "--resamples", "20"])


def scored(*words: object) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def refusal(*words: object) -> str:
    result = run(*words)
    assert isinstance(result.exception, InvalidInput), result.output
    return str(result.exception)


def test_joining_by_id_and_by_place_give_the_same_scores(files: Path) -> None:
    by_id = scored(files / "forecast.gpkg", files / "later.csv", "--no-baselines")
    by_place = scored(files / "forecast.gpkg", files / "points.csv", "--no-baselines")
    assert by_id["scores"] == by_place["scores"]
    assert "joined by id" in " ".join(by_id["notes"])
    assert "joined by place" in " ".join(by_place["notes"])
    assert by_id["num_unknown"] == NUM // 10


def test_the_order_of_the_outcomes_does_not_matter(files: Path) -> None:
    with (files / "later.csv").open(encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    turned = _write(files / "turned.csv", header, rows[::-1])
    assert (
        scored(files / "forecast.csv", files / "later.csv")["scores"]
        == scored(files / "forecast.csv", turned)["scores"]
    )


def test_a_random_split_is_refused_and_when_forced_warns_beside_every_number(files: Path) -> None:
    asked = (files / "forecast.gpkg", files / "later.csv", "--random-folds", 4)
    assert "--random-split-i-know-it-flatters" in refusal(*asked)
    result = run(*asked, "--random-split-i-know-it-flatters", "--out", files / "out")
    assert result.exit_code == 0
    lines = [line for line in result.output.splitlines() if line.startswith("  ")]
    assert len(lines) > 10
    assert all("(!)" in line for line in lines)
    assert "(!) random split" in result.output
    page = (files / "out" / "score.html").read_text("utf-8")
    assert page.count("random split: flatters") >= len(lines)
    with (files / "out" / "scores.csv").open(encoding="utf-8-sig") as file:
        assert all("flatter" in row["warning"] for row in csv.DictReader(file))


def test_whole_districts_are_held_out_and_baselines_compared(files: Path) -> None:
    answer = scored(files / "forecast.gpkg", files / "later.csv", "--fold-by", "district")
    names = {row["forecast"] for row in answer["scores"]}
    assert names == {
        "forecast.gpkg", "the same everywhere", "25 nearest places", "kernel-weighted share",
        "distance to the nearest find",
    }  # fmt: skip
    assert {row["fold"] for row in answer["scores"] if row["scope"] == "fold"} <= {f"D{i}" for i in range(6)}
    assert answer["warning"] == ""
    assert {d["against"] for d in answer["differences"]} == names - {"forecast.gpkg"}


def test_the_page_is_whole_and_loads_nothing(files: Path) -> None:
    result = run(
        files / "forecast.gpkg", files / "later.csv", "--block-km", 3, "--out", files / "out"
    )  # fmt: skip
    assert result.exit_code == 0
    page = (files / "out" / "score.html").read_text("utf-8")
    assert "Unknown, and not scored: 6" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert " nan" not in page
    assert {p.name for p in (files / "out").iterdir()} == {
        "score.html", "scores.csv", "differences.csv", "unscored_folds.csv", "scores.json", "manifest.json",
    }  # fmt: skip


def test_the_name_of_a_file_stays_text_on_the_page(files: Path) -> None:
    path = (files / "forecast.csv").rename(files / "<b>=x.csv")
    assert run(path, files / "later.csv", "--out", files / "out").exit_code == 0
    assert "<b>" not in (files / "out" / "score.html").read_text("utf-8")


def test_a_result_folder_is_scored_by_area_and_by_cell(result_folder: Path, tmp_path: Path) -> None:
    areas = gpd.read_file(next(result_folder.glob("*.gpkg")), layer="areas")
    later = _write(
        tmp_path / "later.csv", ["area_id", "found"], [(a, i % 3) for i, a in enumerate(areas["area_id"])]
    )
    by_area = scored(result_folder, later, "--state", "armed", "--date", "2027-11-22")
    assert by_area["num_places"] <= len(areas)
    assert any("armed items on 2027-11-22" in n for n in by_area["notes"])
    assert any("unknown place, not scored: 2" in n for n in by_area["notes"])
    middle = areas.geometry.representative_point().to_crs(4326)
    points = _write(
        tmp_path / "points.csv", ["lon", "lat", "found"], [(p.x, p.y, i % 3) for i, p in enumerate(middle)]
    )
    by_cell = scored(result_folder, points, "--what", "cells")
    assert by_cell["num_places"] > 1000
    assert by_cell["num_places"] - by_cell["num_unknown"] <= len(areas)
    assert "one of armed, dud, expired, explosive; got 'mined'" in refusal(
        result_folder, later, "--state", "mined"
    )
    assert "--date must be one of 2026-11-22" in refusal(result_folder, later, "--date", "2020-01-01")
    assert "must be areas or cells" in refusal(result_folder, later, "--what", "area")
    package = next(result_folder.glob("*.gpkg"))
    assert "Name its folder instead" in refusal(package, later, "--layer", "areas")


def test_outcomes_outside_of_the_forecast_are_counted_with_their_finds(files: Path) -> None:
    with (files / "points.csv").open("a", encoding="utf-8") as file:
        file.write("20.0,44.0,3\n20.0,44.1,nothing\n")
    notes = " ".join(scored(files / "forecast.gpkg", files / "points.csv", "--labels")["notes"])
    assert "not scored: 2; finds among them: 1" in notes


def test_an_unknown_record_beside_an_empty_one_leaves_the_place_unknown(files: Path) -> None:
    rows = [("C01", "nothing"), ("C01", "unknown"), ("C02", "found"), ("C02", "unknown"), ("C03", "nothing")]
    later = _write(files / "more.csv", ["cell", "found"], rows)
    case = join(read_prediction(files / "forecast.csv"), read_outcomes(later))
    assert np.isnan(case.found[1])
    assert case.found[2:4].tolist() == [1.0, 0.0]
    assert np.isnan(case.found[4:]).all()
    assert any("taken as unknown: 1" in n for n in case.notes)


def test_outcomes_that_could_be_known_are_left_out(files: Path) -> None:
    rows = [("C01", 1, "2026-11-22"), ("C02", 2, "2026-11-23"), ("C03", 0, "2027"), ("C04", 0, "2026")]
    later = _write(files / "dated.csv", ["cell", "found", "date"], rows)
    outcomes = read_outcomes(later, after="2026-11-22")
    assert outcomes.found.tolist() == [2.0, 0.0]
    assert outcomes.notes == (
        "outcomes dated up to 2026-11-22, left out because they could be known by then: 2",
    )


def test_past_events_are_cut_and_compared(files: Path) -> None:
    with (files / "points.csv").open(encoding="utf-8") as file:
        events = [(r["lon"], r["lat"], 2006 if i % 2 else 2007) for i, r in enumerate(csv.DictReader(file))]
    past = _write(files / "events.csv", ["lon", "lat", "year"], events)
    asked = (files / "forecast.gpkg", files / "later.csv", "--events", past)
    assert "--events needs --until" in refusal(*asked)
    assert "some event must be dated up to 1999" in refusal(*asked, "--until", "1999")
    answer = scored(*asked, "--until", "2006", "--fold-by", "district")
    assert "distance to the nearest past event" in {row["forecast"] for row in answer["scores"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cell,found\nC01,-1\nC02,0\n", "row 1: found must be .* If -1 means unknown, write --unknown -1"),
        ("cell,found\nC01,maybe\n", "row 1: found must be 0, a number of items, 'found'"),
        ("cell,found\nX1,0\nX2,1\n", "2 of 2 do not .*The forecast has 'C00', the outcomes have 'X1'"),
        ("cell,found\n", "must hold records; it is empty"),
        ("cell,outcom\nC01,1\n", "a column that says what was found is needed; there are cell, outcom"),
        ("name_of_it,found\nC01,1\n", "no geometry, nor lon and lat columns|needs places in the forecast"),
        ("x,y,found\n500100,4900100,1\n", "no coordinate system|needs places in the forecast"),
        ("cell,found\nC01,=1+1\n", "row 1: found must be"),
    ],
)
def test_outcomes_that_cannot_be_used_are_refused(files: Path, text: str, words: str) -> None:
    path = files / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=words):
        raise InvalidInput(refusal(files / "forecast.gpkg", path, "--out", files / "out"))
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cell,p_any\nC01,90\n", "row 1: p_any must be a chance in .*Divide by 100"),
        ("cell,p_any\nC01,\n", "all 1 are blank"),
        ("cell,risk\nC01,0.5\n", "a forecast needs a column with a chance"),
        ("cell,p_any\nC01,0.5\nC01,0.6\n", "ids of the forecast must differ"),
        ("cell,q05,q95\nC01,5,1\n", "higher level must not have a lower quantile"),
    ],
)
def test_forecasts_that_cannot_be_used_are_refused(files: Path, text: str, words: str) -> None:
    path = files / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=words):
        raise InvalidInput(refusal(path, files / "later.csv", "--counts"))


def test_quantiles_and_draws_are_read_from_their_names(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,q05,q50,q975,draw_1,draw_2\na,0,1,5,0,3\n", encoding="utf-8")
    made = read_prediction(path).forecast
    assert made.levels is not None
    assert made.levels.tolist() == [0.05, 0.5, 0.975]
    assert made.draws is not None
    assert made.draws.tolist() == [[0.0], [3.0]]
    assert made.p_any is not None
    assert made.p_any.tolist() == [0.5]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("--probability", "q"), "column 'q' for the chance must be there"),
        (("--fold-by", "mun"), "--fold-by must name a column"),
        (("--fold-by", "district", "--random-folds", 3), "one split must be chosen"),
        (("--block-km", 0), "above 0 m; got 0"),
        (("--block-km", 500), "there is one block of 500 km"),
        (("--join", "both"), "--join must be id or place"),
        (("--after", "soon"), "needs a column with dates"),
    ],
)
def test_wrong_words_on_the_command_line_are_refused(
    files: Path, words: tuple[object, ...], refused: str
) -> None:
    assert refused in refusal(files / "forecast.gpkg", files / "later.csv", *words)


def test_a_file_that_is_not_there_or_is_in_the_way_is_refused(files: Path) -> None:
    assert "no.csv must exist" in refusal(files / "no.csv", files / "later.csv")
    assert "is a file. Choose another name" in refusal(
        files / "forecast.csv", files / "later.csv", "--out", files / "later.csv"
    )
