"""The page of a fate: its table in words people use, and its plot, in one file.

Nothing here knows QGIS.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

_HEADS = {
    "age_days": "age [d]",
    "date": "date",
    "basis": "on whose word",
    "state": "state",
    "mean": "expected items",
    "q05": "5 % point",
    "q95": "95 % point",
    "p_any": "chance of any",
}
_NEARLY = 0.999
_MANY = 100.0  # from here on people read whole items
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: sans-serif; max-width: 60em; margin: 2em; }}
td, th {{ padding: 0.2em 0.8em; text-align: right; border-bottom: 1px solid #d9d9d9; }}
</style></head><body><h1>{title}</h1>
<table><tr>{head}</tr>
{rows}
</table>
<p>{foot}</p>
<p>Expired is not gone: it no longer functions as designed, and is still an explosive item that must be found.
Explosive: armed, expired and dud together. With 90 % probability the number lies between the 5 % and the 95 %
point.</p>
<img src="data:image/svg+xml;base64,{picture}" alt="What is left over time" style="max-width: 100%">
</body></html>
"""


def fate_page(said: Mapping[str, Any], svg: bytes) -> str:
    """A page that stands alone, from what `remnant fate --json` says and the plot that it drew."""
    rows: Sequence[Mapping[str, Any]] = said["results"]
    names = [name for name in _HEADS if any(row.get(name) is not None for row in rows)]
    title = f"{said['type']}: what is left of {said['quantity']:,}"
    facts = (
        ("setting", said.get("setting")),
        ("delivered", said.get("delivered_on")),
        ("seed", said.get("seed")),
    )
    return _PAGE.format(
        title=html.escape(title),
        head="".join(f"<th>{_HEADS[name]}</th>" for name in names),
        rows="\n".join(
            "<tr>" + "".join(f"<td>{_cell(name, row[name])}</td>" for name in names) + "</tr>" for row in rows
        ),
        foot=html.escape("; ".join(f"{name} {value}" for name, value in facts if value is not None)),
        picture=base64.b64encode(svg).decode("ascii"),
    )


def _cell(name: str, value: object) -> str:
    if value is None:
        return "unknown"
    if name == "p_any" and isinstance(value, float):
        return chance_words(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:,.3g}"
    return html.escape(str(value))


def chance_words(chance: float) -> str:
    """A chance as people read it; what is nearly certain is not called certain.

    Examples
    --------
    >>> [chance_words(p) for p in (0.0, 0.0004, 0.123, 0.99999)]
    ['0 %', 'below 0.1 %', '12.3 %', 'above 99.9 %']
    """
    if chance > _NEARLY and chance < 1.0:
        return "above 99.9 %"
    if 0.0 < chance < 1.0 - _NEARLY:
        return "below 0.1 %"
    return f"{100.0 * chance + 0.0:.3g} %"
