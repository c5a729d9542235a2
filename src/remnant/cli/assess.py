"""`remnant assess`: from a case's records to what remains, as layers, tables and a report."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.progress import progress_bar
from remnant.errors import InvalidInput

RESULTS = "results"


@app.command()
def assess(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the results; left out: `results` in the case folder."
        ),
    ] = None,
    date: Annotated[
        list[str] | None,
        typer.Option(
            "--date", metavar="YYYY-MM-DD", help="Date asked for, instead of the case's; may be repeated."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the case's seed.")] = None,
    tiles: Annotated[
        bool,
        typer.Option(
            "--tiles",
            help="Work the whole region of the case out tile by tile; run again, it goes on where it was ended.",
        ),
    ] = False,
    with_map: Annotated[
        bool,
        typer.Option(
            "--map", help="Also write what `remnant serve` and `remnant export` show, over 30 years."
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers do the tiles; with --tiles."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Say what remains in a case's ground, in which state, where and on which date."""
    from remnant.assessment import answer
    from remnant.io import check_output_folder, read_case, write_results
    from remnant.report import answer_lines, render_report
    from remnant.viewing import view_of
    from remnant.weighing import weigh

    dates = tuple(sorted({_date(text) for text in date or ()}))
    folder = out if out is not None else (case.parent if case.is_file() else case) / RESULTS
    check_output_folder(folder)
    if scheduler is not None and not tiles:
        raise InvalidInput(
            "--scheduler goes with --tiles: only tiles are worked out by a cluster. Add --tiles."
        )
    if tiles and with_map:
        raise InvalidInput("--map cannot be made of tiles yet. Leave one of --map and --tiles out.")
    if tiles:
        from remnant.cli.tiles import assess_by_tiles

        assess_by_tiles(case, folder, dates=dates, seed=seed, scheduler=scheduler, quiet=quiet)
        return
    with progress_bar(quiet=quiet) as tell:
        tell("reading the records", 0.0)
        read = read_case(case)
        read = dataclasses.replace(read, dates=dates or read.dates, seed=read.seed if seed is None else seed)
        weighed = weigh(read, progress=tell)
        view = view_of(weighed, progress=tell) if with_map else None
        result = answer(weighed) if view is None else view.assessment
        tell("drawing the report", 1.0)
        page = render_report(result)
        tell("writing the layers", 1.0)
        written = write_results(result, folder, report_html=page, view=view)
    if not quiet:
        for line in answer_lines(result):
            typer.echo(line)
        for note in written.notes:
            typer.echo(f"note: {note}")
        typer.echo(f"Report: {written.report}   Layers: {written.geopackage}")
        if with_map:
            typer.echo(f"Map: remnant serve {written.folder}")


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--date must be a day such as 2026-11-22; got {text!r}.") from error
