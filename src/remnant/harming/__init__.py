"""From a weighed case and its people to harm: civilians by activity, de-miners by method, and what matters most."""

from remnant.harming.answer import HARM_UNIT as HARM_UNIT
from remnant.harming.answer import HarmAnswer as HarmAnswer
from remnant.harming.answer import harm_of as harm_of
from remnant.harming.blocks import MEASURES as MEASURES
from remnant.harming.tables import BAND_COLUMNS as BAND_COLUMNS
