"""English sentences of results in another language: all forms that the program writes are known, nothing is guessed."""

from __future__ import annotations

import numpy as np

from remnant.catalogue import load_catalogue
from remnant.decide.release.checks import Check, Worked
from remnant.decide.release.verdict import OWNED_BY_OTHERS, verdicts_of
from remnant.evidence import CRITERIA, MinimumEvidence, Policy
from remnant.field.parameters import _FATE_TITLES, _clump_title
from remnant.report.printed.language import language_of
from remnant.report.printed.phrases import is_known, said, title_said

MARK = "(англійською)"


def _reasons() -> list[str]:
    """Reasons of verdicts in all their forms."""
    num = 6
    share = np.array([0.0, 0.3, 1.0, np.nan, 0.0, 0.5])
    worked = Worked(
        hazard_class=np.array(["SHA"] * num),
        place_known=np.array([True, True, False, True, False, True]),
        searched_share=np.nan_to_num(share),
        cleared_share=np.nan_to_num(share) / 2,
        told_share=np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0]),
    )
    mean = np.array([1e-7, 0.034, 0.9999, np.nan, 1.0, 12345.0])

    def check(*, has_range: bool) -> Check:
        low = mean * 0.5 if has_range else np.full(num, np.nan)
        return Check(limit=0.05, sure=np.linspace(0.0, 1.0, num), mean=mean, low=low, high=low * 3.0)

    policies = [
        Policy(
            name="all", p_any_armed_max=0.05, p_any_explosive_max=0.1,
            density_q95_max_per_km2={"armed": 1.0, "expired": 1.0, "dud": 1.0, "explosive": 4.0},
            individual_risk_max_per_year=1e-6, minimum=minimum, must_hold=must,
        )
        for minimum in (
            (MinimumEvidence(searched_share_min=0.5),),
            (MinimumEvidence(cleared_share_min=0.9),),
            (MinimumEvidence(searched_share_min=0.5, cleared_share_min=0.9),),
            (MinimumEvidence(searched_share_min=0.5, cleared_share_min=0.9, known_outcome=True),),
            (MinimumEvidence(known_outcome=True),),
        )
        for must in (None, ("p_any_armed",))
    ]  # fmt: skip
    made = [OWNED_BY_OTHERS, *verdicts_of(Policy(), {}, worked).reasons]
    for policy in policies:
        for has_range in (True, False):
            checks = {c: check(has_range=has_range) for c in CRITERIA}
            made += verdicts_of(policy, checks, worked).reasons.tolist()
        made += verdicts_of(policy, {}, worked).reasons.tolist()
    return sorted({*made, f"{made[-1]}; time alone brings it within the limits by 2031-05-01"})


def test_every_reason_of_a_verdict_can_be_said_in_ukrainian() -> None:
    reasons = _reasons()
    assert len(reasons) > 50
    for text in reasons:
        told = said(text, language_of("uk"))
        assert is_known(text), text
        assert MARK not in told, told
        assert [c for c in told if c.isalpha() and c.isascii()] == [], told


def test_very_small_and_large_numbers_are_written_out() -> None:
    text = "yearly risk of a person 1.5e-07, limit 1e-06; armed items per km² 1.2e+04, limit 5"
    assert said(text, language_of("uk")) == (
        "Річний ризик для людини: 1,5\u00a0·\u00a010⁻⁷, межа 1\u00a0·\u00a010⁻⁶; "
        "предметів у бойовому положенні на км²: 12\u00a0000, межа 5."
    )


def test_every_title_of_an_uncertain_number_can_be_said_in_ukrainian() -> None:
    titles = [
        *(f"PMN: {t}" for t in _FATE_TITLES.values()),
        *(f"{m.title} finds an item that is there" for m in load_catalogue().methods.values()),
        _clump_title(), _clump_title(" of recorded deliveries"), "AO-2.5RT: items outside hazard areas",
        "PMN: items in SHA areas that hold any", "share of CHA areas that ever held anything",
        "PFM-1S: items there were per item on record", "distance over which places are alike",
        "factor by which places typically differ",
    ]  # fmt: skip
    uk = language_of("uk")
    assert [t for t in titles if MARK in title_said(t, uk)] == []
    assert title_said("share of SHA areas that ever held anything", uk).startswith(
        "частка територій класу «ПНТ»"
    )


def test_numbers_and_dates_in_a_sentence_are_those_of_the_language() -> None:
    text = (
        "chance of an armed item 3.4 % (under 0.01 % to over 99 %), limit 5 %; "
        "time alone brings it within the limits by 2031-05-01"
    )
    assert said(text, language_of("uk")) == (
        "Імовірність предмета в бойовому положенні: 3,4\u00a0% (від <\u00a00,01\u00a0% до >\u00a099\u00a0%), "
        "межа 5\u00a0%; самого лише часу вистачить, щоб дотримати меж до 1\u00a0травня 2031\u00a0р."
    )


def test_a_sentence_of_no_known_form_stays_english_and_says_so() -> None:
    uk = language_of("uk")
    assert said("the moon is full; the case states no release policy", uk) == (
        f"The moon is full {MARK}; у справі не задано критеріїв вивільнення."
    )
    assert said("", uk) == ""
    assert title_said("moonlight", uk) == f"moonlight {MARK}"


def test_a_placeholder_in_a_record_is_not_filled_in() -> None:
    assert said("{n} {0} %s", language_of("uk")) == f"{{n}} {{0}} %s {MARK}."
