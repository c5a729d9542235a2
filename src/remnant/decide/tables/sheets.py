"""The tables of a report, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from remnant.decide.tables.answer import SCOPES, ProgrammeTables
from remnant.decide.tables.balance import COLUMNS, Account, added
from remnant.decide.tables.items import KINDS, words_of
from remnant.decide.tables.laying import FIELDS
from remnant.decide.tables.lives import CLASSES
from remnant.decide.tables.sheet import Cell, Column, Sheet

TOTAL = "total"
_STEPS: Mapping[str, str] = {
    "opening": "opening", "new": "new", "cancelled": "cancelled", "reduced": "reduced", "cleared": "cleared",
    "how_unknown": "released, how not on record", "day_unknown": "day not on record", "unexplained": "unexplained",
    "closing": "closing",
}  # fmt: skip


def sheets_of(answer: ProgrammeTables) -> tuple[Sheet, ...]:
    """Every table of a report, in the order of the page; scopes without any area are left out."""
    scopes = [scope for scope in SCOPES if scope == "all" or answer.balances[scope]]
    sheets = [
        *(_remaining(answer, scope) for scope in scopes),
        *(_released(answer, scope) for scope in scopes),
        *(_balance(answer, scope) for scope in scopes),
        _items(answer),
        _laying(answer),
        _mismatches(answer),
        _areas(answer),
    ]
    if answer.estimates is not None:
        sheets.append(_estimates(answer))
    return tuple(sheets)


def _number(key: str, title: str) -> Column:
    return Column(key=key, title=title, kind="number")


def _land(key: str, title: str) -> Column:
    return Column(key=key, title=title, kind="area")


def _name(what: str, scope: str) -> str:
    return what if scope == "all" else f"{what}-{scope}"


def _by_district(balance: Mapping[tuple[str, str], Account]) -> dict[str, dict[str, Account]]:
    """District → ``CHA``, ``SHA`` or ``other`` → sum."""
    members: dict[str, dict[str, list[Account]]] = {}
    for (district, name), mine in balance.items():
        group = name if name in CLASSES else "other"
        members.setdefault(district, {}).setdefault(group, []).append(mine)
    return {d: {g: added(held) for g, held in groups.items()} for d, groups in sorted(members.items())}


def _remaining(answer: ProgrammeTables, scope: str) -> Sheet:
    """Article 5, table A: what remains, by district."""
    groups = (*CLASSES, "other")
    rows: list[tuple[Cell, ...]] = []
    nothing = added(())
    by_district = _by_district(answer.balances[scope])
    whole = {g: added(d[g] for d in by_district.values() if g in d) for g in groups}
    for district, held in [*by_district.items(), (TOTAL, whole)]:
        mine = [held.get(g, nothing) for g in groups]
        counts = [a.value("closing") for a in mine]
        if district != TOTAL and not any(counts):
            continue
        land = [a.land("closing") for a in mine]
        unsized = math.fsum(float(a.num_unsized[-1]) for a in mine)
        rows.append((district, *counts, math.fsum(counts), *land, math.fsum(land), unsized))
    columns = (
        Column(key="district", title="district"),
        *(
            _number(f"num_{g.lower()}", f"{g}, number" if g in CLASSES else "other class, number")
            for g in groups
        ),
        _number("num", "areas"),
        *(_land(f"{g.lower()}_m2", f"{g}, m²" if g in CLASSES else "other class, m²") for g in groups),
        _land("area_m2", "total, m²"),
        _number("num_size_unknown", "of unknown size"),
    )
    return Sheet(
        name=_name("remaining", scope), title=f"What remains on {answer.period.last}: {SCOPES[scope][0]}",
        about="Suspected (SHA) and confirmed (CHA) hazard areas that are open at the end of the period. Land of areas "
        "of unknown size is not in the square metres.",
        columns=columns, rows=tuple(rows), num_total_rows=1,
    )  # fmt: skip


def _released(answer: ProgrammeTables, scope: str) -> Sheet:
    """Article 5, table B: what was released in the period, and which items were destroyed, by district."""
    kinds = ("cancelled", "reduced", "cleared", "how_unknown")
    by_district: dict[str, list[Account]] = {}
    for (district, _), mine in answer.balances[scope].items():
        by_district.setdefault(district, []).append(mine)
    items = answer.items.by_district
    rows: list[tuple[Cell, ...]] = []
    for district in [*sorted({*by_district, *items, *answer.items.open_districts}), TOTAL]:
        is_total = district == TOTAL
        mine = added(answer.balances[scope].values() if is_total else by_district.get(district, ()))
        land = [mine.land(k) for k in kinds]
        count = math.fsum(mine.value(k) for k in kinds)
        found = [_items_in(items.values() if is_total else [items.get(district, {})], k) for k in KINDS]
        silent = bool(answer.items.open_districts) if is_total else district in answer.items.open_districts
        if is_total or any(land) or count or any(found) or mine.undated_num or silent:
            known = [_or_unknown(n, mine.undated_num > 0) for n in (*land, math.fsum(land), count)]
            counted = [_or_unknown(n, silent) for n in found]
            rows.append((district, *known, *counted, mine.undated_num, mine.undated_m2))
    columns = (
        Column(key="district", title="district"),
        *(_land(f"{k}_m2", f"{_STEPS[k]}, m²") for k in kinds),
        _land("released_m2", "released, m²"),
        _number("num_closed", "areas closed"),
        *(_number(f"num_{k}", words_of(k)) for k in KINDS),
        _number("num_day_unknown", "released, day not on record: areas"),
        _land("day_unknown_m2", "released, day not on record: m²"),
    )
    return Sheet(
        name=_name("released", scope),
        title=f"What was released from {answer.period.first} to {answer.period.last}: {SCOPES[scope][0]}",
        about="Cancelled by non-technical survey, reduced by technical survey, cleared by clearance. Items are those "
        "found and removed in the district, in whatever area. The last two columns hold land of which nobody recorded "
        "when it was released: it is in no other column, and nothing in one of those is then unknown, not zero.",
        columns=columns, rows=tuple(rows), num_total_rows=1,
    )  # fmt: skip


def _or_unknown(number: float, is_open: bool) -> Cell:
    """A count; where it is zero and records may lack, unknown."""
    return None if is_open and not number else number


def _items_in(districts: Iterable[Mapping[str, int]], kind: str) -> int:
    return sum(found.get(kind, 0) for found in districts)


def _balance(answer: ProgrammeTables, scope: str) -> Sheet:
    """The identity by district and class, in areas and in land."""
    held = answer.balances[scope]
    rows = [(*key, *_steps(mine)) for key, mine in held.items()]
    rows += [
        (TOTAL, name, *_steps(added(a for (_, c), a in held.items() if c == name))) for name in _classes(held)
    ]
    columns = (
        Column(key="district", title="district"),
        Column(key="class", title="class"),
        *(_number(f"num_{c}", f"{_STEPS[c]}, areas") for c in COLUMNS),
        *(_land(f"{c}_m2", f"{_STEPS[c]}, m²") for c in COLUMNS),
        Column(key="verdict", title="does it balance?"),
    )
    return Sheet(
        name=_name("balance", scope), title=f"Opening, changes and closing: {SCOPES[scope][0]}",
        about="Opening + new − cancelled − reduced − cleared = closing. Land released without a recorded way is taken "
        "off too. “Day not on record” holds what is on record without a day on which it came there, or was released: "
        "opening and new then hold only areas of known day, and stay blank where there are none. “Unexplained” must be "
        "zero; every record behind it is named in the list of mismatches.",
        columns=columns, rows=tuple(rows), num_total_rows=len(_classes(held)),
    )  # fmt: skip


def _classes(held: Mapping[tuple[str, str], Account]) -> list[str]:
    return sorted({name for _, name in held})


def _steps(mine: Account) -> tuple[Cell, ...]:
    """Areas, land and verdict; a column stays blank where all that it could hold has no day on record."""
    num: list[Cell] = list(mine.num.tolist())
    land: list[Cell] = list(mine.area_m2.tolist())
    entries = ("opening", "new") if mine.value("day_unknown") > 0.0 or mine.undated_num else ()
    releases = ("cancelled", "reduced", "cleared", "how_unknown") if mine.undated_num else ()
    for k in (COLUMNS.index(name) for name in (*entries, *releases)):
        num[k], land[k] = num[k] or None, land[k] or None
    return (*num, *land, verdict_words(mine))


def verdict_words(mine: Account) -> str:
    """Whether an account balances, in words."""
    if mine.value("unexplained") or mine.land("unexplained"):
        return "does not balance"
    if mine.value("day_unknown") or mine.land("day_unknown") or mine.undated_num:
        return "cannot tell: days are not on record"
    return "balances, but some sizes are unknown" if mine.num_unsized.any() else "balances"


def _items(answer: ProgrammeTables) -> Sheet:
    rows = [(district, name, number) for (district, name), number in answer.items.by_type.items()]
    total: tuple[Cell, ...] = (TOTAL, "", sum(answer.items.by_type.values()))
    return Sheet(
        name="items", title="Items found and removed, by type",
        about="Located finds, and what reports state beyond them. "
        f"{answer.items.num_undated:,} items have no day on record and are not in this table. "
        f"{answer.items.num_silent:,} searches ended in the period and state no number: theirs is unknown, not zero.",
        columns=(
            Column(key="district", title="district"), Column(key="type", title="type"), _number("num", "items"),
        ),
        rows=(*rows, total), num_total_rows=1,
    )  # fmt: skip


def _laying(answer: ProgrammeTables) -> Sheet:
    titles: dict[str, str] = {}
    for asked in FIELDS:
        titles.setdefault(asked.key, asked.title)
    rows: list[tuple[Cell, ...]] = [
        (
            e.record_id,
            e.layer,
            e.row,
            e.paragraph,
            *(e.values.get(key, "not asked") for key in titles),
            e.num_missing,
        )
        for e in answer.laying
    ]
    return Sheet(
        name="laying", title="Records of mines, by the fields of CCW Amended Protocol II",
        about="Technical Annex, paragraph 1(a) for mines that were not remotely delivered, 1(b) for remotely delivered "
        "ones. Numbers are as recorded. No coordinate is printed; the case's files hold them.",
        columns=(
            *_record_columns(), Column(key="paragraph", title="paragraph"),
            *(Column(key=key, title=title) for key, title in titles.items()),
            _number("num_missing", "fields not on record"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _record_columns() -> tuple[Column, ...]:
    return (
        Column(key="record", title="record"), Column(key="layer", title="layer"), _number("row", "row"),
    )  # fmt: skip


def _mismatches(answer: ProgrammeTables) -> Sheet:
    rows = [
        (
            m.grade,
            m.code,
            m.record_id,
            m.layer,
            m.row or None,
            m.count,
            _known(m.area_m2),
            m.asked,
            m.came,
            m.todo,
        )
        for m in answer.mismatches
    ]
    return Sheet(
        name="mismatches", title="What does not add up, or is not on record",
        about="One line per record, or per layer where every record of it lacks the same fact. A mismatch contradicts "
        "another statement; unknown is a fact that a table needs; a note is counted as the record says.",
        columns=(
            Column(key="grade", title="grade"), Column(key="code", title="code"), *_record_columns(),
            _number("count", "records"), _land("area_m2", "m²"), Column(key="asked", title="expected"),
            Column(key="came", title="on record"), Column(key="todo", title="what to do"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _areas(answer: ProgrammeTables) -> Sheet:
    """Every area with what it adds to each column, so that any number can be taken apart."""
    rows: list[Sequence[Cell]] = []
    for life, mine in zip(answer.lives, answer.accounts, strict=True):
        land = mine.area_m2.tolist()
        size_unknown = math.isnan(life.size_m2)
        rows.append(
            (
                life.record_id, life.layer, life.row, life.district, life.hazard_class, "; ".join(life.categories),
                "open" if life.is_open else "closed", _known(life.size_m2), life.size_from or None,
                *mine.num.tolist(),
                *(None if size_unknown and not m2 and n else m2 for m2, n in zip(land, mine.num, strict=True)),
            )
        )  # fmt: skip
    return Sheet(
        name="areas", title="Area by area",
        about="What each hazard area adds to the columns of the balance. The next report is held against this closing.",
        columns=(
            *_record_columns(), Column(key="district", title="district"), Column(key="class", title="class"),
            Column(key="kinds", title="suspected of"), Column(key="status", title="status"),
            _land("size_m2", "size, m²"), Column(key="size_from", title="size from"),
            *(_number(f"num_{c}", f"{_STEPS[c]}, areas") for c in COLUMNS),
            *(_land(f"{c}_m2", f"{_STEPS[c]}, m²") for c in COLUMNS),
        ),
        rows=tuple(tuple(row) for row in rows),
    )  # fmt: skip


def _estimates(answer: ProgrammeTables) -> Sheet:
    made = answer.estimates
    assert made is not None
    doubt = "" if made.is_same_records else " IT WAS MADE FROM OTHER FILES THAN THESE TABLES."
    rows = [
        (
            e.place, "total" if e.is_total else "district", str(e.date), "forecast" if e.is_forecast else "",
            e.state, e.mean, e.q05, e.q95, e.p_any,
        )
        for e in made.rows
    ]  # fmt: skip
    numbers = (
        ("expected", "expected items"), ("low", "90 % interval, from"), ("high", "to"), ("p_any", "chance of any"),
    )  # fmt: skip
    return Sheet(
        name="estimates", title="Estimates: items that remain, by district",
        about=f"Not counts: estimates of a model from the records up to {made.as_of} ({made.program}, model "
        f"{made.model}, seed {made.seed}). No number here may be added to one of the tables above.{doubt}",
        columns=(
            Column(key="place", title="place"), Column(key="scope", title="scope"), Column(key="date", title="date"),
            Column(key="forecast", title="forecast"), Column(key="state", title="state"),
            *(Column(key=key, title=title, kind="estimate") for key, title in numbers),
        ),
        rows=tuple(rows),
    )  # fmt: skip
