from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from remnant.cli.app import app
from remnant.decide.plan import Programme
from remnant.errors import InvalidInput, RemnantError
from remnant.io.plan_file import programme_of, read_plan_file
from remnant.io.plan_table import read_plan_areas, read_reports

EXAMPLES = Path(__file__).parents[2] / "examples" / "valley"
PLAN, AREAS = EXAMPLES / "plan.toml", EXAMPLES / "plan-areas.csv"


def _plan_file(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = PLAN.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def test_command_writes_all_files_and_they_agree(tmp_path: Path) -> None:
    table = pd.read_csv(AREAS).assign(lon=30.0, lat=34.0)
    table["lon"] += 0.01 * table.index
    table.to_csv(tmp_path / "areas.csv", index=False)
    out = tmp_path / "out"
    words = [
        "plan",
        str(tmp_path / "areas.csv"),
        str(PLAN),
        "--out",
        str(out),
        "--draws",
        "4",
        "--pareto",
        "3",
        "--json",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said == json.loads((out / "plan.json").read_text("utf-8"))
    areas = pd.read_csv(out / "areas.csv", encoding="utf-8-sig", keep_default_na=False)
    tasks = pd.read_csv(out / "tasks.csv", encoding="utf-8-sig")
    assert set(tasks["area_id"]) == set(areas.loc[areas["team"] != "", "area_id"])
    assert tasks["usd"].sum() == pytest.approx(said["usd"])
    assert said["greedy_value"] <= said["value"] <= said["bound"]
    layer = gpd.read_file(out / "plan.gpkg", layer="plan")
    assert len(layer) == len(areas)
    assert zipfile.is_zipfile(out / "plan.xlsx")
    page = (out / "plan.html").read_text("utf-8")
    assert "<script" not in page
    assert "://" not in page
    assert "judgement" in page
    assert {t["source"] for t in said["teams"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("budget_usd = 350000", "budget_usd = -1"),
            r"plan.toml: periods\[1\].budget_usd: must be greater than",
        ),
        (("budget_usd = 350000", "budgets = 1"), r"periods\[1\]"),
        (("end = 2027-01-01", "end = 2026-01-01"), "period 2026 autumn: it must start before it ends"),
        (
            ('action = "clear"', 'action = "plough"'),
            r"action: must be 'cancel', 'survey', 'clear', 'monitor' or 'wait'",
        ),
        (
            ('follow_up = "manual clearance"', 'follow_up = "robots"'),
            "follow_up must name a team type that clears",
        ),
        (("horizon = 2036-07-01", ""), "horizon is required"),
        (
            ("[weights]", '[[must]]\narea_id = "HA-999"\n[weights]'),
            "area 'HA-999' must be among the 37 areas",
        ),
        (("low = 200, high = 1000", "low = 1000, high = 200"), "m2_per_day.low must not exceed high"),
        (("harm = 1.0\nland = 0.25", "harm = 0.0\nland = 0.0"), "harm or land must be above 0"),
    ],
)
def test_plan_files_that_do_not_hold_together_are_refused(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        _programme(_plan_file(tmp_path, change))


def _programme(path: Path) -> Programme:
    return programme_of(read_plan_file(path), read_plan_areas(AREAS, seed=1, day=20454.0)[0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("area_id,area_m2\nA,100\n", "column harm must be there"),
        ("area_id,area_m2,harm\nA,100,\n", "row 1: harm must be a number; it is blank"),
        ("area_id,area_m2,harm\nA,100,1\nA,100,1\n", "'A' comes more than once"),
        ("area_id,area_m2,harm\nA,-5,1\n", "row 1: area_m2 must be a number of 0 or more"),
        ("area_id,area_m2,harm,p_any\nA,5,1,60\n", "row 1: p_any must be a share"),
        ("area_id,area_m2,harm\n", "must hold records; it is empty"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InvalidInput, match=says):
        read_plan_areas(tmp_path / "a.csv", seed=1, day=0.0)


def test_a_chance_that_is_not_given_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("area_id,area_m2,harm,p_any\nA,5,1,\nB,5,2,0.5\n")
    areas, _ = read_plan_areas(tmp_path / "a.csv", seed=1, day=0.0)
    assert areas.p_any.tolist() == [1.0, 0.5]
    assert areas.harm.mean(axis=0)[:, 0].tolist() == pytest.approx([1.0, 2.0])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("A,vanished,2026-08-01", "row 1: outcome must be one of done"),
        ("A,done,soon", "row 1: date must be a day"),
    ],
)
def test_reports_that_cannot_be_read_are_refused(tmp_path: Path, row: str, says: str) -> None:
    (tmp_path / "r.csv").write_text(f"area_id,outcome,date\n{row}\n")
    with pytest.raises(InvalidInput, match=says):
        read_reports(tmp_path / "r.csv")


def test_a_plan_that_cannot_be_leaves_no_folder(tmp_path: Path) -> None:
    path = _plan_file(
        tmp_path,
        ("[weights]", '[[must]]\narea_id = "HA-002"\nactions = ["clear"]\nby = 2026-07-02\n[weights]'),
    )
    done = CliRunner().invoke(app, ["plan", str(AREAS), str(path), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, RemnantError)
    assert "HA-002: no team type can finish it by its deadline" in str(done.exception).replace(
        "; ", ": "
    ) or ("HA-002" in str(done.exception))
    assert not (tmp_path / "out").exists()


def test_two_runs_write_the_same_tables(tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = CliRunner().invoke(
            app, ["plan", str(AREAS), str(PLAN), "--out", str(tmp_path / name), "--draws", "2"]
        )
        assert done.exit_code == 0
    for file in ("areas.csv", "tasks.csv", "completion.csv", "plan.json", "plan.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    shutil.rmtree(tmp_path / "one")
