"""`remnant harm`: what the items that remain may do to people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remnant.cli.app import app
from remnant.cli.progress import progress_bar

if TYPE_CHECKING:
    from remnant.harming import HarmAnswer

_SHOWN_FACTORS = 5


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
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the tables and the JSON.")
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
    from remnant.weighing import weigh

    if out is not None:
        check_output_folder(out)
    with progress_bar(quiet=quiet or as_json) as tell:
        tell("reading the records", 0.0)
        read = read_case(case)
        living = people_of_case(people, read, file_crs=crs)
        weighed = weigh(read, seed=seed, progress=tell)
        tell("working out harm", 0.0)
        answer = harm_of(weighed, living)
    if out is not None:
        written = write_harm(answer, out)
    if as_json:
        typer.echo(json.dumps(harm_json(answer), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        for line in _lines(answer):
            typer.echo(line)
        if out is not None:
            typer.echo(f"Tables: {written.parent}")


def _lines(answer: HarmAnswer) -> list[str]:
    out = []
    for row in answer.tables["totals"].to_dict("records"):
        parts = [
            f"{name} {row[f'{name}_mean']:.3g} ({row[f'{name}_q05']:.2g} to {row[f'{name}_q95']:.2g})"
            for name in ("encounters", "accidents", "casualties")
        ]
        out.append(f"{row['date']}, in a year: {', '.join(parts)}.")
    top = answer.tables["factors"].head(_SHOWN_FACTORS)
    named = [f"{r['factor']} {100 * r['share_of_variance']:.0f}%" for r in top.to_dict("records")]
    out.append(f"What matters most for casualties (share of variance): {', '.join(named)}.")
    return [*out, *answer.notes, f"Seed {answer.seed}."]
