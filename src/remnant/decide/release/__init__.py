"""The release verdict: how sure each limit of a policy is kept, both errors, and what would change the answer."""

from remnant.decide.release.change import after_clean_search as after_clean_search
from remnant.decide.release.change import share_to_search as share_to_search
from remnant.decide.release.checks import Check as Check
from remnant.decide.release.checks import Worked as Worked
from remnant.decide.release.checks import checks_of as checks_of
from remnant.decide.release.checks import missing_evidence as missing_evidence
from remnant.decide.release.prices import TwoErrors as TwoErrors
from remnant.decide.release.prices import in_all as in_all
from remnant.decide.release.prices import two_errors as two_errors
from remnant.decide.release.search import search_share_needed as search_share_needed
from remnant.decide.release.verdict import OWNED_BY_OTHERS as OWNED_BY_OTHERS
from remnant.decide.release.verdict import SURE as SURE
from remnant.decide.release.verdict import VERDICTS as VERDICTS
from remnant.decide.release.verdict import Verdicts as Verdicts
from remnant.decide.release.verdict import bare_verdicts as bare_verdicts
from remnant.decide.release.verdict import stands as stands
from remnant.decide.release.verdict import verdicts_of as verdicts_of
