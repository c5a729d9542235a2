"""Collecting what a reader met, so that all faults of a case come out in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from remnant.evidence import Finding
from remnant.evidence.records import Severity

ROWS_SHOWN = 20
"""Row-level findings of one code and layer that are shown before one summary speaks for the rest."""


def spell_rows(rows: Sequence[int]) -> str:
    """Row numbers as words, the first twenty of them.

    Examples
    --------
    >>> spell_rows([3, 9]), spell_rows([4])
    ('rows 3, 9', 'row 4')
    >>> spell_rows(range(1, 100))[-14:]
    '20 and 79 more'
    """
    shown = ", ".join(str(int(r)) for r in rows[:ROWS_SHOWN])
    more = f" and {len(rows) - ROWS_SHOWN:,} more" if len(rows) > ROWS_SHOWN else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def where(finding: Finding) -> str:
    """Layer, or else file, and row of a finding, as far as it names them."""
    row = "" if finding.row is None else f"row {finding.row}"
    return " ".join(word for word in (finding.layer or finding.file, row) if word)


def case_error_message(findings: Sequence[Finding]) -> str:
    """One sentence for a person: the first error in full, and how many more there are."""
    first, *others = (f for f in findings if f.severity == "error")
    more = len(others)
    rest = f" And {more} more error{'s' if more > 1 else ''}: `remnant check` lists all." if more else ""
    return f"{where(first)}: {first.asked}; {first.came}. {first.todo}.{rest}"


def parts_of_refusal(error: Exception, otherwise: str) -> tuple[str, str, str]:
    """What was asked, what came and what to do, from a sentence of the form ``asked; came. What to do.``

    Examples
    --------
    >>> parts_of_refusal(ValueError("pod must be in [0, 1]; got 90. Percent?"), "a number is wanted")
    ('pod must be in [0, 1]', 'got 90', 'Percent?')
    >>> parts_of_refusal(ValueError("the file is empty"), "records are wanted")
    ('records are wanted', 'the file is empty', 'correct it')
    """
    head, _, todo = str(error).partition(". ")
    asked, separator, came = head.partition("; ")
    if not separator:
        asked, came = otherwise, head
    return asked.rstrip("."), came.rstrip("."), todo.rstrip(".") or "correct it"


@dataclass(slots=True, kw_only=True)
class FindingLog:
    """Findings of one file and layer, in the order in which they were met.

    Parameters
    ----------
    file, layer
        Where; copied into every finding.
    """

    file: str = ""
    layer: str = ""
    found: list[Finding] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        code: str,
        asked: str,
        came: str,
        todo: str,
        *,
        row: int | None = None,
        count: int = 1,
    ) -> None:
        """Record one finding."""
        self.found.append(
            Finding(
                severity=severity, code=code, asked=asked, came=came, todo=todo, file=self.file, layer=self.layer,
                row=row, count=count,
            )
        )  # fmt: skip

    def refuse(self, code: str, asked: str, came: str, todo: str, *, row: int | None = None) -> None:
        """Record something that refuses the case."""
        self.add("error", code, asked, came, todo, row=row)

    def refuse_for(self, code: str, error: Exception, otherwise: str) -> None:
        """Record a refusal that was raised further down."""
        self.refuse(code, *parts_of_refusal(error, otherwise))

    def rows(
        self, severity: Severity, code: str, asked: str, came: str, todo: str, rows: Sequence[int]
    ) -> None:
        """Record one finding that speaks for several rows and names the first twenty; none for no rows."""
        if len(rows):
            words = f"{len(rows):,} {came} ({spell_rows(rows)})"
            row = int(rows[0]) if len(rows) == 1 else None
            self.add(severity, code, asked, words, todo, row=row, count=len(rows))

    @property
    def has_errors(self) -> bool:
        """Whether anything refuses the case."""
        return any(f.severity == "error" for f in self.found)


def grouped(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with long runs of one code in one layer cut to twenty and one summary that counts all.

    Examples
    --------
    >>> many = [Finding(severity="error", code="x", asked="a", came="b", todo="c", row=i) for i in range(1, 51)]
    >>> [f.count for f in grouped(many)][-2:], grouped(many)[-1].came
    ([1, 50], '50 records in all; the first 20 are listed')
    """
    kept: list[Finding] = []
    totals: Counter[tuple[str, str, str]] = Counter()
    last: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.file, finding.layer)
        if finding.row is None or finding.count != 1:
            kept.append(finding)
            continue
        totals[key] += 1
        last[key] = finding
        if totals[key] <= ROWS_SHOWN:
            kept.append(finding)
    for key, total in totals.items():
        if total > ROWS_SHOWN:
            kept.append(_summary(last[key], total))
    return tuple(kept)


def _summary(of: Finding, total: int) -> Finding:
    came = f"{total:,} records in all; the first {ROWS_SHOWN} are listed"
    return replace(of, came=came, row=None, count=total)
