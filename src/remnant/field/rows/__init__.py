"""Rows and belts inferred from the finds of one area, to find what is left."""

from remnant.field.rows.answer import RowAnswer as RowAnswer
from remnant.field.rows.answer import answer_rows as answer_rows
from remnant.field.rows.ground import PointFinds as PointFinds
from remnant.field.rows.ground import SearchedGround as SearchedGround
from remnant.field.rows.infer import RowPosterior as RowPosterior
from remnant.field.rows.infer import infer_rows as infer_rows
from remnant.field.rows.missing import MissingItems as MissingItems
from remnant.field.rows.missing import missing_items as missing_items
from remnant.field.rows.of_case import AreaEvidence as AreaEvidence
from remnant.field.rows.of_case import area_evidence as area_evidence
from remnant.field.rows.settings import PatternPriors as PatternPriors
from remnant.field.rows.summary import Estimate as Estimate
from remnant.field.rows.summary import PatternSummary as PatternSummary
from remnant.field.rows.summary import p_in_row as p_in_row
from remnant.field.rows.summary import row_lines as row_lines
from remnant.field.rows.summary import summarise_rows as summarise_rows
