"""`remnant print`: what it writes, and how it refuses."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from remnant.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["remnant", "print", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return call


def test_a_report_is_written_whole_and_private(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.pdf"
    code, said, errors = run(str(folder), "--out", str(out))
    assert (code, errors) == (0, "")
    assert said == f"Printed: {out}   Keep it private: it shows positions of uncleared hazards.\n"
    assert out.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [p.name for p in out.parent.iterdir()] == ["report.pdf"]


def test_dossiers_in_ukrainian_replace_an_earlier_page(
    run: Run, folder: Path, tmp_path: Path, paper: ModuleType
) -> None:
    out = tmp_path / "report.pdf"
    out.write_bytes(b"%PDF-1.7 old")
    code, said, _ = run(
        str(folder),
        "--out",
        str(out),
        "--language",
        "uk",
        "--area",
        "HA-0001",
        "--area",
        "HA-0004",
        "--quiet",
    )
    assert (code, said) == (0, "")
    text = paper.text_of(out.read_bytes())
    assert "Територія HA-0001" in text
    assert "Територія HA-0004" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--area", "HA-9999"), "the result must hold the area 'HA-9999'"),
        (("--language", "xx"), "the language must be one of en, uk; got 'xx'."),
    ],
)
def test_a_refusal_is_one_line_and_leaves_what_was_there(
    run: Run, folder: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "report.pdf"
    out.write_bytes(b"%PDF-1.7 old")
    code, said, errors = run(str(folder), "--out", str(out), *arguments)
    assert (code, said) == (2, "")
    assert errors.startswith(f"error: {words}")
    assert len(errors.splitlines()) == 1
    assert out.read_bytes() == b"%PDF-1.7 old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_would_be_lost_is_refused_before_the_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.pdf").write_text("not a page of ours")
    code, _, errors = run("nowhere", "--out", str(tmp_path / "thesis.pdf"))
    assert (code, errors) == (
        2,
        f"error: {tmp_path / 'thesis.pdf'} is no PDF, and it would be lost. Choose another name.\n",
    )
    assert run("nowhere", "--out", str(tmp_path))[2].startswith(
        "error: --out must be a file such as report.pdf;"
    )
    assert run("nowhere", "--out", "x.docx")[2] == "error: --out must end in .pdf; got 'x.docx'.\n"
