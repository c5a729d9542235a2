"""From a case and a period to all tables of a report."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remnant.decide.tables.balance import TOLERANCE_M2, Account, account, grouped
from remnant.decide.tables.checks import check_lives
from remnant.decide.tables.estimates import Estimates
from remnant.decide.tables.items import ItemsDestroyed, items_destroyed
from remnant.decide.tables.laying import LayingEntry, laying_entries
from remnant.decide.tables.lives import AreaLife, lives_of
from remnant.decide.tables.mismatch import Mismatch, by_layer
from remnant.decide.tables.period import Period
from remnant.decide.tables.places import locate, open_ground_m2, overlaps
from remnant.decide.tables.previous import PreviousReport, compare_with_previous
from remnant.errors import InvalidInput
from remnant.evidence import Case

SCOPES: Mapping[str, tuple[str, str | None]] = {
    "all": ("all explosive ordnance", None),
    "article-5": ("anti-personnel mines: Mine Ban Convention, Article 5", "ap_mine"),
    "ccm-article-4": ("cluster munition remnants: Convention on Cluster Munitions, Article 4", "submunition"),
}
"""What a set of tables speaks of → its words, and the category of ordnance that an area must be suspected of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeTables:
    """Everything that the tables of a period say.

    Parameters
    ----------
    lives, accounts
        (n,) areas, and what each adds to the columns of the period.
    balances
        Scope → (district, class) → sum of the accounts.
    open_ground_m2
        Ground under the outlines of all open areas, every square metre once; NaN where none is drawn. [m²]
    mismatches
        Everything that a person has to settle, by record.
    estimates
        What a model says remains, from an assessment; None where none was given.
    """

    name: str
    as_of: dt.date
    period: Period
    lives: tuple[AreaLife, ...]
    accounts: tuple[Account, ...]
    balances: Mapping[str, Mapping[tuple[str, str], Account]]
    items: ItemsDestroyed
    laying: tuple[LayingEntry, ...]
    open_ground_m2: float
    mismatches: tuple[Mismatch, ...]
    estimates: Estimates | None
    previous: PreviousReport | None
    provenance: Mapping[str, str]


def answer_tables(
    case: Case, period: Period, *, estimates: Estimates | None = None, previous: PreviousReport | None = None,
    tolerance_m2: float = TOLERANCE_M2,
) -> ProgrammeTables:  # fmt: skip
    """The tables of a case for a period.

    Parameters
    ----------
    case
        Records with their register, as `remnant.io.read_case` reads them.
    period
        Days of the report; it may not end after the day up to which the records run.
    estimates
        From an assessment; they stand in a table of their own.
    previous
        The last report, whose closing this opening is held against.
    tolerance_m2
        Differences of land up to this are rounding. [m²]

    Raises
    ------
    InvalidInput
        The period ends after `as_of`, or the case holds no register or no area.
    """
    if period.last > case.as_of:
        raise InvalidInput(
            f"the period must end by {case.as_of}, up to which the records run; it ends on {period.last}. "
            "Choose an earlier --to, or bring the records up to date and move as_of."
        )
    if case.register is None or not case.areas.id.size:
        raise InvalidInput(
            "the tables need hazard areas or released areas; the case holds none. Add a layer of that kind."
        )
    located = locate(case)
    lives, links = lives_of(case, located.names)
    accounts = tuple(account(life, period, tolerance_m2=tolerance_m2) for life in lives)
    items = items_destroyed(case, period, located.names)
    wrong = [
        *links,
        *check_lives(case, lives, period, tolerance_m2=tolerance_m2),
        *overlaps(case, lives, tolerance_m2=tolerance_m2),
        *located.wrong,
        *items.wrong,
    ]
    if previous is not None:
        wrong += compare_with_previous(lives, accounts, period, previous, tolerance_m2=tolerance_m2)
    return ProgrammeTables(
        name=case.name, as_of=case.as_of, period=period, lives=lives, accounts=accounts,
        balances={scope: _balance(lives, accounts, category) for scope, (_, category) in SCOPES.items()},
        items=items, laying=laying_entries(case), open_ground_m2=open_ground_m2(case, lives),
        mismatches=tuple(sorted(by_layer(wrong, _layer_sizes(case)), key=_order)), estimates=estimates,
        previous=previous, provenance=_provenance(case),
    )  # fmt: skip


def _provenance(case: Case) -> dict[str, str]:
    hashes = {f"inputs_sha256.{name}": value for name, value in sorted(case.inputs.items())}
    return {"catalogue_sha256": case.catalogue.sha256, **hashes}


def _balance(
    lives: Sequence[AreaLife], accounts: Sequence[Account], category: str | None
) -> dict[tuple[str, str], Account]:
    """Sums over the areas that are suspected of a category, or over all."""
    mine = [k for k, life in enumerate(lives) if category is None or category in life.categories]
    return grouped([lives[k] for k in mine], [accounts[k] for k in mine])


def _layer_sizes(case: Case) -> Counter[str]:
    """Records of each layer; a layer of released land is in two tables of the case, and counted once."""
    tables = (case.areas, case.searches, case.events)
    rows = {
        (str(name), int(row)) for t in tables for name, row in zip(t.source.layer, t.source.row, strict=True)
    }
    return Counter(name for name, _ in rows)


def _order(found: Mismatch) -> tuple[int, str, str, int, str]:
    rank = ("mismatch", "unknown", "note").index(found.grade)
    return rank, found.code, found.layer, found.row, found.record_id
