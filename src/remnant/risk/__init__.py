"""What is left can do to people: civilians by activity, de-miners by task; and which factor matters most."""

from remnant.risk.activities import ActivityDraws as ActivityDraws
from remnant.risk.activities import DeminingDraws as DeminingDraws
from remnant.risk.activities import draw_activities as draw_activities
from remnant.risk.activities import draw_demining as draw_demining
from remnant.risk.civilians import BANDS as BANDS
from remnant.risk.civilians import CivilianHarm as CivilianHarm
from remnant.risk.civilians import civilian_harm as civilian_harm
from remnant.risk.civilians import individual_risk as individual_risk
from remnant.risk.civilians import share_in_bands as share_in_bands
from remnant.risk.civilians import share_of_year_left as share_of_year_left
from remnant.risk.deminers import CAUSES as CAUSES
from remnant.risk.deminers import HOURS_PER_YEAR as HOURS_PER_YEAR
from remnant.risk.deminers import DeminerRisk as DeminerRisk
from remnant.risk.deminers import deminer_risk as deminer_risk
from remnant.risk.people import REACHES as REACHES
from remnant.risk.people import People as People
from remnant.risk.people import scales_of as scales_of
from remnant.risk.people import share_of_hours as share_of_hours
from remnant.risk.people import users_between as users_between
from remnant.risk.people import users_by_scale as users_by_scale
from remnant.risk.people import users_of_areas as users_of_areas
from remnant.risk.shares import variance_shares as variance_shares
