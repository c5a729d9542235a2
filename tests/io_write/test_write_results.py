"""Results are written whole, readable, reproducible, and never over somebody's files."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
from rasterio._err import CPLE_BaseError

from remnant.assessment import RESULT_STATES, Assessment
from remnant.errors import InvalidInput, RemnantError
from remnant.io import check_output_folder, write_results
from remnant.io.write_folder import MANIFEST
from remnant.io.write_tables import cell_text

TABLES = ("areas", "area_results", "districts", "totals", "curve", "parameters", "findings")


@pytest.fixture(scope="session")
def written(result: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "out"
    write_results(result, folder, report_html="<p>page</p>")
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_every_file_is_there_and_in_the_manifest(result: Assessment, written: Path) -> None:
    rasters = {
        f"rasters/{s}_{d.isoformat()}.{kind}"
        for s in RESULT_STATES
        for d in result.dates
        for kind in ("tif", "qml")
    }
    expected = {f"{t}.csv" for t in TABLES} | rasters
    expected |= {"example-valley.gpkg", "summary.json", "stac.json", "report.html", "README.txt"}
    assert set(_contents(written)) == expected | {MANIFEST}
    assert set(json.loads((written / MANIFEST).read_text())["files"]) == expected


def test_two_runs_give_the_same_bytes(
    make_assessment: Callable[..., Assessment], written: Path, tmp_path: Path
) -> None:
    write_results(make_assessment(), tmp_path / "again", report_html="<p>page</p>")
    first, second = _contents(written), _contents(tmp_path / "again")
    assert [name for name in first if first[name] != second[name]] == []


def test_a_failure_in_the_middle_leaves_nothing(
    result: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("remnant.io.write_outputs.write_json", fail)
    with pytest.raises(RemnantError, match=r"No space left on device\. Nothing there was changed"):
        write_results(result, tmp_path / "out", report_html="")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error", [CPLE_BaseError(3, 3, "Write error"), sqlite3.OperationalError("disk is full")]
)
def test_a_full_disk_met_by_a_map_library_is_one_error(
    result: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("remnant.io.write_outputs.write_cogs", fail)
    with pytest.raises(RemnantError, match=r"map layers could not be written: .*; is the disk full\?"):
        write_results(result, tmp_path / "out", report_html="")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_the_previous_result_as_it_was(
    result: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_results(result, out, report_html="old")
    before = _contents(out)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("remnant.io.write_outputs.write_json", interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        write_results(result, out, report_html="new")
    assert _contents(out) == before
    assert list(tmp_path.iterdir()) == [out]


def test_the_old_result_returns_when_the_swap_fails(
    result: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_results(result, out, report_html="old")
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(RemnantError, match="Permission denied"):
        write_results(result, out, report_html="new")
    assert (out / "report.html").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_previous_result_is_replaced(result: Assessment, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_results(result, out, report_html="old")
    (out / "example-valley.gpkg-wal").write_bytes(b"left by a map program")
    write_results(result, out, report_html=None)
    assert not (out / "report.html").exists()
    assert list(tmp_path.iterdir()) == [out]


def test_an_empty_folder_is_taken(result: Assessment, tmp_path: Path) -> None:
    assert write_results(result, tmp_path, report_html=None).report is None
    assert (tmp_path / "areas.csv").exists()


def test_a_folder_with_other_files_is_refused_and_kept(result: Assessment, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(
        InvalidInput, match=r"new, empty or a previous result .* \(thesis\.docx\)\. Choose another"
    ):
        write_results(result, tmp_path, report_html=None)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_previous_result_with_notes_of_the_user_is_refused(result: Assessment, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_results(result, out, report_html=None)
    (out / "my map.qgz").write_text("hours of work")
    with pytest.raises(InvalidInput, match=r"files that remnant did not write \(my map\.qgz\)"):
        write_results(result, out, report_html=None)
    assert (out / "my map.qgz").exists()


@pytest.mark.parametrize("manifest", ["not json", "[]", '{"format": "other/1", "files": {}}', '{"files": 1}'])
def test_a_foreign_manifest_does_not_make_a_folder_ours(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(InvalidInput, match="Choose another folder"):
        check_output_folder(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InvalidInput, match=r"must be a folder; .*out is a file"):
        check_output_folder(tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_one_error(result: Assessment, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RemnantError, match=r"cannot be created: .* Choose another folder"):
        write_results(result, tmp_path / "file" / "out", report_html=None)


def test_only_the_owner_may_read_the_results(written: Path) -> None:
    assert written.stat().st_mode & 0o077 == 0


def test_csv_and_json_hold_the_same_numbers_as_the_assessment(result: Assessment, written: Path) -> None:
    table = pd.read_csv(written / "area_results.csv")
    summary = pd.DataFrame(json.loads((written / "summary.json").read_text())["area_results"])
    for name in ("mean", "q05", "q95", "p_any"):
        want = np.sort(result.area_results[name].to_numpy())
        np.testing.assert_array_equal(np.sort(table[name].to_numpy()), want)
        np.testing.assert_array_equal(np.sort(summary[name].astype(float).to_numpy()), want)


def test_unknown_numbers_are_empty_cells_and_json_nulls(written: Path) -> None:
    with (written / "area_results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["area_id"] == "HA-0005"]
    assert {r["mean"] for r in rows} == {""}
    summary = json.loads((written / "summary.json").read_text(encoding="utf-8"))
    assert {r["mean"] for r in summary["area_results"] if r["area_id"] == "HA-0005"} == {None}


def test_no_csv_cell_starts_a_formula(written: Path) -> None:
    texts = []
    for name in TABLES:
        with (written / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            texts += [cell for row in csv.reader(file) for cell in row]
    assert "'=cmd|calc" in texts
    starts = [t for t in texts if t.startswith(("=", "+", "@"))]
    minus = [t for t in texts if t.startswith("-") and not t.lstrip("-").replace(".", "").isdigit()]
    assert starts + minus == []


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\tx", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert cell_text(text) == f"'{text}"


def test_negative_numbers_stay_numbers() -> None:
    assert (cell_text(-1.5), cell_text(-2)) == ("-1.5", "-2")


def test_the_summary_says_which_dates_are_forecasts(written: Path) -> None:
    dates = json.loads((written / "summary.json").read_text(encoding="utf-8"))["dates"]
    assert [d["is_forecast"] for d in dates] == [False, True, True]


def test_a_case_without_areas_or_cells_can_be_written(
    make_assessment: Callable[..., Assessment], tmp_path: Path, empty: Assessment
) -> None:
    written = write_results(empty, tmp_path / "out", report_html=None)
    layers = {name for name, _ in pyogrio.list_layers(written.geopackage)}
    assert {"areas", "cells", "totals"} <= layers
