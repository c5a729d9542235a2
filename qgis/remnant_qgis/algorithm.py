"""Algorithms that run the command: one class for those that write a folder, one each for checks and fates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputFile,
    QgsProcessingOutputHtml,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
    QgsProcessingUtils,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant

from remnant_qgis.command_line import Command, command_line, describe
from remnant_qgis.commands import COMMANDS
from remnant_qgis.described import DescribedAlgorithm
from remnant_qgis.fate_page import fate_page
from remnant_qgis.loading import may_load, open_result
from remnant_qgis.parameters import (
    COMMAND,
    LOAD,
    command_parameter,
    load_parameter,
    parameter,
    value_of,
)
from remnant_qgis.result import NoResult, Result, read_result
from remnant_qgis.running import run_command

_NOT_LOADED = (
    "The result was not loaded, because this run has no project at hand. Use 'Open a result with its styles'."
)
_FATE_FIELDS = (
    ("age_days", QVariant.Double),
    ("date", QVariant.String),
    ("basis", QVariant.String),
    ("state", QVariant.String),
    ("mean", QVariant.Double),
    ("q05", QVariant.Double),
    ("q95", QVariant.Double),
    ("p_any", QVariant.Double),
)


class RemnantAlgorithm(DescribedAlgorithm):
    """What all algorithms of a command share: parameters from the table, and the command line."""

    def __init__(self, command: Command, has_window: bool) -> None:
        super().__init__(command)
        self.command = command
        self.has_window = has_window

    def createInstance(self):
        return type(self)(self.command, self.has_window)

    def initAlgorithm(self, configuration=None):
        for option in self.command.options:
            self.addParameter(parameter(option))
        self.addParameter(command_parameter())

    def asked(self, values, context, feedback) -> dict[str, object]:
        """Values of all options by key."""
        return {o.key: value_of(o, self, values, context, feedback) for o in self.command.options}

    def run_it(self, arguments, values, context, feedback, **ways):
        """Run the command with arguments, and show in the log what is run."""
        feedback.pushCommandInfo(describe(arguments))
        setting = self.parameterAsString(values, COMMAND, context).strip()
        return run_command(setting, arguments, feedback, good_codes=self.command.good_codes, **ways)


class FolderAlgorithm(RemnantAlgorithm):
    """A command that writes a result folder, which the map takes up."""

    def __init__(self, command: Command, has_window: bool) -> None:
        super().__init__(command, has_window)
        self._result: Result | None = None

    def initAlgorithm(self, configuration=None):
        super().initAlgorithm(configuration)
        self.addParameter(load_parameter())
        self.addOutput(QgsProcessingOutputFile("GEOPACKAGE", "GeoPackage"))
        self.addOutput(QgsProcessingOutputHtml("PAGE", "Page for people"))
        self.addOutput(QgsProcessingOutputString("ANSWER", "Answer in words"))

    def processAlgorithm(self, parameters, context, feedback):
        asked = self.asked(parameters, context, feedback)
        folder = Path(str(asked["OUTPUT"]))
        finished = self.run_it(command_line(self.command, asked), parameters, context, feedback)
        out: dict[str, Any] = {"OUTPUT": str(folder), "ANSWER": "\n".join(finished.out)}
        page = folder / self.command.page
        if page.is_file():
            out["PAGE"] = str(page)
        if any(folder.glob("*.gpkg")):  # a design without a site has no layers
            result = _read(folder)
            out["GEOPACKAGE"] = str(result.package)
            if self.has_window and self.parameterAsBool(parameters, LOAD, context):
                self._result = result
        return out

    def postProcessAlgorithm(self, context, feedback):
        if self._result is not None and not may_load(context):
            feedback.pushWarning(_NOT_LOADED)
        elif self._result is not None:
            for lost in open_result(self._result, context.project()).not_opened:
                feedback.reportError(f"could not be opened: {lost}")
        return {}


class CheckAlgorithm(RemnantAlgorithm):
    """A check of a case, whose findings become a table."""

    def __init__(self, command: Command, has_window: bool) -> None:
        super().__init__(command, has_window)
        self._findings: tuple[str, str] | None = None

    def initAlgorithm(self, configuration=None):
        super().initAlgorithm(configuration)
        self.addParameter(load_parameter())
        self.addOutput(QgsProcessingOutputBoolean("HAS_ERRORS", "The case has errors"))

    def processAlgorithm(self, parameters, context, feedback):
        def hear(line: str) -> None:
            if line.startswith("error: "):
                feedback.reportError(line)
            elif line.startswith("warning: "):
                feedback.pushWarning(line)
            else:
                feedback.pushInfo(line)

        asked = self.asked(parameters, context, feedback)
        arguments = command_line(self.command, asked)
        finished = self.run_it(arguments, parameters, context, feedback, hear=hear)
        path = str(asked["OUTPUT"])
        if self.has_window and self.parameterAsBool(parameters, LOAD, context):
            self._findings = (path, f"findings: {Path(str(asked['CASE'])).name}")
        return {"OUTPUT": path, "HAS_ERRORS": finished.code != 0}

    def postProcessAlgorithm(self, context, feedback):
        if self._findings is not None and may_load(context):
            layer = QgsVectorLayer(*self._findings, "ogr")
            if layer.isValid():
                context.project().addMapLayer(layer)
        return {}


class FateAlgorithm(RemnantAlgorithm):
    """What is left of a type by age, as a table and a page."""

    def initAlgorithm(self, configuration=None):
        super().initAlgorithm(configuration)
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                "OUTPUT", "What is left by age and state", QgsProcessing.TypeVector
            )
        )
        self.addParameter(
            QgsProcessingParameterFileDestination(
                "PAGE", "Page", "HTML (*.html)", optional=True, createByDefault=True
            )
        )

    def processAlgorithm(self, parameters, context, feedback):
        asked = self.asked(parameters, context, feedback)
        picture = QgsProcessingUtils.generateTempFilename("fate.svg")
        flags = command_line(self.command, asked)
        arguments = [flags[0], "--json", f"--plot={picture}", *flags[1:]]
        finished = self.run_it(arguments, parameters, context, feedback, hear=lambda _line: None)
        said = json.loads("\n".join(finished.out))
        fields = QgsFields()
        for name, kind in _FATE_FIELDS:
            fields.append(QgsField(name, kind))
        sink, identity = self.parameterAsSink(parameters, "OUTPUT", context, fields)
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, "OUTPUT"))
        for row in said["results"]:
            feature = QgsFeature(fields)
            feature.setAttributes([row[name] for name, _ in _FATE_FIELDS])
            sink.addFeature(feature, QgsFeatureSink.FastInsert)
        out = {"OUTPUT": identity}
        page = self.parameterAsFileOutput(parameters, "PAGE", context)
        if page:
            Path(page).write_text(fate_page(said, Path(picture).read_bytes()), encoding="utf-8")
            out["PAGE"] = page
        return out


def _read(folder: Path) -> Result:
    try:
        return read_result(folder)
    except NoResult as error:
        raise QgsProcessingException(str(error)) from error


def command_algorithms(has_window: bool) -> list[QgsProcessingAlgorithm]:
    """All algorithms that run the command."""
    kinds = {"check": CheckAlgorithm, "fate": FateAlgorithm}
    return [kinds.get(key, FolderAlgorithm)(command, has_window) for key, command in COMMANDS.items()]
