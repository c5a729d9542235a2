"""What QGIS switches on and off: the provider and the page of options."""

from __future__ import annotations

from qgis.core import QgsApplication

from remnant_qgis.provider import PROVIDER, RemnantProvider
from remnant_qgis.settings import SettingsFactory


class RemnantPlugin:
    """The plugin; with no interface (qgis_process) it gives the algorithms only."""

    def __init__(self, iface):
        self._iface = iface
        self._provider = None
        self._factory = None

    def initProcessing(self):
        """Add the algorithms; all that QGIS calls where there is no window."""
        self._provider = RemnantProvider(has_window=self._iface is not None)
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self):
        """Add the algorithms and the page of options."""
        self.initProcessing()
        self._factory = SettingsFactory()
        self._iface.registerOptionsWidgetFactory(self._factory)

    def unload(self):
        """Take both away."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(PROVIDER)  # by name: the registry owns it
            self._provider = None
        if self._factory is not None:
            self._iface.unregisterOptionsWidgetFactory(self._factory)
            self._factory = None
