"""Run the plugin in a QGIS without a screen, on a real case through the real command, and look at what comes.

    python3 qgis/check_in_qgis.py --command .venv/bin/remnant --work /tmp/somewhere [--all]

The Python must be the one of QGIS (Debian: /usr/bin/python3 with the package `python3-qgis`). Every check prints a
line; the first that fails ends the run with code 1. Images of what was opened are left in the folder of the work.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(HERE))
sys.path = [p for p in sys.path if Path(p or ".").resolve() != HERE.parent]  # there, `qgis` is this folder

from qgis.core import (  # noqa: E402
    NULL,
    QgsApplication,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402

from remnant_qgis import classFactory  # noqa: E402
from remnant_qgis.loading import may_load  # noqa: E402
from remnant_qgis.provider import RemnantProvider  # noqa: E402
from remnant_qgis.settings import SettingsPage, command_setting  # noqa: E402

ROOT = HERE.parent
WITH_COMMAND = {
    "check", "assess", "harm", "release", "plan", "design_transects", "design_sample", "design_effort",
    "design_next_hour", "fate",
}  # fmt: skip
ALGORITHMS = WITH_COMMAND | {"open_result", "export_shapefiles"}
_MEANS = ("explosive_mean_2026_06_30", "ex_mean_01")  # in a result, and in the Shapefile made from it
CANCEL_S = 15.0  # within which a run that is called off must have ended


class Hear(QgsProcessingFeedback):
    """Keeps what it is told; calls the run off at the first step whose name begins so."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__(False)
        self.steps: list[str] = []
        self.lines: list[str] = []
        self.percents: list[float] = []
        self.cancelled_at: float | None = None
        self._cancel_at = cancel_at
        self.progressChanged.connect(self.percents.append)

    def setProgressText(self, text):
        self.steps.append(text)
        if self._cancel_at and text.startswith(self._cancel_at):
            self.cancelled_at = time.monotonic()
            self.cancel()

    def pushInfo(self, info):
        self.lines.append(info)

    def pushConsoleInfo(self, info):
        self.lines.append(info)

    def pushWarning(self, warning):
        self.lines.append(warning)

    def reportError(self, error, fatalError=False):
        self.lines.append(error)


class Checks:
    """The checks, on one QGIS and one provider."""

    def __init__(self, command: str, case: Path, work: Path) -> None:
        self.command, self.case, self.work = command, case, work
        self.registry = QgsApplication.processingRegistry()
        self.began = time.monotonic()

    def say(self, words: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {words}", flush=True)

    def run(self, name, values, feedback=None, project=None, command=None):
        """Results of an algorithm; what it refuses is raised."""
        context = QgsProcessingContext()
        project = project or QgsProject()
        context.setProject(project)
        given = dict(values)
        if name in WITH_COMMAND:
            given["COMMAND"] = self.command if command is None else command
        algorithm = self.registry.createAlgorithmById(f"remnant:{name}")
        is_fine, why = algorithm.checkParameterValues(given, context)
        assert is_fine, why
        results, is_done = algorithm.run(given, context, feedback or Hear(), {}, False)
        assert is_done
        return results

    def refused(self, name, values, feedback=None, command=None) -> str:
        """The message with which an algorithm refuses."""
        try:
            self.run(name, values, feedback, command=command)
        except QgsProcessingException as error:
            return str(error)
        raise AssertionError(f"{name} was to refuse")

    def all_are_described(self) -> None:
        algorithms = self.registry.providerById("remnant").algorithms()
        assert {a.name() for a in algorithms} == ALGORITHMS, [a.name() for a in algorithms]
        for algorithm in algorithms:
            assert len(algorithm.shortHelpString()) > 60, algorithm.name()
            assert algorithm.tags(), algorithm.name()
            assert algorithm.group(), algorithm.name()
            assert not algorithm.icon().isNull(), algorithm.name()
            assert all(p.description() for p in algorithm.parameterDefinitions()), algorithm.name()
        self.say(f"{len(algorithms)} algorithms, all with help, group, tags and icon")

    def setting_is_kept(self) -> None:
        page = SettingsPage(None)
        page.set_path(self.command)
        said = page.ask()
        assert ": remnant " in said, said
        page.set_path(sys.executable)
        assert "is not remnant" in page.ask()
        page.set_path(self.command)
        page.apply()
        assert command_setting() == self.command
        self.say(f"options page: {said}")

    def wrong_command_is_told(self) -> None:
        out = self.work / "never"
        words = self.refused(
            "assess", {"CASE": str(self.case), "OUTPUT": str(out)}, command="/no/such/remnant"
        )
        assert "not found" in words, words
        assert "Settings > Options > remnant" in words, words
        assert not out.exists()
        self.say(f"wrong command: {words}")

    def broken_case_is_told(self) -> None:
        broken = self.work / "broken ć"
        broken.mkdir()
        broken.joinpath("case.toml").write_text('name = "broken"\nas_of = "never"\n', encoding="utf-8")
        words = self.refused("assess", {"CASE": str(broken), "OUTPUT": str(self.work / "never")})
        assert "as_of" in words, words
        assert "\n" not in words, words
        self.say(f"broken case: {words}")

    def cancel_ends_all(self) -> None:
        out = self.work / "cancelled"
        out_parent = set(self.work.iterdir())
        hear = Hear(cancel_at="weighing")
        words = self.refused("assess", {"CASE": str(self.case), "OUTPUT": str(out)}, hear)
        assert hear.cancelled_at is not None, (words, hear.steps)
        took = time.monotonic() - hear.cancelled_at
        assert took < CANCEL_S, took
        assert "Called off" in words, words
        assert set(self.work.iterdir()) == out_parent, "something was left behind"
        self.say(f"called off in the middle: ended {took:.1f} s later, nothing left")

    def assess(self) -> Path:
        out = self.work / "result of the vallée"
        hear = Hear()
        values = {"CASE": str(self.case), "OUTPUT": str(out), "DATES": "2026-06-30, 2036-06-30"}
        done = self.run("assess", values, hear)
        assert Path(done["PAGE"]).is_file()
        assert Path(done["GEOPACKAGE"]).is_file()
        assert "explosive items remain" in done["ANSWER"]
        assert any(step.startswith("weighing") for step in hear.steps), hear.steps
        assert max(hear.percents) == 100.0
        assert not any("progress:" in line for line in hear.lines)
        self.say(f"assessed: {len(hear.steps)} steps, {len(hear.percents)} changes of progress")
        return out

    def open_styled(self, folder: Path) -> QgsProject:
        project = QgsProject()
        done = self.run("open_result", {"RESULT": str(folder)}, project=project)
        group = project.layerTreeRoot().children()[0]
        assert group.name() == done["GROUP"] == "The valley (records up to 2026-06-30)", group.name()
        layers = {layer.name(): layer for layer in project.mapLayers().values()}
        assert len(layers) == done["LAYERS"], (len(layers), done)
        (package,) = folder.glob("*.gpkg")
        for wanted in ("areas", "cells"):
            (layer,) = (v for k, v in layers.items() if k.startswith(f"{wanted}:"))
            assert layer.renderer().type() == "RuleRenderer", layer.renderer().type()
            assert "chance of at least one explosive item on 2026-06-30" in layer.name(), layer.name()
            with closing(sqlite3.connect(package)) as database:
                (num,) = database.execute(f"SELECT count(*) FROM {wanted}").fetchone()  # noqa: S608
            assert layer.featureCount() == num > 0
            styles = set(layer.styleManager().styles())
            assert {"explosive 2026-06-30", "armed 2036-06-30", "dud 2036-06-30"} <= styles, styles
            assert layer.styleManager().currentStyle() == "explosive 2026-06-30"
            if wanted == "areas":
                assert layer.styleManager().setCurrentStyle("verdict")
                labels = {rule.label() for rule in layer.renderer().rootRule().children()}
                assert "does not meet" in labels, labels
                assert layer.styleManager().setCurrentStyle("explosive 2026-06-30")
        rasters = [v for v in layers.values() if v.source().endswith(".tif")]
        assert len(rasters) == 8
        for raster in rasters:
            assert raster.renderer().type() == "singlebandpseudocolor", raster.name()
            assert raster.renderer().band() == 4, raster.name()
            assert raster.temporalProperties().isActive()
            day = raster.temporalProperties().fixedTemporalRange().begin().date().toString("yyyy-MM-dd")
            assert day in raster.name(), (day, raster.name())
        assert {"totals", "provenance", "areas unknown place"} <= set(layers), sorted(layers)
        self.say(f"opened: {len(layers)} layers, rasters and tables; styles and counts agree")
        shown = [
            n.name() for n in project.layerTreeRoot().findLayers() if n.isVisible() and n.layer().isSpatial()
        ]
        assert [name.split(":")[0] for name in shown] == ["areas", "cells"], shown
        self.draw(project, shown, "first.png")
        self.draw(project, shown[:1], "areas.png")
        self.draw(project, [name for name in layers if name.startswith("cells:")], "cells.png")
        self.draw(project, ["explosive 2026-06-30: chance of at least one item per cell"], "raster.png")
        return project

    def other_threads_leave_the_project_alone(self) -> None:
        context, project, heard = QgsProcessingContext(), QgsProject(), []
        context.setProject(project)  # which does not keep it alive
        thread = threading.Thread(target=lambda: heard.append(may_load(context)))
        thread.start()
        thread.join()
        assert heard == [False]
        assert may_load(context)
        self.say("only the main thread puts layers into a project")

    def draw(self, project: QgsProject, names: list[str], file: str) -> None:
        """One image of some layers; more than one colour must be in it."""
        layers = [n.layer() for n in project.layerTreeRoot().findLayers() if n.layer().name() in names]
        assert len(layers) == len(names), names
        settings = QgsMapSettings()
        settings.setLayers(layers)
        settings.setDestinationCrs(layers[0].crs())
        extent = QgsRectangle(layers[0].extent())
        extent.scale(1.05)
        settings.setExtent(extent)
        settings.setOutputSize(QSize(1000, 800))
        settings.setBackgroundColor(QColor("white"))
        job = QgsMapRendererParallelJob(settings)
        job.start()
        job.waitForFinished()
        image = job.renderedImage()
        seen = {image.pixel(x, y) for x in range(0, 1000, 4) for y in range(0, 800, 4)}
        assert len(seen) >= 5, f"{file}: {len(seen)} colours only"
        assert image.save(str(self.work / file))
        self.say(f"drawn: {file}, {len(seen)} colours")

    def export(self, folder: Path) -> None:
        out = self.work / "shapefiles"
        done = self.run("export_shapefiles", {"RESULT": str(folder), "OUTPUT": str(out)})
        (package,) = folder.glob("*.gpkg")
        for name in ("areas", "cells", "areas_unknown_place"):
            path = out / f"{name}.{'dbf' if name == 'areas_unknown_place' else 'shp'}"
            written, own = self.both(path, package, name)
            if name != "areas_unknown_place":
                assert written.crs().authid() == own.crs().authid()
            few = [
                QgsFeatureRequest().setSubsetOfAttributes([n], v.fields())
                for n, v in zip(_MEANS, (own, written), strict=True)
            ]
            for one, other in zip(own.getFeatures(few[0]), written.getFeatures(few[1]), strict=True):
                mean = one[_MEANS[0]]
                wanted = -9999.0 if mean == NULL else mean
                assert math.isclose(other[_MEANS[1]], wanted, abs_tol=1e-12), (name, mean, other[_MEANS[1]])
                assert math.isclose(one.geometry().area(), other.geometry().area(), rel_tol=1e-9), name
        names = Path(done["NAMES"]).read_text(encoding="utf-8-sig")
        assert "areas,ex_pany_02,explosive_p_any_2036_06_30," in names
        self.say(f"exported: {done['LAYERS']} Shapefiles with their names told")

    def both(self, path: Path, package: Path, name: str) -> tuple[QgsVectorLayer, QgsVectorLayer]:
        """A Shapefile and the layer that it was made from, alike in number and with names that fit."""
        written = QgsVectorLayer(str(path), name, "ogr")
        own = QgsVectorLayer(f"{package}|layername={name}", name, "ogr")
        assert written.isValid(), path
        assert written.featureCount() == own.featureCount(), name
        assert all(len(field.name()) <= 10 for field in written.fields()), name
        return written, own

    def unknown_is_never_zero(self, folder: Path) -> None:
        """A number that nobody knows, an empty text, and a text that is too long for a Shapefile."""
        changed, out = self.work / "unknown", self.work / "unknown shapefiles"
        changed.mkdir()
        (package,) = folder.glob("*.gpkg")
        copy = changed / package.name
        shutil.copy(package, copy)
        layer = QgsVectorLayer(f"{copy}|layername=areas", "areas", "ogr")
        mean, words = (layer.fields().indexOf(n) for n in ("explosive_mean_2026_06_30", "reasons"))
        first, second = sorted(feature.id() for feature in layer.getFeatures())[:2]
        assert layer.dataProvider().changeAttributeValues(
            {first: {mean: NULL, words: NULL}, second: {words: "ž" * 200}}
        )
        del layer
        cells = QgsVectorLayer(f"{copy}|layername=cells", "cells", "ogr")
        assert cells.dataProvider().truncate()  # seconds saved
        del cells
        hear = Hear()
        self.run("export_shapefiles", {"RESULT": str(changed), "OUTPUT": str(out)}, hear)
        written, _ = self.both(out / "areas.shp", copy, "areas")
        one, other = list(written.getFeatures())[:2]
        assert one["ex_mean_01"] == -9999.0, one["ex_mean_01"]
        assert other["reasons"] == "ž" * 127, other["reasons"]
        assert any("1 texts are longer than 254 bytes" in line for line in hear.lines), hear.lines
        self.say("exported: unknown stays apart from zero, a text that is cut is told")

    def more(self, folder: Path) -> None:
        """The commands that the quick run leaves out."""
        valley = ROOT / "examples" / "valley"
        site = str(ROOT / "examples" / "design" / "site.geojson")
        out = self.work / "more"
        done = self.run("check", {"CASE": str(valley), "OUTPUT": str(self.work / "findings.csv")})
        assert done["HAS_ERRORS"] is False
        assert Path(done["OUTPUT"]).is_file()
        done = self.run(
            "check", {"CASE": str(self.work / "broken ć"), "OUTPUT": str(self.work / "broken.csv")}
        )
        assert done["HAS_ERRORS"] is True
        self.say("checked: a good case and a broken one")
        page = self.work / "fate.html"
        values = {"TYPE": "PFM-1S", "AGES": "15d, 10y", "OUTPUT": "memory:", "PAGE": str(page)}
        self.run("fate", values)
        shown = page.read_text("utf-8")
        assert "PFM-1S" in shown
        assert "file:" not in shown  # nothing that ends with this QGIS
        self.say("fate: a table and a page")
        layer = QgsVectorLayer(site, "site", "ogr")
        self.run("design_transects", {"TARGET": "50", "WIDTH": 2.0, "SPACING": "60", "DENSITY": 200.0,
                 "METHOD": "dogs", "SITE": layer, "BEARING": 20.0, "OUTPUT": str(out / "transects")})  # fmt: skip
        self.run(
            "design_sample", {"DETECTION": "0.9", "SITE": layer, "UNIT": 10.0, "OUTPUT": str(out / "sample")}
        )
        self.run("design_effort", {"AREAS": str(folder), "HOURS": 100.0, "M2_PER_HOUR": 30.0, "METHOD": "dogs",
                 "OUTPUT": str(out / "effort")})  # fmt: skip
        self.run("design_next_hour", {"AREAS": str(folder), "M2_PER_HOUR": 30.0, "LIMIT": "5%", "METHOD": "dogs",
                 "OUTPUT": str(out / "next")})  # fmt: skip
        done = self.run("design_sample", {"DETECTION": "0.9", "UNITS": 1000, "OUTPUT": "TEMPORARY_OUTPUT"})
        assert Path(done["PAGE"]).name == "design.png", done
        assert "GEOPACKAGE" not in done, done
        self.say("designs: transects, sample, effort, next hour")
        people = str(valley / "people.csv")
        self.run("harm", {"CASE": str(valley), "PEOPLE": people, "OUTPUT": str(out / "harm")})
        self.say("harm")
        self.run("plan", {"CASE": str(valley), "PLAN": str(valley / "plan.toml"), "PEOPLE": people, "DRAWS": 4,
                 "SECONDS": 3.0, "OUTPUT": str(out / "plan")})  # fmt: skip
        self.say("plan")
        self.release_is_loaded(valley, out / "release")
        shown = {
            "transects": ("transects", "swaths", "site"),
            "sample": ("units", "site"),
            "effort": ("areas: hours of search",),
            "next": ("areas: items expected",),
            "plan": ("plan: ",),
            "harm": ("areas: ",),
        }
        for name, show in shown.items():
            project = QgsProject()
            self.run("open_result", {"RESULT": str(out / name)}, project=project)
            names = [
                v.name() for v in project.mapLayers().values() if v.isSpatial() and v.name().startswith(show)
            ]
            self.draw(project, names, f"{name}.png")

    def release_is_loaded(self, valley: Path, out: Path) -> None:
        """With a window, the result comes into the map by itself; without one, it does not."""
        self.registry.removeProvider("remnant")
        self.registry.addProvider(RemnantProvider(has_window=True))
        project = QgsProject()
        self.run("release", {"CASE": str(valley), "RECORDS": 0, "OUTPUT": str(out)}, project=project)
        (group,) = project.layerTreeRoot().children()
        names = [node.name() for node in group.children()]
        assert names[0] == "areas: release verdict on 2026-06-30", names
        self.draw(project, names[:1], "release.png")
        self.say("release: loaded with its styles")


def main() -> int:
    """All checks; 0 when they hold."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--command", required=True, help="the remnant command")
    words.add_argument("--work", required=True, type=Path, help="a folder that does not exist yet")
    words.add_argument("--case", type=Path, default=ROOT / "examples" / "valley")
    words.add_argument("--all", action="store_true", help="also the commands that take minutes together")
    asked = words.parse_args()
    asked.work.mkdir(parents=True)
    work = asked.work.resolve()
    command = shutil.which(asked.command)
    assert command, f"{asked.command} is no program"
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell in the background has it ignored, and children inherit
    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(work / "profile")
    application = QgsApplication([], True, str(work / "profile"))
    application.initQgis()
    # what QGIS itself sets on Windows and macOS, and what breaks another Python
    os.environ.update(
        PYTHONHOME="/no/python", PYTHONPATH="/no/modules", PROJ_LIB="/no/proj", GDAL_DATA="/no/gdal"
    )
    plugin = classFactory(None)
    plugin.initProcessing()
    checks = Checks(str(Path(command).absolute()), asked.case.resolve(), work)
    checks.all_are_described()
    checks.setting_is_kept()
    checks.wrong_command_is_told()
    checks.broken_case_is_told()
    checks.cancel_ends_all()
    folder = checks.assess()
    checks.open_styled(folder)
    checks.other_threads_leave_the_project_alone()
    checks.export(folder)
    checks.unknown_is_never_zero(folder)
    if asked.all:
        checks.more(folder)
    plugin.unload()
    checks.say("all checks hold")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the bindings of QGIS may crash while the interpreter takes itself apart
