"""Run the benchmarks, each in fresh processes, and print (or write into the docs) one table.

This process stays small and imports nothing heavy: what it holds would count as memory of the processes it starts.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
CASES = (
    "coverage",
    "gamma",
    "reduction",
    "fate",
    "sampler",
    "point_patterns",
    "field",
    "field_large",
    "bosnia",
    "national",
    "plan",
    "design",
    "verdicts",
    "map_page",
)
PACKAGES = (
    "remnant",
    "numpy",
    "scipy",
    "numba",
    "shapely",
    "rasterio",
    "exactextract",
    "pandas",
    "geopandas",
    "numpyro",
    "jax",
)
QUIET_SHARE = 0.1  # of the processors in use by others: below it, the machine counts as quiet


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure remnant on this machine."
    )
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help=f"some of {', '.join(CASES)}; none means all"
    )
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="MIN", help="wait so long for a quiet machine"
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {unknown[0]}; there are {', '.join(CASES)}")
    show("machine", machine(), is_written=asked.write)
    for name in asked.cases or CASES:
        busy = wait_for_quiet(asked.wait)
        print(f"{name} ...", file=sys.stderr, flush=True)
        when = f"- commit {commit()}, measured on {dt.datetime.now(dt.UTC).date()}"
        show(name, [*section(name, busy), when], is_written=asked.write)


def show(name: str, lines: list[str], *, is_written: bool) -> None:
    """Print a part of the page, and put it in its place there."""
    text = "\n".join(lines)
    print(text, end="\n\n", flush=True)
    if not is_written:
        return
    page = PAGE.read_text("utf-8")
    block = re.compile(rf"(?s)(<!-- benchmark {name}: begin -->\n).*?(<!-- benchmark {name}: end -->)")
    if not block.search(page):
        raise SystemExit(f"{PAGE} has no place for {name}")
    PAGE.write_text(block.sub(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page), "utf-8")


def machine() -> list[str]:
    """Where and with what the numbers were made."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"- **machine** {processor()}, {os.cpu_count()} cores, {ram_gb():.0f} GB of memory, {platform.system()}",
        f"- **versions** Python {platform.python_version()}, {versions}",
    ]


def version(name: str) -> str:
    """Version of an installed package."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def commit() -> str:
    """Short name of the commit, and whether the source differs from it."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + (" with changes" if _git("status", "--porcelain", "--", "src", "benchmarks") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text("utf-8")) if info.is_file() else None
    return found[1] if found else platform.processor() or platform.machine()


def ram_gb() -> float:
    """Memory of the machine. [GB]"""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def busy_share(seconds: float = 3.0) -> float:
    """Share of the processors in use, while this program does nothing; NaN where it cannot be seen. [1]"""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return float("nan")

    def counts() -> tuple[int, int]:
        fields = [int(n) for n in stat.read_text("ascii").partition("\n")[0].split()[1:]]
        return fields[3] + fields[4], sum(fields)

    idle, total = counts()
    time.sleep(seconds)
    idle_after, total_after = counts()
    return 1.0 - (idle_after - idle) / max(total_after - total, 1)


def wait_for_quiet(minutes: float) -> float:
    """Wait until others leave the processors alone, at most so long; the share in use at the end. [1]"""
    end = time.monotonic() + 60.0 * minutes
    while True:
        busy = busy_share()
        if not busy > QUIET_SHARE or time.monotonic() > end:
            return busy
        time.sleep(5.0)


def measured(*words: str) -> dict[str, Any]:
    """What one process of measurement printed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def section(name: str, busy: float) -> list[str]:
    """One case as Markdown."""
    constants = constants_of(name)
    title, base = str(constants["TITLE"]), constants["BASE"]
    result = measured(name, "time")
    if "skipped" in result:
        return [f"## {title}", "", f"Skipped: {result['skipped']}."]
    variants = result["variants"]
    head = [
        "variant",
        "time [s]",
        "processor time [s]",
        "peak memory [MB]",
        "of which inputs and libraries [MB]",
    ]
    rows = []
    for number, (variant, took) in enumerate(variants.items()):
        space = took if "peak_mb" in took else measured(name, "memory", str(number))
        row = [variant, f"{took['wall_s']:.3g}", f"{took['cpu_s']:.3g}", f"{space['peak_mb']:.0f}"]
        row.append(f"{space['before_mb']:.0f}" if "before_mb" in space else "")
        if base:
            row.append(f"{variants[base]['wall_s'] / took['wall_s']:.2f} ×")
        rows.append(row)
    if base:
        head.append("speed, relative to the first")
    quiet = "" if not busy > QUIET_SHARE else f" The machine was busy: others used {busy:.0%} of it."
    return [
        f"## {title}",
        "",
        *table(head, rows),
        "",
        *(f"- {what}: {value}" for what, value in result["facts"].items()),
        f"- shortest of {constants['REPEATS']} runs in turn, after a warm-up that compiles.{quiet}",
    ]


def constants_of(name: str) -> dict[str, Any]:
    """The constants at the top of a case, read without importing what it needs."""
    tree = ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text("utf-8"))
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Markdown table with columns that line up in a terminal."""
    width = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]

    def line(cells: list[str]) -> str:
        return (
            "| "
            + " | ".join(
                c.ljust(w) if k == 0 else c.rjust(w)
                for k, (c, w) in enumerate(zip(cells, width, strict=True))
            )
            + " |"
        )

    rule = "|" + "|".join("-" * (w + 2) if k == 0 else "-" * (w + 1) + ":" for k, w in enumerate(width)) + "|"
    return [line(head), rule, *(line(row) for row in rows)]


if __name__ == "__main__":
    main()
