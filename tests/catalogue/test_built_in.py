import copy
import pickle
from typing import get_args

import pytest

from remnant.catalogue import (
    Catalogue,
    Category,
    FateModel,
    OrdnanceType,
    Range,
    load_catalogue,
    spelling_key,
)
from remnant.errors import InvalidInput

CATALOGUE = load_catalogue()
TYPES = list(CATALOGUE.types.values())
# Every item that the domain notes and the issue name, as people write them.
WORDS = """
PFM-1, PFM-1S, POM-2, POM-3, Medallion, PTM-1S, PTM-3, AT2, GATOR, ADAM, RAAM, Volcano, GEMSS, MOPMS, M692,
M731, M718, M741, BLU-92/B, BLU-91/B, PMN, PMN-2, PMN-4, TM-62, TM-57, TM-46, MON-50, MON-90, MON-100,
MON-200, OZM-72, POMZ-2, PMA-1, PMA-2, PMA-3, PROM-1, PMR-2A, MRUD, TMA-3, TMA-4, TMM-1, M14, M16, M18A1,
M15, M19, M21, VS-50, TS-50, M42, M46, M42/M46, DPICM, M77, M85, BL755, M74, BLU-26, BLU-63, BLU-97,
Rockeye, Mk118, AO-2.5RT, ShOAB-0.5, 9N210, 9N235, Grad, PG-7, RPG-7, ERBS, APAM, ПФМ-1С, ПМН-2, ТМ-62М,
Type 72, 155 mm, 152 mm, 122 mm, 120 mm mortar, 82 mm mortar, hand grenade, aircraft bomb, generic AP mine,
generic AV mine, generic submunition, generic UXO, generic non-persistent AP mine
"""
NAMED = [name.strip() for name in WORDS.split(",")]


def all_ranges() -> list[tuple[str, Range]]:
    found = [(f"{t.name}.{f}", getattr(t.fate, f)) for t in TYPES for f in FateModel.__dataclass_fields__]
    found += [(f"{t.name}.{key}", value) for t in TYPES for key, value in t.settings.items()]
    found += [(m.name, m.p_detect) for m in CATALOGUE.methods.values()]
    found += [(limit.name, limit.limit) for limit in CATALOGUE.treaties.values()]
    found += [(prior.name, prior.range) for prior in CATALOGUE.priors.values()]
    return found


@pytest.mark.parametrize("name", NAMED)
def test_every_item_that_people_name_is_found(name: str) -> None:
    assert CATALOGUE.ordnance(name).name in CATALOGUE.types


@pytest.mark.parametrize("name", NAMED)
def test_spelling_does_not_matter(name: str) -> None:
    loose = name.lower().replace("-", " ")
    assert CATALOGUE.ordnance(loose) is CATALOGUE.ordnance(name)


def test_there_are_at_least_forty_five_types_of_every_category() -> None:
    assert len(TYPES) >= 45
    assert {t.category for t in TYPES} == set(get_args(Category))
    assert {t.mechanism for t in TYPES} == {"none", "impact", "self_destruct"}


def test_every_number_has_a_source_and_a_unit() -> None:
    assert all(r.source.strip() and r.unit for _, r in all_ranges())


def test_every_judgement_says_that_it_is_one_and_is_a_range() -> None:
    for name, given in all_ranges():
        if given.basis == "judgement":
            assert given.source.startswith("judgement: "), name
            assert not given.is_certain, name


def test_nothing_uncertain_claims_to_be_certain() -> None:
    for name, given in all_ranges():
        if given.is_certain:
            assert given.source.startswith("by construction: ") or name in CATALOGUE.treaties, name


def test_every_claim_and_trial_has_a_source_and_names_known_types() -> None:
    for entry in (*CATALOGUE.claims.values(), *CATALOGUE.evidence.values()):
        assert entry.source.strip()
        assert entry.types
        assert set(entry.types) <= set(CATALOGUE.types)


def test_the_first_dozen_claims_are_there() -> None:
    claims = CATALOGUE.claims
    assert len(claims) >= 12
    assert claims["six-in-a-million"].high == 6e-6
    assert claims["dpicm-2-35"].high == 0.0235
    assert {c.stance for c in claims.values()} == {"assurance", "criticism", "neutral"}
    assert any(c.quantity == "statement" and c.low is None for c in claims.values())


def test_the_treaty_limits_are_those_of_the_text() -> None:
    # CCW Amended Protocol II, Technical Annex 3(a): 10 % at 30 days, one in a thousand at 120 days
    self_destruct, deactivation = (CATALOGUE.treaties[f"ap2-self-{n}"] for n in ("destruct", "deactivation"))
    assert (self_destruct.quantity, self_destruct.limit.high, self_destruct.age_d) == (
        "p_sd_fails",
        0.10,
        30.0,
    )
    assert (deactivation.quantity, deactivation.limit.high, deactivation.age_d) == (
        "p_functions",
        0.001,
        120.0,
    )


def test_unconfirmed_evidence_is_marked_as_judgement() -> None:
    for name in ("us-trials-67000", "gulf-war-1991"):
        assert CATALOGUE.evidence[name].basis == "judgement"
        assert "Unconfirmed; check before use" in CATALOGUE.evidence[name].note


@pytest.mark.parametrize("ordnance", TYPES, ids=[t.name for t in TYPES])
def test_mechanisms_are_certain_by_construction(ordnance: OrdnanceType) -> None:
    fate = ordnance.fate
    if ordnance.mechanism == "none":
        assert fate.p_sd_fails.low == fate.p_sda_fails.low == 1.0
        assert ordnance.is_persistent
    elif ordnance.mechanism == "impact":
        assert fate.p_sd_fails.high == fate.sd_delay.high == 0.0
        assert ordnance.delivery == "fired"
        assert not ordnance.is_persistent
    else:
        assert 0.0 < fate.p_sd_fails.low < fate.p_sd_fails.high < 1.0
        assert 0.0 < fate.sd_delay.low < fate.sd_delay.high
        assert fate.sd_late_delay.high > fate.sd_delay.high


@pytest.mark.parametrize("ordnance", [t for t in TYPES if t.settings], ids=lambda t: t.name)
def test_the_default_setting_is_the_longest(ordnance: OrdnanceType) -> None:
    assert ordnance.fate.sd_delay == ordnance.settings[ordnance.default_setting]
    assert ordnance.fate.sd_delay.high == max(r.high for r in ordnance.settings.values())


def test_the_us_family_has_its_settings() -> None:
    assert set(CATALOGUE.ordnance("GATOR").settings) == {"4h", "48h", "15d"}
    assert set(CATALOGUE.ordnance("Volcano AV").settings) == {"4h", "48h", "15d"}


def test_a_dud_share_becomes_its_complement() -> None:
    bl755 = CATALOGUE.ordnance("BL755").fate.p_arms  # published: 6 % duds (UK Hansard, 16 Jun 2003)
    assert bl755.value == pytest.approx(0.94)
    assert (bl755.low, bl755.high) == (pytest.approx(0.80), pytest.approx(0.96))
    assert bl755.basis == "published"


def test_pfm_1_and_pfm_1s_are_two_types() -> None:
    assert CATALOGUE.ordnance("PFM-1").is_persistent
    assert not CATALOGUE.ordnance("PFM-1S").is_persistent


def test_the_treaty_covers_remotely_delivered_mines_against_people_only() -> None:
    assert all(
        t.category == "ap_mine" and t.delivery == "remotely_delivered" for t in TYPES if t.treaty_scope
    )
    assert CATALOGUE.ordnance("PFM-1S").treaty_scope


def test_no_two_entries_share_a_spelling() -> None:
    for entries in (CATALOGUE.types, CATALOGUE.methods):
        owners: dict[str, str] = {}
        for name, entry in entries.items():
            for spelling in (name, *entry.aliases):
                assert owners.setdefault(spelling_key(spelling), name) == name, spelling


def test_priors_that_the_model_needs_are_there() -> None:
    needed = {f"{kind}.{name}" for kind in ("exists", "density") for name in ("SHA", "CHA", "released")}
    assert needed | {"density.background", "clump_shape", "deposit_factor"} <= set(CATALOGUE.priors)


def test_no_word_calls_land_harmless() -> None:
    words = " ".join(f"{t.title} {t.description}" for t in TYPES) + " ".join(
        f"{m.title} {m.description}" for m in CATALOGUE.methods.values()
    )
    assert "safe" not in words.casefold()
    assert "free of" not in words.casefold()


def test_an_unknown_name_is_refused_with_near_spellings() -> None:
    with pytest.raises(
        InvalidInput, match=r"'PFM-2' is not in the catalogue\. Near: .*`remnant types` lists all"
    ):
        CATALOGUE.ordnance("PFM-2")
    with pytest.raises(InvalidInput, match=r"detection method 'ratz' .* Near: .*rats"):
        CATALOGUE.method("ratz")


def test_the_built_in_catalogue_is_read_once_and_cannot_be_changed() -> None:
    assert load_catalogue() is CATALOGUE
    with pytest.raises(TypeError, match="cannot be changed"):
        CATALOGUE.types["PMN"] = CATALOGUE.types["PMN-2"]  # type: ignore[index]
    with pytest.raises(TypeError, match="cannot be changed"):
        CATALOGUE.ordnance("GATOR").settings.clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize("copied", [copy.deepcopy(CATALOGUE), pickle.loads(pickle.dumps(CATALOGUE))])
def test_the_catalogue_survives_copies_between_processes(copied: Catalogue) -> None:
    assert copied == CATALOGUE


@pytest.mark.parametrize("name", ["M67", "M72", "M75", "M26", "T72", "mine", "unknown"])
def test_a_name_that_means_several_things_is_refused(name: str) -> None:
    # M67, M75 and M26 are also hand grenades, M72 a rocket: taking one for a mine that destroys itself hides a hazard
    with pytest.raises(InvalidInput, match="is not in the catalogue"):
        CATALOGUE.ordnance(name)
