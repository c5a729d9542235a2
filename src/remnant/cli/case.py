"""`remnant init` and `remnant check`: begin a case, and see what is wrong or weak in it."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from remnant.cli.app import app, tell_refusal
from remnant.errors import CaseError, RemnantError

if TYPE_CHECKING:
    # importing it brings geometry and compiled numerics along: seconds at the start of every command
    from remnant.evidence import Finding

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_RATIOS = {"where": 2, "asked": 3, "came": 5, "what to do": 4}


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new case.")],
    name: Annotated[
        str, typer.Option("--name", help="Name of the case; by default that of the folder.")
    ] = "",
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DATE", help="Day up to which the records run; by default today."),
    ] = "",
) -> None:
    """Write a commented case.toml and a made-up example layer into DIR; nothing is overwritten."""
    from remnant.io import write_new_case

    try:
        day = dt.date.fromisoformat(as_of) if as_of else dt.date.today()
    except ValueError:
        raise _stop(f"--as-of must be a date such as 2024-07-31; got {as_of!r}.") from None
    try:
        written = write_new_case(folder, name=name or folder.resolve().name, as_of=day)
    except RemnantError as error:
        raise _stop(error) from None
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"Next: edit {written[0]}, then run `remnant check {folder}`.")


@app.command()
def check(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Folder with case.toml, or that file.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where the findings go (.csv or .json); by default the case's folder.",
        ),
    ] = None,
    no_write: Annotated[bool, typer.Option("--no-write", help="Only print the findings.")] = False,
) -> None:
    """Validate a case and all its files; exit 1 on errors, 2 when the case file itself cannot be read."""
    from remnant.io import read_case, write_findings
    from remnant.io.write_findings import by_severity, case_words, count_words

    summary = ""
    try:
        read = read_case(case)
        findings, summary = by_severity(read.findings), case_words(read)
    except CaseError as error:
        if not error.findings:
            raise _stop(error) from None
        findings = by_severity(error.findings)
    except RemnantError as error:
        raise _stop(error) from None
    _show(findings)
    typer.echo(f"{summary}\n{count_words(findings)}" if summary else count_words(findings))
    if not no_write:
        folder = case if case.is_dir() else case.parent
        try:
            typer.echo(f"findings: {write_findings(out or folder / 'findings.csv', findings)}")
        except RemnantError as error:
            raise _stop(error) from None
    if not summary:
        raise typer.Exit(1)


def _stop(words: object) -> typer.Exit:
    """The refusal on standard error, and the exit that goes with it."""
    tell_refusal(words)
    return typer.Exit(2)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _show(findings: Sequence[Finding]) -> None:
    """A table on a terminal, one line per finding in a pipe."""
    from remnant.io.findings import where

    if not _is_terminal():
        for f in findings:
            typer.echo(f"{f.severity}: {where(f)}: {f.asked}; {f.came}. To do: {f.todo.rstrip('.')}.")
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for title in ("", "where", "row", "asked", "came", "what to do"):
        table.add_column(
            title, overflow="fold", justify="right" if title == "row" else "left", ratio=_RATIOS.get(title)
        )
    for f in findings:
        row = "" if f.row is None else str(f.row)
        cells = (f.severity, f.layer or f.file, row, f.asked, f.came, f.todo)
        table.add_row(*(Text(c, style=_STYLES[f.severity] if i == 0 else "") for i, c in enumerate(cells)))
    Console(highlight=False).print(table)
