"""Who is bound by what: every line has a source, contested states keep both sides."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from remnant.catalogue.parties import load_parties, parse_parties
from remnant.errors import CatalogueError, InvalidInput

LINE = """
sources_to = 2026-01-31
[instruments.X]
title = "X"
[states.Y]
[[states.Y.status]]
instrument = "X"
status = "party"
basis = "published"
source = "somebody, 2025"
"""


def on(state: str, day: str) -> dict[str, str]:
    return {e.instrument: e.status for e in load_parties().on(state, dt.date.fromisoformat(day))}


def test_withdrawals_take_effect_on_their_day() -> None:
    # days: Mines Advisory Group, 27 December 2025; YLE as quoted; news.by, 15 January 2026
    for state, last_day, first_day in (
        ("Estonia", "2025-12-26", "2025-12-27"),
        ("Finland", "2026-01-09", "2026-01-10"),
        ("Poland", "2026-02-19", "2026-02-20"),
    ):
        assert on(state, last_day)["APMBC"] == "party"
        assert on(state, first_day)["APMBC"] == "withdrawn"


def test_a_contested_state_keeps_the_words_of_both_sides() -> None:
    (entry,) = load_parties().on("ukraine", dt.date(2026, 1, 1))
    assert entry.status == "suspension asserted, contested"
    assert {p.who for p in entry.positions} >= {"Ukraine", "Landmine Monitor 2025"}
    assert on("Ukraine", "2025-07-14")["APMBC"] == "party"


def test_every_line_has_a_source_and_no_line_rests_on_a_recollection() -> None:
    known = load_parties()
    lines = [e for s in known.states.values() for e in s.status]
    provisions = [p for i in known.instruments.values() for p in i.provisions]
    for line in (*lines, *provisions, *(p for e in lines for p in e.positions)):
        assert line.source.strip()
        assert line.basis in ("published", "second_hand", "weak")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "somebody, 2025"', "", r"states.Y.status.0.source: .*Every line needs its source"),
        (
            'source = "somebody, 2025"',
            'source = ""',
            r"states.Y.status.0.source: .*Every line needs its source",
        ),
        ('instrument = "X"', 'instrument = "Z"', r"instrument must be one of X; got 'Z'"),
        (
            'status = "party"',
            'status = "suspension asserted, contested"',
            r"needs the positions of both sides",
        ),
        ('status = "party"', 'status = "left"', r"status: input should be"),
        ("[instruments.X]", "[instruments.X", r"must be TOML"),
    ],
)
def test_a_line_without_source_or_sense_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        parse_parties(LINE.replace(old, new).encode(), "mine.toml")


def test_a_state_that_is_not_listed_is_not_said_to_be_no_party() -> None:
    with pytest.raises(InvalidInput, match=r"'Atlantis' is none, which says nothing about it"):
        load_parties().state("Atlantis")


def test_the_command_says_who_says_so(run: Callable[..., Any]) -> None:
    said = run("parties", "USA", "--on", "2026-01-01").output
    assert "not party" in said
    assert "Source: Congressional Research Service IF11440" in said
    held = json.loads(run("parties", "--json").output)
    assert set(held["states"]) == set(load_parties().states)


def test_the_tables_that_provisions_name_exist() -> None:
    from remnant.decide.tables import SCOPES

    names = {f"{what}{'' if scope == 'all' else '-' + scope}" for scope in SCOPES
             for what in ("remaining", "released", "balance")} | {"items", "areas", "laying"}  # fmt: skip
    used = {t for i in load_parties().instruments.values() for p in i.provisions for t in p.tables}
    assert used <= names
