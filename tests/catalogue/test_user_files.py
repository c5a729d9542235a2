import re
from pathlib import Path

import pytest

from remnant.catalogue import load_catalogue
from remnant.errors import CatalogueError

NUMBER = 'unit = "1"\nbasis = "published"\nsource = "field report 7, p. 3"\n'
OVERRIDE = f"[PFM-1S.p_sd_fails]\nlow = 0.05\nhigh = 0.2\n{NUMBER}"
WHOLE = f"""
[Brick]
title = "Brick mine"
category = "ap_mine"
delivery = "emplaced"
origin = "made up"
mechanism = "none"
[Brick.p_dud]
low = 0.01
high = 0.2
{NUMBER}"""
TIMED = f"""
[Tick]
title = "Ticking mine"
category = "ap_mine"
delivery = "remotely_delivered"
origin = "made up"
like = "POM-2"
[Tick.settings.short]
low = 1.0
high = 2.0
{NUMBER.replace('"1"', '"h"')}"""


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """The one sentence with which a file is refused; it opens with the file's path."""
    path = written(folder, text)
    with pytest.raises(CatalogueError, match=r"mine\.toml") as caught:
        load_catalogue([path])
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


def test_one_number_of_a_known_type_can_be_overridden(tmp_path: Path) -> None:
    path = written(tmp_path, OVERRIDE)
    before, after = load_catalogue().ordnance("PFM-1S"), load_catalogue([path]).ordnance("PFM-1S")
    assert (after.fate.p_sd_fails.low, after.fate.p_sd_fails.high) == (0.05, 0.2)
    assert after.fate.p_sd_fails.source == "field report 7, p. 3"
    assert after.fate.sd_delay == before.fate.sd_delay
    assert after.title == before.title
    assert after.user_file == str(path)
    assert load_catalogue().ordnance("PFM-1S").user_file == ""


def test_an_override_by_another_spelling_meets_the_same_type(tmp_path: Path) -> None:
    loaded = load_catalogue([written(tmp_path, OVERRIDE.replace("PFM-1S", "pfm1s"))])
    assert loaded.ordnance("PFM-1S").fate.p_sd_fails.high == 0.2
    assert len(loaded.types) == len(load_catalogue().types)


def test_a_dud_share_overrides_the_share_that_arms(tmp_path: Path) -> None:
    text = f"[BL755.p_arms]\nlow = 0.5\nhigh = 0.6\n{NUMBER}"
    assert load_catalogue([written(tmp_path, text)]).ordnance("BL755").fate.p_arms.high == 0.6


def test_one_setting_can_be_overridden_and_the_others_stay(tmp_path: Path) -> None:
    text = '[GATOR.settings.4h]\nlow = 3.9\nhigh = 4.1\nunit = "h"\nbasis = "published"\nsource = "test"\n'
    gator = load_catalogue([written(tmp_path, text)]).ordnance("GATOR")
    assert gator.settings["4h"].low == 3.9
    assert set(gator.settings) == {"4h", "48h", "15d"}


def test_a_new_type_is_added(tmp_path: Path) -> None:
    loaded = load_catalogue([written(tmp_path, WHOLE)])
    assert loaded.ordnance("brick").fate.p_arms.low == pytest.approx(0.8)
    assert loaded.ordnance("brick").is_persistent
    assert len(loaded.types) == len(load_catalogue().types) + 1


def test_a_new_type_takes_the_numbers_of_the_one_that_it_is_like(tmp_path: Path) -> None:
    text = WHOLE.split("mechanism")[0] + 'like = "pom 2"\n'
    brick, pom = (load_catalogue([written(tmp_path, text)]).ordnance(n) for n in ("Brick", "POM-2"))
    assert brick.fate == pom.fate
    assert brick.user_file
    assert not pom.user_file


def test_a_known_type_can_be_made_like_another(tmp_path: Path) -> None:
    loaded = load_catalogue([written(tmp_path, '[PFM-1S]\nlike = "PMN"\n')])
    assert loaded.ordnance("PFM-1S").is_persistent
    assert loaded.ordnance("PFM-1S").title == load_catalogue().ordnance("PFM-1S").title


def test_a_known_type_can_lose_its_mechanism(tmp_path: Path) -> None:
    assert (
        load_catalogue([written(tmp_path, '[POM-2]\nmechanism = "none"\n')]).ordnance("POM-2").is_persistent
    )


def test_methods_priors_claims_and_trials_take_user_entries(tmp_path: Path) -> None:
    text = f"""
[methods.dogs.p_detect]
low = 0.9
high = 0.95
{NUMBER}
[priors."exists.SHA"]
low = 0.1
high = 0.2
{NUMBER}
[priors."density.forest"]
low = 1
high = 20
{NUMBER.replace('"1"', '"1/km2"')}
[claims.ours]
speaker = "We"
date = "2026-05"
types = ["gator"]
text = "At most 1 % remain."
quantity = "p_explosive"
low = 0.0
high = 0.01
age_d = 30
stance = "neutral"
basis = "published"
source = "field report 7"
[evidence.ours]
types = ["pfm 1s"]
kind = "trial"
quantity = "p_sd_fails"
num_tested = 400
num_failed = 20
window_d = 30.0
basis = "published"
source = "field report 7"
"""
    loaded = load_catalogue([written(tmp_path, text)])
    assert loaded.method("dog").p_detect.low == 0.9
    assert loaded.method("dog").title == load_catalogue().method("dog").title
    assert loaded.priors["exists.SHA"].range.high == 0.2
    assert loaded.priors["density.forest"].range.unit == "1/km2"
    assert loaded.claims["ours"].types == ("BLU-92/B",)
    assert loaded.evidence["ours"].types == ("PFM-1S",)
    assert all(
        e.user_file for e in (loaded.method("dog"), loaded.claims["ours"], loaded.priors["density.forest"])
    )


def test_later_files_win(tmp_path: Path) -> None:
    first = written(tmp_path, OVERRIDE, "first.toml")
    second = written(tmp_path, OVERRIDE.replace("0.2\n", "0.3\n"), "second.toml")
    loaded = load_catalogue([first, second])
    assert loaded.ordnance("PFM-1S").fate.p_sd_fails.high == 0.3
    assert loaded.user_files == (str(first), str(second))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + OVERRIDE.encode())
    assert load_catalogue([path]).ordnance("PFM-1S").fate.p_sd_fails.high == 0.2


def test_the_hash_follows_content(tmp_path: Path) -> None:
    base = load_catalogue().sha256
    other = load_catalogue([written(tmp_path, OVERRIDE)]).sha256
    third = load_catalogue([written(tmp_path, OVERRIDE.replace("p. 3", "p. 4"))]).sha256
    assert len({base, other, third}) == 3


def test_the_hash_ignores_order_comments_and_paths(tmp_path: Path) -> None:
    one = written(tmp_path, WHOLE + OVERRIDE, "one.toml")
    two = written(tmp_path, "# the other way round\n" + OVERRIDE + WHOLE, "two.toml")
    assert load_catalogue([one]).sha256 == load_catalogue([two]).sha256


def test_a_number_written_again_as_it_is_changes_no_hash(tmp_path: Path) -> None:
    text = "[BL755]\norigin = 'United Kingdom'\n"
    assert load_catalogue([written(tmp_path, text)]).sha256 == load_catalogue().sha256


BROKEN = {
    "wrong TOML": ("[PFM-1S\nlow = 1", r"must be TOML; .*line 1.*Mend that line"),
    "empty file": ("", r"must hold at least one entry; it is empty"),
    "only comments": ("# nothing\n", r"must hold at least one entry"),
    "value at the top": ("low = 0.5\n", r"'low' must be a table"),
    "entry is no table": ("[methods]\ndogs = 3\n", r"\[methods\.dogs\]: must be a table; got 3"),
    "unknown key": ("[PFM-1S]\ncolour = 'green'\n", r"\[PFM-1S\]\.colour: is not a key.*Known keys: title"),
    "unknown key of a number": (
        OVERRIDE + "sigma = 2\n",
        r"p_sd_fails\.sigma: is not a key.*Known keys: low, high, unit",
    ),
    "missing source": (
        OVERRIDE.replace('source = "field report 7, p. 3"\n', ""),
        r"p_sd_fails\.source: every number needs a source; none came\. Add source",
    ),
    "blank source": (
        OVERRIDE.replace("field report 7, p. 3", " "),
        r"p_sd_fails: every number needs a source",
    ),
    "missing basis": (
        OVERRIDE.replace('basis = "published"\n', ""),
        r"p_sd_fails\.basis: every number needs a basis.*judgement",
    ),
    "unknown basis": (
        OVERRIDE.replace("published", "rumour"),
        r"basis: must be one of .*judgement.*got 'rumour'",
    ),
    "missing bound": (OVERRIDE.replace("low = 0.05\n", ""), r"p_sd_fails\.low: must be given; nothing came"),
    "bare number": (
        "[PFM-1S]\np_sd_fails = 0.1\n",
        r"p_sd_fails: must be a number with its source.*got 0\.1",
    ),
    "number as text": (OVERRIDE.replace("0.05", '"few"'), r"p_sd_fails\.low: must be number; got 'few'"),
    "true for a number": (OVERRIDE.replace("0.05", "true"), r"p_sd_fails\.low: must be number; got True"),
    "not a number": (OVERRIDE.replace("0.05", "nan"), r"p_sd_fails\.low: must be finite; got nan"),
    "infinite": (OVERRIDE.replace("0.2\n", "inf\n"), r"p_sd_fails\.high: must be finite; got inf"),
    "percent for probability": (
        OVERRIDE.replace("0.2\n", "20\n"),
        r"p_sd_fails: a probability lies in \[0, 1\]; got 20\. Percent\? Divide by 100",
    ),
    "percent as unit": (
        OVERRIDE.replace('unit = "1"', 'unit = "%"'),
        r"unit: must be '1'; got '%'.*for percent, divide by 100",
    ),
    "low above high": (
        OVERRIDE.replace("0.05", "0.5"),
        r"p_sd_fails: low must not exceed high; got 0\.5 and 0\.2",
    ),
    "ends at certainty": (OVERRIDE.replace("0.05", "0.0"), r"nothing is that certain"),
    "value outside": (OVERRIDE + "value = 0.9\n", r"value 0\.9 lies outside its range 0\.05 to 0\.2"),
    "wrong unit": (
        "[PFM-1S.sd_delay]\nlow = 1\nhigh = 2\n" + NUMBER.replace('"1"', '"d"'),
        r"sd_delay\.unit: must be 'h'; got 'd'\. Times are written in hours: 1 d is 24 h",
    ),
    "negative hours": (
        "[PFM-1S.sd_delay]\nlow = -1\nhigh = 2\n" + NUMBER.replace('"1"', '"h"'),
        r"sd_delay: a quantity in h is not negative; got -1",
    ),
    "setting without default": (
        TIMED,
        r"\[Tick\]\.default_setting: must be given.*Name the longest: 'short'",
    ),
    "default that is no setting": (
        TIMED.replace("like =", 'default_setting = "long"\nlike ='),
        r"default_setting: must be one of short; got 'long'",
    ),
    "default that is not the longest": (
        '[GATOR]\ndefault_setting = "4h"\n',
        r"default_setting: must be the longest.*got '4h'\. Name '15d'",
    ),
    "window beside settings": (
        "[GATOR.sd_delay]\nlow = 1\nhigh = 2\n" + NUMBER.replace('"1"', '"h"'),
        r"sd_delay: comes from the settings of this type.*\[settings\.15d\]",
    ),
    "default without settings": (
        '[PFM-1S]\ndefault_setting = "4h"\n',
        r"default_setting: '4h' names no setting; the entry has none",
    ),
    "no title": (
        WHOLE.replace('title = "Brick mine"\n', ""),
        r"\[Brick\]\.title: must be given; nothing came",
    ),
    "no mechanism": (WHOLE.replace('mechanism = "none"\n', ""), r"\[Brick\]\.mechanism: must be given"),
    "no dud share": (WHOLE.split("[Brick.p_dud]")[0], r"give p_arms or p_dud.*neither came"),
    "arms and dud": (
        WHOLE + "[Brick.p_arms]\nlow = 0.8\nhigh = 0.9\n" + NUMBER,
        r"give p_arms or p_dud.*both came",
    ),
    "number that is certain": (
        "[PMN.p_sd_fails]\nlow = 0.05\nhigh = 0.1\n" + NUMBER,
        r"p_sd_fails: is certain by construction \(no self-destruct mechanism\).*change mechanism",
    ),
    "mechanism without numbers": (
        '[PMN]\nmechanism = "self_destruct"\n',
        r"\[PMN\]\.p_sd_fails: must be given; nothing came",
    ),
    "unknown mechanism": (
        '[PMN]\nmechanism = "magic"\n',
        r"mechanism: must be one of .*'self_destruct'; got 'magic'",
    ),
    "unknown category": ('[PMN]\ncategory = "mine"\n', r"category: must be one of .*'ap_mine'.*got 'mine'"),
    "like nothing": ('[PMN]\nlike = "PMM"\n', r"like: must name another type; 'PMM' names no type"),
    "like itself": ('[PMN]\nlike = "pmn"\n', r"like: must name another type; 'pmn' goes in a circle"),
    "alias of another": (
        '[PMN]\naliases = ["PFM 1"]\n',
        r"\[PMN\]: names and aliases must be unique; 'PFM 1' also belongs to 'PFM-1'",
    ),
    "prior of unknown name": (f"[priors.weight]\nlow = 0.1\nhigh = 0.2\n{NUMBER}", r"no prior has this name"),
    "prior in wrong unit": (
        f'[priors."density.SHA"]\nlow = 0.1\nhigh = 0.2\n{NUMBER}',
        r"unit: must be '1/km2'",
    ),
    "claim about an unknown type": (
        '[claims.six-in-a-million]\ntypes = ["Brick"]\n',
        r"types: must name types of the catalogue; 'Brick' is none",
    ),
    "claim without number": ("[claims.ours]\nquantity = 'p_dud'\ntypes = ['PMN']\n", r"needs low and high"),
    "claim with swapped ends": (
        "[claims.dpicm-in-use]\nlow = 0.9\n",
        r"low must not exceed high; got 0\.9 and 0\.3",
    ),
    "claim in percent": (
        "[claims.dpicm-in-use]\nhigh = 30.0\n",
        r"high: must be less than or equal to 1; got 30",
    ),
    "claim with a loose date": ("[claims.dpicm-in-use]\ndate = 'last year'\n", r"date: .*got 'last year'"),
    "statement with a number": ("[claims.insufficient]\nlow = 0.1\nhigh = 0.2\n", r"carries no low or high"),
    "more failures than tests": (
        "[evidence.us-trials-67000]\nnum_failed = 70000\n",
        r"must not exceed num_tested",
    ),
    "trial without count": ("[evidence.x]\nkind = 'trial'\ntypes = ['PMN']\n", r"num_tested: must be given"),
    "method without kind": ("[methods.magic]\ntitle = 'Magic'\n", r"\[methods\.magic\]\.kind: must be given"),
    "treaty without age": (
        "[treaties.x]\ntitle = 'x'\ntext = 'x'\nquantity = 'p_dud'\n",
        r"\.limit: must be given",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_gets_one_clear_sentence(tmp_path: Path, case: str) -> None:
    text, expected = BROKEN[case]
    message = refusal(tmp_path, text)
    assert re.search(expected, message), message


def test_several_faults_are_counted(tmp_path: Path) -> None:
    assert "(1 more in this entry.)" in refusal(tmp_path, "[PFM-1S]\ncolour = 1\nshape = 2\n")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes("[PMN]\norigin = 'Česko'\n".encode("utf-16"))
    with pytest.raises(CatalogueError, match=r"must be UTF-8 text; byte 1 is not\. Save the file as UTF-8"):
        load_catalogue([path])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"must be a catalogue file that can be read; No such file"):
        load_catalogue([tmp_path / "none.toml"])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"can be read; Is a directory.*Check the path"):
        load_catalogue([tmp_path])


def test_a_refused_file_leaves_the_built_in_catalogue_as_it_was(tmp_path: Path) -> None:
    before = load_catalogue().sha256
    refusal(tmp_path, OVERRIDE + BROKEN["unknown key"][0].replace("PFM-1S", "PMN"))
    assert load_catalogue().sha256 == before
