"""Treaty verdict, bases and claims, on the built-in catalogue and on small ones made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import norm

from remnant.catalogue import (
    Catalogue,
    Claim,
    FateModel,
    FieldEvidence,
    OrdnanceType,
    Range,
    load_catalogue,
)
from remnant.errors import InvalidInput, NotEstimable
from remnant.fate import (
    BASES,
    Trial,
    annex_limits,
    answer_comparison,
    answer_fate,
    basis_draws,
    deciding_test,
    evidence_on,
    judge_claims,
    judge_treaty,
    learn,
    prior_draws,
    ratios,
    share_of_activated,
    with_setting,
)

CATALOGUE = load_catalogue()
LIMITS = annex_limits(CATALOGUE)


def claim_of(**changed: Any) -> Claim:
    plain: dict[str, Any] = {
        "name": "claimed",
        "speaker": "a maker",
        "date": "2020",
        "types": ("T",),
        "text": "at most one in a hundred",
        "quantity": "p_sd_fails",
        "low": 0.0,
        "high": 0.01,
        "age_d": 60.0,
        "stance": "assurance",
        "basis": "published",
        "source": "press of 2020",
    }
    return Claim(**{**plain, **changed})


def trial_of(n: int, k: int, **changed: Any) -> FieldEvidence:
    plain: dict[str, Any] = {
        "name": "range test",
        "types": ("T",),
        "kind": "trial",
        "quantity": "p_sd_fails",
        "basis": "published",
        "source": "report of the test",
        "num_tested": n,
        "num_failed": k,
    }
    return FieldEvidence(**{**plain, **changed})


def catalogue_of(model: FateModel, claims: list[Claim], evidence: list[FieldEvidence]) -> Catalogue:
    item = OrdnanceType(
        name="T", title="a type", category="ap_mine", delivery="remotely_delivered", origin="nowhere", fate=model,
        treaty_scope=True,
    )  # fmt: skip
    return replace(
        CATALOGUE,
        types={"T": item},
        claims={c.name: c for c in claims},
        evidence={e.name: e for e in evidence},
    )


def verdict_of(model: FateModel, claim: Claim, *evidence: FieldEvidence) -> Any:
    (found,) = judge_claims(catalogue_of(model, [claim], list(evidence)), num_draws=1000)
    return found


# --- treaty ------------------------------------------------------------------------------------------------------


def test_the_limits_are_those_of_the_annex() -> None:
    # CCW Amended Protocol II, Technical Annex 3(a): 10 % by 30 days, 1 in 1,000 at 120 days
    assert [(x.limit.high, x.age_d) for x in LIMITS] == [(0.1, 30.0), (0.001, 120.0)]


def test_the_chance_to_meet_the_first_limit_is_that_of_the_range(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    # all working mechanisms act by 30 d, so the first limb is P(f ≤ 0.1), f logit-normal from 5 % to 20 %
    model = make_model(
        p_sd_fails=make_range(0.05, 0.2), sd_delay=make_range(1, 2, "h"), p_sda_fails=make_range(0, 0)
    )
    draws = prior_draws(model, 40_000, rng=np.random.default_rng(1))
    verdict = judge_treaty(draws, LIMITS, is_in_scope=True)
    low, high = logit(0.05), logit(0.2)
    exact = norm.cdf((logit(0.1) - (low + high) / 2) / ((high - low) / 2 / norm.ppf(0.95)))
    assert verdict.self_destruct.p_meets == pytest.approx(exact, abs=0.01)
    assert verdict.functions.p_meets == 1.0
    assert verdict.p_meets == verdict.self_destruct.p_meets


def test_duds_do_not_count_among_the_activated(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    few, all_arm = (
        prior_draws(make_model(p_arms=make_range(a, a)), 50, rng=np.random.default_rng(1)) for a in (0.3, 1.0)
    )
    for quantity in ("p_sd_fails", "p_functions"):
        np.testing.assert_allclose(
            share_of_activated(quantity, 25.0, few), share_of_activated(quantity, 25.0, all_arm), rtol=1e-12
        )


@pytest.mark.parametrize("name", ["Volcano AP", "PFM-1S", "PMN", "POM-3", "M692"])
def test_the_treaty_basis_lies_exactly_at_both_limits(name: str) -> None:
    answer = answer_fate(name, CATALOGUE, quantity=1000, on=None, ages_d=[30.0, 120.0], basis="treaty")
    assert answer.treaty.self_destruct.share_q05 == pytest.approx(0.1, rel=1e-9)
    assert answer.treaty.self_destruct.share_q95 == pytest.approx(0.1, rel=1e-9)
    assert answer.treaty.functions.share_q05 == pytest.approx(0.001, rel=1e-9)
    assert answer.treaty.functions.share_q95 == pytest.approx(0.001, rel=1e-9)
    assert answer.treaty.p_meets == 1.0


# --- bases -------------------------------------------------------------------------------------------------------


def test_the_claim_of_six_in_a_million_is_taken_at_its_word() -> None:
    answer = answer_fate(
        "Volcano AP", CATALOGUE, quantity=10**6, on=None, ages_d=[60.0, 3652.5], basis="claim"
    )
    armed = answer.counts.mean[:, 0] / answer.basis.draws.p_arms.mean()
    np.testing.assert_allclose(armed, 6.0, rtol=1e-6)
    assert "six-in-a-million" in answer.basis.note
    # the claim does not speak of explosive items: failed mines remain
    assert answer.counts.mean[0, 4] > 1000


def test_a_named_claim_is_taken() -> None:
    answer = answer_fate(
        "M85", CATALOGUE, quantity=1000, on=None, ages_d=[1.0], basis="claim", claim="m85-lebanon"
    )
    assert answer.counts.mean[0, 2] == pytest.approx(100.0, rel=0.02)  # evenly between 8 and 12 %


def test_bases_that_nothing_stands_behind_say_what_to_do() -> None:
    ask: dict[str, Any] = {"quantity": 10, "on": None, "ages_d": [1.0]}
    with pytest.raises(NotEstimable, match=r"nothing has been published .* --basis catalogue"):
        answer_fate("PMN", CATALOGUE, basis="learned", **ask)
    with pytest.raises(NotEstimable, match=r"unconfirmed: .*--unconfirmed"):
        answer_fate("Volcano AP", CATALOGUE, basis="learned", **ask)
    with pytest.raises(NotEstimable, match=r"for mines; what is left of M85 are duds"):
        answer_fate("M85", CATALOGUE, basis="treaty", **ask)
    with pytest.raises(NotEstimable, match="nobody is on record"):
        answer_fate("PMN", CATALOGUE, basis="claim", **ask)
    with pytest.raises(InvalidInput, match="basis must be one of catalogue, claim, treaty, learned"):
        answer_fate("PMN", CATALOGUE, basis="hearsay", **ask)
    with pytest.raises(InvalidInput, match="has no self-destruct settings"):
        answer_fate("PMN", CATALOGUE, setting="15d", **ask)
    with pytest.raises(InvalidInput, match="'3d' is not one of Volcano AP: "):
        answer_fate("Volcano AP", CATALOGUE, setting="3d", **ask)
    with pytest.raises(InvalidInput, match="claim 'no such' is not in the catalogue"):
        answer_fate("M85", CATALOGUE, basis="claim", claim="no such", **ask)
    with pytest.raises(NotEstimable, match="states no number for PMN"):
        answer_fate("PMN", CATALOGUE, basis="claim", claim="m85-lebanon", **ask)
    with pytest.raises(InvalidInput, match="seed must be 0 or more"):
        answer_fate("PMN", CATALOGUE, seed=-1, **ask)


def test_every_type_and_setting_answers_on_the_catalogue_and_the_treaty() -> None:
    for item in CATALOGUE.types.values():
        for setting in item.settings or [""]:
            chosen, _ = with_setting(item, setting)
            is_mine = item.fate.p_sd_fails.high > 0.0
            for basis in ("catalogue", "treaty") if is_mine else ("catalogue",):
                found = basis_draws(chosen, basis, CATALOGUE, num_draws=20, rng=np.random.default_rng(1))
                verdict = judge_treaty(found.draws, LIMITS, is_in_scope=item.treaty_scope)
                assert 0.0 <= verdict.p_meets <= 1.0
                assert found.sources


def test_every_published_record_can_be_learned_from() -> None:
    for item in CATALOGUE.types.values():
        if evidence_on(item, CATALOGUE):
            chosen, _ = with_setting(item)
            found = basis_draws(
                chosen, "learned", CATALOGUE, num_draws=100, rng=np.random.default_rng(1), unconfirmed=True
            )
            assert np.isfinite(found.draws.p_sd_fails).all()
            break


def test_evidence_far_outside_the_catalogues_range_is_named(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    model = make_model(p_sd_fails=make_range(0.001, 0.01))
    trial = Trial(num_tested=500, num_failed=200, quantity="p_sd_fails")
    assert learn(model, [trial], rng=np.random.default_rng(1), num_draws=200).pulled == ("p_sd_fails",)
    fair = Trial(num_tested=500, num_failed=2, quantity="p_sd_fails")
    assert learn(model, [fair], rng=np.random.default_rng(1), num_draws=200).pulled == ()


def test_what_learning_assumes_is_named_as_judgement() -> None:
    answer = answer_fate("M85", CATALOGUE, quantity=10, on=None, ages_d=[1.0], basis="learned")
    assert {"batch_spread", "trial_to_use"} <= set(answer.basis.judgement_fields)
    assert {"batch_spread", "trial_to_use", "p_arms"} <= {what for what, _ in answer.basis.sources}


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, other = (
        answer_fate("M85", CATALOGUE, quantity=1000, on=None, ages_d=[10.0], basis="learned", seed=4)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.counts.mean, other.counts.mean)
    np.testing.assert_array_equal(one.counts.q95, other.counts.q95)


def test_a_persistent_mine_leaves_more_than_a_non_persistent_one() -> None:
    (pmn, volcano), missing = answer_comparison(
        ["PMN", "volcano ap"], CATALOGUE, bases=[], quantity=1000, on=None, ages_d=[3652.5]
    )
    assert not missing
    explosive, armed = ratios(pmn, volcano)
    assert explosive.q05 > 2.0
    assert armed.of_means > explosive.of_means
    assert explosive.of_means == pytest.approx(pmn.counts.mean[0, 4] / volcano.counts.mean[0, 4])


def test_one_type_is_shown_on_every_basis_that_it_has() -> None:
    answers, missing = answer_comparison(["M85"], CATALOGUE, bases=[], quantity=10, on=None, ages_d=[1.0])
    left_out = [m.split("basis ")[1].split(":")[0] for m in missing]
    assert sorted([a.basis.basis for a in answers] + left_out) == sorted(BASES)


# --- claims ------------------------------------------------------------------------------------------------------


def test_our_own_judgement_refutes_nobody(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    judged = make_model(p_sd_fails=make_range(0.2, 0.4, basis="judgement"))
    found = verdict_of(judged, claim_of())
    assert found.verdict == "not testable with what is public"
    assert found.p_within < 0.01
    assert "judgement" in found.reason


def test_published_figures_contradict_and_support(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    assert verdict_of(make_model(p_sd_fails=make_range(0.2, 0.4)), claim_of()).verdict == "contradicted"
    good = make_model(p_sd_fails=make_range(0.0001, 0.005))
    assert verdict_of(good, claim_of()).verdict == "supported"


def test_a_claim_is_not_its_own_witness(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    number = replace(make_range(0.0001, 0.005), source="press of 2020, page 3")
    found = verdict_of(make_model(p_sd_fails=number), claim_of())
    assert found.verdict == "not testable with what is public"
    assert "no second witness" in found.reason


def test_a_trial_decides_where_the_range_is_judgement(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    judged = make_model(p_sd_fails=make_range(0.001, 0.4, basis="judgement"))
    assert verdict_of(judged, claim_of(), trial_of(1000, 100)).verdict == "contradicted"
    # 10 of 1,000 leaves the claim of 1 % open, whatever our range and our factor between trial and use say
    assert verdict_of(judged, claim_of(), trial_of(1000, 10)).verdict == "not testable with what is public"
    assert verdict_of(judged, claim_of(), trial_of(20_000, 0)).verdict == "supported"
    # nor does a record that nobody can cite
    assert verdict_of(judged, claim_of(), trial_of(1000, 100, basis="weak")).verdict.startswith(
        "not testable"
    )


def test_a_trial_does_not_refute_a_report_from_use(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    report = claim_of(low=0.3, high=0.5, stance="criticism")
    found = verdict_of(make_model(p_sd_fails=make_range(0.001, 0.1)), report, trial_of(5000, 50))
    assert found.verdict == "not testable with what is public"
    assert "reported from use" in found.reason


def test_the_deciding_test_is_the_exact_one() -> None:
    assert deciding_test(claim_of(high=6e-6))[0] == 499_288
    assert deciding_test(claim_of(high=0.1))[0] == 29
    needed, words = deciding_test(claim_of(high=0.0))
    assert needed is None
    assert "no test of any size" in words
    assert "would refute it" in deciding_test(claim_of(low=0.1, high=0.3))[1]


def test_six_in_a_million_is_not_testable_with_what_is_public() -> None:
    found = {v.claim.name: v for v in judge_claims(CATALOGUE, type_name="GATOR") if v.p_within is not None}
    assert found["six-in-a-million"].verdict == "not testable with what is public"
    assert found["six-in-a-million"].num_needed == 499_288


def test_the_claim_of_at_most_two_in_a_hundred_duds_is_contradicted_by_published_figures() -> None:
    found = {v.claim.name: v for v in judge_claims(CATALOGUE, type_name="M42")}
    assert found["dpicm-2-35"].verdict == "contradicted"


def test_every_claim_gets_a_verdict_and_a_test() -> None:
    found = judge_claims(CATALOGUE, num_draws=500)
    assert {v.claim.name for v in found} == set(CATALOGUE.claims)
    assert len({v.claim.name for v in found}) >= 12
    for v in found:
        assert v.reason
        assert v.test
        assert (v.p_within is None) == (v.verdict == "states no number")
