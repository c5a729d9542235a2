"""Findings as a file and as words: what `remnant check` leaves behind."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from remnant.errors import InvalidInput
from remnant.evidence import Case, Finding

COLUMNS = tuple(f.name for f in fields(Finding))
_ORDER = {"error": 0, "warning": 1, "note": 2}
_JSON_START = '{\n  "remnant_findings"'


def by_severity(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; in the order met within each."""
    return tuple(sorted(findings, key=lambda f: _ORDER[f.severity]))


def count_words(findings: Sequence[Finding]) -> str:
    """How many findings of each severity, in words.

    Examples
    --------
    >>> count_words([])
    '0 errors, 0 warnings, 0 notes'
    """
    num = Counter(f.severity for f in findings)
    return ", ".join(f"{num[s]} {s}{'' if num[s] == 1 else 's'}" for s in ("error", "warning", "note"))


def case_words(case: Case) -> str:
    """What a case holds, in one line."""
    num_open = int((case.areas.status == "open").sum())
    parts = {
        "open hazard areas": num_open,
        "released areas": case.areas.id.size - num_open,
        "searches": case.searches.id.size,
        "finds": int((case.events.kind == "find").sum()),
        "accidents": int((case.events.kind == "accident").sum()),
        "deposits": case.deposits.id.size,
        "districts": case.districts.name.size,
        "covariates": len(case.covariates),
    }
    held = ", ".join(f"{num:,} {what}" for what, num in parts.items() if num)
    return f"{case.name}, known up to {case.as_of}: {held or 'no records'}"


def findings_csv(findings: Sequence[Finding]) -> str:
    """Findings as CSV text; cells that a spreadsheet would run as formulas are quoted by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in findings:
        row = asdict(finding)
        writer.writerow([_harmless(row[c]) for c in COLUMNS])
    return out.getvalue()


def findings_json(findings: Sequence[Finding]) -> str:
    """Findings as JSON text."""
    return (
        json.dumps({"remnant_findings": [asdict(f) for f in findings]}, indent=2, ensure_ascii=False) + "\n"
    )


def write_findings(path: Path, findings: Sequence[Finding]) -> Path:
    """Write findings as .csv or .json, whole or not at all; earlier findings are replaced, other files are not.

    Raises
    ------
    InvalidInput
        For another ending, a file that holds something else, or a place that cannot be written to.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json"):
        raise InvalidInput(f"findings are written as .csv or .json; got {path.name!r}. Change the ending.")
    text = findings_csv(findings) if suffix == ".csv" else findings_json(findings)
    start = ",".join(COLUMNS) if suffix == ".csv" else _JSON_START
    try:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(start):
            raise InvalidInput(
                f"{path} holds something else than findings; it is left as it is. Choose another --out."
            )
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidInput(
            f"findings cannot be written to {path}; {error.strerror}. Choose another --out, or --no-write."
        ) from None
    return path


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return "" if value is None else value
