"""How far a command has come: a bar on a terminal, lines for a program that asks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Tell = Callable[[str, float], None]
STEPS = {
    "reduce": "weighing the evidence",
    "learn": "learning densities",
    "count": "counting what remains",
    "curve": "looking ahead",
    "cells": "mapping the cells",
    "tiles": "working out the tiles",
}
LINES = "REMNANT_PROGRESS"
"""Environment variable: ``lines`` asks for lines on standard error, for a program that runs the command."""
_LEFT_WINDOW_S = 300.0  # time left is judged by the speed of the last minutes


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Tell]:
    """A function to call with a step and the share done of it: a bar on a terminal, nothing in a pipe.

    Every step has its own clock, and says how much time it still needs. Where the environment says
    ``REMNANT_PROGRESS=lines``, each step and each whole per cent of it is a line instead.
    """
    console = Console(stderr=True)
    if not quiet and os.environ.get(LINES) == "lines":
        yield _line_teller()
        return
    if quiet or not console.is_terminal:
        yield lambda _words, _share: None
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, speed_estimate_period=_LEFT_WINDOW_S) as bar:
        task = bar.add_task("", total=1.0)
        now = ""

        def tell(step: str, share: float) -> None:
            nonlocal now
            if step != now:
                now = step
                bar.reset(task, description=STEPS.get(step, step), total=1.0)
            bar.update(task, completed=share)

        yield tell


def _line_teller() -> Tell:
    """Prints ``progress: <step>: <whole per cent> %``, each line once."""
    last = ""

    def tell(step: str, share: float) -> None:
        nonlocal last
        line = f"progress: {STEPS.get(step, step)}: {int(100.0 * share)} %"
        if line != last:
            last = line
            typer.echo(line, err=True)

    return tell
