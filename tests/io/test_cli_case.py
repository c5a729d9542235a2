"""`remnant init` and `remnant check` as a person meets them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from remnant.cli.app import app
from remnant.io import read_case

RUN = CliRunner()


def test_a_new_case_is_accepted_by_check_at_once(tmp_path: Path) -> None:
    folder = tmp_path / 'Süd "1"'
    made = RUN.invoke(app, ["init", str(folder), "--as-of", "2024-07-31"])
    assert made.exit_code == 0, made.output
    assert {p.name for p in folder.iterdir()} == {"case.toml", "example_areas.csv"}
    result = RUN.invoke(app, ["check", str(folder)])
    assert result.exit_code == 0, result.output
    assert "0 errors, 0 warnings" in result.output
    assert read_case(folder).name == 'Süd "1"'


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text("mine")
    result = RUN.invoke(app, ["init", str(tmp_path)])
    assert result.exit_code == 2
    assert (tmp_path / "case.toml").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["case.toml"]


def test_init_refuses_a_date_that_is_none(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["init", str(tmp_path / "c"), "--as-of", "31/07/2024"])
    assert result.exit_code == 2
    assert not (tmp_path / "c").exists()


def test_init_says_so_when_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("")
    result = RUN.invoke(app, ["init", str(tmp_path / "c")])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)


def test_check_writes_its_findings_and_says_where(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    result = maker.check()
    assert result.exit_code == 0
    path = maker.folder / "findings.csv"
    assert str(path) in result.output.replace("\n", "")
    with path.open(encoding="utf-8", newline="") as stream:
        assert {row["severity"] for row in csv.DictReader(stream)} == {"note"}
    assert maker.check().exit_code == 0


def test_check_writes_nothing_when_told_so(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    assert maker.check("--no-write").exit_code == 0
    assert not (maker.folder / "findings.csv").exists()


@pytest.mark.parametrize("name", ["a.geojson", "data.csv", "f.xlsx", "no/such/folder.csv"])
def test_check_never_writes_over_something_else(name: str, maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    (maker.folder / "data.csv").write_text("id,precious\n")
    before = {p: p.read_bytes() for p in maker.folder.iterdir()}
    result = maker.check("--out", str(maker.folder / name))
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert {p: p.read_bytes() for p in maker.folder.iterdir()} == before


def test_a_formula_in_a_name_does_not_reach_a_spreadsheet(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson", extra='name = "=cmd()"\n')
    maker.check()
    with (maker.folder / "findings.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["layer"] for row in csv.DictReader(stream)} == {"'=cmd()"}


def test_the_command_itself_leaves_no_traceback(maker: Any) -> None:
    maker.text("case.toml", "name = test")
    done = subprocess.run(
        [sys.executable, "-c", "from remnant.cli import main; main()", "check", str(maker.folder)],
        capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "must be TOML" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_starts_without_geometry_or_numerics() -> None:
    heavy = "{'geopandas', 'matplotlib', 'numba', 'rasterio', 'scipy', 'shapely'}"
    code = f"import sys, remnant.cli; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_terminal_gets_a_table(maker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    import remnant.cli.case as command

    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    assert "what to do" in maker.check("--no-write").output
