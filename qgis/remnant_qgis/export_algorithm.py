"""A result as Shapefiles, for programs that open nothing newer; names are told, and unknown is never zero."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from qgis.core import (
    NULL,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProcessingException,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant

from remnant_qgis.described import DescribedAlgorithm, Words
from remnant_qgis.result import UNKNOWN_NUMBER, NoResult, StoredLayer, read_result, short_names

_WORDS = Words(
    key="export_shapefiles",
    title="Export a result as Shapefiles",
    group="Results",
    words=(
        "Writes the layers of a result as Shapefiles (UTF-8) for programs that do not open its GeoPackage. A "
        "Shapefile has column names of ten letters: names.csv says which name became what, with unit and "
        f"date. A Shapefile cannot say 'unknown': unknown numbers are {UNKNOWN_NUMBER:g}, never zero. Texts "
        "are cut after 254 bytes. Areas whose place nobody recorded become a table (.dbf). The other tables "
        "lie in the result folder as CSV; rasters are Cloud-Optimized GeoTIFFs, which ArcGIS opens as they "
        "are. Keep the folder private."
    ),
    tags=("shapefile", "ArcGIS", "Esri", "save", "mine action"),
)
_TABLES = ("areas_unknown_place",)
_NAMES = "names.csv"
_MOST_BYTES = 254
_NUMBERS = (QVariant.Double, QVariant.Int, QVariant.LongLong, QVariant.UInt, QVariant.ULongLong)


class ExportShapefiles(DescribedAlgorithm):
    """Writes each layer of a result as a Shapefile."""

    def __init__(self) -> None:
        super().__init__(_WORDS)

    def createInstance(self):
        return ExportShapefiles()

    def initAlgorithm(self, configuration=None):
        self.addParameter(
            QgsProcessingParameterFile("RESULT", "Result folder", QgsProcessingParameterFile.Folder)
        )
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", "Folder for the Shapefiles"))
        self.addOutput(QgsProcessingOutputFile("NAMES", "Which column name became what"))
        self.addOutput(QgsProcessingOutputNumber("LAYERS", "Files written"))

    def processAlgorithm(self, parameters, context, feedback):
        try:
            result = read_result(Path(self.parameterAsFile(parameters, "RESULT", context)))
        except NoResult as error:
            raise QgsProcessingException(str(error)) from error
        folder = Path(self.parameterAsFileOutput(parameters, "OUTPUT", context))
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [stored for stored in result.layers if stored.has_places or stored.name in _TABLES]
        meanings = _meanings(result.package)
        rows = []
        for number, stored in enumerate(wanted):
            names, num_cut = _export(result.package, stored, folder, context, feedback)
            if feedback.isCanceled():
                raise QgsProcessingException("Called off; delete the Shapefiles that were written.")
            rows += [
                [stored.name, short, name, *meanings.get(name, ("", "", ""))] for name, short in names.items()
            ]
            changed = sum(name != short for name, short in names.items())
            feedback.pushInfo(
                f"{stored.name}: {changed} of {len(names)} columns have another name, see {_NAMES}"
            )
            if num_cut:
                feedback.pushWarning(
                    f"{stored.name}: {num_cut} texts are longer than {_MOST_BYTES} bytes and were cut"
                )
            feedback.setProgress(100.0 * (number + 1) / len(wanted))
        with (folder / _NAMES).open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(["layer", "shapefile_column", "column", "meaning", "unit", "date", "unknown_is"])
            table.writerows([*row, f"{UNKNOWN_NUMBER:g} for numbers, empty for texts"] for row in rows)
        return {"OUTPUT": str(folder), "NAMES": str(folder / _NAMES), "LAYERS": len(wanted)}


def _meanings(package: Path) -> dict[str, tuple[str, str, str]]:
    """Meaning, unit and date of the columns that the result explains."""
    layer = QgsVectorLayer(f"{package}|layername=columns", "columns", "ogr")
    if not layer.isValid():
        return {}
    return {f["column"]: (f"{f['state']}: {f['meaning']}", f["unit"], f["date"]) for f in layer.getFeatures()}


def _export(
    package: Path, stored: StoredLayer, folder: Path, context, feedback
) -> tuple[dict[str, str], int]:
    """Write one layer; returns its names and how many texts were cut."""
    layer = QgsVectorLayer(f"{package}|layername={stored.name}", stored.name, "ogr")
    if not layer.isValid():
        raise QgsProcessingException(f"The layer {stored.name} of {package} cannot be opened.")
    kept = [(k, f) for k, f in enumerate(layer.fields()) if k not in layer.primaryKeyAttributes()]
    names = short_names([field.name() for _, field in kept])
    fields = QgsFields()
    for _, field in kept:
        fields.append(_field(names[field.name()], field))
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "ESRI Shapefile"
    options.fileEncoding = "UTF-8"
    path = folder / f"{stored.name}.shp"  # without places the driver writes the .dbf alone
    writer = QgsVectorFileWriter.create(
        str(path), fields, layer.wkbType(), layer.crs(), context.transformContext(), options
    )
    if writer.hasError() != QgsVectorFileWriter.NoError:
        raise QgsProcessingException(f"{path} could not be written: {writer.errorMessage()}")
    num_cut = 0
    for feature in layer.getFeatures():
        if feedback.isCanceled():
            break
        values = [_value(feature.attribute(k), field) for k, field in kept]
        num_cut += sum(isinstance(v, str) and len(v.encode("utf-8")) > _MOST_BYTES for v in values)
        copy = QgsFeature(fields)
        copy.setGeometry(feature.geometry())
        copy.setAttributes([_cut(v) if isinstance(v, str) else v for v in values])
        if not writer.addFeature(copy, QgsFeatureSink.FastInsert):
            raise QgsProcessingException(
                f"{path} could not be written: {writer.errorMessage()}. Is the disk full?"
            )
    del writer  # closes the file
    return names, num_cut


def _field(name: str, field: QgsField) -> QgsField:
    if field.type() == QVariant.Double:
        return QgsField(name, QVariant.Double, len=24, prec=15)
    if field.type() in _NUMBERS:
        return QgsField(name, QVariant.LongLong, len=18)
    if field.type() == QVariant.Bool:
        return QgsField(name, QVariant.Int, len=5)
    return QgsField(name, QVariant.String, len=_MOST_BYTES)


def _value(value: object, field: QgsField) -> object:
    is_number = field.type() in (*_NUMBERS, QVariant.Bool)
    if value is None or value == NULL or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN_NUMBER if is_number else ""
    if is_number:
        return value if not isinstance(value, bool) else int(value)
    return value if isinstance(value, str) else field.displayString(value)


def _cut(text: str) -> str:
    return text.encode("utf-8")[:_MOST_BYTES].decode("utf-8", errors="ignore")
