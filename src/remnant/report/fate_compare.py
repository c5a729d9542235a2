"""Types and bases side by side, and claims beside treaty and evidence: words, JSON and one printable page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from remnant._version import __version__
from remnant.errors import InvalidInput
from remnant.fate import ITEM_STATES, ClaimVerdict, FateAnswer, Ratio, ratios
from remnant.report.fate import (
    BASIS_WORDS,
    FIELD_WORDS,
    age_words,
    chance_words,
    fate_json,
    number_words,
    percent,
    range_words,
    run_words,
    text_table,
    treaty_words,
)
from remnant.report.fate_plot import comparison_figure, interval_figure, save_figure

_STATES = ("explosive", "armed", "expired", "dud")


def comparison_words(answers: Sequence[FateAnswer], missing: Sequence[str]) -> str:
    """What differs and by what factor, a table, the treaty verdicts, and what is missing."""
    parts = [
        f"{comparison_heading(answers)}: " + "; ".join(label(a) for a in answers),
        "\n".join(headlines(answers)),
        "\n".join(comparison_sentences(answers)),
        text_table(*comparison_table(answers)),
        "\n".join(f"{label(a)}. {treaty_words(a)}" for a in answers),
        "\n".join(f"Basis {label(a)}: {a.basis.note}." for a in answers),
        "\n".join(judgement_lines(answers)),
        "\n".join(f"Not shown: {reason}" for reason in missing),
        f"{run_words(answers[0])} A mine that is expired or a dud is still an explosive item that must be found.",
    ]
    return "\n\n".join(part for part in parts if part)


def comparison_heading(answers: Sequence[FateAnswer]) -> str:
    """What is compared."""
    when = f" delivered on {answers[0].on}" if answers[0].on else " delivered"
    return f"What is left of {answers[0].counts.quantity:,} items{when}"


def headlines(answers: Sequence[FateAnswer]) -> list[str]:
    """At the last age, what each answer leaves, in plain words."""
    age = age_words(float(answers[0].counts.age_d[-1]))
    return [
        f"After {age} {label(a)} leaves {_items(a, 'explosive')} explosive items in the ground, "
        f"{_items(a, 'armed')} of them armed."
        for a in answers
    ]


def _items(answer: FateAnswer, state: str) -> str:
    k = ITEM_STATES.index(state)
    return range_words(answer.counts.q05[-1, k], answer.counts.q95[-1, k]).replace(
        "none", "no" if k > 3 else "none"
    )


def label(answer: FateAnswer) -> str:
    """Type, setting and basis in short."""
    setting = f" set to {answer.setting}" if answer.setting else ""
    return f"{answer.ordnance.name}{setting} ({answer.basis.basis})"


def comparison_pairs(answers: Sequence[FateAnswer]) -> list[tuple[FateAnswer, FateAnswer]]:
    """What is compared with what: each type with the first on its own basis, each basis with the type's first."""
    found: list[tuple[FateAnswer, FateAnswer]] = []
    yardstick = answers[0]
    first_of: dict[str, FateAnswer] = {}
    for answer in answers:
        own = first_of.setdefault(answer.ordnance.name, answer)
        if own is not answer:
            found.append((answer, own))
        elif answer is not yardstick:
            found.append((answer, yardstick))
    return found


def comparison_sentences(answers: Sequence[FateAnswer]) -> list[str]:
    """For each pair, age by age: how many times more or fewer items the one leaves than the other."""
    lines = []
    for other, yardstick in comparison_pairs(answers):
        by_age: dict[float, list[str]] = {}
        for ratio in ratios(other, yardstick):
            by_age.setdefault(ratio.age_d, []).append(_factor_words(ratio))
        told = "; ".join(f"after {age_words(age)} {' and '.join(words)}" for age, words in by_age.items())
        lines.append(f"{label(other)} against {label(yardstick)}: {told}.")
    return lines


def comparison_table(answers: Sequence[FateAnswer]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: ages and states down, answers across; mean and 90 % interval."""
    header = ["after", "state", *(label(a) for a in answers)]
    rows = []
    for i, age in enumerate(answers[0].counts.age_d):
        for j, state in enumerate(_STATES):
            k = ITEM_STATES.index(state)
            cells = [
                f"{number_words(a.counts.mean[i, k])} ({range_words(a.counts.q05[i, k], a.counts.q95[i, k])})"
                for a in answers
            ]
            name = "all explosive" if state == "explosive" else state
            rows.append([age_words(float(age)) if j == 0 else "", name, *cells])
    return header, rows


def judgement_lines(answers: Sequence[FateAnswer]) -> list[str]:
    """For each type, which numbers rest on judgement."""
    fields: dict[str, dict[str, None]] = {}
    for answer in answers:
        fields.setdefault(answer.ordnance.name, {}).update(dict.fromkeys(answer.basis.judgement_fields))
    return [
        f"Judgement: no citable figure stands behind these numbers of {name}: "
        + "; ".join(FIELD_WORDS[f] for f in found)
        + "."
        for name, found in fields.items()
        if found
    ]


def comparison_json(answers: Sequence[FateAnswer], missing: Sequence[str]) -> dict[str, Any]:
    """The comparison as plain data: each answer as of `fate_json`, and the factors against the first."""
    return {
        "quantity": answers[0].counts.quantity,
        "answers": [fate_json(a) for a in answers],
        "factors": [
            {
                "type": other.ordnance.name,
                "basis": other.basis.basis,
                "against_type": yardstick.ordnance.name,
                "against_basis": yardstick.basis.basis,
                "age_days": r.age_d,
                "state": r.state,
                "ratio_of_means": _finite(r.of_means),
                "q05": _finite(r.q05),
                "q95": _finite(r.q95),
            }
            for other, yardstick in comparison_pairs(answers)
            for r in ratios(other, yardstick)
        ],
        "not_shown": list(missing),
        "provenance": fate_json(answers[0])["provenance"],
    }


def write_comparison(answers: Sequence[FateAnswer], missing: Sequence[str], path: Path) -> None:
    """Write the comparison as one self-contained page (.html) or as its picture (.png, .svg, .pdf)."""
    if path.suffix.lower() in (".png", ".svg", ".pdf"):
        save_figure(comparison_figure(answers), path)
        return
    if path.suffix.lower() != ".html":
        raise InvalidInput(f"a comparison is written as .html, .png, .svg or .pdf; got {path.name!r}")
    if not path.parent.is_dir():
        raise InvalidInput(f"the folder of {path} does not exist; make it first")
    header, rows = comparison_table(answers)
    sources = dict.fromkeys(
        (a.ordnance.name, FIELD_WORDS.get(w, w), s) for a in answers for w, s in a.basis.sources
    )
    page = _environment().from_string(_PAGE)
    text = page.render(
        heading=comparison_heading(answers),
        subjects="; ".join(label(a) for a in answers),
        headlines=headlines(answers),
        sentences=comparison_sentences(answers),
        pictures=[_inline(interval_figure(answers)), _inline(comparison_figure(answers))],
        header=header,
        rows=rows,
        verdicts=[(label(a), treaty_words(a).split("\n")) for a in answers],
        bases=[(label(a), a.basis.note) for a in answers],
        basis_words=BASIS_WORDS,
        judgements=judgement_lines(answers),
        missing=missing,
        sources=list(sources),
        run=run_words(answers[0]),
    )
    path.write_text(text, encoding="utf-8")


def claims_words(verdicts: Sequence[ClaimVerdict]) -> str:
    """Each claim: who, when, what; the number implied; treaty and evidence beside; verdict; the test that decides."""
    if not verdicts:
        return "Nobody is on record with a claim about this type."
    groups: dict[str, list[ClaimVerdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.claim.name, []).append(verdict)
    return "\n\n".join(_claim_words(group) for group in groups.values())


def claims_json(verdicts: Sequence[ClaimVerdict], *, seed: int, catalogue_sha256: str) -> dict[str, Any]:
    """The claims as plain data, one entry for each claim and type."""
    return {
        "claims": [_claim_json(v) for v in verdicts],
        "provenance": {"version": __version__, "seed": seed, "catalogue_sha256": catalogue_sha256},
    }


def _claim_json(v: ClaimVerdict) -> dict[str, Any]:
    return {
        "claim": v.claim.name,
        "type": v.type_name,
        "speaker": v.claim.speaker,
        "date": v.claim.date,
        "text": v.claim.text,
        "stance": v.claim.stance,
        "source": v.claim.source,
        "source_basis": v.claim.basis,
        "quantity": v.claim.quantity,
        "implied_low": v.claim.low,
        "implied_high": v.claim.high,
        "age_days": v.age_d,
        "treaty_limit": None if v.treaty is None else v.treaty.limit.high,
        "treaty": None if v.treaty is None else v.treaty.title,
        "treaty_age_days": None if v.treaty is None else v.treaty.age_d,
        "model_mean": v.share_mean,
        "model_q05": v.share_q05,
        "model_q95": v.share_q95,
        "prior_mean": v.prior_mean,
        "p_claim_holds": v.p_within,
        "evidence": [
            {"name": e.name, "kind": e.kind, "basis": e.basis, "source": e.source} for e in v.evidence
        ],
        "verdict": v.verdict,
        "reason": v.reason,
        "trials_needed_without_failure": v.num_needed,
        "deciding_test": v.test,
    }


_QUANTITY_WORDS = {
    "p_sd_fails": "share of activated items not self-destructed",
    "p_functions": "share of activated items that still function",
    "p_explosive": "share of delivered items still explosive",
    "p_dud": "share of duds",
    "statement": "no number",
}


def _claim_words(group: Sequence[ClaimVerdict]) -> str:
    first = group[0]
    claim = first.claim
    lines = [f"{claim.name}", f"  {claim.speaker}, {claim.date}: “{claim.text}”", f"  source: {claim.source}"]
    if claim.basis in ("second_hand", "weak"):
        lines[-1] += " (second hand)" if claim.basis == "second_hand" else " (weak source)"
    if claim.low is None or claim.high is None:
        return "\n".join(
            [*lines, f"  about: {', '.join(v.type_name for v in group)}", f"  verdict: {first.verdict}"]
        )
    lines.append(
        f"  implies: {_QUANTITY_WORDS[claim.quantity]}{_at_age(first.age_d)} {_implied(claim.low, claim.high)}"
    )
    if first.treaty is not None:
        when = f" at {first.treaty.age_d:g} days" if first.treaty.age_d else ""
        lines.append(f"  limit beside it: {percent(first.treaty.limit.high)}{when} ({first.treaty.title})")
    same: dict[tuple[Any, ...], list[ClaimVerdict]] = {}
    for v in group:
        same.setdefault((v.verdict, v.reason, v.share_q05, v.share_q95), []).append(v)
    for found in same.values():
        v = found[0]
        assert v.share_mean is not None
        assert v.share_q05 is not None
        assert v.share_q95 is not None
        assert v.p_within is not None
        names = ", ".join(x.type_name for x in found)
        updated = ", after evidence" if v.prior_mean is not None else ""
        lines.append(
            f"  {names}: {v.verdict}\n"
            f"    our range{updated} {percent(v.share_q05)} to {percent(v.share_q95)}, mean {percent(v.share_mean)}; "
            f"chance that the claim holds {chance_words(v.p_within)}\n"
            f"    because: {v.reason}"
        )
    evidence = dict.fromkeys(f"{e.name} ({e.basis.replace('_', ' ')})" for v in group for e in v.evidence)
    if evidence:
        lines.append(f"  evidence on record: {', '.join(evidence)}")
    lines.append(f"  test that would decide: {first.test}")
    return "\n".join(lines)


def _at_age(age_d: float | None) -> str:
    return "" if age_d is None else f" after {age_words(age_d)}"


def _implied(low: float, high: float) -> str:
    if low == 0.0:
        return f"at most {percent(high)}"
    if high >= 1.0:
        return f"at least {percent(low)}"
    return percent(low) if low == high else f"{percent(low)} to {percent(high)}"


def _factor_words(ratio: Ratio) -> str:
    what = "explosive items" if ratio.state == "explosive" else "armed items"
    if math.isnan(ratio.of_means):
        return f"no {what} by either"
    if ratio.of_means == 0.0:
        return f"no {what}, where the other leaves some"
    if math.isinf(ratio.of_means):
        return f"some {what}, where the other leaves none"
    factor, ends = ratio.of_means, (ratio.q05, ratio.q95)
    if 0.95 < factor < 1.05:
        return f"about as many {what}"
    word = "more"
    if factor < 1.0:
        factor, ends, word = 1.0 / factor, (_inverse(ratio.q95), _inverse(ratio.q05)), "fewer"
    return f"{_times(factor)} times {word} {what} ({_times(ends[0])} to {_times(ends[1])})"


def _inverse(value: float) -> float:
    return math.inf if value == 0.0 else 1.0 / value


def _times(value: float) -> str:
    if math.isinf(value):
        return "any number"
    return f"{value:.2g}" if value < 99.5 else f"{float(f'{value:.2g}'):,.0f}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _inline(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=140)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ heading }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; } h2 { font-size: 1.05rem; margin-top: 1.8rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.85rem; }
th, td { text-align: left; padding: 0.25rem 0.7rem 0.25rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } tr.age td { border-top: 2px solid #888; }
img { max-width: 100%; height: auto; } .note { border-left: 4px solid #a50026; padding-left: 0.8rem; }
small, .sources { font-size: 0.8rem; color: #444; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } h2, img, table { break-inside: avoid; } }
</style>
</head>
<body>
<h1>{{ heading }}</h1>
<p>{{ subjects }}</p>
<ul>
{% for sentence in headlines %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
{% if sentences %}
<h2>What differs, and by what factor</h2>
<ul>
{% for sentence in sentences %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
<p><small>Factors are ratios of means; in brackets the 90&nbsp;% interval of the ratio.</small></p>
{% endif %}
<p class="note">An item that is expired or a dud is still an explosive item that must be found. No number here says that
ground may be released: a person decides that, after a search.</p>
<h2>Items left, on one scale</h2>
<img src="{{ pictures[0] }}" alt="Explosive and armed items left at each age, with 90 % intervals">
<h2>Over time</h2>
<img src="{{ pictures[1] }}" alt="States of the items over time, stacked, one panel for each type and basis">
<p><small>Dotted lines: 30 and 120 days, the ages of CCW Amended Protocol II, Technical Annex 3(a).</small></p>
<h2>Table: mean and 90&nbsp;% interval of items</h2>
<div class="wide"><table>
<tr>{% for cell in header %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for row in rows %}
<tr{% if row[0] %} class="age"{% endif %}>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table></div>
<h2>Treaty</h2>
{% for name, lines in verdicts %}
<p><strong>{{ name }}.</strong> {% for line in lines %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</p>
{% endfor %}
<h2>On whose word</h2>
<ul>
{% for name, note in bases %}
<li><strong>{{ name }}</strong>: {{ note }}.</li>
{% endfor %}
{% for reason in missing %}
<li>Not shown: {{ reason }}</li>
{% endfor %}
</ul>
{% for line in judgements %}
<p class="note">{{ line }}</p>
{% endfor %}
<h2>Sources</h2>
<ul class="sources">
{% for name, what, source in sources %}
<li>{{ name }}, {{ what }}: {{ source }}</li>
{% endfor %}
</ul>
<p><small>{{ run }}</small></p>
</body>
</html>
"""
