"""The command on the shipped example: files, page, order of the variants, determinism, and every kind of bad input."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from remnant.cli.app import app
from remnant.errors import RemnantError

EXAMPLE = Path(__file__).parents[2] / "examples" / "debate"
CLAIM, TREATY, FIELD = "non-persistent, as claimed", "as the treaty allows", "as field evidence suggests"
BASE = "persistent mines"


def _run(*words: object) -> str:
    result = CliRunner().invoke(app, ["scenario", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with fewer draws."""
    folder = tmp_path_factory.mktemp("debate") / "case"
    shutil.copytree(EXAMPLE, folder)
    text = (folder / "case.toml").read_text("utf-8")
    (folder / "case.toml").write_text(text.replace("num_draws = 2000", "num_draws = 256"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def done(case: Path) -> Path:
    out = case.parent / "out"
    _run(case, case / "debate.toml", "--people", case / "people.csv", "--out", out, "--quiet")
    return out


@pytest.fixture(scope="module")
def results(done: Path) -> pd.DataFrame:
    return pd.read_csv(done / "results.csv").set_index(["measure", "date", "variant"])["mean"]


def test_the_four_variants_come_in_the_order_that_physics_forces(results: pd.Series) -> None:  # type: ignore[type-arg]
    late = "2036-06-01"
    armed = [results["armed", late, v] for v in (CLAIM, FIELD, TREATY, BASE)]
    assert armed == sorted(armed)
    assert armed[0] < 0.1 * armed[1]
    assert armed[2] < 0.01 * armed[3]
    items = [results["items", late, v] for v in (CLAIM, TREATY, BASE)]
    assert items == sorted(items)
    for variant in (CLAIM, TREATY, FIELD):
        assert results["items", late, variant] > 10.0, "duds and expired items are left"
        assert results["dud", late, variant] > results["dud", late, BASE], "no time makes duds fewer"
        assert (
            results["casualties_per_year", late, variant] < 0.1 * results["casualties_per_year", late, BASE]
        )
    ground = results.xs("ground_m2", level="measure")
    assert len(set(ground)) == 1, "every metre is every metre"
    for variant in (CLAIM, TREATY, FIELD, BASE):
        over_time = results.xs("items", level="measure").xs(variant, level="variant")
        assert (over_time.sort_index().diff().dropna() <= 1e-9).all(), "nothing is added with time"


def test_differences_are_of_the_same_draws(done: Path) -> None:
    results, gaps = (pd.read_csv(done / f"{n}.csv") for n in ("results", "differences"))
    keys = ["measure", "date"]
    base = results[results["variant"] == BASE].set_index(keys)["mean"]
    for row in gaps[gaps["measure"].isin(["items", "armed", "casualties_per_year"])].to_dict("records"):
        own = results[(results["variant"] == row["variant"]) & (results["measure"] == row["measure"])]
        mean = own[own["date"] == row["date"]]["mean"].item()
        assert row["mean"] == pytest.approx(mean - base[row["measure"], row["date"]], abs=1e-6)
        assert row["q05"] <= row["q95"]
        assert 0.0 <= row["p_lower"] <= 1.0


def test_the_folder_holds_page_tables_and_json_that_agree(done: Path) -> None:
    names = {p.name for p in done.iterdir()}
    assert names == {
        "scenario.html", "scenario.json", "results.csv", "differences.csv", "curve.csv", "variants.csv", "sources.csv",
        "manifest.json",
    }  # fmt: skip
    told = json.loads((done / "scenario.json").read_text("utf-8"))
    assert told["against"] == BASE
    assert {s["kind"] for s in told["statements"]} >= {"falls", "stays"}
    assert len(told["results"]) == len(pd.read_csv(done / "results.csv"))
    sources = pd.read_csv(done / "sources.csv")
    assert sources["source"].str.len().min() > 2
    held = sources[sources["number"].str.contains("as stated")]
    assert set(held["variant"]) == {CLAIM, TREATY}


def test_the_page_is_whole_in_itself_and_names_its_sources(done: Path) -> None:
    page = (done / "scenario.html").read_text("utf-8")
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=\n]+", "", page)
    assert not re.search(r"(?:src|href)=\"(?!data:)[^\"]+\"|url\(|<script|@import", text)
    for words in (
        BASE,
        CLAIM,
        TREATY,
        FIELD,
        "Technical Annex 3(a)",
        "Washington Times",
        "judgement",
        "seed 20260601",
    ):
        assert words in text
    assert not re.search(r"\bsafe\b", text)
    assert "nan" not in re.findall(r"\b\w+\b", text.lower())


def test_the_same_inputs_give_the_same_bytes(case: Path, done: Path) -> None:
    again = case.parent / "again"
    _run(case, case / "debate.toml", "--people", case / "people.csv", "--out", again, "--quiet")
    one, two = (
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in f.iterdir()} for f in (done, again)
    )
    assert one == two


def test_json_is_printed_and_quiet_prints_nothing(case: Path) -> None:
    small = case.parent / "small.toml"
    small.write_text(
        'dates = ["1y"]\n[[variant]]\nname = "half"\n[[variant.quantity]]\nfactor = 0.5\n', "utf-8"
    )
    told = json.loads(_run(case, small, "--json"))
    assert told["dates"] == ["2027-06-01"]
    assert any("Casualties are not reckoned" in note for note in told["notes"])
    assert not [r for r in told["results"] if r["measure"].startswith("casualties")], "unknown is not zero"
    assert _run(case, small, "--quiet") == ""


def test_variants_that_do_different_things_are_told_apart(case: Path) -> None:
    file = case.parent / "both.toml"
    file.write_text(
        'dates = ["1y"]\n[[variant]]\nname = "half"\n[[variant.quantity]]\nfactor = 0.5\n'
        '[[variant]]\nname = "double"\n[[variant.quantity]]\nfactor = 2\n[[variant]]\nname = "same"\n',
        "utf-8",
    )
    told = json.loads(_run(case, file, "--json"))
    items = next(s for s in told["statements"] if s["text"].startswith("Explosive items"))
    assert items["kind"] == "mixed"
    assert re.search(r"lower: half .*; higher: double .*; hardly changed: same\.$", items["text"])


def test_several_files_give_all_their_variants(case: Path) -> None:
    for name, more in (("one", 'dates = ["0d"]\nbase = "now"'), ("two", 'against = "variant one"')):
        text = f'{more}\n[[variant]]\nname = "variant {name}"\n[[variant.quantity]]\nquantity = 50\n'
        (case.parent / f"{name}.toml").write_text(text, "utf-8")
    told = json.loads(_run(case, case.parent / "one.toml", case.parent / "two.toml", "--json"))
    assert [v["variant"] for v in told["variants"]] == ["now", "variant one", "variant two"]
    assert told["against"] == "variant one"


def test_a_plan_is_made_for_every_variant_and_less_money_takes_longer(case: Path) -> None:
    plan = case.parent / "plan.toml"
    plan.write_text(
        """
name = "one field"
horizon = 2040-01-01
[[periods]]
name = "a"
start = 2026-06-01
end = 2028-06-01
budget_usd = 400000
[[teams]]
name = "manual"
action = "clear"
num_teams = 1
m2_per_day = { low = 400, high = 800, source = "test" }
usd_per_day = { low = 1500, high = 2000, source = "test" }
removes = 0.99
""",
        "utf-8",
    )
    file = case.parent / "cut.toml"
    file.write_text(
        'dates = ["0d", "1y"]\n[[variant]]\nname = "cut"\nprogramme = { budget_factor = 0.5 }\n'
        '[[variant]]\nname = "ends"\nprogramme = { ends = 2026-06-01 }\n',
        "utf-8",
    )
    told = json.loads(_run(case, file, "--plan", plan, "--people", case / "people.csv", "--json"))
    mean = {(r["variant"], r["measure"]): r["mean"] for r in told["results"] if r["date"] is None}
    assert mean["cut", "all_years"] > mean["as recorded", "all_years"]
    assert mean["ends", "all_years"] is None, "never"
    assert mean["ends", "plan_usd"] == 0.0
    gaps = {(r["variant"], r["measure"]): r for r in told["differences"]}
    assert gaps["cut", "all_years"]["q05"] >= 0.0


VARIANT = '[[variant]]\nname = "x"\n'
BROKEN = [
    ("", "variant is required; it is missing. Add it."),
    ("name = ", "must be TOML in UTF-8; the parser says: "),
    ('[[variant]]\nnote = "n"\n', r"variant\[1\].name is required"),
    ("variant = []", "variant: must have at least 1 item"),
    ("variant = 3", r"variant: must be a valid list; got 3"),
    ('[[variant]]\nname = ""\n', r"variant\[1\].name: must have at least 1 character"),
    (
        VARIANT + '[[variant.replace]]\ntype = "PMN"\nwhere = 3\n',
        r"replace\[1\].where: must be a table of keys",
    ),
    (VARIANT + '[[variant.dates]]\ndate = "x"\n', r"variant\[1\].dates\[1\].date: a date is wanted"),
    (VARIANT + 'nmae = "y"\n', r"variant\[1\].nmae is not a key of this section. Near: name"),
    (VARIANT + VARIANT, "'x' comes twice. Rename one"),
    ('against = "z"\n' + VARIANT, r"against must name a variant \(as recorded, x\); got 'z'"),
    ('dates = ["soon"]\n' + VARIANT, r"dates\[1\] must be a date .* got 'soon'"),
    (
        'dates = ["1y", "2020-01-01"]\n' + VARIANT,
        r"dates\[2\] must not lie before the last day of the records",
    ),
    ('dates = ["9000y"]\n' + VARIANT, r"dates\[1\] must lie before the year 10000"),
    ("dates = [2030-01-01T10:00:00]\n" + VARIANT, r"dates\[1\]: must be a valid"),
    ("dates = [5]\n" + VARIANT, r"dates\[1\]: must be a valid"),
    (VARIANT + "[[variant.quantity]]\n", r"variant\[1\].quantity\[1\]: one of factor, quantity"),
    (
        VARIANT + "[[variant.quantity]]\nfactor = -1\n",
        r"quantity\[1\].factor: must be greater than or equal to 0; got -1",
    ),
    (VARIANT + "[[variant.quantity]]\nfactor = nan\n", r"quantity\[1\].factor: must be a finite number"),
    (
        VARIANT + "[[variant.quantity]]\nquantity_low = 5\nquantity_high = 4\n",
        "must not exceed quantity_high; swap them",
    ),
    (
        VARIANT + '[[variant.quantity]]\nfactor = "two"\n',
        r"quantity\[1\].factor: must be a valid number; got 'two'",
    ),
    (
        VARIANT + "[[variant.dates]]\nstart = 2026-01-02\nend = 2026-01-01\n",
        "start must not lie after end; swap them",
    ),
    (
        VARIANT + "[[variant.dates]]\nshift_days = 3\n",
        r"variant 'x': deliveries must not lie after the last day",
    ),
    (
        VARIANT + '[[variant.replace]]\ntype = "BLU-9999"\n',
        "variant 'x': ordnance type 'BLU-9999' is not in the catalogue",
    ),
    (
        VARIANT + '[[variant.replace]]\ntype = "BLU-92/B"\nsetting = "2w"\n',
        "setting must be one of BLU-92/B; got '2w'",
    ),
    (
        VARIANT + '[[variant.replace]]\ntype = "PMN"\nwhere = { id = "Q" }\n',
        r"none has id = \['Q'\]. There are 2",
    ),
    (
        VARIANT + '[[variant.replace]]\ntype = "PMN"\nwhere = { ids = "Q" }\n',
        r"where.ids is not a key .*Near: id",
    ),
    (
        VARIANT + '[[variant.fate]]\ntype = "generic AP mine"\nbasis = "hope"\n',
        r"fate\[1\].basis: must be 'catalogue'",
    ),
    (
        VARIANT + '[[variant.fate]]\ntype = "PFM-1S"\n',
        "fate must be of a type that its records name; 'PFM-1S'",
    ),
    (
        VARIANT + '[[variant.fate]]\ntype = "generic AP mine"\nbasis = "claim"\n',
        "nobody is on record with an assurance",
    ),
    (
        VARIANT + '[[variant.fate]]\ntype = "generic AP mine"\nclaim = "y"\n',
        r'fate\[1\].claim goes with basis = "claim"',
    ),
    (
        VARIANT
        + '[[variant.fate]]\ntype = "generic AP mine"\np_dud = { low = 0.2, high = 0.1, source = "abc" }\n',
        r"fate\[1\].p_dud: low must not exceed high",
    ),
    (
        VARIANT
        + '[[variant.fate]]\ntype = "generic AP mine"\np_dud = { low = 5, high = 10, source = "abc" }\n',
        r"fate\[1\].p_dud: a probability lies in \[0, 1\]",
    ),
    (
        VARIANT + '[[variant.fate]]\ntype = "generic AP mine"\np_dud = { low = 0.1, high = 0.2 }\n',
        r"p_dud.source is required",
    ),
    (
        VARIANT + '[[variant.survey]]\nmethod = "dogs"\ncoverage = 30\n',
        r"coverage: must be less than or equal to 1; got 30",
    ),
    (
        VARIANT + '[[variant.survey]]\nmethod = "magic"\ncoverage = 0.3\n',
        "detection method 'magic' is not in the catalogue",
    ),
    (VARIANT + "programme = { budget_factor = 0.5 }\n", "programme changes a budget, and none is given"),
    (
        VARIANT + '[variant.priors."density.NONE"]\nlow = 1\nhigh = 2\nunit = "1/km2"\nsource = "abc"\n',
        "'density.NONE' is none",
    ),
    (
        VARIANT
        + "[effort]\nnum_teams = 1\ndays_per_year = 200\nusd_per_day = { low = 1, high = 2, source = 'abc' }\n",
        "effort.m2_per_day is required",
    ),
    (
        VARIANT
        + "[effort]\nnum_teams = 0\ndays_per_year = 200\nusd_per_day = { low = 1, high = 2, source = 'abc' }\n"
        "m2_per_day = { low = 1, high = 2, source = 'abc' }\n",
        "effort.num_teams: must be greater than or equal to 1; got 0",
    ),
    (VARIANT + "ceasefire = 2026-13-01\n", "must be TOML in UTF-8"),
    (
        VARIANT + 'ceasefire = "never"\n',
        "a date is wanted as year-month-day, such as 2024-07-31; got 'never'",
    ),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_refused_with_file_and_key_and_nothing_is_written(
    case: Path, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    with pytest.raises(RemnantError, match=f"(?s)^mine.toml.*{words}") as told:
        _run(case, tmp_path / "mine.toml", "--out", tmp_path / "out")
    assert "Traceback" not in str(told.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.toml"]


def test_files_that_are_not_there_or_no_text_are_refused(case: Path, tmp_path: Path) -> None:
    with pytest.raises(RemnantError, match=r"none.toml must be a changes file; it is not there"):
        _run(case, tmp_path / "none.toml")
    with pytest.raises(RemnantError, match=r"must be a changes file; it is a folder"):
        _run(case, tmp_path)
    (tmp_path / "zip.toml").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(RemnantError, match=r"zip.toml must be TOML in UTF-8"):
        _run(case, tmp_path / "zip.toml")


def test_what_is_said_once_may_not_be_said_twice(case: Path, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.toml").write_text(f'dates = ["1y"]\n[[variant]]\nname = "{name}"\n', "utf-8")
    with pytest.raises(
        RemnantError, match=r"b.toml: dates must be said once for all files; a.toml says it too"
    ):
        _run(case, tmp_path / "a.toml", tmp_path / "b.toml")


def test_an_output_folder_with_other_files_is_left_alone(case: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(RemnantError, match="holds other files"):
        _run(case, case / "debate.toml", "--out", tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_wrong_word_in_the_command_is_told(case: Path) -> None:
    result = CliRunner().invoke(app, ["scenario", str(case), str(case / "debate.toml"), "--poeple", "x"])
    assert result.exit_code == 2
    assert "No such option" in result.output
    assert CliRunner().invoke(app, ["scenario", str(case)]).exit_code == 2
