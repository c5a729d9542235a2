"""The catalogue as one page of the docs: every number with its basis and source, made from the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from remnant.catalogue import describe
from remnant.catalogue.exposure import ACTIVITY_UNITS, DEMINING_UNITS, Activity, DeminingRisk
from remnant.catalogue.records import Catalogue, Mechanism, OrdnanceType, Range

_INTRO = """# Catalogue

<!-- Made by `make docs-generate` from src/remnant/catalogue/data; do not edit by hand. -->

Every number that remnant starts from, with its source. A range is a 90 % interval of what we believe. *Basis* says how
the number came to us: *published*: read in the primary source; *second hand*: read in a source that quotes it; *weak
source*: uncited, anonymous or partisan; *derived*: arithmetic from sourced numbers; *judgement*: nobody has published
it, so the range is ours and wide. Whatever rests on a weak source or on judgement is marked so wherever it is used.

Descriptions say what a person meets in the field. Nothing here tells whether land may be used: an item that is not
described, or described wrongly, is as dangerous as one that is.

"""
USER_FILE = """\
# One number of a type that is there: all else stays.
[PFM-1S.p_sd_fails]
low = 0.05
high = 0.20
unit = "1"
basis = "published"
source = "who, where, when, page"

# A new type. Give its numbers, or let it take those of another.
["Local mine 3"]
title = "Locally made copy of the PMN"
category = "ap_mine"
delivery = "emplaced"
origin = "where it is made"
aliases = ["LM-3"]
like = "PMN"
["Local mine 3".p_dud]
low = 0.02
high = 0.15
unit = "1"
basis = "judgement"
source = "judgement: clearance team's view, May 2026"

# A detection method as your own tests found it, and a prior.
[methods.dogs.p_detect]
low = 0.85
high = 0.95
unit = "1"
basis = "published"
source = "accreditation tests 2025, table 2"

[priors."exists.SHA"]
low = 0.05
high = 0.15
unit = "1"
basis = "derived"
source = "own survey outcomes 2020 to 2025: 40 of 420 areas held any"
"""
_OWN = f"""## Your own entries

Write a file and name it with `--catalogue FILE` (on the command line) or in the case. The rules are those of our own
files: no unknown keys, no number without unit, basis and source; a number is replaced whole, with its source.

```toml
{USER_FILE}```

Top-level tables are ordnance types; `methods`, `treaties`, `claims`, `evidence`, `priors`, `activities`
and `demining` hold the rest.

Keys of a type, with the unit of each number:

- `title`, `category`, `delivery`, `origin`: required words. `category` is `ap_mine`, `av_mine`, `submunition`,
  `shell`, `rocket`, `grenade`, `bomb` or `other`; `delivery` is `emplaced`, `remotely_delivered` or `fired`.
- `description`, `aliases`, `treaty_scope`: more words, other spellings, and whether CCW Amended Protocol II,
  Technical Annex 3, covers it.
- `like`: the type whose numbers this one takes where it gives none.
- `mechanism`: `none`, `impact` (fired) or `self_destruct`; says which numbers are needed.
- `p_arms` or `p_dud` [1]: share that arms (or functions on impact), or one minus it. Needed by all.
- `p_sd_fails` [1]: share of armed items whose self-destruct never acts.
- `sd_delay` [h]: time within which 90 % of those that act do so; or `settings`, and `default_setting`, the longest.
- `sd_delay_factor` [ratio]: how wrong that time may be as a whole (temperature, batch).
- `p_sd_late` [1], `sd_late_delay` [h]: share that acts late instead, and when.
- `self_deactivation`: `none`, or `battery` (taken if left out), which needs the next two.
- `p_sda_fails` [1], `sda_delay` [h]: share that never loses its power, and time within which 90 % of the others do.
"""
_NO_MECHANISM = (
    "Without self-destruct: armed until found, set off or destroyed. The one number is the share that never armed "
    "and so is a dud from the start."
)
_IMPACT = "Fired: functions on impact, or lies there as a dud. The one number is the dud share."
_SELF_DESTRUCT = (
    "With self-destruct (non-persistent). Whatever has not gone is still an explosive item to be found."
)


def catalogue_page(catalogue: Catalogue) -> str:
    """The page as MyST markdown.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> catalogue_page(load_catalogue()).startswith("# Catalogue")
    True
    """
    blocks = [
        _INTRO,
        f"{len(catalogue.types)} ordnance types, {len(catalogue.methods)} methods, {len(catalogue.claims)} claims. "
        f"SHA-256 of the content: `{catalogue.sha256}`.\n",
        _OWN,
        *_types(catalogue),
        *_methods(catalogue),
        *_treaties(catalogue),
        *_claims(catalogue),
        *_evidence(catalogue),
        *_priors(catalogue),
        *_exposure(catalogue),
    ]
    return "\n".join(blocks)


def _types(catalogue: Catalogue) -> Iterator[str]:
    chosen = describe.select_types(catalogue)
    yield f"## Types with self-destruct\n\n{_SELF_DESTRUCT}\n"
    for ordnance in _with(chosen, "self_destruct"):
        yield f"### {ordnance.name}: {ordnance.title}\n\n{_prose(ordnance)}\n"
        yield _table(
            ("number", "90 % range", "stated", "basis", "source and note"),
            ((what, *_range_cells(given)) for what, given in describe.numbers_of(ordnance)),
        )
        if certain := describe.construction_words(ordnance):
            yield f"{certain}\n"
    for title, words, mechanism in (
        ("Types without self-destruct", _NO_MECHANISM, "none"),
        ("Fired types", _IMPACT, "impact"),
    ):
        yield f"## {title}\n\n{words}\n"
        yield _table(
            ("name", "what it is", "dud share", "stated", "basis", "source and note"),
            (
                (f"**{t.name}**", f"{t.title}. {_prose(t)}", *_range_cells(describe.dud_share(t)))
                for t in chosen
                if t.mechanism == mechanism
            ),
        )


def _methods(catalogue: Catalogue) -> Iterator[str]:
    yield "## Detection methods\n\nChance per pass that an item present where the method worked is found.\n"
    yield _table(
        ("name", "what it is", "finds", "stated", "basis", "source and note"),
        (
            (
                f"**{m.name}**",
                f"{m.title} ({describe.kind_words(m.kind)}). {m.description}",
                *_range_cells(m.p_detect),
            )
            for m in catalogue.methods.values()
        ),
    )


def _treaties(catalogue: Catalogue) -> Iterator[str]:
    yield "## Treaty and policy limits\n"
    yield _table(
        ("name", "text", "limit", "applies to", "source"),
        (
            (f"**{t.name}**", f"{t.title}. {t.text}", describe.treaty_words(t), t.applies_to, t.limit.source)
            for t in catalogue.treaties.values()
        ),
    )


def _claims(catalogue: Catalogue) -> Iterator[str]:
    yield (
        "## Claims\n\nWho said what. A claim is not evidence; `remnant claims` sets each beside the treaty limit and "
        "what is known.\n"
    )
    yield _table(
        ("date", "who", "what", "about", "implies", "basis", "source and note"),
        (
            (
                claim.date,
                claim.speaker,
                claim.text,
                ", ".join(claim.types),
                describe.claim_words(claim),
                describe.basis_words(claim.basis),
                describe.source_words(claim),
            )
            for claim in sorted(catalogue.claims.values(), key=lambda c: (c.date, c.name))
        ),
    )


def _evidence(catalogue: Catalogue) -> Iterator[str]:
    yield "## Trials and field results\n\nOnly those with counts; what is only a rate stands among the claims.\n"
    yield _table(
        ("name", "about", "seen", "basis", "source and note"),
        (
            (
                f"**{item.name}**",
                ", ".join(item.types),
                describe.evidence_words(item),
                describe.basis_words(item.basis),
                describe.source_words(item),
            )
            for item in catalogue.evidence.values()
        ),
    )


def _priors(catalogue: Catalogue) -> Iterator[str]:
    yield "## Model priors\n\nWhat we believe of an area before its own records speak; a case may replace each.\n"
    yield _table(
        ("name", "90 % range", "stated", "basis", "source and note"),
        ((f"`{prior.name}`", *_range_cells(prior.range)) for prior in catalogue.priors.values()),
    )


def _exposure(catalogue: Catalogue) -> Iterator[str]:
    yield (
        "## Civilian activities\n\nHow people meet what lies in the ground, for `remnant harm`; what each number is: "
        "[Harm](harm.md).\n"
    )
    yield _factor_table(catalogue.activities.values(), tuple(ACTIVITY_UNITS))
    yield "## De-mining work\n\nRisk of those who clear, by way of working.\n"
    yield _factor_table(catalogue.demining.values(), tuple(DEMINING_UNITS))


def _factor_table(entries: Iterable[Activity | DeminingRisk], keys: Sequence[str]) -> str:
    return _table(
        ("name", "factor", "90 % range", "stated", "basis", "source and note"),
        ((f"**{e.name}**", f"`{key}`", *_range_cells(getattr(e, key))) for e in entries for key in keys),
    )


def _with(types: Iterable[OrdnanceType], mechanism: Mechanism) -> Iterator[OrdnanceType]:
    return (t for t in types if t.mechanism == mechanism)


def _prose(ordnance: OrdnanceType) -> str:
    also = f" Also written: {', '.join(ordnance.aliases)}." if ordnance.aliases else ""
    where = f"{describe.category_words(ordnance.category)}, {ordnance.origin}."
    return f"{where} {ordnance.description}{also}"


def _range_cells(given: Range) -> tuple[str, str, str, str]:
    return (
        describe.range_words(given),
        describe.point_words(given),
        describe.basis_words(given.basis),
        describe.source_words(given),
    )


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return (
        "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )
