"""Documents of the OGC API as plain pages for people: no script, no style, and all text is text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_MOST_LETTERS = 400  # of a shape


def page_of(title: str, document: Mapping[str, Any]) -> str:
    """A document as a page.

    Parameters
    ----------
    title
        Of the page.
    document
        What JSON would say.

    Examples
    --------
    >>> "<script>" in page_of("<script>", {"name": "<script>", "links": []})
    False
    """
    links = document.get("links", [])
    rest = {k: v for k, v in document.items() if k not in ("links", "features", "type")}
    parts = [_navigation(links), _value(rest)]
    if "features" in document:
        parts.append(_features(document["features"]))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _navigation(links: Sequence[Mapping[str, Any]]) -> str:
    rows = "\n".join(
        f"<li>{_anchor(one)} ({escape(str(one['rel']).rsplit('/', 1)[-1])})</li>" for one in links
    )
    return f"<nav>\n<ul>\n{rows}\n</ul>\n</nav>" if rows else ""


def _anchor(link: Mapping[str, Any]) -> str:
    if link.get("templated"):
        return f"{escape(link['title'])}: <code>{escape(link['href'])}</code>"
    return f'<a href="{escape(link["href"])}">{escape(link["title"])}</a>'


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        rows = "".join(
            f"<dt>{escape(str(name))}</dt><dd>{_navigation(inner) if name == 'links' else _value(inner)}</dd>\n"
            for name, inner in value.items()
        )
        return f"<dl>\n{rows}</dl>" if rows else ""
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, int | float) for one in value):
            return escape(", ".join(str(one) for one in value))
        return "<ul>\n" + "".join(f"<li>{_value(one)}</li>\n" for one in value) + "</ul>"
    return escape(_text(value))


def _features(features: Sequence[Mapping[str, Any]]) -> str:
    """Features as a table, each with a link to its own page."""
    if not features:
        return "<p>No feature.</p>"
    names = list(features[0]["properties"])
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["feature", *names])
    rows = []
    for one in features:
        cells = [f'<a href="{escape(one["href"])}">{escape(str(one["id"]))}</a>']
        cells += [escape(_text(one["properties"][name])) for name in names]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>"


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"
