"""`remnant fate`, `compare`, `trials` and `claims`: what is left, on whose word, and what a test can show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from remnant.cli.app import app
from remnant.cli.printing import print_json

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
_UNCONFIRMED = Annotated[
    bool, typer.Option("--unconfirmed", help="With --basis learned: use records that nobody can cite, too.")
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
    unconfirmed: _UNCONFIRMED = False,
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
        unconfirmed=unconfirmed,
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


@app.command()
def compare(
    type_names: Annotated[
        list[str], typer.Argument(metavar="TYPE...", help="Ordnance types; the first is the yardstick.")
    ],
    basis: Annotated[
        list[str] | None,
        typer.Option(
            "--basis", help="catalogue, claim, treaty, learned; may be repeated. [default: all for one type]"
        ),
    ] = None,
    quantity: _QUANTITY = 1000,
    on: _ON = "",
    at: _AT = None,
    unconfirmed: _UNCONFIRMED = False,
    seed: _SEED = 1,
    catalogue: _CATALOGUE = None,
    as_json: _JSON = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write one page (.html) or its picture (.png)."),
    ] = None,
) -> None:
    """Put types and bases side by side: what differs, and by what factor."""
    from remnant.fate import answer_comparison, parse_ages_d, parse_date
    from remnant.report.fate_compare import comparison_json, comparison_words, write_comparison

    answers, missing = answer_comparison(
        type_names,
        _catalogue(catalogue),
        bases=basis or (),
        quantity=quantity,
        on=parse_date(on),
        ages_d=parse_ages_d(at or ()),
        unconfirmed=unconfirmed,
        seed=seed,
    )
    if out is not None:
        write_comparison(answers, missing, out)
    _show(comparison_json(answers, missing) if as_json else comparison_words(answers, missing))
    if out is not None and not as_json:
        typer.echo(f"\nPage written: {out}")


@app.command()
def claims(
    type_name: Annotated[
        str, typer.Argument(metavar="[TYPE]", help="Claims on this type; all if left out.")
    ] = "",
    seed: _SEED = 1,
    catalogue: _CATALOGUE = None,
    as_json: _JSON = False,
) -> None:
    """Set each public claim beside the treaty limit and the evidence."""
    from remnant.fate import judge_claims
    from remnant.report.fate_compare import claims_json, claims_words

    entries = _catalogue(catalogue)
    verdicts = judge_claims(entries, type_name=type_name, seed=seed)
    _show(
        claims_json(verdicts, seed=seed, catalogue_sha256=entries.sha256)
        if as_json
        else claims_words(verdicts)
    )


def _catalogue(path: Path | None) -> Any:
    from remnant.catalogue import load_catalogue

    return load_catalogue([path] if path is not None else [])


def _show(answer: str | dict[str, Any]) -> None:
    if isinstance(answer, str):
        typer.echo(answer)
    else:
        print_json(answer)
