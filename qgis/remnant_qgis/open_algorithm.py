"""Open a result that lies in a folder, with its styles."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFile,
)

from remnant_qgis.described import DescribedAlgorithm, Words
from remnant_qgis.loading import may_load, open_result
from remnant_qgis.result import NoResult, Result, read_result

_WORDS = Words(
    key="open_result",
    title="Open a result with its styles",
    group="Results",
    words=(
        "Opens a result of remnant (assessment, plan, release, harm, design) as one group with the name of "
        "the case: areas and cells with the styles stored in the GeoPackage, rasters with the scale of "
        "chances, tables. Right-click a layer > Styles for the other states and dates. Rasters know their "
        "day, for the temporal controller. Nothing is computed."
    ),
    tags=("load", "style", "GeoPackage", "mine action"),
)


class OpenResult(DescribedAlgorithm):
    """Loads all layers of a result into the project."""

    def __init__(self) -> None:
        super().__init__(_WORDS)
        self._result: Result | None = None

    def createInstance(self):
        return OpenResult()

    def flags(self):
        return super().flags() | QgsProcessingAlgorithm.FlagNoThreading  # it works on the project

    def initAlgorithm(self, configuration=None):
        self.addParameter(
            QgsProcessingParameterFile("RESULT", "Result folder", QgsProcessingParameterFile.Folder)
        )
        self.addOutput(QgsProcessingOutputString("GROUP", "Name of the group"))
        self.addOutput(QgsProcessingOutputNumber("LAYERS", "Layers, rasters and tables that were opened"))

    def processAlgorithm(self, parameters, context, feedback):
        try:
            self._result = read_result(Path(self.parameterAsFile(parameters, "RESULT", context)))
        except NoResult as error:
            raise QgsProcessingException(str(error)) from error
        return {"GROUP": self._result.title}

    def postProcessAlgorithm(self, context, feedback):
        if self._result is None:
            return {}
        if not may_load(context):
            raise QgsProcessingException(
                "A result is opened in a project; there is none. Name a project file."
            )
        opened = open_result(self._result, context.project())
        for lost in opened.not_opened:
            feedback.reportError(f"could not be opened: {lost}")
        return {"GROUP": opened.group.name(), "LAYERS": len(opened.layers)}
