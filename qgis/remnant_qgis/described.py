"""What the toolbox says of an algorithm, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingAlgorithm
from qgis.PyQt.QtGui import QIcon

from remnant_qgis.settings import ICON

if TYPE_CHECKING:
    from remnant_qgis.command_line import Command


@dataclass(frozen=True)
class Words:
    """Name, title, group, help and tags of an algorithm that runs no command."""

    key: str
    title: str
    group: str
    words: str
    tags: tuple[str, ...]


class DescribedAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose words stand in a record."""

    def __init__(self, described: Words | Command) -> None:
        super().__init__()
        self._described = described

    def name(self):
        return self._described.key

    def displayName(self):
        return self._described.title

    def group(self):
        return self._described.group

    def groupId(self):
        return self._described.group.lower().replace(" ", "_")

    def shortHelpString(self):
        return self._described.words

    def shortDescription(self):
        return self._described.words.split(". ")[0].rstrip(".") + "."

    def tags(self):
        return list(self._described.tags)

    def icon(self):
        return QIcon(ICON)
