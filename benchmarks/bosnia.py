"""Bosnia end to end through the command line: what a user waits for, and what the machine must hold."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Skip

TITLE = "Bosnia, all of it: `remnant assess examples/bosnia`"
REPEATS = 2
BASE = None
LIMIT_S, LIMIT_GB = 120.0, 4.0
ROOT = Path(__file__).resolve().parents[1]
CASE = ROOT / "examples" / "bosnia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took and wrote."""

    written_mb: float
    measured: Mapping[str, float] = field(default_factory=dict)


def prepare() -> Path:
    """The command; skips where the data is not."""
    data = Path(os.environ.get("REMNANT_DATA", ROOT.parent / "shared" / "data")) / "bosnia"
    if not data.is_dir():
        raise Skip("the Bosnia records are not here (REMNANT_DATA names no folder that holds them)")
    return Path(sys.executable).parent / "remnant"


def assess(command: Path) -> Run:
    """One run in a process of its own, with its time, processor time and memory as the system counted them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        start = time.perf_counter()
        words = [str(command), "assess", str(CASE), "--out", str(out), "--quiet"]
        child = os.posix_spawn(str(command), words, os.environ)
        _, status, used = os.wait4(child, 0)
        wall = time.perf_counter() - start
        if status != 0:
            raise RuntimeError(f"{' '.join(words)} ended with code {os.waitstatus_to_exitcode(status)}")
        written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 2**20
    own = resource.getrusage(
        resource.RUSAGE_SELF
    ).ru_maxrss  # a lower bound of what the child is charged with
    assert own < used.ru_maxrss
    measured = {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024.0}
    return Run(written_mb=written, measured=measured)


VARIANTS: Mapping[str, Callable[[Path], Run]] = {"remnant assess": assess}


def facts(_: Path, results: Mapping[str, Run]) -> dict[str, str]:
    """The limits, and what was written."""
    return {
        "limits": f"{LIMIT_S:g} s and {LIMIT_GB:g} GB on two cores",
        "written": f"{results['remnant assess'].written_mb:.0f} MB",
    }
