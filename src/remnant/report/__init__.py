"""Pages, plots and plain words for people."""

from remnant.report.case_page import answer_lines as answer_lines
from remnant.report.case_page import render_report as render_report
from remnant.report.printed import languages as languages
from remnant.report.printed import read_language as read_language
from remnant.report.printed import render_pdf as render_pdf
from remnant.report.tables_page import render_tables as render_tables
