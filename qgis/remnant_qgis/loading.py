"""A result in the map: one group per result, layers with their stored styles, rasters by date, tables."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import (
    NULL,
    QgsColorRampShader,
    QgsDateTimeRange,
    QgsFillSymbol,
    QgsLayerTreeGroup,
    QgsLineSymbol,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsMarkerSymbol,
    QgsProcessingContext,
    QgsProject,
    QgsRasterBandStats,
    QgsRasterLayer,
    QgsRasterLayerTemporalProperties,
    QgsRasterShader,
    QgsRuleBasedRenderer,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QCoreApplication, QDate, QDateTime, QThread, QTime
from qgis.PyQt.QtGui import QColor

from remnant_qgis.result import Result, date_of, raster_title

_SCALE = ("#fff1bd", "#fdcf7f", "#f79a4f", "#dd5a3d", "#a8234f", "#5b0f52")
_PLAIN = {
    "transects": {"line_color": "#5b0f52", "line_width": "0.4"},
    "swaths": {"color": "253,207,127,110", "outline_style": "no"},
    "site": {"style": "no", "outline_color": "#4a4a4a", "outline_width": "0.5"},
    "units": {"color": "247,154,79,160", "outline_color": "#4a4a4a", "outline_width": "0.2"},
}
_GRADED = {"hours_h": "hours of search", "expected_found": "items expected to be found"}
"""Numbers of a design that its areas are coloured by; the first that a layer has."""
_NUM_CLASSES = 4  # beside zero and unknown
_OTHER = {
    QgsWkbTypes.PointGeometry: {"color": "#a8234f", "outline_color": "#4a4a4a", "size": "2"},
    QgsWkbTypes.LineGeometry: {"line_color": "#a8234f", "line_width": "0.4"},
    QgsWkbTypes.PolygonGeometry: {
        "color": "253,207,127,110",
        "outline_color": "#4a4a4a",
        "outline_width": "0.2",
    },
}
_SYMBOLS = {
    QgsWkbTypes.PointGeometry: QgsMarkerSymbol,
    QgsWkbTypes.LineGeometry: QgsLineSymbol,
    QgsWkbTypes.PolygonGeometry: QgsFillSymbol,
}


@dataclass(frozen=True)
class Opened:
    """What was put into a project, and what could not be opened."""

    group: QgsLayerTreeGroup
    layers: tuple[QgsMapLayer, ...]
    not_opened: tuple[str, ...]


def may_load(context: QgsProcessingContext) -> bool:
    """Whether layers may be put into the project from here: in the main thread only, which a model may not be in."""
    return context.project() is not None and QThread.currentThread() == QCoreApplication.instance().thread()


def open_result(result: Result, project: QgsProject) -> Opened:
    """Put all layers, rasters and tables of a result into a new group on top of a project's layers."""
    group = project.layerTreeRoot().insertGroup(0, result.title)
    layers: list[QgsMapLayer] = []
    lost: list[str] = []

    def put(layer: QgsMapLayer, into: QgsLayerTreeGroup, *, is_shown: bool = True) -> None:
        if not layer.isValid():
            lost.append(layer.source())
            return
        project.addMapLayer(layer, False)
        into.addLayer(layer).setItemVisibilityCheckedRecursive(is_shown)
        layers.append(layer)

    for (
        stored
    ) in result.layers:  # areas lie over cells, and cells are shown: some hazards lie outside all areas
        if stored.has_places:
            layer = _vector(result, stored.name, stored.title, has_style=bool(stored.shows))
            put(layer, group)
    if result.rasters:
        rasters = group.addGroup("rasters")
        for path in result.rasters:
            put(_raster(path), rasters, is_shown=False)
        rasters.setExpanded(False)
        rasters.setItemVisibilityChecked(False)
    plain = [stored for stored in result.layers if not stored.has_places]
    if plain:
        tables = group.addGroup("tables")
        for stored in plain:
            put(_table(result, stored.name, stored.title), tables)
        tables.setExpanded(False)
    return Opened(group, tuple(layers), tuple(lost))


def _table(result: Result, name: str, title: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{result.package}|layername={name}", title, "ogr")
    layer.setReadOnly(True)
    return layer


def _vector(result: Result, name: str, title: str, *, has_style: bool) -> QgsVectorLayer:
    """A layer with its default style, and all other stored styles to choose from."""
    layer = _table(result, name, title)
    if not layer.isValid():
        return layer
    if not has_style:
        kind = layer.geometryType()
        graded = next((field for field in _GRADED if layer.fields().indexOf(field) >= 0), None)
        if graded and kind == QgsWkbTypes.PolygonGeometry:
            _grade(layer, graded)
            layer.setName(f"{title}: {_GRADED[graded]}")
        elif kind in _SYMBOLS:
            look = _PLAIN.get(name, _OTHER[kind])
            layer.setRenderer(QgsSingleSymbolRenderer(_SYMBOLS[kind].createSimple(look)))
        return layer
    manager = layer.styleManager()
    num, ids, names, _, _ = layer.listStylesInDatabase()
    stored = sorted((int(number), style) for number, style in zip(ids[:num], names[:num]))
    for number, style_name in stored:
        qml, _ = layer.getStyleFromDatabase(str(number))
        manager.addStyle(style_name, QgsMapLayerStyle(qml))
    if stored:  # the first is the default, and the nameless copy of it is not needed
        manager.setCurrentStyle(stored[0][1])
        manager.removeStyle("default")
    return layer


def _grade(layer: QgsVectorLayer, field: str) -> None:
    """Colours by a number: zero, quarters of the areas that have more, and unknown, which is never left out."""
    found = sorted(f[field] for f in layer.getFeatures() if f[field] != NULL and f[field] > 0.0)
    tops = (
        sorted({found[(len(found) - 1) * k // _NUM_CLASSES] for k in range(1, _NUM_CLASSES + 1)})
        if found
        else []
    )
    lows = [0.0, *tops[:-1]]
    root = QgsRuleBasedRenderer.Rule(None)

    def add(label: str, where: str, look: dict[str, str]) -> None:
        symbol = QgsFillSymbol.createSimple({"outline_color": "#4a4a4a", "outline_width": "0.2", **look})
        root.appendChild(QgsRuleBasedRenderer.Rule(symbol, filterExp=where, label=label))

    add("0", f'"{field}" <= 0', {"color": "#f2f2f2"})
    for low, top, colour in zip(lows, tops, _SCALE[1:]):
        add(f"{low:.3g} to {top:.3g}", f'"{field}" > {low!r} AND "{field}" <= {top!r}', {"color": colour})
    add("unknown", f'"{field}" IS NULL', {"color": "#8a8a8a", "style": "b_diagonal"})
    layer.setRenderer(QgsRuleBasedRenderer(root))


def _raster(path) -> QgsRasterLayer:
    """A raster with the style beside it, or our scale over its first band, and its day."""
    layer = QgsRasterLayer(str(path), raster_title(path), "gdal")
    if not layer.isValid():
        return layer
    if not path.with_suffix(".qml").is_file():
        _colour(layer)
    day = date_of(path)
    if day is not None:
        when = layer.temporalProperties()
        when.setMode(QgsRasterLayerTemporalProperties.ModeFixedTemporalRange)
        first = QDate(day.year, day.month, day.day)
        when.setFixedTemporalRange(
            QgsDateTimeRange(QDateTime(first, QTime(0, 0)), QDateTime(first, QTime(23, 59, 59)))
        )
        when.setIsActive(True)
    return layer


def _colour(layer: QgsRasterLayer) -> None:
    provider = layer.dataProvider()
    seen = provider.bandStatistics(
        1, QgsRasterBandStats.Min | QgsRasterBandStats.Max, layer.extent(), 250_000
    )
    low, high = seen.minimumValue, seen.maximumValue
    steps = len(_SCALE) - 1
    ramp = QgsColorRampShader(low, high)
    ramp.setColorRampType(QgsColorRampShader.Interpolated)
    values = [low + (high - low) * k / steps for k in range(len(_SCALE))]
    ramp.setColorRampItemList(
        [QgsColorRampShader.ColorRampItem(v, QColor(c), f"{v:.3g}") for v, c in zip(values, _SCALE)]
    )
    shader = QgsRasterShader(low, high)
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(provider, 1, shader))
