"""`remnant tables`: what remains and what was released, as treaties and programmes report it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remnant.cli.app import app
from remnant.errors import InvalidInput

if TYPE_CHECKING:
    from remnant.decide.tables import Period  # importing it costs seconds at the start of every command

FOLDER = "tables"


@app.command()
def tables(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    first: Annotated[
        str,
        typer.Option("--from", metavar="DATE", help="First day. [default: 1 January of the last day's year]"),
    ] = "",
    last: Annotated[
        str,
        typer.Option("--to", metavar="DATE", help="Last day. [default: the day up to which the records run]"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Left out: `tables` in the case folder.")
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            "--result", metavar="DIR", help="Result of `remnant assess`: adds a table of estimates."
        ),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option("--previous", metavar="DIR", help="The last report: its closing must be this opening."),
    ] = None,
    state: Annotated[
        str, typer.Option("--state", metavar="NAME", help="Adds how that state stands to the treaties.")
    ] = "",
    tolerance_m2: Annotated[
        float, typer.Option("--tolerance-m2", min=0.0, help="Differences of land up to this are rounding.")
    ] = 1.0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 1 on any contradiction.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Tables of what remains, was released and was destroyed, by district; every mismatch is named by record."""
    from remnant.catalogue.parties import load_parties
    from remnant.decide.tables import answer_tables, status_sheet, treaty_sheet
    from remnant.io import check_output_folder, read_case
    from remnant.io.read_programme import read_estimates, read_previous
    from remnant.io.write_programme import write_programme
    from remnant.report.tables_page import headlines, render_tables

    folder = out if out is not None else (case.parent if case.is_file() else case) / FOLDER
    check_output_folder(folder)
    days = (_day("--from", first), _day("--to", last))
    known = load_parties()
    name = known.state(state) if state else ""
    report = None if previous is None else read_previous(previous)
    read = read_case(case)
    answer = answer_tables(
        read,
        _period(days, read.as_of),
        estimates=None if result is None else read_estimates(result, read),
        previous=report,
        tolerance_m2=tolerance_m2,
    )
    extra = (treaty_sheet(known), *([status_sheet(known, name, answer.period.last)] if name else []))
    page = write_programme(answer, folder, page=render_tables(answer, extra), extra=extra)
    num = Counter(m.grade for m in answer.mismatches)
    if not quiet:
        for line in headlines(answer):
            typer.echo(line)
        typer.echo(f"Page: {page}   Workbook: {page.with_suffix('.xlsx')}")
    if strict and num["mismatch"]:
        raise typer.Exit(1)


def _day(option: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(f"{option} must be a day such as 2025-12-31; got {text!r}.") from None


def _period(days: tuple[dt.date | None, dt.date | None], as_of: dt.date) -> Period:
    from remnant.decide.tables import Period

    last = days[1] or as_of
    return Period(first=days[0] or dt.date(last.year, 1, 1), last=last)
