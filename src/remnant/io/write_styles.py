"""Map styles that travel inside the GeoPackage, in the form that QGIS reads."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from remnant.io.write_colours import ACTION_COLOURS, OUTLINE, SCALE, UNKNOWN, VERDICT_COLOURS, class_labels

_NAMESPACE = uuid.UUID(
    "7b0c1f0e-3f0f-5b0a-9a59-3d6d0b1f2c11"
)  # fixed, so that keys of rules are the same each time
_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One class of a layer: which features, how they look, what the legend says."""

    label: str
    where: str
    fill: str
    hatch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStyle:
    """One named style of a layer; the first of a layer is its default."""

    layer: str
    name: str
    description: str
    rules: tuple[Rule, ...]
    outline: bool


def chance_rules(column: str, breaks: tuple[float, ...]) -> tuple[Rule, ...]:
    """Classes of a chance, lowest first, with unknown hatched grey on top."""
    return class_rules(column, breaks, class_labels(breaks))


def class_rules(column: str, breaks: tuple[float, ...], labels: tuple[str, ...]) -> tuple[Rule, ...]:
    """Classes of a number, lowest first, with unknown hatched grey on top."""
    edges = (None, *breaks, None)
    rules = []
    for low, high, colour, label in zip(edges[:-1], edges[1:], SCALE, labels, strict=True):
        terms = [f'"{column}" >= {low!r}'] if low is not None else [f'"{column}" IS NOT NULL']
        terms += [f'"{column}" < {high!r}'] if high is not None else []
        rules.append(Rule(label=label, where=" AND ".join(terms), fill=colour))
    return (*rules, Rule(label="unknown", where=f'"{column}" IS NULL', fill=UNKNOWN, hatch=True))


def verdict_rules() -> tuple[Rule, ...]:
    """One class per verdict."""
    return tuple(
        Rule(label=verdict, where=f"\"verdict\" = '{verdict}'", fill=colour)
        for verdict, colour in VERDICT_COLOURS.items()
    )


def action_rules(words: Mapping[str, str]) -> tuple[Rule, ...]:
    """One class per action of a plan that occurs, by its words; an area without an action has the empty one."""
    return tuple(
        Rule(
            label=words[action],
            where=f"\"action\" = '{action}'" if action else '"action" IS NULL OR "action" = \'\'',
            fill=colour,
        )
        for action, colour in ACTION_COLOURS.items()
        if action in words
    )


def qml(style: LayerStyle) -> str:
    """The style as QGIS layer-style XML (rule-based renderer, fills only)."""
    rules, symbols = [], []
    for number, rule in enumerate(style.rules):
        key = uuid.uuid5(_NAMESPACE, f"{style.layer}/{style.name}/{number}")
        rules.append(
            f'<rule key="{{{key}}}" symbol="{number}" label={quoteattr(rule.label)} filter={quoteattr(rule.where)}/>'
        )
        symbols.append(_symbol(number, rule, outline=style.outline))
    root = uuid.uuid5(_NAMESPACE, f"{style.layer}/{style.name}")
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology">'
        '<renderer-v2 type="RuleRenderer" symbollevels="0" forceraster="0" enableorderby="0">'
        f'<rules key="{{{root}}}">{"".join(rules)}</rules><symbols>{"".join(symbols)}</symbols>'
        "</renderer-v2><blendMode>0</blendMode><featureBlendMode>0</featureBlendMode></qgis>"
    )


def raster_qml(band: int, breaks: tuple[float, ...]) -> str:
    """Classes of a chance in one band of a raster, as the side-car file that QGIS reads."""
    tops = (*(f"{b!r}" for b in breaks), "inf")
    items = "".join(
        f'<item alpha="255" value="{top}" label={quoteattr(label)} color="{colour}"/>'
        for top, colour, label in zip(tops, SCALE, class_labels(breaks), strict=True)
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology"><pipe>'
        f'<rasterrenderer type="singlebandpseudocolor" band="{band}" opacity="1" alphaBand="-1" '
        'classificationMin="0" classificationMax="1"><rastershader>'
        '<colorrampshader colorRampType="DISCRETE" classificationMode="1" clip="0" minimumValue="0" maximumValue="1">'
        f"{items}</colorrampshader></rastershader></rasterrenderer></pipe><blendMode>0</blendMode></qgis>"
    )


def _symbol(number: int, rule: Rule, *, outline: bool) -> str:
    options = {
        "color": _rgba(rule.fill),
        "style": "b_diagonal" if rule.hatch else "solid",
        "outline_color": _rgba(OUTLINE if outline else rule.fill),
        "outline_style": "solid",  # in the colour of the fill it closes the seams between cells
        "outline_width": "0.2" if outline or rule.hatch else "0.1",
        "outline_width_unit": "MM",
        "joinstyle": "bevel",
    }
    body = "".join(f'<Option name="{k}" type="QString" value="{v}"/>' for k, v in options.items())
    props = "".join(f'<prop k="{k}" v="{v}"/>' for k, v in options.items())  # what QGIS before 3.18 reads
    return (
        f'<symbol type="fill" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{body}</Option>{props}</layer>'
        "</symbol>"
    )


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5)) + ",255"


def write_styles(geopackage: Path, styles: Sequence[LayerStyle], *, changed: str) -> None:
    """Put styles into a GeoPackage as a registered ``layer_styles`` table.

    Parameters
    ----------
    geopackage
        An existing file with the layers that the styles name.
    styles
        The first of each layer becomes its default.
    changed
        Time stamp to store, ISO 8601 with ``Z``; fixed, so that two runs give the same bytes.
    """
    seen: set[str] = set()
    with closing(sqlite3.connect(geopackage)) as database, database:
        database.execute(_TABLE)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 'Map styles for QGIS', ?)",
            (changed,),
        )
        for style in styles:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', NULL, ?)",
                (style.layer, style.name, qml(style), style.layer not in seen, style.description, changed),
            )
            seen.add(style.layer)
