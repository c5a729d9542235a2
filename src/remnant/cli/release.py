"""`remnant release`: which areas meet a release policy, what decided it, and what would change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_answer
from remnant.cli.progress import progress_bar


@app.command()
def release(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder, or its case.toml.")],
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="A policy file, instead of the case's.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the page, the tables and the layer."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", metavar="NAME", help="Reckon ground to search for this one only; repeat it."
        ),
    ] = None,
    records: Annotated[
        int,
        typer.Option("--records", min=0, max=1000, help="Records of one area to weigh, at most; 0: none."),
    ] = 8,
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the case's seed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Say which areas meet a release policy, both errors, the weight of each record, and what would change it."""
    from remnant.io import check_output_folder, read_case
    from remnant.io.policy_section import read_policy
    from remnant.io.write_release import write_release
    from remnant.releasing import release_of
    from remnant.report.release import release_json, release_lines
    from remnant.report.release_page import render_release
    from remnant.weighing import weigh

    if out is not None:
        check_output_folder(out)
    asked = None if policy is None else read_policy(policy)
    page = None
    with progress_bar(quiet=quiet or as_json) as tell:
        tell("reading the records", 0.0)
        weighed = weigh(read_case(case), seed=seed, progress=tell)
        answer = release_of(weighed, asked, methods=method or (), most_records=records, progress=tell)
        if out is not None:
            tell("drawing the page", 1.0)
            page = write_release(answer, out, summary=release_json(answer), page=render_release(answer))
    print_answer(
        lambda: release_json(answer),
        lambda: [*release_lines(answer), *answer.notes],
        page,
        as_json=as_json,
        quiet=quiet,
    )
