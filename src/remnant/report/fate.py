"""The fate of a delivered quantity in words, tables, JSON and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remnant._version import __version__
from remnant.catalogue import OrdnanceType
from remnant.fate import ITEM_STATES, FateAnswer, LimbVerdict, TreatyVerdict, TrialAnswer
from remnant.units import YEAR_D

STATE_WORDS = {
    "armed": "armed: would still work as designed",
    "expired": "expired: power gone, still explosive",
    "dud": "dud: never armed, still explosive",
    "gone": "gone: self-destructed",
    "explosive": "all explosive items in the ground",
}
FIRED_WORDS = {
    **STATE_WORDS,
    "dud": "dud: did not function on impact",
    "gone": "gone: functioned or self-destructed",
}
FIELD_WORDS = {
    "p_arms": "share that arms",
    "p_sd_fails": "share whose self-destruct fails",
    "sd_delay": "self-destruct time",
    "sd_delay_factor": "error of the nominal self-destruct time",
    "p_sd_late": "share that self-destructs late",
    "sd_late_delay": "time of late self-destruct",
    "p_sda_fails": "share that never deactivates",
    "sda_delay": "time to deactivation",
    "batch_spread": "spread from batch to batch",
    "trial_to_use": "how much oftener items fail in use than in a trial",
}
BASIS_WORDS = {
    "catalogue": "the catalogue's sourced ranges",
    "claim": "the maker's or government's claim, at its word",
    "treaty": "a design exactly at the treaty's limits",
    "learned": "the catalogue's ranges updated by published evidence",
}
_UNITS = ((YEAR_D, "year"), (1.0, "day"), (1 / 24, "hour"), (1 / 1440, "minute"))
_NEVER_SAYS = "Nothing here says that any ground may be released: a person decides that, after a search."


def age_words(age_d: float) -> str:
    """An age as people say it.

    Examples
    --------
    >>> age_words(15.0), age_words(1 / 6), age_words(3652.5), age_words(365.25)
    ('15 days', '4 hours', '10 years', '1 year')
    """
    for size, unit in _UNITS:
        if age_d >= size * (1.0 - 1e-9) and not (
            unit == "year" and age_d % size > 0.01 * size and age_d < 5 * size
        ):
            number = age_d / size
            text = f"{number:.3g}" if number < 1000 else f"{number:,.0f}"
            return f"{text} {unit}{'' if text == '1' else 's'}"
    return "0 days"


def range_words(low: float, high: float) -> str:
    """An interval of whole items.

    Examples
    --------
    >>> range_words(3.0, 1200.0), range_words(0.0, 0.0), range_words(7.0, 7.0)
    ('3 to 1,200', 'none', '7')
    """
    if low == high:
        return "none" if low == 0.0 else f"{low:,.0f}"
    return f"{low:,.0f} to {high:,.0f}"


def percent(share: float) -> str:
    """A share in per cent with digits that matter; one in a thousand and less as "1 in N".

    Examples
    --------
    >>> percent(0.123), percent(0.00746), percent(6e-6), percent(0.0)
    ('12.3 %', '0.746 %', '0.0006 %', '0 %')
    """
    if 0.9995 < share < 1.0:
        return "over 99.9 %"
    return (
        f"{float(f'{100.0 * share:.3g}'):.12g} %"
        if share >= 1e-7
        else ("0 %" if share == 0.0 else f"{share:.2g}")
    )


def chance_words(p: float) -> str:
    """A probability in words that do not claim more than draws can show.

    Examples
    --------
    >>> chance_words(0.42), chance_words(0.0), chance_words(0.9999)
    ('42 %', 'under 0.1 %', 'over 99.9 %')
    """
    if p < 0.001:
        return "under 0.1 %"
    if p > 0.999:
        return "over 99.9 %"
    return f"{100.0 * p:.1f} %" if p < 0.095 or p > 0.995 else f"{100.0 * p:.0f} %"


def fate_words(answer: FateAnswer) -> str:
    """The answer in plain words, then a table, the treaty verdict, what rests on judgement, and the sources."""
    parts = [
        _heading(answer),
        "\n".join(_age_sentence(answer, i) for i in range(len(answer.dates))),
        fate_table(answer),
        treaty_words(answer),
        judgement_words(answer.ordnance, answer.basis.judgement_fields),
        _sources(answer.basis.sources),
        f"{run_words(answer)} {_NEVER_SAYS}",
    ]
    return "\n\n".join(part for part in parts if part)


def run_words(answer: FateAnswer) -> str:
    """Version, seed and catalogue of a run."""
    return (
        f"remnant {__version__}, seed {answer.seed}, {answer.num_draws:,} draws, "
        f"catalogue {answer.catalogue_sha256[:12]}."
    )


def fate_table(answer: FateAnswer) -> str:
    """Items by age and state, as text: mean and 90 % interval."""
    words = state_words(answer.ordnance)
    header = ["after", "date", "state", "mean", "90 % interval"]
    rows = [
        [
            age_words(float(answer.counts.age_d[i])) if j == 0 else "",
            (str(answer.dates[i] or "") if j == 0 else ""),
            words[state],
            number_words(answer.counts.mean[i, k]),
            range_words(answer.counts.q05[i, k], answer.counts.q95[i, k]),
        ]
        for i in range(len(answer.dates))
        for j, state in enumerate(("explosive", "armed", "expired", "dud", "gone"))
        for k in (ITEM_STATES.index(state),)
    ]
    if answer.on is None:
        header, rows = _without(header, 1), [_without(row, 1) for row in rows]
    return text_table(header, rows)


def number_words(value: float) -> str:
    """A mean number of items: whole above 100, two digits below, never a false zero.

    Examples
    --------
    >>> number_words(1234.5), number_words(3.14159), number_words(0.0), number_words(0.0058), number_words(1e-9)
    ('1,234', '3.1', '0', '0.0058', 'under 0.0001')
    """
    if 0.0 < value < 1e-4:
        return "under 0.0001"
    if value == 0.0 or value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.2g}"


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under a rule, for a terminal or a pipe."""
    widths = [max(len(r[i]) for r in (header, *rows)) for i in range(len(header))]
    line = [
        ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([line[0], "  ".join("-" * w for w in widths), *line[1:]])


def treaty_words(answer: FateAnswer) -> str:
    """The verdict against CCW Amended Protocol II, Technical Annex 3(a), in words."""
    text, verdict = "CCW Amended Protocol II, Technical Annex 3(a)", answer.treaty
    if answer.ordnance.fate.p_sd_fails.high == 0.0:
        return f"{text}, is about mines: it does not bound what is left of {answer.ordnance.name}, which are duds."
    chance = chance_words(verdict.p_meets)
    if verdict.is_in_scope:
        opening = f"{text}: chance that the type meets both limits {chance}."
    else:
        opening = (
            f"{text}: the text does not cover this type (it covers remotely delivered anti-personnel mines). "
            f"As if it did: chance that both limits are met {chance}."
        )
    return "\n".join(
        [
            opening,
            "  not self-destructed by " + _limb(verdict.self_destruct),
            "  still functioning at " + _limb(verdict.functions),
        ]
    )


def judgement_words(ordnance: OrdnanceType, fields: Sequence[str]) -> str:
    """Which numbers rest on judgement or a weak source; empty if none."""
    if not fields:
        return ""
    names = "; ".join(FIELD_WORDS[f] for f in fields)
    return f"Judgement: no citable figure stands behind these numbers of {ordnance.name}: {names}."


def state_words(ordnance: OrdnanceType) -> dict[str, str]:
    """What the states mean for this kind of ordnance."""
    return FIRED_WORDS if ordnance.delivery == "fired" else STATE_WORDS


def fate_json(answer: FateAnswer) -> dict[str, Any]:
    """The answer as plain data: type, quantity, results, treaty, provenance."""
    counts = answer.counts
    return {
        "type": answer.ordnance.name,
        "quantity": counts.quantity,
        "setting": answer.setting or None,
        "delivered_on": None if answer.on is None else answer.on.isoformat(),
        "results": [
            {
                "age_days": float(counts.age_d[i]),
                "date": None if answer.dates[i] is None else str(answer.dates[i]),
                "basis": answer.basis.basis,
                "state": state,
                "mean": float(counts.mean[i, k]),
                "q05": float(counts.q05[i, k]),
                "q95": float(counts.q95[i, k]),
                "p_any": float(counts.p_any[i, k]),
            }
            for i in range(len(answer.dates))
            for k, state in enumerate(ITEM_STATES)
        ],
        "treaty": treaty_json(answer.treaty),
        "provenance": {
            "version": __version__,
            "seed": answer.seed,
            "num_draws": answer.num_draws,
            "catalogue_sha256": answer.catalogue_sha256,
            "basis": answer.basis.basis,
            "basis_note": answer.basis.note,
            "judgement": list(answer.basis.judgement_fields),
            "sources": [{"what": what, "source": source} for what, source in answer.basis.sources],
        },
    }


def treaty_json(verdict: TreatyVerdict) -> dict[str, Any]:
    """The treaty verdict as plain data."""
    return {
        "text": "CCW Amended Protocol II, Technical Annex 3(a)",
        "is_in_scope": verdict.is_in_scope,
        "p_meets": verdict.p_meets,
        "limits": [
            {
                "quantity": limb.quantity,
                "age_days": limb.age_d,
                "limit": limb.limit,
                "share_mean": limb.share_mean,
                "share_q05": limb.share_q05,
                "share_q95": limb.share_q95,
                "p_meets": limb.p_meets,
                "source": limb.source,
            }
            for limb in (verdict.self_destruct, verdict.functions)
        ],
    }


def trials_words(answer: TrialAnswer) -> str:
    """What a test shows, in plain words."""
    sure = percent(answer.confidence)
    lines = [
        f"{answer.num_failed:,} of {answer.num_tested:,} failed: {percent(answer.observed)} observed. With {sure} "
        f"confidence the true share is at most {percent(answer.upper)} ({answer.upper:.2g}; {one_in(answer.upper)})."
    ]
    if answer.num_failed:
        lines.append(
            f"With {sure} confidence it is at least {percent(answer.lower)} ({one_in(answer.lower)})."
        )
    if answer.claim is None or answer.num_needed is None:
        return "\n".join(lines)
    claim = f"The claim of {percent(answer.claim)} ({one_in(answer.claim)})"
    if answer.is_supported:
        lines.append(f"{claim} is supported by this test.")
    elif answer.is_contradicted:
        lines.append(f"{claim} is contradicted by this test.")
    else:
        lines.append(f"{claim} is neither supported nor contradicted by this test.")
    lines.append(f"To support it takes {answer.num_needed:,} trials without a failure, at {sure} confidence.")
    if answer.num_failed and answer.num_needed_with_failures is not None:
        lines.append(
            f"With {answer.num_failed:,} failures it takes {answer.num_needed_with_failures:,} trials."
        )
    if answer.is_out_of_reach:
        lines.append(
            f"It is a claim that no test of this size can show: {answer.num_tested:,} items are too few."
        )
    return "\n".join(lines)


def trials_json(answer: TrialAnswer) -> dict[str, Any]:
    """What a test shows, as plain data."""
    return {
        "tested": answer.num_tested,
        "failed": answer.num_failed,
        "confidence": answer.confidence,
        "observed": answer.observed,
        "upper_bound": answer.upper,
        "lower_bound": answer.lower,
        "claim": answer.claim,
        "trials_needed_without_failure": answer.num_needed,
        "trials_needed_with_these_failures": answer.num_needed_with_failures,
        "is_supported": answer.is_supported,
        "is_contradicted": answer.is_contradicted,
        "no_test_of_this_size_can_show_it": None if answer.claim is None else answer.is_out_of_reach,
        "provenance": {"version": __version__, "method": "Clopper–Pearson, exact, one-sided"},
    }


def one_in(share: float) -> str:
    """A share as "1 in N".

    Examples
    --------
    >>> one_in(0.001), one_in(0.0)
    ('1 in 1,000', 'none')
    """
    if share == 0.0:
        return "none"
    number = 1.0 / share
    return f"1 in {number:.3g}" if number < 100 else f"1 in {float(f'{number:.3g}'):,.0f}"


def _heading(answer: FateAnswer) -> str:
    setting = f", set to {answer.setting}" if answer.setting else ""
    return f"{answer.ordnance.name} ({answer.ordnance.title}){setting}\nBasis: {answer.basis.note}."


def _age_sentence(answer: FateAnswer, i: int) -> str:
    counts = answer.counts
    state = {s: range_words(counts.q05[i, k], counts.q95[i, k]) for k, s in enumerate(ITEM_STATES)}
    age = age_words(float(counts.age_d[i]))
    when = f"on {answer.dates[i]} ({age} later)" if answer.dates[i] else f"{age} later"
    start = f"Of {counts.quantity:,} delivered" + (f" on {answer.on}" if answer.on else "")
    rest = f"{state['expired']} expired (power gone) and {state['dud']} duds"
    return (
        f"{start}, {when} {state['explosive']} are still explosive items in the ground; "
        f"{state['armed']} of them armed, {rest}."
    )


def _limb(limb: LimbVerdict) -> str:
    return (
        f"{age_words(limb.age_d)}: {percent(limb.share_q05)} to {percent(limb.share_q95)} of activated items; limit "
        f"{percent(limb.limit)}; chance of meeting it {chance_words(limb.p_meets)}"
    )


def _sources(sources: Sequence[tuple[str, str]]) -> str:
    return "Sources:\n" + "\n".join(
        f"  - {FIELD_WORDS.get(what, what)}: {source}" for what, source in sources
    )


def _without(row: Sequence[str], index: int) -> list[str]:
    return [cell for i, cell in enumerate(row) if i != index]
