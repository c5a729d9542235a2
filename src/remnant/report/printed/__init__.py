"""Reports to print: A4 as PDF, in every language that has a file."""

from remnant.report.printed.language import Language as Language
from remnant.report.printed.language import languages as languages
from remnant.report.printed.language import read_language as read_language
from remnant.report.printed.pdf import render_pdf as render_pdf
