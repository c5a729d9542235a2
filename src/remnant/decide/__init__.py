"""Decisions that people take with the numbers: release verdicts."""

from remnant.decide.release import AreaEvidence as AreaEvidence
from remnant.decide.release import Verdict as Verdict
from remnant.decide.release import release_verdict as release_verdict
from remnant.decide.release import search_share_needed as search_share_needed
