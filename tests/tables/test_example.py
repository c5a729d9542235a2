"""The shipped register, whose sums are done by hand in its README, and messy variants of it."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from remnant.decide.tables import Period, ProgrammeTables, Sheet, answer_tables, sheets_of
from remnant.errors import InvalidInput
from remnant.io import read_case
from remnant.io.write_tables import cell_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "register"
YEAR = Period(first=dt.date(2025, 1, 1), last=dt.date(2025, 12, 31))


def answer(folder: Path = EXAMPLE, period: Period = YEAR) -> ProgrammeTables:
    return answer_tables(read_case(folder), period)


def sheet(tables: ProgrammeTables, name: str) -> Sheet:
    return next(s for s in sheets_of(tables) if s.name == name)


def rows(held: Sheet, *keys: str) -> list[tuple[Any, ...]]:
    at = [[c.key for c in held.columns].index(key) for key in keys]
    return [tuple(row[k] for k in at) for row in held.rows]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def codes(tables: ProgrammeTables) -> set[tuple[str, str]]:
    return {(m.code, m.record_id) for m in tables.mismatches if m.grade != "note"}


def test_the_balance_is_what_the_readme_adds_up_by_hand() -> None:
    keys = ("district", "class", "opening_m2", "new_m2", "cancelled_m2", "reduced_m2", "cleared_m2", "day_unknown_m2",
            "unexplained_m2", "closing_m2")  # fmt: skip
    # by hand: README.md of the example
    assert rows(sheet(answer(), "balance"), *keys)[:5] == [
        ("North", "CHA", 60000, 0, 0, 5000, 10000, 0, 0, 45000),
        ("North", "SHA", 70000, 10000, 60000, 0, 0, 0, 0, 20000),
        ("South", "CHA", 15000, 0, 0, 6000, 9000, 0, 0, 0),
        ("South", "SHA", 80000, None, 20000, 0, 0, 20000, -10000, 70000),
        ("district not on record", "SHA", 12000, 0, 0, 0, 0, 0, 0, 12000),
    ]


def test_the_three_faults_of_the_example_are_named_and_nothing_else() -> None:
    assert codes(answer()) == {
        ("remaining-differs", "A-06"), ("overlap", "A-04"), ("district-unknown", "A-09"),
        ("recorded-day-unknown", "A-07"),
    }  # fmt: skip


def test_items_are_counted_once_where_finds_and_reports_tell_of_the_same() -> None:
    # R-01 states 12 AP mines, of which 3 are located finds; R-03 states 31 submunitions, of which 2 are
    keys = ("district", "num_ap_mines", "num_av_mines", "num_submunitions", "num_other_items")
    assert rows(sheet(answer(), "released"), *keys) == [
        ("North", 12, 0, 0, 1), ("South", None, 1, 33, None), ("total", 12, 1, 33, 1)
    ]  # fmt: skip
    assert answer().items.num_silent == 1  # R-05 says nothing of items: unknown, not zero


def test_released_land_agrees_with_a_table_made_by_hand_from_the_files() -> None:
    # second route: a group-by over the raw files, with the districts of the areas read off the map by eye
    released = pd.read_csv(EXAMPLE / "data" / "releases.csv")
    whole = pd.DataFrame({"area": ["A-03"], "how": ["cancelled"], "size_m2": [60000]})
    land = pd.concat([released[["area", "how", "size_m2"]], whole])
    land["district"] = land["area"].map({"A-02": "North", "A-03": "North", "A-05": "South", "A-06": "South"})
    by_hand = land.pivot_table(index="district", columns="how", values="size_m2", aggfunc="sum", fill_value=0)
    keys = ("district", "cancelled_m2", "reduced_m2", "cleared_m2")
    assert rows(sheet(answer(), "released"), *keys)[:2] == [
        (d, *(by_hand.loc[d, how] for how in ("cancelled", "reduced", "cleared"))) for d in ("North", "South")
    ]


def test_cluster_munitions_have_tables_of_their_own() -> None:
    keys = ("district", "num_cha", "num_sha", "area_m2")
    assert rows(sheet(answer(), "remaining-ccm-article-4"), *keys) == [
        ("South", 0, 2, 70000),
        ("total", 0, 2, 70000),
    ]
    assert rows(sheet(answer(), "remaining-article-5"), *keys)[-1] == ("total", 2, 4, 127000)


def test_records_of_laying_name_the_fields_that_are_missing() -> None:
    keys = ("record", "paragraph", "number", "fuze", "self_destruct", "num_missing")
    assert rows(sheet(answer(), "laying"), *keys) == [
        ("L-1", "1(a)", "120", "pressure, no life time stated", "not asked", 1),
        ("L-2", "1(b)", "200 to 400", "not asked", "not on record", 2),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "record"),
    [
        ("areas.csv", "20000,20000,PMN", "20000,19000,PMN", "remaining-differs", "A-01"),
        ("areas.csv", "cancelled,2022-11-11,2025-03-03", "cancelled,2022-11-11,", "released-day-unknown", "A-03"),
        ("areas.csv", "A-03,SHA,cancelled", "A-03,SHA,open", "open-but-released", "A-03"),
        ("areas.csv", "cancelled,2022-11-11", "cancelled,2025-11-11", "released-before-recorded", "A-03"),
        ("areas.csv", "A-10,SHA", "A-04,SHA", "id-named-twice", "A-04"),
        ("releases.csv", "R-03,A-05,cleared,2025-05-05", "R-03,A-55,cleared,2025-05-05", "unknown-area", "R-03"),
        ("releases.csv", "R-04,A-05,reduced", "R-04,A-05,", "how", ""),
        ("releases.csv", "9000,M42", "8000,M42", "closed-with-rest", "A-05"),
        ("releases.csv", "9000,M42", "19000,M42", "more-released-than-area", "A-05"),
        ("releases.csv", "0,0,31,0", "0,0,1,0", "more-finds-than-stated", "R-03"),
        ("releases.csv", "R-02,A-02,reduced,2025-06-20", "R-02,A-02,reduced,2025", "", ""),
    ],
)  # fmt: skip
def test_one_wrong_cell_is_named_by_its_record(
    example: Path, file: str, old: str, new: str, code: str, record: str
) -> None:
    edit(example / "data" / file, old, new)
    found = codes(answer(example)) - codes(answer())
    if not code:
        assert found == set()  # a year that lies in the period is as good as a day
    elif code == "how":  # the method of the work says it, and a note tells so
        notes = {(m.code, m.record_id) for m in answer(example).mismatches if m.grade == "note"}
        assert ("how-from-method", "R-04") in notes
    else:
        assert (code, record) in found


def test_a_month_that_crosses_the_end_of_the_period_is_told(example: Path) -> None:
    edit(example / "data" / "releases.csv", "R-02,A-02,reduced,2025-06-20", "R-02,A-02,reduced,2025-06")
    half = Period(first=dt.date(2025, 1, 1), last=dt.date(2025, 6, 15))
    assert ("day-crosses-period", "R-02") in codes(answer(example, half))


def test_released_land_that_lies_in_an_open_area_without_naming_it_is_told(example: Path) -> None:
    edit(example / "data" / "releases.csv", "R-05,A-06,", "R-05,,")
    assert ("released-inside-open", "R-05") in codes(answer(example))


def test_a_district_that_is_named_wrongly_is_told(example: Path) -> None:
    edit(example / "case.toml", 'remaining_m2 = "left_m2"', 'remaining_m2 = "left_m2"\ndistrict = "where"')
    path = example / "data" / "areas.csv"
    names = ["where", " NORTH ", "South", "Nord", *[""] * 7]
    lines = [f"{n},{line}" for n, line in zip(names, path.read_text("utf-8").splitlines(), strict=True)]
    path.write_text("\n".join(lines), "utf-8")
    found = {(m.code, m.record_id) for m in answer(example).mismatches}
    assert {("district-differs", "A-02"), ("district-without-outline", "A-03")} <= found
    assert not [
        m for m in answer(example).mismatches if m.record_id == "A-01"
    ]  # spelled otherwise, and the same


def test_last_reports_closing_is_held_against_this_opening(run: Callable[..., Any], tmp_path: Path) -> None:
    then, now = tmp_path / "2024", tmp_path / "2025"
    assert run("tables", EXAMPLE, "--from", "2024-01-01", "--to", "2024-12-31", "--out", then).exit_code == 0
    assert run("tables", EXAMPLE, "--out", now, "--previous", then).exit_code == 0
    found = {(r["code"], r["record"]) for r in _csv(now / "mismatches.csv") if r["grade"] == "mismatch"}
    assert {("size-changed", "A-06"), ("not-in-opening", "A-07")} <= found
    lines = (then / "areas.csv").read_text("utf-8-sig").splitlines(keepends=True)
    (then / "areas.csv").write_text(
        "".join(line.replace("North,CHA", "North,SHA") for line in lines[:2]), "utf-8-sig"
    )
    assert run("tables", EXAMPLE, "--from", "2025-02-01", "--out", now, "--previous", then).exit_code == 0
    found = {(r["code"], r["record"]) for r in _csv(now / "mismatches.csv") if r["grade"] == "mismatch"}
    assert {("class-changed", "A-01"), ("opening-not-reported", "A-02"), ("periods-do-not-meet", "")} <= found


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_records_give_the_same_bytes(run: Callable[..., Any], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("tables", EXAMPLE, "--out", tmp_path / name).exit_code == 0
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert "tables.xlsx" in files
    assert [f for f in files if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()] == []


def test_the_workbook_holds_the_numbers_of_the_csvs_and_text_stays_text(
    run: Callable[..., Any], example: Path, tmp_path: Path
) -> None:
    edit(example / "data" / "areas.csv", "A-01,", "@SUM(1+1)*cmd|' /C calc'!A0,")
    edit(
        example / "case.toml", 'name = "The register"', 'name = "=1+1"'
    )  # = in a cell is refused by the reader
    edit(example / "data" / "districts.csv", "North", "@North<script>alert(1)</script>")
    assert run("tables", example, "--out", tmp_path / "out", "--state", "Ukraine").exit_code == 0
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    cells = [c for page in book for row in page.iter_rows() for c in row if c.value is not None]
    assert {c.data_type for c in cells} == {"s", "n"}
    for text in ("@SUM(1+1)*cmd|' /C calc'!A0", "=1+1"):
        assert any(c.value == text and c.quotePrefix for c in cells)
    for page in book.worksheets[1:]:
        held = _csv(tmp_path / "out" / f"{page.title}.csv")
        values = list(page.iter_rows(min_row=4, values_only=True))
        assert len(values) == len(held)
        for row, record in zip(values, held, strict=True):
            assert [cell_text(v if v is not None else "") for v in row] == list(record.values())
    text = (tmp_path / "out" / "tables.html").read_text("utf-8")
    assert "<script>" not in text
    assert "@North&lt;script&gt;" in text
    assert all(not v.startswith(("=", "@")) for r in _csv(tmp_path / "out" / "areas.csv") for v in r.values())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.add(tag)
        self.loads += [str(held[k]) for k in ("src", "href", "action") if k in held]
        if held.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(held["content"])


def test_the_page_loads_nothing_and_says_what_is_unknown(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("tables", EXAMPLE, "--out", tmp_path / "out").exit_code == 0
    text = (tmp_path / "out" / "tables.html").read_text("utf-8")
    page = _Page()
    page.feed(text)
    assert page.loads == []
    assert page.policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not {"script", "iframe", "object", "img"} & page.tags
    assert not re.search(r"\bsafe\b", text, re.IGNORECASE)
    assert "– " in text or ">–<" in text


def test_estimates_stand_in_a_table_of_their_own(run: Callable[..., Any], tmp_path: Path) -> None:
    made = tmp_path / "result"
    assert run("assess", EXAMPLE, "--out", made, "--quiet").exit_code == 0
    assert run("tables", EXAMPLE, "--out", tmp_path / "out", "--result", made).exit_code == 0
    head = (tmp_path / "out" / "estimates.csv").read_text("utf-8-sig").splitlines()
    assert head[0] == "place,scope,date,forecast,state,expected,low,high,p_any"
    assert {line.split(",")[0] for line in head[1:]} == {"North", "South", "all"}
    about = next(t["about"] for t in _summary(tmp_path / "out") if t["name"] == "estimates")
    assert "records up to 2025-12-31 (remnant " in about
    assert "OTHER FILES" not in about
    for table in _summary(tmp_path / "out"):
        kinds = {c["kind"] for c in table["columns"]}
        assert not ("estimate" in kinds and kinds & {"number", "area"}), table["name"]


def _summary(folder: Path) -> list[dict[str, Any]]:
    import json

    return list(json.loads((folder / "tables.json").read_text("utf-8"))["tables"])


def test_a_table_that_mixes_counts_and_estimates_is_refused() -> None:
    from remnant.decide.tables import Column

    mixed = (Column(key="a", title="a", kind="number"), Column(key="b", title="b", kind="estimate"))
    with pytest.raises(
        InvalidInput, match=r"either counts from records or estimates; it holds both. Split it"
    ):
        Sheet(name="x", title="", about="", columns=mixed, rows=())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--to", "2026-06-30"],
            r"must end by 2025-12-31, up to which the records run; it ends on 2026-06-30",
        ),
        (["--from", "2025-13-01"], r"--from must be a day such as 2025-12-31; got '2025-13-01'"),
        (["--previous", "."], r"has no tables.json. Name the right folder"),
        (["--result", "."], r"has no summary.json. Name the right folder"),
        (["--state", "Atlantis"], r"'Atlantis' is none, which says nothing about it"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_nothing_is_written(
    run: Callable[..., Any], tmp_path: Path, words: list[str], message: str
) -> None:
    done = run("tables", EXAMPLE, "--out", tmp_path / "out", *words)
    assert isinstance(done.exception, InvalidInput)
    assert re.search(message, str(done.exception))
    assert not (tmp_path / "out").exists()


def test_strict_ends_with_code_1_where_records_contradict_each_other(
    run: Callable[..., Any], example: Path, tmp_path: Path
) -> None:
    assert run("tables", EXAMPLE, "--out", tmp_path / "a", "--strict").exit_code == 1
    edit(example / "data" / "areas.csv", "80000,50000", "80000,60000")
    edit(example / "data" / "areas.csv", "601650 4770200, 601750", "601710 4770200, 601750")
    edit(example / "data" / "areas.csv", "601650 4770300, 601650 4770200", "601710 4770300, 601710 4770200")
    assert run("tables", example, "--out", tmp_path / "b", "--strict").exit_code == 0


def test_check_names_what_the_register_lacks(run: Callable[..., Any], example: Path) -> None:
    said = run("check", example, "--no-write").output
    assert "records of a register should have a day on which it came on record; 1 records have none" in said
    edit(example / "data" / "releases.csv", "R-05,A-06,cancelled", "R-05,A-06,given back")
    done = run("check", example, "--no-write")
    assert done.exit_code == 1
    assert "released_as must be one of cancelled, reduced, cleared; got 'given back'" in done.output
