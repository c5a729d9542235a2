"""Rows and belts inferred from the finds of one area, to find what is left."""

from remnant.field.rows.ground import PointFinds as PointFinds
from remnant.field.rows.ground import SearchedGround as SearchedGround
from remnant.field.rows.infer import RowPosterior as RowPosterior
from remnant.field.rows.infer import infer_rows as infer_rows
from remnant.field.rows.missing import MissingItems as MissingItems
from remnant.field.rows.missing import missing_items as missing_items
from remnant.field.rows.settings import PatternPriors as PatternPriors
