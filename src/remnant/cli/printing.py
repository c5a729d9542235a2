"""How commands print an answer: as JSON, or in lines with the place of the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import typer


def print_json(content: Mapping[str, Any]) -> None:
    """Print plain values as JSON."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def print_answer(
    content: Callable[[], Mapping[str, Any]],
    lines: Callable[[], Iterable[str]],
    page: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print what `content` makes as JSON, or what `lines` makes and where the page lies, or nothing."""
    if as_json:
        print_json(content())
    elif not quiet:
        for line in lines():
            typer.echo(line)
        if page is not None:
            typer.echo(f"Page: {page}")
