"""`remnant harm`: what the items that remain may do to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_answer
from remnant.cli.progress import progress_bar


@app.command()
def harm(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    people: Annotated[
        Path,
        typer.Option(
            "--people", metavar="FILE", help="Places with their population, or a raster of persons per pixel."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the page, the tables and the layer."),
    ] = None,
    crs: Annotated[str, typer.Option("--crs", help="Of a file of people that does not say its own.")] = "",
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the case's seed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Say how many encounters, accidents and casualties a year to expect, by activity, and what matters most."""
    from remnant.harming import harm_of
    from remnant.io import check_output_folder, read_case
    from remnant.io.people import people_of_case
    from remnant.io.write_harm import harm_json, write_harm
    from remnant.report.harm import harm_lines
    from remnant.report.harm_page import render_harm
    from remnant.weighing import weigh

    if out is not None:
        check_output_folder(out)
    page = None
    with progress_bar(quiet=quiet or as_json) as tell:
        tell("reading the records", 0.0)
        read = read_case(case)
        living = people_of_case(people, read, file_crs=crs)
        weighed = weigh(read, seed=seed, progress=tell)
        tell("working out harm", 0.0)
        answer = harm_of(weighed, living)
        if out is not None:
            tell("drawing the page", 1.0)
            page = write_harm(answer, out, page=render_harm(answer))
    print_answer(lambda: harm_json(answer), lambda: harm_lines(answer), page, as_json=as_json, quiet=quiet)
