"""`remnant rows`: whether the finds of one area lie in rows, and where the missing ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.progress import progress_bar
from remnant.errors import InvalidInput

FOLDER = "rows"


@app.command()
def rows(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    area: Annotated[str, typer.Option("--area", metavar="ID", help="Id of the hazard area to look at.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the results; left out: `rows/ID` in the case folder."
        ),
    ] = None,
    p_any_row: Annotated[
        float, typer.Option("--p-any-row", metavar="P", help="Chance of any row before the finds.")
    ] = 0.5,
    spacing: Annotated[
        str,
        typer.Option(
            "--spacing", metavar="LOW-HIGH", help="Least and greatest spacing along a row, in metres."
        ),
    ] = "0.8-12",
    distance: Annotated[
        str,
        typer.Option(
            "--distance", metavar="LOW-HIGH", help="Least and greatest distance of rows, in metres."
        ),
    ] = "2-40",
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the case's seed.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Infer rows from the finds of one area, and say where the items are that nobody has found yet."""
    from remnant.field.rows import PatternPriors, answer_rows
    from remnant.io import check_output_folder, read_case
    from remnant.io.write_outputs import file_stem
    from remnant.io.write_rows import write_rows
    from remnant.report.rows_page import render_rows

    priors = PatternPriors(
        p_any_row=p_any_row,
        spacing_m=_range("--spacing", spacing),
        row_distance_m=_range("--distance", distance),
    )
    folder = out if out is not None else (case.parent if case.is_file() else case) / FOLDER / file_stem(area)
    check_output_folder(folder)
    with progress_bar(quiet=quiet) as tell:
        tell("reading the records", 0.0)
        answer = answer_rows(read_case(case), area, priors, seed=seed, progress=tell)
        tell("writing the layers", 1.0)
        written = write_rows(answer, folder, report_html=render_rows(answer))
    if quiet:
        return
    total = answer.summary.missing[-1]
    typer.echo(answer.summary.words)
    typer.echo(
        f"Missing: {total.q05:.0f} to {total.q95:.0f} items (90 % interval, middle {total.median:.0f})."
    )
    for note in answer.evidence.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"Report: {written / 'report.html'}   Layers: {written / 'rows.gpkg'}")


def _range(option: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    try:
        return float(low), float(high)
    except ValueError:
        raise InvalidInput(f"{option} must be two numbers such as 1-10; got {text!r}.") from None
