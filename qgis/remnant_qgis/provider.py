"""The provider: all algorithms under one name in the Processing toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from remnant_qgis.algorithm import command_algorithms
from remnant_qgis.export_algorithm import ExportShapefiles
from remnant_qgis.open_algorithm import OpenResult
from remnant_qgis.process import CommandMissing, find_command
from remnant_qgis.settings import ICON, command_setting

PROVIDER = "remnant"


class RemnantProvider(QgsProcessingProvider):
    """Algorithms of remnant.

    Parameters
    ----------
    has_window
        Whether a person looks at the map: results are loaded then, and only then.
    """

    def __init__(self, has_window: bool = False) -> None:
        super().__init__()
        self._has_window = has_window

    def id(self):
        return PROVIDER

    def name(self):
        return "remnant"

    def longName(self):
        return "remnant: what remains in the ground"

    def icon(self):
        return QIcon(ICON)

    def svgIconPath(self):
        return ICON

    def warningMessage(self):
        try:
            find_command(command_setting())
        except CommandMissing as error:
            return str(error)
        return ""

    def loadAlgorithms(self):
        for algorithm in (*command_algorithms(self._has_window), OpenResult(), ExportShapefiles()):
            self.addAlgorithm(algorithm)
