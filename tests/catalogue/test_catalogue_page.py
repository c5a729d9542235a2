import re
from pathlib import Path

from remnant.catalogue import FateModel, load_catalogue
from remnant.catalogue.page import USER_FILE, catalogue_page

CATALOGUE = load_catalogue()
PAGE = catalogue_page(CATALOGUE)


def test_the_committed_page_is_the_one_that_the_data_give() -> None:
    committed = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert committed == PAGE, "run `make docs-generate`"


def test_every_entry_is_on_the_page() -> None:
    for entries in (
        CATALOGUE.types,
        CATALOGUE.methods,
        CATALOGUE.treaties,
        CATALOGUE.evidence,
        CATALOGUE.priors,
    ):
        for name in entries:
            assert name in PAGE, name
    for claim in CATALOGUE.claims.values():
        assert claim.text in PAGE


def test_every_source_is_on_the_page() -> None:
    for ordnance in CATALOGUE.types.values():
        for field in FateModel.__dataclass_fields__:
            given = getattr(ordnance.fate, field)
            if not given.is_certain:
                assert given.source.removeprefix("judgement: ") in PAGE, (ordnance.name, field)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_example_of_a_user_file_works(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(USER_FILE, encoding="utf-8")
    loaded = load_catalogue([path])
    assert USER_FILE in PAGE
    assert loaded.ordnance("LM-3").is_persistent
    assert loaded.ordnance("LM-3").fate.p_arms.low == 0.85
    assert loaded.method("MDD").p_detect.low == 0.85
