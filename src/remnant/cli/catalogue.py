"""`remnant types`, `methods` and `treaties`: what the catalogue holds, every number with its source."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from remnant.catalogue import (
    Catalogue,
    DetectionMethod,
    OrdnanceType,
    Range,
    describe,
    load_catalogue,
)
from remnant.cli.app import app

_PIPE_WIDTH = 100
_CATALOGUE = Annotated[
    list[Path] | None,
    typer.Option("--catalogue", metavar="FILE", help="Your own entries on top; may be repeated."),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def types(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Show this type, any spelling, with sources.")
    ] = "",
    category: Annotated[
        str,
        typer.Option(
            "--category", help="Only ap_mine, av_mine, submunition, shell, rocket, grenade, bomb or other."
        ),
    ] = "",
    non_persistent: Annotated[
        bool, typer.Option("--non-persistent", help="Only types with a self-destruct.")
    ] = False,
    catalogue: _CATALOGUE = None,
    as_json: _JSON = False,
) -> None:
    """List ordnance types, or show one with every number and its source."""
    loaded = load_catalogue(tuple(catalogue or ()))
    if name:
        ordnance = loaded.ordnance(name)
        if as_json:
            _print_json({"type": describe.type_detail(loaded, ordnance)}, loaded)
        else:
            _show_type(loaded, ordnance)
        return
    chosen = describe.select_types(loaded, category=category, non_persistent=non_persistent)
    if as_json:
        _print_json({"types": [describe.type_summary(t) for t in chosen]}, loaded)
        return
    table = _table("name", "title", "category", "goes off by itself", "lifetime, or dud share", "judgement")
    for t in chosen:
        basis = describe.lifetime_basis(t)
        table.add_row(
            t.name + (" (yours)" if t.user_file else ""),
            t.title,
            describe.category_words(t.category),
            describe.mechanism_words(t),
            describe.lifetime_words(t) + (f" ({describe.basis_words(basis)})" if basis else ""),
            describe.judgement_words(t),
        )
    with _page() as out:
        out.print(table)
        _say(out, f"{len(chosen)} types. Judgement: how many of a type's numbers nobody has published.")
        _say(out, "`remnant types NAME` shows one with its sources.")


@app.command()
def methods(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Show this method, any spelling.")] = "",
    catalogue: _CATALOGUE = None,
    as_json: _JSON = False,
) -> None:
    """List ways of searching land and the chance that each finds an item."""
    loaded = load_catalogue(tuple(catalogue or ()))
    chosen = [loaded.method(name)] if name else list(loaded.methods.values())
    if as_json:
        _print_json({"methods": [asdict(m) for m in chosen]}, loaded)
    elif name:
        _show_method(chosen[0])
    else:
        table = _table("name", "title", "kind", "finds, per pass", "basis")
        for m in chosen:
            words = (describe.range_words(m.p_detect), describe.basis_words(m.p_detect.basis))
            table.add_row(
                m.name + (" (yours)" if m.user_file else ""), m.title, describe.kind_words(m.kind), *words
            )
        with _page() as out:
            out.print(table)
            _say(out, "Chance that an item present where the method worked is found.")
            _say(out, "`remnant methods NAME` shows one with its source.")


@app.command()
def treaties(catalogue: _CATALOGUE = None, as_json: _JSON = False) -> None:
    """List the limits that treaties and policies set."""
    loaded = load_catalogue(tuple(catalogue or ()))
    if as_json:
        _print_json({"treaties": [asdict(limit) for limit in loaded.treaties.values()]}, loaded)
        return
    with _page() as out:
        for limit in loaded.treaties.values():
            _head(out, limit.title, f"({limit.name})")
            _say(out, f"Limit: {describe.treaty_words(limit)}", indent=2)
            _say(out, f"Text: {limit.text}", indent=2)
            _say(out, f"Applies to: {limit.applies_to}", indent=2)
            _say(out, f"Source: {limit.limit.source} ({describe.basis_words(limit.limit.basis)})", indent=2)


def _show_type(catalogue: Catalogue, ordnance: OrdnanceType) -> None:
    facts = [
        f"{describe.category_words(ordnance.category)}, {ordnance.delivery.replace('_', ' ')}, {ordnance.origin}",
        f"Goes off by itself: {describe.mechanism_words(ordnance)}; {describe.lifetime_words(ordnance)}",
        f"Also written: {', '.join(ordnance.aliases)}" if ordnance.aliases else "",
        f"Added or changed by: {ordnance.user_file}" if ordnance.user_file else "",
    ]
    with _page() as out:
        _head(out, ordnance.title, f"({ordnance.name})")
        for line in filter(None, (*facts, ordnance.description)):
            _say(out, line, indent=2)
        out.print()
        out.print(_numbers(describe.numbers_of(ordnance)))
        out.print()
        if certain := describe.construction_words(ordnance):
            _say(out, certain)
        if ordnance.judgement_fields:
            names = "; ".join(describe.field_words(ordnance, f) for f in ordnance.judgement_fields)
            _say(out, f"Rests on judgement or a weak source: {names}.")
        if ordnance.treaty_scope:
            _say(out, "In scope of CCW Amended Protocol II, Technical Annex 3 (`remnant treaties`).")
        _show_claims(out, catalogue, ordnance)


def _show_claims(out: Console, catalogue: Catalogue, ordnance: OrdnanceType) -> None:
    claims = describe.claims_about(catalogue, ordnance.name)
    if claims:
        _head(out, "Claims about it", "(`remnant claims` weighs them)")
    for claim in claims:
        _say(out, f"{claim.date}, {claim.speaker}: {claim.text}", indent=2)
        if claim.quantity != "statement":
            _say(out, f"Implies: {describe.claim_words(claim)}. {claim.note}".strip(), indent=4)
        _say(out, f"Source: {claim.source} ({describe.basis_words(claim.basis)})", indent=4)
    evidence = describe.evidence_about(catalogue, ordnance.name)
    if evidence:
        _head(out, "Trials and field results", "")
    for item in evidence:
        _say(out, f"{item.name}: {describe.evidence_words(item)}. {item.note}".strip(), indent=2)
        _say(out, f"Source: {item.source} ({describe.basis_words(item.basis)})", indent=4)


def _show_method(method: DetectionMethod) -> None:
    with _page() as out:
        _head(out, method.title, f"({method.name})")
        _say(out, describe.kind_words(method.kind), indent=2)
        if method.aliases:
            _say(out, f"Also written: {', '.join(method.aliases)}", indent=2)
        if method.user_file:
            _say(out, f"Added or changed by: {method.user_file}", indent=2)
        _say(out, method.description, indent=2)
        out.print()
        out.print(_numbers([("finds an item that is there, per pass", method.p_detect)]))


def _numbers(rows: Sequence[tuple[str, Range]]) -> Table:
    table = _table("what", "90 % range", "basis", "source and note")
    table.columns[0].max_width = 26
    table.columns[1].max_width = 16
    for what, given in rows:
        point = describe.point_words(given)
        words = describe.range_words(given) + (f" (stated: {point})" if point else "")
        table.add_row(what, words, describe.basis_words(given.basis), describe.source_words(given))
    return table


def _table(*headers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


@contextlib.contextmanager
def _page() -> Iterator[Console]:
    """A console as wide as the terminal; a pipe or file gets plain text at a fixed width, without trailing blanks."""
    is_terminal = sys.stdout.isatty()
    out = Console(
        width=None if is_terminal else _PIPE_WIDTH, no_color=not is_terminal, highlight=False, markup=False
    )
    with out.capture() as captured:
        yield out
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _head(out: Console, title: str, small: str) -> None:
    out.print()
    out.print(Text.assemble((title, "bold"), f" {small}" if small else ""))


def _say(out: Console, text: str, *, indent: int = 0) -> None:
    out.print(Padding(Text(text), (0, 0, 0, indent)))


def _print_json(content: dict[str, Any], catalogue: Catalogue) -> None:
    whole = {**content, "catalogue": {"sha256": catalogue.sha256, "user_files": catalogue.user_files}}
    typer.echo(json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=True))
