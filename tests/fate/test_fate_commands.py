"""`remnant fate`, `compare`, `trials`, `claims` as a person meets them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from remnant.cli import main
from remnant.cli.app import app

PUBLIC = [
    "fate",
    "PFM-1S",
    "--quantity",
    "1000",
    "--on",
    "2024-11-20",
    "--at",
    "15d",
    "--at",
    "120d",
    "--at",
    "10y",
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["remnant", *arguments])
    with pytest.raises(SystemExit, match=r"^2$"):
        main()
    return capsys.readouterr().err


def test_the_answer_is_in_plain_words_first() -> None:
    text = shown(*PUBLIC)
    first = re.search(
        r"Of 1,000 delivered on 2024-11-20, on 2024-12-05 \(15 days later\) (\d+) to (\d+) are still explosive items "
        r"in the ground; (\d+) to (\d+) of them armed",
        text,
    )
    assert first is not None
    assert "2025-03-20 (120 days later)" in text
    assert "2034-11-20 (10 years later)" in text
    assert "Judgement: no citable figure" in text
    assert "Sources:" in text
    assert not re.search(r"\bsafe\b|free of mines", text, re.IGNORECASE)


def test_json_has_the_shape_of_the_contract() -> None:
    answer = json.loads(shown(*PUBLIC, "--json"))
    assert {"type", "quantity", "results", "treaty", "provenance"} <= set(answer)
    assert (answer["type"], answer["quantity"]) == ("PFM-1S", 1000)
    assert {r["age_days"] for r in answer["results"]} == {15.0, 120.0, 3652.5}
    assert {r["state"] for r in answer["results"]} == {"armed", "expired", "dud", "gone", "explosive"}
    for row in answer["results"]:
        assert {"age_days", "basis", "state", "mean", "q05", "q95"} <= set(row)
        assert 0.0 <= row["q05"] <= row["q95"] <= 1000.0
    assert 0.0 <= answer["treaty"]["p_meets"] <= 1.0
    assert {"version", "seed", "catalogue_sha256", "sources", "judgement"} <= set(answer["provenance"])


def test_the_same_command_prints_the_same_text() -> None:
    assert shown(*PUBLIC, "--json") == shown(*PUBLIC, "--json")
    assert shown(*PUBLIC, "--json") != shown(*PUBLIC, "--json", "--seed", "2")


def test_defaults_are_a_thousand_items_three_ages_and_no_clock() -> None:
    answer = json.loads(shown("fate", "PMN", "--json"))
    assert answer["quantity"] == 1000
    assert answer["delivered_on"] is None
    assert {r["age_days"] for r in answer["results"]} == {15.0, 120.0, 3652.5}
    assert "Of 1,000 delivered, 15 days later" in shown("fate", "PMN")


def test_a_type_out_of_the_treatys_scope_is_judged_as_if() -> None:
    assert "does not cover this type" in shown("fate", "PMN")
    assert "does not cover this type" not in shown("fate", "PFM-1S")


def test_ages_from_minutes_to_a_thousand_years_are_answered() -> None:
    answer = json.loads(
        shown("fate", "volcano ap", "--setting", "4h", "--at", "1min", "--at", "1000y", "--json")
    )
    assert answer["setting"] == "4h"
    assert [r["age_days"] for r in answer["results"] if r["state"] == "armed"] == [1 / 1440, 365_250.0]


def test_dates_beyond_the_calendar_do_not_break_the_answer() -> None:
    answer = json.loads(shown("fate", "PMN", "--on", "2024-11-20", "--at", "20000y", "--json"))
    assert answer["results"][0]["date"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fate", "PFM-1Q"], "not in the catalogue. Near: "),
        (["fate", "PMN", "--quantity", "-5"], "quantity must be a whole number from 0"),
        (["fate", "PMN", "--on", "20.11.2024"], "year-month-day"),
        (["fate", "PMN", "--on", "2024-02-30"], "year-month-day"),
        (["fate", "PMN", "--at", "soon"], "age must be a number and one of"),
        (["fate", "PMN", "--basis", "hope"], "basis must be one of"),
        (["fate", "PMN", "--setting", "15d"], "has no self-destruct settings"),
        (["fate", "Volcano AP", "--setting", "3d"], "is not one of Volcano AP"),
        (["fate", "PMN", "--basis", "learned"], "nothing has been published"),
        (["fate", "PMN", "--plot", "x.gif"], "a plot is written as .png, .svg, .pdf"),
        (["fate", "PMN", "--plot", "no/such/folder/x.png"], "does not exist"),
        (["compare", "PMN", "no such type"], "not in the catalogue"),
        (["compare", "PMN", "--out", "x.docx"], "is written as .html, .png"),
        (["claims", "no such type"], "not in the catalogue"),
        (["trials", "--tested", "0"], "1 or more"),
        (["trials", "--tested", "10", "--failed", "11"], "between 0 and the 10 tested"),
        (["trials", "--tested", "10", "--claim", "6"], "Divide by 100"),
        (["trials", "--tested", "10", "--confidence", "95"], "Divide by 100"),
    ],
)
def test_bad_input_gets_one_clear_error(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = refused(capsys, monkeypatch, *arguments)
    assert text.startswith("error: ")
    assert words in text
    assert "Traceback" not in text


def test_trials_say_that_no_test_of_this_size_can_show_a_claim() -> None:
    text = shown("trials", "--tested", "400", "--failed", "0", "--claim", "6e-6")
    assert "at most 0.746 %" in text
    assert "499,288 trials without a failure" in text
    assert "a claim that no test of this size can show" in text
    assert "no test of this size" not in shown("trials", "--tested", "400", "--claim", "0.01")


def test_trials_as_json() -> None:
    answer = json.loads(shown("trials", "--tested", "67000", "--failed", "6", "--claim", "6e-6", "--json"))
    assert answer["upper_bound"] == pytest.approx(1.8e-4, abs=5e-6)
    assert answer["is_contradicted"] is True
    assert answer["no_test_of_this_size_can_show_it"] is True


@pytest.mark.parametrize("kind", [".png", ".svg", ".pdf"])
def test_plots_are_written_and_are_the_same_bytes_again(kind: str, tmp_path: Path) -> None:
    one, other = tmp_path / f"a{kind}", tmp_path / f"b{kind}"
    for path in (one, other):
        assert "Plot written" in shown("fate", "Volcano AP", "--on", "2024-11-20", "--plot", str(path))
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 10_000


def test_the_picture_names_units_source_date_and_judgement(tmp_path: Path) -> None:
    shown("fate", "PFM-1S", "--on", "2024-11-20", "--plot", str(tmp_path / "a.svg"))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for word in (
        "items",
        "time since delivery",
        "2024-11-20",
        "Sources",
        "judgement",
        "treaty limit",
        "90 % interval",
    ):
        assert word in text, word
    assert "green" not in text


def test_a_comparison_is_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = shown(
        "compare", "PMN", "Volcano AP", "--basis", "catalogue", "--basis", "claim", "--basis", "treaty",
        "--at", "120d", "--out", str(page),
    )  # fmt: skip
    assert "times fewer" in text
    assert "Not shown: PMN, basis claim" in text
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)
    assert "@media print" in html
    assert "Six" not in html or "6 in 1,000,000" in html
    assert not re.search(r"\bsafe\b|free of mines", html, re.IGNORECASE)


def test_a_comparison_as_json_names_its_yardstick() -> None:
    answer = json.loads(shown("compare", "PMN", "PFM-1S", "--at", "10y", "--json"))
    assert len(answer["answers"]) == 2
    factor = answer["factors"][0]
    assert (factor["type"], factor["against_type"]) == ("PFM-1S", "PMN")
    assert factor["ratio_of_means"] < 0.5


def test_claims_say_who_what_verdict_and_which_test_would_decide() -> None:
    text = shown("claims", "GATOR")
    assert "six-in-a-million" in text
    assert "US Department of Defense" in text
    assert "not testable with what is public" in text
    assert "499,288 items" in text
    answer = json.loads(shown("claims", "M42", "--json"))
    assert {c["verdict"] for c in answer["claims"]} >= {"contradicted"}
    assert "Nobody is on record" in shown("claims", "PMN")
