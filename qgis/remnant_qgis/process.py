"""The command as a process of its own: found, run in a clean environment, heard line by line, ended with its children.

Nothing here knows QGIS.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

COMMAND = "remnant"
REFUSAL = "error: "
"""How the line begins with which the command refuses."""
HOW_TO_INSTALL = (
    "Install remnant in a Python environment of its own (Python 3.11 or newer), not in QGIS. Then name its program in "
    "Settings > Options > remnant, or as 'remnant command' in the dialog: such as ~/remnant/bin/remnant, or "
    "C:\\remnant\\Scripts\\remnant.exe."
)
_IS_WINDOWS = sys.platform == "win32"
_NOT_OURS = re.compile(r"PYTHON|GDAL_|OGR_|PROJ_|LD_|DYLD_|QGIS|QT_|VIRTUAL_ENV$|CONDA_|CPL_", re.IGNORECASE)
_PROGRESS = re.compile(r"progress: (?P<step>.+): (?P<percent>\d{1,3}) %")
_FRAME = "╭╮╰╯│─ "
_POLL_S = 0.1
_GRACE_S = 10.0  # what the command gets to remove its half-made folder
_TAIL_S = 2.0  # for output that is still on its way when the command has ended


class CommandMissing(Exception):
    """The command is not where it should be; the words say what to do."""


@dataclass(frozen=True)
class Finished:
    """How a run ended: exit code, all lines of both outputs, and whether somebody called it off."""

    code: int
    out: tuple[str, ...]
    err: tuple[str, ...]
    is_cancelled: bool


def find_command(setting: str, search_path: str | None = None) -> str:
    """Full path of the command that a setting names; empty: `remnant` on the PATH.

    Raises
    ------
    CommandMissing
        There is no such program.
    """
    name = os.path.expanduser(setting.strip().strip('"')) or COMMAND  # noqa: PTH111 - a bare name is no path
    found = shutil.which(name, path=search_path)
    if found is None:
        where = "there is no such program" if os.path.dirname(name) else "it is not on the PATH of QGIS"  # noqa: PTH120
        raise CommandMissing(f"The remnant command was not found: {name!r}; {where}. {HOW_TO_INSTALL}")
    return os.path.abspath(found)  # noqa: PTH100 - keeps links: a program of an environment is one


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment for the command: without what QGIS sets for its own Python and libraries.

    QGIS ships Python, GDAL and PROJ, and points the environment at them; the command has its own.

    Examples
    --------
    >>> clean_environment({"HOME": "/me", "PYTHONHOME": "/qgis", "PROJ_LIB": "/qgis/proj"})["HOME"]
    '/me'
    >>> "PYTHONHOME" in clean_environment({"PYTHONHOME": "/qgis"})
    False
    """
    kept = {key: value for key, value in environment.items() if not _NOT_OURS.match(key)}
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "REMNANT_PROGRESS": "lines", "NO_COLOR": "1"}


def progress_of(line: str) -> tuple[str, float] | None:
    """Step and per cent that a line tells; None for any other line.

    Examples
    --------
    >>> progress_of("progress: learning densities: 42 %")
    ('learning densities', 42.0)
    >>> progress_of("note: 3 records have no date")
    """
    found = _PROGRESS.fullmatch(line.strip())
    return (found["step"], float(found["percent"])) if found else None


def refusal(finished: Finished) -> str:
    """The one message that the command refused with, for people.

    Examples
    --------
    >>> refusal(Finished(2, (), ("progress: reading the records: 0 %", "error: no case.toml. Name a folder."), False))
    'no case.toml. Name a folder.'
    """
    lines = [line.strip(_FRAME) for line in finished.err if line.strip(_FRAME) and progress_of(line) is None]
    for line in reversed(lines):
        if line.startswith(REFUSAL):
            return line[len(REFUSAL) :]
    last = lines[-1] if lines else "it said nothing"
    return f"remnant ended with code {finished.code}: {last}"


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    on_out: Callable[[str], None],
    on_err: Callable[[str], None],
    is_cancelled: Callable[[], bool],
    grace_s: float = _GRACE_S,
) -> Finished:
    """Run a command to its end, or until it is called off.

    Parameters
    ----------
    arguments
        Program and arguments; no shell sees them.
    environment
        All that the command gets (`clean_environment`).
    on_out, on_err
        Called with each line, in the thread of the caller.
    is_cancelled
        Asked ten times a second; once true, the command and all that it started are ended.
    grace_s
        What the command gets to tidy up before it is killed. [s]
    """
    process = subprocess.Popen(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        encoding="utf-8",
        errors="replace",
        **_own_group(),
    )
    lines: queue.Queue[tuple[int, str | None]] = queue.Queue()
    for number, stream in enumerate((process.stdout, process.stderr)):
        threading.Thread(target=_listen, args=(stream, number, lines), daemon=True).start()
    heard: tuple[list[str], list[str]] = ([], [])
    num_open, called_off, ended_s = 2, False, None
    while num_open:
        try:
            number, line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            pass
        else:
            if line is None:
                num_open -= 1
            else:
                heard[number].append(line)
                (on_out, on_err)[number](line)
        if not called_off and is_cancelled():
            called_off = True
            end_tree(process, grace_s)
        if process.poll() is not None:  # a grandchild may keep the pipe open for good
            ended_s = ended_s or time.monotonic()
            if time.monotonic() - ended_s > _TAIL_S and lines.empty():
                break
    return Finished(process.wait(), tuple(heard[0]), tuple(heard[1]), called_off)


def end_tree(process: subprocess.Popen[str], grace_s: float) -> None:
    """End a process and all that it started: first as Ctrl+C does, so that it can tidy up, then without asking."""
    if _IS_WINDOWS:
        killer = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(killer, check=False, capture_output=True, creationflags=_no_window())
        process.wait()
        return
    _signal_group(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _listen(stream: IO[str], number: int, lines: queue.Queue[tuple[int, str | None]]) -> None:
    """Lines of a stream into a queue, None at its end."""
    with stream:
        for line in stream:
            lines.put((number, line.rstrip("\r\n")))
    lines.put((number, None))


def _own_group() -> dict[str, object]:
    return {"creationflags": _no_window()} if _IS_WINDOWS else {"start_new_session": True}


def _no_window() -> int:
    return int(getattr(subprocess, "CREATE_NO_WINDOW", 0))


def _signal_group(leader: int, number: int) -> None:
    with suppress(ProcessLookupError):  # all of it has ended
        os.killpg(leader, number)
