import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import remnant.cli  # noqa: F401
from remnant.catalogue import describe, load_catalogue
from remnant.cli.app import app
from remnant.errors import InvalidInput

CATALOGUE = load_catalogue()
WIDTH = 100
YOURS = '[BL755.p_dud]\nlow = 0.05\nhigh = 0.1\nunit = "1"\nbasis = "published"\nsource = "field report 7"\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def parsed(*arguments: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(shown(*arguments, "--json"))
    assert content["catalogue"]["sha256"]
    return content


def cells(text: str) -> str:
    """The text of a page without its line breaks and column gaps."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["types"],
        ["types", "GATOR"],
        ["types", "pfm 1s"],
        ["types", "M85"],
        ["methods"],
        ["methods", "dog"],
        ["treaties"],
    ],
    ids=" ".join,
)
def test_a_page_fits_a_pipe_and_is_plain(arguments: list[str]) -> None:
    text = shown(*arguments)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert "…" not in text
    assert "\x1b" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_list_names_every_type_and_marks_judgement() -> None:
    text = shown("types")
    assert f"{len(CATALOGUE.types)} types." in text
    first_words = {line.split("  ")[0] for line in text.splitlines()}
    assert all(name in first_words for name in CATALOGUE.types if len(name) < 12)
    assert "judgement" in text


def test_the_list_can_be_narrowed() -> None:
    names = [t["name"] for t in parsed("types", "--category", "av_mine", "--non-persistent")["types"]]
    assert "AT2" in names
    assert "TM-62" not in names
    assert "GATOR" not in names
    everything = parsed("types", "--non-persistent")["types"]
    assert {t["mechanism"] for t in everything} == {"self_destruct"}


def test_an_unknown_category_is_refused() -> None:
    assert "category must be one of ap_mine" in str(run("types", "--category", "mine").exception)


def test_one_type_is_shown_with_every_number_and_source() -> None:
    text = cells(shown("types", "pfm1s"))
    ordnance = CATALOGUE.ordnance("PFM-1S")
    for what, _ in describe.numbers_of(ordnance):
        assert what.split()[0] in text
    assert "1 to 40 h" in text
    assert "Washington Post, 30 Jun 2023" in text
    assert "Rests on judgement or a weak source: never arms" in text
    assert "The mechanism often fails" in text


def test_settings_and_trials_are_shown() -> None:
    text = cells(shown("types", "gator"))
    assert "3.2 to 4.4 h" in text
    assert "6 of 67000" in text
    assert "Unconfirmed; check before use" in text


def test_one_type_as_json_has_all_fields() -> None:
    content = parsed("types", "GATOR")["type"]
    assert content["name"] == "BLU-92/B"
    assert set(content["fate"]) == {"p_arms", "p_sd_fails", "sd_delay", "sd_delay_factor", "p_sd_late",
                                    "sd_late_delay", "p_sda_fails", "sda_delay"}  # fmt: skip
    assert all(number["source"] for number in content["fate"].values())
    assert set(content["settings"]) == {"4h", "48h", "15d"}
    assert {c["name"] for c in content["claims"]} >= {"six-in-a-million", "insufficient"}


def test_json_is_the_same_every_time() -> None:
    assert shown("types", "--json") == shown("types", "--json")


def test_an_unknown_name_is_refused_with_near_spellings() -> None:
    result = run("types", "PFM-2")
    assert isinstance(result.exception, InvalidInput)
    assert "Near: " in str(result.exception)


def test_a_refusal_reaches_the_user_as_one_line_and_exit_code_2() -> None:
    command = [sys.executable, "-c", "from remnant.cli import main; main()", "types", "PFM-2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ordnance type 'PFM-2' is not in the catalogue.")
    assert done.stderr.count("\n") == 1


def test_user_files_are_taken_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(YOURS, encoding="utf-8")
    assert "BL755 (yours)" in cells(shown("types", "--catalogue", str(path)))
    page = cells(shown("types", "BL755", "--catalogue", str(path)))
    assert "Added or changed by:" in page
    assert "field report 7" in page
    content = parsed("types", "BL755", "--catalogue", str(path))
    assert content["catalogue"]["user_files"] == [str(path)]
    assert content["catalogue"]["sha256"] != CATALOGUE.sha256


def test_methods_and_treaties_have_sources() -> None:
    assert all(m["p_detect"]["source"] for m in parsed("methods")["methods"])
    assert [m["name"] for m in parsed("methods", "mdd")["methods"]] == ["dogs"]
    assert {t["name"] for t in parsed("treaties")["treaties"]} >= {
        "ap2-self-destruct",
        "ap2-self-deactivation",
    }
    assert "nolandmines.com" in shown("methods", "dogs")
    assert "at most 0.1 %" in shown("treaties")
