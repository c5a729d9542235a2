"""Frozen records of a case, and their reduction to what was found (Y) and how hard it was looked for (E)."""

from remnant.evidence.records import Case as Case
from remnant.evidence.records import Deposits as Deposits
from remnant.evidence.records import Districts as Districts
from remnant.evidence.records import Events as Events
from remnant.evidence.records import Finding as Finding
from remnant.evidence.records import GridSpec as GridSpec
from remnant.evidence.records import HazardAreas as HazardAreas
from remnant.evidence.records import Policy as Policy
from remnant.evidence.records import Provenance as Provenance
from remnant.evidence.records import Searches as Searches
from remnant.evidence.reduce import reduce_case as reduce_case
from remnant.evidence.reduction import Ground as Ground
from remnant.evidence.reduction import History as History
from remnant.evidence.reduction import OrdnanceClass as OrdnanceClass
from remnant.evidence.reduction import Reduction as Reduction
from remnant.evidence.reduction import SearchStep as SearchStep
from remnant.evidence.streams import deposit_class as deposit_class
from remnant.evidence.types import background_classes as background_classes
