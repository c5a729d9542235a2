"""What treaties ask of a report, and how a state stands to them, as tables."""

from __future__ import annotations

import datetime as dt

from remnant.catalogue import Parties
from remnant.decide.tables.sheet import Cell, Column, Sheet


def treaty_sheet(known: Parties) -> Sheet:
    """What the treaties ask of a report, and which of these tables speak to it."""
    rows = [
        (
            name,
            p.article,
            p.asks,
            ", ".join(p.tables) or "not in a case: written by the authority",
            p.basis,
            p.source,
        )
        for name, instrument in known.instruments.items()
        for p in instrument.provisions
    ]
    titles = ("treaty", "article", "asks", "table here", "basis", "source")
    return Sheet(
        name="treaties", title="What the treaties ask, and where it stands here",
        about=f"Sources up to {known.sources_to}. Hold it against the current forms of each treaty before you submit.",
        columns=tuple(Column(key=title.replace(" ", "_"), title=title) for title in titles), rows=tuple(rows),
    )  # fmt: skip


def status_sheet(known: Parties, state: str, day: dt.date) -> Sheet:
    """How one state stood to the treaties on a day; a contested status has a line for each position."""
    rows: list[tuple[Cell, ...]] = []
    name = known.state(state)
    for e in known.on(name, day):
        since = str(e.since) if e.since else None
        rows.append((e.instrument, e.status, since, e.note, e.basis, e.source))
        rows += [(e.instrument, f"{p.who} says", None, p.says, p.basis, p.source) for p in e.positions]
    titles = ("treaty", "status", "since", "note", "basis", "source")
    return Sheet(
        name="parties", title=f"{name} and the treaties on {day}",
        about=f"Sources up to {known.sources_to}. A treaty that is not listed: nothing is said of it.",
        columns=tuple(Column(key=title, title=title) for title in titles), rows=tuple(rows),
    )  # fmt: skip
