"""What a user does on the map: another policy, drawn ground, a selection taken away."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from fastapi.testclient import TestClient

from remnant.field import left_on_ground
from remnant.io.read_view import ViewFiles
from remnant.viewing import View
from remnant.web import Access, application

HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def client(files: ViewFiles) -> TestClient:
    return TestClient(application(files, Access()), base_url="http://127.0.0.1:8470")


def test_the_cases_own_policy_gives_the_cases_own_verdicts(client: TestClient, view: View) -> None:
    told = client.post("/api/verdicts", json={"p_any_armed_max": 0.05}).json()
    assert told["verdict"] == view.assessment.areas["verdict"].tolist()
    assert view.release is not None
    assert told["deciding"] == view.release.tables["areas"]["deciding"].tolist()


def test_a_stricter_policy_is_met_by_no_more_areas(client: TestClient) -> None:
    met = []
    for limit in (1.0, 0.5, 0.05, 0.001, 0.0):
        told = client.post("/api/verdicts", json={"p_any_explosive_max": limit}).json()["verdict"]
        met.append({i for i, v in enumerate(told) if v == "meets"})
    assert all(strict <= loose for loose, strict in pairwise(met))
    assert met[0] > met[-1]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"p_any_armed_max": 5}, "p_any_armed_max: "),
        ({"p_any_armd_max": 0.1}, "p_any_armd_max: "),
        ({"individual_risk_max_per_year": 1e-5, "activity": "flying"}, "activity must be one of"),
        ({"file": "policy.toml"}, "not the name of a file"),
    ],
)
def test_a_wrong_policy_is_refused(client: TestClient, policy: dict[str, object], said: str) -> None:
    answer = client.post("/api/verdicts", json=policy)
    assert answer.status_code == 422
    assert said in answer.json()["error"]["said"]


def test_every_kind_of_limit_is_judged(client: TestClient, view: View) -> None:
    policy = {
        "p_any_armed_max": 0.2, "density_q95_max_per_km2": {"explosive": 5.0},
        "individual_risk_max_per_year": 1e-4, "activity": "farming",
        "minimum": [{"searched_share_min": 0.5}],
    }  # fmt: skip
    told = client.post("/api/verdicts", json=policy).json()
    assert set(told["verdict"]) <= {"meets", "does not meet", "cannot tell: survey"}
    assert len(told["reasons"]) == len(view.assessment.areas)
    assert any("asks for 50 %" in r for r in told["reasons"])


def test_one_cell_is_what_the_map_says_of_it(view: View) -> None:
    """Second route: the cells of the assessment, whose walk shares no code with the sum over ground."""
    cells, held = view.cells, view.ground
    day = view.dates.index(view.assessment.dates[0])
    for cell in np.linspace(0, cells.mean.shape[2] - 1, 25).astype(int).tolist():
        left = left_on_ground(held, np.array([cell]), np.ones(1), 0)
        np.testing.assert_allclose(left.mean, cells.mean[day, :, cell], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(left.p_any, cells.p_any[day, :, cell], rtol=1e-6, atol=1e-12)


def test_all_ground_is_what_the_case_holds(view: View) -> None:
    """Second route: the simulated count of everything that has a place."""
    num = view.cells.mean.shape[2]
    left = left_on_ground(view.ground, np.arange(num), np.ones(num), 0)
    total = view.assessment.total_results
    rows = total[(total["date"] == view.assessment.dates[0]) & (total["state"] == "explosive")].set_index(
        "scope"
    )
    placed = rows.drop(index=[s for s in ("all", "place unknown") if s in rows.index])
    assert left.mean[3] == pytest.approx(placed["mean"].sum(), rel=0.15)
    if "place unknown" not in rows.index:
        assert left.q05[3] == pytest.approx(rows.loc["all", "q05"], rel=0.3)
        assert left.q95[3] == pytest.approx(rows.loc["all", "q95"], rel=0.3)


def test_a_share_of_a_cell_holds_that_share(view: View) -> None:
    cell = np.array([int(np.argmax(view.cells.mean[0, 3]))])
    whole, half = (left_on_ground(view.ground, cell, np.array([s]), 0) for s in (1.0, 0.5))
    np.testing.assert_allclose(half.mean, 0.5 * whole.mean, rtol=1e-12)
    assert (half.p_any <= whole.p_any).all()
    assert (half.p_any >= 0.5 * whole.p_any - 1e-12).all()


def rings(shape: shapely.Polygon) -> list[list[tuple[float, float]]]:
    return [list(shape.exterior.coords)]


def test_drawn_ground_adds_up(client: TestClient, files: ViewFiles, view: View) -> None:
    west, south, east, north = files.about["bounds"]
    date = files.about["asked_dates"][0]
    whole = shapely.box(west - 0.02, south - 0.02, east + 0.02, north + 0.02)
    every = client.post("/api/totals", json={"coordinates": rings(whole), "date": date}).json()
    assert every["num_cells"] == files.about["num_cells"]
    assert every["states"]["explosive"]["mean"] == pytest.approx(view.cells.mean[0, 3].sum(), rel=1e-5)
    middle = 0.5 * (west + east)
    halves = [
        shapely.box(west - 0.02, south - 0.02, middle, north + 0.02),
        shapely.box(middle, south - 0.02, east + 0.02, north + 0.02),
    ]
    parts = [client.post("/api/totals", json={"coordinates": rings(h), "date": date}).json() for h in halves]
    for state in ("armed", "explosive"):
        total = sum(p["states"][state]["mean"] for p in parts)
        assert total == pytest.approx(every["states"][state]["mean"], rel=1e-4)
    assert every["states"]["explosive"]["q05"] <= every["states"]["explosive"]["q95"]


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({"coordinates": [[[0, 0], [1, 1]]], "date": "DATE"}, "3 to 10,000 corners"),
        ({"coordinates": [[[34, 43], [34, 43], [34, 43]]], "date": "DATE"}, "not in one line"),
        ({"coordinates": [[[-170, -80], [170, -80], [170, 80], [-170, 80]]], "date": "DATE"}, "Draw"),
        (
            {"coordinates": [[[0, 0], [0, 1], [1, 1]]], "date": "2026-13-45"},
            "date must be one of the asked dates",
        ),
        ({"coordinates": [[[0, 95], [0, 1], [1, 1]]], "date": "DATE"}, "coordinates"),
    ],
)
def test_drawn_nonsense_is_refused(
    client: TestClient, files: ViewFiles, drawn: dict[str, object], said: str
) -> None:
    if drawn["date"] == "DATE":
        drawn = {**drawn, "date": files.about["asked_dates"][0]}
    answer = client.post("/api/totals", json=drawn)
    assert answer.status_code == 422
    assert said in answer.json()["error"]["said"]


def test_a_selection_opens_elsewhere(client: TestClient, view: View, tmp_path: Path) -> None:
    areas = view.assessment.areas
    for form in ("gpkg", "geojson", "xlsx"):
        answer = client.post("/api/selection", json={"areas": [0, 1, 4], "step": 2, "format": form})
        assert answer.status_code == 200
        (tmp_path / f"a.{form}").write_bytes(answer.content)
    layer = gpd.read_file(tmp_path / "a.gpkg")
    assert layer["area_id"].tolist() == areas["area_id"].iloc[[0, 1, 4]].tolist()
    assert (layer.geometry.to_numpy() != None).all()  # noqa: E711
    np.testing.assert_allclose(layer.area, areas.geometry.iloc[[0, 1, 4]].area, rtol=1e-6)
    np.testing.assert_allclose(layer["explosive_mean"], view.areas.mean[2, 3, [0, 1, 4]], rtol=5e-4)
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert features[0]["properties"]["area_id"] == HOSTILE
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [c for row in book["areas"].iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f"], "a name became a formula"
    again = client.post("/api/selection", json={"areas": [4, 1, 0], "step": 2, "format": "xlsx"}).content
    assert again == (tmp_path / "a.xlsx").read_bytes()
    assert io.BytesIO(again).read(2) == b"PK"


@pytest.mark.parametrize(
    "asked", [{"areas": []}, {"areas": [99999]}, {"areas": [0], "step": 99}, {"areas": [0], "format": "shp"}]
)
def test_a_wrong_selection_is_refused(client: TestClient, asked: dict[str, object]) -> None:
    answer = client.post("/api/selection", json=asked)
    assert answer.status_code == 422
    assert answer.json()["error"]["kind"] == "InvalidInput"


def test_too_much_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/api/verdicts", content=b"x" * 10_000_001)
    assert answer.status_code == 413
    assert client.post("/api/verdicts", content=iter([b"{}"])).status_code == 411
