"""The layer of a plan opens elsewhere, coloured by what is done where."""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from remnant.io.write_plan import write_plan

ACTIONS = {"a": "clear", "b": "survey", "c": "", "d": "clear"}
WORDS = {"clear": "clear", "survey": "technical survey, then decide", "": "not in the plan"}


def _write(folder: Path, shapes: list[shapely.Geometry]) -> Path:
    areas = pd.DataFrame(
        {
            "area_id": list(ACTIONS),
            "action": list(ACTIONS.values()),
            "action_words": [WORDS[a] for a in ACTIONS.values()],
        }
    )
    outlines = gpd.GeoDataFrame({"area_id": list(ACTIONS)}, geometry=shapes, crs="EPSG:32636")
    summary = {"name": "Two autumns", "seed": 3, "areas": []}
    write_plan(folder, tables={"areas": areas}, outlines=outlines, summary=summary, page="<p>plan</p>")
    return folder / "plan.gpkg"


@pytest.fixture
def squares() -> list[shapely.Geometry]:
    return [shapely.box(k, 0, k + 1, 1) for k in range(4)]


def test_each_area_falls_into_exactly_one_class_of_the_style(
    tmp_path: Path, squares: list[shapely.Geometry]
) -> None:
    package = _write(tmp_path / "out", squares)
    style = pyogrio.read_dataframe(package, layer="layer_styles").iloc[0]
    rules = ET.fromstring(style["styleQML"]).findall(".//rule")
    assert {r.get("label") for r in rules} == set(WORDS.values())
    with closing(sqlite3.connect(package)) as database:
        hits = [
            database.execute(f"SELECT count(*) FROM plan WHERE {r.get('filter')}").fetchone()[0]
            for r in rules
        ]
    assert sorted(hits) == [1, 1, 2]


def test_the_layer_says_what_was_asked(tmp_path: Path, squares: list[shapely.Geometry]) -> None:
    asked = pyogrio.read_dataframe(_write(tmp_path / "out", squares), layer="provenance")
    assert dict(zip(asked["key"], asked["value"], strict=True)) == {
        "case": "Two autumns",
        "name": "Two autumns",
        "seed": "3",
    }


def test_areas_that_are_points_get_no_style_of_areas(tmp_path: Path) -> None:
    package = _write(tmp_path / "out", [shapely.Point(k, 0) for k in range(4)])
    assert pyogrio.read_info(package, layer="plan")["geometry_type"] == "Point"
    with closing(sqlite3.connect(package)) as database:
        assert database.execute("SELECT count(*) FROM layer_styles").fetchone() == (0,)


def test_two_runs_give_the_same_bytes(tmp_path: Path, squares: list[shapely.Geometry]) -> None:
    one, two = (_write(tmp_path / name, squares).read_bytes() for name in ("one", "two"))
    assert one == two
