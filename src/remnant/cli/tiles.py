"""`remnant assess --tiles`: a whole country, tile by tile."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from pathlib import Path

import typer

from remnant.cli.progress import STEPS, progress_bar
from remnant.io import (
    StepLog,
    cluster_results,
    local_results,
    open_tiles,
    read_case,
    write_results,
)
from remnant.national import finish, prepare
from remnant.report import answer_lines, render_report


def assess_by_tiles(
    case: Path,
    folder: Path,
    *,
    dates: tuple[dt.date, ...],
    seed: int | None,
    scheduler: str | None,
    quiet: bool,
) -> None:
    """Work a case's region out tile by tile, going on where an earlier run was ended."""
    with progress_bar(quiet=quiet) as show:
        log = StepLog(
            show=show, say=None if quiet or sys.stderr.isatty() else lambda line: typer.echo(line, err=True)
        )
        log.tell("reading the records", 0.0)
        read = read_case(case)
        read = dataclasses.replace(read, dates=dates or read.dates)
        country = prepare(read, seed=seed, progress=log.tell)
        store = open_tiles(folder, country)
        left = [task for task in country.tasks if task.number not in store.done]
        log.begin("tiles", done=len(store.done), total=len(country.tasks))
        job = country.job
        for tile in local_results(job, left) if scheduler is None else cluster_results(job, left, scheduler):
            store.put(tile)
            log.count()
        log.tell("adding up", 0.0)
        result = finish(country, store.sums([task.number for task in country.tasks]))
        log.tell("drawing the report", 0.0)
        page = render_report(result)
        log.tell("writing the layers", 0.0)
        written = write_results(
            result,
            folder,
            report_html=page,
            tiles=store,
            progress=lambda share: log.tell("writing the layers", share),
        )
        log.close()
    if quiet:
        return
    for line in answer_lines(result):
        typer.echo(line)
    for note in written.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"Report: {written.report}   Layers: {written.geopackage}")
    typer.echo("Time and greatest memory of each step:")
    for line in log.lines(STEPS):
        typer.echo(f"  {line}")
