"""How far a command has come: a bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
_LEFT_WINDOW_S = 300.0  # time left is judged by the speed of the last minutes


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Tell]:
    """A function to call with a step and the share done of it: a bar on a terminal, nothing in a pipe.

    Every step has its own clock, and says how much time it still needs.
    """
    console = Console(stderr=True)
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
