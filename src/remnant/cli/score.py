"""`remnant score`: was the forecast right?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_json
from remnant.errors import InvalidInput


@app.command()
def score(
    prediction: Annotated[
        Path, typer.Argument(metavar="FORECAST", help="Result folder of `remnant assess`, or any table.")
    ],
    outcomes: Annotated[
        Path,
        typer.Argument(metavar="OUTCOMES", help="Table of what was found later: items, nothing, unknown."),
    ],
    what: Annotated[str, typer.Option("--what", help="Of a result folder: areas or cells.")] = "areas",
    state: Annotated[str, typer.Option("--state", help="Of a result folder: which items.")] = "explosive",
    date: Annotated[
        str, typer.Option("--date", metavar="YYYY-MM-DD", help="Of a result folder: which date.")
    ] = "",
    layer: Annotated[
        str | None, typer.Option("--layer", help="Layer or sheet of the forecast, if there are several.")
    ] = None,
    outcome_layer: Annotated[
        str | None, typer.Option("--outcome-layer", help="Layer or sheet of the outcomes.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Id in the forecast.")
    ] = None,
    outcome_id: Annotated[
        str | None, typer.Option("--outcome-id", metavar="COLUMN", help="Id in the outcomes.")
    ] = None,
    probability: Annotated[
        str | None, typer.Option("--probability", metavar="COLUMN", help="Chance of a find. [default: p_any]")
    ] = None,
    mean: Annotated[
        str | None, typer.Option("--mean", metavar="COLUMN", help="Expected number. [default: mean]")
    ] = None,
    found: Annotated[
        str | None, typer.Option("--found", metavar="COLUMN", help="What was found. [default: found]")
    ] = None,
    unknown: Annotated[
        str, typer.Option("--unknown", metavar="VALUE", help="Value that means unknown, such as -1.")
    ] = "",
    counts: Annotated[
        bool | None,
        typer.Option(
            "--counts/--labels", help="Score numbers, or only found or not. [default: by the values]"
        ),
    ] = None,
    join: Annotated[
        str, typer.Option("--join", help="By id or by place. [default: id if both have one]")
    ] = "",
    within_m: Annotated[
        float | None, typer.Option("--within-m", help="Forecast at points: how far an outcome may lie.")
    ] = None,
    crs: Annotated[str, typer.Option("--crs", help="Of a forecast that does not say its own.")] = "",
    outcome_crs: Annotated[
        str, typer.Option("--outcome-crs", help="Of outcomes that do not say their own.")
    ] = "",
    after: Annotated[
        str, typer.Option("--after", metavar="DATE", help="Leave out outcomes dated up to this day.")
    ] = "",
    date_column: Annotated[
        str | None, typer.Option("--date-column", metavar="COLUMN", help="With --after. [default: date]")
    ] = None,
    fold_by: Annotated[
        str,
        typer.Option("--fold-by", metavar="COLUMN", help="Hold out whole groups, such as municipalities."),
    ] = "",
    block_km: Annotated[
        float | None, typer.Option("--block-km", help="Hold out square blocks of ground of this size.")
    ] = None,
    random_folds: Annotated[
        int | None, typer.Option("--random-folds", help="Parts at random; refused without the next option.")
    ] = None,
    flatters: Annotated[
        bool,
        typer.Option(
            "--random-split-i-know-it-flatters",
            help="Allow a random split; a warning stands beside every number.",
        ),
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="Past events, to compare with their nearness."),
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="With --events: the last day known.")
    ] = "",
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Compare with forecasts from places alone.")
    ] = True,
    resamples: Annotated[int, typer.Option("--resamples", min=20, help="For the intervals.")] = 300,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the page and the tables.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hold a forecast against what was found later: order, chances, numbers, fold by fold."""
    from remnant.io import check_output_folder
    from remnant.io.score_outcomes import join as join_outcomes
    from remnant.io.score_outcomes import read_events, read_outcomes
    from remnant.io.score_prediction import read_prediction
    from remnant.io.write_answer import write_answer
    from remnant.report.score import score_json, score_lines, score_tables
    from remnant.report.score_page import render_score
    from remnant.score import Split, answer_score

    if sum((bool(fold_by), block_km is not None, random_folds is not None)) > 1 and not (
        fold_by and block_km is not None and random_folds is None
    ):
        raise InvalidInput(
            "one split must be chosen; several were. Keep --fold-by, --block-km or --random-folds."
        )
    if out is not None:
        check_output_folder(out)
    made = read_prediction(
        prediction, layer=layer, what=what, state=state, date=date, id_column=id_column,
        chance_column=probability, mean_column=mean, crs=crs,
    )  # fmt: skip
    seen = read_outcomes(
        outcomes,
        layer=outcome_layer,
        found_column=found,
        unknown=unknown,
        after=after,
        date_column=date_column,
    )
    case = join_outcomes(
        made, seen, by=join, id_column=outcome_id, within_m=within_m, crs=outcome_crs, group_column=fold_by,
        as_counts=counts, file=outcomes.name,
    )  # fmt: skip
    if events is not None:
        if made.crs is None:
            raise InvalidInput(
                "--events needs a forecast with places; it has none. Give outlines or coordinates."
            )
        event_x, event_y = read_events(events, made.crs, layer=None, until=until)
        case = dataclasses.replace(case, event_x_m=event_x, event_y_m=event_y)
    split = Split(
        kind="group"
        if fold_by
        else "random"
        if random_folds is not None
        else "block"
        if block_km is not None
        else "none",
        block_km=block_km,
        num_parts=random_folds or 10,
        i_know_it_flatters=flatters,
    )
    answer = answer_score(case, split, seed=seed, with_baselines=baselines, num_resamples=resamples)
    if as_json:
        print_json(score_json(answer))
    else:
        typer.echo(score_lines(answer))
    if out is not None:
        page = write_answer(
            out,
            "score",
            tables=score_tables(answer),
            summary=score_json(answer),
            page=render_score(answer),
            summary_name="scores",
        )
        if not as_json:
            typer.echo(f"Page: {page}")
