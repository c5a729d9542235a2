"""A type on a basis, as a case uses it: against `basis_draws`, behind `remnant fate`, and the text of the treaty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remnant.catalogue import load_catalogue
from remnant.errors import InvalidInput, NotEstimable
from remnant.evidence import Case, ReplaceType, changed, reduce_case
from remnant.fate import basis_draws, state_probabilities, type_on_basis, with_setting
from remnant.field import parameters_of
from remnant.numerics import even_normals

AGES = np.array([0.0, 15.0, 30.0, 120.0, 3652.5])


def _shares(field: Case, basis: str) -> np.ndarray:
    """(n_draws, n_ages, 4) states of the delivered mine as the density model has them."""
    catalogue = field.catalogue
    entry, _ = type_on_basis(catalogue.ordnance("BLU-92/B"), basis, catalogue, rng=np.random.default_rng(1))
    case = changed(
        replace(field, catalogue=replace(catalogue, types={**catalogue.types, "BLU-92/B": entry})),
        [ReplaceType(type="BLU-92/B", setting="15d")],
    )
    reduction = reduce_case(case)
    table = parameters_of(case, reduction)
    z = even_normals(4096, len(table.parameters), rng=np.random.default_rng(2))
    place = next(c for c, entry in enumerate(reduction.classes) if entry.setting == "15d")
    return state_probabilities(AGES, table.fate(place, z))


@pytest.mark.parametrize("basis", ["catalogue", "claim", "treaty"])
def test_states_in_a_case_are_those_of_the_fate_command(field: Case, basis: str) -> None:
    mine = _shares(field, basis)
    ordnance, _ = with_setting(field.catalogue.ordnance("BLU-92/B"), "15d")
    told = basis_draws(ordnance, basis, field.catalogue, num_draws=40_000, rng=np.random.default_rng(3))
    theirs = state_probabilities(AGES, told.draws)
    error = theirs.std(axis=0) * np.sqrt(1.0 / 40_000 + 1.0 / 4096)
    assert (np.abs(mine.mean(axis=0) - theirs.mean(axis=0)) <= 4.0 * error + 1e-9).all()


def test_the_treaty_is_met_exactly_in_every_draw(field: Case) -> None:
    # CCW Amended Protocol II, Technical Annex 3(a): 10 % of activated mines at 30 days, 1 in 1,000 at 120 days
    shares = _shares(field, "treaty")
    activated = 1.0 - shares[:, 0, 2]
    present = shares[:, 2, 0] + shares[:, 2, 1]
    assert np.allclose(present / activated, 0.10, atol=1e-9)
    assert np.allclose(shares[:, 3, 0] / activated, 0.001, atol=1e-9)


def test_the_claim_is_taken_at_its_word_in_every_draw(field: Case) -> None:
    shares = _shares(field, "claim")
    assert np.allclose(shares[:, 2:, 0] / (1.0 - shares[:, :1, 2]), 6e-6, rtol=1e-6)


def test_a_claim_with_two_ends_is_a_range_that_goes_with_what_it_replaces(field: Case) -> None:
    catalogue = load_catalogue()
    name = next(c for c in catalogue.claims.values() if c.low not in (None, 0.0) and c.low != c.high)
    kind = catalogue.ordnance(name.types[0])
    entry, note = type_on_basis(kind, "claim", catalogue, claim=name.name, rng=np.random.default_rng(1))
    assert entry.held[0].share.low == name.low
    assert name.speaker in note


def test_learned_ranges_lie_within_the_evidence(field: Case) -> None:
    catalogue = field.catalogue
    entry, _ = type_on_basis(
        catalogue.ordnance("BLU-92/B"), "learned", catalogue, unconfirmed=True, rng=np.random.default_rng(1)
    )
    assert entry.fate.p_sd_fails.basis == "derived"
    assert 0.0 < entry.fate.p_sd_fails.low < entry.fate.p_sd_fails.high < 0.02
    assert not entry.held


def test_what_nobody_has_said_is_refused(field: Case) -> None:
    catalogue, rng = field.catalogue, np.random.default_rng(1)
    with pytest.raises(NotEstimable, match="nobody is on record"):
        type_on_basis(catalogue.ordnance("PMN-2"), "claim", catalogue, rng=rng)
    with pytest.raises(InvalidInput, match="basis must be one of"):
        type_on_basis(catalogue.ordnance("PMN-2"), "hope", catalogue, rng=rng)


def test_what_is_held_is_no_content_of_the_catalogue_files(field: Case) -> None:
    assert load_catalogue().sha256 == field.catalogue.sha256
    assert all(not kind.held for kind in field.catalogue.types.values())
