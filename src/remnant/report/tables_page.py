"""Tables for treaties and programmes as one page, to read and to print."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from remnant._version import __version__
from remnant.decide.tables import Column, Mismatch, ProgrammeTables, Sheet, sheets_of
from remnant.report.pages import page_templates

_SHOWN = 20
_NOT_ON_PAGE = ("areas", "mismatches")
_GRADES = {
    "mismatch": "Contradictions",
    "unknown": "Facts that are not on record",
    "note": "Counted as the record says",
}


def render_tables(answer: ProgrammeTables, extra: Sequence[Sheet] = ()) -> str:
    """The page as HTML: style inside, no script, nothing loaded from elsewhere, made to print on A4.

    Parameters
    ----------
    answer
        The tables. Area by area, they stand in the workbook only; of the list of mismatches the page shows the first
        twenty of each kind.
    extra
        Tables that do not come from the case, such as what the treaties ask.
    """
    environment = page_templates()
    environment.filters["cell"] = cell_words
    sheets = [s for s in (*sheets_of(answer), *extra) if s.name not in _NOT_ON_PAGE]
    return environment.get_template("tables.html.j2").render(
        answer=answer,
        version=__version__,
        sheets=[s for s in sheets if not is_estimate(s)],
        estimates=[s for s in sheets if is_estimate(s)],
        headlines=headlines(answer),
        grades=_GRADES,
        wrong=_grouped(answer.mismatches),
        shown=_SHOWN,
    )


def is_estimate(sheet: Sheet) -> bool:
    """Whether a table holds what a model estimates."""
    return any(c.kind == "estimate" for c in sheet.columns)


def cell_words(value: str | float | None, column: Column) -> str:
    """A cell as text: unknown is a dash, land is in whole square metres, zero is zero.

    Examples
    --------
    >>> land = Column(key="a", title="a", kind="area")
    >>> [cell_words(v, land) for v in (None, 0.0, 1234.56)]
    ['–', '0', '1,235']
    """
    if value is None or value == "":
        return "" if value == "" else "–"
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "–"
    if column.key == "p_any":
        return f"{value:.1%}"
    return f"{value:,.0f}"


def headlines(answer: ProgrammeTables) -> list[str]:
    """What the tables say, in sentences."""
    held = list(answer.balances["all"].values())
    land = {
        k: sum(a.land(k) for a in held) for k in ("cancelled", "reduced", "cleared", "how_unknown", "closing")
    }
    areas = sum(a.value("closing") for a in held)
    released = land["cancelled"] + land["reduced"] + land["cleared"] + land["how_unknown"]
    first = (
        f"{areas:,.0f} hazard areas with {land['closing']:,.0f} m² were on record on {answer.period.last}."
    )
    if not released and any(a.undated_num for a in held):
        return [first, "No record of released land names a day in the period.", *_unknowns(answer)]
    lines = [
        first,
        f"{released:,.0f} m² were released in the period: {land['cancelled']:,.0f} cancelled, {land['reduced']:,.0f} "
        f"reduced, {land['cleared']:,.0f} cleared"
        + (f", {land['how_unknown']:,.0f} in a way that nobody recorded." if land["how_unknown"] else "."),
    ]
    return [*lines, *_unknowns(answer)]


def _unknowns(answer: ProgrammeTables) -> list[str]:
    """What the records leave open, in sentences."""
    held, lines = list(answer.balances["all"].values()), []
    unsized = sum(float(a.num_unsized[-1]) for a in held)
    if unsized:
        lines.append(
            f"{unsized:,.0f} of those areas have no size on record: their land is in none of the totals."
        )
    undated, undated_m2 = sum(a.undated_num for a in held), sum(a.undated_m2 for a in held)
    if undated:
        lines.append(
            f"{undated:,} released areas ({undated_m2:,.0f} m² as far as it is known) have no day of release on "
            "record, and stand in no period."
        )
    if not math.isnan(answer.open_ground_m2):
        lines.append(
            f"The outlines of the areas that are open on {answer.as_of}, as they are drawn, cover "
            f"{answer.open_ground_m2:,.0f} m² of ground, common land counted once."
        )
    num = Counter(m.grade for m in answer.mismatches)
    lines.append(
        f"{num['mismatch']:,} contradictions in the records and {num['unknown']:,} entries of facts that are not on "
        "record are listed in mismatches.csv."
    )
    return lines


def _grouped(found: Sequence[Mismatch]) -> list[tuple[str, str, int, list[Mismatch]]]:
    """Grade, code, records and the first lines of each kind of mismatch."""
    members: dict[tuple[str, str], list[Mismatch]] = {}
    for one in found:
        members.setdefault((one.grade, one.code), []).append(one)
    return [(g, c, sum(m.count for m in held), held) for (g, c), held in members.items()]
