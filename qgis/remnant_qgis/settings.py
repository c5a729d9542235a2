"""The one setting: which program is the `remnant` command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QFormLayout, QLabel, QPushButton

from remnant_qgis.process import CommandMissing, clean_environment, find_command

KEY = "remnant/command"
ICON = str(Path(__file__).with_name("remnant.svg"))
_ANSWER_S = 60.0  # the first start after an installation compiles


def command_setting() -> str:
    """What the user has set; empty: `remnant` on the PATH."""
    return str(QgsSettings().value(KEY, "") or "")


def set_command(text: str) -> None:
    """Keep the user's choice."""
    QgsSettings().setValue(KEY, text.strip())


def version_words(setting: str) -> str:
    """What the command says of its version, or why it cannot."""
    try:
        command = find_command(setting)
        done = subprocess.run(
            [command, "--version"],
            env=clean_environment(os.environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_S,
            stdin=subprocess.DEVNULL,
        )
    except CommandMissing as error:
        return str(error)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The program does not answer: {error}"
    said = (done.stdout or done.stderr).strip()
    return (
        f"{command}: {said}"
        if said.startswith("remnant ")
        else f"{command} is not remnant: it says {said[:200]!r}"
    )


class SettingsPage(QgsOptionsPageWidget):
    """Page of the options dialog: path of the command, and a button that asks for its version."""

    def __init__(self, parent):
        super().__init__(parent)
        self._path = QgsFileWidget(self)
        self._path.setFilePath(command_setting())
        self._path.setDialogTitle("remnant command")
        self._answer = QLabel("Empty: the program `remnant` on the PATH of QGIS.", self)
        self._answer.setWordWrap(True)
        ask = QPushButton("Test", self)
        ask.clicked.connect(self.ask)
        form = QFormLayout(self)
        form.addRow("remnant command", self._path)
        form.addRow(ask, self._answer)

    def set_path(self, text):
        """Type a path."""
        self._path.setFilePath(text)

    def ask(self):
        """Show what the command says of its version."""
        self._answer.setText(version_words(self._path.filePath()))
        return self._answer.text()

    def apply(self):
        """Keep what was typed; QGIS calls it when the dialog is accepted."""
        set_command(self._path.filePath())


class SettingsFactory(QgsOptionsWidgetFactory):
    """Puts the page into the options dialog."""

    def __init__(self):
        super().__init__()
        self.setTitle("remnant")

    def icon(self):
        return QIcon(ICON)

    def createWidget(self, parent):
        return SettingsPage(parent)
