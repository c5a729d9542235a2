"""The whole run on small worlds: shape of the answer, its promises, and cases with next to nothing in them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from remnant import Assessment, __version__, assess
from remnant.evidence import Case, Districts, Policy
from remnant.simulate import simulate_case

STATES = ["armed", "expired", "dud", "explosive"]
RESULT = {
    "date": dt.date,
    "state": str,
    "is_forecast": bool,
    "mean": float,
    "q05": float,
    "q95": float,
    "p_any": float,
}


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    world, _ = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))
    regions = np.array(
        [
            shapely.box(-900, -900, 1200, 9000),
            shapely.box(1200, -900, 2000, 9000),
            shapely.box(2000, -900, 9000, 9000),
        ]
    )
    return replace(
        world,
        inputs={"hazards.gpkg": "ab" * 32, "finds.csv": "cd" * 32},
        num_draws=300,
        districts=Districts(
            name=np.array(["West", "East", "West"]), geometry=regions, source=worlds.source(3, "d")
        ),
    )


@pytest.fixture(scope="module")
def result(case: Case) -> Assessment:
    return assess(case)


def check_results(table: pd.DataFrame, key: str, dates: tuple[dt.date, ...], as_of: dt.date) -> None:
    assert [key, *RESULT] == [c for c in table.columns if c != "density_q95_per_km2"]
    assert all(type(d) is dt.date for d in table["date"])
    assert set(table["date"]) == set(dates)
    assert table["is_forecast"].dtype == np.bool_
    assert (table["is_forecast"] == [d > as_of for d in table["date"]]).all()
    for name in ("mean", "q05", "q95", "p_any"):
        assert table[name].dtype == np.float64
    assert (table["q05"] <= table["q95"]).all()
    assert table["p_any"].between(0.0, 1.0).all()
    assert (table[["mean", "q05", "q95"]] >= 0.0).all().all()
    for _, rows in table.groupby([key, "date"], sort=False):
        assert rows["state"].tolist() == STATES
        assert rows["mean"].iloc[3] == pytest.approx(rows["mean"].iloc[:3].sum(), abs=1e-9)
        assert rows["p_any"].iloc[3] >= rows["p_any"].iloc[:3].max() - 1e-12


def test_result_tables_are_as_the_docstring_says(result: Assessment, case: Case) -> None:
    check_results(result.area_results, "area", case.dates, case.as_of)
    check_results(result.district_results, "district", case.dates, case.as_of)
    check_results(result.total_results, "scope", case.dates, case.as_of)
    assert "density_q95_per_km2" in result.area_results
    assert len(result.area_results) == case.areas.id.size * len(case.dates) * 4
    assert set(result.total_results["scope"]) <= {
        "hazard areas",
        "deposits",
        "outside hazard areas",
        "place unknown",
        "all",
    }
    assert list(result.curve.columns) == list(RESULT)
    assert result.curve["date"].iloc[0] == case.as_of
    assert result.curve["date"].iloc[-1].year == case.as_of.year + 30


def test_the_table_of_areas_is_as_the_docstring_says(result: Assessment, case: Case) -> None:
    areas = result.areas
    assert isinstance(areas, gpd.GeoDataFrame)
    assert list(areas.columns) == [
        "area_id",
        "hazard_class",
        "status",
        "types",
        "layer",
        "row",
        "area_m2",
        "place_known",
        "searched_share",
        "num_found",
        "p_exists",
        "verdict",
        "reasons",
        "search_m2",
        "geometry",
    ]
    assert areas.index.tolist() == list(range(case.areas.id.size))
    assert areas.crs == case.crs
    assert areas["place_known"].dtype == np.bool_
    assert areas["area_m2"].to_numpy() == pytest.approx(shapely.area(case.areas.geometry))
    assert areas["types"].iloc[1] == "PMN; PFM-1S"
    assert areas["searched_share"].between(0.0, 1.0).all()
    assert areas["p_exists"].between(0.0, 1.0).all()
    assert set(areas["verdict"]) <= {"meets", "does not meet", "cannot tell: survey"}
    assert (areas["reasons"].str.len() > 20).all()
    further = areas["search_m2"]
    assert (further.isna() | ((further >= 0.0) & (further <= areas["area_m2"]))).all()
    assert (further[areas["verdict"] == "meets"] == 0.0).all()


def test_finds_in_areas_are_those_of_the_records(result: Assessment, case: Case) -> None:
    inside = [shapely.intersects(g, case.events.geometry).sum() for g in case.areas.geometry]
    assert result.areas["num_found"].to_numpy() == pytest.approx(np.array(inside, float), abs=1e-6)
    assert (result.areas["p_exists"][np.array(inside) > 0] > 0.999).all()


def test_cells_are_a_dataset_with_units(result: Assessment, case: Case) -> None:
    cells = result.cells
    assert isinstance(cells, xr.Dataset)
    assert cells["mean"].dims == ("date", "state", "cell")
    assert cells["state"].to_numpy().tolist() == STATES
    assert cells["date"].dtype == np.dtype("datetime64[ns]")
    assert [d.date() for d in pd.to_datetime(cells["date"].to_numpy())] == list(case.dates)
    for name, variable in cells.data_vars.items():
        assert variable.attrs["units"] in ("items", "1"), name
        assert len(variable.attrs["long_name"]) > 5, name
    assert set(cells.data_vars) == {"mean", "q05", "q95", "p_any", "row", "col", "area", "searched_share"}
    assert set(cells.attrs) == {"crs", "cell_m", "left_m", "top_m", "num_rows", "num_cols"}
    assert cells["row"].min() >= 0
    assert cells["row"].max() < cells.attrs["num_rows"]
    assert cells["col"].max() < cells.attrs["num_cols"]
    assert cells["p_any"].min() >= 0.0
    assert cells["p_any"].max() <= 1.0
    assert bool((cells["q05"] <= cells["q95"]).all())
    explosive = cells["mean"].sel(state="explosive")
    assert np.allclose(explosive, cells["mean"].sel(state=STATES[:3]).sum("state"), rtol=1e-9)


def test_cells_name_the_area_that_covers_most_of_them(result: Assessment, case: Case) -> None:
    """The second route: clip every area by every cell. Cells that no area touches name none."""
    cells = result.cells
    size = cells.attrs["cell_m"]
    left = cells.attrs["left_m"] + cells["col"].to_numpy() * size
    top = cells.attrs["top_m"] - cells["row"].to_numpy() * size
    boxes = shapely.box(left, top - size, left + size, top)
    inside = shapely.area(shapely.intersection(boxes[:, None], case.areas.geometry[None, :]))
    wanted = np.where(inside.max(axis=1) > 1e-3, inside.argmax(axis=1), -1)
    assert (cells["area"].to_numpy() == wanted)[
        (inside.max(axis=1) > 1e-3) | (inside.max(axis=1) == 0.0)
    ].all()


def test_an_area_of_many_types_covers_no_more_of_a_cell(worlds: ModuleType) -> None:
    """30 % of the cell by an area of three types, 70 % by an area of one."""
    answer = assess(
        worlds.case_of(
            worlds.areas(
                [shapely.box(0, 0, 15, 50), shapely.box(15, 0, 50, 50)],
                ["SHA", "SHA"],
                [("PMN", "PMN-2", "PFM-1S"), ("PMN",)],
            ),
            worlds.searches([], [], [], [], []),
            num_draws=40,
        )
    )
    at = (answer.cells["col"] == 0) & (answer.cells["row"] == answer.cells["row"].max())
    assert answer.cells["area"].to_numpy()[at.to_numpy()].tolist() == [1]


def test_scopes_add_up_to_all(result: Assessment) -> None:
    table = result.total_results.pivot_table(
        index=["date", "state"], columns="scope", values="mean", sort=False
    )
    assert table.drop(columns="all").sum(axis=1).to_numpy() == pytest.approx(table["all"].to_numpy())


def test_districts_that_cover_all_add_up_to_all(result: Assessment) -> None:
    """Two polygons carry the name West: neither of them is dropped."""
    table = result.district_results.groupby(["date", "state"], sort=False)["mean"].sum()
    whole = result.total_results[result.total_results["scope"] == "all"].set_index(["date", "state"])["mean"]
    assert set(result.district_results["district"]) == {"West", "East"}
    assert table.to_numpy() == pytest.approx(whole.to_numpy())


def test_areas_add_up_to_hazard_areas(result: Assessment, case: Case) -> None:
    table = result.area_results.groupby(["date", "state"], sort=False)["mean"].sum()
    scope = result.total_results[result.total_results["scope"] == "hazard areas"].set_index(
        ["date", "state"]
    )["mean"]
    assert table.to_numpy() == pytest.approx(scope.to_numpy())


def assert_identical(one: Assessment, two: Assessment) -> None:
    for field in fields(Assessment):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(pd.DataFrame(a), pd.DataFrame(b), check_exact=True)
        elif isinstance(a, xr.Dataset):
            xr.testing.assert_identical(a, b)
        else:
            assert a == b, field.name


def test_the_same_seed_gives_the_same_numbers_to_the_last_bit(result: Assessment, case: Case) -> None:
    assert_identical(result, assess(case))
    assert_identical(result, assess(replace(case, seed=99), seed=case.seed))


def test_another_seed_gives_other_numbers_of_the_same_size(result: Assessment, case: Case) -> None:
    other = assess(case, seed=2)
    one, two = (r.total_results.set_index(["scope", "date", "state"])["mean"] for r in (result, other))
    assert (one != two).any()
    key = ("all", case.dates[0], "explosive")
    assert two[key] == pytest.approx(one[key], rel=0.3)
    assert other.provenance["seed"] == 2


def test_provenance_names_everything_that_the_numbers_hang_on(result: Assessment, case: Case) -> None:
    p = result.provenance
    assert p["program"] == f"remnant {__version__}"
    assert p["seed"] == 1
    assert p["as_of"] == "2023-06-01"
    assert p["dates"] == ["2023-06-01", "2033-06-01"]
    assert p["catalogue_sha256"] == case.catalogue.sha256
    assert p["inputs_sha256"] == {"finds.csv": "cd" * 32, "hazards.gpkg": "ab" * 32}
    assert (p["cell_m"], p["block_m"], p["num_draws"], p["model"]) == (50.0, 100.0, 300, "stratum")


def test_what_rests_on_judgement_is_said(result: Assessment) -> None:
    assert len(result.judgements) >= 5
    named = result.parameters[result.parameters["basis"].isin(["judgement", "weak"])]
    assert len(result.judgements) == len(named)
    for title in named["title"]:
        assert any(title in sentence for sentence in result.judgements)


def test_parameters_show_prior_beside_posterior(result: Assessment) -> None:
    table = result.parameters
    assert list(table.columns) == [
        "name",
        "title",
        "unit",
        "prior_q05",
        "prior_mean",
        "prior_q95",
        "posterior_q05",
        "posterior_mean",
        "posterior_q95",
        "basis",
        "source",
    ]
    assert table["name"].is_unique
    assert (table["prior_q05"] < table["prior_mean"]).all()
    assert (table["prior_mean"] < table["prior_q95"]).all()
    assert (table["source"].str.len() > 0).all()
    # evidence narrows: on the whole the posterior is not wider than the prior
    width = np.log(table["posterior_q95"] / table["posterior_q05"]) / np.log(
        table["prior_q95"] / table["prior_q05"]
    )
    assert width.median() < 1.1


def words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, pd.DataFrame):
        plain = pd.DataFrame(value).select_dtypes(exclude=["geometry"])
        return [*map(str, plain.columns), *(str(v) for c in plain for v in plain[c])]
    if isinstance(value, xr.Dataset):
        return [str(v) for variable in value.variables.values() for v in variable.attrs.values()]
    if isinstance(value, dict):
        return [w for k, v in value.items() for w in [str(k), *words(v)]]
    return [w for v in value for w in words(v)] if isinstance(value, (tuple, list)) else [str(value)]


def test_nothing_in_the_answer_calls_land_safe(result: Assessment, worlds: ModuleType) -> None:
    quiet = assess(
        worlds.case_of(
            worlds.areas([shapely.box(0, 0, 200, 200)] * 2, ["SHA", "CHA"], [("PMN",)] * 2),
            worlds.searches(
                [shapely.box(0, 0, 200, 200)], ["manual detector"], [worlds.D0 + 99.0], [1.0], [True]
            ),
            policy=Policy(
                p_any_armed_max=0.9, p_any_explosive_max=0.95, density_q95_max_per_km2={"explosive": 1e9}
            ),
            num_draws=60,
        )
    )
    forbidden = re.compile(r"\b(safe|safely|safety|free of mines|mine-free|mine free)\b", re.IGNORECASE)
    for answer in (result, quiet):
        for field in fields(Assessment):
            hits = [w for w in words(getattr(answer, field.name)) if forbidden.search(w)]
            assert not hits, (field.name, hits)


# ---- special cases ----


def blank(worlds: ModuleType, **options: Any) -> Case:
    return worlds.case_of(
        worlds.areas([], [], []), worlds.searches([], [], [], [], []), num_draws=80, **options
    )


def explosive(answer: Assessment, scope: str = "all") -> float:
    table = answer.total_results
    chosen = table[(table["scope"] == scope) & (table["state"] == "explosive")]
    return float(chosen["mean"].iloc[0])


def test_a_case_without_any_record_is_answered(worlds: ModuleType) -> None:
    answer = assess(blank(worlds))
    assert len(answer.areas) == 0
    assert len(answer.area_results) == 0
    assert len(answer.district_results) == 0
    assert answer.cells.sizes["cell"] == 0
    assert answer.total_results["scope"].unique().tolist() == ["all"]
    check_results(answer.total_results, "scope", answer.dates, answer.as_of)


def test_a_case_of_deposits_alone_is_answered(worlds: ModuleType) -> None:
    answer = assess(
        replace(
            blank(worlds),
            deposits=worlds.deposits(
                [shapely.Point(500, 500).buffer(200), None], ["PMN", "PMN"], [100.0, 40.0], [100.0, 60.0]
            ),
        )
    )
    assert explosive(answer, "deposits") == pytest.approx(100.0, rel=0.4)
    assert explosive(answer, "place unknown") == pytest.approx(49.0, rel=0.4)
    assert len(answer.areas) == 0


def test_a_case_of_finds_alone_is_answered(worlds: ModuleType) -> None:
    answer = assess(
        replace(blank(worlds), events=worlds.events([shapely.Point(0, 0), None], precision_m=50.0))
    )
    assert answer.cells.sizes["cell"] > 1
    assert "events-of-unknown-place" in answer.findings["code"].tolist()


def test_a_case_of_areas_without_a_place_is_answered(worlds: ModuleType) -> None:
    table = worlds.areas([None, None], ["CHA", "SHA"], [("PMN",), ("PFM-1S",)])
    answer = assess(replace(blank(worlds), areas=table))
    assert answer.areas["geometry"].isna().all()
    assert not answer.areas["place_known"].any()
    assert "meets" not in answer.areas["verdict"].tolist()
    assert explosive(answer, "place unknown") > 0.0
    assert answer.area_results["mean"].gt(0).any()


def test_one_date_and_no_policy_are_enough(worlds: ModuleType) -> None:
    answer = assess(
        worlds.case_of(
            worlds.areas([shapely.box(0, 0, 300, 200)], ["SHA"], [("PMN",)]),
            worlds.searches([], [], [], [], []),
            policy=Policy(),
            dates=(dt.date(2024, 1, 1),),
            num_draws=80,
        )
    )
    assert answer.areas["verdict"].tolist() == ["no policy stated"]
    assert answer.areas["search_m2"].isna().all()
    assert set(answer.area_results["date"]) == {dt.date(2024, 1, 1)}
    assert answer.area_results["is_forecast"].all()
    assert answer.cells.sizes["date"] == 1


def test_several_parts_of_an_area_all_reach_the_answer(worlds: ModuleType) -> None:
    """One area drawn as two squares holds what two areas of one square would hold."""
    left, right = shapely.box(0, 0, 200, 200), shapely.box(1000, 0, 1200, 200)
    one = assess(
        worlds.case_of(
            worlds.areas([shapely.union_all([left, right])], ["CHA"], [("PMN",)]),
            worlds.searches([], [], [], [], []),
            num_draws=1500,
        )
    )
    single = assess(
        worlds.case_of(
            worlds.areas([left], ["CHA"], [("PMN",)]), worlds.searches([], [], [], [], []), num_draws=1500
        )
    )
    assert explosive(one) == pytest.approx(2 * explosive(single), rel=0.15)
    assert one.cells["mean"].sel(state="explosive").isel(date=0).sum() == pytest.approx(
        explosive(one), rel=0.25
    )


def test_mines_that_destroy_themselves_grow_fewer_and_expired_ones_stay(worlds: ModuleType) -> None:
    days = [0, 20, 60, 400, 4000]
    as_of = dt.date(2022, 3, 2)
    answer = assess(
        replace(
            blank(worlds),
            as_of=as_of,
            dates=tuple(as_of + dt.timedelta(days=d) for d in days),
            num_draws=500,
            deposits=worlds.deposits([shapely.Point(500, 500).buffer(200)], ["PFM-1S"], [4000.0], [4000.0]),
        )
    )
    table = answer.total_results[answer.total_results["scope"] == "all"]
    table = table.pivot_table(index="date", columns="state", values="mean", sort=False)
    armed, every = table["armed"].to_numpy(), table["explosive"].to_numpy()
    assert (np.diff(armed) <= 0.01 * armed[:-1]).all()
    assert (np.diff(every) <= 0.01 * every[:-1]).all()
    assert armed[-1] < 0.5 * armed[0]
    assert table["expired"].to_numpy()[-1] >= table["expired"].to_numpy()[0]
    assert table["dud"].to_numpy() == pytest.approx(np.full(5, table["dud"].to_numpy()[0]), rel=0.03)
    assert every[-1] > 0.0


def test_progress_names_its_steps_and_ends_at_one(worlds: ModuleType) -> None:
    seen: list[tuple[str, float]] = []
    assess(
        worlds.case_of(
            worlds.areas([shapely.box(0, 0, 200, 200)], ["SHA"], [("PMN",)]),
            worlds.searches([shapely.box(0, 0, 200, 200)], ["dogs"], [worlds.D0 + 99.0], [1.0], [True]),
            num_draws=60,
        ),
        progress=lambda step, share: seen.append((step, share)),
    )
    assert list(dict.fromkeys(step for step, _ in seen)) == ["reduce", "learn", "count", "curve", "cells"]
    for step in {step for step, _ in seen}:
        shares = [share for name, share in seen if name == step]
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0)


def test_ground_of_an_area_under_another_is_said_to_be_counted_there(worlds: ModuleType) -> None:
    square = shapely.box(0, 0, 200, 200)
    answer = assess(
        worlds.case_of(
            worlds.areas([square, square], ["SHA", "CHA"], [("PMN",)] * 2),
            worlds.searches([], [], [], [], []),
            num_draws=60,
        )
    )
    assert answer.areas["verdict"].iloc[0] == "cannot tell: survey"
    assert "covered by another hazard area" in answer.areas["reasons"].iloc[0]
    assert answer.area_results.loc[answer.area_results["area"] == 0, "mean"].isna().all()


def test_deliveries_count_in_the_verdict_of_the_area_that_they_lie_in(worlds: ModuleType) -> None:
    """An area with 1,000 mines recorded inside it yesterday cannot have a small chance of an armed item."""
    square = shapely.box(0, 0, 300, 300)
    day = worlds.D0 + 450.0
    base = worlds.case_of(
        worlds.areas([square, shapely.box(600, 0, 900, 300)], ["SHA", "SHA"], [("PMN",), ("PMN",)]),
        worlds.searches([square], ["manual detector"], [worlds.D0 + 200.0], [1.0], [True]),
    )
    with_drop = replace(base, deposits=worlds.deposits([square], ["PMN"], [900.0], [1100.0], day=day))
    before, after = assess(base), assess(with_drop)
    assert "armed" in after.areas["reasons"][0]
    assert after.areas["verdict"][0] == "does not meet"
    got = after.area_results.query("state == 'armed'").groupby("area")["mean"].first()
    was = before.area_results.query("state == 'armed'").groupby("area")["mean"].first()
    assert got[0] > was[0] + 500.0
    assert got[1] == pytest.approx(was[1], rel=0.35)
    total = after.total_results.query("scope == 'deposits' and state == 'armed'")["mean"].iloc[0]
    assert got[0] > 0.95 * total
