"""`remnant parties`: who is bound by which treaty on which day, with sources, contested cases included."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from remnant.catalogue import describe
from remnant.catalogue.parties import Parties, PartyStatus, load_parties
from remnant.cli.app import app
from remnant.cli.printing import print_json
from remnant.errors import InvalidInput


@app.command()
def parties(
    state: Annotated[
        str, typer.Argument(metavar="[STATE]", help="Only this state, in any spelling, with sources.")
    ] = "",
    on: Annotated[
        str, typer.Option("--on", metavar="DATE", help="On this day. [default: that of the newest source]")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how states stand to the treaties on mines and cluster munitions, and who says so."""
    known = load_parties()
    try:
        day = dt.date.fromisoformat(on) if on else known.sources_to
    except ValueError:
        raise InvalidInput(f"--on must be a day such as 2026-01-10; got {on!r}.") from None
    names = [known.state(state)] if state else list(known.states)
    if as_json:
        print_json(_plain(known, names, day))
        return
    for name in names:
        typer.echo(f"{name}, on {day}")
        for entry in known.on(name, day):
            typer.echo(f"  {_line(known, entry)}")
            if state:
                _details(entry)
        for later in known.states[name].status:
            if later.since is not None and later.since > day:
                typer.echo(f"  to come: {_line(known, later)}")
                if state:
                    _details(later)
    typer.echo(f"\nSources up to {known.sources_to}; what changed later is not known here.")
    typer.echo("A state or treaty that is not listed is not said to be no party: nothing is said of it.")
    if day > known.sources_to:
        typer.echo(f"{day} lies after the newest source: what was announced by then is taken as done.")


def _line(known: Parties, entry: PartyStatus) -> str:
    since = f", since {entry.since}" if entry.since else ""
    return f"{known.instruments[entry.instrument].title}: {entry.status}{since}"


def _details(entry: PartyStatus) -> None:
    for position in entry.positions:
        typer.echo(f"    {position.who}: {position.says}")
        typer.echo(f"      Source: {position.source} ({describe.basis_words(position.basis)})")
    if entry.note:
        typer.echo(f"    {entry.note}")
    typer.echo(f"    Source: {entry.source} ({describe.basis_words(entry.basis)})")


def _plain(known: Parties, names: list[str], day: dt.date) -> dict[str, Any]:
    return {
        "on": day.isoformat(),
        "sources_to": known.sources_to.isoformat(),
        "states": {name: [e.model_dump(mode="json") for e in known.on(name, day)] for name in names},
    }
