"""`remnant assess`: what it says, where it writes, and how it refuses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remnant.assessment import Assessment
from remnant.cli import main
from remnant.errors import CaseError


@dataclasses.dataclass(frozen=True)
class FakeCase:
    """As much of a case as the command touches."""

    dates: tuple[dt.date, ...] = (dt.date(2026, 11, 22),)
    seed: int = 1


@pytest.fixture
def run(
    result: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    seen: list[FakeCase] = []

    def weigh(case: FakeCase, *, progress: Callable[[str, float], None]) -> FakeCase:
        seen.append(case)
        progress("learn", 0.5)
        return case

    monkeypatch.setattr("remnant.io.read_case", lambda _: FakeCase())
    monkeypatch.setattr("remnant.weighing.weigh", weigh)
    monkeypatch.setattr(importlib.import_module("remnant.assessment"), "answer", lambda _: result)
    (tmp_path / "case").mkdir()

    def call(*arguments: str) -> tuple[int, str, str, list[FakeCase]]:
        monkeypatch.setattr(sys, "argv", ["remnant", "assess", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err, seen

    return call


def test_three_lines_say_what_remains_and_where_the_files_lie(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    code, out, err, _ = run(str(tmp_path / "case"))
    folder = tmp_path / "case" / "results"
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 3
    assert lines[0].startswith(
        "On 22 November 2026, with 90 % probability, between 110 and 720 explosive items remain"
    )
    assert lines[2] == f"Report: {folder / 'report.html'}   Layers: {folder / 'example-valley.gpkg'}"
    assert err == ""  # no bar in a pipe
    assert (folder / "report.html").exists()


def test_quiet_prints_nothing(run: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err, _ = run(str(tmp_path / "case"), "--out", str(tmp_path / "out"), "--quiet")
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / "out" / "summary.json").exists()


def test_dates_and_seed_of_the_command_replace_those_of_the_case(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    *_, seen = run(str(tmp_path / "case"), "--date", "2036-11-22", "--date", "2027-01-01", "--seed", "9")
    assert seen == [FakeCase(dates=(dt.date(2027, 1, 1), dt.date(2036, 11, 22)), seed=9)]


def test_a_date_that_is_none_is_one_line_and_exit_code_2(run: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err, seen = run(str(tmp_path / "case"), "--date", "22.11.2026")
    assert (code, out, seen) == (2, "", [])
    assert err == "error: --date must be a day such as 2026-11-22; got '22.11.2026'.\n"


def test_a_folder_with_other_files_is_refused_before_the_computing(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("")
    code, _, err, seen = run(str(tmp_path / "case"), "--out", str(tmp_path / "mine"))
    assert (code, seen) == (2, [])
    assert "holds other files (thesis.docx)" in err


def test_a_case_that_cannot_be_read_writes_nothing(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise CaseError("the case has 2 errors; `remnant check` lists them.")

    monkeypatch.setattr("remnant.io.read_case", refuse)
    code, out, err, _ = run(str(tmp_path / "case"))
    assert (code, out) == (2, "")
    assert err == "error: the case has 2 errors; `remnant check` lists them.\n"
    assert list((tmp_path / "case").iterdir()) == []
