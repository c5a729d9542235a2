"""`remnant plan`: which area, which action, when, by whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_answer
from remnant.cli.progress import progress_bar

if TYPE_CHECKING:
    import geopandas as gpd

    from remnant.decide.plan import PlanAreas
    from remnant.io.plan_file import PlanRead


@app.command()
def plan(
    source: Annotated[
        Path, typer.Argument(metavar="AREAS", help="Case folder, or a table of areas with their harm.")
    ],
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="plan.toml: periods, teams, wishes, weights.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the page, the tables and the layer."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            metavar="FILE",
            help="Plan a case on casualties a year: places with their population, or a "
            "raster of persons per pixel.",
        ),
    ] = None,
    people_crs: Annotated[
        str, typer.Option("--people-crs", help="Of a file of people that does not say its own.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="What tasks have reported; plans anew.")
    ] = None,
    pareto: Annotated[
        int, typer.Option("--pareto", min=0, max=101, help="Also plan at so many weights of harm and land.")
    ] = 0,
    draws: Annotated[
        int, typer.Option("--draws", min=0, max=1000, help="Posterior draws to plan on, each by itself.")
    ] = 40,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For each call of the solver.")] = 10.0,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer or sheet of a table of areas.")] = None,
    crs: Annotated[str, typer.Option("--crs", help="Of a table that does not say its own.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Plan which areas to cancel, survey, clear or monitor, in which period, by which teams, with a bound."""
    from remnant.decide.plan import after_reports, make_plan
    from remnant.io import check_output_folder
    from remnant.io.plan_file import programme_of, read_plan_file
    from remnant.io.plan_table import read_reports
    from remnant.io.write_plan import write_plan
    from remnant.report.plan import plan_json, plan_lines, plan_tables
    from remnant.report.plan_page import render_plan

    if out is not None:
        check_output_folder(out)
    read = read_plan_file(plan_file)
    reports = None if report is None else read_reports(report)
    page = None
    with progress_bar(quiet=quiet or as_json) as tell:
        areas, outlines = _areas(source, read, layer, crs, people, people_crs, tell)
        programme = programme_of(read, areas)
        if reports is not None:
            programme, kept = after_reports(programme, reports)
            outlines = outlines.iloc[kept].reset_index(drop=True)
        answer = make_plan(
            programme,
            seed=read.content.seed,
            num_draws=draws,
            num_front=pareto,
            time_s=seconds,
            progress=tell,
        )
        if out is not None:
            tell("drawing the page", 1.0)
            page = write_plan(
                out, tables=plan_tables(answer), outlines=outlines, summary=plan_json(answer, read.content.name),
                page=render_plan(answer, read.content.name, outlines),
            )  # fmt: skip
    print_answer(
        lambda: plan_json(answer, read.content.name),
        lambda: plan_lines(answer),
        page,
        as_json=as_json,
        quiet=quiet,
    )


def _areas(
    source: Path, read: PlanRead, layer: str | None, crs: str, people: Path | None, people_crs: str, tell: object
) -> tuple[PlanAreas, gpd.GeoDataFrame]:  # fmt: skip
    """The areas of a case or of a table, with neighbours where they count."""
    from remnant.assessment import answer as answer_case
    from remnant.errors import InvalidInput
    from remnant.harming import HARM_UNIT, harm_of
    from remnant.io import read_case
    from remnant.io.people import people_of_case
    from remnant.io.plan_table import read_plan_areas
    from remnant.planning import areas_to_plan, with_neighbours
    from remnant.units import day_number
    from remnant.weighing import weigh

    assert callable(tell)
    if people_crs and people is None:
        raise InvalidInput(
            "--people-crs says how to read --people; that is not given. Name the file, or leave it out."
        )
    if source.is_dir() or source.suffix.lower() == ".toml":
        tell("reading the records", 0.0)
        case = read_case(source)
        living = (
            None
            if people is None
            else people_of_case(people, case, file_crs=people_crs, option="--people-crs")
        )
        weighed = weigh(case, progress=tell)
        if living is None:
            areas, outlines = areas_to_plan(weighed, answer_case(weighed))
        else:
            tell("working out harm", 0.0)
            harm = harm_of(weighed, living).casualties
            areas, outlines = areas_to_plan(weighed, answer_case(weighed), harm=harm, harm_unit=HARM_UNIT)
    elif people is not None:
        raise InvalidInput(
            "--people needs a case, whose areas hold items; a table of areas states its harm itself. Leave it out."
        )
    else:
        start = day_number(read.content.periods[0].start)
        areas, outlines = read_plan_areas(source, seed=read.content.seed, day=start, layer=layer, crs=crs)
    if read.content.weights.compact > 0.0:
        areas = with_neighbours(areas, outlines, read.content.neighbours_m)
    return areas, outlines
