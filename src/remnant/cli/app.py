"""The application object, and how every refusal reaches a person."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from remnant._version import __version__
from remnant.errors import RemnantError

app = typer.Typer(
    name="remnant",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What remains in the ground, in which state, where, on which date.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"remnant {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """What remains in the ground, in which state, where, on which date."""


def tell_refusal(words: object) -> None:
    """One line on standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"error: {words}", markup=False)


def main() -> None:
    """Run the command; every refusal is one line on standard error and exit code 2."""
    try:
        app()
    except RemnantError as error:
        tell_refusal(error)
        sys.exit(2)
