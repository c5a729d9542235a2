"""Tables for treaties and programmes: what remains, what was released, whether it balances, and what does not."""

from remnant.decide.tables.answer import SCOPES as SCOPES
from remnant.decide.tables.answer import ProgrammeTables as ProgrammeTables
from remnant.decide.tables.answer import answer_tables as answer_tables
from remnant.decide.tables.balance import COLUMNS as COLUMNS
from remnant.decide.tables.balance import SIGNS as SIGNS
from remnant.decide.tables.balance import TOLERANCE_M2 as TOLERANCE_M2
from remnant.decide.tables.balance import Account as Account
from remnant.decide.tables.balance import account as account
from remnant.decide.tables.balance import added as added
from remnant.decide.tables.estimates import Estimate as Estimate
from remnant.decide.tables.estimates import Estimates as Estimates
from remnant.decide.tables.items import ItemsDestroyed as ItemsDestroyed
from remnant.decide.tables.law import status_sheet as status_sheet
from remnant.decide.tables.law import treaty_sheet as treaty_sheet
from remnant.decide.tables.laying import LayingEntry as LayingEntry
from remnant.decide.tables.lives import AreaLife as AreaLife
from remnant.decide.tables.lives import Release as Release
from remnant.decide.tables.mismatch import Mismatch as Mismatch
from remnant.decide.tables.period import Period as Period
from remnant.decide.tables.previous import ClosingArea as ClosingArea
from remnant.decide.tables.previous import PreviousReport as PreviousReport
from remnant.decide.tables.sheet import Column as Column
from remnant.decide.tables.sheet import Sheet as Sheet
from remnant.decide.tables.sheets import sheets_of as sheets_of
