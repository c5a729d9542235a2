"""Release verdicts in plain words and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from remnant._version import __version__
from remnant.decide import VERDICTS
from remnant.io.write_tables import plain, records
from remnant.releasing import ReleaseAnswer
from remnant.report import words

CRITERION_WORDS = {
    "p_any_armed": "chance of an armed item",
    "p_any_explosive": "chance of any explosive item",
    "density_armed": "armed items per km²",
    "density_expired": "expired items per km²",
    "density_dud": "duds per km²",
    "density_explosive": "explosive items per km²",
    "individual_risk": "yearly risk of a person",
    "evidence": "minimum evidence",
    "place": "place unknown",
    "searched": "never searched",
}
_PLURAL = {
    "meets": "meet it",
    "does not meet": "do not meet it",
    "cannot tell: survey": "cannot be told: survey",
}


def release_lines(answer: ReleaseAnswer) -> list[str]:
    """The verdicts and both errors in a few sentences."""
    areas, errors = answer.tables["areas"], answer.tables["errors"].to_dict("records")
    counts = areas["verdict"].value_counts()
    told = [f"{counts[v]:,} {_PLURAL.get(v, v)}" for v in VERDICTS if v in counts]
    out = [f"{_areas(len(areas))} against “{answer.policy.name}”, {answer.date}: {', '.join(told)}."]
    for row, what in zip(errors, ("with an explosive item in it", "with nothing in it"), strict=True):
        if row["num_areas"]:
            wrong = words.items_range(row["wrong_areas_q05"], row["wrong_areas_q95"])
            out.append(
                f"To {row['decision']} ({_areas(row['num_areas'])}, {words.area(row['area_m2'])}): "
                f"{words.rounded(row['wrong_areas_mean'])} {what} expected (90 %: {wrong}), "
                f"{words.area(row['wrong_m2_mean'])} of ground."
            )
    records = answer.tables["records"]
    decisive = records[records["is_decisive"] & ~records["is_rough"]]
    if len(records):
        out.append(
            f"Records weighed: {len(records):,}; without {len(decisive):,} of them a verdict would differ."
        )
    waits = int(areas["wait_until"].notna().sum())
    if waits:
        out.append(
            f"In {waits:,} areas time alone would bring the numbers within the limits; what is left then stands beside."
        )
    return out


def _areas(num: int) -> str:
    return f"{num:,} area" + ("" if num == 1 else "s")


def release_json(answer: ReleaseAnswer) -> dict[str, Any]:
    """Everything but outlines, ready for JSON; unknown numbers are null."""
    return {
        "format": "remnant-release/1",
        "program": f"remnant {__version__}",
        "case": answer.name,
        "as_of": answer.as_of.isoformat(),
        "date": answer.date.isoformat(),
        "seed": answer.seed,
        "policy": plain(asdict(answer.policy)),
        "notes": list(answer.notes),
        "provenance": plain(answer.provenance),
        **{name: records(table) for name, table in answer.tables.items()},
    }
