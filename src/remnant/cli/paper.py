"""`remnant print`: a result on paper, as the report of the case or as dossiers of areas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app


@app.command("print")
def print_result(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder that `remnant assess` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The PDF.")],
    language: Annotated[str, typer.Option("--language", metavar="TAG", help="en or uk.")] = "en",
    area: Annotated[
        list[str] | None,
        typer.Option(
            "--area",
            metavar="ID",
            help="A task dossier of this area instead of the report of the case; may be repeated.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Print a result as PDF: the report of the case, or a task dossier of an area for a team leader."""
    from remnant.io import check_page_path, read_results, write_page
    from remnant.report import render_pdf

    check_page_path(out, suffix=".pdf")
    written = write_page(render_pdf(read_results(result), language=language, areas=area or ()), out)
    if not quiet:
        typer.echo(f"Printed: {written}   Keep it private: it shows positions of uncleared hazards.")
