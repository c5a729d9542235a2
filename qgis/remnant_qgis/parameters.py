"""Options of the command as parameters of Processing, and their values back."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

from remnant_qgis.command_line import Option

COMMAND = "COMMAND"
LOAD = "LOAD"
_FORMATS = ["gpkg", "geojson", "shp", "kml"]


def parameter(option: Option) -> QgsProcessingParameterDefinition:
    """The parameter of an option."""
    key, words, default = option.key, option.words, option.default
    optional = not option.is_required
    if option.kind == "folder":
        made = QgsProcessingParameterFile(
            key, words, QgsProcessingParameterFile.Folder, defaultValue=default, optional=optional
        )
    elif option.kind == "file":
        made = QgsProcessingParameterFile(
            key, words, QgsProcessingParameterFile.File, option.extension, default, optional
        )
    elif option.kind == "layer":
        made = QgsProcessingParameterVectorLayer(
            key, words, [QgsProcessing.TypeVectorPolygon], default, optional
        )
    elif option.kind in ("whole", "number"):
        kinds = {"whole": QgsProcessingParameterNumber.Integer, "number": QgsProcessingParameterNumber.Double}
        limits = {} if option.least is None else {"minValue": option.least}
        made = QgsProcessingParameterNumber(key, words, kinds[option.kind], default, optional, **limits)
    elif option.kind == "choice":
        made = QgsProcessingParameterEnum(
            key, words, list(option.choices), defaultValue=default, optional=optional, usesStaticStrings=True
        )
    elif option.kind == "out_folder":
        made = QgsProcessingParameterFolderDestination(key, words)
    elif option.kind == "out_file":
        made = QgsProcessingParameterFileDestination(
            key, words, f"{option.extension.upper()} (*.{option.extension})"
        )
    else:
        made = QgsProcessingParameterString(key, words, default, optional=optional)
    return advanced(made) if option.is_advanced else made


def advanced(made: QgsProcessingParameterDefinition) -> QgsProcessingParameterDefinition:
    """The same parameter under 'Advanced'."""
    made.setFlags(made.flags() | QgsProcessingParameterDefinition.FlagAdvanced)
    return made


def command_parameter() -> QgsProcessingParameterDefinition:
    """Which program to run, for one run."""
    words = "remnant command; empty: the one in Settings > Options > remnant"
    return advanced(QgsProcessingParameterString(COMMAND, words, "", optional=True))


def load_parameter() -> QgsProcessingParameterDefinition:
    """Whether the map takes up the result."""
    return QgsProcessingParameterBoolean(LOAD, "Load the result with its styles", True)


def value_of(
    option: Option,
    algorithm: QgsProcessingAlgorithm,
    values: dict[str, Any],
    context: QgsProcessingContext,
    feedback: QgsProcessingFeedback,
) -> object:
    """Value that the user gave for an option; None where none was given."""
    key = option.key
    if option.kind in ("out_folder", "out_file"):
        return algorithm.parameterAsFileOutput(values, key, context)
    if option.kind == "choice":
        return algorithm.parameterAsEnumString(values, key, context)
    given = values.get(key, option.default)
    if given is None or given == "":
        return None
    if option.kind == "layer":
        return algorithm.parameterAsCompatibleSourceLayerPathAndLayerName(
            values, key, context, _FORMATS, "gpkg", feedback
        )
    if option.kind == "whole":
        return algorithm.parameterAsInt(values, key, context)
    if option.kind == "number":
        return algorithm.parameterAsDouble(values, key, context)
    if option.kind in ("file", "folder"):
        return algorithm.parameterAsFile(values, key, context)
    return algorithm.parameterAsString(values, key, context).strip()
