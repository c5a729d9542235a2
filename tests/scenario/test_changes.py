"""What-ifs of a case, as functions of it: what they change, what they leave, and what they refuse."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remnant.errors import InvalidInput
from remnant.evidence import (
    Case,
    Ceasefire,
    ChangeDates,
    ChangeQuantity,
    FutureSearch,
    ReplaceType,
    Where,
    aliases,
    changed,
)
from remnant.io import read_case
from remnant.io.scenario_file import read_scenario
from remnant.units import day_number


def test_another_type_takes_the_place_in_deposits_and_areas_and_stands_in_for_the_old_one(
    field: Case,
) -> None:
    after = changed(field, [ReplaceType(type="gator", setting="15d")])
    assert after.deposits.type.tolist() == ["BLU-92/B"]
    assert after.deposits.setting.tolist() == ["15d"]
    assert after.deposits.kind.tolist() == ["remotely_delivered"]
    assert after.areas.types == (("BLU-92/B",),)
    assert aliases(field, after) == {"BLU-92/B (15d)": "generic AP mine", "BLU-92/B": "generic AP mine"}
    assert field.deposits.type.tolist() == ["generic AP mine"], "the case itself is as it was"


def test_without_a_setting_the_longest_is_taken_so_that_doubt_does_not_lower_the_hazard(field: Case) -> None:
    assert changed(field, [ReplaceType(type="BLU-92/B")]).deposits.setting.tolist() == ["15d"]
    assert changed(field, [ReplaceType(type="PMN-2")]).deposits.setting.tolist() == [""]


def test_quantities_are_scaled_or_replaced(field: Case) -> None:
    doubled = changed(field, [ChangeQuantity(factor=2.0)]).deposits
    assert (doubled.quantity_low.tolist(), doubled.quantity_high.tolist()) == ([2000.0], [2000.0])
    ranged = changed(field, [ChangeQuantity(low=10.0, high=30.0)]).deposits
    assert (ranged.quantity_low.tolist(), ranged.quantity_high.tolist()) == ([10.0], [30.0])


def test_a_ceasefire_keeps_the_share_of_days_before_it(field: Case) -> None:
    # by hand: ten days from 23 May to 1 June; a ceasefire on 27 May leaves 23 to 26 May, 4 of 10 days
    last = day_number(field.as_of)
    spread = replace(field.deposits, start_day=np.array([last - 9.0]), end_day=np.array([last]))
    case = replace(field, deposits=spread)
    after = changed(case, [Ceasefire(date=dt.date(2026, 5, 27))]).deposits
    assert after.quantity_low.item() == pytest.approx(400.0)
    assert after.end_day.item() == day_number(dt.date(2026, 5, 26))
    assert changed(case, [Ceasefire(date=dt.date(2026, 5, 1))]).deposits.quantity_high.item() == 0.0
    assert changed(case, [Ceasefire(date=dt.date(2026, 7, 1))]).deposits.quantity_low.item() == 1000.0


def test_a_ceasefire_keeps_deliveries_of_unknown_day_whole(field: Case) -> None:
    unknown = replace(field.deposits, start_day=np.array([np.nan]), end_day=np.array([np.nan]))
    after = changed(replace(field, deposits=unknown), [Ceasefire(date=dt.date(2000, 1, 1))])
    assert after.deposits.quantity_low.item() == 1000.0


def test_deliveries_move_but_not_beyond_the_records(field: Case) -> None:
    moved = changed(field, [ChangeDates(shift_days=-30.0)]).deposits
    assert moved.start_day.item() == field.deposits.start_day.item() - 30.0
    with pytest.raises(InvalidInput, match=r"must not lie after the last day of the records .* D-1 would"):
        changed(field, [ChangeDates(shift_days=1.0)])
    named = changed(field, [ChangeDates(start=dt.date(2026, 1, 1), end=dt.date(2026, 1, 5))]).deposits
    assert named.end_day.item() - named.start_day.item() == 4.0


def test_a_survey_to_come_is_a_search_of_unknown_outcome(field: Case) -> None:
    after = changed(field, [FutureSearch(method="manual detector", coverage=0.3)]).searches
    assert after.id.tolist() == ["what-if survey of F-1"]
    assert np.isnan(after.items_found).all()
    assert not after.is_complete.any()
    assert after.coverage.tolist() == [0.3]


def test_only_what_is_asked_for_changes(searched: Case) -> None:
    one = str(searched.areas.id[0])
    after = changed(searched, [ReplaceType(type="PMN-2", where=Where(id=(one,)))])
    assert after.areas.types[0] == ("PMN-2",)
    assert after.areas.types[1:] == searched.areas.types[1:]
    assert after.deposits.type.tolist() == searched.deposits.type.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (ReplaceType(type="nothing such"), "is not in the catalogue"),
        (ReplaceType(type="BLU-92/B", setting="9d"), "setting must be one of BLU-92/B; got '9d'"),
        (
            ReplaceType(type="PMN-2", where=Where(id=("D-9",))),
            r"none has id = \['D-9'\]. There are 2, such as: D-1, F-1",
        ),
        (ChangeQuantity(factor=2.0, where=Where(layer=("none",))), r"must fit a deposit; none has layer"),
        (FutureSearch(method="divining rod", coverage=0.5), "is not in the catalogue"),
        (FutureSearch(method="dogs", coverage=0.5, where=Where(type=("PMN",))), "must fit a hazard area"),
    ],
)
def test_a_change_that_fits_nothing_is_refused(field: Case, change: ReplaceType, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        changed(field, [change])


def test_every_variant_of_the_valley_fits_its_records() -> None:
    valley = Path(__file__).parents[2] / "examples" / "valley"
    case = read_case(valley)
    asked = read_scenario([valley / "scenario.toml"], case)
    assert [d.isoformat() for d in asked.dates] == ["2026-06-30", "2026-10-28", "2027-06-30", "2036-06-30"]
    after = {v.name: changed(case, v.changes) for v in asked.variants}
    assert after["ceasefire in June 2023"].deposits.quantity_high.tolist() == [648.0, 0.0, 0.0]
    assert after["persistent mines delivered"].deposits.type.tolist() == ["PFM-1", "M42", "PFM-1"]
    assert after["persistent mines delivered"].areas.types == case.areas.types
    assert after["half of each area surveyed"].searches.id.size > case.searches.id.size + 30
