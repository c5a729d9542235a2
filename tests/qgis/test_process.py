"""The command runs as a process of its own: heard while it runs, clean, and ended with all that it started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from remnant_qgis.process import (
    CommandMissing,
    Finished,
    clean_environment,
    find_command,
    progress_of,
    refusal,
    run,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
{what}
time.sleep(60)
"""
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True)"


def _run(
    program: str, *arguments: str, is_cancelled: Callable[[], bool] = lambda: False, grace_s: float = 5.0
) -> tuple[Finished, list[tuple[float, str]]]:
    heard: list[tuple[float, str]] = []
    done = run(
        [sys.executable, "-c", program, *arguments],
        environment=clean_environment(os.environ),
        on_out=lambda line: heard.append((time.monotonic(), line)),
        on_err=lambda line: heard.append((time.monotonic(), line)),
        is_cancelled=is_cancelled,
        grace_s=grace_s,
    )
    return done, heard


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def test_lines_are_heard_while_the_command_runs() -> None:
    done, heard = _run("import time; print('one', flush=True); time.sleep(1); print('two')")
    assert done == Finished(0, ("one", "two"), (), is_cancelled=False)
    assert heard[1][0] - heard[0][0] > 0.5


def test_both_outputs_and_the_code_come_back() -> None:
    done, _ = _run("import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)")
    assert done == Finished(3, ("a",), ("b",), is_cancelled=False)


def test_letters_of_any_script_pass_unchanged_and_bytes_of_none_do_no_harm() -> None:
    words = "Đurđa – мины 地雷 $HOME; ls"
    done, _ = _run("import sys; print(sys.argv[1], flush=True); sys.stdout.buffer.write(b'\\xff\\n')", words)
    assert done.out == (words, "\ufffd")


def test_more_than_a_pipe_holds_does_not_stall() -> None:
    done, _ = _run("import sys\nfor k in range(20000): print(k); print(k, file=sys.stderr)")
    assert len(done.out) == len(done.err) == 20000


@posix
@pytest.mark.parametrize(("what", "least"), [("", 1), (DEAF, 2)], ids=["hears Ctrl+C", "deaf"])
def test_a_run_that_is_called_off_ends_with_all_its_children(what: str, least: int) -> None:
    lines: list[str] = []
    began = time.monotonic()
    done = run(
        [sys.executable, "-c", PARENT.format(what=what)],
        environment=clean_environment(os.environ),
        on_out=lines.append,
        on_err=lambda _: None,
        is_cancelled=lambda: len(lines) >= least,
        grace_s=1.0,
    )
    assert done.is_cancelled
    assert done.code != 0
    assert time.monotonic() - began < 20.0
    time.sleep(0.2)
    assert not _is_running(int(lines[0]))


@posix
def test_a_run_that_is_called_off_may_tidy_up(tmp_path: Path) -> None:
    left, inside = tmp_path / "half made", tmp_path / "half made" / "inside"
    program = (
        "import shutil, signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path; left = Path(sys.argv[1]); left.mkdir()\n"
        "try:\n  (left / 'inside').touch(); time.sleep(60)\nfinally:\n  shutil.rmtree(left)"
    )
    done, _ = _run(program, str(left), is_cancelled=inside.exists)
    assert done.is_cancelled
    assert not left.exists()


@posix
def test_a_child_that_keeps_the_pipe_does_not_keep_us() -> None:
    began = time.monotonic()
    program = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"
    )
    done, _ = _run(program)
    assert done.code == 0
    assert time.monotonic() - began < 15.0


def test_nothing_of_the_map_program_reaches_the_command() -> None:
    dirty = {
        "PYTHONHOME": "/q", "PYTHONPATH": "/q", "PythonStartup": "/q", "PROJ_LIB": "/q", "PROJ_DATA": "/q",
        "GDAL_DATA": "/q", "GDAL_DRIVER_PATH": "/q", "LD_LIBRARY_PATH": "/q", "DYLD_LIBRARY_PATH": "/q",
        "QT_PLUGIN_PATH": "/q", "VIRTUAL_ENV": "/q", "CONDA_PREFIX": "/q",
    }  # fmt: skip
    kept = {"HOME": "/me", "PATH": "/bin", "TMPDIR": "/t", "LANG": "sr_RS.UTF-8", "NUMBA_CACHE_DIR": "/n"}
    clean = clean_environment({**dirty, **kept})
    assert "/q" not in clean.values()
    assert kept.items() <= clean.items()
    assert clean["PYTHONUTF8"] == "1"
    assert clean["REMNANT_PROGRESS"] == "lines"


@posix
def test_a_command_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    there = tmp_path / "bin é" / "remnant"
    there.parent.mkdir()
    there.write_text("#!/bin/sh\n", encoding="utf-8")
    there.chmod(0o755)
    assert find_command(f'  "{there}" ') == str(there)
    assert find_command("", search_path=str(there.parent)) == str(there)
    link = tmp_path / "linked"
    link.symlink_to(there)
    assert find_command(str(link)) == str(link)  # a Python environment knows itself by its link


def test_a_command_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        CommandMissing, match=r"'remnant'; it is not on the PATH .*Settings > Options > remnant"
    ):
        find_command("", search_path=str(tmp_path))
    with pytest.raises(CommandMissing, match=r"there is no such program\. Install remnant"):
        find_command(str(tmp_path / "remnant"))
    with pytest.raises(CommandMissing, match="no such program"):
        find_command(str(tmp_path))  # a folder is no program


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("progress: reading the records: 0 %", ("reading the records", 0.0)),
        ("progress: a: b: 100 %\r", ("a: b", 100.0)),
        ("progress: learning densities", None),
        ("error: progress: 3 %", None),
        ("", None),
    ],
)
def test_only_lines_of_progress_are_progress(line: str, told: tuple[str, float] | None) -> None:
    assert progress_of(line) == told


def test_a_refusal_is_one_message_without_its_label() -> None:
    err = ("progress: reading the records: 0 %", "warning: old", "error: no case.toml. Name a folder.", "")
    assert refusal(Finished(2, (), err, is_cancelled=False)) == "no case.toml. Name a folder."


def test_a_refusal_in_a_frame_and_a_silent_end_are_told_with_their_code() -> None:
    err = ("Usage: remnant assess", "╭─ Error ───╮", "│ Missing argument 'CASE'. │", "╰────╯")
    assert (
        refusal(Finished(2, (), err, is_cancelled=False))
        == "remnant ended with code 2: Missing argument 'CASE'."
    )
    assert refusal(Finished(-9, (), (), is_cancelled=False)) == "remnant ended with code -9: it said nothing"
