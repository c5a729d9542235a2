"""Items that were found and removed in a period, by kind and district: located finds, and what reports state beyond."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from remnant.decide.tables.lives import NO_DISTRICT
from remnant.decide.tables.mismatch import Grade, Mismatch
from remnant.decide.tables.period import Period
from remnant.decide.tables.places import district_of
from remnant.evidence import Case

KINDS = ("ap_mines", "av_mines", "submunitions", "other_items", "kind_unknown")
"""Kinds of items of a report; the last is what nobody recorded a kind of."""
_KIND_OF: Mapping[str, str] = {"ap_mine": "ap_mines", "av_mine": "av_mines", "submunition": "submunitions"}
_NO_TYPE = "type not on record"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDestroyed:
    """Items found and removed in the period.

    Parameters
    ----------
    by_district
        District → kind → items.
    by_type
        (district, ordnance type) → items.
    num_undated
        Items of finds and reports that name no day; they stand in no period.
    num_silent
        Searches that ended in the period and state no number: unknown, not zero.
    open_districts
        Districts with such finds, reports or searches: where they count no item of a kind, that is unknown, not zero.
    wrong
        What is wrong or missing, by record.
    """

    by_district: Mapping[str, Mapping[str, int]]
    by_type: Mapping[tuple[str, str], int]
    num_undated: int
    num_silent: int
    open_districts: frozenset[str]
    wrong: tuple[Mismatch, ...]


def kind_of(case: Case, name: str) -> str:
    """The kind of an ordnance type for a report."""
    return _KIND_OF.get(case.catalogue.types[name].category, "other_items") if name else "kind_unknown"


def items_destroyed(case: Case, period: Period, area_districts: Sequence[str]) -> ItemsDestroyed:
    """Count items by kind, type and district.

    Located finds are counted on their own day. What the record of a search states beyond the finds that name it is
    counted on the last day of that search, so that nothing is counted twice. Accidents are not counted: those items
    were not found by a search.

    Parameters
    ----------
    case
        Records.
    period
        Days of the report.
    area_districts
        (n,) district of every record of `Case.areas`, for searches that are its released land.
    """
    tally = _Tally(case=case, period=period)
    searches = _search_districts(case, area_districts)
    linked = _count_finds(tally, searches)
    for index in range(case.searches.id.size):
        _count_report(tally, index, searches[index], linked.get(index, Counter()))
    return ItemsDestroyed(
        by_district={d: dict(tally.districts[d]) for d in sorted(tally.districts)},
        by_type=dict(sorted(tally.types.items())),
        num_undated=tally.undated,
        num_silent=tally.silent,
        open_districts=frozenset(tally.open),
        wrong=tuple(tally.wrong),
    )


class _Tally:
    """Running totals while the records are gone through."""

    def __init__(self, *, case: Case, period: Period) -> None:
        self.case, self.period = case, period
        self.districts: dict[str, Counter[str]] = {}
        self.types: Counter[tuple[str, str]] = Counter()
        self.undated = self.silent = 0
        self.open: set[str] = set()
        self.wrong: list[Mismatch] = []

    def add(self, district: str, kind: str, name: str, number: float) -> None:
        if number > 0:
            self.districts.setdefault(district, Counter())[kind] += round(number)
            self.types[district, name or _NO_TYPE] += round(number)

    def name(self, table: object, index: int, grade: Grade, code: str, words: tuple[str, str, str]) -> None:
        source = table.source  # type: ignore[attr-defined]
        self.wrong.append(
            Mismatch(
                grade=grade, code=code, record_id=str(table.id[index]),  # type: ignore[attr-defined]
                layer=str(source.layer[index]), row=int(source.row[index]), asked=words[0], came=words[1],
                todo=words[2],
            )
        )  # fmt: skip


def _search_districts(case: Case, area_districts: Sequence[str]) -> tuple[str, ...]:
    """District of every search: that of the released land that it is, else by its place."""
    source = case.areas.source
    of_area = {
        (str(layer), int(row)): name
        for layer, row, name in zip(source.layer, source.row, area_districts, strict=True)
    }
    by_place = district_of(case.districts, case.searches.geometry)
    mine = case.searches.source
    return tuple(
        of_area.get((str(layer), int(row)), found[0] if found else NO_DISTRICT)
        for layer, row, found in zip(mine.layer, mine.row, by_place, strict=True)
    )


def _count_finds(tally: _Tally, searches: Sequence[str]) -> dict[int, Counter[str]]:
    """Counts located finds; returns the items of each search that finds account for, by kind."""
    case, period = tally.case, tally.period
    events = case.events
    search_at = {str(name): index for index, name in enumerate(case.searches.id)}
    by_place = district_of(case.districts, events.geometry)
    linked: dict[int, Counter[str]] = {}
    for index in np.flatnonzero(events.kind == "find").tolist():
        kind = kind_of(case, str(events.type[index]))
        number = float(events.num_items[index])
        search = search_at.get(str(events.search_id[index])) if events.search_id[index] else None
        if search is not None:
            linked.setdefault(search, Counter())[kind] += round(number)
        day = float(events.day[index])
        if math.isnan(day) and search is not None:
            day = float(case.searches.end_day[search])
        where = period.place((day, day))
        of_search = searches[search] if search is not None else NO_DISTRICT
        near = by_place[index][0] if by_place[index] else of_search
        if where == "unknown":
            tally.undated += round(number)
            tally.open.add(near)
            tally.name(
                events, index, "unknown", "find-day-unknown",
                ("a find should have a day", "it has none, nor has its search", "fill it in; it stands in no period"),
            )  # fmt: skip
        if where == "in":
            tally.add(near, kind, str(events.type[index]), number)
    return linked


def _count_report(tally: _Tally, index: int, district: str, linked: Counter[str]) -> None:
    """Counts what the record of a search states beyond the finds that name it."""
    case = tally.case
    stated = _stated(case, index)
    where = tally.period.place((float(case.searches.end_day[index]),) * 2)
    if not stated:
        total = float(case.searches.items_found[index])
        if math.isnan(total):
            if where == "in" and not linked and _is_work(case, index):
                tally.silent += 1
                tally.open.add(district)
            return
        name = str(case.searches.type[index])
        stated = {kind_of(case, name): total}
        linked = Counter({kind_of(case, name): sum(linked.values())})
    for kind, number in stated.items():
        beyond = number - linked[kind]
        if beyond < 0:
            tally.name(
                case.searches, index, "mismatch", "more-finds-than-stated",
                ("a search should state at least as many items as finds name it",
                 f"it states {number:,.0f} ({words_of(kind)}), and finds of {linked[kind]:,} items name it",
                 "correct one of the two; the finds are counted"),
            )  # fmt: skip
        elif beyond and where == "unknown":
            tally.undated += round(beyond)
            tally.open.add(district)
            tally.name(
                case.searches, index, "unknown", "search-day-unknown",
                ("a search that found items should have a last day", "it has none",
                 "fill it in; they stand in no period"),
            )  # fmt: skip
        elif where == "in":
            tally.add(district, kind, _one_type(case, index, kind), beyond)
    _compare_total(tally, index, stated)


def _compare_total(tally: _Tally, index: int, stated: Mapping[str, float]) -> None:
    total, by_kind = float(tally.case.searches.items_found[index]), math.fsum(stated.values())
    if not math.isnan(total) and by_kind > total:
        tally.name(
            tally.case.searches, index, "mismatch", "kinds-exceed-items-found",
            ("items by kind should not exceed items_found", f"{by_kind:,.0f} by kind, {total:,.0f} in all",
             "correct one of the two; those by kind are counted"),
        )  # fmt: skip


def _stated(case: Case, index: int) -> dict[str, float]:
    """Items by kind that a record states; empty where it states none."""
    if case.destroyed is None:
        return {}
    counts = {kind: float(getattr(case.destroyed, f"num_{kind}")[index]) for kind in KINDS[:-1]}
    return {kind: number for kind, number in counts.items() if not math.isnan(number)}


def _one_type(case: Case, index: int, kind: str) -> str:
    name = str(case.searches.type[index])
    return name if name and kind_of(case, name) == kind else ""


def _is_work(case: Case, index: int) -> bool:
    """Whether a search was work of a programme, of which a number could be expected; land use is none."""
    return case.catalogue.method(str(case.searches.method[index])).kind != "land_use"


def words_of(kind: str) -> str:
    """A kind of item in words.

    Examples
    --------
    >>> words_of("ap_mines"), words_of("kind_unknown")
    ('AP mines', 'kind not on record')
    """
    return {
        "ap_mines": "AP mines", "av_mines": "AV mines", "submunitions": "submunitions",
        "other_items": "other explosive items", "kind_unknown": "kind not on record",
    }[kind]  # fmt: skip
