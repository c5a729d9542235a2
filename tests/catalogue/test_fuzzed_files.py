"""Whatever a user's file holds: it is read, or refused in one sentence; never a traceback."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.catalogue import Catalogue, load_catalogue
from remnant.catalogue.loader import SECTIONS
from remnant.catalogue.schema import RangeEntry, TypeEntry
from remnant.errors import CatalogueError

words = st.sampled_from(
    ["", "1", "h", "PMN", "PFM-1S", "GATOR", "none", "judgement", "p_dud", "4h", "x\n[y]", "ſ"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers(10**30, 10**400)
    | st.floats(allow_nan=True)
    | words
    | st.just("2026-11-22")
)
number_keys = st.sampled_from([*RangeEntry.model_fields, "mean"])
numbers = st.dictionaries(number_keys, scalars, max_size=6)
entry_keys = st.sampled_from(
    [*TypeEntry.model_fields, "kind", "quantity", "types", "low", "p_detect", "limit"]
)
entries = st.dictionaries(entry_keys, scalars | numbers | st.lists(scalars, max_size=2), max_size=5)
sheets = st.dictionaries(
    words | st.sampled_from(list(SECTIONS)), entries | st.dictionaries(words, entries), max_size=3
)


def toml(value: Any) -> str:
    """A value as inline TOML (None as a date, which JSON has no word for)."""
    if value is None:
        return "2026-11-22"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def loaded_or_refused(content: bytes) -> Catalogue | str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_bytes(content)
        try:
            return load_catalogue([path])
        except CatalogueError as error:
            return str(error).removeprefix(f"{path}: ")


@settings(max_examples=120, deadline=None)
@given(sheets)
def test_any_table_is_read_or_refused_in_one_sentence(content: dict[str, Any]) -> None:
    text = "\n".join(f"{json.dumps(k, ensure_ascii=False)} = {toml(v)}" for k, v in content.items())
    answer = loaded_or_refused(text.encode())
    if isinstance(answer, str):
        assert len(answer.splitlines()) == 1
        assert not answer.startswith("/")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_one_sentence(content: bytes) -> None:
    answer = loaded_or_refused(content)
    if isinstance(answer, str):
        assert len(answer.splitlines()) == 1
        assert not answer.startswith("/")


@settings(max_examples=10, deadline=None)
@given(st.floats(0.001, 0.5), st.floats(0.5, 0.999, exclude_min=True))
def test_a_valid_override_is_always_taken(low: float, high: float) -> None:
    text = f'[PMN.p_dud]\nlow = {low!r}\nhigh = {high!r}\nunit = "1"\nbasis = "weak"\nsource = "test"\n'
    answer = loaded_or_refused(text.encode())
    assert isinstance(answer, Catalogue)
    arms = answer.ordnance("PMN").fate.p_arms
    assert (arms.low, arms.high) == (pytest.approx(1 - high), pytest.approx(1 - low))
