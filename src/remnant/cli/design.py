"""`remnant design`: how to survey, how much to sample, where to spend hours, what an inspection can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.design_areas import from_areas, from_case, is_case
from remnant.cli.design_options import (
    CATALOGUE,
    CRS,
    DATE,
    DETECTION,
    JSON,
    LAYER,
    METHOD,
    OUT,
    SEED,
    STATE,
    Files,
    detection_from,
    finish,
    pair,
    share,
)
from remnant.errors import InvalidInput

design_app = typer.Typer(no_args_is_help=True, help="Plan survey, samples and inspections.")
app.add_typer(design_app, name="design")
_HA_M2 = 1e4


@design_app.callback()
def _design() -> None:
    """Plan survey, samples and inspections, and say what they can show."""


@design_app.command()
def transects(
    target: Annotated[
        str, typer.Option("--target", metavar="SIZE", help="Target area in metres: 50 (circle) or 100x30.")
    ],
    width: Annotated[float, typer.Option("--width", help="Ground that one transect covers, in metres.")],
    pattern: Annotated[str, typer.Option("--pattern", help="parallel, square or rectangular.")] = "parallel",
    spacing: Annotated[
        str | None,
        typer.Option("--spacing", metavar="M", help="Middle to middle, in metres; rectangular: 60x120."),
    ] = None,
    goal: Annotated[
        str | None, typer.Option("--goal", metavar="P", help="Work out the widest spacing: 0.95 or 95%.")
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option("--angle", help="Long axis to transects, in degrees; left out: any direction."),
    ] = None,
    density: Annotated[
        float | None, typer.Option("--density-per-ha", help="Items in the target area, per hectare.")
    ] = None,
    background: Annotated[
        float, typer.Option("--background-per-ha", help="Signals around it that would be counted too.")
    ] = 0.0,
    least_finds: Annotated[
        int, typer.Option("--least-finds", help="Finds that make anybody look closer.")
    ] = 1,
    false_alarm: Annotated[
        str, typer.Option("--false-alarm", metavar="P", help="Of background alone.")
    ] = "0.05",
    detection: DETECTION = "",
    method: METHOD = "",
    prior: Annotated[
        str | None, typer.Option("--prior", metavar="P", help="Chance that there is a target area at all.")
    ] = None,
    site: Annotated[
        Path | None, typer.Option("--site", metavar="FILE", help="Outline to lay the transects over.")
    ] = None,
    layer: LAYER = None,
    crs: CRS = "",
    bearing: Annotated[
        float, typer.Option("--bearing", help="Of the first transects, degrees from grid north.")
    ] = 0.0,
    walked: Annotated[
        Path | None, typer.Option("--walked", metavar="FILE", help="Tracks as walked: judge these.")
    ] = None,
    simulate: Annotated[int, typer.Option("--simulate", help="Target areas to simulate as a check.")] = 20000,
    seed: SEED = 1,
    catalogue: CATALOGUE = None,
    out: OUT = None,
    as_json: JSON = False,
) -> None:
    """Say how likely transects cross a target area and show it, or how far apart they may lie."""
    from remnant.decide import Signal, TargetArea, Transects, answer_transects
    from remnant.io.design_areas import read_site, read_tracks
    from remnant.report.design import transect_json, transect_words

    long, short = pair("--target", target)
    if (spacing is None) == (goal is None):
        raise InvalidInput(
            "either --spacing or --goal is wanted; " + ("neither" if goal is None else "both") + " came."
        )
    first, second = pair("--spacing", spacing or f"{width:g}")
    if pattern != "rectangular" and first != second:
        raise InvalidInput(
            f"two spacings make a rectangular pattern; got {pattern}. Write --pattern rectangular."
        )
    if density is None and (detection or method):
        raise InvalidInput("a detection chance needs a density to detect; none came. Write --density-per-ha.")
    if walked is not None and site is None:
        raise InvalidInput("tracks are judged on a site; none came. Name its outline with --site.")
    ground, projection, words = (None, None, "") if site is None else read_site(site, layer=layer, crs=crs)
    answer = answer_transects(
        Transects(
            pattern=pattern,  # type: ignore[arg-type]  # any other word is refused there
            width_m=width,
            spacing_m=first,
            cross_spacing_m=second if pattern == "rectangular" else None,
        ),
        TargetArea(length_m=max(long, short), width_m=min(long, short), angle_deg=angle),
        signal=None
        if density is None
        else Signal(
            density_per_m2=density / _HA_M2,
            background_per_m2=background / _HA_M2,
            least_finds=least_finds,
            false_alarm=share("--false-alarm", false_alarm),
        ),
        detection=None if density is None else detection_from(detection, method, catalogue),
        goal=None if goal is None else share("--goal", goal),
        prior=None if prior is None else share("--prior", prior),
        site=ground,
        bearing_deg=bearing,
        walked=None if walked is None or projection is None else read_tracks(walked, width, projection),
        num_simulated=simulate,
        seed=seed,
    )

    def files() -> Files:
        from remnant.io.design_layers import transect_layers
        from remnant.report.design_plot import transect_figure

        return transect_layers(answer, ground, projection), transect_figure(answer, ground, words)

    finish(transect_words(answer, words), transect_json(answer, words), as_json, out, files)


@design_app.command()
def sample(
    confidence: Annotated[str, typer.Option("--confidence", metavar="P", help="0.95 or 95%.")] = "0.95",
    clean: Annotated[
        str, typer.Option("--clean", metavar="P", help="Share of units that shall hold nothing: 0.99 or 99%.")
    ] = "0.99",
    units: Annotated[int | None, typer.Option("--units", help="Units in the lot.")] = None,
    detection: DETECTION = "",
    method: METHOD = "",
    site: Annotated[
        Path | None, typer.Option("--site", metavar="FILE", help="Outline of the lot; draws the units, too.")
    ] = None,
    unit_m: Annotated[
        float | None, typer.Option("--unit-m", help="Side of a unit on the site, metres.")
    ] = None,
    layer: LAYER = None,
    crs: CRS = "",
    seed: SEED = 1,
    catalogue: CATALOGUE = None,
    out: OUT = None,
    as_json: JSON = False,
) -> None:
    """Say how many units of a lot to inspect, none of which may hold a find."""
    from remnant.decide import answer_sample
    from remnant.io.design_areas import read_site
    from remnant.report.design import sample_json, sample_words

    found = detection_from(detection, method, catalogue)
    ground, projection, words = (None, None, "") if site is None else read_site(site, layer=layer, crs=crs)
    answer = answer_sample(
        units,
        confidence=share("--confidence", confidence),
        clean_share=share("--clean", clean),
        detection=found,
        site=ground,
        unit_m=unit_m,
        seed=seed,
    )

    def files() -> Files:
        from remnant.io.design_layers import sample_layers
        from remnant.report.design_plot import sample_figure

        return sample_layers(answer, ground, projection), sample_figure(answer, ground, words)

    finish(sample_words(answer, words), sample_json(answer, words), as_json, out, files)


@design_app.command("zero")
def zero(
    searched_m2: Annotated[
        float, typer.Option("--searched-m2", help="Ground searched without a find, in m².")
    ],
    confidence: Annotated[str, typer.Option("--confidence", metavar="P", help="0.95 or 95%.")] = "0.95",
    detection: DETECTION = "",
    method: METHOD = "",
    catalogue: CATALOGUE = None,
    as_json: JSON = False,
) -> None:
    """Say which density a search without a find still allows."""
    from remnant.decide import answer_bound
    from remnant.report.design import bound_json, bound_words

    answer = answer_bound(
        searched_m2,
        confidence=share("--confidence", confidence),
        detection=detection_from(detection, method, catalogue),
    )
    finish(bound_words(answer), bound_json(answer), as_json, None, None)


@design_app.command()
def inspect(
    inspected: Annotated[
        str | None, typer.Option("--share", metavar="P", help="Share of the ground inspected: 0.1 or 10%.")
    ] = None,
    units: Annotated[int | None, typer.Option("--units", help="Units in the lot.")] = None,
    sampled: Annotated[int | None, typer.Option("--sample", help="Units inspected.")] = None,
    detection: DETECTION = "",
    method: METHOD = "",
    most_finds: Annotated[int, typer.Option("--most-finds", help="Finds with which it still passes.")] = 0,
    risk: Annotated[
        str, typer.Option("--risk", metavar="P", help="Chance of a pass that is tolerated.")
    ] = "0.1",
    left: Annotated[
        list[int] | None, typer.Option("--left", help="Items left, to look at; may be repeated.")
    ] = None,
    before: Annotated[
        float | None, typer.Option("--items-before", help="Items expected before clearance.")
    ] = None,
    cleared: Annotated[
        str | None, typer.Option("--cleared", metavar="P", help="Share of items that clearance removes.")
    ] = None,
    p_bad: Annotated[
        str | None, typer.Option("--p-bad", metavar="P", help="Chance that the process did not work.")
    ] = None,
    cleared_bad: Annotated[
        str | None, typer.Option("--cleared-bad", metavar="P", help="Share removed when it did not.")
    ] = None,
    catalogue: CATALOGUE = None,
    out: OUT = None,
    as_json: JSON = False,
) -> None:
    """Draw what an inspection after clearance can tell, and what it cannot."""
    from remnant.decide import answer_inspection
    from remnant.report.design import inspection_json, inspection_words

    answer = answer_inspection(
        detection_from(detection, method, catalogue),
        share=None if inspected is None else share("--share", inspected),
        num_units=units,
        num_sampled=sampled,
        most_finds=most_finds,
        risk=share("--risk", risk),
        num_left=left or (1, 2, 3, 5, 10, 20, 30, 50),
        items_before=before,
        cleared_share=None if cleared is None else share("--cleared", cleared),
        p_bad=None if p_bad is None else share("--p-bad", p_bad),
        cleared_share_bad=None if cleared_bad is None else share("--cleared-bad", cleared_bad),
    )

    def files() -> Files:
        from remnant.report.design_plot import inspection_figure

        return (), inspection_figure(answer)

    finish(inspection_words(answer), inspection_json(answer), as_json, out, files)


@design_app.command()
def effort(
    areas: Annotated[
        Path, typer.Argument(metavar="AREAS", help="Result folder of `remnant assess`, or a table of areas.")
    ],
    hours: Annotated[float, typer.Option("--hours", help="Hours of search to spend.")],
    m2_per_hour: Annotated[float, typer.Option("--m2-per-hour", help="Ground that one hour works.")],
    law: Annotated[
        str, typer.Option("--law", help="random (some ground twice, some never) or lanes (each once).")
    ] = "random",
    detection: DETECTION = "",
    method: METHOD = "",
    state: STATE = "explosive",
    date: DATE = "",
    layer: LAYER = None,
    crs: CRS = "",
    catalogue: CATALOGUE = None,
    out: OUT = None,
    as_json: JSON = False,
) -> None:
    """Split hours of search over areas so that most items are found."""
    from remnant.decide import answer_effort
    from remnant.io.design_areas import read_survey_areas
    from remnant.report.design_areas import effort_json, effort_words

    found = detection_from(detection, method, catalogue)
    read = read_survey_areas(areas, layer=layer, crs=crs, state=state, date=date)
    answer = answer_effort(
        read.id,
        read.area_m2,
        read.mean,
        total_h=hours,
        m2_per_h=m2_per_hour,
        detection=found,
        law=law,  # type: ignore[arg-type]  # any other word is refused there
        source=read.source,
        notes=read.notes,
    )

    def files() -> Files:
        from remnant.io.design_layers import effort_layers
        from remnant.report.design_plot import effort_figure

        return effort_layers(answer, read.geometry, read.crs), effort_figure(answer)

    finish(effort_words(answer), effort_json(answer), as_json, out, files)


@design_app.command("next-hour")
def next_hour(
    areas: Annotated[
        Path,
        typer.Argument(metavar="AREAS", help="Case, result folder of `remnant assess`, or a table of areas."),
    ],
    m2_per_hour: Annotated[
        float, typer.Option("--m2-per-hour", help="Ground that one hour of survey works.")
    ],
    hours: Annotated[float, typer.Option("--hours", help="Length of the next survey.")] = 1.0,
    limit: Annotated[
        str | None,
        typer.Option("--limit", metavar="P", help="Chance of any item that is allowed: 0.05 or 5%."),
    ] = None,
    loss_per_item: Annotated[
        float | None, typer.Option("--loss-per-item", help="Loss that you put on an item left in the ground.")
    ] = None,
    clear_cost: Annotated[
        float | None, typer.Option("--clear-cost-per-m2", help="Cost of clearing, in the same unit.")
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="Of losses and costs.")] = "USD",
    detection: DETECTION = "",
    method: METHOD = "",
    state: STATE = "explosive",
    date: DATE = "",
    layer: LAYER = None,
    crs: CRS = "",
    seed: Annotated[int | None, typer.Option("--seed", help="Of a case, instead of its own.")] = None,
    catalogue: CATALOGUE = None,
    out: OUT = None,
    as_json: JSON = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Say what the next hours of survey are worth in each area."""
    from remnant.decide import answer_value
    from remnant.report.design_areas import value_json, value_words

    if is_case(areas):
        read = from_case(areas, method, detection, state, date, seed, quiet=quiet)
    else:
        read = from_areas(areas, detection_from(detection, method, catalogue), layer, crs, state, date)
    answer = answer_value(
        read.id,
        read.area_m2,
        read.laws,
        hours=hours,
        m2_per_h=m2_per_hour,
        limit=None if limit is None else share("--limit", limit),
        loss_per_item=loss_per_item,
        clear_cost_per_m2=clear_cost,
        unit=unit,
        detection_words=read.detection_words,
        source=read.source,
        notes=read.notes,
    )

    def files() -> Files:
        from remnant.io.design_layers import value_layers
        from remnant.report.design_plot import value_figure

        return value_layers(answer, read.geometry, read.crs), value_figure(answer)

    finish(value_words(answer), value_json(answer), as_json, out, files)
