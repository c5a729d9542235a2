"""`remnant scenario`: variants of a case side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_answer
from remnant.cli.progress import progress_bar

if TYPE_CHECKING:
    from remnant.evidence import Case
    from remnant.risk import People
    from remnant.scenarios import Programmes


@app.command()
def scenario(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    changes: Annotated[
        list[Path],
        typer.Argument(metavar="CHANGES", help="Files that say what is otherwise in each variant."),
    ],
    people: Annotated[
        Path | None,
        typer.Option(
            "--people", metavar="FILE", help="Where people live; without it casualties are not reckoned."
        ),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="plan.toml; plans every variant with it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the page, the tables and the JSON."),
    ] = None,
    crs: Annotated[str, typer.Option("--crs", help="Of a file of people that does not say its own.")] = "",
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the case's seed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Compare variants of a case on the same random numbers: items, harm, ground, cost and years, over time."""
    from remnant.io import check_output_folder, read_case
    from remnant.io.scenario_file import read_scenario
    from remnant.io.write_answer import write_answer
    from remnant.report.scenario import scenario_json, scenario_lines, scenario_tables
    from remnant.report.scenario_page import render_scenario
    from remnant.scenarios import run_scenario

    if out is not None:
        check_output_folder(out)
    page = None
    with progress_bar(quiet=quiet or as_json) as tell:
        tell("reading the records", 0.0)
        read = read_case(case)
        asked = read_scenario(changes, read)
        living = None if people is None else _people(people, read, crs)
        programmes = None if plan is None else _programmes(plan)
        answer = run_scenario(read, asked, people=living, programmes=programmes, seed=seed, progress=tell)
        if out is not None:
            tell("drawing the page", 1.0)
            page = write_answer(
                out,
                "scenario",
                tables=scenario_tables(answer),
                summary=scenario_json(answer),
                page=render_scenario(answer),
            )
    print_answer(
        lambda: scenario_json(answer), lambda: scenario_lines(answer), page, as_json=as_json, quiet=quiet
    )


def _people(path: Path, case: Case, crs: str) -> People:
    from remnant.io.people import read_people
    from remnant.risk import REACHES

    reach_km = max((a.reach.high for a in case.catalogue.activities.values()), default=1.0)
    return read_people(
        path, crs=case.crs, geometry=case.areas.geometry, reach_m=REACHES * 1e3 * reach_km, file_crs=crs
    )


def _programmes(path: Path) -> Programmes:
    from functools import partial

    from remnant.io.plan_file import programme_of, read_plan_file

    return partial(programme_of, read_plan_file(path))
