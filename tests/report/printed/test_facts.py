"""A release policy in words, in every language."""

from __future__ import annotations

from remnant.evidence import CRITERIA, MinimumEvidence, Policy
from remnant.report.printed.facts import policy_keys
from remnant.report.printed.language import Language, language_of

WHOLE = Policy(
    name="P", source="S", p_any_armed_max=0.05, p_any_explosive_max=0.1, individual_risk_max_per_year=1e-6,
    density_q95_max_per_km2={"armed": 1.0, "expired": 1.0, "dud": 2.0, "explosive": 4.0},
    minimum=(
        MinimumEvidence(hazard_class="CHA", searched_share_min=0.2, cleared_share_min=1.0, known_outcome=True),
        MinimumEvidence(known_outcome=True),
    ),
    must_hold=("p_any_armed",),
)  # fmt: skip


def test_every_criterion_has_words_in_every_language(language: Language) -> None:
    rows = policy_keys(WHOLE, language)
    assert len(rows) == 2 + 2 + 4 + 1 + 2 + 1
    assert rows[-1][1].count("; ") == len(CRITERIA) - 2  # all but the one that decides


def test_all_of_the_ground_is_a_hundred_percent() -> None:
    rows = dict(policy_keys(WHOLE, language_of("uk")))
    assert rows["Найменший обсяг доказів, ПіНТ"] == (
        "перевірено 20\u00a0% площі, очищено 100\u00a0% площі та пошук із записаним результатом"
    )
    assert rows["Найбільший річний ризик для людини"] == "1\u00a0·\u00a010⁻⁶"
    assert dict(policy_keys(Policy(name="none stated"), language_of("en"))) == {"Policy": "none stated"}
