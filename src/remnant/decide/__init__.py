"""Decisions that people take with the numbers, and the tables that they answer for: release verdicts, treaty tables."""

from remnant.decide.release import AreaEvidence as AreaEvidence
from remnant.decide.release import Verdict as Verdict
from remnant.decide.release import release_verdict as release_verdict
from remnant.decide.release import search_share_needed as search_share_needed
from remnant.decide.tables import Account as Account
from remnant.decide.tables import AreaLife as AreaLife
from remnant.decide.tables import Mismatch as Mismatch
from remnant.decide.tables import Period as Period
from remnant.decide.tables import ProgrammeTables as ProgrammeTables
from remnant.decide.tables import Release as Release
from remnant.decide.tables import Sheet as Sheet
from remnant.decide.tables import account as account
from remnant.decide.tables import answer_tables as answer_tables
from remnant.decide.tables import sheets_of as sheets_of
