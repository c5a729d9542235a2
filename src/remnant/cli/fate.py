"""`remnant fate`, `compare`, `trials` and `claims`: what is left, on whose word, and what a test can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from remnant.cli.app import app

_TYPE = Annotated[
    str, typer.Argument(metavar="TYPE", help="Ordnance type, any spelling (`remnant types` lists).")
]
_QUANTITY = Annotated[int, typer.Option("--quantity", help="Items delivered.")]
_ON = Annotated[
    str, typer.Option("--on", metavar="DATE", help="Date of delivery, year-month-day; ages only if left out.")
]
_AT = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="AGE", help="Age: 4h, 15d, 10y; may be repeated. [default: 15d 120d 10y]"),
]
_SETTING = Annotated[
    str,
    typer.Option(
        "--setting", help="Self-destruct setting (4h, 48h, 15d) where the type has some; else the longest."
    ),
]
_SEED = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
_CATALOGUE = Annotated[
    Path | None,
    typer.Option("--catalogue", metavar="FILE", help="Your own entries, added to or replacing ours."),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def fate(
    type_name: _TYPE,
    quantity: _QUANTITY = 1000,
    on: _ON = "",
    at: _AT = None,
    setting: _SETTING = "",
    basis: Annotated[
        str, typer.Option("--basis", help="On whose word: catalogue, claim, treaty or learned.")
    ] = "catalogue",
    claim: Annotated[
        str, typer.Option("--claim", metavar="NAME", help="With --basis claim: which one.")
    ] = "",
    seed: _SEED = 1,
    catalogue: _CATALOGUE = None,
    as_json: _JSON = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw it over time: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Say what is left of a delivered quantity, in which state, at which age."""
    from remnant.fate import answer_fate, parse_ages_d, parse_date
    from remnant.report.fate import fate_json, fate_words

    answer = answer_fate(
        type_name,
        _catalogue(catalogue),
        quantity=quantity,
        on=parse_date(on),
        ages_d=parse_ages_d(at or ()),
        setting=setting,
        basis=basis,
        claim=claim,
        seed=seed,
    )
    if plot is not None:
        from remnant.report.fate_plot import plot_fate

        plot_fate(answer, plot)
    _show(fate_json(answer) if as_json else fate_words(answer))
    if plot is not None and not as_json:
        typer.echo(f"\nPlot written: {plot}")


@app.command()
def trials(
    tested: Annotated[int, typer.Option("--tested", help="Items tested.")],
    failed: Annotated[int, typer.Option("--failed", help="Items that failed.")] = 0,
    claim: Annotated[float | None, typer.Option("--claim", help="Share that is claimed (6e-6).")] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="0.95 is 95 %.")] = 0.95,
    as_json: _JSON = False,
) -> None:
    """Say what a test shows, and how large a test a claim would need."""
    from remnant.fate import judge_trials
    from remnant.report.fate import trials_json, trials_words

    answer = judge_trials(tested, failed, claim=claim, confidence=confidence)
    _show(trials_json(answer) if as_json else trials_words(answer))


def _catalogue(path: Path | None) -> Any:
    from remnant.catalogue import load_catalogue

    return load_catalogue([path] if path is not None else [])


def _show(answer: str | dict[str, Any]) -> None:
    typer.echo(
        answer
        if isinstance(answer, str)
        else json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False)
    )
