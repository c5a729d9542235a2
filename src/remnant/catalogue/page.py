"""The catalogue as one page of the docs: every number with its basis and source, made from the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from remnant.catalogue import describe
from remnant.catalogue.records import Catalogue, Mechanism, OrdnanceType, Range

_INTRO = """# Catalogue

<!-- Made by docs/make_catalogue.py from src/remnant/catalogue/data; do not edit by hand. -->

Every number that remnant starts from, with its source. A range is a 90 % interval of what we believe. *Basis* says how
the number came to us: *published*: read in the primary source; *second hand*: read in a source that quotes it; *weak
source*: uncited, anonymous or partisan; *derived*: arithmetic from sourced numbers; *judgement*: nobody has published
it, so the range is ours and wide. Whatever rests on a weak source or on judgement is marked so wherever it is used.

Descriptions say what a person meets in the field. Nothing here tells whether land may be used: an item that is not
described, or described wrongly, is as dangerous as one that is.

Add or override entries with a file of your own, `--catalogue FILE`; a number is replaced whole, with its source:

```toml
[PFM-1S.p_sd_fails]
low = 0.05
high = 0.20
unit = "1"
basis = "published"
source = "who, where, when, page"
```
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
        *_types(catalogue),
        *_methods(catalogue),
        *_treaties(catalogue),
        *_claims(catalogue),
        *_evidence(catalogue),
        *_priors(catalogue),
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
                f"{claim.source}. {claim.note}" if claim.note else claim.source,
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
                f"{item.source}. {item.note}" if item.note else item.source,
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
        describe.range_basis_words(given),
        describe.source_words(given),
    )


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return (
        "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )
