"""One case in a process of its own: time of every variant in turn, or the peak memory of one of them.

``python -m benchmarks.measure CASE time`` and ``python -m benchmarks.measure CASE memory N`` print JSON. Memory is what
the operating system has seen (the allocations of compiled libraries are invisible to Python's own counters), so each
variant needs a fresh process.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import time
from pathlib import Path
from typing import Any


class Skip(Exception):
    """The case cannot run here; the text says why."""


def resident_mb(field: str) -> float:
    """Memory of this process: ``VmRSS`` is now, ``VmHWM`` the greatest since the start or the last reset. [MB]"""
    status = Path("/proc/self/status")
    found = re.search(rf"{field}:\s+(\d+) kB", status.read_text("ascii")) if status.is_file() else None
    if found:
        return int(found[1]) / 1024.0
    import resource  # elsewhere than on Linux: the greatest since the start, of the inputs too

    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def forget_peak() -> None:
    """Let the greatest memory count from now on, where the system can."""
    switch = Path("/proc/self/clear_refs")
    if switch.is_file():
        switch.write_text("5", "ascii")


def times(case: Any) -> dict[str, Any]:
    """Shortest time of each variant; the variants take turns, so that all meet the same machine."""
    data = case.prepare()
    best: dict[str, dict[str, float]] = {}
    results: dict[str, Any] = {}
    for _ in range(case.REPEATS):
        for name, call in case.VARIANTS.items():
            wall, cpu = time.perf_counter(), time.process_time()
            results[name] = call(data)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if name not in best or wall < best[name]["wall_s"]:
                best[name] = {"wall_s": wall, "cpu_s": cpu}
                # a variant that runs a process of its own knows better
                best[name] |= getattr(results[name], "measured", {})
    return {"variants": best, "facts": case.facts(data, results)}


def memory(case: Any, number: int) -> dict[str, float]:
    """Peak memory of one variant, and of the process just before it with the inputs in place."""
    data = case.prepare()
    forget_peak()
    before = resident_mb("VmRSS")
    list(case.VARIANTS.values())[number](data)
    return {"before_mb": before, "peak_mb": resident_mb("VmHWM")}


def main() -> None:
    """Run what the arguments say."""
    name, task, *rest = sys.argv[1:]
    case = importlib.import_module(f"benchmarks.{name}")
    try:
        result: dict[str, Any] = times(case) if task == "time" else memory(case, int(rest[0]))
    except Skip as reason:
        result = {"skipped": str(reason)}
    print(json.dumps(result))


if __name__ == "__main__":
    # under its own name, so that Skip here is the Skip that the cases raise
    from benchmarks.measure import main as run

    run()
