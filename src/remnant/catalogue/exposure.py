"""How people meet what is in the ground: ranges for civilian activities and for de-mining work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remnant.catalogue.records import Range

ACTIVITY_UNITS: Mapping[str, str] = {
    "swept": "m2/h",
    "hours": "h/y",
    "share_of_people": "1",
    "share_entering": "1",
    "reach": "km",
    "p_armed": "1",
    "p_expired": "1",
    "p_dud": "1",
    "casualties": "persons",
}
"""The one unit in which each number of an activity is written."""
DEMINING_UNITS: Mapping[str, str] = {
    "pace": "m2/h",
    "p_armed": "1",
    "p_expired": "1",
    "p_dud": "1",
    "per_hour": "1/h",
    "per_m2": "1/m2",
    "casualties": "persons",
}
"""The one unit in which each number of a way of de-mining is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something civilians do on the land; every number is a `Range`.

    Parameters
    ----------
    swept
        Ground on which a person at it would meet an item, per hour: width times speed. [m²/h]
    hours
        Hours a year of a person who does it. [h/y]
    share_of_people
        Share of all people who do it. [1]
    share_entering
        Share of these hours that goes on in a hazard area as on other ground, in spite of what people know. [1]
    reach
        Scale of the distance from home at which it is done; see `remnant.risk.share_of_hours`. [km]
    p_armed, p_expired, p_dud
        Chance that an item in that state functions when it is met. [1]
    casualties
        Killed and injured per accident. [persons]
    """

    name: str
    title: str
    swept: Range
    hours: Range
    share_of_people: Range
    share_entering: Range
    reach: Range
    p_armed: Range
    p_expired: Range
    p_dud: Range
    casualties: Range
    description: str = ""
    user_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeminingRisk:
    """What de-mining by one method asks of its people; every number is a `Range`.

    Parameters
    ----------
    pace
        Ground worked per person-hour. [m²/h]
    p_armed, p_expired, p_dud
        Chance of an accident per item handled in that state. [1]
    per_hour, per_m2
        Accidents that come with hours on the ground, and with ground worked, whatever is handled. [1/h, 1/m²]
    casualties
        Killed and injured per accident. [persons]
    """

    name: str
    title: str
    pace: Range
    p_armed: Range
    p_expired: Range
    p_dud: Range
    per_hour: Range
    per_m2: Range
    casualties: Range
    description: str = ""
    user_file: str = ""
