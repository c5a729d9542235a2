"""A table for people: titled columns that each hold either what records say or what the model estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remnant.errors import InvalidInput

Kind = Literal["text", "number", "area", "estimate"]
"""``number`` counts records or items, ``area`` is land in m², ``estimate`` comes from the model."""
Cell = str | float | int | None
"""A value; None is unknown, and is never written as zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its key in files, its title for people, and what its numbers are."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table.

    Parameters
    ----------
    name
        Of its file and of its sheet in a workbook.
    title, about
        Headline, and what a reader must know before reading a number.
    rows
        Cells in the order of `columns`.
    num_total_rows
        Rows at the end that add up those above.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    num_total_rows: int = 0

    def __post_init__(self) -> None:
        kinds = {c.kind for c in self.columns}
        if "estimate" in kinds and kinds & {"number", "area"}:
            raise InvalidInput(
                f"table {self.name!r} must hold either counts from records or estimates; it holds both. Split it."
            )
        for row in self.rows:
            if len(row) != len(self.columns):
                raise InvalidInput(
                    f"table {self.name!r} must have {len(self.columns)} cells a row; one has {len(row)}."
                )
