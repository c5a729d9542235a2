"""The case file, its documentation and its examples say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from remnant.io.case_file import CaseFile, near, read_case_file
from remnant.io.case_template import case_template
from remnant.io.kinds import KEYS
from remnant.io.layer_section import KINDS, Columns, Defaults, Layer
from remnant.io.model_section import COVARIATES, FieldSection, Model

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "case-file.md"
EXAMPLES = sorted((ROOT / "examples").glob("*/case.toml"))


def test_every_kind_is_documented_with_all_its_keys() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = {m[1]: m[0] for m in re.finditer(r"^\| `(\w+)` \|.*$", text.split("## Kinds")[1], re.MULTILINE)}
    assert set(table) == set(KINDS) == set(KEYS)
    for kind, keys in KEYS.items():
        if kind != "accidents":  # documented as the same as finds
            for key, is_needed in keys.items():
                assert (f"**{key}**" if is_needed else key) in table[kind], (kind, key)
    assert KEYS["accidents"] == KEYS["finds"]


def test_every_key_of_the_head_and_of_a_layer_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for key in [*CaseFile.model_fields, *Layer.model_fields]:
        assert re.search(rf"[`\[.]{key}\b", text), key


def test_every_key_of_the_model_is_documented() -> None:
    text = (ROOT / "docs" / "covariates.md").read_text(encoding="utf-8")
    sections = [FieldSection, *COVARIATES.values()]
    keys = {field.alias or name for s in sections for name, field in s.model_fields.items()}
    for key in keys | set(COVARIATES):
        assert re.search(rf"[`*]{key}\b", text), key


def test_the_examples_of_the_model_are_valid() -> None:
    text = (ROOT / "docs" / "covariates.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(Model.model_validate(tomllib.loads("\n".join(blocks))["model"]).covariates) == 2


def test_every_key_of_a_kind_can_be_a_column_or_a_default() -> None:
    keys = {key for known in KEYS.values() for key in known}
    assert keys | {"geometry"} == set(Columns.model_fields)
    assert keys - {"id", "name"} == set(Defaults.model_fields)


@pytest.mark.parametrize("path", EXAMPLES, ids=[p.parent.name for p in EXAMPLES])
def test_the_shipped_cases_follow_the_rules(path: Path) -> None:
    assert read_case_file(path).layers


def test_the_remarks_of_a_new_case_are_valid_when_they_are_uncommented() -> None:
    import datetime as dt

    lines = case_template("t", dt.date(2024, 7, 31), "t").splitlines()
    told = [re.sub(r"^# (?=\[|\w+ = |\"Manual)", "", line) for line in lines]
    text = "\n".join(told).replace('file = "region.gpkg"', "")
    CaseFile.model_validate(tomllib.loads(text))


def test_near_spellings_ignore_case() -> None:
    assert near("TYPE", ["type", "method"]) == "Near: type. "
    assert near("xyz", ["type", "method"]) == ""
