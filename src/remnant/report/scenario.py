"""A scenario in words and tables: what falls, what stays, by how much, all from the draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from remnant._version import __version__
from remnant.decide.scenario import MEASURES, Run, ScenarioAnswer, Spread, difference_of, spread
from remnant.evidence import Ceasefire, FutureSearch
from remnant.io.write_tables import plain, records
from remnant.report import words
from remnant.units import YEAR_D, day_number

SHOWN = (
    "items", "armed", "p_any_armed", "casualties_per_year", "casualties_to_date", "deminer_accidents",
    "search_m2", "ground_m2",
    "ground_usd", "ground_years", "search_usd", "search_years", "plan_usd", "plan_years", "all_years", "plan_harm",
    "plan_land_m2",
)  # fmt: skip
"""Measures of the first page, in order; the others stand in the tables."""
_SURE = 0.95
_DOES = {"falls": "lower", "rises": "higher", "unclear": "lower or higher", "stays": "hardly changed"}
_TAILS = {"m²": " m²", "USD": " USD", "y": " y"}
_HARDLY = 0.05  # a mean that moves by less than this share is said to stay
LIMITS = (
    "Every number compares consequences for civilians and de-miners; nothing here says that any ground may be "
    "released: a person decides that, after a search. Expired is not gone: such an item is still explosive and must "
    "be found. After the last day of the records nobody adds, moves or clears anything."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a measure does, and where it belongs: ``falls``, ``stays``, ``rises``, ``unclear``, ``mixed``.

    Parameters
    ----------
    text, short
        With the number of every variant, and with the ends of their means only.
    """

    kind: str
    text: str
    short: str


def judged_at(answer: ScenarioAnswer) -> int:
    """Index in the grid of the date of the summary: the asked one nearest to a year after the records end."""
    year = day_number(answer.case.as_of) + YEAR_D
    return min(answer.shown, key=lambda t: abs(answer.days[t] - year))


def statements(answer: ScenarioAnswer) -> list[Statement]:
    """What each measure does in the variants, beside what they are compared with."""
    return [s for name in shown_measures(answer) if (s := _statement(answer, name)) is not None]


def shown_measures(answer: ScenarioAnswer) -> list[str]:
    """Measures of the first page that the answer has; cost and time until the policy is met only where they differ."""
    out = []
    for name in SHOWN:
        if not all(name in run.draws for run in answer.runs):
            continue
        whole = name.replace("search_", "ground_")
        if name in ("search_usd", "search_years") and all(
            np.allclose(r.draws[name][:, list(answer.shown)], r.draws[whole], rtol=1e-6) for r in answer.runs
        ):
            continue
        out.append(name)
    return out


def _statement(answer: ScenarioAnswer, name: str) -> Statement | None:
    other = answer.runs[answer.against]
    runs = [r for k, r in enumerate(answer.runs) if k != answer.against and name in r.draws]
    if name not in other.draws or not runs:
        return None
    t = 0 if other.draws[name].shape[1] == 1 else judged_at(answer)
    was = told(other, name, t)
    gaps = [difference_of(r, other, name, t) for r in runs]
    if np.isnan([was.mean, *(g["mean"] for g in gaps)]).any():
        return _same("unclear", f"{_title(name)}: unknown in at least one variant.")
    when = "" if other.draws[name].shape[1] == 1 else f" on {words.day(_date(answer, t))}"
    if all(g["mean"] == g["q05"] == g["q95"] == 0.0 for g in gaps):
        return _same("stays", f"{_title(name)}{when}: {interval(was, name)}, the same in all variants.")
    kinds = [_kind(was.mean, g) for g in gaps]
    first = f"{_title(name)}{when}"
    if len(set(kinds)) > 1 and set(kinds) <= {"falls", "unclear"}:
        kinds = ["unclear"] * len(kinds)
    if len(set(kinds)) > 1:
        found = [(r.variant.name, k, told(r, name, t)) for r, k in zip(runs, kinds, strict=True)]
        return _mixed(first, name, was, found, other.variant.name)
    change = {
        "falls": f"lower by {_shares(was.mean, gaps)}",
        "stays": "hardly changed",
        "rises": f"higher by {_shares(was.mean, gaps)}",
        "unclear": f"lower in {_percents([g['p_lower'] for g in gaps])} of the draws, not in the others",
    }[kinds[0]]
    now = "; ".join(f"{r.variant.name}: {interval(told(r, name, t), name)}" for r in runs)
    means = sorted(told(r, name, t).mean for r in runs)
    ends = [_one(m, name) for m in (means[0], means[-1])]
    to = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return Statement(
        kind=kinds[0],
        text=f"{first}: {change}. {_capital(other.variant.name)}: {interval(was, name)}; {now}.",
        short=f"{first}: {change}; {_one(was.mean, name)} with {other.variant.name}, {to} otherwise.",
    )


def _mixed(
    first: str, name: str, was: Spread, found: Sequence[tuple[str, str, Spread]], against: str
) -> Statement:
    """A measure that does not do the same in every variant: variants by what it does."""
    parts, shorts = [], []
    for kind, title in _DOES.items():
        mine = [(v, s) for v, k, s in found if k == kind]
        if not mine:
            continue
        names = ", ".join(v for v, _ in mine)
        is_same = kind == "stays"
        parts.append(
            f"{title}: {names if is_same else ', '.join(f'{v} {interval(s, name)}' for v, s in mine)}"
        )
        shorts.append(
            f"{title}: {names if is_same else ', '.join(f'{v} {_one(s.mean, name)}' for v, s in mine)}"
        )
    return Statement(
        kind="mixed",
        text=f"{first}. {_capital(against)}: {interval(was, name)}; {'; '.join(parts)}.",
        short=f"{first}. {_capital(against)}: {_one(was.mean, name)}; {'; '.join(shorts)}.",
    )


def _same(kind: str, text: str) -> Statement:
    return Statement(kind=kind, text=text, short=text)


def _kind(was: float, gap: Mapping[str, float]) -> str:
    """Falls or rises where 95 % of the draws do; stays where the mean moves by no more than a twentieth."""
    if abs(gap["mean"]) <= _HARDLY * abs(was):
        return "stays"
    if gap["p_lower"] >= _SURE:
        return "falls"
    return "rises" if gap["q05"] > 0.0 else "unclear"


def _shares(was: float, gaps: Sequence[Mapping[str, float]]) -> str:
    return _percents([abs(g["mean"]) / was for g in gaps]) if was > 0.0 else "an unknown share"


def _percents(shares: Sequence[float]) -> str:
    """From the smallest to the greatest share, in percent; what is close to all keeps its digits.

    Examples
    --------
    >>> _percents([0.862, 0.95]), _percents([0.9921, 0.99995]), _percents([2.0]), _percents([0.0])
    ('86 % to 95 %', '99.2 % to more than 99.9 %', '200 %', '0 %')
    """

    def one(share: float) -> str:
        if 0.99 < share < 1.0:
            return f"{100.0 * share:.1f} %" if share < 0.9985 else "more than 99.9 %"
        return f"{words.rounded(100.0 * share)} %"

    first, last = one(min(shares)), one(max(shares))
    return first if first == last else f"{first} to {last}"


def left_to_find(answer: ScenarioAnswer) -> str:
    """What must still be found in every variant, as a sentence."""
    t = judged_at(answer)
    parts = []
    for run in answer.runs:
        unarmed = spread(run.draws["expired"][:, t] + run.draws["dud"][:, t])
        parts.append(f"{run.variant.name}: {words.items_range(unarmed.q05, unarmed.q95)}")
    return (
        f"Still explosive though not armed on {words.day(_date(answer, t))}, expired or dud, and to be found: "
        f"{'; '.join(parts)}."
    )


def told(run: Run, name: str, t: int) -> Spread:
    """Mean and interval of a measure of a run."""
    expected = run.expected.get(name)
    return spread(run.draws[name][:, t], None if expected is None else expected[:, t])


def interval(value: Spread, name: str) -> str:
    """A mean with its 90 % interval; one number where there is no width.

    Examples
    --------
    >>> interval(Spread(mean=12.3, q05=4.0, q95=31.0), "items")
    '12 (4–31)'
    >>> interval(Spread(mean=2e4, q05=2e4, q95=2e4), "ground_m2")
    '20,000 m²'
    """
    mean, low, high = (_one(v, name, show_unit=False) for v in (value.mean, value.q05, value.q95))
    tail = _TAILS.get(MEASURES[name][1], "")
    if low == high:
        return f"{mean}{tail}" if low == mean else f"{mean} ({low}){tail}"
    if low.endswith(" %") and high.endswith(" %"):
        low = low.removesuffix(" %")
    return f"{mean} ({low}–{high}){tail}"


def _one(value: float, name: str, *, show_unit: bool = True) -> str:
    """A value of a measure: chances in percent, ground with three digits."""
    unit = MEASURES[name][1]
    if unit == "1":
        return "0 %" if value == 0.0 else words.percent(value)
    return number(value, 3 if unit == "m²" else 2) + (_TAILS.get(unit, "") if show_unit else "")


def number(value: float, digits: int = 2) -> str:
    """A number as people read it; what never comes is "never".

    Examples
    --------
    >>> number(1234.0), number(0.00581), number(float("inf")), number(-36.6), number(2e-9)
    ('1,200', '0.0058', 'never', '−37', 'below 0.0001')
    """
    if np.isinf(value):
        return "never"
    if value < 0.0:
        return f"−{number(-value, digits)}"
    return "below 0.0001" if 0.0 < value < 1e-4 else words.rounded(value, digits)


def _title(name: str) -> str:
    return _capital(MEASURES[name][0])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _date(answer: ScenarioAnswer, t: int) -> dt.date:
    return answer.case.dates[t]


def since(answer: ScenarioAnswer, t: int) -> str:
    """How long after the last day of the records a date of the grid lies."""
    days = round(answer.days[t] - day_number(answer.case.as_of))
    if days < 360:
        return f"day {days}"
    years = days / YEAR_D
    return f"{years:.0f} y" if abs(years - round(years)) < 0.02 else f"{years:.1f} y"


def scenario_tables(answer: ScenarioAnswer) -> dict[str, pd.DataFrame]:
    """Name → table: ``results``, ``differences``, ``curve`` (on more days, for pictures), ``variants``, ``sources``."""
    return {
        "results": answer.results(),
        "differences": answer.differences(),
        "curve": answer.results(whole_grid=True).dropna(subset=["mean"]).reset_index(drop=True),
        "variants": pd.DataFrame(
            [
                {
                    "variant": run.variant.name, "file": run.variant.file, "note": run.variant.note,
                    "takes": " ".join(run.notes), "areas_without_casualties": run.num_unknown,
                }
                for run in answer.runs
            ]
        ),
        "sources": pd.DataFrame(
            [(run.variant.name, *row) for run in answer.runs for row in run.sources],
            columns=["variant", "type", "number", "low", "high", "unit", "basis", "source"],
        ),
    }  # fmt: skip


def scenario_json(answer: ScenarioAnswer) -> dict[str, Any]:
    """Everything as plain values; unknown and endless numbers are null."""
    tables = scenario_tables(answer)
    tables.pop("curve")
    return {
        "name": answer.scenario.name,
        "question": answer.scenario.question,
        "case": answer.case.name,
        "as_of": answer.case.as_of.isoformat(),
        "dates": [d.isoformat() for d in answer.dates],
        "against": answer.runs[answer.against].variant.name,
        "seed": answer.seed,
        "num_draws": answer.case.num_draws,
        "program": f"remnant {__version__}",
        "catalogue_sha256": answer.case.catalogue.sha256,
        "inputs_sha256": plain(dict(sorted(answer.case.inputs.items()))),
        "statements": [{"kind": s.kind, "text": s.text} for s in statements(answer)],
        "notes": list(notes(answer)),
        **{name: records(table) for name, table in tables.items()},
    }


def notes(answer: ScenarioAnswer) -> tuple[str, ...]:
    """What a reader must know of the numbers."""
    out = [
        "All variants share their random numbers, by name: a difference is what the change does, not what chance does.",
        "Means and 90 % intervals over draws; the interval of a difference is of differences within each draw.",
    ]
    out += [*_on_changes(answer), *_on_casualties(answer), *_on_ground(answer)]
    if answer.case.model.kind == "field" and any(r.variant.beliefs or r.variant.priors for r in answer.runs):
        out.append("Draws of the field model are paired by the seed only where the records are weighed anew.")
    return tuple(out)


def _on_changes(answer: ScenarioAnswer) -> list[str]:
    out = []
    changes = [c for r in answer.runs for c in r.variant.changes]
    if changes and (answer.case.searches.id.size or answer.case.events.id.size):
        out.append(
            "Where a variant changes what happened, what the records have taught of densities stays; where it changes "
            "what is believed, the records are weighed anew."
        )
    if any(isinstance(c, FutureSearch) for c in changes):
        out.append(
            "A survey to come finds something or nothing in each draw, with the chance that the draw gives; what it is "
            "expected to find is taken off, and nothing is concluded from it before it is made."
        )
    if any(isinstance(c, Ceasefire) for c in changes) and answer.case.areas.id.size:
        out.append(
            "A ceasefire takes away recorded deliveries; hazard areas keep what the records say of them, since no "
            "quantity says which part came later."
        )
    return out


def _on_casualties(answer: ScenarioAnswer) -> list[str]:
    out = []
    if not answer.has_people:
        out.append(
            "Casualties are not reckoned: nobody has said where people live (--people). That is not zero."
        )
    elif any(r.num_unknown for r in answer.runs):
        most = max(r.num_unknown for r in answer.runs)
        out.append(
            f"{most} hazard areas have no number of casualties, which is not zero; totals leave them out."
        )
    if answer.has_people:
        out.append(
            "Casualties a year: expected within a year from that day, were its states kept for the year; casualties "
            "since the first date follow the states. Nearly all factors behind both are judgement, and people are "
            "taken to go on using the ground: so many casualties mean ground that cannot be used so, not a forecast "
            "of victims."
        )
    return out


def _on_ground(answer: ScenarioAnswer) -> list[str]:
    out = []
    if answer.has_policy:
        out.append(
            "Ground until the policy is met: the least to search without a find; a rule over all draws, so without an "
            "interval unless a search of unknown outcome comes first. Whoever finds something must search on."
        )
    else:
        out.append("The case states no release policy, so only all recorded ground is given.")
    if any(sum(r.num_more) for r in answer.runs):
        most = max(max(r.num_more, default=0) for r in answer.runs)
        out.append(
            f"On some dates {most} {'areas need' if most > 1 else 'area needs'} more than one whole pass; such ground "
            "counts once, so the figure is a lower bound."
        )
    return out


def scenario_lines(answer: ScenarioAnswer) -> list[str]:
    """The answer as lines for a terminal."""
    against = answer.runs[answer.against].variant.name
    out = [
        f"{answer.scenario.name}: {len(answer.runs)} variants on the same random numbers; compared with: {against}.",
        "",
    ]
    groups = {
        "falls": "Lower",
        "stays": "Hardly changed",
        "rises": "Higher",
        "mixed": "Differs between variants",
        "unclear": "Lower or higher",
    }
    found = statements(answer)
    for kind, title in groups.items():
        mine = [s.text for s in found if s.kind == kind]
        if mine:
            out += [f"{title}:", *(f"  - {text}" for text in mine), ""]
    out += [left_to_find(answer), "", *notes(answer)]
    return [*out, f"remnant {__version__}, seed {answer.seed}, {answer.case.num_draws:,} draws. {LIMITS}"]
