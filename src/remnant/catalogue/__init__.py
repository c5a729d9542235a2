"""Sourced numbers: ordnance types, detection methods, treaty limits, claims, published evidence, model priors."""

from remnant.catalogue import describe as describe
from remnant.catalogue.exposure import Activity as Activity
from remnant.catalogue.exposure import DeminingRisk as DeminingRisk
from remnant.catalogue.loader import load_catalogue as load_catalogue
from remnant.catalogue.parties import Instrument as Instrument
from remnant.catalogue.parties import Parties as Parties
from remnant.catalogue.parties import PartyStatus as PartyStatus
from remnant.catalogue.parties import load_parties as load_parties
from remnant.catalogue.records import Basis as Basis
from remnant.catalogue.records import Catalogue as Catalogue
from remnant.catalogue.records import Category as Category
from remnant.catalogue.records import Claim as Claim
from remnant.catalogue.records import Delivery as Delivery
from remnant.catalogue.records import DetectionMethod as DetectionMethod
from remnant.catalogue.records import FateModel as FateModel
from remnant.catalogue.records import FieldEvidence as FieldEvidence
from remnant.catalogue.records import HeldShare as HeldShare
from remnant.catalogue.records import Mechanism as Mechanism
from remnant.catalogue.records import MethodKind as MethodKind
from remnant.catalogue.records import ModelPrior as ModelPrior
from remnant.catalogue.records import OrdnanceType as OrdnanceType
from remnant.catalogue.records import Range as Range
from remnant.catalogue.records import TreatyLimit as TreatyLimit
from remnant.catalogue.records import spelling_key as spelling_key
