"""`remnant assess --tiles` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remnant.cli import main

CASE = """
name = "Two fields"
as_of = 2024-06-30
num_draws = 100

[grid]
cell_m = 100
{region}

[outside]
types = ["PMN"]

[[layers]]
kind = "hazard_areas"
file = "areas.geojson"
columns = {{ id = "id" }}
defaults = {{ hazard_class = "SHA", type = "PMN", status = "open" }}
"""
REGION = "region = { bbox = [30.0, 45.0, 30.06, 45.05] }"


def square(west: float, south: float, size: float) -> list[list[list[float]]]:
    east, north = west + size, south + size
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    areas = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": name},
                "geometry": {"type": "Polygon", "coordinates": square(*at, 0.004)},
            }
            for name, at in {"one": (30.01, 45.01), "two": (30.03, 45.03)}.items()
        ],
    }
    (tmp_path / "areas.geojson").write_text(json.dumps(areas))
    (tmp_path / "case.toml").write_text(CASE.format(region=REGION))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["remnant", "assess", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_region_is_worked_out_and_told_of(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, case, "--tiles", "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "tiles: 1 of 1 done" in said.err
    assert "Time and greatest memory of each step:" in said.out
    assert "working out the tiles" in said.out
    assert "in all" in said.out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["provenance"]["region_km2"] == pytest.approx(26.3, rel=0.01)
    assert summary["provenance"]["region_cells"] > 2600
    assert "cells.zarr" in (tmp_path / "out" / "README.txt").read_text("utf-8")
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    # a second run replaces a whole result; a quiet one says nothing
    assert run(monkeypatch, case, "--tiles", "--out", tmp_path / "out", "--quiet") == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize(
    ("words", "region", "expected"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], REGION, "--scheduler goes with --tiles"),
        (["--tiles"], "", "worked out by tiles over a region, and this one names none"),
        (["--tiles"], 'region = { file = "nowhere.gpkg" }', "nowhere.gpkg"),
        (["--tiles"], "region = { bbox = [30, 45, 29, 46] }", "west < east"),
        (["--tiles"], 'region = { file = "a", bbox = [1, 2, 3, 4] }', "not both"),
        (["--tiles"], 'region = "Ukraine"', "region"),
    ],
)
def test_wrong_words_are_refused_in_one_line(
    case: Path,
    tmp_path: Path,
    words: list[str],
    region: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (case / "case.toml").write_text(CASE.format(region=region))
    assert run(monkeypatch, case, *words, "--out", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.tiles").exists()


def test_points_for_a_region_are_refused(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [30.0, 45.0]}}
    (case / "land.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))
    (case / "case.toml").write_text(CASE.format(region='region = { file = "land.geojson" }'))
    assert run(monkeypatch, case, "--tiles", "--out", tmp_path / "out") == 2
    assert "grid.region must hold polygons that enclose ground" in capsys.readouterr().err


def test_a_region_in_memory_gives_every_cell(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, case, "--out", tmp_path / "out", "--quiet") == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["num_cells"] > 2600
