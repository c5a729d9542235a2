"""What is wrong or missing in the records of areas, named record by record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from remnant.decide.tables.balance import TOLERANCE_M2
from remnant.decide.tables.lives import NO_CLASS, NO_DISTRICT, AreaLife, Release
from remnant.decide.tables.mismatch import Grade, Mismatch
from remnant.decide.tables.period import Days, Period
from remnant.evidence import AreaRegister, Case
from remnant.units import date_of


def check_lives(
    case: Case, lives: Sequence[AreaLife], period: Period, *, tolerance_m2: float = TOLERANCE_M2
) -> tuple[Mismatch, ...]:
    """Everything that a person has to settle in the records of areas, in the order of the areas.

    Parameters
    ----------
    case
        With a register.
    lives
        Its areas (`lives_of`).
    period
        Of the report: a day known to the month may lie on both sides of its ends.
    tolerance_m2
        Differences of land up to this are rounding. [m²]
    """
    assert case.register is not None
    found: list[Mismatch] = []
    num = Counter(life.record_id for life in lives)
    for life in lives:
        if num[life.record_id] > 1:
            found.append(
                _of(
                    life, "mismatch", "id-named-twice", "every area should have an id of its own",
                    f"{num[life.record_id]} areas have it", "give each its own id, or take the repeat out",
                )
            )  # fmt: skip
        found += _of_land(life, tolerance_m2)
        found += _of_days(life, period)
        found += _of_words(life)
        found += _of_status(life, case.register)
        for release in life.releases:
            found += _of_release(life, release, period)
    return (*found, *_notes(case, lives))


def _of(
    life: AreaLife, grade: Grade, code: str, asked: str, came: str, todo: str, m2: float = math.nan
) -> Mismatch:
    return Mismatch(
        grade=grade, code=code, record_id=life.record_id, layer=life.layer, row=life.row, asked=asked, came=came,
        todo=todo, area_m2=life.size_m2 if math.isnan(m2) else m2,
    )  # fmt: skip


def _of_land(life: AreaLife, tolerance: float) -> Iterator[Mismatch]:
    if math.isnan(life.size_m2):
        yield _of(
            life, "unknown", "size-unknown", "an area should have a size or an outline", "it has neither",
            "add one; till then it is counted as an area, and its land as unknown",
        )  # fmt: skip
        return
    rest = life.size_m2 - life.released_m2
    if rest < -tolerance:
        yield _of(
            life, "mismatch", "more-released-than-area", "no more can be released than the area holds",
            f"{life.released_m2:,.0f} m² released of {life.size_m2:,.0f} m²",
            "correct the size or the releases", -rest,
        )  # fmt: skip
    left = life.remaining_m2
    if life.is_open and not math.isnan(left) and abs(rest - left) > tolerance:
        yield _of(
            life, "mismatch", "remaining-differs", "size − released should be what remains",
            f"{life.size_m2:,.0f} − {life.released_m2:,.0f} = {rest:,.0f} m², but the record says {left:,.0f} m²",
            "correct the size, the releases or what remains", abs(rest - left),
        )  # fmt: skip
    if life.is_open and not left > tolerance and rest <= tolerance and life.releases:
        yield _of(
            life, "mismatch", "open-with-nothing-left", "an open area should have land left",
            "all of it is recorded as released, and its status is open", "close it, or correct the releases",
        )  # fmt: skip
    if not life.is_open and rest > tolerance:
        yield _of(
            life, "mismatch", "closed-with-rest", "a closed area should be released in whole",
            f"{rest:,.0f} of {life.size_m2:,.0f} m² stand in no release", "add the release, or reopen the area", rest,
        )  # fmt: skip
    if not life.is_open and left > tolerance:
        yield _of(
            life, "mismatch", "closed-with-remaining", "a closed area should have no land left",
            f"the record says that {left:,.0f} m² remain", "reopen it, or correct what remains", left,
        )  # fmt: skip


def _of_days(life: AreaLife, period: Period) -> Iterator[Mismatch]:
    if math.isnan(life.entered[1]):
        yield _of(
            life, "unknown", "recorded-day-unknown", "an area should say since when it is on record", "it does not",
            "fill the day in, or name [layers.defaults] recorded; till then it is neither opening nor new",
        )  # fmt: skip
    elif period.place(life.entered) == "unknown":
        yield _crossing(life, "recorded", life.entered)
    if life.is_undated:
        yield _of(
            life, "unknown", "released-day-unknown", "released land should say when it was released",
            "the record does not say", "fill the day in; till then it stands in no period",
        )  # fmt: skip
    if not life.is_open and life.closed[1] < life.entered[0]:
        yield _of(
            life, "mismatch", "released-before-recorded", "an area should be released after it came on record",
            f"released {_day(life.closed)}, on record since {_day(life.entered)}", "correct one of the two days",
        )  # fmt: skip


def _crossing(life: AreaLife, what: str, days: Days) -> Mismatch:
    return _of(
        life, "unknown", "day-crosses-period", f"{what}: the day should lie on one side of the ends of the period",
        f"it is known only to lie in {_day(days)}", "give the day, or choose a period of whole years",
    )  # fmt: skip


def _day(days: Days) -> str:
    first, last = date_of(days[0]), date_of(days[1])
    return f"{first}" if first == last else f"{first} to {last}"


def _of_words(life: AreaLife) -> Iterator[Mismatch]:
    if life.hazard_class == NO_CLASS:
        yield _of(
            life, "unknown", "class-unknown", "released land should say which class it had (SHA, CHA)",
            "it does not", "name the column or default former_class",
        )  # fmt: skip
    if life.district == NO_DISTRICT:
        yield _of(
            life, "unknown", "district-unknown", "an area should lie in a district of the case, or name one",
            "it does neither", "add its place, its district, or the outline of the district",
        )  # fmt: skip


def _of_status(life: AreaLife, register: AreaRegister) -> Iterator[Mismatch]:
    """An open area whose own record names a release, but no land that was released."""
    named = not math.isnan(register.released_last[life.index]) or bool(register.released_as[life.index])
    own = [r for r in life.releases if (r.layer, r.row) == (life.layer, life.row)]
    if life.is_open and named and not own:
        yield _of(
            life, "mismatch", "open-but-released", "an open area should name a release only with its land",
            "its status is open, and it names a day or kind of release",
            "close it, or say how much was released; till then all of it counts as open",
        )  # fmt: skip


def _of_release(life: AreaLife, release: Release, period: Period) -> Iterator[Mismatch]:
    def of(grade: Grade, code: str, asked: str, came: str, todo: str) -> Mismatch:
        return Mismatch(
            grade=grade, code=code, record_id=release.record_id, layer=release.layer, row=release.row, asked=asked,
            came=came, todo=todo, area_m2=release.area_m2,
        )  # fmt: skip

    own = (release.layer, release.row) == (life.layer, life.row)
    if not release.how:
        yield of(
            "unknown", "released-how-unknown", "released land should say how: cancelled, reduced or cleared",
            "the record does not say", "name the column or default released_as",
        )  # fmt: skip
    if math.isnan(release.days[1]):
        if not (own and life.is_undated):
            yield of(
                "unknown", "released-day-unknown", "released land should say when it was released",
                "the record does not say", "fill the day in; till then it stands in no period",
            )  # fmt: skip
    elif period.place(release.days) == "unknown":
        yield of(
            "unknown", "day-crosses-period", "released: the day should lie on one side of the ends of the period",
            f"it is known only to lie in {_day(release.days)}", "give the day, or choose a period of whole years",
        )  # fmt: skip
    if math.isnan(release.area_m2) and not (own and math.isnan(life.size_m2)):
        yield of(
            "unknown", "released-size-unknown", "released land should have a size or an outline",
            "it has neither", "add one; till then nothing is taken off the area",
        )  # fmt: skip
    if not (own and not life.is_open) and release.days[1] < life.entered[0]:
        yield of(
            "mismatch", "released-before-recorded", "land should be released after its area came on record",
            f"released {_day(release.days)}, area {life.record_id} on record since {_day(life.entered)}",
            "correct one of the two days",
        )  # fmt: skip
    if not life.is_open and release.days[0] > life.closed[1]:
        yield of(
            "mismatch", "released-after-closing", "land should be released before its area is closed",
            f"released {_day(release.days)}, area {life.record_id} closed {_day(life.closed)}",
            "correct one of the two days",
        )  # fmt: skip


def _notes(case: Case, lives: Sequence[AreaLife]) -> Iterator[Mismatch]:
    """Releases whose kind or day is read off the work that made them."""
    register, areas = case.register, case.areas
    assert register is not None
    used = {(r.layer, r.row) for life in lives for r in life.releases}
    for index in range(areas.id.size):
        where = (str(areas.source.layer[index]), int(areas.source.row[index]))
        if where not in used:
            continue
        if register.how_from[index] == "method":
            yield Mismatch(
                grade="note", code="how-from-method", record_id=str(areas.id[index]), layer=where[0], row=where[1],
                asked="released land should say how it was released",
                came=f"it does not; the method of the work makes it {register.released_as[index]!r}",
                todo="name released_as if that is not how it was",
            )  # fmt: skip
        if register.day_from[index] == "work":
            yield Mismatch(
                grade="note", code="day-from-work", record_id=str(areas.id[index]), layer=where[0], row=where[1],
                asked="released land should say when it was released",
                came="it does not; the last day of the work on it is taken",
                todo="name the column released if the day was another",
            )  # fmt: skip
