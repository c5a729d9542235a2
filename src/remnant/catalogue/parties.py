"""Who is bound by which treaty on which day, and what the texts ask of a report: data, every line with its source."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remnant.catalogue.frozen import FrozenDict
from remnant.catalogue.records import Basis, spelling_key
from remnant.errors import CatalogueError, InvalidInput

Status = Literal["party", "not party", "withdrawn", "suspension asserted, contested"]
"""How a state stands to a treaty. ``contested`` is never resolved here: the positions stand beside each other."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Position(_Entry):
    """What one side says of a contested status."""

    who: str = Field(min_length=1)
    says: str = Field(min_length=1)
    basis: Basis
    source: str = Field(min_length=1)


class PartyStatus(_Entry):
    """How a state stands to a treaty from a day on; without a day, as far back as the source says."""

    instrument: str
    status: Status
    since: dt.date | None = None
    note: str = ""
    basis: Basis
    source: str = Field(min_length=1)
    positions: tuple[Position, ...] = Field(default=(), strict=False)


class Provision(_Entry):
    """What an article asks, and which tables of `remnant tables` speak to it."""

    article: str = Field(min_length=1)
    asks: str = Field(min_length=1)
    tables: tuple[str, ...] = Field(default=(), strict=False)
    basis: Basis
    source: str = Field(min_length=1)


class Instrument(_Entry):
    """A treaty."""

    title: str = Field(min_length=1)
    aliases: tuple[str, ...] = Field(default=(), strict=False)
    provisions: tuple[Provision, ...] = Field(default=(), strict=False)


class State(_Entry):
    """A state, and all that the sources say of it."""

    aliases: tuple[str, ...] = Field(default=(), strict=False)
    status: tuple[PartyStatus, ...] = Field(min_length=1, strict=False)


class _File(_Entry):
    sources_to: dt.date
    instruments: dict[str, Instrument]
    states: dict[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Everything that is known of who is bound by what.

    Parameters
    ----------
    sources_to
        Day of the newest source; later changes are not known.
    instruments, states
        By name.
    """

    sources_to: dt.date
    instruments: Mapping[str, Instrument]
    states: Mapping[str, State]

    def state(self, name: str) -> str:
        """The listed name of a state, from any spelling.

        Raises
        ------
        InvalidInput
            Nothing is known of it; that does not mean that it is no party.
        """
        key = spelling_key(name)
        for known, state in self.states.items():
            if key in {spelling_key(word) for word in (known, *state.aliases)}:
                return known
        raise InvalidInput(
            f"a state must be one that sources are listed for; {name!r} is none, which says nothing about it. "
            f"Listed: {', '.join(self.states)}. The depositaries keep the full lists."
        )

    def on(self, name: str, day: dt.date) -> tuple[PartyStatus, ...]:
        """How a state stood to each treaty on a day, one entry per treaty that sources speak of.

        Examples
        --------
        >>> [load_parties().on("Estonia", dt.date(2025, 12, d))[0].status for d in (26, 27)]
        ['party', 'withdrawn']
        """
        latest: dict[str, PartyStatus] = {}
        for entry in self.states[self.state(name)].status:
            if entry.since is None or entry.since <= day:
                latest[entry.instrument] = entry
        return tuple(latest.values())


@functools.lru_cache(maxsize=1)
def load_parties() -> Parties:
    """The list that remnant brings along.

    Raises
    ------
    CatalogueError
        A line without a source, or with an unknown key or treaty.
    """
    data = files("remnant.catalogue").joinpath("data", "law", "parties.toml")
    return parse_parties(data.read_bytes(), "parties.toml")


def parse_parties(content: bytes, file: str | Path) -> Parties:
    """A list from the bytes of a TOML file; refused where a line lacks its source.

    Raises
    ------
    CatalogueError
        It cannot be read, a source is blank, days of one treaty go backward, or a treaty is not listed.
    """
    try:
        held = _File.model_validate(tomllib.loads(content.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{file}: must be TOML; the parser says: {error}. Correct it.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        hint = " Every line needs its source." if place.endswith("source") else " Correct it."
        raise CatalogueError(f"{file}: {place}: {first['msg'].lower()}.{hint}") from None
    for name, state in held.states.items():
        _check_state(f"{file}: {name}", state, held.instruments)
    return Parties(
        sources_to=held.sources_to, instruments=FrozenDict(held.instruments), states=FrozenDict(held.states)
    )


def _check_state(where: str, state: State, known: Mapping[str, Instrument]) -> None:
    last: dict[str, dt.date] = {}
    for entry in state.status:
        if entry.instrument not in known:
            raise CatalogueError(
                f"{where}: instrument must be one of {', '.join(known)}; got {entry.instrument!r}."
            )
        if "contested" in entry.status and len(entry.positions) < 2:
            raise CatalogueError(f"{where}: a contested status needs the positions of both sides. Add them.")
        if entry.instrument in last and (entry.since is None or entry.since <= last[entry.instrument]):
            raise CatalogueError(
                f"{where}: since must grow from entry to entry of {entry.instrument}. Sort them."
            )
        last[entry.instrument] = entry.since or dt.date.min
