"""What the command can be asked from QGIS: one table, which a test holds against the command itself.

Nothing here knows QGIS.
"""

from __future__ import annotations

from collections.abc import Mapping

from remnant_qgis.command_line import Command, Option

_ASSESS, _DECIDE, _DESIGN, _FATE = "What remains", "What to do", "Survey design", "Ordnance types"
_HONEST = (
    " The numbers are probabilities with bounds; they release no land. Positions of uncleared hazards are sensitive: "
    "keep the folder private."
)
_CASE = Option("CASE", "", "folder", "Case folder (the one with case.toml)", is_required=True)
_OUT = Option("OUTPUT", "--out", "out_folder", "Folder for the result", is_required=True)
_SEED = Option("SEED", "--seed", "whole", "Seed, instead of the case's", is_advanced=True)
_DESIGN_SEED = Option(
    "SEED", "--seed", "whole", "Seed: the same one gives the same layout", 1, is_advanced=True, least=0
)
_DETECTION = Option(
    "DETECTION",
    "--detection",
    "text",
    "Chance to find an item in worked ground: 0.9, or a range such as 0.5-0.98",
)
_METHOD = Option(
    "METHOD", "--method", "text", "Or a method of the catalogue, such as dogs, instead of a chance"
)
_SITE = Option("SITE", "--site", "layer", "Outline of the site")
_CRS = Option(
    "CRS",
    "--crs",
    "text",
    "Coordinate system of a file that names none, such as EPSG:32633",
    is_advanced=True,
)
_CATALOGUE = Option("CATALOGUE", "--catalogue", "file", "Your own catalogue entries (TOML)", is_advanced=True)
_RESULT = Option("AREAS", "", "folder", "Result folder of an assessment", is_required=True)
_STATE = Option(
    "STATE",
    "--state",
    "choice",
    "Which items",
    "explosive",
    is_advanced=True,
    choices=("explosive", "armed", "expired", "dud"),
)
_DATE = Option(
    "DATE", "--date", "text", "Which date of the result (year-month-day); empty: its first", is_advanced=True
)
_PEOPLE = (
    Option("PEOPLE", "--people", "file", "Places with their population, or a raster of persons per pixel"),
    Option(
        "PEOPLE_CRS",
        "--people-crs",
        "text",
        "Coordinate system of that file, if it names none",
        is_advanced=True,
    ),
)

COMMANDS: Mapping[str, Command] = {
    command.key: command
    for command in (
        Command(
            name="check",
            title="Check a case",
            group=_ASSESS,
            words=(
                "Reads a case and all its files and lists what is wrong or weak in it, with the row and what to do."
                " A case with errors is still a finished check: read the table."
            ),
            tags=("validate", "records", "errors", "mine action"),
            options=(
                _CASE,
                Option("OUTPUT", "--out", "out_file", "Findings", is_required=True, extension="csv"),
            ),
            good_codes=(0, 1),
        ),
        Command(
            name="assess",
            title="Assess a case",
            group=_ASSESS,
            words=(
                "Says how many items remain in the ground of a case, in which state, where and on which date, each "
                "with a 90 % interval: a GeoPackage with styles, rasters, tables and a report." + _HONEST
            ),
            tags=("mines", "explosive ordnance", "residual", "probability", "hazard areas", "mine action"),
            options=(
                _CASE,
                Option(
                    "DATES",
                    "--date",
                    "texts",
                    "Dates asked for (year-month-day, commas between); empty: the case's",
                ),
                _SEED,
                _OUT,
            ),
            page="report.html",
        ),
        Command(
            name="harm",
            title="Harm to people",
            group=_ASSESS,
            words=(
                "Says how many encounters, accidents and casualties a year to expect from what remains, by area and"
                " activity." + _HONEST
            ),
            tags=("casualties", "risk", "population", "accidents"),
            options=(
                _CASE,
                Option(
                    "PEOPLE",
                    "--people",
                    "file",
                    "Places with their population, or a raster of persons per pixel",
                    is_required=True,
                ),
                Option(
                    "CRS",
                    "--crs",
                    "text",
                    "Coordinate system of that file, if it names none",
                    is_advanced=True,
                ),
                _SEED,
                _OUT,
            ),
            page="harm.html",
        ),
        Command(
            name="release",
            title="Release verdicts",
            group=_DECIDE,
            words=(
                "Says which hazard areas meet a release policy, which do not and which cannot be told, what decided"
                " it and what would change it. It releases nothing: a person does." + _HONEST
            ),
            tags=("policy", "cancel", "reduce", "land release", "IMAS"),
            options=(
                _CASE,
                Option("POLICY", "--policy", "file", "Policy file, instead of the case's policy"),
                Option(
                    "METHODS",
                    "--method",
                    "texts",
                    "Reckon ground to search for these methods only (commas between); empty: all",
                    is_advanced=True,
                ),
                Option(
                    "RECORDS",
                    "--records",
                    "whole",
                    "Records of one area to weigh, at most; 0 is fastest",
                    8,
                    is_advanced=True,
                    least=0,
                ),
                _SEED,
                _OUT,
            ),
            page="release.html",
        ),
        Command(
            name="plan",
            title="Plan the work",
            group=_DECIDE,
            words=(
                "Plans which areas to cancel after survey, survey, clear or mark, in which period and by which "
                "teams, under budget and season, with a bound on the best plan." + _HONEST
            ),
            tags=("priority", "budget", "teams", "optimise", "completion"),
            options=(
                _CASE,
                Option(
                    "PLAN",
                    "",
                    "file",
                    "Plan file (plan.toml: periods, teams, wishes, weights)",
                    is_required=True,
                    extension="toml",
                ),
                *_PEOPLE,
                Option("REPORT", "--report", "file", "What tasks have reported since (CSV); plans anew"),
                Option(
                    "DRAWS",
                    "--draws",
                    "whole",
                    "Posterior draws to plan on, each by itself",
                    40,
                    is_advanced=True,
                    least=0,
                ),
                Option(
                    "SECONDS",
                    "--seconds",
                    "number",
                    "Time for each call of the solver [s]",
                    10.0,
                    is_advanced=True,
                    least=0.1,
                ),
                _OUT,
            ),
            page="plan.html",
        ),
        Command(
            name="design transects",
            title="Transects",
            group=_DESIGN,
            words=(
                "Says how likely transects cross a target area and show it, or how far apart they may lie, and lays"
                " them over a site. Give a spacing or a chance to reach. Transects on suspected ground are cleared "
                "lanes or walked by dogs, rats or drones: nothing here says that anybody may walk there."
            ),
            tags=("survey", "transects", "technical survey", "spacing"),
            options=(
                Option(
                    "TARGET",
                    "--target",
                    "text",
                    "Target area not to miss [m]: 50 (circle) or 100x30 (ellipse)",
                    is_required=True,
                ),
                Option(
                    "WIDTH",
                    "--width",
                    "number",
                    "Ground that one transect covers [m]",
                    2.0,
                    is_required=True,
                    least=0.0,
                ),
                Option(
                    "PATTERN",
                    "--pattern",
                    "choice",
                    "Pattern",
                    "parallel",
                    choices=("parallel", "square", "rectangular"),
                ),
                Option("SPACING", "--spacing", "text", "Spacing, middle to middle [m]; rectangular: 60x120"),
                Option(
                    "GOAL", "--goal", "text", "Or the chance to reach, for the widest spacing: 0.95 or 95%"
                ),
                Option("DENSITY", "--density-per-ha", "number", "Items in the target area [1/ha]", least=0.0),
                _DETECTION,
                _METHOD,
                _SITE,
                Option(
                    "BEARING",
                    "--bearing",
                    "number",
                    "Direction of the first transects [degrees from grid north]",
                    0.0,
                ),
                Option("WALKED", "--walked", "file", "Tracks as walked: judge these", is_advanced=True),
                Option(
                    "ANGLE",
                    "--angle",
                    "number",
                    "Long axis of the target to the transects [degrees]; empty: any direction",
                    is_advanced=True,
                ),
                Option(
                    "BACKGROUND",
                    "--background-per-ha",
                    "number",
                    "Signals that are no items [1/ha]",
                    0.0,
                    is_advanced=True,
                    least=0.0,
                ),
                Option(
                    "LEAST_FINDS",
                    "--least-finds",
                    "whole",
                    "Finds that make anybody look closer",
                    1,
                    is_advanced=True,
                    least=1,
                ),
                Option(
                    "PRIOR",
                    "--prior",
                    "text",
                    "Chance that there is a target area at all: 0.3 or 30%",
                    is_advanced=True,
                ),
                _CRS,
                _DESIGN_SEED,
                _CATALOGUE,
                _OUT,
            ),
            page="design.png",
        ),
        Command(
            name="design sample",
            title="Accept-on-zero sample",
            group=_DESIGN,
            words=(
                "Says how many units of a lot to inspect, none of which may hold a find, and draws them on a site. "
                "It is a statement about a share of units; up to that share may still hold something."
            ),
            tags=("quality control", "inspection", "hypergeometric", "sampling"),
            options=(
                Option("CONFIDENCE", "--confidence", "text", "Confidence: 0.95 or 95%", "0.95"),
                Option(
                    "CLEAN", "--clean", "text", "Share of units that shall hold nothing: 0.99 or 99%", "0.99"
                ),
                _DETECTION,
                _METHOD,
                _SITE,
                Option("UNIT", "--unit-m", "number", "Side of a unit on the site [m]", least=0.0),
                Option("UNITS", "--units", "whole", "Or units in the lot, without a site", least=1),
                _CRS,
                _DESIGN_SEED,
                _CATALOGUE,
                _OUT,
            ),
            page="design.png",
        ),
        Command(
            name="design effort",
            title="Split hours over areas",
            group=_DESIGN,
            words=(
                "Splits hours of search over the areas of an assessment so that most items are found. An area "
                "without hours is not an empty area."
            ),
            tags=("search effort", "Koopman", "priority"),
            options=(
                _RESULT,
                Option(
                    "HOURS", "--hours", "number", "Hours of search to spend [h]", is_required=True, least=0.0
                ),
                Option(
                    "M2_PER_HOUR",
                    "--m2-per-hour",
                    "number",
                    "Ground that one hour works [m²/h]",
                    is_required=True,
                    least=0.0,
                ),
                Option(
                    "LAW",
                    "--law",
                    "choice",
                    "How ground is worked: random (some twice, some never) or lanes",
                    "random",
                    choices=("random", "lanes"),
                ),
                _DETECTION,
                _METHOD,
                _STATE,
                _DATE,
                _CATALOGUE,
                _OUT,
            ),
            page="design.png",
        ),
        Command(
            name="design next-hour",
            title="Worth of the next hour",
            group=_DESIGN,
            words=(
                "Says what the next hours of survey are worth in each area of an assessment, or of a case, whose "
                "draws are then used. Limits, losses and costs are yours."
            ),
            tags=("value of information", "technical survey", "priority"),
            options=(
                Option(
                    "AREAS", "", "folder", "Case folder, or result folder of an assessment", is_required=True
                ),
                Option(
                    "M2_PER_HOUR",
                    "--m2-per-hour",
                    "number",
                    "Ground that one hour of survey works [m²/h]",
                    is_required=True,
                    least=0.0,
                ),
                Option("HOURS", "--hours", "number", "Length of the next survey [h]", 1.0, least=0.0),
                Option("LIMIT", "--limit", "text", "Chance of any item that is allowed: 0.05 or 5%"),
                Option(
                    "LOSS",
                    "--loss-per-item",
                    "number",
                    "Loss that you put on an item left in the ground [unit of cost]",
                    is_advanced=True,
                    least=0.0,
                ),
                Option(
                    "COST",
                    "--clear-cost-per-m2",
                    "number",
                    "Cost of clearing [unit of cost/m²]",
                    is_advanced=True,
                    least=0.0,
                ),
                Option("UNIT", "--unit", "text", "Unit of cost", "USD", is_advanced=True),
                _DETECTION,
                _METHOD,
                Option("SEED", "--seed", "whole", "Seed of a case, instead of its own", is_advanced=True),
                _CATALOGUE,
                _OUT,
            ),
            page="design.png",
        ),
        Command(
            name="fate",
            title="Fate of an ordnance type",
            group=_FATE,
            words=(
                "Says what is left of a delivered quantity, in which state, at which age: a table and a page. "
                "Expired is not gone: it is still an explosive item that must be found."
            ),
            tags=("self-destruct", "non-persistent", "dud", "catalogue", "age"),
            options=(
                Option("TYPE", "", "text", "Ordnance type, such as PFM-1S", is_required=True),
                Option("QUANTITY", "--quantity", "whole", "Items delivered", 1000, least=1),
                Option("AGES", "--at", "texts", "Ages, commas between: 4h, 15d, 10y", "15d, 120d, 10y"),
                Option("DELIVERED", "--on", "text", "Day of delivery (year-month-day); empty: ages only"),
                Option(
                    "SETTING",
                    "--setting",
                    "text",
                    "Self-destruct setting, where the type has some: 4h, 48h, 15d",
                    is_advanced=True,
                ),
                Option(
                    "BASIS",
                    "--basis",
                    "choice",
                    "On whose word",
                    "catalogue",
                    choices=("catalogue", "claim", "treaty", "learned"),
                ),
                Option("CLAIM", "--claim", "text", "With basis claim: which one", is_advanced=True),
                Option("SEED", "--seed", "whole", "Seed", 1, is_advanced=True, least=0),
                _CATALOGUE,
            ),
        ),
    )
}
