"""`remnant prior fit`: learn where items lie thick or thin, for assessments to start from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.progress import progress_bar
from remnant.errors import InvalidInput

prior_app = typer.Typer(no_args_is_help=True, help="Learn a prior from events or labelled cells.")
app.add_typer(prior_app, name="prior")


@prior_app.callback()
def _prior() -> None:
    """Learn a prior from events or labelled cells."""


@prior_app.command("fit")
def fit(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="YYYY-MM-DD", help="Last day of events and labels; left out: the case's as_of."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day of events.")
    ] = None,
    reporting: Annotated[
        list[str] | None,
        typer.Option(
            "--reporting",
            metavar="NAME",
            help="Covariate that explains where events are told, not where items lie; may be repeated.",
        ),
    ] = None,
    cell_km: Annotated[
        float | None, typer.Option("--cell-km", metavar="KM", help="Side of the cells.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the prior; left out: `prior` in the case folder."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the case's seed.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Learn covariates and field from a case's events (presence only) and labelled cells, into prior.toml and a map."""
    from remnant.field.fit_prior import fit_prior
    from remnant.io import check_output_folder, read_case
    from remnant.io.prior_file import write_prior
    from remnant.io.region import read_region
    from remnant.report.prior import prior_lines

    last, first = _day("--until", until), _day("--from", start)
    if cell_km is not None and not cell_km > 0.0:
        raise InvalidInput(f"--cell-km must be above 0; got {cell_km:g}.")
    folder = out if out is not None else (case.parent if case.is_file() else case) / "prior"
    check_output_folder(folder)
    with progress_bar(quiet=quiet) as tell:
        tell("reading the records", 0.0)
        read = read_case(case)
        region = read_region(case, read.crs)
        prior, findings = fit_prior(
            read, region, until=last, start=first, reporting=tuple(reporting or ()),
            cell_m=None if cell_km is None else 1e3 * cell_km, seed=seed,
            progress=lambda share: tell("learning the field", share),
        )  # fmt: skip
        written = write_prior(prior, folder)
    if not quiet:
        for line in prior_lines(prior, findings):
            typer.echo(line)
        typer.echo(f"Prior: {written[0]}   Map: {written[1]}")


def _day(option: str, text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{option} must be a day such as 2006-12-31; got {text!r}.") from error
