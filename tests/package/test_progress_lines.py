from __future__ import annotations

import pytest

from remnant.cli.progress import LINES, progress_bar


def test_a_program_that_asks_gets_each_step_and_whole_per_cent_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LINES, "lines")
    with progress_bar(quiet=False) as tell:
        tell("reading the records", 0.0)
        for k in range(1000):
            tell("learn", k / 1000)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 101
    assert lines[0] == "progress: reading the records: 0 %"
    assert lines[-1] == "progress: learning densities: 99 %"


@pytest.mark.parametrize(("asked", "quiet"), [("", False), ("lines", True), ("bar", False)])
def test_nobody_else_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str, quiet: bool
) -> None:
    monkeypatch.setenv(LINES, asked)
    with progress_bar(quiet=quiet) as tell:
        tell("learn", 0.5)
    assert capsys.readouterr() == ("", "")
