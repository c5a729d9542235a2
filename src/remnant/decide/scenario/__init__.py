"""Scenarios: what variants of a case ask of those who search, and how far apart they are, draw by draw."""

from remnant.decide.scenario.compare import Spread as Spread
from remnant.decide.scenario.compare import p_below as p_below
from remnant.decide.scenario.compare import spread as spread
from remnant.decide.scenario.compare import to_date as to_date
from remnant.decide.scenario.effort import Effort as Effort
from remnant.decide.scenario.effort import Work as Work
from remnant.decide.scenario.effort import with_budget as with_budget
from remnant.decide.scenario.effort import work_for as work_for
from remnant.decide.scenario.records import MEASURES as MEASURES
from remnant.decide.scenario.records import Belief as Belief
from remnant.decide.scenario.records import Run as Run
from remnant.decide.scenario.records import Scenario as Scenario
from remnant.decide.scenario.records import ScenarioAnswer as ScenarioAnswer
from remnant.decide.scenario.records import Variant as Variant
from remnant.decide.scenario.records import difference_of as difference_of
from remnant.decide.scenario.survey import p_nothing_found as p_nothing_found
from remnant.decide.scenario.survey import search_left as search_left
