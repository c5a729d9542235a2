"""A release policy in rows of words."""

from __future__ import annotations

from remnant.evidence import MinimumEvidence, Policy
from remnant.report import words


def policy_rows(policy: Policy) -> list[tuple[str, str]]:
    """What the policy asks, and how much of it."""
    rows = [("Policy", policy.name)]
    if policy.source:
        rows.append(("Where it is from", policy.source))
    if policy.p_any_armed_max is not None:
        rows.append(
            ("Greatest chance that an area still holds an armed item", words.percent(policy.p_any_armed_max))
        )
    if policy.p_any_explosive_max is not None:
        text = "Greatest chance that an area still holds any explosive item"
        rows.append((text, words.percent(policy.p_any_explosive_max)))
    for state, limit in policy.density_q95_max_per_km2.items():
        text = {"explosive": "explosive items", "dud": "duds"}.get(state, f"{state} items")
        rows.append((f"Greatest 95 % point of {text} per km²", words.rounded(limit)))
    if policy.individual_risk_max_per_year is not None:
        doing = policy.activity.replace("_", " ") or "what is riskiest there"
        rows.append(
            (f"Greatest yearly risk of a person ({doing})", f"{policy.individual_risk_max_per_year:.2g}")
        )
    rows += [
        (f"Least evidence in {m.hazard_class or 'all other'} areas", _minimum(m)) for m in policy.minimum
    ]
    aside = [c for c in policy.criteria if not policy.decides(c)]
    if aside:
        rows.append(("Told, but not deciding", ", ".join(aside)))
    return rows


def _minimum(least: MinimumEvidence) -> str:
    """What a policy's minimum of evidence asks for, in words."""
    parts = [
        f"{words.percent(share)} of the ground {what}"
        for share, what in ((least.searched_share_min, "searched"), (least.cleared_share_min, "cleared"))
        if share > 0.0
    ]
    if least.known_outcome:
        parts.append("a search with a recorded outcome")
    return ", ".join(parts) or "none"
