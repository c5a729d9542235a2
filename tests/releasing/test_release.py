"""Release verdicts of a case: tables, waiting, policies from files, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from remnant.assessment import answer
from remnant.cli import app as cli_app
from remnant.errors import InvalidInput
from remnant.evidence import MinimumEvidence, Policy
from remnant.io.policy_section import read_policy
from remnant.planning import areas_to_plan
from remnant.releasing import Judge, ReleaseAnswer, release_of
from remnant.simulate import simulate_case
from remnant.weighing import Weighed, weigh

EXAMPLES = Path(__file__).parents[2] / "examples"
VALLEY, DEBATE = EXAMPLES / "valley", EXAMPLES / "debate"


@pytest.fixture(scope="module")
def weighed(worlds: ModuleType) -> Weighed:
    case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    return weigh(replace(case, num_draws=200, policy=Policy(name="test", p_any_explosive_max=0.3)))


@pytest.fixture(scope="module")
def released(weighed: Weighed) -> ReleaseAnswer:
    return release_of(weighed)


def test_the_verdicts_are_those_of_the_assessment(weighed: Weighed, released: ReleaseAnswer) -> None:
    result, areas = answer(weighed), released.tables["areas"]
    assert areas["verdict"].tolist() == result.areas["verdict"].tolist()
    assert areas["reasons"].tolist() == result.areas["reasons"].tolist()


def test_every_area_has_a_row_for_every_criterion(weighed: Weighed) -> None:
    policy = Policy(
        p_any_armed_max=0.1, density_q95_max_per_km2={"dud": 3.0}, individual_risk_max_per_year=1e-5,
        activity="farming", minimum=(MinimumEvidence(searched_share_min=0.5),), must_hold=("p_any_armed", "evidence"),
    )  # fmt: skip
    tables = release_of(weighed, policy, most_records=0, methods=["dogs"]).tables
    criteria = tables["criteria"]
    assert criteria["criterion"].tolist()[:4] == ["p_any_armed", "density_dud", "individual_risk", "evidence"]
    assert len(criteria) == 4 * weighed.case.areas.id.size
    assert criteria.loc[criteria["decides"], "criterion"].unique().tolist() == ["p_any_armed", "evidence"]
    known = criteria[criteria["criterion"] != "evidence"]
    assert (known["q05"] <= known["q95"]).all()
    assert criteria["sure"].between(0.0, 1.0).all()
    assert tables["methods"]["method"].unique().tolist() == ["dogs"]
    assert tables["records"].empty


def test_ground_to_search_is_the_least_of_all_methods(released: ReleaseAnswer) -> None:
    areas, methods = released.tables["areas"].set_index("area_id"), released.tables["methods"]
    for name, part in methods.groupby("area_id"):
        least = part["search_m2"].min()
        assert areas.loc[name, "search_m2"] == pytest.approx(least, nan_ok=True)
    assert set(methods["area_id"]) == set(areas.index[areas["verdict"] != "meets"])


def test_both_errors_over_all_areas_are_the_sums_of_the_areas(released: ReleaseAnswer) -> None:
    areas, errors = released.tables["areas"], released.tables["errors"]
    meets = areas["verdict"] == "meets"
    assert errors["num_areas"].tolist() == [meets.sum(), (~meets).sum()]
    wrong = [areas.loc[meets, "p_item_left"].sum(), areas.loc[~meets, "p_clean"].sum()]
    assert errors["wrong_areas_mean"].to_numpy() == pytest.approx(np.array(wrong), abs=0.3)
    assert errors["wrong_m2_mean"][1] == pytest.approx(areas.loc[~meets, "clean_m2_held"].sum(), rel=0.15)


def test_waiting_is_named_where_mines_expire_and_says_what_is_left(worlds: ModuleType) -> None:
    """Mines that destroy themselves: the limit on armed items is kept later, and the residue stands beside it."""
    box = shapely.box(0, 0, 300, 200)
    case = worlds.case_of(
        worlds.areas([box], ["CHA"], [("BLU-92/B",)], start=worlds.D0 + 455.0, end=worlds.D0 + 456.0),
        worlds.searches([box], ["manual detector"], [worlds.D0 + 456.0], [0.05], [True]),
        policy=Policy(p_any_armed_max=0.5, must_hold=("p_any_armed",)),
        num_draws=250,
    )
    weighed = weigh(case)
    judge = Judge(weighed)
    waiting = judge.wait(np.array([0]))
    if np.isnan(waiting.until[0]):
        pytest.fail("a self-destructing mine should be gone within thirty years")
    assert waiting.not_by[0] < waiting.until[0]
    assert waiting.p_any[0] >= 0.0
    row = release_of(weighed, most_records=0).tables["areas"].iloc[0]
    assert row["wait_days"] == waiting.until[0] - weighed.days[0]
    assert row["expired_after_wait"] + row["duds_after_wait"] > 0.0
    areas, _ = areas_to_plan(weighed, answer(weighed))
    assert areas.wait_until_d is not None
    assert areas.wait_until_d[0] == waiting.until[0]


def test_where_no_clock_runs_waiting_is_not_named(weighed: Weighed, worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 300, 200)], ["CHA"], [("PMN",)]),
        worlds.searches([], [], [], [], []),
        policy=Policy(p_any_armed_max=0.01),
        num_draws=100,
    )
    told = release_of(weigh(case))
    assert told.tables["areas"]["wait_until"].isna().all()
    assert any("waiting changes nothing" in note for note in told.notes)
    assert told.tables["areas"]["to_fetch"][0].startswith("any record of survey")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"policy": Policy()}, "need a policy"),
        ({"methods": ["grazing"]}, "is land use"),
        ({"policy": Policy(individual_risk_max_per_year=1e-5, activity="skiing")}, "Known: farming"),
    ],
)
def test_what_cannot_be_answered_is_refused(weighed: Weighed, change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        release_of(weighed, **change)  # type: ignore[arg-type]


# ---- policies from files ----

GOOD = """
name = "National policy"
source = "the authority, 2025"
p_any_armed_max = 0.01
individual_risk_max_per_year = 1e-5
activity = "farming"
must_hold = ["p_any_armed", "evidence"]
[density_q95_max_per_km2]
armed = 0.5
explosive = 2
[[minimum]]
class = "CHA"
cleared_share_min = 1.0
[[minimum]]
known_outcome = true
"""


def test_a_policy_file_says_everything(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(GOOD)
    policy = read_policy(file)
    assert policy.limits == {
        "p_any_armed": 0.01, "density_armed": 0.5, "density_explosive": 2.0, "individual_risk": 1e-5,
    }  # fmt: skip
    assert policy.least_evidence("CHA").cleared_share_min == 1.0
    assert policy.least_evidence("SHA").known_outcome
    assert not policy.decides("individual_risk")
    file.write_text("[policy]\ndensity_q95_max_per_km2 = 3")
    assert read_policy(file).density_q95_max_per_km2 == {"explosive": 3.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "states none"),
        ("name = 'x'", "states none"),
        ("p_any_armed_max = 5", "less than or equal to 1"),
        ("p_any_armed_max = -0.1", "greater than or equal to 0"),
        ("p_any_armed_max = nan", "finite"),
        ("p_any_armed_max = '5 %'", "number"),
        ("p_any_armed = 0.1", "not a key of a policy. Known keys: "),
        ("density_q95_max_per_km2 = -1", "density_q95_max_per_km2"),
        ("density_q95_max_per_km2 = {live = 1}", "live"),
        ("p_any_armed_max = 0.1\nmust_hold = ['armed']", "must be one of p_any_armed"),
        ("p_any_armed_max = 0.1\nmust_hold = ['evidence']", "for which the policy states no limit"),
        ("p_any_armed_max = 0.1\nactivity = 'farming'", "name individual_risk_max_per_year too"),
        ("[[minimum]]\nclass='A'\n[[minimum]]\nclass='A'", "twice"),
        ("[[minimum]]\nclass=3", "minimum.1.class"),
        ("minimum = 0.5", "minimum"),
        ("file = 'other.toml'", "cannot name another file"),
        ("p_any_armed_max = ", "must be TOML"),
        ("p_any_armed_max = 0.1\np_any_armed_max = 0.2", "must be TOML"),
    ],
)
def test_a_broken_policy_is_one_clear_message(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        cli_app.app, ["release", str(VALLEY), "--policy", str(file), "--out", str(out)]
    )
    assert isinstance(result.exception, InvalidInput)
    assert words in str(result.exception)
    assert "policy.toml" in str(result.exception)
    assert not out.exists()


def test_a_policy_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_policy(tmp_path / "none.toml")
    file = tmp_path / "policy.toml"
    file.write_bytes(b"\xff\xfe\x00p")
    with pytest.raises(InvalidInput, match="UTF-8"):
        read_policy(file)


# ---- the command ----


def test_the_command_writes_one_folder_twice_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        result = CliRunner().invoke(
            cli_app.app, ["release", str(DEBATE), "--out", str(folder), "--records", "2", "--method", "dogs"]
        )
        assert result.exit_code == 0, result.exception
    assert "1 area against" in result.stdout
    names = sorted(p.name for p in folders[0].iterdir())
    assert names == [
        "areas.csv", "criteria.csv", "errors.csv", "manifest.json", "methods.csv", "records.csv", "release.gpkg",
        "release.html", "release.json",
    ]  # fmt: skip
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    layers = {str(name) for name, _ in pyogrio.list_layers(folders[0] / "release.gpkg")}
    assert {"areas", "criteria", "methods", "records", "errors", "provenance"} <= layers
    areas = pyogrio.read_dataframe(folders[0] / "release.gpkg", layer="areas")
    assert set(areas["verdict"]) <= {"meets", "does not meet", "cannot tell: survey"}
    content = json.loads((folders[0] / "release.json").read_text(encoding="utf-8"))
    table = pd.read_csv(folders[0] / "areas.csv", encoding="utf-8-sig")
    assert len(content["areas"]) == len(table) == 1
    page = (folders[0] / "release.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    for word in ("Both errors", "What the policy asks", "F-1", "a person does"):
        assert word in page


def test_a_case_without_a_policy_is_told_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli_app.app, ["release", str(tmp_path / "nothing")])
    assert "is not there" in str(result.exception)
