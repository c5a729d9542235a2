"""Working a case out in the background: a process of its own, whose state lies in files and outlives the server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from remnant.errors import InvalidInput
from remnant.io.write_view import VIEW_FILES, VIEW_FOLDER

JOB_FOLDER = ".remnant"
"""Beside the case's files: state and log of the last job."""
_PROGRESS = re.compile(r"^progress: (?P<step>.*): (?P<share>\d+) %$")
_REFUSAL = "error: "
_TAIL_BYTES = 20_000
_PATIENCE_S = 10.0
_LATEST_START_S = 60.0  # a job's process began before that after its job

JobState = Literal["none", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of `remnant assess --map`.

    Parameters
    ----------
    state
        ``none`` before the first.
    step, share
        What it does now, in words, and the share done of it. [1]
    said
        Why it failed; empty otherwise.
    pid
        Of its process; 0 for none.
    began
        Seconds since 1970. [s]
    """

    state: JobState = "none"
    step: str = ""
    share: float = 0.0
    said: str = ""
    pid: int = 0
    began: float = 0.0


class Jobs:
    """The jobs of one case; any number of servers, one after another, see the same.

    Parameters
    ----------
    case, result
        The case, and the folder of its result.
    program
        What runs ``assess``; default: this Python and this package.
    """

    def __init__(
        self, case: Path, result: Path, program: Sequence[str] = (sys.executable, "-m", "remnant")
    ) -> None:
        self.case, self.result, self.program = case, result, tuple(program)
        self.folder = (case.parent if case.is_file() else case) / JOB_FOLDER
        self._child: subprocess.Popen[bytes] | None = None

    def status(self) -> Job:
        """How the last job stands."""
        job = self._read()
        if job.state != "running":
            return job
        step, share, said = self._last_lines()
        if self._is_alive(job):
            return replace(job, step=step, share=share)
        made = self.result / VIEW_FOLDER / VIEW_FILES["about"]
        if made.is_file() and made.stat().st_mtime >= job.began:
            job = replace(job, state="done", step="", share=1.0, pid=0)
        else:
            job = replace(job, state="failed", said=said or "the work ended without a result", pid=0)
        self._write(job)
        return job

    def start(self) -> Job:
        """Begin to work the case out.

        Raises
        ------
        InvalidInput
            A job is running already.
        """
        if self.status().state == "running":
            raise InvalidInput("this case is being worked out already. Wait for it, or cancel it.")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        command = [*self.program, "assess", str(self.case), "--out", str(self.result), "--map"]
        began = time.time()
        with (self.folder / "job.log").open("wb") as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"REMNANT_PROGRESS": "lines"},
                start_new_session=True,  # it goes on when the server is ended
            )
        job = Job(state="running", pid=self._child.pid, began=began)
        self._write(job)
        return job

    def cancel(self) -> Job:
        """End the running job; its half-made folder goes with it."""
        job = self.status()
        if job.state != "running":
            return job
        for sign in (signal.SIGINT, signal.SIGTERM):
            _signal(job.pid, sign)
            until = time.monotonic() + _PATIENCE_S
            while self._is_alive(job) and time.monotonic() < until:
                time.sleep(0.05)
            if not self._is_alive(job):
                break
        job = replace(job, state="cancelled", pid=0)
        self._write(job)
        return job

    def _is_alive(self, job: Job) -> bool:
        if self._child is not None and self._child.poll() is None and self._child.pid == job.pid:
            return True
        if self._child is not None and self._child.pid == job.pid:
            return False
        try:
            os.kill(job.pid, 0)
        except (OSError, OverflowError):
            return False
        seen = _process(job.pid)
        # one that has ended and was not fetched is gone; another process may have got the number since
        return seen is None or (seen[0] != "Z" and seen[1] <= job.began + _LATEST_START_S)

    def _read(self) -> Job:
        try:
            return Job(**json.loads((self.folder / "job.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Job()

    def _write(self, job: Job) -> None:
        scratch = self.folder / "job.json.part"
        scratch.write_text(json.dumps(asdict(job)), encoding="utf-8")
        scratch.replace(self.folder / "job.json")

    def _last_lines(self) -> tuple[str, float, str]:
        """The last step, the share done of it, and the refusal."""
        try:
            with (self.folder / "job.log").open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - _TAIL_BYTES))
                lines = log.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            return "", 0.0, ""
        step, share, said = "", 0.0, ""
        for line in lines:
            if found := _PROGRESS.match(line):
                step, share = found["step"], int(found["share"]) / 100.0
            elif line.startswith(_REFUSAL):
                said = line.removeprefix(_REFUSAL)
        return step, share, said or (lines[-1] if lines and not _PROGRESS.match(lines[-1]) else "")


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(pid, sign)
        else:
            os.kill(pid, sign)
    except OSError:
        pass  # it has ended meanwhile


def _process(pid: int) -> tuple[str, float] | None:
    """State of a process, and when it began in seconds since 1970; None where the system does not say."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        booted = next(
            int(line.split()[1])
            for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
            if line.startswith("btime")
        )
        return words[0], booted + int(words[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def job_words(job: Job) -> dict[str, Any]:
    """A job as the page gets it."""
    words = asdict(job)
    del words["pid"]
    return words
