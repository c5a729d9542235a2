"""Common random numbers: differences are exactly zero where nothing differs, quiet where little does, and right."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from remnant.decide.scenario import Belief, Scenario, ScenarioAnswer, Variant, difference_of
from remnant.errors import InvalidInput
from remnant.evidence import (
    Case,
    Ceasefire,
    ChangeDates,
    ChangeQuantity,
    FutureSearch,
    ReplaceType,
    aliases,
    changed,
    reduce_case,
)
from remnant.fate import basis_draws, state_probabilities, with_setting
from remnant.field import StratumPosterior, carry_over, count_remaining, paired_counts
from remnant.risk import People
from remnant.scenarios import run_scenario
from remnant.units import Floats, day_number
from remnant.weighing import fit

ALL = ("items", "armed", "expired", "dud")


def _run(
    case: Case, *variants: Variant, ages: tuple[int, ...] = (0, 15, 120), **more: object
) -> ScenarioAnswer:
    dates = tuple(case.as_of + dt.timedelta(days=d) for d in ages)
    return run_scenario(case, Scenario(name="test", dates=dates, variants=variants), **more)  # type: ignore[arg-type]


def _draws(answer: ScenarioAnswer, run: int, name: str, date: int = -1) -> Floats:
    values = answer.runs[run].draws[name]
    return values[:, answer.shown[date] if values.shape[1] > 1 else 0]


def _range(case: Case, kind: str, name: str) -> object:
    return getattr(case.catalogue.ordnance(kind).fate, name)


@pytest.mark.parametrize("which", ["field", "searched"])
def test_a_variant_equal_to_the_base_differs_by_exactly_nothing(
    which: str, request: pytest.FixtureRequest, people: People
) -> None:
    case: Case = request.getfixturevalue(which)
    prior = {"deposit_factor": case.prior("deposit_factor")}
    answer = _run(
        case,
        Variant(name="nothing"),
        Variant(name="once", changes=(ChangeQuantity(factor=1.0),)),
        Variant(name="no days", changes=(ChangeDates(shift_days=0.0),)),
        Variant(name="the same prior", priors=prior),
        people=people if which == "field" else None,
    )
    table = answer.differences()
    assert not table.empty
    assert (table[["mean", "q05", "q95"]].fillna(0.0) == 0.0).all().all()
    for k in range(1, 5):
        for name, values in answer.runs[0].draws.items():
            assert np.array_equal(values, answer.runs[k].draws[name], equal_nan=True), (k, name)


def test_twice_the_quantity_is_twice_the_mean_and_draws_rise_together(field: Case) -> None:
    answer = _run(field, Variant(name="double", changes=(ChangeQuantity(factor=2.0),)))
    one, two = (answer.runs[k].expected["items"][:, 0] for k in (0, 1))
    background = answer.runs[0].draws["items"].max() * 1e-3
    assert two.mean() == pytest.approx(2.0 * one.mean(), abs=background)
    assert (_draws(answer, 1, "items") >= _draws(answer, 0, "items")).all()


def test_the_difference_of_two_types_is_that_of_their_fate_curves(field: Case) -> None:
    # no evidence: expected items are quantity × factor × share in the state, and the factor is common to both
    answer = _run(field, Variant(name="other", changes=(ReplaceType(type="BLU-92/B", setting="15d"),)))
    ordnance, _ = with_setting(field.catalogue.ordnance("BLU-92/B"), "15d")
    draws = basis_draws(
        ordnance, "catalogue", field.catalogue, num_draws=40_000, rng=np.random.default_rng(1)
    ).draws
    shares = state_probabilities(np.array([0.0, 15.0, 120.0]), draws)
    total = answer.runs[0].expected["items"][:, 0]
    for state, name in enumerate(("armed", "expired", "dud")):
        for t in range(3):
            found = answer.runs[1].expected[name][:, answer.shown[t]]
            theory = shares[:, t, state].mean() * total.mean()
            error = np.hypot(
                (found - theory / total.mean() * total).std() / np.sqrt(total.size),
                shares[:, t, state].std() / 200.0 * total.mean(),
            )
            assert abs(found.mean() - theory) <= 4.0 * error + 1e-3, (name, t)


def test_common_numbers_make_a_difference_far_less_noisy_than_separate_ones(field: Case) -> None:
    less = Variant(name="less", changes=(ChangeQuantity(factor=0.9),))
    common = _run(field, less)
    apart = _run(field, less, seed=99)
    together = _draws(common, 1, "items") - _draws(common, 0, "items")
    separate = _draws(apart, 1, "items") - _draws(common, 0, "items")
    assert together.mean() == pytest.approx(
        separate.mean(), abs=4.0 * separate.std() / np.sqrt(separate.size)
    )
    assert together.var() < 0.02 * separate.var()


def test_common_numbers_help_where_the_records_are_weighed_anew(searched: Case) -> None:
    """Two samplers part ways; the pairing brings their draws together again."""
    factor = replace(searched.prior("deposit_factor"), low=0.55, high=2.1)
    other = Variant(
        name="other", priors={"deposit_factor": factor, "density.SHA": searched.prior("density.SHA")}
    )
    common = _run(searched, other)
    together = common.runs[1].expected["items"][:, 0] - common.runs[0].expected["items"][:, 0]
    apart = _run(searched, other, seed=77)
    separate = apart.runs[1].expected["items"][:, 0] - common.runs[0].expected["items"][:, 0]
    assert together.var() < 0.5 * separate.var()


def test_pairing_only_reorders_what_evidence_informs(searched: Case) -> None:
    reduction = reduce_case(searched)
    base = fit(searched, reduction, seed=1)
    wider = replace(
        searched, priors={**searched.priors, "exists.SHA": replace(searched.prior("exists.SHA"), low=0.05)}
    )
    other = fit(wider, reduce_case(wider), seed=1)
    assert isinstance(base, StratumPosterior)
    assert isinstance(other, StratumPosterior)
    paired = other.paired_with(base)
    assert np.allclose(np.sort(paired.z, axis=0), np.sort(other.z, axis=0))
    assert np.square(paired.z - base.z).sum() < np.square(other.z - base.z).sum()
    assert np.sort(paired.exists.mean(axis=1)) == pytest.approx(np.sort(other.exists.mean(axis=1)), abs=0.2)
    assert paired.exists.mean() == pytest.approx(other.exists.mean(), abs=1e-12)
    assert np.array_equal(base.paired_with(base).z, base.z)


def test_paired_counts_have_the_distribution_of_the_counts_of_an_assessment(searched: Case) -> None:
    reduction = reduce_case(searched)
    posterior = fit(replace(searched, num_draws=1024), reduction, seed=1)
    as_of = day_number(searched.as_of)
    days = [as_of, as_of + 3652.0]
    every = {"all": np.arange(reduction.portion_source.size)}
    theirs = count_remaining(posterior, days, as_of, every, seed=[1]).group_draws["all"].astype(float)
    counted = paired_counts(posterior, days, as_of, seed=[1], alias={})
    mine = counted.counts.sum(axis=1)
    for t in range(2):
        for k in range(3):
            error = np.hypot(theirs[:, t, k].std(), mine[:, t, k].std()) / np.sqrt(1024)
            assert abs(mine[:, t, k].mean() - theirs[:, t, k].mean()) <= 4.0 * error + 1e-9
        total, other = mine[:, t].sum(axis=1), theirs[:, t, 3]
        assert total.std() == pytest.approx(other.std(), rel=0.15)
        assert np.quantile(total, [0.05, 0.95]) == pytest.approx(
            np.quantile(other, [0.05, 0.95]), rel=0.2, abs=2.0
        )


def test_what_searches_found_stays_learned_in_a_what_if(searched: Case) -> None:
    """Half of every delivery: hazard areas keep exactly what is known of them."""
    answer = _run(searched, Variant(name="half", changes=(ChangeQuantity(factor=0.5),)))
    gap = answer.runs[0].expected["items"][:, 0] - answer.runs[1].expected["items"][:, 0]
    posterior = fit(searched, reduce_case(searched), seed=searched.seed)
    as_of = day_number(searched.as_of)
    deposits = paired_counts(
        posterior, [as_of], as_of, seed=[searched.seed, *b"scenario"], alias={}
    ).expected[:, 1]
    assert gap == pytest.approx(0.5 * deposits[:, 0].sum(axis=1), rel=1e-9)


def test_a_type_that_is_on_record_elsewhere_continues_what_it_takes_the_place_of(searched: Case) -> None:
    """Every block of a delivery keeps what its finds have taught, whichever type is said to lie there."""
    learned = fit(searched, reduce_case(searched), seed=1)
    for name in dict.fromkeys(searched.deposits.type.tolist()):
        world = changed(searched, [ReplaceType(type=name)])
        reduction = reduce_case(world)
        carried = carry_over(learned, world, reduction, aliases(searched, world), seed=1)
        mine = (reduction.source_kind[reduction.unit_source] == "deposit") & (reduction.unit_block >= 0)
        assert mine.any()
        assert (carried.unit[mine] >= 0).all()


def test_two_variants_share_the_numbers_of_a_type_that_only_they_have(field: Case) -> None:
    gator = ReplaceType(type="BLU-92/B", setting="15d")
    answer = _run(
        field,
        Variant(name="a", changes=(gator,)),
        Variant(name="b", changes=(gator,), beliefs=(Belief(type="BLU-92/B"),)),
    )
    assert difference_of(answer.runs[2], answer.runs[1], "items", 5) == {
        "mean": 0.0, "q05": 0.0, "q95": 0.0, "p_lower": 0.0,
    }  # fmt: skip


def test_a_ceasefire_before_all_deliveries_leaves_nothing_of_them(field: Case) -> None:
    answer = _run(field, Variant(name="never", changes=(Ceasefire(date=field.as_of),)))
    assert _draws(answer, 1, "items").max() <= 1.0


def test_a_survey_takes_away_what_it_is_expected_to_find(field: Case) -> None:
    # a search of unknown outcome: expected items after it are (1 − c p) of those before, draw by draw
    answer = _run(
        field, Variant(name="survey", changes=(FutureSearch(method="manual detector", coverage=0.4),))
    )
    kept = answer.runs[1].expected["items"][:, 0] / answer.runs[0].expected["items"][:, 0]
    p = field.catalogue.method("manual detector").p_detect
    assert kept.min() >= 0.6
    assert kept.max() <= 1.0
    ends = np.quantile(kept, [0.05, 0.95])
    assert ends == pytest.approx([1.0 - 0.4 * p.high, 1.0 - 0.4 * p.low], abs=0.01)
    ground = [answer.runs[k].draws["ground_m2"][0, 0] for k in (0, 1)]
    assert ground[1] == pytest.approx(0.6 * ground[0])


def test_a_survey_that_would_find_something_leaves_the_rest_to_search(field: Case) -> None:
    answer = _run(
        field, Variant(name="survey", changes=(FutureSearch(method="manual detector", coverage=0.4),))
    )
    # a thousand mines: it finds some for certain, so all ground that it did not work is left
    owned = answer.runs[0].draws["search_m2"][0, answer.shown[0]]
    assert _draws(answer, 1, "search_m2") == pytest.approx(np.full(512, 0.6 * owned), rel=1e-6)


def test_belief_of_a_type_on_record_weighs_the_records_anew(searched: Case) -> None:
    kind = str(searched.deposits.type[0])
    answer = _run(searched, Variant(name="other", beliefs=(Belief(type=kind, basis="catalogue"),)))
    assert (answer.differences()[["mean", "q05", "q95"]].fillna(0.0) == 0.0).all().all()


def test_beliefs_priors_and_budgets_that_change_nothing_are_refused(field: Case) -> None:
    with pytest.raises(
        InvalidInput, match=r"variant 'x': fate must be of a type that its records name; 'PFM-1S'"
    ):
        _run(field, Variant(name="x", beliefs=(Belief(type="PFM-1S"),)))
    with pytest.raises(InvalidInput, match=r"priors must name priors of the model; 'density.XYZ' is none"):
        _run(field, Variant(name="x", priors={"density.XYZ": field.prior("density.SHA")}))
    with pytest.raises(InvalidInput, match="programme changes a budget, and none is given"):
        _run(field, Variant(name="x", budget_factor=0.5))


def test_names_must_differ_and_against_must_be_one() -> None:
    with pytest.raises(InvalidInput, match="'a' comes twice"):
        Scenario(name="s", variants=(Variant(name="a"), Variant(name="a")))
    with pytest.raises(InvalidInput, match=r"against must name a variant \(as recorded, a\); got 'b'"):
        Scenario(name="s", variants=(Variant(name="a"),), against="b")


def test_the_same_seed_gives_the_same_answer(field: Case, people: People) -> None:
    gator = Variant(name="a", changes=(ReplaceType(type="BLU-92/B"),))
    one, two = (_run(field, gator, people=people) for _ in range(2))
    for a, b in zip(one.runs, two.runs, strict=True):
        for name in a.draws:
            assert np.array_equal(a.draws[name], b.draws[name], equal_nan=True)
